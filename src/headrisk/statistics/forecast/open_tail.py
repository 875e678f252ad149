"""Open-set success under the extreme value model: threshold and rivals from one fitted tail."""

from __future__ import annotations

import numpy as np

from headrisk.statistics.forecast.models import survive
from headrisk.statistics.forecast.searches import Searches, weighted_counts
from headrisk.statistics.forecast.tail import (
    Pareto,
    TailData,
    fit_pareto,
    stranger_chance,
    tail_data,
)
from headrisk.types import FloatArray, IntArray

_BISECTIONS = 40


def tail_rates(
    searches: Searches, weights: FloatArray, sizes: IntArray, fpir: float
) -> FloatArray | None:
    """(repetitions, sizes) success by the extreme value model; None where no tail can be fitted."""
    tail = tail_data(searches)
    if tail is None:
        return None
    rows = []
    for row, counts in zip(weights, weighted_counts(searches, weights), strict=True):
        law = fit_pareto(tail, row, counts.pair_weight)
        if law is None:
            continue
        chance = stranger_chance(tail, law, searches.mate)
        first = survive(chance, np.asarray(sizes, dtype=np.float64) - 1.0)
        limits = [_threshold(tail, law, counts.probe_weight, int(n), fpir) for n in sizes]
        passed = searches.mate[None, :] >= np.array(limits)[:, None]
        rows.append((first * passed) @ counts.probe_weight)
    return np.array(rows) if rows else None


def _threshold(
    tail: TailData, law: Pareto, probe_weight: FloatArray, size: int, fpir: float
) -> float:
    """Score that one of ``size`` strangers reaches with probability ``fpir``, over all probes."""

    def alarm(score: float) -> float:
        chance = stranger_chance(tail, law, np.full(tail.centre.size, score))
        return 1.0 - float(survive(chance, np.array([float(size)]))[0] @ probe_weight)

    low, step = float(tail.centre.min()), float(tail.spread.max())
    high = float(tail.centre.max()) + tail.threshold * step
    while alarm(high) > fpir:
        low, high, step = high, high + step, 2.0 * step
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if alarm(middle) > fpir else (low, middle)
    return high
