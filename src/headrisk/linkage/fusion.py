"""Several measures of the same pairs as one, by weights learnt from other people.

The weights are those under which mates most probably come first among strangers: a conditional
logit (McFadden 1974, in Zarembka, Frontiers in
Econometrics), whose weighted sum of scores is the log likelihood ratio of a mate against a
stranger up to a constant for each search. They are drawn to the best single measure, so that with
few people the fusion is that measure, and leaves it as far as more people give reason to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.linkage.decide import deal
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

NAME = "fusion"
FOLDS = 5
FEWEST_MATED = 5  # people to learn weights from; with fewer all measures count alike
STRANGERS = 100  # of each search, at most, to learn from
MOST_SEARCHES = 600  # to learn from, at most
PULL = 10.0  # how strongly weights are drawn to the best single measure
_STEPS = 12


def fuse(
    scores: Mapping[str, PairScores], rng: np.random.Generator, name: str = NAME
) -> PairScores | None:
    """One score of every pair from all measures, by weights that saw neither of its two people.

    Measures that cannot compare a pair leave its score to the others.

    Parameters
    ----------
    scores
        By measure, all with the same probes and gallery.
    rng
        Source of the folds, and of which searches are learnt from where there are very many.

    Returns
    -------
    PairScores or None
        None with fewer than two measures, or where nothing can be compared.
    """
    parts = [one for one in scores.values() if one.usable.any()]
    if len(parts) < 2:
        return None
    layers = [_standardised(one) for one in parts]
    usable = np.any([one.usable for one in parts], axis=0)
    first = parts[0]
    mated = (first.probe_person[:, None] == first.gallery_person[None, :]) & usable
    people = np.unique(np.concatenate([first.probe_person, first.gallery_person]))
    with_mate = np.isin(people, first.probe_person[mated.any(axis=1)])
    folds = deal(people.astype(np.int64), with_mate, FOLDS, rng)
    if not folds:
        values = np.sum(layers, axis=0)
        return PairScores(name, values, usable, first.probe_person, first.gallery_person)
    searches = _searches(layers, mated, usable, first, rng)
    rows = [np.isin(first.probe_person, fold) for fold in folds]
    columns = [np.isin(first.gallery_person, fold) for fold in folds]
    values = np.zeros(first.values.shape)
    for i in range(len(folds)):
        for j in range(i, len(folds)):
            out = {i, j} if i != j else {i, (i + 1) % len(folds)}  # as many people for every model
            weights = _weights(searches, np.concatenate([folds[k] for k in sorted(out)]))
            for a, b in {(i, j), (j, i)}:
                at = np.ix_(rows[a], columns[b])
                for weight, layer in zip(weights.tolist(), layers, strict=True):
                    values[at] += weight * layer[at]
    return PairScores(
        name, np.where(usable, values, 0.0), usable, first.probe_person, first.gallery_person
    )


def _standardised(scores: PairScores) -> FloatArray:
    """Scores less the mean over all pairs, by their standard deviation; 0 where unusable."""
    known = scores.values[scores.usable]
    known = known[np.isfinite(known)]
    spread = float(known.std()) if known.size else 0.0
    if spread <= 0:
        return np.zeros(scores.values.shape)
    values = np.where(scores.usable, scores.values, float(known.mean()))
    highest, lowest = float(known.max()), float(known.min())
    return np.asarray((np.clip(values, lowest, highest) - float(known.mean())) / spread)


@dataclass(frozen=True)
class _Searches:
    """Searches to learn from.

    ``ahead`` is (searches, strangers, measures): how far the mate's score stands above that of
    each stranger, who is ``stranger`` (searches, strangers), -1 where there are fewer.
    """

    person: IntArray
    stranger: IntArray
    ahead: FloatArray


def _searches(
    layers: Sequence[FloatArray],
    mated: BoolArray,
    usable: BoolArray,
    scores: PairScores,
    rng: np.random.Generator,
) -> _Searches:
    """One search for each row with a mate: its best mate against strangers drawn at random.

    Any other way to draw them would favour the measures by which they were drawn.
    """
    rows = np.flatnonzero(mated.any(axis=1))
    if rows.size > MOST_SEARCHES:
        rows = np.sort(rng.choice(rows, MOST_SEARCHES, replace=False))
    total = np.sum([layer[rows] for layer in layers], axis=0)
    mate = np.where(mated[rows], total, -np.inf).argmax(axis=1)
    order = np.where(usable[rows] & ~mated[rows], rng.random(total.shape), np.inf)
    count = min(STRANGERS, order.shape[1])
    columns = np.argpartition(order, count - 1, axis=1)[:, :count]
    there = np.isfinite(np.take_along_axis(order, columns, axis=1))
    ahead = np.stack(
        [layer[rows, mate][:, None] - layer[rows[:, None], columns] for layer in layers], axis=2
    )
    who = np.where(there, scores.gallery_person[columns], -1)
    return _Searches(scores.probe_person[rows], who.astype(np.int64), ahead)


def _weights(searches: _Searches, unseen: IntArray) -> FloatArray:
    """A weight for each measure, from searches and strangers other than these people."""
    keep = ~np.isin(searches.person, unseen)
    person, ahead = searches.person[keep], searches.ahead[keep]
    usable = (searches.stranger[keep] >= 0) & ~np.isin(searches.stranger[keep], unseen)
    people, index, counts = np.unique(person, return_inverse=True, return_counts=True)
    size = searches.ahead.shape[2]
    if people.size < FEWEST_MATED:
        return np.ones(size)
    share = 1.0 / counts[index]  # each person counts once
    alone = [_fit(ahead[:, :, [k]], usable, share, np.zeros(1)) for k in range(size)]
    best = int(np.argmin([loss for _, loss in alone]))
    start = np.zeros(size)
    start[best] = float(alone[best][0][0])
    return _fit(ahead, usable, share, start)[0]


def _fit(
    ahead: FloatArray, usable: BoolArray, share: FloatArray, start: FloatArray
) -> tuple[FloatArray, float]:
    """Weights near ``start`` that put mates first, by Newton's method, and minus log likelihood."""
    weights = start.copy()

    def losses(at: FloatArray) -> tuple[float, FloatArray]:
        odds = np.where(usable, -(ahead @ at), -np.inf)
        top = np.maximum(odds.max(axis=1, initial=-np.inf), 0.0)
        parts = np.exp(odds - top[:, None])
        whole = np.exp(-top) + parts.sum(axis=1)
        fit = float(share @ (top + np.log(whole)))
        return fit, parts / whole[:, None]

    loss, chance = losses(weights)
    for _ in range(_STEPS):
        mean = np.einsum("sk,skm->sm", chance, ahead)
        slope = -(share @ mean) + PULL * (weights - start)
        spread = np.einsum("sk,skm,skn->mn", chance * share[:, None], ahead, ahead, optimize=True)
        spread -= (mean * share[:, None]).T @ mean
        step = np.linalg.solve(spread + PULL * np.eye(weights.size), slope)
        now = loss + PULL / 2 * float(((weights - start) ** 2).sum())
        for _ in range(_STEPS):  # halve the step until it helps
            tried, tried_chance = losses(weights - step)
            gained = now - tried - PULL / 2 * float(((weights - step - start) ** 2).sum())
            if gained >= 0:
                break
            step /= 2
        if gained <= 1e-9 * max(1.0, abs(now)):
            break
        weights, loss, chance = weights - step, tried, tried_chance
    return weights, loss
