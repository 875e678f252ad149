"""Error rates of a similarity measure: AUC, EER, d', DET, ranks and CMC.

A pair is accepted at threshold t where its score is at least t. FMR is the share of non-mated
pairs accepted, FNMR the share of mated pairs not accepted (ISO/IEC 19795-1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.linkage.pairs import best_per_person, own_columns
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class RocBins:
    """The places of all scores relative to the distinct mated scores.

    With K distinct mated scores u_0 < ... < u_(K-1), place 2k + 1 is "equal to u_k" and place 2k
    "between u_(k-1) and u_k", so there are 2K + 1 places. AUC and EER depend on nothing but the
    number (or weight) of mated and of non-mated scores in each place.
    """

    places: int
    mated: IntArray
    nonmated: IntArray


@dataclass(frozen=True)
class Det:
    """Operating points at every distinct score, thresholds ascending, equal length arrays."""

    threshold: FloatArray
    fmr: FloatArray
    fnmr: FloatArray


@dataclass(frozen=True)
class Ranks:
    """Where the mate stands for each probe that has a comparable mate in the gallery.

    ``better`` counts other gallery people with a higher score than the mate, ``tied`` those with
    an equal one, ``gallery`` all comparable gallery people, the mate included. Ties are resolved
    in expectation: the mate's rank is uniform on better + 1 ... better + tied + 1.
    """

    probe: IntArray
    person: IntArray
    better: IntArray
    tied: IntArray
    gallery: IntArray

    def within(self, rank: int) -> FloatArray:
        """(probes,) probability that the mate is among the first ``rank`` people."""
        share = (rank - self.better) / (self.tied + 1.0)
        return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float64)

    def only(self, keep: BoolArray) -> Ranks:
        """The ranks of some of the probes."""
        fields = (self.probe, self.person, self.better, self.tied, self.gallery)
        return Ranks(*(part[keep] for part in fields))


def roc_bins(mated: FloatArray, nonmated: FloatArray) -> RocBins:
    """Sort mated and non-mated scores into the places of ``RocBins``."""
    distinct, index = np.unique(mated, return_inverse=True)
    left = np.searchsorted(distinct, nonmated, side="left")
    right = np.searchsorted(distinct, nonmated, side="right")
    return RocBins(2 * distinct.size + 1, 2 * index.astype(np.int64) + 1, left + right)


def auc_from_counts(mated: FloatArray, nonmated: FloatArray) -> float:
    """Area under the ROC curve from the weight in each place (see ``RocBins``)."""
    below = np.cumsum(nonmated) - nonmated
    wins = np.dot(mated, below + 0.5 * nonmated)
    return float(wins / (mated.sum() * nonmated.sum()))


def eer_from_counts(mated: FloatArray, nonmated: FloatArray) -> float:
    """Equal error rate from the weight in each place (see ``RocBins``)."""
    fnmr = np.concatenate([[0.0], np.cumsum(mated) / mated.sum()])
    fmr = np.concatenate([[1.0], 1.0 - np.cumsum(nonmated) / nonmated.sum()])
    gap = fnmr - fmr
    after = int(np.argmax(gap >= 0))
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(max(0.0, fmr[after - 1] + share * (fmr[after] - fmr[after - 1])))


Weights = tuple[FloatArray, FloatArray]


def area_under_curve(
    mated: FloatArray, nonmated: FloatArray, weights: Weights | None = None
) -> float | None:
    """Probability that a mated score exceeds a non-mated one, ties counting one half.

    The Mann-Whitney statistic, exact. ``weights`` are of mated and of non-mated scores, all equal
    if None. None without mated or without non-mated scores.
    """
    if not mated.size or not nonmated.size:
        return None
    return auc_from_counts(*_binned(mated, nonmated, weights))


def equal_error_rate(
    mated: FloatArray, nonmated: FloatArray, weights: Weights | None = None
) -> float | None:
    """Rate at which FMR equals FNMR.

    Where no threshold gives equality, the operating points at successive distinct scores are
    joined by straight lines and the crossing is taken. None without mated or non-mated scores.
    """
    if not mated.size or not nonmated.size:
        return None
    return eer_from_counts(*_binned(mated, nonmated, weights))


def _binned(mated: FloatArray, nonmated: FloatArray, weights: Weights | None) -> Weights:
    """Weight of mated and of non-mated scores in each place of ``RocBins``."""
    bins = roc_bins(mated, nonmated)
    one, other = (None, None) if weights is None else weights
    return (
        np.bincount(bins.mated, one, bins.places).astype(np.float64),
        np.bincount(bins.nonmated, other, bins.places).astype(np.float64),
    )


def d_prime(
    mated: FloatArray, nonmated: FloatArray, weights: Weights | None = None
) -> float | None:
    """Difference of the means over the root of the mean variance (n - 1 denominators).

    ``weights`` have mean 1. None with fewer than two scores on a side or without any spread.
    """
    if mated.size < 2 or nonmated.size < 2:
        return None
    one, other = (np.ones(mated.size), np.ones(nonmated.size)) if weights is None else weights
    (mean, var), (middle, spread) = _moments(mated, one), _moments(nonmated, other)
    root = np.sqrt((var + spread) / 2.0)
    scale = max(np.abs(mated).max(), np.abs(nonmated).max())
    if root <= 1e-12 * scale or root == 0.0:
        return None
    return float((mean - middle) / root)


def _moments(values: FloatArray, weight: FloatArray) -> tuple[float, float]:
    mean = float(weight @ values) / float(weight.sum())
    return mean, float(weight @ (values - mean) ** 2) / (float(weight.sum()) - 1.0)


def error_rates(
    mated: FloatArray,
    nonmated: FloatArray,
    thresholds: FloatArray,
    weights: Weights | None = None,
) -> tuple[FloatArray, FloatArray]:
    """FMR and FNMR at each threshold; both sides must hold at least one score."""
    one, other = (np.ones(mated.size), np.ones(nonmated.size)) if weights is None else weights
    return 1.0 - _below(nonmated, other, thresholds), _below(mated, one, thresholds)


def _below(values: FloatArray, weight: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Share of the weight below each threshold; exactly 0 and 1 at the ends."""
    order = np.argsort(values, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weight[order])])
    place = np.searchsorted(values[order], thresholds, side="left")
    return np.asarray(summed[place] / summed[-1], dtype=np.float64)


