"""Brain linkage: prepare fingerprints, compare them under every measure, describe.

Where pairs are too many to keep every score, they are compared block by block and a summary of
them is kept; everything after that is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from headrisk.attacks.attack import Answer, Context, Lineup, Tested, lineup_of
from headrisk.attacks.rates import Scores, copies_panel, streams
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.mirror import MirrorCheck, check_mirrored
from headrisk.brain.prepare import CT_NOT_COMPARED
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.stored import INDEX, fingerprint_index
from headrisk.brain.template import template_grid
from headrisk.errors import PluginError, StoreError
from headrisk.findings.linkage import mosaics, scan_rows
from headrisk.intake import Intake, prepared_here
from headrisk.job import Job, recorded, tell_damage, tell_failed
from headrisk.linkage.compare import Comparison, compare, compare_large
from headrisk.linkage.design import Design, against, count_people, searchable, within
from headrisk.linkage.label_check import LabelCheck, check_labels
from headrisk.linkage.large import Sides, count_pairs
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.brain import (
    CT_NOT_AMONG_THEM,
    LABELS_NOT_CHECKED,
    NAME,
    OFFER,
    REFERENCES,
    measure_failed,
    method_sentences,
    not_kept,
)
from headrisk.report.words.summary import compared_scans
from headrisk.run.engine import Workers, mapper, stream_tasks
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import open_store
from headrisk.settings import Settings
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.statistics.large import SummedScores, folds_of
from headrisk.types import BoolArray, Float32Array, IntArray, PairScores


@dataclass(frozen=True)
class Made:
    """How scores were made: notes by measure, and measures of plug-ins that failed at work."""

    notes: Mapping[str, str]
    failed: Mapping[str, PluginError]


@dataclass(frozen=True)
class Brains:
    """Fingerprints of all scans, failed ones included, and what is to be said of the data."""

    cohort: Cohort
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BrainAttack:
    """Brains of scans are searched among those of other sessions, or of another data set."""

    name: str = NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Brains:
        """Fingerprint every scan."""
        return fingerprints(context)

    def design(self, material: Brains, context: Context) -> Lineup[Design]:
        """Which pairs say something."""
        usable = material.cohort.usable()
        design = plan(usable, context.job)
        few = design.pairs <= context.job.settings.most_pairs
        verbatim = design.verbatim(image_digests(usable)) if few and usable.scans else None
        return lineup_of(usable.scans, design, verbatim)

    def score(
        self, material: Brains, lineup: Lineup[Design], context: Context
    ) -> tuple[Mapping[str, Scores], Made]:
        """Every score, or a summary where pairs are too many to keep them."""
        usable, job = material.cohort.usable(), context.job
        if lineup.plan.pairs > job.settings.most_pairs:
            return summed(usable, lineup.plan, job, context.log)
        return score(usable, lineup.plan, job, context.log)

    def find(
        self, material: Brains, lineup: Lineup[Design], tested: Tested, context: Context
    ) -> Answer:
        """The brain's part of the report; conditions are those of the strongest attack."""
        everybody, job, design = material.cohort, context.job, lineup.plan
        usable = everybody.usable()
        wanted = searchable(everybody.scans, plan(everybody, job))
        large = next((o for o in tested.scores.values() if isinstance(o, SummedScores)), None)
        whole = [one for one in tested.scores.values() if isinstance(one, PairScores)]
        compared = who_is_compared(everybody, design, job)
        if large is not None:
            pairs = large.pairs
            total = pairs.total + pairs.mated.size
            compared += f" {not_kept(total, pairs.bin_width, pairs.measure)}"
            if len(job.sources) > 1 and job.same_people is None:
                compared += f" {LABELS_NOT_CHECKED}"
        alone = len(job.sources) == 1 and len(wanted) < FEWEST_PEOPLE and large is None
        voxels = [one.voxel_mm for one in usable.results]
        own = prepared_here(everybody, job)
        return Answer(
            rows=scan_rows(everybody.scans, everybody.results),
            unsearched=unsearched(wanted, usable, design, tested.made.failed, tested.scores),
            compared=compared,
            contrasts=job.settings.contrasts,
            method=(
                *method_sentences(job.settings, tested.made.notes),
                *map(measure_failed, tested.made.failed),
            ),
            references=REFERENCES,
            needs=ATTACKS[NAME].needs,
            offer=OFFER if alone else "",
            panels={}
            if lineup.verbatim is None or not tested.scores
            else copies_panel(design, lineup.verbatim, len(wanted)),
            voxels=([voxels[k] for k in design.probes], [voxels[k] for k in design.gallery]),
            people=count_people(everybody.scans, plan(everybody, job), usable.scans, design),
            labels=label_check(whole, job) if large is None else None,
            notes=(*material.notes, *map(str, tested.made.failed.values())),
            pictures=mosaics(everybody.results),
            digests=tuple(digest for digest in everybody.digests if digest),
            parquet={INDEX.name: fingerprint_index(own, job.settings)} if own.scans else {},
        )


