"""Putting measurements on one scale: head size, robust scaling, and two pipelines beside another.

A pipeline's version shifts and stretches each regional measurement in its own way (Gronenschild
et al. 2012, PLoS ONE 7:e38234), so a table made by another version is matched column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from headrisk.settings import TableMatch, TableSize
from headrisk.table.features import Kind
from headrisk.types import MAD_TO_SD, BoolArray, FloatArray

LIMIT = 6.0  # scaled values are cut here, so that one odd region does not outweigh all others
_SKEWED = 0.2  # an exponential distribution has 0.47
_FEWEST_ROWS = 10  # to tell the shape or the place of a column
_APART = 0.5  # in standard deviations
_POWERS: dict[str, float] = {"volume": 1.0, "area": 2 / 3}

Matching = Literal["none", "scale", "quantile", "rank"]


def head_size(values: FloatArray, kinds: Sequence[Kind], keys: Sequence[str]) -> FloatArray:
    """Each row's head size relative to the middle one, by the intracranial volume if it is there.

    Where it is missing: the sum of the row's volumes over the sum of their medians. NaN where a
    row has no volume at all.
    """
    volumes = [k for k, kind in enumerate(kinds) if kind == "volume"]
    part = values[:, volumes]
    middle = np.array([np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else 0 for c in part.T])
    known = np.isfinite(part)
    expected = (known * middle).sum(axis=1) if volumes else np.zeros(len(values))
    total = np.where(known, part, 0).sum(axis=1)
    size = np.full(len(values), np.nan)
    np.divide(total, expected, out=size, where=expected > 0)
    if "etiv" in keys:
        etiv = values[:, list(keys).index("etiv")]
        if np.isfinite(etiv).any():
            size = np.where(np.isfinite(etiv), etiv / np.median(etiv[np.isfinite(etiv)]), size)
    return size


def without_size(
    values: FloatArray, kinds: Sequence[Kind], keys: Sequence[str], how: TableSize
) -> FloatArray:
    """Divide volumes by head size and areas by its power 2/3; thickness is left as it is.

    ``how`` is ``etiv``, ``total`` (the sum of volumes even where the intracranial volume is
    there) or ``none``.
    """
    if how == "none":
        return values
    names = list(keys) if how == "etiv" else ["" for _ in keys]
    size = head_size(values, kinds, names)
    powers = np.array([_POWERS.get(kind, 0.0) for kind in kinds])
    return np.asarray(values / np.where(np.isfinite(size), size, 1.0)[:, None] ** powers)


def logarithms(*tables: FloatArray) -> tuple[FloatArray, ...]:
    """The tables with logarithms in place of columns that are clearly skewed and positive in all.

    Volumes of lesions and concentrations vary by factors. A column is taken as such where its
    logarithms are less than half as skewed; skewness is how far the middle lies off halfway between
    the tenth and the ninetieth percentile (Hinkley 1975, Biometrika 62:101-111), in parts of half
    their distance. At least 10 rows must tell in each table.
    """
    out = [table.copy() for table in tables]
    for k in range(tables[0].shape[1]):
        columns = [table[np.isfinite(table[:, k]), k] for table in tables]
        if any(column.size < _FEWEST_ROWS or column.min() <= 0 for column in columns):
            continue
        plain = sum(abs(_skewness(column)) for column in columns) / len(columns)
        logs = sum(abs(_skewness(np.log(column))) for column in columns) / len(columns)
        if plain > _SKEWED and logs < plain / 2:
            for table in out:
                table[:, k] = np.log(table[:, k])
    return tuple(out)


def _skewness(column: FloatArray) -> float:
    low, middle, high = np.quantile(column, (0.1, 0.5, 0.9))
    return float((low + high - 2 * middle) / (high - low)) if high > low else 0.0


def centre_and_spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and robust standard deviation of each column, missing values left out.

    The spread is 1.4826 times the median absolute deviation; where more than half of the values
    are equal, the standard deviation; 1 for a constant column.
    """
    centre, spread = np.zeros(values.shape[1]), np.ones(values.shape[1])
    for k, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if not known.size:
            continue
        centre[k] = np.median(known)
        deviation = MAD_TO_SD * float(np.median(np.abs(known - centre[k])))
        spread[k] = deviation or float(np.std(known)) or 1.0
    return centre, spread


