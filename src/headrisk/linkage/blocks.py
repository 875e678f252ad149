"""Cutting a comparison into blocks that can be scored anywhere.

A task names one family of measures and one block of pairs. Fingerprints that lie in a mapped file
travel as a file position, so a task sent to another process carries no voxels.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from headrisk.types import Float32Array, FloatArray, Grid

PREPARED_BYTES = 192 << 20  # memory for one prepared side of a block
LARGEST_BLOCK = 512


@runtime_checkable
class PairMeasures(Protocol):
    """Measures that score a pair from its two images only, computed in one pass."""

    @property
    def names(self) -> tuple[str, ...]:
        """The measures it can compute."""

    @property
    def prepare(self) -> Callable[[Float32Array, Grid], Any]:
        """What is computed once for each image of a block."""

    @property
    def block(self) -> Callable[[Any, Any, Set[str]], dict[str, FloatArray]]:
        """Two prepared blocks to one matrix for each wanted name."""

    @property
    def symmetric(self) -> bool:
        """Whether the score of (a, b) is the score of (b, a)."""

    @property
    def bytes_per_voxel(self) -> int:
        """Memory of one prepared image for each voxel of the fingerprint."""


@dataclass(frozen=True)
class MappedRows:
    """Rows of a ``.npy``-backed array by file position, so that a task carries no voxels."""

    path: Path
    offset: int
    shape: tuple[int, int]

    def read(self) -> Float32Array:
        """The rows as an array in memory."""
        return np.array(np.memmap(self.path, np.float32, "r", offset=self.offset, shape=self.shape))


@dataclass(frozen=True)
class BlockTask:
    """One family on one block of pairs; runs anywhere the family can be imported."""

    family: PairMeasures
    names: frozenset[str]
    grid: Grid
    rows: slice
    columns: slice
    probes: Float32Array | MappedRows
    gallery: Float32Array | MappedRows | None  # None: the probes again


def score_block(task: BlockTask) -> dict[str, FloatArray]:
    """Run one task: one (rows, columns) matrix for each of its measures."""
    a = task.family.prepare(_vectors(task.probes), task.grid)
    b = a if task.gallery is None else task.family.prepare(_vectors(task.gallery), task.grid)
    return task.family.block(a, b, task.names)


def block_tasks(
    probes: Float32Array,
    gallery: Float32Array,
    measures: Mapping[str, PairMeasures],
    grid: Grid,
    block: int | None,
) -> Iterator[BlockTask]:
    """One task for each family and block; for a list against itself the upper triangle only.

    Families that keep most of each image come first: they take longest, and the last task to end
    should be a short one.
    """
    families = {id(found): found for found in measures.values()}
    for found in sorted(families.values(), key=lambda f: -f.bytes_per_voxel):
        names = frozenset(name for name, m in measures.items() if m is found)
        step = block or images_in_block(found, grid)
        for i in range(0, len(probes), step):
            rows = slice(i, min(i + step, len(probes)))
            same = probes is gallery and found.symmetric
            for j in range(i if same else 0, len(gallery), step):
                columns = slice(j, min(j + step, len(gallery)))
                right = None if probes is gallery and i == j else _rows(gallery, columns)
                yield BlockTask(found, names, grid, rows, columns, _rows(probes, rows), right)


def images_in_block(family: PairMeasures, grid: Grid) -> int:
    """Images that a family can hold prepared on one side of a block."""
    fitting = PREPARED_BYTES // max(1, family.bytes_per_voxel * grid.size)
    return int(min(LARGEST_BLOCK, max(1, fitting)))


def _rows(vectors: Float32Array, rows: slice) -> Float32Array | MappedRows:
    """Rows to put into a task: a file position where the array is a whole mapped file."""
    if isinstance(vectors, np.memmap) and isinstance(vectors.base, mmap.mmap):
        voxels = vectors.shape[1]
        offset = int(vectors.offset) + rows.start * voxels * vectors.itemsize
        if vectors.filename is not None and vectors.flags.c_contiguous:
            return MappedRows(Path(vectors.filename), offset, (rows.stop - rows.start, voxels))
    return vectors[rows]


def _vectors(rows: Float32Array | MappedRows) -> Float32Array:
    return rows.read() if isinstance(rows, MappedRows) else np.ascontiguousarray(rows)
