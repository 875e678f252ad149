"""A short description of every gallery vector, from which its correlation can be bounded.

Two descriptions stand beside each vector, both with the exact length of what they leave out.

**Coarse**: the vector's means over cells of neighbouring values (a fingerprint of 4 mm seen at
8 mm), scaled so that they are coordinates in an orthonormal basis, with 4 bits each. For unit
vectors a and b with coordinates p and r, rests f and e, and q the rounded r, the Cauchy-Schwarz
inequality gives

    <a, b> = <p, q> + <p, r - q> + <f, e> <= <p, q> + |p| |r - q| + |f| |e|.

**Fine**: all values in 8 bits. With q the rounded vector, <a, b> <= <a, q> + |b - q|, which lies
about 0.01 above the truth whatever the data look like. A projection cannot do that: the spectrum of
residual fingerprints is nearly flat, so that half of their energy needs thousands of directions.

Neither bound can lie below the value that is computed in full: all errors of floating-point
arithmetic are bounded as well, by n u / (1 - n u) on an inner product of n terms (Higham 2002,
Accuracy and Stability of Numerical Algorithms, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from headrisk.errors import InputError
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

NIBBLE = 15  # largest 4-bit number; the middle of its range stands for 0
SPREAD = 0.335  # step over standard deviation: least error of 16 steps on normal values (Max 1960)
BYTE = 127
UNIT_ROUNDOFF = 2.0**-24  # of float32
TINY = 1e-6  # covers roundings that do not grow with the number of values
STEP = 2048  # gallery vectors that are checked at a time
BATCH = 16  # gallery vectors that are described or compared at a time: what caches hold
RUN = 8  # neighbouring values of a cell where nobody says what the cells are

Codes = NDArray[np.uint8]
Bytes = NDArray[np.int8]
Weights = tuple[Float32Array, Float32Array]
Vectors = NDArray[Any]


@dataclass(frozen=True)
class Coarse:
    """Coordinates of cells.

    Attributes
    ----------
    codes
        (gallery, half) uint8: two coordinates in a byte, coordinate k in the low half of byte k,
        coordinate half + k in the high one.
    step
        (gallery,) float32; a coordinate is step times (code less 7.5).
    leak, rest
        (gallery,) float32, upper bounds of what rounding loses (for a probe of length 1 within the
        cells' means) and of the length of what the means leave out.
    """

    codes: Codes
    step: Float32Array
    leak: Float32Array
    rest: Float32Array


@dataclass(frozen=True)
class Fine:
    """All values in a byte each: ``codes`` (gallery, values), ``step`` and ``error`` (gallery,).

    ``error`` is an upper bound of the length of what rounding loses.
    """

    codes: Bytes
    step: Float32Array
    error: Float32Array


@dataclass(frozen=True)
class SearchIndex:
    """A gallery that can be searched; make one with :func:`build_index`.

    Attributes
    ----------
    vectors
        (gallery, values) float32 or float16, in memory or memory-mapped.
    norms
        (gallery,) length of each vector.
    means
        (2 half, values) sparse: a vector's coordinates in the orthonormal basis of cells.
    coarse, fine
        What is known of each vector.
    """

    vectors: Vectors
    norms: FloatArray
    means: csr_array
    coarse: Coarse
    fine: Fine


def build_index(
    vectors: Vectors,
    *,
    cells: IntArray | None = None,
    folder: Path | None = None,
    threads: int = 1,
) -> SearchIndex:
    """Describe every vector of a gallery.

    Parameters
    ----------
    vectors
        (gallery, values) float32 or float16, in memory or memory-mapped; read once, in order.
    cells
        (values,) the cell of each value, numbered from 0. It decides how much is passed over,
        never what is found. Runs of neighbouring values if None.
    folder
        Where the descriptions are kept as memory-mapped files; in memory if None.
    threads
        Threads that share the work; they do not change the result.

    Raises
    ------
    InputError
        An array is empty or of another shape or type, or holds values that are not finite.
    """
    if cells is None:
        cells = np.arange(vectors.shape[-1], dtype=np.int64) // RUN
    _check(vectors, cells)
    index = _empty(vectors, _means(cells), folder)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda rows: _describe(index, rows), steps(len(vectors), BATCH)))
    return index


def coarse_cells(grid: Grid) -> IntArray:
    """The cell of 2 x 2 x 2 voxels in which each voxel of a grid's mask lies."""
    places = np.argwhere(grid.mask) // 2
    number = np.ravel_multi_index(tuple(places.T), tuple(places.max(axis=0) + 1))
    cells: IntArray = np.unique(number, return_inverse=True)[1].astype(np.int64)
    return cells


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


def sum_error(terms: int) -> float:
    """Bound of the error of a float32 inner product, over the product of the lengths."""
    return (terms + 8) * UNIT_ROUNDOFF / (1 - (terms + 8) * UNIT_ROUNDOFF)


def coordinates(index: SearchIndex, units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n, 2 half) coordinates of unit vectors, and the length of what they leave out."""
    inside: FloatArray = np.ascontiguousarray((index.means @ units.T).T)
    left = np.vecdot(units, units) - np.vecdot(inside, inside)
    return inside, np.sqrt(np.maximum(left, 0) + 1e-9)


def code_weights(numbers: FloatArray) -> Weights:
    """What :func:`code_products` multiplies, from (probes, 2 half) coordinates.

    A byte holds l + 16 h, and p l + r h = (p - r / 16) l + (r / 16) (l + 16 h): bytes are
    multiplied as they are, and only one of the two numbers has to be taken out of them.
    """
    half = numbers.shape[1] // 2
    whole = numbers[:, half:] / (NIBBLE + 1)
    return (numbers[:, :half] - whole).astype(np.float32), whole.astype(np.float32)


def code_products(weights: Weights, codes: Codes, out: Float32Array, room: Codes) -> Float32Array:
    """(probes, n) products of coordinates with codes; ``out`` and ``room`` (n, half) are used."""
    low, whole = weights
    rows = len(codes)
    out[:rows] = codes
    products: Float32Array = whole @ out[:rows].T
    np.bitwise_and(codes, NIBBLE, out=room[:rows])
    out[:rows] = room[:rows]
    products += low @ out[:rows].T
    return products


def exact_scores(index: SearchIndex, probe: FloatArray, rows: IntArray) -> FloatArray:
    """Correlation of one unit vector with gallery vectors, in full and in double precision.

    Every row is computed on its own, so a score does not depend on which others are asked for.
    """
    found = np.empty(len(rows))
    for part in steps(len(rows), BATCH):
        wide = np.ascontiguousarray(index.vectors[rows[part]], np.float64)
        norms = index.norms[rows[part]]
        product = np.vecdot(wide, probe)
        found[part] = np.divide(product, norms, out=np.zeros(len(wide)), where=norms > 0)
    return found


def _check(vectors: Vectors, cells: IntArray) -> None:
    if vectors.ndim != 2 or not vectors.size or vectors.dtype not in (np.float32, np.float16):
        raise InputError(
            "search: gallery",
            found=f"an array of shape {vectors.shape}, {vectors.dtype}",
            expected="(scans, values) of float32 or float16, with at least one of each",
        )
    if cells.shape != vectors.shape[1:] or cells.min() < 0:
        raise InputError(
            "search: cells",
            found=f"shape {cells.shape}, smallest {cells.min(initial=0)}",
            expected=f"({vectors.shape[1]},), numbered from 0",
        )


def _means(cells: IntArray) -> csr_array:
    """Sums over cells, over the root of their sizes; a row of zeros makes the number even."""
    count = int(cells.max()) + 1
    weight = 1 / np.sqrt(np.bincount(cells))[cells]
    shape = (count + count % 2, len(cells))
    return csr_array((weight, (cells, np.arange(len(cells)))), shape=shape)


def _empty(vectors: Vectors, means: csr_array, folder: Path | None) -> SearchIndex:
    count, values = vectors.shape

    def room(name: str, width: int, kind: type) -> NDArray[Any]:
        if folder is None:
            return np.zeros((count, width), kind)
        return np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (count, width))

    numbers = iter(np.zeros((5, count), np.float32))
    return SearchIndex(
        vectors,
        np.zeros(count),
        means,
        Coarse(
            room("coarse", means.shape[0] // 2, np.uint8),
            next(numbers),
            next(numbers),
            next(numbers),
        ),
        Fine(room("fine", values, np.int8), next(numbers), next(numbers)),
    )


def _describe(index: SearchIndex, rows: slice) -> None:
    """Fill in codes and bounds of some gallery vectors."""
    raw = np.asarray(index.vectors[rows], np.float64)
    norms = row_norms(raw)
    if not np.isfinite(norms).all():
        raise InputError(
            "search: gallery",
            found="values that are not finite",
            expected="finite values",
            remedy="Prepare those scans again or leave them out.",
        )
    index.norms[rows] = norms
    units = unit_rows(raw, norms)
    _describe_coarsely(index, rows, units)
    _describe_finely(index.fine, rows, units.astype(np.float32))


def _describe_coarsely(index: SearchIndex, rows: slice, units: FloatArray) -> None:
    coarse = index.coarse
    inside, rest = coordinates(index, units)
    numbers, half = inside.shape[1], inside.shape[1] // 2
    step = (SPREAD * np.sqrt(np.vecdot(inside, inside) / numbers)).astype(np.float32)
    scaled = inside / np.where(step > 0, step, 1)[:, None]
    codes = np.clip(np.rint(scaled + NIBBLE / 2), 0, NIBBLE)
    lost = inside - step[:, None] * (codes - NIBBLE / 2)
    whole = codes.astype(np.uint8)
    coarse.codes[rows] = whole[:, :half] | (whole[:, half:] << 4)
    coarse.step[rows] = step
    # |p| |q| of the arithmetic's bound: bytes up to 255 beside r / 16 and codes up to 15 beside
    # p - r / 16, together below 16 |p|, and 7.5 times the sum of p
    arithmetic = 1.6 * NIBBLE * np.sqrt(numbers) * step * sum_error(numbers)
    coarse.leak[rows] = _upward(np.sqrt(np.vecdot(lost, lost)) + arithmetic + TINY)
    coarse.rest[rows] = _upward(rest)


def _describe_finely(fine: Fine, rows: slice, units: Float32Array) -> None:
    """In float32, whose roundings are added to the error."""
    step = np.abs(units).max(axis=1) / np.float32(BYTE)
    codes = np.rint(units / np.where(step > 0, step, np.float32(1))[:, None])
    fine.codes[rows] = np.clip(codes, -BYTE, BYTE, out=codes)
    fine.step[rows] = step
    units -= codes * step[:, None]
    length = np.sqrt(np.vecdot(units, units)).astype(np.float64)
    off = sum_error(units.shape[1])
    fine.error[rows] = _upward(length * (1 + off) + off * (1 + length) + TINY)


def _upward(values: FloatArray) -> Float32Array:
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
