"""The tail of non-mated scores beyond the data: peaks over a threshold.

Scores of all searches with strangers are put together; what exceeds a high threshold follows a
generalised Pareto distribution (Pickands 1975). n people give about n^2 such scores, so the tail
of a gallery 100 times larger is still within them, which the ranks of n mates are not. Three
things keep the pooling honest:

- Searches may lie at different places and have different spreads. Either they are taken as they
  are, or each is moved by its own median and the range of its middle four fifths, which a heavy
  tail does not move as it moves a standard deviation. Only that part of the differences is
  followed which two halves of the gallery agree on (Spearman 1910, Brown 1910).
- The number of exceedances may differ between searches by more than chance. It is given a gamma
  distribution (Greenwood and Yule 1920), and each search its posterior given its own number. The
  further out, the more searches differ: the variance of that distribution grows by as much for
  each halving of the tail as it grew down to the threshold.
- A search may meet one relative, however large the gallery. With ``apart`` the best stranger of
  each search is known only to be at least as high as the second (censored).

The likelihood is profiled over shape / scale: for each value the best shape has a closed form
(Davison 1984), so that all bootstrap weights are fitted in one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.special import ndtr, ndtri

from headrisk.statistics.forecast.searches import Searches
from headrisk.types import BoolArray, FloatArray, IntArray

FEWEST_EXCEEDANCES = 50
SHARE = 0.05
SEVERAL = 5
WIDER = 4
MOST_GROWTH = 3.0
ENOUGH = 600
SHAPE_SD = 0.15
LEAST_SHAPE = -0.5
MIDDLE = (0.1, 0.5, 0.9)
BODY = (0.5, 0.9)
_GRID = np.concatenate([-np.linspace(0.98, 0.02, 25), [1e-6], np.geomspace(0.01, 30.0, 36)])


@dataclass(frozen=True)
class TailData:
    """Pooled scores above the threshold, search by search, the highest of each first.

    ``row`` is the search (probe) and ``second`` the gallery person behind each exceedance,
    ``rank`` its place in its search, 0 the highest. ``centre`` and ``spread`` are per search;
    ``body`` holds all pooled scores ascending, for places below the threshold, and ``others`` the
    strangers each search met. ``wide`` holds search and gallery person of the four times as many
    scores above a lower threshold. ``body_places`` are two places in the body and ``body_above``
    (searches, people) who lies above each; ``column`` is who each person is.
    """

    threshold: float
    excess: FloatArray
    row: IntArray
    second: IntArray
    rank: IntArray
    others: FloatArray
    centre: FloatArray
    spread: FloatArray
    body: FloatArray
    wide: tuple[IntArray, IntArray]
    body_places: tuple[float, float]
    body_above: tuple[BoolArray, BoolArray]
    column: IntArray

    @property
    def searches(self) -> int:
        """Number of searches."""
        return int(self.centre.size)


@dataclass(frozen=True)
class TailFit:
    """Laws for each row of weights (repetitions,).

    ``shape`` > 0 is a heavy tail. ``share`` is the probability that a stranger exceeds the
    threshold, ``unevenness`` the variance of the searches' own share over its mean squared,
    ``growth`` what it gains with each halving of the tail, and ``factor`` (repetitions, searches)
    shape and rate of each search's gamma posterior. Where ``deviate`` is given, the tail is that of
    a normal distribution of which it is the standard deviation, and shape and scale are not used.
    """

    shape: FloatArray
    scale: FloatArray
    share: FloatArray
    unevenness: FloatArray
    growth: FloatArray
    factor: tuple[FloatArray, FloatArray]
    deviate: FloatArray | None = None


def tail_length(scores: int, searches: int) -> int:
    """Number of scores taken as the tail: one in twenty, at most 600 or five a search."""
    most = max(ENOUGH, SEVERAL * searches)
    return int(min(max(SHARE * scores, FEWEST_EXCEEDANCES), most))


def places(searches: Searches) -> tuple[FloatArray, FloatArray] | None:
    """Centre and spread of each search, as far as halves of the gallery agree on them.

    None where a search has too few strangers to halve, or no spread.
    """
    known = searches.comparable
    number = np.cumsum(known, axis=1)
    if not known.size or number[:, -1].min() < 8:
        return None
    halves = (known & (number % 2 == 0), known & (number % 2 == 1))
    centre, spread = _middle(searches.values, known)
    parts = [_middle(searches.values, half) for half in halves]
    if min(spread.min(), *(part[1].min() for part in parts)) <= 0:
        return None
    agreed = _agreement(parts[0][0], parts[1][0])
    log = np.log(spread)
    even = _agreement(np.log(parts[0][1]), np.log(parts[1][1]))
    return (
        centre.mean() + agreed * (centre - centre.mean()),
        np.asarray(np.exp(log.mean() + even * (log - log.mean())), dtype=np.float64),
    )


def _middle(values: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Median, and the range of the middle four fifths, of each row."""
    count = np.count_nonzero(known, axis=1)
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    rows = np.arange(count.size)

    def at(share: float) -> FloatArray:
        place = share * (count - 1)
        low = place.astype(np.int64)
        part = place - low
        above = ordered[rows, np.minimum(low + 1, count - 1)]
        return np.asarray((1 - part) * ordered[rows, low] + part * above, dtype=np.float64)

    low, middle, high = (at(share) for share in MIDDLE)
    return middle, high - low