def unsearched(
    wanted: frozenset[str],
    usable: Cohort,
    design: Design,
    failed: Mapping[str, PluginError],
    scores: Mapping[str, Scores],
) -> int:
    """People whom failures kept out of the search: all of them where every measure failed."""
    return len(wanted if failed and not scores else wanted - searchable(usable.scans, design))


def fingerprints(context: Context) -> Brains:
    """The brains of a run, prepared once."""
    if "fingerprints" not in context.prepared:
        made = Brains(*prepare(context.intake, context.job, context.log))
        context.prepared["fingerprints"] = made
    found: Brains = context.prepared["fingerprints"]
    return found


def who_is_compared(everybody: Cohort, design: Design, job: Job) -> str:
    """Who is searched among whom, and that a CT is not."""
    text = compared_scans(job.settings.contrasts, len(job.sources), design.copies)
    cts = any(CT_NOT_COMPARED in one.reason for one in everybody.results)
    return f"{text} {CT_NOT_AMONG_THEM}" if cts else text


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


def image_digests(cohort: Cohort) -> tuple[str, ...]:
    """A digest of each scan as it is compared: equal for files of the same bytes or voxels."""
    vectors = (np.asarray(result.vector, dtype=np.float32) for result in cohort.results)
    return tuple(hashlib.sha256(one.tobytes()).hexdigest() for one in vectors)


def score(cohort: Cohort, design: Design, job: Job, log: CostLog) -> tuple[Comparison, Made]:
    """Score the pairs of a design under every measure; those of plug-ins that fail are told."""
    pairs = int(np.count_nonzero(design.usable))
    failed: dict[str, PluginError] = {}
    if not pairs:
        return Comparison({}, {}), Made({}, failed)
    with stage("compare", pairs, log, recorded(job)):
        vectors = cohort.vectors()
        probes = vectors[design.probes]
        gallery = probes if design.probes is design.gallery else vectors[design.gallery]
        people = (design.probe_person, design.gallery_person)
        scores = compare_brains(
            probes, gallery, people, design.usable, job.settings, job.processes, failed
        )
    tell_failed(failed, job)
    return scores, Made(scores.notes, failed)


def compare_brains(
    probes: Float32Array,
    gallery: Float32Array,
    people: tuple[IntArray, IntArray],
    usable: BoolArray,
    settings: Settings,
    processes: Workers,
    failed: dict[str, PluginError],
) -> Comparison:
    """Score fingerprints (scans, voxels) with fingerprints under every measure of the settings.

    The errors of plug-ins that fail are put into ``failed``.
    """
    return compare(
        probes,
        gallery,
        *people,
        usable,
        select(settings.measures),
        template_grid(settings.resolution_mm),
        reference=reference(settings.resolution_mm),
        failed=failed,
        run=mapper(processes),
    )


def summed(
    cohort: Cohort, design: Design, job: Job, log: CostLog
) -> tuple[dict[str, Scores], Made]:
    """Summaries of all pairs under every measure, compared block by block.

    Folds are dealt before, from the random numbers that the evaluation draws them from.
    """
    measures = select(job.settings.measures)
    failed: dict[str, PluginError] = {}
    sides = Sides(design.probe_person, design.gallery_person, design.usable_block)
    counts = count_pairs(sides)
    people = 1 + max(int(p.max(initial=0)) for p in (sides.probe_person, sides.gallery_person))
    folds = {
        name: folds_of(counts, job.settings, rng, people)
        for name, rng in zip(measures, streams(NAME, job, len(measures)), strict=True)
    }
    with stage("compare", design.pairs, log, recorded(job)):
        vectors = cohort.vectors()
        probes = vectors[design.probes]
        pairs, notes = compare_large(
            probes,
            probes if design.probes is design.gallery else vectors[design.gallery],
            sides,
            measures,
            template_grid(job.settings.resolution_mm),
            folder=(job.work_dir or job.out / "work").absolute(),
            stream=partial(stream_tasks, processes=job.processes),
            reference=reference(job.settings.resolution_mm),
            folds=folds,
            failed=failed,
        )
    tell_failed(failed, job)
    summed_up: dict[str, Scores] = {
        name: SummedScores(one, counts, folds[name]) for name, one in pairs.items()
    }
    return summed_up, Made(notes, failed)


def label_check(scores: Sequence[PairScores], job: Job) -> LabelCheck | None:
    """What the images say of the labels of two data sets, unless a table says who is who."""
    if len(job.sources) < 2 or job.same_people is not None:
        return None
    return check_labels(scores)
