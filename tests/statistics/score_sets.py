"""Random score matrices with ties, gaps and several scans a person, and naive rates on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from headrisk.types import PairScores


def make(values, probe_person, gallery_person, usable=None, measure="test") -> PairScores:
    values = np.asarray(values, dtype=np.float64)
    usable = np.ones(values.shape, dtype=bool) if usable is None else np.asarray(usable, dtype=bool)
    return PairScores(
        measure,
        values,
        usable,
        np.asarray(probe_person, dtype=np.int64),
        np.asarray(gallery_person, dtype=np.int64),
    )


def random_scores(rng: np.random.Generator, *, decimals: int | None = 1) -> PairScores:
    """Few people, unequal numbers of scans, unusable pairs, rounded scores that tie."""
    people = int(rng.integers(2, 9))
    probe = rng.integers(0, people, size=int(rng.integers(2, 12)))
    gallery = rng.integers(0, people, size=int(rng.integers(2, 13)))
    values = rng.normal(size=(probe.size, gallery.size))
    values += rng.uniform(0, 3) * (probe[:, None] == gallery[None, :])
    if decimals is not None:
        values = np.round(values, decimals if rng.random() < 0.7 else 0)
    return make(values, 7 * probe + 3, 7 * gallery + 3, rng.random(values.shape) < 0.85)


def cohort(
    rng: np.random.Generator,
    people: int,
    *,
    shift: float,
    probes: int = 1,
    mate_effect: float = 0.0,
    pair_effect: float = 0.0,
    noise: float = 1.0,
) -> PairScores:
    """One gallery scan and ``probes`` probes of every person.

    ``mate_effect`` is the spread between people of their mated scores, ``pair_effect`` of a term
    that a person adds to all scores as probe and as gallery.
    """
    own = np.repeat(np.arange(people), probes)
    mate, both = rng.normal(size=people) * mate_effect, rng.normal(size=people) * pair_effect
    values = noise * rng.normal(size=(own.size, people)) + both[own][:, None] + both[None, :]
    values[np.arange(own.size), own] += shift + mate[own]
    return make(values, own, np.arange(people))


def naive_pairs(scores: PairScores) -> tuple[list[float], list[float]]:
    mated, nonmated = [], []
    for i, p in enumerate(scores.probe_person):
        for j, g in enumerate(scores.gallery_person):
            if scores.usable[i, j]:
                (mated if p == g else nonmated).append(float(scores.values[i, j]))
    return mated, nonmated


def naive_weights(scores: PairScores, keep=None) -> tuple[list[float], list[float]]:
    """Weights of the pairs in the order of ``naive_pairs``: people, and pairs of people, alike."""
    sides = [
        (p, g)
        for i, p in enumerate(scores.probe_person.tolist())
        for j, g in enumerate(scores.gallery_person.tolist())
        if scores.usable[i, j] and (keep is None or p == g or keep[i, j])
    ]
    mated = [p for p, g in sides if p == g]
    apart = [frozenset(pair) for pair in sides if pair[0] != pair[1]]
    return [1 / mated.count(p) for p in mated], [1 / apart.count(pair) for pair in apart]


def naive_auc(mated: list[float], nonmated: list[float], weights=None) -> float:
    one, other = weights or ([1.0] * len(mated), [1.0] * len(nonmated))
    wins = sum(
        a * b * ((m > n) + 0.5 * (m == n))
        for m, a in zip(mated, one, strict=True)
        for n, b in zip(nonmated, other, strict=True)
    )
    return wins / (sum(one) * sum(other))


def naive_eer(mated: list[float], nonmated: list[float], weights=None) -> float:
    one, other = weights or ([1.0] * len(mated), [1.0] * len(nonmated))
    points = []
    for t in [*sorted(set(mated + nonmated)), np.inf]:
        fmr = sum(b for n, b in zip(nonmated, other, strict=True) if n >= t) / sum(other)
        missed = sum(a for m, a in zip(mated, one, strict=True) if m < t)
        points.append((fmr, missed / sum(one)))
    for (a, b), (c, d) in pairwise(points):
        if d >= c - 1e-12:
            step = (a - b) / ((a - b) - (c - d))
            return a + step * (c - a)
    raise AssertionError("the last point has FMR 0 and FNMR 1")


def best_scores(scores: PairScores) -> list[dict[int, float]]:
    """For each probe, the best usable score of each gallery person."""
    rows = []
    for i in range(scores.probe_person.size):
        row: dict[int, float] = {}
        for j, person in enumerate(scores.gallery_person.tolist()):
            if scores.usable[i, j]:
                row[person] = max(row.get(person, -np.inf), float(scores.values[i, j]))
        rows.append(row)
    return rows


def naive_cmc(scores: PairScores) -> list[float]:
    """Ties in expectation, each person once, by counting orders one place at a time."""
    per_person: dict[int, list[list[float]]] = {}
    longest = 0
    for p, best in zip(scores.probe_person.tolist(), best_scores(scores), strict=True):
        if p not in best:
            continue
        above = sum(v > best[p] for v in best.values())
        tied = sum(v == best[p] for v in best.values())
        longest = max(longest, len(best))
        places = range(above + 1, above + tied + 1)
        row = [sum(place <= k for place in places) / tied for k in range(1, 30)]
        per_person.setdefault(p, []).append(row)
    means = [np.mean(rows, axis=0) for rows in per_person.values()]
    return list(np.mean(means, axis=0)[:longest]) if means else []
