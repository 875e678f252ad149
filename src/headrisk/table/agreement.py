"""Rows that hold the same value to the last digit: codes, categories, copied measurements, dates.

Distances and correlations see one column among many. Whoever joins two tables on a column, or on
several that are unique only together, sees that values are equal, as record linkage does (Fellegi
and Sunter 1969, J Am Stat Assoc 64:1183-1210).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import binom

from headrisk.table.similarity import Sides, deal, fold_pairs, training_pairs
from headrisk.types import BoolArray, FloatArray, IntArray

AGREEMENT = "agreement"
FEWEST_OTHERS = 4  # people with a pair of rows; few, as a column that always agrees needs no more
DOUBT = 0.01  # probability that any column without a say is given one


def codes(values: FloatArray, texts: Sequence[Sequence[str]]) -> IntArray:
    """(rows, columns and texts) equal numbers for equal cells of a column, -1 where missing.

    >>> codes(np.array([[2.5], [np.nan], [2.5]]), [["left", "", "right"]]).tolist()
    [[0, 0], [-1, -1], [0, 1]]
    """
    columns = [
        np.unique(np.where(np.isfinite(column), column, np.inf), return_inverse=True)[1]
        for column in values.T
    ]
    columns += [np.unique(np.array(cells, np.str_), return_inverse=True)[1] for cells in texts]
    missing = [~np.isfinite(column) for column in values.T]
    missing += [np.array(cells, np.str_) == "" for cells in texts]
    found = np.full((len(values), len(columns)), -1, dtype=np.int64)
    for k, (column, gone) in enumerate(zip(columns, missing, strict=True)):
        found[~gone, k] = np.unique(column[~gone], return_inverse=True)[1]
    return found


def agreement(
    probes: IntArray, gallery: IntArray, sides: Sides, folds: int, rng: np.random.Generator
) -> FloatArray | None:
    """Log likelihood ratio of which cells of two rows are equal, learnt from other people.

    An equal value counts the more the rarer it is in the gallery. Only columns in which the rows of
    other people agree more often than chance would have it take part; None where there is none.

    Parameters
    ----------
    probes, gallery
        From :func:`codes`, numbered alike.
    """
    pairs = training_pairs(sides, FEWEST_OTHERS)
    person = sides.probe_person[pairs.row]
    people = np.unique(np.concatenate([sides.probe_person, sides.gallery_person]))
    fold = deal(people, np.isin(people, person), folds, rng)
    own, probe_fold, gallery_fold = (
        np.array([fold[int(one)] for one in who], dtype=np.int64)
        for who in (person, sides.probe_person, sides.gallery_person)
    )
    columns = [_column(probes[:, k], gallery[:, k]) for k in range(probes.shape[1])]
    equal = probes[pairs.row] == gallery[pairs.column]
    known = (probes[pairs.row] >= 0) & (gallery[pairs.column] >= 0)
    scores, told = np.zeros((len(probes), len(gallery))), False
    for first, second, left_out in fold_pairs(len(set(fold.values()))):
        others = ~np.isin(own, left_out)
        if np.unique(person[others]).size < FEWEST_OTHERS:
            return None
        weight = pairs.weight[others, None] * known[others]
        count = weight.sum(axis=0)
        agree = (weight * equal[others]).sum(axis=0)
        chance = np.array([one.chance for one in columns])
        luck = binom.sf(np.ceil(agree - 1e-9) - 1, np.maximum(np.rint(count), 1), chance)
        saying = np.flatnonzero((luck < DOUBT / len(columns)) & (chance < 1))
        told |= saying.size > 0
        for i, j in {(first, second), (second, first)}:
            rows, found_rows = np.flatnonzero(probe_fold == i), np.flatnonzero(gallery_fold == j)
            for k in saying:
                mated = float(agree[k] + 1) / float(count[k] + 2)
                scores[np.ix_(rows, found_rows)] += columns[k].evidence(mated, rows, found_rows)
    return scores if told else None


@dataclass(frozen=True)
class _Column:
    """Where two rows are equal, what share of the gallery has that value, and who has any."""

    equal: csr_array
    known: tuple[BoolArray, BoolArray]
    chance: float

    def evidence(self, mated: float, rows: IntArray, columns: IntArray) -> FloatArray:
        """(rows, columns) log likelihood ratios, where mates agree so often."""
        unlike = float(np.log((1 - mated) / (1 - self.chance)))
        found = unlike * np.logical_and.outer(self.known[0][rows], self.known[1][columns])
        equal = self.equal[rows][:, columns].tocoo()
        found[equal.row, equal.col] = np.log(mated / equal.data)
        return np.asarray(found, dtype=np.float64)


def _column(probes: IntArray, gallery: IntArray) -> _Column:
    size = int(max(probes.max(initial=-1), gallery.max(initial=-1))) + 1
    known = probes >= 0, gallery >= 0
    shares = [
        np.bincount(side[there], minlength=size) / max(int(there.sum()), 1)
        for side, there in zip((probes, gallery), known, strict=True)
    ]
    first = _one_hot(probes, known[0], shares[1])
    equal = csr_array(first @ _one_hot(gallery, known[1], np.ones(size)).T)
    return _Column(equal, known, float(shares[0] @ shares[1]))


def _one_hot(side: IntArray, known: BoolArray, level: FloatArray) -> csr_array:
    """(rows, values) the level of each row's value."""
    rows = np.flatnonzero(known)
    return csr_array((level[side[known]], (rows, side[known])), shape=(side.size, level.size))
