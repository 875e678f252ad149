"""Brain linkage where nobody was scanned twice: a second scan of each person is simulated.

The same stages as ``headrisk.attacks.brain``; the simulated scans are searched for among the
real ones. Everything that comes out is labelled as simulated, and neither attackers nor forecasts
are computed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headrisk.attacks import brain
from headrisk.attacks.measured import (
    Measured,
    add_fusion,
    assess_people,
    evaluate,
    led_by_headline,
)
from headrisk.attacks.section import modality_section
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.rescan import STRENGTHS
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError, UsageError
from headrisk.findings.linkage import internal_part, scan_rows
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage
from headrisk.linkage.design import Design, against
from headrisk.linkage.mates import searchable
from headrisk.report.words.brain import NAME, REFERENCES, method_sentences
from headrisk.report.words.cost import NEEDS
from headrisk.report.words.rescan import compared_sentence, how_simulated
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.run.store import open_store

SIMULATED = "simulated"  # names the simulated side: data set, session and scan ids
STAGE = "simulate"


def measure(intake: Intake, job: Job, log: CostLog) -> Measured:
    """Measure how well brains link simulated second scans to the real ones.

    Raises
    ------
    UsageError
        Several data sets, which have scans to compare already, or fingerprints without images.
    """
    _require_images(intake, job)
    real, damage = brain.prepare(intake, job, log)
    copies, more_damage = prepare_simulated(real, job, log)
    everybody = copies + real
    usable = everybody.usable()
    design = plan(usable)
    scores = brain.score(usable, design, job, log)
    add_fusion(NAME, scores, job)
    probes, gallery = ([usable.scans[k] for k in side] for side in (design.probes, design.gallery))
    rated = evaluate(NAME, scores, probes, gallery, job, log)
    risk, exposed = assess_people(NAME, rated, probes, gallery, job, log)
    rows = scan_rows(everybody.scans, everybody.results)
    own = rows[len(copies.scans) :]
    internal = internal_part(
        rows, usable.scans, everybody.results, design, *led_by_headline(scores, rated),
        one_to_one=job.settings.one_to_one, notes=damage + more_damage, tables=exposed,
    )  # fmt: skip
    wanted, found = searchable(everybody.scans, plan(everybody)), searchable(usable.scans, design)
    section = modality_section(
        NAME, own, list(scores.values()), rated.summaries,
        unsearched=len(wanted - found),
        compared=compared_sentence(job.settings.rescan_strength, _scanned_twice(real.scans)),
        method=(
            *method_sentences(job.settings, scores.notes),
            how_simulated(job.settings.rescan_strength, STRENGTHS[job.settings.rescan_strength]),
        ),
        references=REFERENCES,
        needs=NEEDS[NAME],
        simulated=True,
        risk=risk,
        found=rated,
    )  # fmt: skip
    return Measured(section, internal, tuple(digest for digest in real.digests if digest))


def prepare_simulated(real: Cohort, job: Job, log: CostLog) -> tuple[Cohort, tuple[str, ...]]:
    """Fingerprints of one simulated re-scan of every usable scan."""
    damage: list[StoreError] = []
    chosen = real.usable().scans
    with stage(STAGE, len(chosen), log, recorded(job)) as listen:
        made = prepare_scans(
            chosen, job.settings, open_store(job.out / "store"), processes=job.processes,
            listen=listen, on_damage=damage.append, rescan=True,
        )  # fmt: skip
    log.recalled(sum(result.seconds for result in made.results))
    return as_simulated(made), tell_damage(damage, job)


def as_simulated(made: Cohort) -> Cohort:
    """Label a cohort of simulated scans. They are no copies of a file, so they have no digest."""
    return Cohort(
        tuple(_labelled(scan) for scan in made.scans),
        tuple(replace(one, scan_id=f"{SIMULATED}/{one.scan_id}") for one in made.results),
        ("",) * len(made.scans),
        made.keys,
    )


def _labelled(scan: Scan) -> Scan:
    session = f"{scan.session_id}-{SIMULATED}" if scan.session_id else SIMULATED
    return replace(
        scan, scan_id=f"{SIMULATED}/{scan.scan_id}", dataset=SIMULATED, session_id=session
    )


def plan(cohort: Cohort) -> Design:
    """Every simulated scan is searched among the real ones; its only mate is its own original.

    Other real scans of the person are left out, so that no figure mixes simulated and true mates.
    """
    design = against(cohort.scans, cohort.digests, SIMULATED)
    ids = np.array([scan.scan_id for scan in cohort.scans], dtype=np.str_)
    origin = np.char.add(f"{SIMULATED}/", ids[design.gallery])
    own = ids[design.probes][:, None] == origin[None, :]
    same = design.probe_person[:, None] == design.gallery_person[None, :]
    return replace(design, given=own | ~same)


def _scanned_twice(scans: Sequence[Scan]) -> int:
    """People of whom true second scans are at hand."""
    sessions: dict[str, set[str]] = {}
    for scan in scans:
        sessions.setdefault(scan.participant_id, set()).add(scan.session_id)
    return sum(len(found) > 1 for found in sessions.values())


def _require_images(intake: Intake, job: Job) -> None:
    if len(job.sources) == 1 and not intake.earlier.scans:
        return
    found = "several data sets" if len(job.sources) > 1 else "fingerprints of an earlier run"
    raise UsageError(
        "--simulate-rescan",
        found=found,
        expected="one data set of images, in which people were scanned once",
        remedy="Leave it out, or name the images alone.",
    )