def _agreement(one: FloatArray, other: FloatArray) -> float:
    """Reliability of the whole from that of two halves; 0 where they do not agree at all."""
    one, other = one - one.mean(), other - other.mean()
    variance = float(one @ one + other @ other) / 2
    half = float(np.clip(one @ other / variance, 0.0, 1.0)) if variance > 0 else 0.0
    return 2 * half / (1 + half)


def tail_data(searches: Searches, *, per_search: bool) -> TailData | None:
    """Pool the scores, moved by each search's own place if ``per_search``.

    None where scores have no spread, too many are equal, or the tail is too short.
    """
    known = searches.comparable
    count = np.count_nonzero(known, axis=1)
    if not count.size or count.min() < 2:
        return None
    raw = searches.values[known]
    wide = float(raw.std())
    if wide <= 1e-12 * max(float(np.abs(raw).max()), 1e-300):
        return None
    found = (np.full(count.size, np.median(raw)), np.full(count.size, wide))
    if per_search:
        own = places(searches)
        if own is None:
            return None
        found = own
    centre, spread = found
    pooled = np.where(known, (searches.values - centre[:, None]) / spread[:, None], -np.inf)
    body = np.sort(pooled[known])
    wanted = tail_length(body.size, count.size)
    if body.size < 4 * wanted:
        return None
    threshold = float(body[-wanted - 1])
    row, column = np.nonzero(pooled > threshold)
    excess = pooled[row, column] - threshold
    if excess.size < FEWEST_EXCEEDANCES // 2 or excess.max() <= 1e-9:
        return None
    order = np.lexsort((-excess, row))
    row, column, excess = row[order], column[order], excess[order]
    rank = np.arange(row.size) - np.searchsorted(row, row)
    around, near = np.nonzero(pooled > float(body[-min(WIDER * wanted, body.size - 1) - 1]))
    middle, upper = (float(body[int(level * (body.size - 1))]) for level in BODY)
    if not (rank > 0).any():
        return None
    return TailData(
        threshold=threshold,
        excess=excess,
        row=row.astype(np.int64),
        second=searches.column[column],
        rank=rank.astype(np.int64),
        others=count.astype(np.float64),
        centre=centre,
        spread=spread,
        body=body,
        wide=(around.astype(np.int64), searches.column[near]),
        body_places=(middle, upper),
        body_above=(pooled > middle, pooled > upper),
        column=searches.column,
    )


def fit_tail(
    tail: TailData, weights: FloatArray, probe_weights: FloatArray, apart: bool
) -> TailFit:
    """Fit under weights of people (repetitions, persons) and of searches (repetitions, searches).

    Search weights sum to 1 in each row. A normal prior with standard deviation 0.15 keeps the shape
    of a short tail within reason.
    """
    used = tail.rank >= 1 if apart else np.ones(tail.rank.size, dtype=np.bool_)
    column = weights[:, tail.second]
    pair = probe_weights[:, tail.row] * tail.searches * column
    ratio = _GRID / tail.excess[used].max()
    seen = pair[:, used] @ np.log1p(ratio[:, None] * tail.excess[used]).T
    number = np.maximum(pair[:, used].sum(axis=1), 1e-12)[:, None]
    hidden = np.zeros_like(seen)
    if apart:
        bound = np.full(tail.searches, -1.0)
        second = tail.rank == 1
        bound[tail.row[second]] = tail.excess[second]
        cut = (tail.rank == 0) & (bound[tail.row] >= 0)
        hidden = pair[:, cut] @ np.log1p(ratio[:, None] * bound[tail.row[cut]]).T
    shape = (seen + hidden) / number
    with np.errstate(divide="ignore"):
        fit = -number * np.log(np.abs(shape / ratio)) - seen - 0.5 * (shape / SHAPE_SD) ** 2
    best = np.argmax(np.where(shape > LEAST_SHAPE, fit, -np.inf), axis=1)
    row = np.arange(best.size)
    chosen = np.where(np.abs(shape[row, best]) < 1e-9, 1e-9, shape[row, best])
    mean = chosen / ratio[best]
    counts, expected, uneven = _uneven(tail.row[used], column[:, used], probe_weights)
    around, near = tail.wide
    wider = _uneven(around, weights[:, near], probe_weights)[2]
    growth = np.maximum(uneven - np.maximum(wider, 0.0), 0.0) / np.log2(WIDER)
    uneven = np.maximum(uneven, 1e-6)
    all_expected = _with_best(expected) if apart else expected
    share = np.clip(all_expected / (probe_weights @ tail.others), 1e-12, 1.0)
    inverse = 1.0 / uneven[:, None]
    factor = (inverse + counts, np.broadcast_to(inverse + expected[:, None], counts.shape))
    return TailFit(chosen, np.abs(mean), share, uneven, growth, factor)


