"""A short description of every gallery vector, from which its correlation can be bounded.

Each unit vector b of the gallery is written as ``U' q + e``: its coordinates in an orthogonal
basis, rounded to 16-bit fixed point, and the rest. Only q, an upper bound of |e| and one of |U e|
(what rounding leaves inside the basis) are kept in memory. For a unit vector a with coordinates
p = U a and rest f, the Cauchy-Schwarz inequality gives

    <a, b> <= <p, q> + |p| |U e| + |f| |e|,

whatever the basis and however coarse the rounding: the identity <a, b> = <U a, q> + <a, e> needs
no orthogonality. All errors of floating-point arithmetic are bounded too, by the standard bound
n u / (1 - n u) on an inner product of n terms (Higham 2002, Accuracy and Stability of Numerical
Algorithms, section 3.1), so a bound is never below the value that is computed in full.

Coordinates come in levels: the first few are looked at for the whole gallery, the next ones only
where the first did not settle the matter. The basis holds the principal directions of a sample of
the gallery; it decides how much is pruned, never what is found. Fixed point takes the place of
float16 because NumPy reads it five times as fast at the same size and accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import InputError, UsageError
from headrisk.types import Float32Array, FloatArray, IntArray

NUMBERS = (256, 1024)  # coordinates known after each level
SAMPLE = 4096  # gallery vectors that the basis is fitted to, at most
SCALE = 32767.0  # a coordinate of 1 as a whole number of 16 bits
UNIT_ROUNDOFF = 2.0**-24  # of float32
PIECE = 512  # terms summed in float32 before the sum moves to float64
STEP = 2048  # gallery vectors read at a time

Codes = NDArray[np.int16]
Vectors = NDArray[Any]


@dataclass(frozen=True)
class Level:
    """Coordinates that one level adds, and the bounds once they are known.

    Attributes
    ----------
    codes
        (gallery, numbers) int16, coordinates times ``SCALE``.
    rest, leak
        (gallery,) float32, upper bounds of |e| and of |U e| with all levels up to this one.
    margin
        Bound of the arithmetic's error in an inner product up to this level.
    """

    codes: Codes
    rest: Float32Array
    leak: Float32Array
    margin: float


@dataclass(frozen=True)
class SearchIndex:
    """A gallery that can be searched; make one with :func:`build_index`.

    Attributes
    ----------
    vectors
        (gallery, values) float32 or float16, in memory or memory-mapped.
    norms
        (gallery,) length of each vector.
    basis
        (numbers, values) float32, nearly orthonormal.
    skew
        Spectral norm of ``basis @ basis.T`` less the identity.
    levels
        What is known of each vector, coarse to fine.
    """

    vectors: Vectors
    norms: FloatArray
    basis: Float32Array
    skew: float
    levels: tuple[Level, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Coordinates known after each level."""
        return tuple(int(n) for n in np.cumsum([level.codes.shape[1] for level in self.levels]))


def build_index(
    vectors: Vectors, *, numbers: Sequence[int] = NUMBERS, folder: Path | None = None
) -> SearchIndex:
    """Describe every vector of a gallery.

    Parameters
    ----------
    vectors
        (gallery, values) float32 or float16, in memory or memory-mapped; read twice, in order.
    numbers
        Coordinates known after each level, rising; fewer where the gallery cannot fill them.
    folder
        Where the coordinates are kept as memory-mapped files; in memory if None.

    Raises
    ------
    InputError
        The array is empty or of another shape or type, or holds values that are not finite.
    UsageError
        ``numbers`` does not rise from 1 or more.
    """
    _check(vectors, numbers)
    basis = _principal_directions(vectors, numbers[-1])
    known = [n for n in numbers if n < len(basis)] + [len(basis)]
    wide = basis.astype(np.float64)
    skew = float(np.linalg.norm(wide @ wide.T - np.eye(len(basis)), 2)) + 1e-12
    index = _empty(vectors, basis, skew, known, folder)
    for rows in steps(len(vectors)):
        _describe(index, rows)
    return index


def steps(count: int, step: int = STEP) -> Iterator[slice]:
    """Consecutive slices that cover ``count`` rows."""
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def unit_rows(vectors: Vectors, norms: FloatArray) -> FloatArray:
    """Rows over their lengths in double precision; 0 where the length is 0."""
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    return np.asarray(vectors, np.float64) * scale[:, None]


def row_norms(vectors: Vectors) -> FloatArray:
    """Length of each row in double precision, whichever rows stand beside it."""
    wide = np.ascontiguousarray(vectors, np.float64)
    lengths: FloatArray = np.sqrt(np.vecdot(wide, wide))
    return lengths


def coordinates(rows: FloatArray, basis: Float32Array) -> tuple[FloatArray, float]:
    """Coordinates of unit vectors, and a bound of the error in each one.

    A few hundred products are summed in float32, these sums in float64.
    """
    found = np.zeros((len(rows), len(basis)))
    short = rows.astype(np.float32)
    for start in range(0, basis.shape[1], PIECE):
        part = slice(start, start + PIECE)
        found += short[:, part] @ basis[:, part].T
    return found, (PIECE + 4) * UNIT_ROUNDOFF * 1.001


