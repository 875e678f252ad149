"""Linkage by metadata alone: read headers and sidecars, compare, evaluate, describe.

A control for every other modality: where metadata link people better than the image does, an
attacker needs no image. Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headrisk.attacks.measured import (
    Measured,
    add_fusion,
    evaluate,
    led_by_headline,
    strongest_attack,
)
from headrisk.attacks.metadata_panels import field_panel
from headrisk.attacks.section import modality_section
from headrisk.dataset.image_values import Levels
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.findings.linkage import internal_part, scan_row
from headrisk.findings.records import ModalitySection, ScanRow
from headrisk.intake import Intake
from headrisk.io.digests import sha256_of_file
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.mates import searchable
from headrisk.metadata.attack import (
    ALL,
    GROUPS,
    CodedField,
    ScanFields,
    agreement,
    coded_fields,
    group_of,
    scan_fields,
)
from headrisk.report.words.cost import NEEDS
from headrisk.report.words.metadata import METHOD, NAME, REFERENCES, nothing_to_tell
from headrisk.report.words.summary import compared_scans
from headrisk.run.events import Advanced
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.statistics.choice import Evaluated
from headrisk.statistics.conditions import known_conditions
from headrisk.statistics.summary import strata
from headrisk.types import PairScores


def measure(intake: Intake, job: Job, log: CostLog) -> Measured:
    """Measure how well headers and sidecars alone link the people of a data set."""
    found, digests = read(intake.scans, job, log)
    usable = [k for k, one in enumerate(found) if one.status == "ok"]
    scans = [intake.scans[k] for k in usable]
    design = plan(scans, [digests[k] for k in usable], job)
    fields = coded_fields([found[k].values for k in usable], design.gallery)
    scores = compare(fields, design, job, log)
    add_fusion(NAME, scores, job)
    probes, gallery = ([scans[k] for k in side] for side in (design.probes, design.gallery))
    rated = evaluate(NAME, scores, probes, gallery, job, log)
    rows = tuple(scan_row(s, f, 1.0, "ok") for s, f in zip(intake.scans, found, strict=True))
    section = describe(
        rows,
        intake.scans,
        digests,
        scans,
        [found[k] for k in usable],
        design,
        fields,
        scores,
        rated,
        job,
    )
    internal = internal_part(
        rows if job.modalities == (NAME,) else (),  # a scan is counted once
        scans,
        (),
        design,
        *led_by_headline(scores, rated),
        one_to_one=job.settings.one_to_one,
        notes=(),
    )
    return Measured(section, internal, (), attack=strongest_attack(rated, probes, gallery))


def read(scans: Sequence[Scan], job: Job, log: CostLog) -> tuple[list[ScanFields], list[str]]:
    """Fields of every scan, and digests of the files, "" where a file cannot be read."""
    roots = {source.name: source.path for source in job.sources}
    levels: Levels = {}
    found, digests, failed = [], [], 0
    with stage("read metadata", len(scans), log, recorded(job)) as listen:
        for done, scan in enumerate(scans, start=1):
            one = scan_fields(scan, roots.get(scan.dataset, Path(scan.path).parent), levels)
            found.append(one)
            # Pointers to content that is not here look alike and are no copies of one image.
            digests.append(_digest(Path(scan.path)) if one.voxel_mm is not None else "")
            failed += one.status != "ok"
            listen(Advanced("read metadata", done, failed))
    return found, digests


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


def describe(
    rows: tuple[ScanRow, ...],
    everybody: Sequence[Scan],
    digests: Sequence[str],
    scans: Sequence[Scan],
    found: Sequence[ScanFields],
    design: Design,
    fields: Sequence[CodedField],
    scores: dict[str, PairScores],
    rated: Evaluated,
    job: Job,
) -> ModalitySection:
    """The section of the report; conditions are those of the strongest group of fields."""
    wanted = searchable(everybody, plan(everybody, digests, job))
    probes, gallery = ([scans[k] for k in side] for side in (design.probes, design.gallery))
    probe_mm, gallery_mm = (
        [found[k].voxel_mm for k in side] for side in (design.probes, design.gallery)
    )
    conditions = known_conditions(probes, gallery, probe_mm, gallery_mm)
    return modality_section(
        NAME,
        rows,
        list(scores.values()),
        rated.summaries,
        strata(rated.scores, conditions) if rated.scores else (),
        unsearched=len(wanted - searchable(scans, design)),
        compared=compared_scans(job.settings.contrasts, len(job.sources), design.copies),
        method=METHOD,
        references=REFERENCES,
        needs=NEEDS[NAME],
        panels=field_panel(fields, design),
        found=rated,
        too_little="" if fields else nothing_to_tell(len(scans), int(design.usable.sum())),
    )
