"""Tables of connectivity: a column for each pair of regions, so a row is a symmetric matrix.

Correlation matrices do not lie in a flat space: entries hang together, as the matrix has no
negative eigenvalue. Matrix logarithms do (log-Euclidean metric, Arsigny et al. 2006, Magn Reson
Med 56:411-421), and people are found more often by distances that respect this, if the identity is
added first, as few time points leave eigenvalues near zero (Abbas et al. 2021, Brain Connectivity
11:333-348).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.types import FloatArray, IntArray

FEWEST_REGIONS = 5
ADDED = 1.0  # times the identity
LARGEST_Z = 5.0  # of a correlation after Fisher's transformation: r = 0.9999
_PRESENT = 0.9  # share of all pairs of regions that must have a column
_FLOOR = 1e-3  # smallest eigenvalue of what the logarithm is taken of
_SEPARATORS = ("--", "__", "->", "~", "|", ":", "/", "-", "_", ".", " ")


@dataclass(frozen=True)
class Regions:
    """How many regions there are, and (columns,) which two of them each column is of."""

    number: int
    first: IntArray
    second: IntArray


def pairs_of_regions(names: Sequence[str]) -> Regions | None:
    """Recognise columns that are the pairs of some regions, each pair once.

    Names are two regions with a separator between them, after a beginning that all may share
    (``c01_02``, ``fc~lh_insula~rh_insula``), or numbers in order, which are taken for the rows of
    an upper triangle. None for other columns.

    >>> found = pairs_of_regions([f"r{i}_r{j}" for i in range(6) for j in range(i + 1, 6)])
    >>> found.number, found.first[:3].tolist(), found.second[:3].tolist()
    (6, [0, 0, 0], [1, 2, 3])
    """
    if len(names) < FEWEST_REGIONS * (FEWEST_REGIONS - 1) // 2:
        return None
    shared = _shared_beginning(names)
    while shared and names[0][shared - 1].isalnum() and not names[0][shared - 1].isalpha():
        shared -= 1  # digits belong to a region's number
    for begin in dict.fromkeys((0, shared)):
        rest = [name[begin:] for name in names]
        for separator in _SEPARATORS:
            halves = [_halved(name, separator) for name in rest]
            found = _regions([half for half in halves if half is not None])
            if found is not None and len(found.first) == len(names):
                return found
    return _numbered([name[shared:] for name in names])


def _shared_beginning(names: Sequence[str]) -> int:
    """How many characters all names begin with."""
    least, most = min(names), max(names)
    unlike = (k for k, one in enumerate(least) if most[k : k + 1] != one)
    return next(unlike, len(least))


def _halved(name: str, separator: str) -> tuple[str, str] | None:
    """The parts before and after the middle one of an odd number of separators."""
    parts = name.split(separator)
    if len(parts) % 2 or len(parts) < 2:
        return None
    middle = len(parts) // 2
    one, two = separator.join(parts[:middle]), separator.join(parts[middle:])
    return (one, two) if one and two else None


def _regions(pairs: Sequence[tuple[str, str]]) -> Regions | None:
    names = sorted({name for pair in pairs for name in pair}, key=_natural)
    number = len(names)
    distinct = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    possible = number * (number - 1) // 2
    if number < FEWEST_REGIONS or len(distinct) < _PRESENT * possible:
        return None
    if sum(one != two for one, two in pairs) != len(distinct):
        return None  # a pair stands twice: the matrix is not symmetric
    place = {name: k for k, name in enumerate(names)}
    first, second = np.array([[place[one], place[two]] for one, two in pairs], dtype=np.int64).T
    return Regions(number, first, second)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts numbers in names by size."""
    return tuple((len(part), part) for part in re.split(r"(\d+)", name))


def _numbered(names: Sequence[str]) -> Regions | None:
    """Columns that are numbered in order, of which there are as many as pairs of some regions."""
    number = round((1 + np.sqrt(1 + 8 * len(names))) / 2)
    if number < FEWEST_REGIONS or number * (number - 1) // 2 != len(names):
        return None
    if not all(name.isdecimal() for name in names):
        return None
    values = [int(name) for name in names]
    if values[0] not in (0, 1) or values != list(range(values[0], values[0] + len(values))):
        return None
    first, second = np.triu_indices(number, 1)
    return Regions(int(number), first.astype(np.int64), second.astype(np.int64))


def matrix_logarithms(rows: FloatArray, regions: Regions) -> FloatArray | None:
    """(rows, entries) logarithm of each row's correlation matrix with the identity added.

    Fisher's z becomes a correlation again; a missing entry counts as none. Entries off the diagonal
    stand twice in a matrix, so they are multiplied by the root of two: distances of rows are those
    of matrices. None where the values are neither correlations nor Fisher's z.
    """
    largest = float(np.nanmax(np.abs(rows), initial=0.0))
    if not 0 < largest <= LARGEST_Z or not (rows < 0).any():
        return None
    values = np.where(np.isfinite(rows), rows, 0.0)
    if largest > 1 + 1e-6:
        values = np.tanh(values)
    row, column = np.triu_indices(regions.number)
    weight = np.where(row == column, 1.0, np.sqrt(2.0))
    found = np.empty((len(rows), row.size))
    for place, entries in enumerate(values):
        matrix = np.zeros((regions.number, regions.number))
        matrix[regions.first, regions.second] = entries
        matrix[regions.second, regions.first] = entries
        np.fill_diagonal(matrix, 1.0 + ADDED)
        size, vectors = np.linalg.eigh(matrix)
        logarithm = (vectors * np.log(np.maximum(size, _FLOOR))) @ vectors.T
        found[place] = weight * logarithm[row, column]
    return found
