"""Key points found again, counted for many pairs of images at once.

Lowe's ratio test needs the nearest and the second-nearest descriptor of every key point in every
render: for some hundred thousand pairs of images that is most of a run. Here the descriptors of
all photographs are compared with a render's in one matrix product, first in the few directions in
which descriptors vary most. What fails the test clearly there is dropped; the others are compared
in full. So no match is counted that the full comparison would not count, and about one in a
hundred is missed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrisk.types import BoolArray, Float32Array, FloatArray

DIRECTIONS = 64  # of the first, coarse comparison
SLACK = 0.05  # added to the ratio of distances there
_BLOCK = 4096  # key points of photographs at once, so that the distances stay in the cache
_SAMPLE = 20_000  # descriptors from which the directions are taken


def count_found_again(
    photos: Sequence[Float32Array], renders: Sequence[Float32Array], ratio: float, power: int
) -> FloatArray:
    """Number of key points of each photograph that a render has clearly once, (photos, renders).

    A key point counts where its nearest descriptor in the render is nearer than ``ratio`` times
    the second-nearest.

    Parameters
    ----------
    photos, renders
        Descriptors of each image, (key points, d); whole numbers, so that float32 is exact.
    power
        1 where the distance is Euclidean, 2 where it is its square: that of descriptors of zeros
        and ones is the number of bits that differ (Hamming).
    """
    counts = np.zeros((len(photos), len(renders)))
    if not len(photos) or not len(renders):
        return counts
    left = np.concatenate(photos)
    starts = np.cumsum([0, *(len(one) for one in photos[:-1])])
    basis = _directions(renders)
    coarse = left @ basis
    exact, likely = (value ** (3 - power) for value in (ratio, ratio + SLACK))
    for column, render in enumerate(renders):
        if len(render) < 2:
            continue
        there = render @ basis
        good = np.zeros(len(left), np.bool_)
        for first in range(0, len(left), _BLOCK):
            block = slice(first, first + _BLOCK)
            rows = first + np.flatnonzero(_clear(coarse[block], there, likely))
            good[rows] = _clear(left[rows], render, exact)
        counts[:, column] = np.add.reduceat(good.astype(np.int64), starts)
    return counts


def _directions(renders: Sequence[Float32Array]) -> Float32Array:
    """Orthonormal columns (d, at most 64) along which the renders' descriptors vary most."""
    every = np.concatenate(renders)
    sample = every[:: max(len(every) // _SAMPLE, 1)].astype(np.float64)
    sample -= sample.mean(axis=0)
    _, axes = np.linalg.eigh(sample.T @ sample)
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS], dtype=np.float32)


def _clear(left: Float32Array, right: Float32Array, share: float) -> BoolArray:
    """For each row of ``left``: is the least squared distance below ``share`` times the next?"""
    if not len(left):
        return np.zeros(0, np.bool_)
    away = right @ (np.float32(-2) * left.T)
    away += (right * right).sum(axis=1)[:, None]
    nearest = np.minimum(away[0], away[1])
    second = np.maximum(away[0], away[1])
    behind = np.empty_like(nearest)
    for row in away[2:]:  # quicker than a search along the other axis
        np.maximum(nearest, row, out=behind)
        np.minimum(second, behind, out=second)
        np.minimum(nearest, row, out=nearest)
    own = (left * left).sum(axis=1)
    return np.asarray(nearest + own < share * (second + own).astype(np.float64), dtype=np.bool_)
