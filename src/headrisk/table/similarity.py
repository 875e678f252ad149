"""How alike two rows of a table are: measures without and with learning from the other rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from headrisk.table.covariance import (
    compact,
    fit_joint,
    fit_two_covariances,
    ledoit_wolf,
    whitened,
)
from headrisk.types import BoolArray, FloatArray, IntArray

MEASURES = (
    "cosine",
    "euclidean",
    "correlation",
    "whitened-cosine",
    "likelihood-ratio",
    "two-covariance",
)
LEARNT = MEASURES[4:]  # those that learn how two rows of one person go together
WITHOUT_LABELS = MEASURES[:4]  # those that learn nothing from who is who
SCALED = MEASURES[2:]  # those that are also scaled locally
TANGENT = "tangent-whitened-cosine"  # of correlation matrices, see headrisk.table.connectivity
FEWEST_SHARED = 3  # columns that two rows must both have to be compared
FEWEST_ROWS = 5  # of a table, to learn how its columns go together
FOLDS = 10  # of people, at least, where a model is made in less than a second
NARROW = 400  # columns up to which it is
FEWEST_OTHERS = 10  # people with a pair of rows that something is learnt from
_OTHER = {"lh": "rh", "rh": "lh"}


@dataclass(frozen=True)
class Sides:
    """What is compared: scaled rows (NaN where missing) and the people they belong to.

    ``probes`` and ``gallery`` are one and the same object where a table is compared with itself.
    ``usable`` is (probes, gallery), all if None; ``mirror`` as in :func:`fit_joint`.
    ``verbatim`` is (probes, gallery) True where two rows are copies of each other.
    """

    probes: FloatArray
    gallery: FloatArray
    probe_person: IntArray
    gallery_person: IntArray
    usable: BoolArray | None = None
    verbatim: BoolArray | None = None
    mirror: IntArray | None = None

    def may_compare(self) -> BoolArray:
        """(probes, gallery) pairs that say something."""
        shape = (len(self.probes), len(self.gallery))
        if self.usable is not None:
            return self.usable
        return np.ones(shape, dtype=np.bool_) & ~(
            np.eye(*shape, dtype=np.bool_) & (self.probes is self.gallery)
        )

    def copies(self) -> BoolArray:
        """(probes, gallery) pairs of rows that are copies."""
        shape = (len(self.probes), len(self.gallery))
        return np.zeros(shape, dtype=np.bool_) if self.verbatim is None else self.verbatim


def all_scores(
    sides: Sides, folds: int, rng: np.random.Generator
) -> tuple[dict[str, FloatArray], dict[str, int]]:
    """Scores of every measure of :data:`MEASURES`; what those left out need to learn from.

    The whitened cosine needs so many rows, the likelihood ratios so many other people.
    """
    a, b = sides.probes, sides.gallery
    found = {"cosine": cosine(a, b), "euclidean": euclidean(a, b), "correlation": correlation(a, b)}
    left_out: dict[str, int] = {}
    if min(len(a), len(b)) >= FEWEST_ROWS:
        found["whitened-cosine"] = whitened_cosine(sides)
    else:
        left_out["whitened-cosine"] = FEWEST_ROWS
    ratios = likelihood_ratios(sides, folds, rng)
    if ratios is None:
        left_out |= dict.fromkeys(LEARNT, FEWEST_OTHERS)
    else:
        found |= ratios
    return found, left_out


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


def correlation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Pearson's correlation of scaled rows over the columns that both have: -1 to 1.

    It is the cosine once each row's own mean is taken out, which a pipeline, a scanner or the size
    of a head shifts in all columns together.
    """
    (x, known_x), (y, known_y) = _filled(a), _filled(b)
    count = np.maximum(known_x @ known_y.T, 1)
    sum_x, sum_y = x @ known_y.T, known_x @ y.T
    shared = x @ y.T - sum_x * sum_y / count
    spread_x = (x**2) @ known_y.T - sum_x**2 / count
    spread_y = known_x @ (y**2).T - sum_y**2 / count
    length = np.sqrt(np.maximum(spread_x, 0) * np.maximum(spread_y, 0))
    out = np.zeros(length.shape)
    np.divide(shared, length, out=out, where=length > 1e-12 * count)
    return np.clip(out, -1, 1)


def whitened_cosine(sides: Sides) -> FloatArray:
    """Cosine after the covariance of each table's columns is taken out, without any label."""
    columns = sides.probes.shape[1]
    if sides.probes is sides.gallery:
        rows = whitened(compact(_filled(sides.probes)[0]), columns)
        return cosine(rows, rows)
    first = _filled(sides.probes)[0]
    both = compact(np.concatenate([first, _filled(sides.gallery)[0]]))
    return cosine(whitened(both[: len(first)], columns), whitened(both[len(first) :], columns))