def _check(vectors: Vectors, numbers: Sequence[int]) -> None:
    rising = len(numbers) > 0 and numbers[0] >= 1
    if not rising or any(a >= b for a, b in pairwise(numbers)):
        raise UsageError(
            "search: numbers of each level",
            found=str(tuple(numbers)),
            expected="whole numbers that rise from 1 or more",
        )
    if vectors.ndim != 2 or not vectors.size or vectors.dtype not in (np.float32, np.float16):
        raise InputError(
            "search: gallery",
            found=f"an array of shape {vectors.shape}, {vectors.dtype}",
            expected="(scans, values) of float32 or float16, with at least one of each",
        )


def _principal_directions(vectors: Vectors, most: int) -> Float32Array:
    """Orthonormal directions that hold most of a sample's energy; rounded to float32.

    The sample is spread evenly over the gallery, so equal galleries give equal directions.
    """
    wanted = min(len(vectors), SAMPLE, max(1024, 2 * most))
    places = np.unique(np.linspace(0, len(vectors) - 1, wanted).astype(np.int64))
    sample = np.asarray(vectors[places], np.float64)
    sample = unit_rows(sample, row_norms(sample))
    if not np.isfinite(sample).all():
        raise _not_finite()
    short = len(sample) <= sample.shape[1]
    moments = sample @ sample.T if short else sample.T @ sample
    energy, turned = np.linalg.eigh(moments)
    order = np.argsort(energy)[::-1][:most]
    order = order[energy[order] > 1e-6 * max(float(energy[-1]), 0.0)]
    if not order.size:  # a sample of zeros: any direction does
        return np.eye(1, sample.shape[1], dtype=np.float32)
    turned = turned[:, order]
    directions = sample.T @ (turned / np.sqrt(energy[order])) if short else turned
    return np.ascontiguousarray(np.linalg.qr(directions)[0].T, np.float32)


def _empty(
    vectors: Vectors, basis: Float32Array, skew: float, known: list[int], folder: Path | None
) -> SearchIndex:
    levels = []
    for place, (before, after) in enumerate(zip([0, *known[:-1]], known, strict=True)):
        shape = (len(vectors), after - before)
        codes: Codes = np.zeros(shape, np.int16) if folder is None else _file(folder, place, shape)
        rest, leak = np.zeros((2, len(vectors)), np.float32)
        levels.append(Level(codes, rest, leak, (after + 8) * 2 * UNIT_ROUNDOFF))
    return SearchIndex(vectors, np.zeros(len(vectors)), basis, skew, tuple(levels))


def _file(folder: Path, place: int, shape: tuple[int, int]) -> Codes:
    path = folder / f"level-{place}.npy"
    codes: Codes = np.lib.format.open_memmap(path, "w+", np.int16, shape)
    return codes


def _describe(index: SearchIndex, rows: slice) -> None:
    """Fill in codes and bounds of some gallery vectors."""
    raw = np.asarray(index.vectors[rows], np.float64)
    norms = row_norms(raw)
    if not np.isfinite(norms).all():
        raise _not_finite()
    index.norms[rows] = norms
    there = norms > 0
    exact, error = coordinates(unit_rows(raw, norms), index.basis)
    codes = np.clip(np.rint(exact * SCALE), -SCALE, SCALE)
    rounded = codes / SCALE
    along, length, off = (np.zeros(len(raw)) for _ in range(3))
    start = 0
    for level in index.levels:
        part = slice(start, start + level.codes.shape[1])
        level.codes[rows] = codes[:, part]
        along += np.vecdot(exact[:, part], rounded[:, part])
        length += np.vecdot(rounded[:, part], rounded[:, part])
        off += np.vecdot(exact[:, part] - rounded[:, part], exact[:, part] - rounded[:, part])
        start = part.stop
        wrong = error * np.sqrt(start)
        square = 1 - 2 * along + length * (1 + index.skew) + 2 * wrong * np.sqrt(length) + 1e-6
        leak = np.sqrt(off) + wrong + index.skew * np.sqrt(length) + 1e-7
        level.rest[rows] = _upward(np.where(there, np.sqrt(np.maximum(square, 0)), 0))
        level.leak[rows] = _upward(np.where(there, leak, 0))


def _upward(values: FloatArray) -> Float32Array:
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))


def _not_finite() -> InputError:
    return InputError(
        "search: gallery",
        found="values that are not finite",
        expected="finite values",
        remedy="Prepare those scans again or leave them out.",
    )


def exact_scores(index: SearchIndex, probe: FloatArray, rows: IntArray) -> FloatArray:
    """Correlation of one unit vector with gallery vectors, in full and in double precision.

    Every row is computed on its own, so a score does not depend on which others are asked for.
    """
    found = np.empty(len(rows))
    for part in steps(len(rows), 256):
        wide = np.ascontiguousarray(index.vectors[rows[part]], np.float64)
        norms = index.norms[rows[part]]
        product = np.vecdot(wide, probe)
        found[part] = np.divide(product, norms, out=np.zeros(len(wide)), where=norms > 0)
    return found
