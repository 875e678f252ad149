"""The tail of non-mated scores beyond the data: peaks over a threshold.

Scores of each probe with strangers are centred and scaled by that probe's own mean and standard
deviation and put together; what exceeds a high threshold follows a generalised Pareto
distribution (Pickands 1975), fitted by probability-weighted moments (Hosking and Wallis 1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.statistics.forecast.searches import Searches
from headrisk.types import FloatArray, IntArray

FEWEST_EXCEEDANCES = 50


@dataclass(frozen=True)
class Pareto:
    """Generalised Pareto law of what exceeds the threshold; ``shape`` > 0 is a heavy tail.

    ``share`` is the probability to exceed the threshold at all.
    """

    shape: float
    scale: float
    share: float

    def beyond(self, excess: FloatArray) -> FloatArray:
        """Probability that a stranger exceeds the threshold by at least ``excess`` >= 0."""
        x = np.maximum(excess, 0.0) / self.scale
        if abs(self.shape) < 1e-9:
            return np.asarray(self.share * np.exp(-x), dtype=np.float64)
        inside = np.maximum(1.0 + self.shape * x, 0.0)
        with np.errstate(divide="ignore"):
            log = -np.log(inside) / self.shape
        return np.asarray(self.share * np.exp(log), dtype=np.float64)


@dataclass(frozen=True)
class TailData:
    """Pooled standardised scores above the threshold, ascending, with the two people behind each.

    ``centre`` and ``spread`` are per probe; ``body`` holds 1,000 quantiles of all pooled scores,
    for places below the threshold.
    """

    threshold: float
    excess: FloatArray
    first: IntArray
    second: IntArray
    pairs: int
    centre: FloatArray
    spread: FloatArray
    body: FloatArray


def tail_length(scores: int) -> int:
    """Number of scores taken as the tail: n^(2/3) / log log n (Loretan and Phillips 1994)."""
    return int(scores ** (2 / 3) / np.log(np.log(max(scores, 16))))


def tail_data(searches: Searches) -> TailData | None:
    """Standardise and pool. None where scores have no spread or the tail is too short."""
    known = searches.comparable
    count = np.count_nonzero(known, axis=1)
    if not count.size or count.min() < 2:
        return None
    clean = np.where(known, searches.values, 0.0)
    centre = clean.sum(axis=1) / count
    gap = np.where(known, clean - centre[:, None], 0.0)
    spread = np.sqrt((gap**2).sum(axis=1) / (count - 1))
    if not (spread > 1e-12 * np.maximum(np.abs(centre), 1e-300)).all():
        return None
    rows, columns = np.nonzero(known)
    pooled = gap[known] / spread[rows]
    wanted = tail_length(pooled.size)
    if wanted < FEWEST_EXCEEDANCES:
        return None
    order = np.argsort(pooled, kind="stable")
    threshold = float(pooled[order[-wanted - 1]])
    top = order[-wanted:]
    return TailData(
        threshold=threshold,
        excess=pooled[top] - threshold,
        first=searches.searcher[rows[top]],
        second=searches.column[columns[top]],
        pairs=int(pooled.size),
        centre=centre,
        spread=spread,
        body=np.quantile(pooled, np.linspace(0.0, 1.0, 1001)),
    )


def fit_pareto(tail: TailData, weights: FloatArray, total: float) -> Pareto | None:
    """Fit under weights of people (persons,); ``total`` is the weight of all non-mated pairs.

    With A0 the mean excess and A1 the mean of excess times its survival probability, the shape
    is 2 - A0 / (A0 - 2 A1) and the scale 2 A0 A1 / (A0 - 2 A1). None where all excesses are equal.
    """
    weight = weights[tail.first] * weights[tail.second]
    mass = float(weight.sum())
    if mass <= 0.0:
        return None
    above = 1.0 - (np.cumsum(weight) - 0.5 * weight) / mass
    mean = float(weight @ tail.excess) / mass
    moment = float(weight @ (tail.excess * above)) / mass
    gap = mean - 2.0 * moment
    if gap <= 1e-9 * mean:
        return None
    return Pareto(2.0 - mean / gap, 2.0 * mean * moment / gap, mass / total)


def stranger_chance(tail: TailData, law: Pareto, scores: FloatArray) -> FloatArray:
    """(probes,) probability that a stranger scores above ``scores``, one for each probe."""
    place = (scores - tail.centre) / tail.spread
    below = np.interp(place, tail.body, np.linspace(1.0, 0.0, tail.body.size))
    far = law.beyond(place - tail.threshold)
    return np.where(place > tail.threshold, far, np.maximum(below, law.share))
