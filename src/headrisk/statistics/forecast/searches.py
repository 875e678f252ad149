"""The searches a forecast is made from, under any weighting of people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from headrisk.linkage.pairs import best_per_person
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores


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
