"""What somebody can do who holds both sets whole: local scaling, and one-to-one assignment.

A search for one person looks at one row of scores. Whoever holds all that is searched for and all
that is searched also sees columns: a person who is like everybody is a poor candidate for anybody,
and a person who is taken by a better match is free for no other. Both attacks need no label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from headrisk.linkage.pairs import best_per_person
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

# ----------------------------------------------------------------------
# Links as a table: each probe's best gallery people, and one-to-one assignment of people.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Links:
    """One row for each probe and candidate person, probes in order, best candidate first.

    ``probe`` and ``gallery`` are row and column of the score matrix (the candidate's best scan);
    ``rank`` is one more than the number of gallery people with a higher score, so tied people
    share a rank; ``accepted`` is the decision.
    """

    probe: IntArray
    gallery: IntArray
    score: FloatArray
    rank: IntArray
    accepted: BoolArray


@dataclass(frozen=True)
class Assignment:
    """Pairs of people joined one to one, by person number, with their best score."""

    probe_person: IntArray
    gallery_person: IntArray
    score: FloatArray


def list_links(scores: PairScores, threshold: float | None, candidates: int = 5) -> Links:
    """The first ``candidates`` gallery people of every probe.

    A candidate is accepted where the score reaches the threshold; without one, none is.
    """
    best = best_per_person(scores)
    order = np.argsort(-best.values, axis=1, kind="stable")[:, :candidates]
    probe = np.repeat(np.arange(order.shape[0]), order.shape[1])
    column = order.ravel()
    keep = best.comparable[probe, column]
    probe, column = probe[keep], column[keep]
    score = best.values[probe, column]
    falling = -np.sort(-best.values, axis=1)[:, :candidates]
    rank = 1 + np.count_nonzero(falling[probe] > score[:, None], axis=1)
    masked = np.where(scores.usable, scores.values, -np.inf)
    gallery = [
        int(np.argmax(np.where(scores.gallery_person == best.people[c], masked[p], -np.inf)))
        for p, c in zip(probe, column, strict=True)
    ]
    accepted = np.zeros(score.size, dtype=np.bool_) if threshold is None else score >= threshold
    return Links(probe.astype(np.int64), np.array(gallery, dtype=np.int64), score, rank, accepted)


def assign_one_to_one(scores: PairScores, threshold: float | None = None) -> Assignment:
    """Join probe people and gallery people so that nobody is used twice.

    The score of two people is the best over their usable scans. Pairs below the threshold count
    nothing; among the others the total score above it is maximised (Hungarian method as in
    ``scipy.optimize.linear_sum_assignment``). Without a threshold as many pairs as possible join.
    """
    best = best_per_person(scores)
    probe_people, index = np.unique(best.probe_person, return_inverse=True)
    people = np.full((probe_people.size, best.people.size), -np.inf)
    np.maximum.at(people, index, best.values)
    allowed = np.isfinite(people)
    if threshold is not None:
        allowed &= people >= threshold
    if not allowed.any():
        empty = np.zeros(0, dtype=np.int64)
        return Assignment(empty, empty, np.zeros(0))
    lowest, highest = float(people[allowed].min()), float(people[allowed].max())
    base = lowest if threshold is None else threshold
    span = max(highest - base, np.finfo(np.float64).tiny)
    joined = 1.0 + min(people.shape) if threshold is None else 1e-9
    gain = np.where(allowed, (np.where(allowed, people, base) - base) / span + joined, 0.0)
    order = np.random.default_rng(0).permutation(gain.shape[1])  # equal pairs: not in row order
    rows, columns = linear_sum_assignment(gain[:, order], maximize=True)
    columns = order[columns]
    kept = allowed[rows, columns]
    rows, columns = rows[kept], columns[kept]
    return Assignment(
        probe_people[rows].astype(np.int64), best.people[columns], people[rows, columns]
    )


NEIGHBOURS = 10
MOST_ASSIGNED = 2000  # people on the longer side; the time of an assignment grows with the cube
_CHANCE = 1e-9  # of the range of scores, decides between equal ones
_FEWEST_BEYOND = 4  # neighbours are at most a fourth of the people


def locally_scaled(values: FloatArray, usable: BoolArray) -> FloatArray:
    """Twice the scores less what is usual for either side.

    Cross-domain similarity local scaling: what is usual is the mean of the 10 highest usable
    scores of a row or column (Conneau et al. 2018, Word translation without parallel data, ICLR),
    of fewer where there are fewer than 40. It takes away the advantage of hubs.

    Parameters
    ----------
    values, usable
        (probes, gallery).
    """
    masked = np.where(usable, values, -np.inf)
    rows, columns = _usual(masked), _usual(masked.T)
    return np.asarray(2 * values - rows[:, None] - columns[None, :])


def _usual(masked: FloatArray) -> FloatArray:
    """Mean of each row's highest finite values; 0 where it has none."""
    if not masked.size:
        return np.zeros(len(masked))
    k = max(1, min(NEIGHBOURS, masked.shape[1] // _FEWEST_BEYOND))
    top = -np.partition(-masked, k - 1, axis=1)[:, :k]
    known = np.isfinite(top)
    total = np.where(known, top, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1))


@dataclass(frozen=True)
class _People:
    """The best usable score of each two people; minus infinity where there is none."""

    probes: IntArray
    gallery: IntArray
    values: FloatArray


def _people(scores: PairScores) -> _People:
    best = best_per_person(scores)
    probes, index = np.unique(best.probe_person, return_inverse=True)
    values = np.full((probes.size, best.people.size), -np.inf)
    np.maximum.at(values, index, best.values)
    return _People(probes.astype(np.int64), best.people, values)


def assigned(scores: PairScores, rng: np.random.Generator) -> PairScores | None:
    """The scores of somebody who gives every gallery person to one searched-for person at most.

    People are joined so that as many as possible are, with the highest sum of scores. Each gallery
    person then has a price, the dual of that problem, and the scores that come back are the best
    scores of the two people less the price: a search in them returns the assigned person, and how
    far ahead of the next one he or she is says how sure the assignment is. All rows of a person
    get the same scores. Between equally good assignments chance decides, not the order of rows,
    which may be the same in both sets.

    Returns
    -------
    PairScores or None
        None where nobody can be joined, or a side has more than 2,000 people.
    """
    people = _people(scores)
    known = np.isfinite(people.values)
    if not known.any() or max(people.values.shape) > MOST_ASSIGNED:
        return None
    gain = _gain(people.values, rng)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    price = np.zeros(gain.shape[1])
    price[columns] = gain[rows, columns] - _lowest(gain.T, columns, rows)[rows]
    ahead = gain - (price + _lowest(gain, rows, columns))[None, :] / 2
    joined = known[rows, columns]
    rest = ahead.copy()
    rest[rows, columns] = -np.inf
    other = rest.max(axis=1)[rows]
    tied = joined & (ahead[rows, columns] <= other + 1e-9)
    ahead[rows[tied], columns[tied]] = other[tied] + 1e-9  # the assignment itself decides
    at = np.searchsorted(people.probes, scores.probe_person)
    to = np.searchsorted(people.gallery, scores.gallery_person)
    return replace(scores, values=np.where(scores.usable, ahead[np.ix_(at, to)], 0.0))


def _gain(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """What joining two people is worth: 0 to 1, less where they cannot be compared, ties drawn."""
    known = np.isfinite(values)
    low, high = float(values[known].min()), float(values[known].max())
    span = max(high - low, np.finfo(np.float64).tiny)
    gain = np.where(known, (np.where(known, values, low) - low) / span, -1.0 * len(known))
    return np.asarray(gain + _CHANCE * rng.random(gain.shape), dtype=np.float64)


def found_without(
    scores: PairScores, group: IntArray, rng: np.random.Generator
) -> tuple[IntArray, BoolArray]:
    """Whom an assignment finds with each of some groups of people left out, on both sides at once.

    Parameters
    ----------
    scores
        Of 2,000 people on a side at most, some of whom can be compared.
    group
        (person numbers,) of each person.

    Returns
    -------
    IntArray and BoolArray
        (people,) who is searched for, and (groups, people) who is found; False where left out.
    """
    people = _people(scores)
    known, gain = np.isfinite(people.values), _gain(people.values, rng)
    found = np.zeros((int(group.max()) + 1, people.probes.size), dtype=np.bool_)
    for left_out, row in enumerate(found):
        rows = np.flatnonzero(group[people.probes] != left_out)
        columns = np.flatnonzero(group[people.gallery] != left_out)
        if rows.size and columns.size:
            one, other = linear_sum_assignment(gain[np.ix_(rows, columns)], maximize=True)
            one, other = rows[one], columns[other]
            right = people.probes[one] == people.gallery[other]
            row[one] = right & known[one, other]
    return people.probes, found


def _lowest(gain: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """(columns,) lowest prices at which every row is content with the column that it was given.

    Longest paths in the graph of exchanges, by Bellman and Ford (Ahuja, Magnanti and Orlin 1993,
    Network flows, section 5.4). The lowest prices of the transposed problem give the highest ones;
    halfway between both nobody's lead is zero without need.
    """
    left_out = np.setdiff1d(np.arange(gain.shape[0]), rows)
    price = np.maximum(gain[left_out].max(axis=0, initial=0.0), 0.0)
    taken, others = gain[rows, columns], gain[rows]
    for _ in range(gain.shape[1] + 1):
        raised = np.maximum(price, (others + (price[columns] - taken)[:, None]).max(axis=0))
        if np.allclose(raised, price, rtol=0, atol=1e-12):
            break
        price = raised
    return np.asarray(price)
