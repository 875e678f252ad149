"""Linkage by metadata alone: read headers and sidecars, compare, evaluate, describe.

A control for every other modality: where metadata link people better than the image does, an
attacker needs no image. Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path

import numpy as np

from headrisk.attacks.attack import Answer, Context, Lineup, Tested, lineup_of
from headrisk.attacks.rates import Scores
from headrisk.dataset.head_images import SUFFIXES
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import Levels
from headrisk.errors import InputError
from headrisk.findings.coarse import SMALLEST_CELL, share_above, share_below, stepped
from headrisk.findings.linkage import scan_row
from headrisk.findings.records import Panel, Table
from headrisk.intake import listed_beside
from headrisk.io.digests import sha256_of_file
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design, against, searchable, within
from headrisk.metadata.attack import (
    ALL,
    GROUPS,
    CodedField,
    ScanFields,
    agreement,
    coded_fields,
    field_of,
    group_of,
    kind_of_image,
    of_session,
    scan_fields,
)
from headrisk.metadata.closed import public_name
from headrisk.report.words import metadata as words
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.metadata import METHOD, NAME, REFERENCES, nothing_to_tell
from headrisk.report.words.summary import compared_scans
from headrisk.run.events import Advanced, stage
from headrisk.run.provenance import CostLog
from headrisk.types import BoolArray, IntArray, PairScores

# ----------------------------------------------------------------------
# What the metadata attack tells beside its rates: which fields agree within people.
# ----------------------------------------------------------------------

MOST_FIELDS = 20


def field_panel(fields: Sequence[CodedField], design: Design) -> dict[Panel, Table]:
    """How often each field agrees within and between people, the most telling first.

    Fields that fewer than five people have in a compared pair of their own scans are left out, and
    so names that no standard and no converter gave are not printed: a key can be somebody's name.
    """
    same = (design.probe_person[:, None] == design.gallery_person[None, :]) & design.usable
    rows = []
    for field in fields:
        row = _agreements(field, design, same)
        if row is not None:
            rows.append(row)
    rows.sort(key=lambda row: (-(row[2] - row[3]) * row[4], row[0]))
    if not rows:
        return {}
    name, _, mates, others, _ = rows[0]
    answer = words.fields_answer(len(rows), name, mates, others)
    columns = ("field", "group", "pairs_of_one_person_agree", "pairs_of_two_agree", "bits")
    panel = Panel("fields", words.FIELDS, answer)
    return {panel: Table(columns, tuple(rows[:MOST_FIELDS]))}


def _agreements(
    field: CodedField, design: Design, same: BoolArray
) -> tuple[str, str, float, float, float] | None:
    """Name, group, shares of agreeing mated and non-mated pairs, and mean bits of a value."""
    probe, gallery = field.codes[design.probes], field.codes[design.gallery]
    known = (probe >= 0)[:, None] & (gallery >= 0)[None, :] & design.usable
    mated, other = known & same, known & ~same
    people: IntArray = np.unique(design.probe_person[mated.any(axis=1)])
    if people.size < SMALLEST_CELL or not other.any():
        return None
    equal = field.equal(design.probes, design.gallery)
    bits = float(field.weight[gallery[gallery >= 0]].mean()) / log(2)
    return (
        _shown(field.name),
        group_of(field.name).removesuffix("-fields"),
        share_above(float(equal[mated].mean()), people.size),
        share_below(float(equal[other].mean()), people.size),
        stepped(bits, 0.5, up=True),
    )


def _shown(field: str) -> str:
    """A field's name where all can know it, and the suffix of the images that it is of."""
    name, kind = field_of(field)
    suffix = kind.rpartition("_")[2]
    return f"{public_name(name)} ({suffix})" if suffix in SUFFIXES else public_name(name)


# ----------------------------------------------------------------------
# Linkage by metadata alone: read headers and sidecars, compare, evaluate, describe.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Headers:
    """What headers and sidecars say of every scan.

    Attributes
    ----------
    scans, found, digests
        The scans of the run, and of sessions that have none of them their first other image; the
        fields of each, with those of the other images of its session; digests of the files.
    images
        Every image of which header and sidecars were read, those of the other kinds included.
    """

    scans: tuple[Scan, ...]
    found: tuple[ScanFields, ...]
    digests: tuple[str, ...]
    images: tuple[tuple[Scan, ScanFields], ...]

    @property
    def usable(self) -> tuple[int, ...]:
        """Positions of the scans whose fields could be read."""
        return tuple(k for k, one in enumerate(self.found) if one.status == "ok")


