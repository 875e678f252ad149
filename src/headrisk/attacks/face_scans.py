"""Faces against faces: scans of people are searched among other scans, without a photograph.

Selfridge A.R. et al., "Facial anonymization and privacy concerns in total-body PET/CT", J Nucl Med
64:1304-1309, 2023, found people again by renders of their scans alone. Who holds a scan with a name
to it needs nothing else: what is compared are the templates of renders, of every contrast that has
a skin.

Each function is one stage; it takes what the stages before it gave. Rows and columns of the score
tables are scans: those of other sessions, or of two data sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.attacks.face import face_run
from headrisk.attacks.face_panels import scan_rows, scans_internal
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
from headrisk.brain.cohort import input_digest
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, StoreError
from headrisk.face.cohort import HEAD_STAGE, Run, look_at_heads
from headrisk.face.head import HeadResult
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.protocols import SCANS
from headrisk.face.scan_scores import SCANS_NAME, scan_scores
from headrisk.findings.records import ScanRow
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.mates import searchable
from headrisk.linkage.pairs import copies_first
from headrisk.report.words.cost import NEEDS
from headrisk.report.words.face import REFERENCES, scan_sentences
from headrisk.report.words.summary import compared_scans
from headrisk.run.events import ignore
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.run.store import Store
from headrisk.statistics.conditions import known_conditions
from headrisk.statistics.summary import strata
from headrisk.types import PairScores

NOBODY = (
    "Faces, scan to scan: nobody has images of two sessions at hand, or of both data sets, so no "
    "heads were rendered."
)


@dataclass(frozen=True)
class Looked:
    """Scans with what was seen of their heads, and the digests of their files, in one order."""

    scans: tuple[Scan, ...]
    heads: tuple[HeadResult, ...]
    digests: tuple[str, ...]

    def usable(self) -> Looked:
        """Those of which a recogniser could use a render."""
        kept = [k for k, head in enumerate(self.heads) if head.status == "ok"]
        return Looked(
            tuple(self.scans[k] for k in kept),
            tuple(self.heads[k] for k in kept),
            tuple(self.digests[k] for k in kept),
        )


def measure(intake: Intake, job: Job, log: CostLog) -> Measured:
    """Measure how well faces in scans find other scans of the same people."""
    asked = [one for one in recognisers(job.settings.recognisers, job.weights) if one.embedding]
    everybody, damage = look(intake, job, log)
    usable = everybody.usable()
    design = plan(usable, job)
    scores = dict(match(usable, design, asked, job, log))
    add_fusion(SCANS_NAME, scores, job)
    verbatim = design.verbatim() if scores else np.zeros((0, 0), dtype=np.bool_)
    scores = {name: copies_first(one, verbatim) for name, one in scores.items()}
    probes, gallery = ([usable.scans[k] for k in side] for side in (design.probes, design.gallery))
    found = evaluate(SCANS_NAME, scores, probes, gallery, job, log)
    risk, exposed = assess_people(SCANS_NAME, found, probes, gallery, job, log)
    probe_mm, gallery_mm = (
        [usable.heads[k].voxel_mm for k in side] for side in (design.probes, design.gallery)
    )
    conditions = known_conditions(probes, gallery, probe_mm, gallery_mm)
    rows = tuple(
        told(row, head)
        for row, head in zip(
            scan_rows(everybody.scans, everybody.heads, SCANS_NAME), everybody.heads, strict=True
        )
    )
    wanted = searchable(everybody.scans, plan(everybody, job))
    section = modality_section(
        SCANS_NAME,
        rows,
        list(scores.values()),
        found.summaries,
        strata(found.scores, conditions) if found.scores else (),
        unsearched=len(wanted - searchable(usable.scans, design)),
        compared=compared_scans(job.settings.contrasts, len(job.sources), design.copies),
        method=scan_sentences(job.settings, asked, shared="face" in job.modalities),
        references=REFERENCES,
        risk=risk,
        found=found,
        needs=NEEDS[SCANS_NAME],
        too_little="" if everybody.scans else NOBODY,
        panels=copies_panel(design, verbatim, len(wanted)) if scores else None,
    )
    ids = [scan.scan_id for scan in usable.scans]
    internal = scans_internal(
        rows,
        everybody.heads,
        tuple(ids[k] for k in design.probes),
        tuple(ids[k] for k in design.gallery),
        *led_by_headline(scores, found),
        notes=damage,
        tables=exposed,
    )
    return Measured(
        section,
        internal,
        tuple(one.digest for one in asked if one.digest),
        attack=strongest_attack(found, probes, gallery),
    )


def look(intake: Intake, job: Job, log: CostLog) -> tuple[Looked, tuple[str, ...]]:
    """Look at every head, unless nobody can be searched for."""
    damage: list[StoreError] = []
    run = run_of(intake, job, damage)
    scans, digests = to_look_at(intake, job, run.store, damage)
    if not scans:
        return Looked((), (), ()), tell_damage(damage, job)
    with stage(HEAD_STAGE, len(scans), log, recorded(job)) as listen:
        heads = look_at_heads(scans, run, listen)
    log.recalled(sum(head.seconds for head in heads))
    return Looked(scans, heads, digests), tell_damage(damage, job)


def recall(intake: Intake, job: Job, run: Run) -> Looked:
    """The same again, from the store; nothing is told of it."""
    scans, digests = to_look_at(intake, job, run.store, [])
    return Looked(scans, look_at_heads(scans, run, ignore), digests)


def run_of(intake: Intake, job: Job, damage: list[StoreError]) -> Run:
    """How heads are looked at here: with photographs in more views, and then only once."""
    own = "" if "face" in job.modalities else SCANS.name
    return face_run(intake, job, damage, own)


def to_look_at(
    intake: Intake, job: Job, store: Store, damage: list[StoreError]
) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """The scans whose heads are wanted, and their files' digests; none if nobody is searched for.

    Heads take the most time of an audit. Where no person has two scans that may be compared,
    nothing could be measured of them here.
    """
    scans = intake.scans
    digests = tuple(_digest(scan, store, damage) for scan in scans)
    if not searchable(scans, plan(Looked(scans, (), digests), job)):
        return (), ()
    return scans, digests


def told(row: ScanRow, head: HeadResult) -> ScanRow:
    """A scan's row; one whose skin was looked at and shows no face to compare is no failure.

    People of whom such scans leave nothing to compare still count as not searched.
    """
    if head.status == "ok" or head.coverage is None:
        return row
    return replace(row, status="ok", verdict="doubtful")


def _digest(scan: Scan, store: Store, damage: list[StoreError]) -> str:
    """Digest of a scan's file; "" where it cannot be read, which the look will say."""
    if scan.status == "failed":
        return ""
    try:
        return input_digest(scan, store, damage.append)
    except InputError:
        return ""


def plan(looked: Looked, job: Job) -> Design:
    """Which scans are compared: other sessions of one data set, or the first with the others."""
    if len(job.sources) == 1:
        return within(looked.scans, looked.digests)
    return against(looked.scans, looked.digests, job.sources[0].name)


def match(
    usable: Looked, design: Design, asked: Sequence[Recogniser], job: Job, log: CostLog
) -> Mapping[str, PairScores]:
    """Score all pairs of the design under every measure."""
    pairs = int(np.count_nonzero(design.usable))
    if not pairs:
        return {}
    with stage("match", pairs, log, recorded(job)):
        found = scan_scores(
            [usable.heads[k] for k in design.probes],
            [usable.heads[k] for k in design.gallery],
            design.usable,
            asked,
        )
    return {
        name: PairScores(name, one.values, one.usable, design.probe_person, design.gallery_person)
        for name, one in found.items()
    }
