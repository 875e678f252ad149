"""Normalised cross-correlation (the Pearson correlation of two fingerprints' voxels)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.registry import measure
from headrisk.types import Float32Array, FloatArray, Grid

CHUNK = 4096  # voxels summed in single precision before the sum moves to double precision
SMALL_MEAN = 0.5  # mean over sd up to which centring after the matrix product loses no digits
FLAT = 1e-5  # sd over root mean square below which an image counts as constant


@dataclass(frozen=True)
class Moments:
    """Fingerprints (n, voxels) with the mean and the centred norm of each."""

    vectors: Float32Array
    mean: FloatArray
    norm: FloatArray


def moments(vectors: Float32Array, grid: Grid | None = None) -> Moments:
    """Mean and centred norm of each fingerprint; 0 is the norm of a constant one.

    A fingerprint's mean is nearly 0 already, so the vectors are used as they are and the mean is
    taken out of the matrix product. Only vectors with a sizeable mean are centred in a copy.
    """
    mean, norm = _mean_and_norm(vectors)
    if np.any(np.abs(mean) * np.sqrt(vectors.shape[1]) > SMALL_MEAN * norm):
        raw = mean
        vectors = (vectors - raw[:, None]).astype(np.float32)
        mean, norm = _mean_and_norm(vectors)
        norm[norm <= FLAT * np.abs(raw) * np.sqrt(vectors.shape[1])] = 0
    return Moments(vectors, mean, norm)


@measure("ncc", prepare=moments)
def ncc(a: Moments, b: Moments) -> FloatArray:
    """Pearson correlation of every pair, in [-1, 1]; 0 where either image is constant."""
    product = (a.vectors @ b.vectors.T).astype(np.float64)
    product -= np.outer(a.mean * a.vectors.shape[1], b.mean)
    return quotient(product, a.norm, b.norm)


def quotient(product: FloatArray, norm_a: FloatArray, norm_b: FloatArray) -> FloatArray:
    """Centred products over the norms, clipped to [-1, 1]; 0 where a norm is 0."""
    inverse_a = np.divide(1, norm_a, out=np.zeros_like(norm_a), where=norm_a > 0)
    inverse_b = np.divide(1, norm_b, out=np.zeros_like(norm_b), where=norm_b > 0)
    product *= inverse_a[:, None]
    product *= inverse_b
    return np.clip(product, -1, 1, out=product)


def _mean_and_norm(vectors: Float32Array) -> tuple[FloatArray, FloatArray]:
    count, voxels = vectors.shape
    total = np.zeros(count)
    square = np.zeros(count)
    for start in range(0, voxels, CHUNK):
        part = vectors[:, start : start + CHUNK]
        total += part @ np.ones(part.shape[1], np.float32)
        square += np.vecdot(part, part)
    mean = total / voxels
    centred = square - voxels * mean**2
    norm = np.sqrt(np.where(centred > (FLAT**2) * square, centred, 0))
    return mean, norm
