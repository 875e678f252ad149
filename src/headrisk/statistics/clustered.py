"""Intervals for rates over pairs, when pairs that share a person depend on one another.

The variance lets every two pairs that share a person be correlated: over people for mated pairs,
over both sides at once for non-mated pairs (dyadic cluster-robust variance, Aronow, Samii and
Assenova 2015). It is turned into an effective number of independent pairs for a Wilson interval,
which behaves at rates near 0 where a bootstrap percentile does not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrisk.statistics.intervals import (
    degrees_of_freedom,
    like_the_strongest,
    students_quantile,
    wilson,
    zero_event_bound,
)
from headrisk.types import Estimate, FloatArray


def mated_rate(events: FloatArray, pairs: FloatArray, extra: float = 0.0) -> Estimate | None:
    """Events over mated pairs, both counted per person (n,). None without pairs.

    ``extra`` is variance that the rate owes to something else, as a fitted threshold. Without
    events (or with nothing else) the one-sided zero-event bound on people is given.
    """
    involved = pairs > 0
    people, total = int(np.count_nonzero(involved)), float(pairs.sum())
    if total <= 0:
        return None
    rate = float(events.sum()) / total
    if rate in (0.0, 1.0):
        return _one_sided(rate, people, people)
    residual = events - rate * pairs
    variance = float(residual @ residual) / total**2 * people / max(people - 1, 1)
    kish = total**2 / float(pairs @ pairs)
    return _effective(rate, variance, (kish, total), people - 1, people, extra)


def nonmated_rate(events: FloatArray, pairs: FloatArray, extra: float = 0.0) -> Estimate | None:
    """Events over non-mated pairs, both as (people, people) sums. None without pairs.

    ``extra`` is variance that the rate owes to something else, as a fitted threshold.

    Without any event the upper bound is the zero-event bound on half as many people as took
    part: so many disjoint pairs there are, and the bound then also holds where a few people match
    everybody. The effective number of pairs lies between that and the number of distinct pairs of
    people. Student's quantile has at most one degree of freedom less than that half (in simulated
    cohorts of 20 people one per person is too many, tests/statistics/test_coverage.py), and fewer
    where few people bring most of the variance (Satterthwaite 1946), as people who match many do.
    One more person like the most influential is allowed for.
    """
    events, pairs = _unordered(events), _unordered(pairs)
    involved = pairs.sum(axis=1) > 0
    people, total = int(np.count_nonzero(involved)), float(pairs.sum()) / 2
    if total <= 0:
        return None
    rate = float(events.sum()) / 2 / total
    if rate in (0.0, 1.0):
        return _one_sided(rate, people // 2, people)
    residual = events - rate * pairs
    of_person = residual.sum(axis=1)[involved]
    shared = float(of_person @ of_person) - float((residual**2).sum()) / 2
    variance = shared / total**2 * people / max(people - 2, 1)
    variance *= 1.0 + like_the_strongest(of_person)
    distinct = float(np.count_nonzero(pairs)) / 2
    freedom = degrees_of_freedom(of_person, people / 2 - 1)
    return _effective(rate, variance, (people / 2, distinct), freedom, people, extra)


def _unordered(table: FloatArray) -> FloatArray:
    return table + table.T


def each_once(events: FloatArray, pairs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares instead of counts, so that every person, or every two people, weigh the same."""
    if events.ndim == 2:
        events, pairs = np.triu(_unordered(events), 1), np.triu(_unordered(pairs), 1)
    there = pairs > 0
    share = np.divide(events, pairs, out=np.zeros_like(events), where=there)
    return share, there.astype(np.float64)


def threshold_variance(rates: FloatArray) -> float:
    """Variance that a rate owes to its threshold, from the rates at the thresholds of all folds.

    The jackknife that leaves out a group at a time (Shao and Tu 1995, section 5.1).
    """
    if rates.size < 2:
        return 0.0
    return float((rates.size - 1) / rates.size * ((rates - rates.mean()) ** 2).sum())


def _one_sided(rate: float, n: int, people: int) -> Estimate:
    bound = zero_event_bound(n)
    low, high = (0.0, bound) if rate == 0.0 else (1.0 - bound, 1.0)
    return Estimate(rate, low, high, people, "rule of three on people")


def _effective(
    rate: float,
    variance: float,
    pairs: tuple[float, float],
    freedom: float,
    people: int,
    extra: float = 0.0,
) -> Estimate | None:
    """Wilson interval with a number of pairs within ``pairs``, and Student's quantile."""
    fewest, most = pairs[0], max(pairs)
    wanted = rate * (1.0 - rate) / variance if variance > 0 else most
    n = float(np.clip(wanted, fewest, most))
    n = 1.0 / (1.0 / n + extra / (rate * (1.0 - rate)))
    estimate = wilson(rate * n, n, people, quantile=students_quantile(freedom))
    if estimate is None:
        return None
    return replace(estimate, value=rate, method="Wilson, clustered by person")
