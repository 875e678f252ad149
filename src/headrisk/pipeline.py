"""The whole story of an audit: prepare, compare, evaluate and decide, report.

Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from headrisk import __version__
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.grid import template_grid
from headrisk.brain.methods import NAME, REFERENCES, method_sentences
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.stored import write_index
from headrisk.dataset.people import require_distinct_labels
from headrisk.errors import StoreError
from headrisk.evaluate.conditions import known_conditions
from headrisk.evaluate.summary import MeasureSummary, strata, summarise
from headrisk.intake import index, prepared_here, recall
from headrisk.job import Job, begin, finish, recorded, require_out
from headrisk.linkage.compare import Comparison, compare
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.mates import searchable
from headrisk.report.assemble import modality_section
from headrisk.report.linkage_part import (
    compared_sentence,
    internal_part,
    scan_rows,
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
    UsageError
        A measure is unknown, or the output folder cannot be used.
    InputError
        A data set cannot be used at all. Scans that cannot be used do not end the run.
    """
    started, log = datetime.now(UTC), CostLog()
    select(job.settings.measures)
    cohort, notes = prepare(job, log)
    usable = cohort.usable()
    design, scores = link(usable, job, log)
    summaries = evaluate(scores, job, log)
    rows = scan_rows(cohort.scans, cohort.results)
    section = describe(rows, cohort, design, scores, summaries, job)
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
    own = prepared_here(cohort, job)
    if own.scans:
        write_index(own, job.settings, job.out)
    outcome = Outcome(report, rows)
    finish(job, len(rows), outcome.failed)
    return outcome


def prepare(job: Job, log: CostLog) -> tuple[Cohort, tuple[str, ...]]:
    """Fingerprint every scan; also returns what indexing and preparing had to say."""
    require_out(job)
    damage: list[StoreError] = []
    with stage("index", len(job.sources), log, recorded(job)):
        scans, notes = index(job)
        earlier = recall(job)
        labels = (scan.participant_id for scan in (*scans, *earlier.scans))
        require_distinct_labels(labels, "the data sets together")
        begin(job, len(scans) + len(earlier.scans))
    with stage("prepare", len(scans), log, recorded(job)) as listen:
        cohort = prepare_scans(
            scans,
            job.settings,
            open_store(job.out / "store"),
            processes=job.processes,
            listen=listen,
            on_damage=damage.append,
        )
    return cohort + earlier, (*notes, *(str(error) for error in damage))


def plan(cohort: Cohort, job: Job) -> Design:
    """Decide which pairs say something: within one data set, or of the first with the others."""
    if len(job.sources) == 1:
        return within(cohort.scans, cohort.digests)
    return against(cohort.scans, cohort.digests, job.sources[0].name)


def link(cohort: Cohort, job: Job, log: CostLog) -> tuple[Design, Comparison]:
    """Score all pairs of a cohort of usable scans under every measure."""
    design = plan(cohort, job)
    pairs = int(np.count_nonzero(design.usable))
    if not pairs:
        return design, Comparison({}, {})
    with stage("compare", pairs, log, recorded(job)):
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
    with stage("evaluate", len(scores), log, recorded(job)):
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
    everybody, cohort = cohort, cohort.usable()
    wanted = searchable(everybody.scans, plan(everybody, job))
    probes, gallery = ([cohort.scans[k] for k in side] for side in (design.probes, design.gallery))
    probe_mm, gallery_mm = (
        [cohort.results[k].voxel_mm for k in side] for side in (design.probes, design.gallery)
    )
    conditions = known_conditions(probes, gallery, probe_mm, gallery_mm)
    return modality_section(
        NAME,
        rows,
        list(scores.values()),
        summaries,
        strata(next(iter(scores.values())), conditions) if scores else (),
        unsearched=len(wanted - searchable(cohort.scans, design)),
        compared=compared_sentence(design, job.settings.contrasts, len(job.sources)),
        method=method_sentences(job.settings, scores.notes),
        references=REFERENCES,
    )
