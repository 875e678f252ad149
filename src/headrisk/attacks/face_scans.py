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

from headrisk.attacks.attack import Answer, Context, Lineup, Tested, lineup_of
from headrisk.attacks.brain import label_check
from headrisk.attacks.face import errors_of, face_run
from headrisk.attacks.face_panels import portraits, scan_rows
from headrisk.attacks.rates import Scores, copies_panel
from headrisk.brain.cohort import input_digest
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, StoreError
from headrisk.face.cohort import HEAD_STAGE, Run, look_at_heads
from headrisk.face.head import HeadResult
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.protocols import SCANS
from headrisk.face.scores import SCANS_NAME, scan_scores
from headrisk.findings.records import ScanRow
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage, tell_sentences
from headrisk.linkage.design import Design, against, searchable, within
from headrisk.linkage.label_check import LabelCheck
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.face import NOBODY, PLUGIN_FAILED, REFERENCES, scan_sentences
from headrisk.report.words.summary import compared_scans
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import Store
from headrisk.types import PairScores


@dataclass(frozen=True)
class Looked:
    """Scans with what was seen of their heads, and the digests of their files, in one order."""

    scans: tuple[Scan, ...]
    heads: tuple[HeadResult, ...]
    digests: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def usable(self) -> Looked:
        """Those of which a recogniser could use a render."""
        kept = [k for k, head in enumerate(self.heads) if head.status == "ok"]
        return Looked(
            tuple(self.scans[k] for k in kept),
            tuple(self.heads[k] for k in kept),
            tuple(self.digests[k] for k in kept),
        )


@dataclass(frozen=True)
class FaceScansAttack:
    """Renders of the faces in scans are searched among those of other sessions."""

    name: str = SCANS_NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Looked:
        """Look at every head, unless nobody can be searched for."""
        return look(context.intake, context.job, context.log)

    def design(self, material: Looked, context: Context) -> Lineup[Design]:
        """Which pairs say something, as for brains."""
        usable = material.usable()
        design = plan(usable, context.job)
        return lineup_of(usable.scans, design, design.verbatim())

    def score(
        self, material: Looked, lineup: Lineup[Design], context: Context
    ) -> tuple[Mapping[str, Scores], None]:
        """Scores of all pairs by every embedding."""
        asked = embedders(context.job)
        return match(material.usable(), lineup.plan, asked, context.job, context.log), None

    def find(
        self, material: Looked, lineup: Lineup[Design], tested: Tested, context: Context
    ) -> Answer:
        """The section of the report; conditions are those of the strongest attack."""
        job, design, usable = context.job, lineup.plan, material.usable()
        asked = embedders(job)
        contrasts = (
            tuple(dict.fromkeys(scan.suffix for scan in material.scans)) or job.settings.contrasts
        )
        failed = errors_of(material.heads)
        voxels = [head.voxel_mm for head in usable.heads]
        wanted = searchable(material.scans, plan(material, job))
        rows = scan_rows(material.scans, material.heads, SCANS_NAME)
        copies = (
            copies_panel(design, lineup.verbatim, len(wanted))
            if tested.scores and lineup.verbatim is not None
            else {}
        )
        return Answer(
            rows=tuple(told(row, head) for row, head in zip(rows, material.heads, strict=True)),
            unsearched=len(wanted - searchable(usable.scans, design)),
            compared=compared_scans(contrasts, len(job.sources), design.copies),
            contrasts=contrasts,
            method=(
                *scan_sentences(job.settings, asked, shared="face" in job.modalities),
                *([PLUGIN_FAILED] if failed else []),
            ),
            references=REFERENCES,
            needs=ATTACKS[SCANS_NAME].needs,
            panels=copies,
            too_little="" if material.scans else NOBODY,
            voxels=([voxels[k] for k in design.probes], [voxels[k] for k in design.gallery]),
            labels=_label_check(tested, context),
            notes=(*material.notes, *failed),
            pictures=portraits(material.scans, material.heads, SCANS_NAME),
            digests=tuple(one.digest for one in asked if one.digest),
        )


def _label_check(tested: Tested, context: Context) -> LabelCheck | None:
    """What faces say of the labels of two data sets, where no brains tell it better."""
    if "brain" in context.job.modalities:
        return None
    whole = [one for one in tested.scores.values() if isinstance(one, PairScores)]
    return label_check(whole, context.job)


def embedders(job: Job) -> list[Recogniser]:
    """The recognisers whose templates are vectors."""
    asked = recognisers(job.settings.recognisers, job.weights)
    return [one for one in asked if one.embedding]


def look(intake: Intake, job: Job, log: CostLog) -> Looked:
    """Look at every head, unless nobody can be searched for."""
    damage: list[StoreError] = []
    run = run_of(intake, job, damage)
    scans, digests = to_look_at(intake, job, run.store, damage)
    if not scans:
        return Looked((), (), (), tell_damage(damage, job))
    with stage(HEAD_STAGE, len(scans), log, recorded(job)) as listen:
        heads = look_at_heads(scans, run, listen)
    log.recalled(sum(head.seconds for head in heads))
    if "face" not in job.modalities:  # which tells it of the same heads
        tell_sentences(errors_of(heads), job)
    return Looked(scans, heads, digests, tell_damage(damage, job))


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
    scans = intake.scans + intake.beside
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
