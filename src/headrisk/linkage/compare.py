"""Compare every probe with every gallery scan, in blocks, with or without keeping all scores.

This stage knows no modality: it is given the measures, cuts the two lists of fingerprints into
blocks, has every family of measures score every block, and puts the results together. Blocks are
independent of each other, so an engine may run them in any number of processes.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from headrisk.errors import InputError, PluginError, UsageError
from headrisk.linkage.large import (
    BlockScores,
    PairSummary,
    Sides,
    meet,
    person_blocks,
    summarise_pairs,
)
from headrisk.run.engine import mapper
from headrisk.run.scratch import WORK, scratch_folder
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid, IntArray, PairScores

# ----------------------------------------------------------------------
# Cutting a comparison into blocks that can be scored anywhere.
#
# A task names one family of measures and one block of pairs. Fingerprints that lie in a mapped file
# travel as a file position, so a task sent to another process carries no voxels.
# ----------------------------------------------------------------------

BlockResult = dict[str, FloatArray] | PluginError
Failures = dict[str, PluginError]
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


def score_block(task: BlockTask) -> BlockResult:
    """Run one task: one (rows, columns) matrix for each of its measures.

    The error of a plug-in is given back and not raised, so that the other measures go on.
    """
    a = task.family.prepare(_vectors(task.probes), task.grid)
    b = a if task.gallery is None else task.family.prepare(_vectors(task.gallery), task.grid)
    try:
        return task.family.block(a, b, task.names)
    except PluginError as error:
        return error


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


# ----------------------------------------------------------------------
# Compare every probe with every gallery scan without keeping all scores.
# ----------------------------------------------------------------------

Stream = Callable[
    [Callable[[BlockTask], BlockResult], Iterator[BlockTask]], Iterator[tuple[int, Any]]
]
Place = tuple[IntArray, IntArray]


@runtime_checkable
class InBlocks(Protocol):
    """A measure that looks at the whole gallery first and then scores any block."""

    @property
    def blocks(self) -> Callable[..., Any] | None:
        """Prepares blocks; None where it cannot."""


def compare_large(
    probes: Float32Array,
    gallery: Float32Array,
    sides: Sides,
    measures: Mapping[str, PairMeasures | InBlocks],
    grid: Grid,
    *,
    folder: Path,
    stream: Stream,
    reference: object | None = None,
    folds: Mapping[str, IntArray | None] | None = None,
    failed: Failures | None = None,
    step: int = LARGEST_BLOCK,
) -> tuple[dict[str, PairSummary], dict[str, str]]:
    """Summaries of all pairs under each measure, and notes on how measures were made.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels) float32 fingerprints; one object twice for a list with itself.
    sides
        Whose they are and which pairs may be compared.
    measures, grid, reference
        As for `headrisk.linkage.compare.compare`.
    folder
        Where measures that look at the whole gallery put what they prepare; removed afterwards.
    stream
        ``stream(function, tasks)`` gives index and result of each task as it ends.
    folds
        See `summarise_pairs`.
    failed
        As for `headrisk.linkage.compare.compare`.
    step
        Scans in a block, about; fewer where a family needs the memory.

    Raises
    ------
    UsageError
        A measure can only be computed for all pairs at once.
    PluginError
        A plug-in failed, and ``failed`` is not given.
    """
    found: dict[str, PairSummary] = {}
    notes: dict[str, str] = {}
    for family in {id(m): m for m in measures.values()}.values():
        names = [name for name, m in measures.items() if m is family]
        if isinstance(family, PairMeasures):
            size = min(step, images_in_block(family, grid))
            meeting, others = _places(sides, size, half=probes is gallery and family.symmetric)
            scored = (
                _scored(family, frozenset(names), grid, probes, gallery, part, stream)
                for part in (meeting, others)
            )
            try:
                found |= summarise_pairs(names, sides, *scored, folds=folds)
            except PluginError as error:
                if failed is None:
                    raise
                failed |= dict.fromkeys(names, error)
            continue
        if family.blocks is None:
            raise UsageError(
                f"measure {names[0]}",
                found=f"{len(probes)} x {len(gallery)} scans, more than fit",
                expected="a measure that can be computed in blocks",
                remedy="Leave it out, or raise the setting most_pairs.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder, WORK) as place:
            people = sides.probe_person, sides.gallery_person
            prepared = family.blocks(probes, gallery, *people, grid, reference, place)
            notes[names[0]] = prepared.note
            parts = (
                _whole(names[0], prepared.score, part) for part in _places(sides, step, half=False)
            )
            found |= summarise_pairs(names, sides, *parts, folds=folds)
    return {name: found[name] for name in measures if name in found}, notes


def _places(sides: Sides, step: int, *, half: bool) -> tuple[list[Place], list[Place]]:
    """Pairs of blocks that share a person, and the others; of mirrored pairs one if ``half``."""
    rows = person_blocks(sides.probe_person, step)
    columns = rows if half else person_blocks(sides.gallery_person, step)
    pairs = [
        (a, b) for i, a in enumerate(rows) for j, b in enumerate(columns) if not half or i <= j
    ]
    sharing = [meet(a, b, sides) for a, b in pairs]
    return (
        [pair for pair, yes in zip(pairs, sharing, strict=True) if yes],
        [pair for pair, yes in zip(pairs, sharing, strict=True) if not yes],
    )


def _scored(
    family: PairMeasures,
    names: frozenset[str],
    grid: Grid,
    probes: Float32Array,
    gallery: Float32Array,
    places: Sequence[Place],
    stream: Stream,
) -> BlockScores:
    """Scores of blocks from workers; where only half was asked for, mirrored."""
    tasks = (
        BlockTask(
            family,
            names,
            grid,
            slice(0, len(a)),
            slice(0, len(b)),
            probes[a],
            None if a is b else gallery[b],
        )
        for a, b in places
    )
    mirror = probes is gallery and family.symmetric
    for index, scores in stream(score_block, tasks):
        if isinstance(scores, PluginError):
            raise scores
        if not isinstance(scores, dict):
            raise UsageError(
                "compare", found=str(scores.reason), remedy="Give the run more memory."
            )
        rows, columns = places[index]
        yield rows, columns, scores
        if mirror and rows is not columns:
            yield columns, rows, {name: table.T for name, table in scores.items()}


def _whole(
    name: str, score: Callable[[IntArray, IntArray], FloatArray], places: Sequence[Place]
) -> BlockScores:
    for rows, columns in places:
        yield rows, columns, {name: np.asarray(score(rows, columns), np.float64)}


# ----------------------------------------------------------------------
# Compare every probe with every gallery scan, block by block, under several measures.
# ----------------------------------------------------------------------

CHECKED_ROWS = 64  # fingerprints read at a time when looking for values that are not finite
SMALL_WORK = 2e8  # pairs times voxels (80 x 80 at 4 mm, 3 s) not worth starting processes for


@runtime_checkable
class WholeGalleryMeasure(Protocol):
    """A measure whose score of a pair depends on the rest of the gallery too."""

    @property
    def scores(self) -> Callable[..., tuple[FloatArray, str]]:
        """All scores at once, and a note on how they were made."""


class Comparison(dict[str, PairScores]):
    """Scores by measure name, with ``notes``: what a measure has to say on how it was made."""

    def __init__(self, scores: Mapping[str, PairScores], notes: Mapping[str, str]) -> None:
        super().__init__(scores)
        self.notes = dict(notes)


Run = Callable[
    [Callable[[BlockTask], BlockResult], Sequence[BlockTask]],
    Iterable[BlockResult],
]


def compare(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    usable: BoolArray,
    measures: Mapping[str, PairMeasures | WholeGalleryMeasure],
    grid: Grid,
    *,
    reference: object | None = None,
    block: int | None = None,
    failed: Failures | None = None,
    run: Run = map,
) -> Comparison:
    """Score every probe against every gallery scan under each measure.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels) float32 fingerprints, in memory or memory-mapped. Pass one
        and the same object twice to compare a list with itself: symmetric measures are then
        computed once for each unordered pair of blocks.
    probe_person, gallery_person
        Person numbers; the same number is the same person.
    usable
        (p, g), False where two scans must not be compared. Scores are computed all the same.
    measures
        The measures by name, as a modality's registry gives them. Names that share a family are
        computed together.
    grid
        The voxel grid of the fingerprints.
    reference
        Handed to measures that want to know what is common to all people.
    block
        Images in a block. By default each family gets as many as fit its memory, at most 512.
    failed
        Where given, the error of a plug-in that fails is put here by the names of its measures,
        and the other measures go on; without it the error is raised.
    run
        ``run(function, tasks)`` gives the results in the order of the tasks. By default one
        after the other in this process, as small comparisons always are.

    Returns
    -------
    Comparison
        A mapping of measure name to `PairScores`, in the order of ``measures``, without those
        that failed.

    Raises
    ------
    UsageError
        No measures, or a block size below 1.
    PluginError
        A plug-in failed, and ``failed`` is not given.
    InputError
        Shapes that do not fit together, another type than float32, or values not finite.
    """
    _check_options(measures, block)
    _check_fingerprints("probes", probes, probe_person, grid)
    _check_fingerprints("gallery", gallery, gallery_person, grid)
    _check_shape("usable", usable, (len(probes), len(gallery)))
    shape = (len(probes), len(gallery))
    pairwise = {n: m for n, m in measures.items() if isinstance(m, PairMeasures)}
    values = {name: np.empty(shape) for name in pairwise}
    tasks = list(block_tasks(probes, gallery, pairwise, grid, block))
    one_thread = mapper(1)
    if shape[0] * shape[1] * grid.size < SMALL_WORK:
        run = one_thread
    for task, scores in zip(tasks, run(score_block, tasks), strict=True):
        if isinstance(scores, PluginError):
            if failed is None:
                raise scores
            failed |= dict.fromkeys(sorted(task.names), scores)
            for name in task.names:
                values.pop(name, None)
            continue
        for name in task.names & set(values):
            values[name][task.rows, task.columns] = scores[name]
            if probes is gallery and task.family.symmetric:
                values[name][task.columns, task.rows] = scores[name].T

    def score_gallery(found: WholeGalleryMeasure) -> tuple[FloatArray, str]:
        return found.scores(probes, gallery, probe_person, gallery_person, grid, reference, block)

    whole = {n: m for n, m in measures.items() if not isinstance(m, PairMeasures)}
    notes: dict[str, str] = {}
    for name, scored in zip(whole, one_thread(score_gallery, whole.values()), strict=True):
        values[name], notes[name] = scored
    return Comparison(
        {
            n: PairScores(n, values[n], usable, probe_person, gallery_person)
            for n in measures
            if n in values
        },
        notes,
    )


def _check_options(measures: Mapping[str, object], block: int | None) -> None:
    if not measures:
        raise UsageError("compare", found="no measures", expected="at least one measure")
    if block is not None and block < 1:
        raise UsageError("compare: block", found=str(block), expected="1 or more")


def _check_fingerprints(subject: str, vectors: Float32Array, person: IntArray, grid: Grid) -> None:
    _check_shape(subject, vectors, (len(vectors), grid.size))
    _check_shape(f"{subject}: person numbers", person, (len(vectors),))
    if vectors.dtype != np.float32:
        raise InputError(subject, found=f"fingerprints of type {vectors.dtype}", expected="float32")
    for start in range(0, len(vectors), CHECKED_ROWS):
        finite = np.isfinite(vectors[start : start + CHECKED_ROWS]).all(axis=1)
        if not finite.all():
            raise InputError(
                subject,
                found=f"fingerprint {start + int(np.argmin(finite))} holds values not finite",
                expected="finite values",
                remedy="Prepare that scan again or leave it out.",
            )


def _check_shape(subject: str, array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(
            subject,
            found=f"an array of shape {array.shape}",
            expected=f"shape {shape}",
            remedy="All fingerprints of a comparison must come from the same grid.",
        )
