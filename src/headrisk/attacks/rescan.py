"""Brain linkage where nobody was scanned twice: a second scan of each person is simulated.

The same stages as ``headrisk.attacks.brain``; the simulated scans are searched for among the
real ones. Everything that comes out is labelled as simulated, and neither attackers nor forecasts
are computed from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.attacks import brain
from headrisk.attacks.attack import Answer, Context, Lineup, Tested, lineup_of
from headrisk.attacks.rates import Scores
from headrisk.brain.cohort import Cohort, prepare_scans
from headrisk.brain.rescan import STRENGTHS
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError, UsageError
from headrisk.findings.linkage import mosaics, scan_rows
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage
from headrisk.linkage.design import Design, against, searchable
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.brain import NAME, REFERENCES, measure_failed, method_sentences
from headrisk.report.words.rescan import compared_sentence, how_simulated
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import open_store

SIMULATED = "simulated"  # names the simulated side: data set, session and scan ids
STAGE = "simulate"


@dataclass(frozen=True)
class Rescans:
    """Real scans and a simulated second one of each, and what is to be said of them."""

    real: Cohort
    copies: Cohort
    notes: tuple[str, ...]

    @property
    def everybody(self) -> Cohort:
        """The simulated scans before the real ones."""
        return self.copies + self.real


@dataclass(frozen=True)
class RescanAttack:
    """Brains of simulated second scans are searched among the real ones."""

    name: str = NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Rescans:
        """Fingerprint every scan, and a simulated second one of each.

        Raises
        ------
        UsageError
            Several data sets, which have scans to compare already, or fingerprints without images.
        """
        _require_images(context.intake, context.job)
        real = brain.fingerprints(context)
        copies, damage = prepare_simulated(real.cohort, context.job, context.log)
        return Rescans(real.cohort, copies, real.notes + damage)

    def design(self, material: Rescans, context: Context) -> Lineup[Design]:
        """Every simulated scan among the real ones."""
        del context
        usable = material.everybody.usable()
        design = plan(usable)
        return lineup_of(usable.scans, design)

    def score(
        self, material: Rescans, lineup: Lineup[Design], context: Context
    ) -> tuple[Mapping[str, Scores], brain.Made]:
        """Every score under every measure."""
        usable = material.everybody.usable()
        return brain.score(usable, lineup.plan, context.job, context.log)

    def find(
        self, material: Rescans, lineup: Lineup[Design], tested: Tested, context: Context
    ) -> Answer:
        """The brain's part of the report, labelled as simulated."""
        everybody, settings = material.everybody, context.job.settings
        rows = scan_rows(everybody.scans, everybody.results)
        wanted = searchable(everybody.scans, plan(everybody))
        strength = settings.rescan_strength
        return Answer(
            rows=rows[len(material.copies.scans) :],
            listed=rows,
            unsearched=brain.unsearched(
                wanted, everybody.usable(), lineup.plan, tested.made.failed, tested.scores
            ),
            compared=compared_sentence(strength, _scanned_twice(material.real.scans)),
            contrasts=settings.contrasts,
            method=(
                *method_sentences(settings, tested.made.notes),
                *map(measure_failed, tested.made.failed),
                how_simulated(strength, STRENGTHS[strength]),
            ),
            references=REFERENCES,
            needs=ATTACKS[NAME].needs,
            simulated=True,
            notes=(*material.notes, *map(str, tested.made.failed.values())),
            pictures=mosaics(everybody.results),
            digests=tuple(digest for digest in material.real.digests if digest),
        )


def prepare_simulated(real: Cohort, job: Job, log: CostLog) -> tuple[Cohort, tuple[str, ...]]:
    """Fingerprints of one simulated re-scan of every usable scan."""
    damage: list[StoreError] = []
    chosen = real.usable().scans
    with stage(STAGE, len(chosen), log, recorded(job)) as listen:
        made = prepare_scans(
            chosen,
            job.settings,
            open_store(job.out / "store"),
            processes=job.processes,
            listen=listen,
            on_damage=damage.append,
            rescan=True,
        )
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
