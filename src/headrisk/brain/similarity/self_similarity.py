"""Self-similarity: how alike a voxel is to its neighbours, which no change of contrast alters.

Each voxel is described by its dissimilarity to the six voxels around it, relative to the mean
dissimilarity there (the modality independent neighbourhood descriptor of Heinrich et al., Medical
Image Analysis 16:1423, 2012). A border between tissues shows in it whether it is bright on dark or
dark on bright, so a T1w scan of a person resembles their T2w and FLAIR scans. The descriptors are
compared as in residual correlation: with what all brains share removed.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.brain.similarity.registry import Reference, gallery_measure
from headrisk.brain.similarity.residual import residual_scores
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

NEIGHBOURS = tuple((axis, step) for axis in range(3) for step in (1, -1))
BLUR_VOXELS = 0.6  # Gaussian patch over which differences are averaged
LEAST_VARIANCE = 0.05  # of the image's mean dissimilarity, added to the local one


@gallery_measure("self-similarity")
def self_similarity(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    grid: Grid,
    reference: Reference | None = None,
    block: int | None = None,
) -> tuple[FloatArray, str]:
    """Correlate the descriptors of every pair after removing what all brains share."""
    directions = None
    if reference is not None:
        shared = describe(reference.brain, grid).astype(np.float64)
        level = np.full(shared.shape, shared.size**-0.5)
        shared -= shared.mean()
        shared /= max(float(np.linalg.norm(shared)), 1e-12)
        directions = np.array([level, shared], dtype=np.float32)
    described = np.array([describe(vector, grid) for vector in probes], dtype=np.float32)
    other = described
    if probes is not gallery:
        other = np.array([describe(vector, grid) for vector in gallery], dtype=np.float32)
    return residual_scores(described, other, probe_person, gallery_person, directions, block)


def describe(vector: Float32Array, grid: Grid) -> Float32Array:
    """Descriptor of one fingerprint, (6 x voxels,) in 0..1; 0 at and beyond the brain's edge."""
    image = grid.volume(vector)
    inside = ndimage.binary_erosion(image != 0)
    padded = np.pad(image, 1)
    core = (slice(1, -1),) * 3
    distances = []
    for axis, step in NEIGHBOURS:
        neighbour = np.roll(padded, -step, axis=axis)[core]
        distances.append(ndimage.gaussian_filter((image - neighbour) ** 2, BLUR_VOXELS))
    stacked = np.array(distances, dtype=np.float32)
    variance = stacked.mean(axis=0) + np.float32(LEAST_VARIANCE * float(stacked.mean()) + 1e-12)
    descriptor = np.exp(-stacked / variance)
    descriptor /= descriptor.max(axis=0)
    descriptor[:, ~inside] = 0
    return np.ascontiguousarray(descriptor[:, grid.mask].ravel(), dtype=np.float32)