def scaled(values: FloatArray, centre: FloatArray, spread: FloatArray) -> FloatArray:
    """Robust z values, cut at +-6; NaN stays NaN."""
    return np.asarray(np.clip((values - centre) / spread, -LIMIT, LIMIT))


def scaled_within(values: FloatArray, sessions: Sequence[str]) -> FloatArray:
    """Scaled values of one table: by all rows, or by those of each session where sessions differ.

    Another scanner or protocol in the second wave shifts every column, and whoever holds the table
    sees it. Sessions are told apart where two that have 10 rows each differ in the middle column by
    half of the spread within them and by what few rows may differ by chance, 2 / root rows; then
    every session with 10 rows has its own scale.
    """
    labels = np.array(sessions, dtype=np.str_)
    groups = [np.flatnonzero(labels == one) for one in np.unique(labels)]
    large = [rows for rows in groups if rows.size >= _FEWEST_ROWS]
    own = [centre_and_spread(values[rows]) for rows in large]
    apart = any(
        _apart(own[k], own[j]) > _APART + 2 / np.sqrt(min(large[k].size, large[j].size))
        for k in range(len(own))
        for j in range(k)
    )
    out = scaled(values, *centre_and_spread(values))
    if apart:
        for rows, (centre, spread) in zip(large, own, strict=True):
            out[rows] = scaled(values[rows], centre, spread)
    return out


def _apart(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> float:
    """How far the middle column's centres lie apart, in standard deviations."""
    spread = np.sqrt((one[1] ** 2 + other[1] ** 2) / 2)
    return float(np.median(np.abs(one[0] - other[0]) / spread))


def choose_matching(asked: TableMatch, first: str, second: str) -> Matching:
    """How two tables are brought together, from the software that made each.

    Left to itself: nothing where both say that the same software made them; else each by its own
    median and spread. Matching quantiles finds fewer people (docs/tables.md).
    """
    if asked != "auto":
        return asked
    return "none" if first and first == second else "scale"


def match(probe: FloatArray, gallery: FloatArray, how: Matching) -> tuple[FloatArray, FloatArray]:
    """Scaled values of two tables with the same columns.

    Parameters
    ----------
    probe, gallery
        (rows, columns) each, NaN where missing.
    how
        ``none``: both by the gallery's median and spread; ``scale``: each by its own;
        ``quantile``: each probe value is replaced by the gallery's value at the same quantile,
        then both are scaled by the gallery; ``rank``: normal scores of the ranks within each
        table.
    """
    if how == "rank":
        return normal_scores(probe), normal_scores(gallery)
    if how == "scale":
        return scaled(probe, *centre_and_spread(probe)), scaled(
            gallery, *centre_and_spread(gallery)
        )
    if how == "quantile":
        probe = np.column_stack(
            [quantile_map(a, b) for a, b in zip(probe.T, gallery.T, strict=True)]
        )
    by = centre_and_spread(gallery)
    return scaled(probe, *by), scaled(gallery, *by)


def quantile_map(values: FloatArray, target: FloatArray) -> FloatArray:
    """Values of one column replaced by the target's values at the same quantiles."""
    known, there = np.isfinite(values), target[np.isfinite(target)]
    out = np.full(values.shape, np.nan)
    if known.any() and there.size:
        place = (rankdata(values[known]) - 0.5) / known.sum()
        at = (np.arange(there.size) + 0.5) / there.size
        out[known] = np.interp(place, at, np.sort(there))
    return out


def normal_scores(values: FloatArray) -> FloatArray:
    """Each column's ranks as quantiles of the normal distribution (Blom's 1958 family)."""
    out = np.full(values.shape, np.nan)
    for k, column in enumerate(values.T):
        known: BoolArray = np.isfinite(column)
        if known.any():
            out[known, k] = ndtri((rankdata(column[known]) - 0.5) / known.sum())
    return out