def det_curve(
    mated: FloatArray, nonmated: FloatArray, weights: Weights | None = None
) -> Det | None:
    """FMR and FNMR at every distinct score. None without mated or without non-mated scores."""
    if not mated.size or not nonmated.size:
        return None
    thresholds = np.unique(np.concatenate([mated, nonmated]))
    fmr, fnmr = error_rates(mated, nonmated, thresholds, weights)
    return Det(thresholds, fmr, fnmr)


def thin_det(det: Det, points: int = 400) -> Det:
    """At most ``points`` operating points, close together where either rate is small.

    The points are spread evenly in logit(FMR) and logit(FNMR), so that both ends of a plot on
    logarithmic axes keep their shape; first and last points stay.
    """
    if det.threshold.size <= points:
        return det
    logit_fmr, logit_fnmr = _logit(det.fmr), _logit(det.fnmr)
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(logit_fmr - logit_fnmr)))])
    wanted = np.linspace(0.0, path[-1], points)
    keep = np.unique(np.minimum(np.searchsorted(path, wanted), det.threshold.size - 1))
    return Det(det.threshold[keep], det.fmr[keep], det.fnmr[keep])


def _logit(rate: FloatArray) -> FloatArray:
    """Logit that stays finite: half the smallest rate above 0 stands in for 0, alike for 1.

    A rate that is 0 throughout, as FNMR where every mate scores highest of all, has no place.
    """
    if not (rate > 0).any():
        return np.zeros(rate.shape)
    floor = rate[rate > 0].min() / 2
    return np.asarray(np.log((rate + floor) / (1 - rate + floor)), dtype=np.float64)


def mate_ranks(scores: PairScores) -> Ranks:
    """Rank of the mate among the distinct gallery people, for each probe that has one.

    A gallery person's score is the maximum over that person's usable scans. A probe whose person
    has no usable scan in the gallery has no rank and is left out.
    """
    best = best_per_person(scores)
    if not best.people.size:
        empty = np.zeros(0, dtype=np.int64)
        return Ranks(empty, empty, empty, empty, empty)
    column, has_mate = own_columns(best)
    rows = np.flatnonzero(has_mate)
    values, mate = best.values[rows], best.values[rows, column[rows]][:, None]
    return Ranks(
        probe=rows.astype(np.int64),
        person=best.probe_person[rows],
        better=np.count_nonzero(values > mate, axis=1).astype(np.int64),
        tied=np.count_nonzero(values == mate, axis=1).astype(np.int64) - 1,
        gallery=np.count_nonzero(best.comparable[rows], axis=1).astype(np.int64),
    )


def person_means(values: FloatArray, person: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Mean of a value over each person's probes: people, means, and number of probes."""
    people, index, counts = np.unique(person, return_inverse=True, return_counts=True)
    sums = np.bincount(index, weights=values, minlength=people.size)
    return people.astype(np.int64), sums / counts, counts.astype(np.int64)


def cumulative_match(ranks: Ranks) -> FloatArray:
    """CMC: entry k - 1 is the probability that the mate is among the first k people.

    Each person counts once (mean over their probes). Length is the largest gallery any probe
    met; empty where no probe has a mate.
    """
    if not ranks.probe.size:
        return np.zeros(0)
    _, index, counts = np.unique(ranks.person, return_inverse=True, return_counts=True)
    weight = 1.0 / (counts[index] * counts.size)
    curve = [float(np.dot(weight, ranks.within(k))) for k in range(1, int(ranks.gallery.max()) + 1)]
    return np.minimum(np.asarray(curve, dtype=np.float64), 1.0)


def survival_of_draws(others: int, drawn: int) -> FloatArray:
    """(others + 1,) probability that ``drawn`` of ``others`` people avoid each number b of them.

    C(others - b, drawn) / C(others, drawn), hypergeometric, as a product so that it stays exact
    for large galleries.
    """
    b = np.arange(others)
    steps = np.maximum(others - drawn - b, 0) / (others - b)
    return np.concatenate([[1.0], np.cumprod(steps)])


def first_among(ranks: Ranks, size: int) -> FloatArray:
    """(probes,) probability that the mate ranks first in a random gallery of ``size`` people.

    The gallery holds the mate and size - 1 others drawn without replacement. Ties with the mate
    are in random order. Every probe's gallery must hold ``size`` people.
    """
    result = np.zeros(ranks.probe.size)
    for gallery in np.unique(ranks.gallery):
        rows = np.flatnonzero(ranks.gallery == gallery)
        avoid = survival_of_draws(int(gallery) - 1, size - 1)
        running = np.concatenate([[0.0], np.cumsum(avoid)])
        low, tied = ranks.better[rows], ranks.tied[rows]
        mean = (running[low + tied + 1] - running[low]) / (tied + 1)
        result[rows] = np.where(tied == 0, avoid[low], mean)
    return result
