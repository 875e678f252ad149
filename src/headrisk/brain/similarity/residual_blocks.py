"""Residual correlation of any block of pairs, for data sets too large for all pairs at once.

The prepared images lie in files; what a pair's mean leaves out (see ``residual``) is put together
from the people's means block by block. Search uses the same function for what it compares in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headrisk.brain.similarity.correlation import FLAT
from headrisk.brain.similarity.products import Prepare, without
from headrisk.brain.similarity.registry import Reference, in_blocks
from headrisk.brain.similarity.residual import ENOUGH_PEOPLE
from headrisk.brain.similarity.self_similarity import describe, reference_direction
from headrisk.errors import InputError
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

STEP = 64  # images prepared at a time
ROUNDING = 1e-4  # of a residual correlation, against the correlation of the same vectors


@dataclass(frozen=True)
class ResidualBlocks:
    """Prepared images of both sides, and the means of the gallery's people.

    ``probes``, ``gallery`` and ``people`` have the mean of people as their origin, except where
    ``people`` is None because the gallery has too few. ``first`` is each gallery image's person
    and ``place`` each probe's (as positions in ``people``, -1 for somebody who is not there).
    """

    probes: Float32Array
    gallery: Float32Array
    people: Float32Array | None
    first: IntArray
    place: IntArray
    note: str

    def score(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """(rows, columns) residual correlations."""
        a, b = self.probes[rows], self.gallery[columns]
        cross = _product(a, b)
        if self.people is None:
            return _quotient(cross, _squares(a)[:, None], _squares(b), (0.0, 0.0))
        weight = 1 / (len(self.people) - 2)
        own = self.people[self.first[columns]]
        following = self.people[(self.first[columns] + 1) % len(self.people)]
        a_v, b_v, v_v = _left_out(a, b, own + following)
        enrolled = np.flatnonzero(self.place[rows] >= 0)
        if enrolled.size:
            probe = self.people[self.place[rows[enrolled]]]
            other = self.place[rows[enrolled]][:, None] != self.first[columns]
            for table, exact in zip(
                (a_v, b_v, v_v), _pair_left_out(a[enrolled], b, own, probe), strict=True
            ):
                table[enrolled] = np.where(other, exact, table[enrolled])
        a_a, b_b = _squares(a)[:, None], _squares(b)
        shared = weight**2 * v_v
        product = cross + weight * (a_v + b_v) + shared
        square_a = a_a + 2 * weight * a_v + shared
        square_b = b_b + 2 * weight * b_v + shared
        return _quotient(product, square_a, square_b, (FLAT * a_a, FLAT * b_b))

    def slack(self) -> float:
        """How far a score can lie from the plain correlation of the same two vectors.

        Leaving two people out moves each vector by at most ``weight`` times two means, so its
        direction turns by an angle whose sine is that over its length; a cosine changes by no more
        than the angles do.
        """
        if self.people is None:
            return ROUNDING
        reach = 2 * max(_lengths(self.people)) / (len(self.people) - 2)
        shortest = [min(_lengths(side)) for side in (self.probes, self.gallery)]
        if min(shortest) <= 2 * reach:
            return 2.0
        return float(sum(np.arcsin(reach / length) for length in shortest)) + ROUNDING


@in_blocks("residual-correlation")
def residual_blocks(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    grid: Grid,
    reference: Reference | None,
    folder: Path,
) -> ResidualBlocks:
    """Prepare both sides for residual correlation of blocks; files go into ``folder``."""
    directions = None if reference is None else reference.fit_for(grid).directions
    sides = (probes, gallery, probe_person, gallery_person)
    return blocks_of(
        *sides, lambda v: without(v, directions), folder, referenced=reference is not None
    )


@in_blocks("self-similarity")
def self_similarity_blocks(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    grid: Grid,
    reference: Reference | None,
    folder: Path,
) -> ResidualBlocks:
    """Prepare both sides for self-similarity of blocks; files go into ``folder``."""
    directions = None if reference is None else reference_direction(reference.fit_for(grid), grid)

    def prepare(vectors: Float32Array) -> Float32Array:
        return without(describe(vectors, grid), directions)

    sides = (probes, gallery, probe_person, gallery_person)
    return blocks_of(*sides, prepare, folder, referenced=reference is not None)


def blocks_of(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    prepare: Prepare,
    folder: Path,
    *,
    referenced: bool,
) -> ResidualBlocks:
    """Prepare every image into a file, and take the mean of people as the origin.

    Raises
    ------
    InputError
        The gallery has too few people to be compared in blocks without a reference.
    """
    numbers, first = np.unique(gallery_person, return_inverse=True)
    if not referenced and len(numbers) < ENOUGH_PEOPLE:
        raise InputError(
            "residual correlation in blocks",
            found=f"{len(numbers)} people in the gallery and no reference brain",
            expected=f"a reference brain or at least {ENOUGH_PEOPLE} people",
        )
    b = _prepared(gallery, prepare, folder / "gallery.npy")
    a = b if probes is gallery else _prepared(probes, prepare, folder / "probes.npy")
    place = np.searchsorted(numbers, probe_person)
    place = np.where(np.isin(probe_person, numbers), place, -1)
    kind = "shipped reference brain"
    if len(numbers) < ENOUGH_PEOPLE:
        text = f"{kind} ({len(numbers)} gallery people are fewer than {ENOUGH_PEOPLE})"
        return ResidualBlocks(a, b, None, first, place, text)
    people = _means(b, first, len(numbers), folder / "people.npy")
    origin = people.mean(axis=0, dtype=np.float64).astype(np.float32)
    for side in (b, people) if a is b else (a, b, people):
        for part in _steps(len(side)):
            side[part] -= origin
    text = f"mean of the gallery ({len(numbers)} people, two left out for each pair)"
    return ResidualBlocks(a, b, people, first, place, f"{kind} and {text}" if referenced else text)


def _prepared(images: Float32Array, prepare: Prepare, path: Path) -> Float32Array:
    width = prepare(np.asarray(images[:1])).shape[1]
    out: Float32Array = np.lib.format.open_memmap(path, "w+", np.float32, (len(images), width))
    for part in _steps(len(images)):
        out[part] = prepare(np.asarray(images[part]))
    return out


def _means(images: Float32Array, person: IntArray, people: int, path: Path) -> Float32Array:
    """(people, values) mean image of each person."""
    shape = (people, images.shape[1])
    out: Float32Array = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    order = np.argsort(person, kind="stable")
    cuts = np.flatnonzero(np.diff(person[order])) + 1
    for number, places in enumerate(np.split(order, cuts)):
        out[number] = images[places].mean(axis=0, dtype=np.float64)
    return out


def _left_out(
    a: Float32Array, b: Float32Array, v: Float32Array
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Products of both images with the sum v of the two people left out, one v per column."""
    shape = (len(a), len(b))
    b_v, v_v = (np.vecdot(x, v).astype(np.float64) for x in (b, v))
    return _product(a, v), np.broadcast_to(b_v, shape).copy(), np.broadcast_to(v_v, shape).copy()


