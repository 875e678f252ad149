"""Bootstrap over people for forecasts."""

from __future__ import annotations

import numpy as np

from headrisk.statistics.intervals import CONFIDENCE, zero_event_bound
from headrisk.types import Estimate, FloatArray, IntArray

REPETITIONS = 200


def dirichlet_weights(persons: int, repetitions: int, rng: np.random.Generator) -> FloatArray:
    """(repetitions, persons) Bayesian bootstrap weights with mean 1 (Rubin 1981).

    Drawing with replacement leaves a third of the people out, and the strongest competitor among
    them, so that rank-1 rises; positive weights for everybody do not have this bias.
    """
    drawn = rng.standard_exponential((repetitions, persons))
    return np.asarray(drawn / drawn.mean(axis=1, keepdims=True), dtype=np.float64)


def percentile_estimates(
    values: FloatArray, draws: FloatArray, top: float, sizes: IntArray, people: int
) -> tuple[Estimate, ...]:
    """Values (sizes,) with percentiles of the bootstrap (repetitions, sizes).

    Nothing lies above ``top``, the upper limit of the measured rate, as a larger gallery is never
    easier; chance, 1 / N, is never cut. An interval always holds its value, and its upper end is at
    least the share of people that such a sample could have missed altogether, found by any attack
    in any gallery (rule of three): where every draw gives 0 the people drawn from are still few.
    """
    tail = 50 * (1 - CONFIDENCE)
    limit = np.maximum(top, 1.0 / sizes)
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    values = np.minimum(values, limit)
    unseen = np.minimum(zero_event_bound(people), limit)
    low, high = np.minimum(low, values), np.clip(np.maximum(high, unseen), values, limit)
    method = f"Bayesian bootstrap over people, {draws.shape[0]} repetitions"
    return tuple(
        Estimate(float(v), float(a), float(b), people, method)
        for v, a, b in zip(values, low, high, strict=True)
    )
