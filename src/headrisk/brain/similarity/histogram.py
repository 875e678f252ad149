"""Measures of the joint histogram: mutual information, its normalised form, correlation ratio.

Intensities fall into 32 bins of equal width on the fixed range [-4, 4], so that a histogram does
not depend on which pair it is made for. Counts are whole numbers and therefore exact.

- Mutual information in nats (Wells et al. 1996; Maes et al. 1997).
- Normalised mutual information (H(a) + H(b)) / H(a, b), in [1, 2] (Studholme et al. 1999).
- Correlation ratio (Roche et al. 1998): the share of the variance of one image that the other's
  bin explains, of bin centres, in [0, 1]. It depends on the direction; the score is the mean of
  both directions.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.registry import family
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

BINS = 32
LOW, HIGH = -4.0, 4.0
CENTRES = LOW + (np.arange(BINS) + 0.5) * (HIGH - LOW) / BINS


@dataclass(frozen=True)
class Binned:
    """Bin numbers (n, voxels) with each image's histogram, mean and sum of squares."""

    codes: IntArray
    counts: FloatArray  # (n, BINS)
    entropy: FloatArray  # (n,) nats
    mean: FloatArray  # (n,) of bin centres
    spread: FloatArray  # (n,) sum of squared deviations of bin centres


def binned(vectors: Float32Array, grid: Grid) -> Binned:
    """Sort each fingerprint's voxels into bins; values outside the range join the end bins."""
    codes = np.floor((vectors - LOW) * (BINS / (HIGH - LOW))).astype(np.int64)
    np.clip(codes, 0, BINS - 1, out=codes)
    counts = np.array([np.bincount(row, minlength=BINS) for row in codes], dtype=np.float64)
    counts = counts.reshape(-1, BINS)
    voxels = vectors.shape[1]
    mean = counts @ CENTRES / voxels
    spread = np.sum(counts * (CENTRES - mean[:, None]) ** 2, axis=1)
    return Binned(codes, counts, _entropy(counts, voxels), mean, spread)


@family(
    "mutual-information",
    "normalised-mutual-information",
    "correlation-ratio",
    prepare=binned,
    bytes_per_voxel=8,
)
def histogram(a: Binned, b: Binned, names: Set[str]) -> dict[str, FloatArray]:
    """Score every pair by its joint histogram of 32 x 32 bins; see the module for the measures."""
    shape = (len(a.codes), len(b.codes))
    joint_entropy = np.empty(shape)
    ratio = np.empty(shape)
    for row in range(shape[0]):
        joint = _joint_histograms(a.codes[row], b.codes)
        joint_entropy[row] = _entropy(joint.reshape(-1, BINS * BINS), a.codes.shape[1])
        if "correlation-ratio" in names:
            ratio[row] = _correlation_ratio(joint, a, row, b)
    both = a.entropy[:, None] + b.entropy
    scores = {
        "mutual-information": both - joint_entropy,
        # Two constant images share no information: 0 / 0 is taken as 1.
        "normalised-mutual-information": np.divide(
            both, joint_entropy, out=np.ones(shape), where=joint_entropy > 0
        ),
        "correlation-ratio": ratio,
    }
    return {name: scores[name] for name in scores if name in names}


def _joint_histograms(first: IntArray, others: IntArray) -> IntArray:
    """(others, BINS, BINS) counts, the first image's bin first."""
    base = first * BINS
    cell = np.empty_like(base)
    joint = np.empty((len(others), BINS * BINS), np.int64)
    for index, codes in enumerate(others):
        np.add(base, codes, out=cell)
        joint[index] = np.bincount(cell, minlength=BINS * BINS)
    return joint.reshape(-1, BINS, BINS)


def _entropy(counts: FloatArray | IntArray, voxels: int) -> FloatArray:
    """Entropy in nats of each row of counts; rows sum to ``voxels``."""
    logs = np.log(np.maximum(counts, 1))
    entropy: FloatArray = np.log(voxels) - np.vecdot(counts, logs) / voxels
    return np.maximum(entropy, 0)


def _correlation_ratio(joint: IntArray, a: Binned, row: int, b: Binned) -> FloatArray:
    """Mean over both directions, for image ``row`` of ``a`` against all of ``b``."""
    sums_b = joint @ CENTRES  # of b's centres in each bin of a
    sums_a = np.swapaxes(joint, 1, 2) @ CENTRES  # of a's centres in each bin of b
    b_given_a = _explained(sums_b, a.counts[row], b.mean, b.spread)
    a_given_b = _explained(sums_a, b.counts, a.mean[row], a.spread[row])
    return (b_given_a + a_given_b) / 2


def _explained(
    sums: FloatArray, counts: FloatArray, mean: FloatArray | float, spread: FloatArray | float
) -> FloatArray:
    """Share of the spread that lies between bins: sum of n_k (mean_k - mean)^2 over the spread."""
    filled = np.maximum(counts, 1)
    deviation = sums / filled - np.asarray(mean)[..., None]
    between: FloatArray = np.sum(counts * deviation**2, axis=-1)
    total = np.broadcast_to(spread, between.shape)
    share: FloatArray = np.divide(between, total, out=np.zeros_like(between), where=total > 0)
    return np.minimum(share, 1)
