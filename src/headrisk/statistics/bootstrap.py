"""Bootstrap over people, by weights: people are drawn again, nothing is compared again.

A drawn person of multiplicity w gives weight w to his or her mated pairs; a non-mated pair of
persons i and j gets w_i * w_j. Two copies of one person never form a non-mated pair. Every person
weighs the same, however many scans he or she has: mated pairs share the person's weight, non-mated
pairs that of their two people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from headrisk.linkage.pairs import PairSample
from headrisk.statistics.intervals import (
    degrees_of_freedom,
    students_quantile,
    zero_event_bound,
)
from headrisk.statistics.rates import RocBins, auc_from_counts, eer_from_counts, roc_bins
from headrisk.types import Estimate, FloatArray, IntArray

FEWEST_PEOPLE = 3
FEWEST_TESTED = 2  # with a mated pair, to see how people differ
WORK = 400_000_000
FEWEST_REPETITIONS = 200
MOST_LEFT_OUT = 300
_ROUNDING = 1e-12


@dataclass(frozen=True)
class CurveIntervals:
    """AUC, EER and d' of one sample with person-level intervals; None where undefined."""

    auc: Estimate | None
    eer: Estimate | None
    d_prime: Estimate | None


def person_weights(people: int, repetitions: int, rng: np.random.Generator) -> FloatArray:
    """(repetitions, people) how often each person is drawn when n are drawn with replacement."""
    share = np.full(people, 1.0 / people)
    return rng.multinomial(people, share, size=repetitions).astype(np.float64)


def pair_table(first: IntArray, second: IntArray, people: int, values: FloatArray) -> FloatArray:
    """(people, people) sum of a value over the pairs of each two people."""
    flat = np.bincount(first * people + second, weights=values, minlength=people * people)
    return np.asarray(flat.reshape(people, people), dtype=np.float64)


def weighted_total(weights: FloatArray, table: FloatArray) -> FloatArray:
    """(repetitions,) sum of w_i w_j table[i, j] for each row of weights."""
    return np.asarray(np.einsum("bi,bi->b", weights @ table, weights), dtype=np.float64)


def normal_interval(
    value: float, draws: FloatArray, n: int, freedom: float | None = None
) -> Estimate:
    """Value plus and minus Student's quantile times the bootstrap standard error.

    Quantile with ``freedom`` degrees, n - 1 if None, and the error times root n / (n - 1), since
    people drawn from a sample vary less than people drawn afresh.
    """
    half = _half_width(draws, n, freedom)
    return Estimate(value, value - half, value + half, n, _method(draws))


def at_end(rate: float) -> float:
    """The rate, exactly 0 or 1 where sums of weights miss these ends by their rounding alone."""
    return float(np.clip(np.round(rate), 0, 1)) if abs(rate - np.round(rate)) < 1e-12 else rate


def logit_interval(
    value: float,
    draws: FloatArray,
    n: int,
    imaginary: float = 0.0,
    freedom: float | None = None,
) -> Estimate:
    """The same interval for a rate strictly between 0 and 1, made on the logit scale.

    The variance between people is averaged with that of ``imaginary`` more people, p (1 - p), the
    largest there can be. With an AUC near 1 the people who lower it are often not among a few;
    half an imaginary person makes up for them (tests/statistics/test_coverage.py).
    """
    largest = value * (1.0 - value)
    total = n**2 * _half_width(draws, n, freedom) ** 2
    total += imaginary * _quantile(n, freedom) ** 2 * largest
    half = np.sqrt(total / (n + imaginary) / n) / largest
    place = np.log(value) - np.log1p(-value)
    low, high = expit(place - half), expit(place + half)
    return Estimate(value, float(low), float(high), n, _method(draws))


def _half_width(draws: FloatArray, n: int, freedom: float | None) -> float:
    return float(_quantile(n, freedom) * draws.std() * np.sqrt(n / max(n - 1, 1)))


def _quantile(n: int, freedom: float | None) -> float:
    return students_quantile(n - 1 if freedom is None else freedom)


