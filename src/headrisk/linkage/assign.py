"""Links as a table: each probe's best gallery people, and one-to-one assignment of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from headrisk.linkage.pairs import best_per_person
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores


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