@dataclass(frozen=True)
class MetadataAttack:
    """Headers and sidecars of scans are searched among those of other sessions."""

    name: str = NAME
    assessed: bool = False

    def prepare(self, context: Context) -> Headers:
        """Read the fields of every scan, and of the other images of its session."""
        intake, job = context.intake, context.job
        asked = {scan.path for scan in intake.scans}
        beside = [
            scan
            for scan in listed_beside(job, intake.scans, intake.series, sorted(SUFFIXES))
            if scan.status == "ok" or scan.path not in asked
        ]
        renamed = {scan.path for scan in beside}  # of another kind than their names say
        scans = [scan for scan in intake.scans if scan.path not in renamed]
        return of_sessions(scans, beside, job, context.log)

    def design(self, material: Headers, context: Context) -> Lineup[Design]:
        """Which pairs say something, as for brains."""
        scans = [material.scans[k] for k in material.usable]
        design = plan(scans, [material.digests[k] for k in material.usable], context.job)
        return lineup_of(scans, design)

    def score(
        self, material: Headers, lineup: Lineup[Design], context: Context
    ) -> tuple[Mapping[str, Scores], Sequence[CodedField]]:
        """Scores by all fields and by each group of them; and the fields."""
        values = [material.found[k].values for k in material.usable]
        fields = coded_fields(values, lineup.plan.gallery)
        return compare(fields, lineup.plan, context.job, context.log), fields

    def find(
        self, material: Headers, lineup: Lineup[Design], tested: Tested, context: Context
    ) -> Answer:
        """The section of the report; conditions are those of the strongest group of fields."""
        job, design, usable = context.job, lineup.plan, material.usable
        fields: Sequence[CodedField] = tested.made
        scans = [material.scans[k] for k in usable]
        voxels = [material.found[k].voxel_mm for k in usable]
        wanted = searchable(material.scans, plan(material.scans, material.digests, job))
        rows = tuple(scan_row(scan, found, 1.0, "ok", NAME) for scan, found in material.images)
        kinds = kinds_of(material, job)
        return Answer(
            rows=rows,
            listed=rows if job.modalities == (NAME,) else (),  # a scan is counted once
            unsearched=len(wanted - searchable(scans, design)),
            compared=(
                compared_scans(kinds, len(job.sources), design.copies)
                if kinds == job.settings.contrasts
                else words.compared_sessions(kinds, len(job.sources), design.copies)
            ),
            contrasts=kinds,
            method=METHOD,
            references=REFERENCES,
            needs=ATTACKS[NAME].needs,
            panels=field_panel(fields, design),
            too_little=""
            if fields
            else nothing_to_tell(len(material.images), len(scans), int(design.usable.sum())),
            voxels=([voxels[k] for k in design.probes], [voxels[k] for k in design.gallery]),
        )


def of_sessions(scans: Sequence[Scan], beside: Sequence[Scan], job: Job, log: CostLog) -> Headers:
    """Headers and sidecars of the scans, each with what other images of its session say.

    Where a data set is compared with itself, images without a session's label are left alone: two
    of them may be of one visit, and what they share would give the answer away.
    """
    within_one = len(job.sources) == 1
    beside = [scan for scan in beside if scan.session_id or not within_one]
    images = tuple(zip((*scans, *beside), read([*scans, *beside], job, log), strict=True))
    asked, others = images[: len(scans)], images[len(scans) :]
    of_visit: dict[tuple[str, str, str], list[tuple[Scan, ScanFields]]] = {}
    for scan, fields in others:
        if fields.status == "ok":
            of_visit.setdefault(_visit(scan), []).append((scan, fields))
    whole = [_with_visit(scan, fields, of_visit.get(_visit(scan), ())) for scan, fields in asked]
    seen = {_visit(scan) for scan in scans}
    for visit, found in of_visit.items():
        if visit not in seen:  # none of its images is of a kind that was asked for
            scan, fields = found[0]
            whole.append((scan, _with_visit(scan, replace(fields, values={}), found)[1]))
    return Headers(
        scans=tuple(scan for scan, _ in whole),
        found=tuple(fields for _, fields in whole),
        # Pointers to content that is not here look alike and are no copies of one image.
        digests=tuple(
            _digest(Path(scan.path)) if fields.voxel_mm is not None else ""
            for scan, fields in whole
        ),
        images=images,
    )


def _with_visit(
    scan: Scan, fields: ScanFields, others: Sequence[tuple[Scan, ScanFields]]
) -> tuple[Scan, ScanFields]:
    """A scan with its own fields and those of other images of its visit."""
    if not others or (scan.status != "ok" and fields.status != "ok"):  # of whom is not known
        return scan, fields
    rest = [(kind_of_image(other.path), found.values) for other, found in others]
    return scan, replace(fields, status="ok", values=of_session(fields.values, rest))


def _visit(scan: Scan) -> tuple[str, str, str]:
    return scan.dataset, scan.participant_id, scan.session_id


def kinds_of(material: Headers, job: Job) -> tuple[str, ...]:
    """Suffixes of the images whose fields were read; those asked for where there are no others."""
    found = {scan.suffix for scan, fields in material.images if fields.status == "ok"}
    asked = job.settings.contrasts
    if found <= set(asked):
        return asked
    return (*(kind for kind in asked if kind in found), *sorted(found - set(asked)))


def read(scans: Sequence[Scan], job: Job, log: CostLog) -> list[ScanFields]:
    """Fields of every image."""
    roots = {source.name: source.path for source in job.sources}
    levels: Levels = {}
    found, failed = [], 0
    with stage("read metadata", len(scans), log, recorded(job)) as listen:
        for done, scan in enumerate(scans, start=1):
            one = scan_fields(scan, roots.get(scan.dataset, Path(scan.path).parent), levels)
            found.append(one)
            failed += one.status != "ok"
            listen(Advanced("read metadata", done, failed))
    return found


def _digest(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except InputError:
        return ""


def plan(scans: Sequence[Scan], digests: Sequence[str], job: Job) -> Design:
    """Decide which pairs say something, as for brains."""
    if len(job.sources) == 1:
        return within(scans, digests)
    return against(scans, digests, job.sources[0].name)


def compare(
    fields: Sequence[CodedField], design: Design, job: Job, log: CostLog
) -> dict[str, PairScores]:
    """Score all pairs by all fields, and by each group of fields that tells scans apart."""
    pairs = int(np.count_nonzero(design.usable))
    if not pairs or not fields:
        return {}
    groups = {ALL: list(fields)}
    for name in GROUPS:
        own = [field for field in fields if group_of(field.name) == name]
        if own and len(own) < len(fields):
            groups[name] = own
    with stage("compare metadata", pairs, log, recorded(job)):
        return {
            name: PairScores(
                name,
                agreement(own, design.probes, design.gallery),
                design.usable,
                design.probe_person,
                design.gallery_person,
            )
            for name, own in groups.items()
        }
