"""The average head's skin, and the region that defacing removes, in template space."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from headrisk.heads.boxes import linear
from headrisk.io.archive import Arrays, read_archive
from headrisk.types import Float32Array, FloatArray

_PACKAGE = "headrisk.heads"
_ZERO = np.float32(128)
_SLAB = 8  # planes that are resampled at once: they stay in the processor's cache


@dataclass(frozen=True)
class AverageFace:
    """Two maps around the face, in template mm; beyond them the values at their border hold.

    Attributes
    ----------
    skin
        (x, y, z) signed distance in mm from the skin of the average head, eyes closed, negative
        inside; true within about 25 mm of it, clipped beyond.
    cut
        (x, y, z) signed distance in mm from the border of the region to be removed: face and ears,
        8 mm away from the template brain's hull. Positive in the region; clipped at 12.7 mm.
    affine
        4 x 4, index to template RAS+ mm.
    """

    skin: Float32Array = field(repr=False)
    cut: Float32Array = field(repr=False)
    affine: FloatArray = field(repr=False)


@cache
def load_average_face() -> AverageFace:
    """Read the shipped maps. They are read-only, and later calls return the same ones.

    Raises
    ------
    StoreError
        The file is missing, or its SHA-256 is not the recorded one.
    """
    return read_average_face(resources.files(_PACKAGE) / "data")


def read_average_face(folder: Traversable) -> AverageFace:
    """Read ``average_face.npz`` of a folder after comparing it with its ``.sha256`` file.

    Raises
    ------
    StoreError
        A file is missing, or the SHA-256 of the archive is not the recorded one.
    """
    return read_archive(folder, "average_face.npz", _PACKAGE, "face", _build)


def _build(stored: Arrays) -> AverageFace:
    steps = stored["steps_mm"].astype(np.float32)
    skin = (stored["skin"].astype(np.float32) - _ZERO) * steps[0]
    cut = (stored["cut"].astype(np.float32) - _ZERO) * steps[1]
    affine = stored["affine"].astype(np.float64)
    for array in (skin, cut, affine):
        array.flags.writeable = False
    return AverageFace(skin, cut, affine)


def on_grid(image: Float32Array, to_image: FloatArray, shape: tuple[int, ...]) -> Float32Array:
    """Trilinear values of a map on another grid; the map's border outside.

    Parameters
    ----------
    to_image
        4 x 4, index of the grid to index of the map.
    shape
        Of the grid.
    """
    out = np.empty(shape, np.float32)
    y, z = np.ogrid[: shape[1], : shape[2]]
    for first in range(0, shape[0], _SLAB):
        x = np.arange(first, min(first + _SLAB, shape[0]))[:, None, None]
        places = [row[0] * x + row[1] * y + (row[2] * z + row[3]) for row in to_image[:3]]
        out[first : first + _SLAB] = linear(image, places)
    return out
