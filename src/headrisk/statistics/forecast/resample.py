"""Bootstrap over people for forecasts, and the bounds that no forecast passes."""

from __future__ import annotations

import numpy as np

from headrisk.statistics.intervals import FEW_EVENTS, zero_event_bound
from headrisk.types import Estimate, FloatArray, IntArray

REPETITIONS = 200


def dirichlet_weights(persons: int, repetitions: int, rng: np.random.Generator) -> FloatArray:
    """(repetitions, persons) Bayesian bootstrap weights with mean 1 (Rubin 1981).

    Drawing with replacement leaves a third of the people out, and the strongest competitor among
    them, so that rank-1 rises; positive weights for everybody do not have this bias.
    """
    drawn = rng.standard_exponential((repetitions, persons))
    return np.asarray(drawn / drawn.mean(axis=1, keepdims=True), dtype=np.float64)


def proven_floor(
    observed: Estimate, gallery: int, half: FloatArray, whole: FloatArray, sizes: IntArray
) -> FloatArray:
    """(sizes,) least rank-1 rate that the measured curve leaves possible.

    The rate is the mean of (1 - p)^(N - 1) over searches, so its logarithm is convex in N
    (Hoelder) and a line through two measured points lies below all that follows. ``half`` and
    ``whole`` (repetitions,) are the rates among half and all of the gallery in the bootstrap; the
    lower end of the line is taken. Where few people fail, the bootstrap cannot carry the slope and
    the line runs through the lower limit and the rate of 1 in a gallery of one (Jensen).
    """
    more = np.asarray(sizes, dtype=np.float64) - gallery
    jensen = observed.low ** ((np.asarray(sizes) - 1.0) / max(gallery - 1, 1))
    lost = (1.0 - observed.value) * observed.n
    least = gallery - max(gallery // 2, 1)
    if half.size < 2 or least < 1 or lost < FEW_EVENTS or observed.value * observed.n < FEW_EVENTS:
        return np.asarray(jensen, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.minimum(np.log(whole) - np.log(half), 0.0) / least
        lines = whole[:, None] * np.exp(slope[:, None] * more)
    low = np.percentile(np.nan_to_num(lines), 2.5, axis=0)
    return np.asarray(np.maximum(np.minimum(low, observed.low), jensen), dtype=np.float64)


def bounded(
    ends: tuple[FloatArray, FloatArray, FloatArray],
    floor: FloatArray,
    top: float,
    sizes: IntArray,
    people: int,
    method: str,
) -> tuple[Estimate, ...]:
    """Value, lower and upper end by size, within what the data prove.

    Nothing lies above ``top``, the upper limit of the measured rate, nor rises with the gallery, as
    a larger one is never easier; nor below ``floor``. Chance, 1 / N, is never cut. The upper end is
    at least the share of people that such a sample could have missed altogether, found by any
    attack in any gallery (rule of three).
    """
    limit = np.maximum(top, 1.0 / sizes)
    least = np.minimum(np.maximum(floor, 1.0 / sizes), limit)
    unseen = np.minimum(zero_event_bound(people), limit)
    low, value, high = (
        np.minimum.accumulate(np.clip(part, least, limit)) for part in (ends[1], ends[0], ends[2])
    )
    high = np.maximum(high, unseen)
    low = np.minimum(low, np.maximum(floor, ends[1]))
    return tuple(
        Estimate(float(v), float(min(a, v)), float(max(b, v)), people, method)
        for v, a, b in zip(value, low, high, strict=True)
    )
