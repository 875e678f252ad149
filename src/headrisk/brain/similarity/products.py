"""Inner products of every probe with every gallery image, without holding all images prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.correlation import FLAT
from headrisk.types import Float32Array, FloatArray

BLOCK_BYTES = 96 << 20  # memory for the prepared images of one side of a block
FEW = 8  # images prepared in one call

Prepare = Callable[[Float32Array], Float32Array]


@dataclass(frozen=True)
class Products:
    """Inner products of prepared images, in double precision.

    Attributes
    ----------
    cross
        (p, g) of probes with gallery images.
    probe_square, gallery_square
        (p,) and (g,) of each image with itself.
    gallery
        (g, g) of gallery images with one another, or None where nobody asked for them.
    """

    cross: FloatArray
    probe_square: FloatArray
    gallery_square: FloatArray
    gallery: FloatArray | None


def inner_products(
    probes: Float32Array,
    gallery: Float32Array,
    prepare: Prepare,
    *,
    step: int,
    within_gallery: bool,
) -> Products:
    """Prepare images ``step`` at a time and multiply every block with every other.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels); the same object where a list is compared with itself.
    prepare
        (n, voxels) fingerprints to the (n, values) float32 vectors to be multiplied. It must treat
        each image on its own. At most two blocks are held prepared at a time.
    within_gallery
        Also multiply gallery images with one another.
    """
    itself = probes is gallery
    cross = np.empty((len(probes), len(gallery)))
    probe_square, gallery_square = np.zeros(len(probes)), np.zeros(len(gallery))
    among = cross if itself else np.empty((len(gallery),) * 2) if within_gallery else None
    for j in range(0, len(gallery), step):
        columns = slice(j, j + step)
        b = _prepare_rows(gallery[columns], prepare)
        gallery_square[columns] = np.vecdot(b, b)
        if among is not None:
            among[columns, columns] = b @ b.T
            for rows, a in _prepared(gallery, prepare, step, first=j + step):
                among[rows, columns] = a @ b.T
                among[columns, rows] = among[rows, columns].T
        if not itself:
            for rows, a in _prepared(probes, prepare, step):
                cross[rows, columns] = a @ b.T
                probe_square[rows] = np.vecdot(a, a)
    return Products(cross, gallery_square if itself else probe_square, gallery_square, among)


def without(vectors: Float32Array, directions: Float32Array | None) -> Float32Array:
    """Vectors less their components along orthonormal directions, and then less their mean.

    ``vectors`` is (n, values), ``directions`` is (k, values) or None. A vector of which no more
    than rounding error is left becomes 0 throughout.
    """
    left = vectors.copy()
    if directions is not None:
        left -= (vectors @ directions.T) @ directions
    left -= left.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return _nothing_as_zero(left, vectors)


def shifted(prepare: Prepare, images: Float32Array) -> Prepare:
    """Prepare with the mean of these prepared images as the origin.

    Inner products then hold little of what all images share, and so lose fewer digits of the
    rest. Only for uses in which the origin drops out.
    """
    origin = _prepare_rows(images, prepare).mean(axis=0)

    def prepare_shifted(vectors: Float32Array) -> Float32Array:
        prepared = prepare(vectors)
        return _nothing_as_zero(prepared - origin, prepared)

    return prepare_shifted


def _nothing_as_zero(left: Float32Array, whole: Float32Array) -> Float32Array:
    """Set rows to 0 that hold no more than the rounding error of what they are the rest of."""
    left[np.vecdot(left, left) <= FLAT**2 * np.vecdot(whole, whole)] = 0
    return left


def _prepared(
    images: Float32Array, prepare: Prepare, step: int, first: int = 0
) -> Iterator[tuple[slice, Float32Array]]:
    """Blocks of images from number ``first`` on, prepared, and where they stand."""
    for i in range(first, len(images), step):
        rows = slice(i, i + step)
        yield rows, _prepare_rows(images[rows], prepare)


def _prepare_rows(images: Float32Array, prepare: Prepare) -> Float32Array:
    """Prepare a few images at a time, so that what preparing needs besides its result is small."""
    first = prepare(np.asarray(images[:FEW]))
    if len(images) <= FEW:
        return first
    out = np.empty((len(images), first.shape[1]), np.float32)
    out[:FEW] = first
    for start in range(FEW, len(images), FEW):
        out[start : start + FEW] = prepare(np.asarray(images[start : start + FEW]))
    return out
