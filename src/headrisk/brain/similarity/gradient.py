"""Gradient-magnitude similarity deviation (Xue, Zhang, Mou and Bovik 2014), in three dimensions.

Gradients come from Prewitt filters (central difference along one axis, mean of three along the
other two, divided by 3 as in the paper: 1/9 in all). Voxels outside the mask are 0, so the outline
of the brain counts. The stabilising constant is the paper's 170 for a range of 255, carried over
to the fingerprint's range of 8: 170 / 255^2 * 8^2 = 0.1673. The paper's halving of the resolution
is left out: fingerprints are coarse already. The deviation is taken over the voxels of the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.difference import DATA_RANGE, PAIR_VOXELS
from headrisk.brain.similarity.registry import measure
from headrisk.brain.similarity.windows import box_volumes, mask_box
from headrisk.types import Float32Array, FloatArray, Grid

CONSTANT = 170 / 255**2 * DATA_RANGE**2


@dataclass(frozen=True)
class Gradients:
    """Gradient magnitude at each voxel of the mask, and its square plus half the constant."""

    magnitude: Float32Array
    square: Float32Array


def gradients(vectors: Float32Array, grid: Grid) -> Gradients:
    """Prewitt gradient magnitudes of each fingerprint."""
    mask = mask_box(grid)
    inside = np.flatnonzero(mask)
    square = np.empty_like(vectors)
    for row, vector in enumerate(vectors):
        volume = np.pad(box_volumes(vector[None], mask)[0], 1)
        square[row] = _squared_gradient(volume).ravel()[inside]
    return Gradients(np.sqrt(square), square + np.float32(CONSTANT / 2))


@measure("gmsd", prepare=gradients, bytes_per_voxel=8)
def gmsd(a: Gradients, b: Gradients) -> FloatArray:
    """Minus the standard deviation of the gradient-magnitude similarity of every pair."""
    voxels = a.magnitude.shape[1]
    step = max(1, PAIR_VOXELS // voxels)
    ones = np.ones(voxels, np.float32)
    similarity = np.empty((step, voxels), np.float32)
    total = np.empty((step, voxels), np.float32)
    out = np.empty((len(a.magnitude), len(b.magnitude)))
    for start in range(0, len(b.magnitude), step):
        columns = slice(start, start + step)
        magnitude, square = b.magnitude[columns], b.square[columns]
        s, t = similarity[: len(square)], total[: len(square)]
        for row in range(len(out)):
            np.multiply(magnitude, 2 * a.magnitude[row], out=s)
            s += np.float32(CONSTANT)
            np.add(square, a.square[row], out=t)
            s /= t
            s -= (s @ ones / voxels)[:, None]
            out[row, columns] = np.vecdot(s, s)
    deviation: FloatArray = np.sqrt(out / voxels)
    return -deviation


def _squared_gradient(volume: Float32Array) -> Float32Array:
    """Squared Prewitt gradient of a volume that carries one voxel of padding on every side."""
    mean_z = _sum3(volume, 2)
    along_x = _difference(_sum3(mean_z, 1), 0)
    along_y = _sum3(_difference(mean_z, 1), 0)
    along_z = _sum3(_sum3(_difference(volume, 2), 1), 0)
    square: Float32Array = (along_x**2 + along_y**2 + along_z**2) / np.float32(81)
    return square


def _sum3(volume: Float32Array, axis: int) -> Float32Array:
    low, middle, high = _neighbours(volume, axis)
    return low + middle + high


def _difference(volume: Float32Array, axis: int) -> Float32Array:
    low, _, high = _neighbours(volume, axis)
    return high - low


def _neighbours(volume: Float32Array, axis: int) -> tuple[Float32Array, Float32Array, Float32Array]:
    moved = np.moveaxis(volume, axis, 0)
    parts = (moved[:-2], moved[1:-1], moved[2:])
    low, middle, high = (np.moveaxis(part, 0, axis) for part in parts)
    return low, middle, high
