"""Several measures of the same pairs as one: a likelihood ratio learnt from other people.

Scores of one pair under all measures are taken as normal with one covariance, whether the pair is
mated or not; the log likelihood ratio is then a weighted sum of them (Fisher's discriminant; as a
fusion of biometric scores: Nandakumar et al. 2008, IEEE TPAMI 30:342-347). With few people the
covariance gives way to one without correlations, and with hardly any all measures count alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.linkage.crossvalidate import deal
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

NAME = "fusion"
FOLDS = 10
FEWEST_MATED = 5  # people to learn weights from; with fewer all measures count alike
MOST_PAIRS = 20_000  # of one person and of two, at most, to learn from


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
        Source of the folds, and of which pairs of two people are learnt from.

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
    mates = _sample(layers, *_drawn(mated, rng), first)
    strangers = _sample(layers, *_drawn(usable & ~mated, rng), first)
    if not folds:
        values = np.sum(layers, axis=0)
        return PairScores(name, values, usable, first.probe_person, first.gallery_person)
    rows = [np.isin(first.probe_person, fold) for fold in folds]
    columns = [np.isin(first.gallery_person, fold) for fold in folds]
    values = np.zeros(first.values.shape)
    for i in range(len(folds)):
        for j in range(i, len(folds)):
            out = {i, j} if i != j else {i, (i + 1) % len(folds)}  # as many people for every model
            unseen = np.concatenate([folds[k] for k in sorted(out)])
            weights, offset = _weights(mates.without(unseen), strangers.without(unseen))
            for a, b in {(i, j), (j, i)}:
                at = np.ix_(rows[a], columns[b])
                values[at] = sum(
                    w * layer[at] for w, layer in zip(weights.tolist(), layers, strict=True)
                )
                values[at] -= offset
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


def _drawn(pairs: BoolArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    places = np.flatnonzero(pairs)
    if places.size > MOST_PAIRS:
        places = np.sort(rng.choice(places, MOST_PAIRS, replace=False))
    row, column = np.unravel_index(places, pairs.shape)
    return row.astype(np.int64), column.astype(np.int64)


@dataclass(frozen=True)
class _Sample:
    """Pairs to learn from: (pairs, measures) scores, and the two people of each."""

    values: FloatArray
    probe: IntArray
    gallery: IntArray

    def without(self, people: IntArray) -> tuple[FloatArray, IntArray]:
        """Scores of pairs of other people, and the searched-for person of each."""
        keep = ~(np.isin(self.probe, people) | np.isin(self.gallery, people))
        return self.values[keep], self.probe[keep]


def _sample(
    layers: Sequence[FloatArray], row: IntArray, column: IntArray, scores: PairScores
) -> _Sample:
    values = np.stack([layer[row, column] for layer in layers], axis=1)
    return _Sample(values, scores.probe_person[row], scores.gallery_person[column])


def _weights(
    mates: tuple[FloatArray, IntArray], strangers: tuple[FloatArray, IntArray]
) -> tuple[FloatArray, float]:
    """A weight for each measure, and what is taken off so that 0 speaks for neither side."""
    (own, person), other = mates, strangers[0]
    size = other.shape[1] if other.ndim == 2 else own.shape[1]
    people, index, counts = np.unique(person, return_inverse=True, return_counts=True)
    if people.size < FEWEST_MATED or len(other) < 2:
        return np.ones(size), 0.0
    share = 1.0 / counts[index] / people.size  # each person counts once
    centre, away = share @ own, other.mean(axis=0)
    deviation = own - centre
    inside = (deviation * share[:, None]).T @ deviation
    outside = np.cov(other.T, bias=True).reshape(size, size)
    both = (inside + outside) / 2
    give_way = size / (size + people.size)
    both = (1 - give_way) * both + give_way * float(np.trace(both)) / size * np.eye(size)
    gap = np.maximum(centre - away, 0.0)  # larger is more alike, under every measure
    weights = np.linalg.solve(both + 1e-9 * np.eye(size), gap)
    return np.asarray(weights), float(weights @ (centre + away)) / 2