def likelihood_ratios(
    sides: Sides, folds: int, rng: np.random.Generator
) -> dict[str, FloatArray] | None:
    """Log likelihood ratios of every pair by models that saw neither of its two people.

    ``likelihood-ratio`` has a covariance for each table and one between them, ``two-covariance``
    one of people and one of the rows of a person; the latter takes how rows vary from all rows,
    without labels. People are dealt into folds; for every two folds there is a model of each kind,
    fitted on the mated pairs of
    the people in the others. Pairs of copies teach how no two measurements of a person differ, so
    they are left out of what is learnt from unless there is nothing else. None where a model has
    fewer than ten people to learn from.
    """
    pairs = training_pairs(sides)
    person = sides.probe_person[pairs.row]
    people = np.unique(np.concatenate([sides.probe_person, sides.gallery_person]))
    columns = sides.probes.shape[1]
    narrow = min(columns, len(sides.probes) + len(sides.gallery)) <= NARROW
    fold = deal(people, np.isin(people, person), max(folds, FOLDS) if narrow else folds, rng)
    own = np.array([fold[int(one)] for one in person], dtype=np.int64)
    probe_fold = np.array([fold[int(one)] for one in sides.probe_person], dtype=np.int64)
    gallery_fold = np.array([fold[int(one)] for one in sides.gallery_person], dtype=np.int64)
    mirror = sides.mirror if 2 * columns <= len(person) else None
    probes, gallery = _filled(sides.probes)[0], _filled(sides.gallery)[0]
    if mirror is None:
        both = compact(np.concatenate([probes, gallery]))
        probes, gallery = both[: len(probes)], both[len(probes) :]
    total = _total(probes, gallery, mirror, columns)
    scores = {name: np.zeros((len(probes), len(gallery))) for name in LEARNT}
    for first, second, left_out in fold_pairs(len(set(fold.values()))):
        others = ~np.isin(own, left_out)
        if np.unique(person[others]).size < FEWEST_OTHERS:
            return None
        part = pairs.only(others)
        rows = probes[part.row], gallery[part.column], part.weight
        models = (
            fit_joint(*rows, mirror=mirror, columns=columns),
            fit_two_covariances(*rows, total, mirror=mirror, columns=columns),
        )
        for (i, j), (name, model) in product(
            {(first, second), (second, first)}, zip(LEARNT, models, strict=True)
        ):
            at = np.ix_(probe_fold == i, gallery_fold == j)
            if scores[name][at].size:
                scores[name][at] = model.score(probes[probe_fold == i], gallery[gallery_fold == j])
    return scores


def _total(
    probes: FloatArray, gallery: FloatArray, mirror: IntArray | None, columns: int
) -> FloatArray:
    """How the rows of both sides vary, each about its side's mean."""
    rows = np.concatenate([probes - probes.mean(axis=0), gallery - gallery.mean(axis=0)])
    if mirror is not None:
        rows = np.concatenate([rows, rows[:, mirror]])
    return ledoit_wolf(rows, columns)


@dataclass(frozen=True)
class MatedPairs:
    """Mated pairs by row and column, and how much each counts."""

    row: IntArray
    column: IntArray
    weight: FloatArray

    def only(self, keep: BoolArray) -> MatedPairs:
        return MatedPairs(self.row[keep], self.column[keep], self.weight[keep])


def training_pairs(sides: Sides, fewest: int = FEWEST_OTHERS) -> MatedPairs:
    """Mated pairs to learn from, every person counting once.

    Copies are among them only where fewer than ``fewest`` people have rows that differ.
    """
    mated = sides.probe_person[:, None] == sides.gallery_person[None, :]
    mated &= sides.may_compare()
    differ = mated & ~sides.copies()
    enough = np.unique(sides.probe_person[differ.any(axis=1)]).size >= fewest
    row, column = np.nonzero(differ if enough else mated)
    _, index, counts = np.unique(sides.probe_person[row], return_inverse=True, return_counts=True)
    return MatedPairs(
        row.astype(np.int64), column.astype(np.int64), (1.0 / counts[index]).astype(np.float64)
    )


def deal(
    people: IntArray, mated: BoolArray, folds: int, rng: np.random.Generator
) -> dict[int, int]:
    """A fold for each person; people with several rows are dealt first, so each fold has some."""
    order = np.concatenate([rng.permutation(people[mated]), rng.permutation(people[~mated])])
    return {int(one): place % folds for place, one in enumerate(order)}


def fold_pairs(folds: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Two folds, and those that the model of their pairs must not see.

    A pair within one fold leaves the next one out too: every model then learns from equally many
    people, and mates are not told from others by how well their model was fitted.
    """
    for first in range(folds):
        for second in range(first, folds):
            yield first, second, (first, second if second > first else (first + 1) % folds)


def mirrored(keys: Sequence[str]) -> IntArray | None:
    """For each column, the same measurement on the other side of the head, or the column itself.

    None where less than half of the columns come in such pairs. ``keys`` as in ``names.column``.
    """
    place = {key: k for k, key in enumerate(keys)}
    found = np.array([place.get(_other_side(key), k) for k, key in enumerate(keys)], dtype=np.int64)
    paired = np.count_nonzero(found != np.arange(len(keys)))
    return found if 2 * paired >= len(keys) else None


def _other_side(key: str) -> str:
    side, _, rest = key.partition(" ")
    return f"{_OTHER.get(side, side)} {rest}"


def _filled(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Missing values as 0, which is the middle, and 1 where a value is known."""
    known = np.isfinite(rows)
    return np.where(known, rows, 0.0), known.astype(np.float64)
