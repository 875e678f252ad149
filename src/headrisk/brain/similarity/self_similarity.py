"""Self-similarity: how alike a voxel is to its neighbours, which no change of contrast alters.

Each voxel is described by its dissimilarity to the six voxels around it, relative to the mean
dissimilarity there (the modality independent neighbourhood descriptor of Heinrich et al., Medical
Image Analysis 16:1423, 2012). A border between tissues shows in it whether it is bright on dark or
dark on bright, so a T1w scan of a person resembles their T2w and FLAIR scans. The descriptors are
compared as in residual correlation: with what all brains share removed. In single precision scores
agree with double precision to 2e-5 (42 heads at 4 mm).
"""

from __future__ import annotations

import numpy as np

from headrisk.brain.similarity.products import without
from headrisk.brain.similarity.registry import Reference, gallery_measure
from headrisk.brain.similarity.residual import block_size, residual_scores
from headrisk.brain.similarity.windows import box_volumes, mask_box
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid, IntArray

NEIGHBOURS = 6
BLUR_VOXELS = 0.6  # Gaussian patch over which differences are averaged
LEAST_VARIANCE = 0.05  # of the brain's mean dissimilarity, added to the local one
WEIGHTS = np.exp(-0.5 * (np.arange(3, dtype=np.float32) / np.float32(BLUR_VOXELS)) ** 2)
WEIGHTS /= WEIGHTS[0] + 2 * WEIGHTS[1:].sum()
_MARGIN = 4  # voxels around the brain: the Gaussian reaches 2, a difference 1


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
    """Correlate the descriptors of every pair after removing what all brains share.

    Removed are the descriptor of the reference brain and, from 20 gallery people on, the mean
    descriptor of the gallery; see :func:`headrisk.brain.similarity.residual.residual_scores`.
    """
    directions = None if reference is None else reference_direction(reference.fit_for(grid), grid)

    def prepare(vectors: Float32Array) -> Float32Array:
        return without(describe(vectors, grid), directions)

    return residual_scores(
        probes,
        gallery,
        probe_person,
        gallery_person,
        prepare,
        step=block or block_size(NEIGHBOURS * grid.size),
        referenced=reference is not None,
    )


def describe(vectors: Float32Array, grid: Grid) -> Float32Array:
    """Descriptors of fingerprints, (n, 6 x voxels) in 0..1; 0 at the edge of the brain and of
    voxels without signal, where a neighbour's absence says nothing about the person.

    The six parts are the neighbours along +x, -x, +y, -y, +z, -z. A neighbour before a voxel sees
    the same difference as the voxel sees ahead, so three filtered volumes make all six parts.
    """
    mask = np.pad(mask_box(grid), _MARGIN)
    spare = [np.empty(mask.shape, np.float32) for _ in range(2)]
    out = np.empty((len(vectors), NEIGHBOURS, grid.size), np.float32)
    for row, vector in enumerate(vectors):
        image = box_volumes(vector[None], mask)[0]
        inside = _away_from_edges(image)[mask]
        for axis in range(3):
            step = np.diff(image, axis=axis, append=0)
            step *= step
            ahead = _blur(step, spare)
            out[row, 2 * axis] = ahead[mask]
            out[row, 2 * axis + 1] = np.roll(ahead, 1, axis=axis)[mask]
        _normalise(out[row], inside)
    return out.reshape(len(vectors), NEIGHBOURS * grid.size)


def _blur(volume: Float32Array, spare: list[Float32Array]) -> Float32Array:
    """Gaussian of five taps along each axis, of a volume with a margin of zeros.

    The same there as ``scipy.ndimage.gaussian_filter`` in a fraction of its time: with the margin,
    a neighbour is a fixed distance away in the flattened volume. ``spare`` are two volumes to work
    in; the result is one of the three.
    """
    source, result, part = (one.reshape(-1) for one in (volume, *spare))
    for stride in (volume.shape[1] * volume.shape[2], volume.shape[2], 1):
        np.multiply(source, WEIGHTS[0], out=result)
        for steps, weight in enumerate(WEIGHTS[1:], start=1):
            np.multiply(source, weight, out=part)
            result[steps * stride :] += part[: -steps * stride]
            result[: -steps * stride] += part[steps * stride :]
        source, result = result, source
    return source.reshape(volume.shape)


def _away_from_edges(image: Float32Array) -> BoolArray:
    """Voxels that have signal, as have all six neighbours; the volume has a margin of zeros."""
    signal = image != 0
    whole: BoolArray = signal.copy()
    for axis in range(3):
        for step in (1, -1):
            whole &= np.roll(signal, step, axis=axis)
    return whole


def _normalise(distances: Float32Array, inside: BoolArray) -> None:
    """Turn (6, voxels) dissimilarities into descriptors, in place."""
    typical = float(distances[:, inside].mean()) if inside.any() else 0.0
    local = distances.mean(axis=0)
    local += np.float32(LEAST_VARIANCE * typical + 1e-12)
    distances -= distances.min(axis=0)  # the most similar neighbour gets 1
    distances /= -local
    np.exp(distances, out=distances)
    distances[:, ~inside] = 0


def reference_direction(reference: Reference, grid: Grid) -> Float32Array:
    """The reference brain's descriptor, centred and of length 1, as a list of one direction."""
    shared = describe(reference.brain[None], grid).astype(np.float64)
    shared -= shared.mean()
    length = float(np.linalg.norm(shared))
    unit: FloatArray = shared / length if length > 0 else shared
    return unit.astype(np.float32)