def normal_tail(
    tail: TailData, fit: TailFit, weights: FloatArray, probe_weights: FloatArray
) -> TailFit:
    """Replace the law of ``fit`` by the tail of a normal distribution that the body shows.

    Its standard deviation comes from two places in the body, where relatives hardly count; one
    stranger a search is taken for a relative above both. This is the lightest tail that scores of
    many small parts have: whatever lies above it is then relatives and look-alikes who do not
    become more in a larger gallery.
    """
    others = probe_weights @ tail.others
    deviates = []
    for above in tail.body_above:
        number = np.einsum(
            "bi,bi->b", probe_weights @ above.astype(np.float64), weights[:, tail.column]
        )
        share = (number - 1.0) / np.maximum(others - 1.0, 1.0)
        deviates.append(-ndtri(np.clip(share, 1e-6, 1.0 - 1e-6)))
    low, high = tail.body_places
    wide = np.maximum(deviates[1] - deviates[0], 1e-6)
    return replace(fit, deviate=np.asarray((high - low) / wide, dtype=np.float64))


def _uneven(
    row: IntArray, weights: FloatArray, probe_weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Counts by search, their mean, and their variance beyond Poisson over the mean squared."""
    searches = probe_weights.shape[1]
    places = (np.arange(row.size), row)
    own = csr_array((np.ones(row.size), places), shape=(row.size, searches))
    counts = np.asarray((own.T @ weights.T).T, dtype=np.float64)
    mean = np.einsum("bi,bi->b", probe_weights, counts)
    spread = np.einsum("bi,bi->b", probe_weights, (counts - mean[:, None]) ** 2)
    spread *= searches / max(searches - 1, 1)
    return counts, mean, (spread - mean) / np.maximum(mean, 1e-9) ** 2


def _with_best(without: FloatArray) -> FloatArray:
    """Mean of a Poisson number C from the mean of max(C - 1, 0), that is C - 1 + exp(-C)."""
    low, high = without.copy(), without + 2.0
    for _ in range(50):
        middle = (low + high) / 2
        small = middle - 1.0 + np.exp(-middle) < without
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return (low + high) / 2


def stranger_chance(tail: TailData, fit: TailFit, scores: FloatArray) -> FloatArray:
    """(repetitions, searches) probability that a stranger of an average search scores higher.

    ``scores`` is (searches,) or (repetitions, searches), on the scale of the data.
    """
    place = np.atleast_2d((scores - tail.centre) / tail.spread)
    x = np.maximum(place - tail.threshold, 0.0) / fit.scale[:, None]
    inside = np.maximum(1.0 + fit.shape[:, None] * x, 1e-300)
    far = fit.share[:, None] * np.exp(np.minimum(-np.log(inside) / fit.shape[:, None], 0.0))
    if fit.deviate is not None:
        start = -ndtri(fit.share)
        beyond = np.maximum(place - tail.threshold, 0.0) / fit.deviate[:, None]
        far = ndtr(-(start[:, None] + beyond))
    below = 1.0 - np.searchsorted(tail.body, place) / tail.body.size
    chance = np.where(place > tail.threshold, far, np.maximum(below, fit.share[:, None]))
    return np.asarray(np.minimum(chance, 1.0 - 1e-12), dtype=np.float64)


def nobody_above(fit: TailFit, chance: FloatArray, strangers: float | FloatArray) -> FloatArray:
    """(repetitions, searches) probability that none of so many strangers is above.

    The mean of (1 - chance)^(strangers x factor) over each search's gamma posterior, whose variance
    grows with the distance from the threshold.
    """
    number = -np.log1p(-chance) * strangers
    power, rate = fit.factor
    halvings = np.maximum(np.log2(fit.share)[:, None] - np.log2(np.maximum(chance, 1e-15)), 0.0)
    gain = (fit.growth / fit.unevenness)[:, None] * halvings
    more = 1.0 + np.minimum(gain, MOST_GROWTH)
    return np.asarray(np.exp(-power / more * np.log1p(number * more / rate)), dtype=np.float64)