def left_out(people: int, rng: np.random.Generator) -> FloatArray:
    """(people or 300 drawn of them, people) weights that leave out one person at a time.

    None of fewer than three people, who have no degrees of freedom to estimate.
    """
    if people < FEWEST_PEOPLE:
        return np.zeros((0, people))
    drawn = np.arange(people)
    if people > MOST_LEFT_OUT:
        drawn = np.sort(rng.choice(people, MOST_LEFT_OUT, replace=False))
    weights = np.ones((drawn.size, people))
    weights[np.arange(drawn.size), drawn] = 0.0
    return weights


def freedom_of(without: FloatArray, people: int, tested: int) -> float | None:
    """Degrees of freedom of a figure from its values with single people left out."""
    if without.size < FEWEST_PEOPLE:
        return None
    part = degrees_of_freedom(without - without.mean(), without.size - 1)
    return min(part * people / without.size, max(tested - 1.0, 1.0))


def _method(draws: FloatArray) -> str:
    return f"bootstrap over people, {draws.size} repetitions"


def affordable_repetitions(wanted: int, pairs: int) -> int:
    """Repetitions within a fixed amount of work, so that a million pairs stay seconds."""
    return max(min(wanted, WORK // max(pairs, 1)), min(wanted, FEWEST_REPETITIONS))


@dataclass(frozen=True)
class _Zone:
    """Non-mated pairs in or above the range of mated scores, merged by people and place."""

    first: IntArray
    second: IntArray
    place: IntArray
    count: FloatArray


def _zone(sample: PairSample, bins: RocBins) -> _Zone:
    """Only these move between repetitions; the rest are counted as a whole (place 0)."""
    people = sample.people.size
    inside = bins.nonmated > 0
    low = np.minimum(sample.probe_side, sample.gallery_side)[inside]
    high = np.maximum(sample.probe_side, sample.gallery_side)[inside]
    key = (low * people + high) * bins.places + bins.nonmated[inside]
    distinct, index = np.unique(key, return_inverse=True)
    count = np.bincount(index, sample.nonmated_weight[inside], distinct.size)
    pair, place = np.divmod(distinct, bins.places)
    first, second = np.divmod(pair, people)
    return _Zone(first, second, place, count.astype(np.float64))


def curve_intervals(
    sample: PairSample, repetitions: int, rng: np.random.Generator
) -> CurveIntervals:
    """AUC, EER and d' with 95 % intervals from a bootstrap over people.

    Where mated and non-mated scores do not overlap at all the bootstrap says nothing, and the
    bound for zero events among the people takes its place. Fewer than three people give None.
    """
    people, tested = int(sample.people.size), sample.mated_people
    if not sample.mated.size or not sample.nonmated.size or people < FEWEST_PEOPLE:
        return CurveIntervals(None, None, None)
    bins = roc_bins(sample.mated, sample.nonmated)
    zone = _zone(sample, bins)
    weights = person_weights(people, affordable_repetitions(repetitions, zone.place.size), rng)
    everything, apart = np.ones((1, people)), left_out(people, rng)
    auc, eer = (_certain(one) for one in next(_curves(sample, bins, zone, everything)))
    drawn = np.array(list(_curves(sample, bins, zone, weights))).reshape(-1, 2)
    without = np.array(list(_curves(sample, bins, zone, apart))).reshape(-1, 2)
    freedom = [freedom_of(part, people, tested) for part in without.T]
    return CurveIntervals(
        auc=_auc_estimate(auc, drawn[:, 0], tested, freedom[0]),
        eer=_eer_estimate(eer, drawn[:, 1], tested, people, freedom[1]),
        d_prime=_d_prime_estimate(sample, weights, apart),
    )


def _curves(
    sample: PairSample, bins: RocBins, zone: _Zone, weights: FloatArray
) -> Iterator[tuple[float, float]]:
    """AUC and EER under each row of weights; rows that draw no pair of a kind are passed over."""
    people = sample.people.size
    own = sample.mated_weight
    pairs = pair_table(sample.probe_side, sample.gallery_side, people, sample.nonmated_weight)
    totals = weighted_total(weights, pairs)
    for row, total in zip(weights, totals, strict=True):
        mated = sums_by(bins.mated, own * row[sample.mated_person], bins.places)
        moving = zone.count * row[zone.first] * row[zone.second]
        nonmated = sums_by(zone.place, moving, bins.places)
        rest = total - nonmated.sum()
        nonmated[0] = rest if rest > 1e-9 * total else 0.0
        if mated.sum() > 0 and total > 0:
            yield auc_from_counts(mated, nonmated), eer_from_counts(mated, nonmated)


def _certain(rate: float) -> float:
    """A rate, 0 or 1 where only the rounding of weights keeps it from that."""
    whole = float(round(rate))
    return whole if abs(rate - whole) < _ROUNDING else rate


def sums_by(index: IntArray, values: FloatArray, length: int) -> FloatArray:
    return np.bincount(index, weights=values, minlength=length).astype(np.float64)


def _auc_estimate(
    auc: float, draws: FloatArray, tested: int, freedom: float | None
) -> Estimate | None:
    auc = at_end(auc)
    if auc in (0.0, 1.0):
        bound = zero_event_bound(tested)
        low, high = (1.0 - bound, 1.0) if auc == 1.0 else (0.0, bound)
        return Estimate(auc, low, high, tested, "rule of three on people")
    return logit_interval(auc, draws, tested, 0.5, freedom) if draws.size else None


def _eer_estimate(
    eer: float, draws: FloatArray, tested: int, people: int, freedom: float | None
) -> Estimate | None:
    eer = at_end(eer)
    if eer in (0.0, 1.0):
        bound = max(zero_event_bound(tested), zero_event_bound(people // 2))
        low, high = (0.0, bound) if eer == 0.0 else (1.0 - bound, 1.0)
        return Estimate(eer, low, high, tested, "rule of three on people")
    if tested < FEWEST_TESTED:
        return Estimate(eer, 0.0, 1.0, tested, "one person")
    imaginary = 0.0 if draws.size and draws.std() > 0 else 0.5  # all scores may be equal
    return logit_interval(eer, draws, tested, imaginary, freedom) if draws.size else None


def _d_prime_estimate(
    sample: PairSample, weights: FloatArray, apart: FloatArray
) -> Estimate | None:
    """d' from weighted moments, scores centred first so that no digits are lost."""
    if sample.mated_people < FEWEST_TESTED:
        return None
    people = sample.people.size
    centre = float(np.mean(sample.nonmated))
    own, between = sample.mated_weight, sample.nonmated_weight
    mated, nonmated = sample.mated - centre, sample.nonmated - centre
    rows = np.concatenate([np.ones((1, people)), apart, weights])
    mated_sums = [
        rows @ sums_by(sample.mated_person, own * mated**power, people) for power in (0, 1, 2)
    ]
    other_sums = [
        weighted_total(
            rows,
            pair_table(sample.probe_side, sample.gallery_side, people, between * nonmated**power),
        )
        for power in (0, 1, 2)
    ]
    usable = (mated_sums[0] > 1) & (other_sums[0] > 1)
    single = np.arange(rows.shape[0]) <= apart.shape[0]
    single = single[usable]
    mean_m, var_m = _moments([part[usable] for part in mated_sums])
    mean_n, var_n = _moments([part[usable] for part in other_sums])
    spread = np.sqrt((var_m + var_n) / 2)
    scale = max(float(np.abs(mated).max()), float(np.abs(nonmated).max()))
    spread_known = spread > 1e-9 * scale
    if not usable[0] or not spread_known[0]:
        return None
    values = (mean_m - mean_n)[spread_known] / spread[spread_known]
    single = single[spread_known]
    tested, draws = sample.mated_people, values[~single]
    freedom = freedom_of(values[single][1:], people, tested)
    return normal_interval(float(values[0]), draws, tested, freedom) if draws.size else None


def _moments(sums: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Mean and variance (n - 1) from the sums of powers 0, 1 and 2."""
    mean = sums[1] / sums[0]
    return mean, np.maximum(sums[2] - sums[0] * mean**2, 0.0) / (sums[0] - 1)
