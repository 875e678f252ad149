"""From a score matrix to lists of mated and non-mated pairs, and to one score for each person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headrisk.errors import InputError
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class PairSample:
    """The usable pairs of a score matrix as flat lists.

    Attributes
    ----------
    people
        (n,) the distinct person numbers in at least one usable pair, ascending.
    mated, mated_person
        Scores of mated pairs, and whose they are (index into ``people``).
    nonmated, probe_side, gallery_side
        Scores of non-mated pairs, and the two people behind each (indices into ``people``).
    """

    people: IntArray
    mated: FloatArray
    mated_person: IntArray
    nonmated: FloatArray
    probe_side: IntArray
    gallery_side: IntArray

    @property
    def mated_people(self) -> int:
        """Number of people with at least one mated pair."""
        return int(np.unique(self.mated_person).size)

    @property
    def person_pairs(self) -> int:
        """Number of distinct unordered pairs of people among the non-mated pairs.

        A matrix of a data set against itself holds every pair twice, and several scans of a
        person repeat the same two people; neither adds evidence about false matches.
        """
        n = max(int(self.people.size), 1)
        low = np.minimum(self.probe_side, self.gallery_side)
        high = np.maximum(self.probe_side, self.gallery_side)
        return int(np.count_nonzero(np.bincount(low * n + high, minlength=1)))

    @property
    def mated_weight(self) -> FloatArray:
        """Weight of each mated pair, mean 1: every person has the same, shared among his pairs."""
        return person_weight(self.mated_person)

    @property
    def nonmated_weight(self) -> FloatArray:
        """Weight of each non-mated pair, mean 1: every two people have the same between them."""
        low = np.minimum(self.probe_side, self.gallery_side)
        high = np.maximum(self.probe_side, self.gallery_side)
        return person_weight(low * max(int(self.people.size), 1) + high)


def person_weight(group: IntArray) -> FloatArray:
    """Weights with mean 1 that give every group the same in all."""
    if not group.size:
        return np.zeros(0)
    _, index, counts = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(group.size / (counts.size * counts[index]), dtype=np.float64)


@dataclass(frozen=True)
class PersonScores:
    """The best usable score of each probe with each distinct gallery person.

    ``values`` is (probes, people), minus infinity where ``comparable`` is False; ``people`` holds
    the person number of each column, ascending.
    """

    values: FloatArray
    comparable: BoolArray
    people: IntArray
    probe_person: IntArray


def copies_first(scores: PairScores, verbatim: BoolArray) -> PairScores:
    """Scores in which pairs of one and the same image or row score as high as the highest.

    Whoever holds one of the two finds the other without comparing anything, whatever a measure
    that was learnt from other people makes of them.
    """
    same = verbatim & scores.usable
    if not same.any():
        return scores
    values = np.where(same, float(scores.values[scores.usable].max()), scores.values)
    return replace(scores, values=values)


def finite_scores(scores: PairScores) -> PairScores:
    """Check a score matrix and make its infinite scores finite without changing their order.

    Infinite scores (PSNR of two equal images) become the next number beyond the largest or
    smallest finite usable score. Unusable entries become 0.

    Raises
    ------
    InputError
        The shapes disagree, or a usable score is not a number.
    """
    shape = (scores.probe_person.size, scores.gallery_person.size)
    if scores.values.shape != shape or scores.usable.shape != shape:
        raise InputError(
            f"scores of {scores.measure}",
            found=f"a matrix of shape {scores.values.shape} and a mask of {scores.usable.shape}",
            expected=f"{shape}, probes by gallery scans",
        )
    values = np.where(scores.usable, scores.values, 0.0).astype(np.float64)
    if np.isnan(values).any():
        raise InputError(
            f"scores of {scores.measure}",
            found=f"{np.count_nonzero(np.isnan(values))} usable pairs without a number",
            expected="a number for every usable pair",
            remedy="Mark the pairs as not usable, or check the scans behind them.",
        )
    infinite = np.isinf(values)
    if infinite.any():
        known = values[scores.usable & ~infinite]
        top, bottom = (known.max(), known.min()) if known.size else (0.0, 0.0)
        values[values == np.inf] = np.nextafter(top, np.inf)
        values[values == -np.inf] = np.nextafter(bottom, -np.inf)
    return replace(scores, values=values)


def pair_sample(scores: PairScores) -> PairSample:
    """List the usable mated and non-mated pairs with the people behind them."""
    involved = [
        scores.probe_person[scores.usable.any(axis=1)],
        scores.gallery_person[scores.usable.any(axis=0)],
    ]
    people = np.unique(np.concatenate(involved)).astype(np.int64)
    probe = np.searchsorted(people, scores.probe_person)
    gallery = np.searchsorted(people, scores.gallery_person)
    mated, nonmated = scores.mated, scores.nonmated
    rows, columns = np.nonzero(nonmated)
    return PairSample(
        people=people,
        mated=scores.values[mated],
        mated_person=probe[np.nonzero(mated)[0]],
        nonmated=scores.values[nonmated],
        probe_side=probe[rows],
        gallery_side=gallery[columns],
    )


def best_per_person(scores: PairScores) -> PersonScores:
    """Reduce the gallery to people: each person's score is the maximum over usable scans."""
    people, index = np.unique(scores.gallery_person, return_inverse=True)
    values = np.full((scores.probe_person.size, people.size), -np.inf)
    if people.size and scores.probe_person.size:
        order = np.argsort(index, kind="stable")
        starts = np.searchsorted(index[order], np.arange(people.size))
        masked = np.where(scores.usable, scores.values, -np.inf)[:, order]
        values = np.maximum.reduceat(masked, starts, axis=1)
    return PersonScores(values, values > -np.inf, people.astype(np.int64), scores.probe_person)


def own_columns(best: PersonScores) -> tuple[IntArray, BoolArray]:
    """Each probe's own person among the gallery's people, who must not be none.

    Returns
    -------
    The column, and whether the person is there and has a usable scan; without, the column is void.
    """
    column = np.searchsorted(best.people, best.probe_person)
    column = np.minimum(column, best.people.size - 1)
    comparable = best.comparable[np.arange(column.size), column]
    return column, (best.people[column] == best.probe_person) & comparable


def restrict(scores: PairScores, keep: BoolArray) -> PairScores:
    """The same scores with only the pairs in ``keep`` (probes, gallery) usable."""
    return replace(scores, usable=scores.usable & keep)


def among_people(scores: PairScores, people: IntArray) -> PairScores:
    """The part of a score matrix whose probes and gallery scans belong to ``people``."""
    rows = np.flatnonzero(np.isin(scores.probe_person, people))
    columns = np.flatnonzero(np.isin(scores.gallery_person, people))
    block = np.ix_(rows, columns)
    return replace(
        scores,
        values=scores.values[block],
        usable=scores.usable[block],
        probe_person=scores.probe_person[rows],
        gallery_person=scores.gallery_person[columns],
    )
