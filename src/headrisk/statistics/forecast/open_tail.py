"""Open-set success under a tail model: threshold and rivals from one fitted tail."""

from __future__ import annotations

import numpy as np

from headrisk.statistics.forecast.predict import FittedTail
from headrisk.statistics.forecast.searches import Searches
from headrisk.statistics.forecast.tail import nobody_above, stranger_chance
from headrisk.types import FloatArray, IntArray

_BISECTIONS = 40


def open_rates(searches: Searches, model: FittedTail, sizes: IntArray, fpir: float) -> FloatArray:
    """(repetitions, sizes) share of people whose mate is first and passes the threshold."""
    chance = stranger_chance(model.tail, model.fit, searches.mate)
    columns = []
    for size in sizes:
        limit = threshold(model, float(size), fpir)
        first = nobody_above(model.fit, chance, float(size) - 1.0)
        passed = searches.mate[None, :] >= limit[:, None]
        columns.append(np.einsum("bi,bi->b", model.probe_weights, first * passed))
    rates = np.clip(model.kept[:, None] * np.stack(columns, axis=1), 0.0, 1.0)
    return np.asarray(rates, dtype=np.float64)


def threshold(model: FittedTail, size: float, fpir: float) -> FloatArray:
    """(repetitions,) score that one of ``size`` strangers reaches with probability ``fpir``."""
    tail, fit = model.tail, model.fit

    def alarm(score: FloatArray) -> FloatArray:
        everywhere = np.broadcast_to(score[:, None], (score.size, tail.searches))
        none = nobody_above(fit, stranger_chance(tail, fit, everywhere), size)
        return np.asarray(1.0 - np.einsum("bi,bi->b", model.probe_weights, none), np.float64)

    number = fit.shape.size
    low = np.full(number, float(tail.centre.min()))
    step = np.full(number, float(tail.spread.max()))
    high = np.full(number, float(tail.centre.max()) + tail.threshold * float(tail.spread.max()))
    for _ in range(_BISECTIONS):
        over = alarm(high) > fpir
        if not over.any():
            break
        low, high = np.where(over, high, low), np.where(over, high + step, high)
        step = np.where(over, 2.0 * step, step)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        over = alarm(middle) > fpir
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high
