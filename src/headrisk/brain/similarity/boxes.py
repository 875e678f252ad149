"""Fingerprints as small volumes: the mask's bounding box, with zeros outside the mask."""

from __future__ import annotations

import numpy as np

from headrisk.types import BoolArray, Float32Array, Grid


def mask_box(grid: Grid) -> BoolArray:
    """The mask cut to its bounding box."""
    spans = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(grid.mask.any(axis=others))
        spans.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return grid.mask[tuple(spans)]


def box_volumes(vectors: Float32Array, mask: BoolArray) -> Float32Array:
    """(n, voxels) fingerprints to (n, x, y, z) volumes of the box ``mask``."""
    volumes = np.zeros((len(vectors), mask.size), np.float32)
    volumes[:, np.flatnonzero(mask)] = vectors
    return volumes.reshape(len(vectors), *mask.shape)
