"""Measures of the voxel-wise difference: mean absolute error, root mean square error, PSNR."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from headrisk.brain.similarity.registry import family
from headrisk.types import Float32Array, FloatArray

DATA_RANGE = 8.0  # fingerprints are clipped to [-4, 4]
PSNR_CAP = 100.0  # dB; what identical images get instead of infinity
PAIR_VOXELS = 1 << 16  # voxels handled in one NumPy call, so that temporaries stay in cache


@family("mae", "rmse", "psnr")
def difference(a: Float32Array, b: Float32Array, names: Set[str]) -> dict[str, FloatArray]:
    """Score every pair by its voxel-wise difference.

    - ``mae``: minus the mean absolute error, in standard deviations of the brain's intensity.
    - ``rmse``: minus the root mean square error, same unit.
    - ``psnr``: 20 log10(8 / RMSE) in dB; the data range is 8; capped at 100 dB.
    """
    absolute, square = _sums(a, b, want_absolute="mae" in names)
    voxels = a.shape[1]
    rmse = np.sqrt(square / voxels)
    floor = DATA_RANGE * 10 ** (-PSNR_CAP / 20)
    scores = {
        "mae": -absolute / voxels,
        "rmse": -rmse,
        "psnr": 20 * np.log10(DATA_RANGE / np.maximum(rmse, floor)),
    }
    return {name: scores[name] for name in scores if name in names}


def _sums(
    a: Float32Array, b: Float32Array, *, want_absolute: bool
) -> tuple[FloatArray, FloatArray]:
    """Sums over voxels of the absolute and the squared difference of every pair."""
    voxels = a.shape[1]
    step = max(1, PAIR_VOXELS // voxels)
    ones = np.ones(voxels, np.float32)
    work = np.empty((step, voxels), np.float32)
    absolute = np.zeros((len(a), len(b)))
    square = np.zeros((len(a), len(b)))
    for start in range(0, len(b), step):
        part = b[start : start + step]
        delta = work[: len(part)]
        columns = slice(start, start + len(part))
        for row, image in enumerate(a):
            np.subtract(part, image, out=delta)
            square[row, columns] = np.vecdot(delta, delta)
            if want_absolute:
                absolute[row, columns] = np.abs(delta, out=delta) @ ones
    return absolute, square