def _pair_left_out(
    a: Float32Array, b: Float32Array, own: Float32Array, probe: Float32Array
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same where the two are the people of the pair: the column's and the row's."""
    a_v = _product(a, own) + np.vecdot(a, probe)[:, None]
    b_v = _product(probe, b) + np.vecdot(b, own)
    v_v = 2 * _product(probe, own) + np.vecdot(own, own) + np.vecdot(probe, probe)[:, None]
    return a_v, b_v, v_v


def _product(a: Float32Array, b: Float32Array) -> FloatArray:
    return (a @ b.T).astype(np.float64)


def _squares(a: Float32Array) -> FloatArray:
    return np.asarray(np.vecdot(a, a), np.float64)


def _quotient(
    product: FloatArray,
    square_a: FloatArray,
    square_b: FloatArray,
    floor: tuple[FloatArray | float, FloatArray | float],
) -> FloatArray:
    flat = (square_a <= floor[0]) | (square_b <= floor[1])
    scale = np.sqrt(np.where(flat, 1, square_a) * np.where(flat, 1, square_b))
    return np.clip(np.where(flat, 0, product / scale), -1, 1)


def _lengths(images: Float32Array) -> Iterator[float]:
    for part in _steps(len(images)):
        yield from np.sqrt(_squares(images[part])).tolist()


def _steps(count: int) -> Iterator[slice]:
    for start in range(0, count, STEP):
        yield slice(start, start + STEP)
