"""The whole story of an audit: prepare, compare, evaluate and decide, report.

Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from headrisk import __version__
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.grid import template_grid
from headrisk.brain.methods import NAME, REFERENCES, method_sentences
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.stored import is_fingerprint_folder, read_fingerprints, write_index
from headrisk.dataset.gather import gather
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError
from headrisk.evaluate.conditions import known_conditions
from headrisk.evaluate.summary import MeasureSummary, strata, summarise
from headrisk.job import Job
from headrisk.linkage.compare import Comparison, compare
from headrisk.linkage.design import Design, against, within
from headrisk.report.assemble import modality_section
from headrisk.report.linkage_part import (
    compared_sentence,
    internal_part,
    scan_rows,
    with_assignment,
)
from headrisk.report.model import ModalitySection, Report, RunRecord, ScanRow
from headrisk.report.write import write_report
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog, collect_provenance
from headrisk.run.stage import stage
from headrisk.run.store import open_store


@dataclass(frozen=True)
class Outcome:
    """What an audit came to: the public report, and every scan with its status."""

    report: Report
    scans: tuple[ScanRow, ...]

    @property
    def failed(self) -> int:
        """Number of scans that could not be used."""
        return sum(row.status == "failed" for row in self.scans)


def audit(job: Job) -> Outcome:
    """Measure how well brains link the people of a data set, and write the output folder.

    Raises
    ------
    InputError
        A data set cannot be used at all. Scans that cannot be used do not end the run.
    """
    started, log = datetime.now(UTC), CostLog()
    cohort, notes = prepare(job, log)
    usable = cohort.usable()
    design, scores = link(usable, job, log)
    summaries = evaluate(scores, job, log)
    rows = scan_rows(cohort.scans, cohort.results)
    section = describe(rows, usable, design, scores, summaries, job)
    report = Report(modalities=(section,), settings=job.settings.as_dict(), version=__version__)
    internal = internal_part(
        rows,
        usable.scans,
        cohort.results,
        design,
        scores,
        summaries,
        one_to_one=job.settings.one_to_one,
        notes=notes,
    )
    provenance = collect_provenance(job.settings, [d for d in cohort.digests if d])
    run = RunRecord(started.strftime("%Y-%m-%dT%H:%M:%SZ"), provenance, tuple(log.costs))
    write_report(report, internal, job.out, run)
    write_index(cohort, job.settings, job.out)
    return Outcome(report, rows)


def index(job: Job) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """List the scans of all data sets that come as images, and what indexing had to say."""
    return gather(
        [source for source in job.sources if not is_fingerprint_folder(source.path)],
        contrasts=job.settings.contrasts,
        work_dir=job.work_dir or job.out / "work",
        participants=job.participants,
        sessions=job.sessions,
    )


def prepare(job: Job, log: CostLog) -> tuple[Cohort, tuple[str, ...]]:
    """Fingerprint every scan; also returns what indexing and preparing had to say."""
    damage: list[StoreError] = []
    with stage("index", len(job.sources), log, job.listen):
        scans, notes = index(job)
    with stage("prepare", len(scans), log, job.listen) as listen:
        cohort = prepare_scans(
            scans,
            job.settings,
            open_store(job.out / "store"),
            processes=job.processes,
            listen=listen,
            on_damage=damage.append,
        )
        for source in job.sources:
            if is_fingerprint_folder(source.path):
                cohort += read_fingerprints(source.path, source.name, job.settings)
    return cohort, (*notes, *(str(error) for error in damage))


def link(cohort: Cohort, job: Job, log: CostLog) -> tuple[Design, Comparison]:
    """Decide which pairs say something, and score them all under every measure."""
    if len(job.sources) == 1:
        design = within(cohort.scans, cohort.digests)
    else:
        design = against(cohort.scans, cohort.digests, job.sources[0].name)
    if not design.usable.any():
        return design, Comparison({}, {})
    with stage("compare", None, log, job.listen):
        vectors = cohort.vectors()
        probes = vectors[design.probes]
        return design, compare(
            probes,
            probes if design.probes is design.gallery else vectors[design.gallery],
            design.probe_person,
            design.gallery_person,
            design.usable,
            select(job.settings.measures),
            template_grid(job.settings.resolution_mm),
            reference=reference(job.settings.resolution_mm),
            run=mapper(job.processes),
        )


def evaluate(scores: Comparison, job: Job, log: CostLog) -> tuple[MeasureSummary, ...]:
    """Thresholds, rates and intervals of every measure."""
    seeds = np.random.default_rng(job.settings.seed).spawn(len(scores))
    with stage("evaluate", len(scores), log, job.listen):
        return tuple(
            summarise(one, settings=job.settings, rng=rng)
            for one, rng in zip(scores.values(), seeds, strict=True)
        )


def describe(
    rows: tuple[ScanRow, ...],
    cohort: Cohort,
    design: Design,
    scores: Comparison,
    summaries: tuple[MeasureSummary, ...],
    job: Job,
) -> ModalitySection:
    """The brain's section of the report; conditions are those of the headline measure."""
    probes, gallery = ([cohort.scans[k] for k in side] for side in (design.probes, design.gallery))
    probe_mm, gallery_mm = (
        [cohort.results[k].voxel_mm for k in side] for side in (design.probes, design.gallery)
    )
    conditions = known_conditions(probes, gallery, probe_mm, gallery_mm)
    section = modality_section(
        NAME,
        rows,
        list(scores.values()),
        summaries,
        strata(next(iter(scores.values())), conditions) if scores else (),
        compared=compared_sentence(design, job.settings.contrasts, len(job.sources)),
        method=method_sentences(job.settings, scores.notes),
        references=REFERENCES,
    )
    if not job.settings.one_to_one:
        return section
    pairs = zip(section.measures, scores.values(), strict=True)
    return replace(section, measures=tuple(with_assignment(one, pair) for one, pair in pairs))
