"""The searches a forecast is made from, people drawn again, and the bounds no forecast passes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from headrisk.linkage.pairs import best_per_person
from headrisk.statistics.intervals import FEW_EVENTS, zero_event_bound
from headrisk.types import BoolArray, Estimate, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class Searches:
    """Every probe that has a mate, with its scores against other people.

    Attributes
    ----------
    mate
        (probes,) score of the probe with its mate.
    values
        (probes, people) best score with each gallery person, minus infinity where the two cannot
        be compared or are one person.
    searcher
        (probes,) whose probe it is, 0 ... ``persons`` - 1.
    column
        (people,) who each gallery person is, in the same numbering.
    persons
        Number of people, probes and gallery together.
    """

    mate: FloatArray
    values: FloatArray
    searcher: IntArray
    column: IntArray
    persons: int

    @property
    def comparable(self) -> BoolArray:
        """(probes, people) where there is a non-mated score."""
        return self.values > -np.inf

    @property
    def gallery(self) -> int:
        """People in the smallest gallery any probe met, its mate included; 0 without probes."""
        others = np.count_nonzero(self.comparable, axis=1)
        return int(others.min()) + 1 if others.size else 0

    @property
    def people(self) -> int:
        """Number of people searched for."""
        return int(np.unique(self.searcher).size)

    def probe_weights(self, weights: FloatArray) -> FloatArray:
        """(probes,) share of each probe, for weights (persons,): a person's probes share his."""
        counts = np.bincount(self.searcher, minlength=self.persons)
        share = weights[self.searcher] / counts[self.searcher]
        return np.asarray(share / share.sum(), dtype=np.float64)

    def only_columns(self, columns: IntArray) -> Searches:
        """The same searches among some of the other people; mates stay."""
        return replace(self, values=self.values[:, columns], column=self.column[columns])


@dataclass(frozen=True)
class Counts:
    """Non-mates above the mate, and all non-mates, per probe.

    Under weights ``better`` is the weighted share of the others, times their number.
    ``probe_weight`` sums to 1, ``pair_weight`` is the weight of all non-mated pairs together.
    """

    better: FloatArray
    others: FloatArray
    probe_weight: FloatArray
    pair_weight: float


def searches_of(scores: PairScores) -> Searches:
    """Take from a score matrix the searches whose mate is in the gallery."""
    best = best_per_person(scores)
    persons = np.unique(np.concatenate([best.probe_person, best.people]))
    column = np.searchsorted(persons, best.people)
    own = best.probe_person[:, None] == best.people[None, :]
    rows = np.flatnonzero((own & best.comparable).any(axis=1))
    values = np.where(own[rows], -np.inf, best.values[rows])
    mate = np.where(own[rows], best.values[rows], -np.inf).max(axis=1, initial=-np.inf)
    searcher = np.searchsorted(persons, best.probe_person[rows])
    return Searches(
        mate, values, searcher.astype(np.int64), column.astype(np.int64), int(persons.size)
    )


def weighted_counts(searches: Searches, weights: FloatArray) -> list[Counts]:
    """Counts for each row of ``weights`` (repetitions, persons). A tie counts one half."""
    level = searches.mate[:, None]
    beaten = (searches.values > level) + 0.5 * (searches.values == level)
    by_column = weights[:, searches.column].T
    better = beaten @ by_column
    known = searches.comparable.astype(np.float64)
    mass, number = known @ by_column, known.sum(axis=1)
    return [
        Counts(
            better=better[:, row] / mass[:, row] * number,
            others=number,
            probe_weight=searches.probe_weights(weights[row]),
            pair_weight=float(weights[row, searches.searcher] @ mass[:, row]),
        )
        for row in range(weights.shape[0])
    ]


def identification_curve(counts: Counts, sizes: IntArray) -> FloatArray:
    """(sizes,) expected rank-1 rate in random galleries of each size, from counts.

    C(k - b, N - 1) / C(k, N - 1) by the gamma function, so that weighted counts need not be
    whole numbers; the mean over probes with their weights.
    """
    drawn = np.asarray(sizes, dtype=np.float64)[:, None] - 1.0
    left = counts.others - counts.better
    room = left - drawn + 1.0
    shown = room > 1e-12
    room, all_room = np.where(shown, room, 1.0), np.maximum(counts.others - drawn + 1.0, 1e-12)
    log = gammaln(left + 1.0) - gammaln(room) - gammaln(counts.others + 1.0) + gammaln(all_room)
    first = np.where(shown, np.exp(np.minimum(log, 0.0)), 0.0)
    return np.asarray(first @ counts.probe_weight, dtype=np.float64)


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
