"""Search a large data set for the people of another one, without comparing all pairs.

The score is residual correlation, the same number that an audit gives. What is found is exact: see
``headrisk.linkage.search``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.attacks.account import account_others, inventory_of_scans
from headrisk.attacks.brain import plan, prepare
from headrisk.brain.cohort import Cohort
from headrisk.brain.reference import reference
from headrisk.brain.similarity.residual_blocks import residual_blocks
from headrisk.brain.stored import INDEX, fingerprint_index
from headrisk.brain.template import template_grid
from headrisk.dataset.inventory import InventoryCounts, counted
from headrisk.errors import InputError
from headrisk.findings.linkage import scan_rows
from headrisk.findings.records import Link
from headrisk.intake import Intake, prepared_here, take_in
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design
from headrisk.linkage.search import Found, search
from headrisk.linkage.search_index import build_index, coarse_cells
from headrisk.report.internal import links_table
from headrisk.report.tsv import table_text
from headrisk.report.write import describe_internal, write_internal_table
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.scratch import WORK, scratch_folder, write_private
from headrisk.types import FloatArray, IntArray

MEASURE = "residual-correlation"
TABLE_NAME = "candidates.tsv"


@dataclass(frozen=True)
class SearchOutcome:
    """What a search came to: counts, and where the candidates stand.

    ``people`` counts those searched for who are in the gallery by label, ``first`` and ``listed``
    those of them of whom a scan has a mate as its first candidate, or as any. ``compared`` is the
    share of pairs that had to be compared in full; ``inventory`` what became of the images of the
    first data set, None where it came as fingerprints.
    """

    table: Path
    probes: int
    gallery: int
    failed: int
    people: int
    first: int
    listed: int
    compared: float
    notes: tuple[str, ...]
    inventory: InventoryCounts | None


def search_gallery(job: Job, k: int, at_least: float = -np.inf) -> SearchOutcome:
    """List the ``k`` most similar gallery scans of every probe, in ``internal/candidates.tsv``.

    Raises
    ------
    UsageError
        The output folder cannot be used.
    InputError
        A data set cannot be used at all, or no two scans can be compared.
    """
    log = CostLog()
    intake = take_in(job, log)
    everybody, damage = prepare(intake, job, log)
    cohort = everybody.usable()
    design = plan(cohort, job)
    if not design.pairs:
        raise InputError(
            "search", found="no usable scans on one side", expected="scans in both data sets"
        )
    with stage("search", design.probes.size, log, recorded(job)):
        found = _search(cohort, design, job, k, at_least)
    internal = job.out / "internal"
    internal.mkdir(mode=0o700, exist_ok=True)
    table = table_text(links_table(tuple(_links(found, cohort, design))))
    write_private(internal / TABLE_NAME, table.encode("utf-8", "backslashreplace"))
    describe_internal(internal)
    own = prepared_here(everybody, job)
    if own.scans:
        write_internal_table(fingerprint_index(own, job.settings), job.out, INDEX.name)
    mated = [_mates(design, row, one.rows) for row, one in enumerate(found)]
    return SearchOutcome(
        table=internal / TABLE_NAME,
        probes=int(design.probes.size),
        gallery=int(design.gallery.size),
        failed=len(everybody.scans) - len(cohort.scans),
        people=int(np.intersect1d(design.probe_person, design.gallery_person).size),
        first=_people(design, [one.size > 0 and bool(one[0]) for one in mated]),
        listed=_people(design, [bool(one.any()) for one in mated]),
        compared=sum(one.compared for one in found) / design.pairs,
        notes=(*intake.notes, *damage),
        inventory=_counted(intake, everybody, job),
    )


def _counted(intake: Intake, everybody: Cohort, job: Job) -> InventoryCounts | None:
    """The images of both data sets, and what became of them."""
    inventory = inventory_of_scans(intake, everybody.scans, everybody.results, job)
    if inventory is None:
        return None
    rows = scan_rows(everybody.scans, everybody.results)
    return replace(counted(inventory), others=account_others(intake, rows, job))


def _people(design: Design, found: Sequence[bool]) -> int:
    """Number of people of whom at least one scan was found."""
    return int(np.unique(design.probe_person[np.array(found, dtype=np.bool_)]).size)


def _search(cohort: Cohort, design: Design, job: Job, k: int, at_least: float) -> list[Found]:
    vectors = cohort.vectors()
    probes = vectors[design.probes]
    gallery = probes if design.probes is design.gallery else vectors[design.gallery]
    grid = template_grid(job.settings.resolution_mm)
    threads = job.processes if isinstance(job.processes, int) else 1
    folder = (job.work_dir or job.out / "work").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_folder(folder, WORK) as place:
        blocks = residual_blocks(
            probes,
            gallery,
            design.probe_person,
            design.gallery_person,
            grid,
            reference(job.settings.resolution_mm),
            place,
        )

        def rescore(probe: int, rows: IntArray) -> FloatArray:
            scores: FloatArray = blocks.score(np.array([probe]), rows)[0]
            scores[~design.usable_block(np.array([probe]), rows)[0]] = -np.inf
            return scores

        index = build_index(blocks.gallery, cells=coarse_cells(grid), folder=place, threads=threads)
        return search(
            index,
            blocks.probes,
            k=k,
            at_least=at_least,
            rescore=rescore,
            slack=blocks.slack(),
            threads=threads,
        )


def _mates(design: Design, row: int, found: IntArray) -> np.ndarray:
    mates: np.ndarray = design.gallery_person[found] == design.probe_person[row]
    return mates


def _links(found: Sequence[Found], cohort: Cohort, design: Design) -> list[Link]:
    return [
        Link(
            cohort.scans[design.probes[row]].scan_id,
            cohort.scans[design.gallery[column]].scan_id,
            MEASURE,
            float(score),
            1 + int(np.count_nonzero(one.scores > score)),
            "candidate",
            attack="brain",
        )
        for row, one in enumerate(found)
        for column, score in zip(one.rows, one.scores, strict=True)
    ]
