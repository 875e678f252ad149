"""Compare every probe with every gallery scan without keeping all scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from headrisk.errors import UsageError
from headrisk.linkage.blocks import (
    LARGEST_BLOCK,
    BlockTask,
    PairMeasures,
    images_in_block,
    score_block,
)
from headrisk.linkage.large import (
    BlockScores,
    PairSummary,
    Sides,
    meet,
    person_blocks,
    summarise_pairs,
)
from headrisk.run.scratch import WORK, scratch_folder
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

Stream = Callable[
    [Callable[[BlockTask], dict[str, FloatArray]], Iterator[BlockTask]], Iterator[tuple[int, Any]]
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
    step
        Scans in a block, about; fewer where a family needs the memory.

    Raises
    ------
    UsageError
        A measure can only be computed for all pairs at once.
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
            found |= summarise_pairs(names, sides, *scored, folds=folds)
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
    return {name: found[name] for name in measures}, notes


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
            family, names, grid, slice(0, len(a)), slice(0, len(b)), probes[a],
            None if a is b else gallery[b],
        )
        for a, b in places
    )  # fmt: skip
    mirror = probes is gallery and family.symmetric
    for index, scores in stream(score_block, tasks):
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
