"""Compare every probe with every gallery scan, block by block, under several measures.

This stage knows no modality: it is given the measures, cuts the two lists of fingerprints into
blocks, has every family of measures score every block, and puts the results together. Blocks are
independent of each other, so an engine may run them in any number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from headrisk.errors import InputError, UsageError
from headrisk.linkage.blocks import BlockTask, PairMeasures, block_tasks, score_block
from headrisk.run.engine import mapper
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid, IntArray, PairScores

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
    [Callable[[BlockTask], dict[str, FloatArray]], Sequence[BlockTask]],
    Iterable[dict[str, FloatArray]],
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
    run
        ``run(function, tasks)`` gives the results in the order of the tasks. By default one
        after the other in this process, as small comparisons always are.

    Returns
    -------
    Comparison
        A mapping of measure name to `PairScores`, in the order of ``measures``.

    Raises
    ------
    UsageError
        No measures, or a block size below 1.
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
        for name in task.names:
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
        {n: PairScores(n, values[n], usable, probe_person, gallery_person) for n in measures},
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
