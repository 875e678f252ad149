"""Brain linkage: prepare, compare, evaluate and decide, describe.

Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from headrisk.attacks.large import internal_large, summarise_all
from headrisk.attacks.measured import (
    Measured,
    add_fusion,
    assess_people,
    copies_panel,
    evaluate,
    led_by_headline,
    strongest_attack,
)
from headrisk.attacks.section import modality_section
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.grid import template_grid
from headrisk.brain.mirror_doubt import MirrorCheck, check_mirrored
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.stored import INDEX, fingerprint_index
from headrisk.errors import StoreError
from headrisk.findings.linkage import internal_part, scan_rows
from headrisk.findings.records import ModalitySection, ScanRow
from headrisk.intake import Intake, prepared_here
from headrisk.job import Job, recorded, tell_damage
from headrisk.linkage.compare import Comparison, compare
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.label_check import LabelCheck, check_labels
from headrisk.linkage.mates import count_people, searchable
from headrisk.linkage.pairs import copies_first
from headrisk.report.words.brain import NAME, REFERENCES, method_sentences, not_kept
from headrisk.report.words.cost import NEEDS
from headrisk.report.words.summary import compared_scans
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.run.store import open_store
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Evaluated
from headrisk.statistics.conditions import known_conditions
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.statistics.summary import strata

OFFER = (
    "Where people were scanned once, --simulate-rescan simulates a second scan of each; its "
    "figures are labelled as simulated and tend to be too high."
)


def measure(intake: Intake, job: Job, log: CostLog) -> Measured:
    """Measure how well brains link the people of a data set."""
    cohort, damage = prepare(intake, job, log)
    usable = cohort.usable()
    if plan(usable, job).pairs > job.settings.most_pairs:
        return measure_large(cohort, damage, job, log)
    design, scores = link(usable, job, log)
    probes, gallery = ([usable.scans[k] for k in side] for side in (design.probes, design.gallery))
    found = evaluate(NAME, scores, probes, gallery, job, log)
    risk, exposed = assess_people(NAME, found, probes, gallery, job, log)
    rows = scan_rows(cohort.scans, cohort.results)
    internal = internal_part(
        rows,
        usable.scans,
        cohort.results,
        design,
        *led_by_headline(scores, found),
        one_to_one=job.settings.one_to_one,
        notes=damage,
        tables=exposed,
    )
    own = prepared_here(cohort, job)
    return Measured(
        describe(rows, cohort, design, scores, found, risk, job),
        internal,
        tuple(digest for digest in cohort.digests if digest),
        {INDEX.name: fingerprint_index(own, job.settings)} if own.scans else {},
        attack=strongest_attack(found, probes, gallery),
    )


def measure_large(everybody: Cohort, damage: tuple[str, ...], job: Job, log: CostLog) -> Measured:
    """The same from a summary of all pairs, where they are too many to keep every score."""
    cohort = everybody.usable()
    design = plan(cohort, job)
    with stage("compare", design.pairs, log, recorded(job)):
        vectors = cohort.vectors()
        probes = vectors[design.probes]
        found = summarise_all(
            probes,
            probes if design.probes is design.gallery else vectors[design.gallery],
            design,
            select(job.settings.measures),
            template_grid(job.settings.resolution_mm),
            reference(job.settings.resolution_mm),
            job,
        )
    rows = scan_rows(everybody.scans, everybody.results)
    compared = compared_scans(job.settings.contrasts, len(job.sources), design.copies)
    first = next(iter(found.pairs.values()))
    summary = not_kept(first.total + first.mated.size, first.bin_width, first.measure)
    wanted = searchable(everybody.scans, plan(everybody, job))
    section = _with_people(
        modality_section(
            NAME,
            rows,
            [None] * len(found.rates),
            found.rates,
            unsearched=len(wanted - searchable(cohort.scans, design)),
            compared=f"{compared} {summary}",
            found=found.found,
            method=method_sentences(job.settings, found.notes),
            references=REFERENCES,
            needs=NEEDS[NAME],
        ),
        everybody,
        cohort,
        design,
        job,
    )
    own = prepared_here(everybody, job)
    return Measured(
        section,
        internal_large(rows, cohort.scans, everybody.results, design, found, damage),
        tuple(digest for digest in everybody.digests if digest),
        {INDEX.name: fingerprint_index(own, job.settings)} if own.scans else {},
    )


def prepare(intake: Intake, job: Job, log: CostLog) -> tuple[Cohort, tuple[str, ...]]:
    """Fingerprint every scan; also returns what is to be said of the data as a whole."""
    checked = prepare_and_check(intake, job, log)
    return checked.cohort, checked.notes


def prepare_and_check(intake: Intake, job: Job, log: CostLog) -> MirrorCheck:
    """Fingerprint every scan and look for mirrored ones.

    The notes also say which stored results were damaged.
    """
    damage: list[StoreError] = []
    with stage("prepare", len(intake.scans), log, recorded(job)) as listen:
        cohort = prepare_scans(
            intake.scans,
            job.settings,
            open_store(job.out / "store"),
            processes=job.processes,
            listen=listen,
            on_damage=damage.append,
            failed=intake.failed,
        )
        checked = check_mirrored(cohort + intake.earlier, job.settings.resolution_mm)
    log.recalled(sum(result.seconds for result in cohort.results))
    return replace(checked, notes=(*tell_damage(damage, job), *checked.notes))


def plan(cohort: Cohort, job: Job) -> Design:
    """Decide which pairs say something: within one data set, or of the first with the others."""
    if len(job.sources) == 1:
        return within(cohort.scans, cohort.digests)
    return against(cohort.scans, cohort.digests, job.sources[0].name)


def link(cohort: Cohort, job: Job, log: CostLog) -> tuple[Design, Comparison]:
    """Score all pairs of a cohort of usable scans under every measure."""
    design = plan(cohort, job)
    scores = score(cohort, design, job, log)
    add_fusion(NAME, scores, job)
    if scores:
        verbatim = design.verbatim(image_digests(cohort))
        scores.update({name: copies_first(one, verbatim) for name, one in scores.items()})
    return design, scores


def image_digests(cohort: Cohort) -> tuple[str, ...]:
    """A digest of each scan as it is compared: equal for files of the same bytes or voxels."""
    vectors = (np.asarray(result.vector, dtype=np.float32) for result in cohort.results)
    return tuple(hashlib.sha256(one.tobytes()).hexdigest() for one in vectors)


def score(cohort: Cohort, design: Design, job: Job, log: CostLog) -> Comparison:
    """Score the pairs of a design under every measure."""
    pairs = int(np.count_nonzero(design.usable))
    if not pairs:
        return Comparison({}, {})
    with stage("compare", pairs, log, recorded(job)):
        vectors = cohort.vectors()
        probes = vectors[design.probes]
        return compare(
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


def describe(
    rows: tuple[ScanRow, ...],
    cohort: Cohort,
    design: Design,
    scores: Comparison,
    found: Evaluated,
    risk: Assessment | None,
    job: Job,
) -> ModalitySection:
    """The brain's section of the report; conditions are those of the strongest attack."""
    everybody, cohort = cohort, cohort.usable()
    wanted = searchable(everybody.scans, plan(everybody, job))
    probes, gallery = ([cohort.scans[k] for k in side] for side in (design.probes, design.gallery))
    probe_mm, gallery_mm = (
        [cohort.results[k].voxel_mm for k in side] for side in (design.probes, design.gallery)
    )
    conditions = known_conditions(probes, gallery, probe_mm, gallery_mm)
    section = modality_section(
        NAME,
        rows,
        list(scores.values()),
        found.summaries,
        strata(found.scores, conditions) if found.scores else (),
        unsearched=len(wanted - searchable(cohort.scans, design)),
        compared=compared_scans(job.settings.contrasts, len(job.sources), design.copies),
        method=method_sentences(job.settings, scores.notes),
        references=REFERENCES,
        needs=NEEDS[NAME],
        offer=OFFER if len(job.sources) == 1 and len(wanted) < FEWEST_PEOPLE else "",
        risk=risk,
        found=found,
        panels=copies_panel(design, design.verbatim(image_digests(cohort)), len(wanted))
        if scores
        else None,
    )
    section = replace(section, labels=label_check(scores, job))
    return _with_people(section, everybody, cohort, design, job)


def _with_people(
    section: ModalitySection, everybody: Cohort, usable: Cohort, design: Design, job: Job
) -> ModalitySection:
    """The section with who was searched for and who was not."""
    found = count_people(everybody.scans, plan(everybody, job), usable.scans, design)
    return replace(section, counts=replace(section.counts, people=found))


def label_check(scores: Comparison, job: Job) -> LabelCheck | None:
    """What the images say of the labels of two data sets, unless a table says who is who."""
    if len(job.sources) < 2 or job.same_people is not None:
        return None
    return check_labels(scores.values())
