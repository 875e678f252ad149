"""How alike two rows of a table are: measures without and with learning from other people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from headrisk.table.covariance import fit_two_covariances, fit_whitening
from headrisk.types import BoolArray, FloatArray, IntArray

PLAIN = ("cosine", "euclidean")
LEARNT = ("whitened-cosine", "likelihood-ratio")
FEWEST_SHARED = 3  # columns that two rows must both have to be compared
FEWEST_OTHERS = 10  # people that something is learnt from


@dataclass(frozen=True)
class Sides:
    """What is compared: scaled rows (NaN where missing) and the people they belong to."""

    probes: FloatArray
    gallery: FloatArray
    probe_person: IntArray
    gallery_person: IntArray


def shared_columns(a: FloatArray, b: FloatArray) -> IntArray:
    """(probes, gallery) number of columns that both rows have."""
    counts = np.isfinite(a).astype(float) @ np.isfinite(b).astype(float).T
    return np.asarray(np.rint(counts), dtype=np.int64)


def cosine(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cosine of scaled rows over the columns that both have: -1 to 1."""
    (x, known_x), (y, known_y) = _filled(a), _filled(b)
    length = np.sqrt(np.maximum((x**2) @ known_y.T * (known_x @ (y**2).T), 0))
    out = np.zeros(length.shape)
    np.divide(x @ y.T, length, out=out, where=length > 0)
    return np.clip(out, -1, 1)


def euclidean(a: FloatArray, b: FloatArray) -> FloatArray:
    """Minus the root mean squared difference over the columns that both rows have."""
    (x, known_x), (y, known_y) = _filled(a), _filled(b)
    squared = (x**2) @ known_y.T + known_x @ (y**2).T - 2 * (x @ y.T)
    return np.asarray(-np.sqrt(np.maximum(squared, 0) / np.maximum(known_x @ known_y.T, 1)))


def learnt(
    sides: Sides, folds: int, rng: np.random.Generator
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Scores of the measures that learn from other people, and why any is left out.

    People are dealt into folds. A pair is scored by a model that saw neither of its two people,
    so for every pair of folds there is one model, fitted on the others.
    """
    rows = np.concatenate([_filled(sides.probes)[0], _filled(sides.gallery)[0]])
    person = np.concatenate([sides.probe_person, sides.gallery_person])
    if sides.probes is sides.gallery:
        rows, person = rows[: len(sides.probes)], sides.probe_person
    people, counts = np.unique(person, return_counts=True)
    fold = deal(people, counts > 1, folds, rng)
    scores, notes = {}, []
    for name, (fit, enough) in _LEARNT.items():
        found = _crossed(sides, rows, person, fold, fit, enough)
        if found is None:
            notes.append(f"{name} was left out: too few other people to learn from")
        else:
            scores[name] = found
    return scores, tuple(notes)


def deal(
    people: IntArray, mated: BoolArray, folds: int, rng: np.random.Generator
) -> dict[int, int]:
    """A fold for each person; people with several rows are dealt first, so each fold has some."""
    order = np.concatenate([rng.permutation(people[mated]), rng.permutation(people[~mated])])
    return {int(one): place % folds for place, one in enumerate(order)}


Fit = Callable[[FloatArray, IntArray], Callable[[FloatArray, FloatArray], FloatArray]]


def _crossed(
    sides: Sides,
    rows: FloatArray,
    person: IntArray,
    fold: dict[int, int],
    fit: Fit,
    enough: Callable[[IntArray], bool],
) -> FloatArray | None:
    """Scores of every pair by models that saw neither person; None if one cannot be fitted."""
    own = np.array([fold[int(one)] for one in person])
    probe_fold = np.array([fold[int(one)] for one in sides.probe_person])
    gallery_fold = np.array([fold[int(one)] for one in sides.gallery_person])
    probes, gallery = _filled(sides.probes)[0], _filled(sides.gallery)[0]
    scores = np.zeros((len(probes), len(gallery)))
    for first, second in _fold_pairs(own):
        others = (own != first) & (own != second)
        if not enough(person[others]):
            return None
        score = fit(rows[others], person[others])
        for i, j in {(first, second), (second, first)}:
            at = np.ix_(probe_fold == i, gallery_fold == j)
            if scores[at].size:
                scores[at] = score(probes[probe_fold == i], gallery[gallery_fold == j])
    return scores


def _fold_pairs(own: IntArray) -> Iterator[tuple[int, int]]:
    folds = np.unique(own).tolist()
    for k, first in enumerate(folds):
        for second in folds[k:]:
            yield first, second


def _whitened(rows: FloatArray, person: IntArray) -> Callable[[FloatArray, FloatArray], FloatArray]:
    model = fit_whitening(rows)
    return lambda a, b: cosine(model.apply(a), model.apply(b))


def _ratio(rows: FloatArray, person: IntArray) -> Callable[[FloatArray, FloatArray], FloatArray]:
    return fit_two_covariances(rows, person).score


def _many(person: IntArray) -> bool:
    return np.unique(person).size >= FEWEST_OTHERS


def _many_mated(person: IntArray) -> bool:
    return int(np.count_nonzero(np.unique(person, return_counts=True)[1] > 1)) >= FEWEST_OTHERS


_LEARNT: dict[str, tuple[Fit, Callable[[IntArray], bool]]] = {
    "whitened-cosine": (_whitened, _many),
    "likelihood-ratio": (_ratio, _many_mated),
}


def _filled(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Missing values as 0, which is the middle, and 1 where a value is known."""
    known = np.isfinite(rows)
    return np.where(known, rows, 0.0), known.astype(np.float64)
