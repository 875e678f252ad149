"""The whole story of an audit: take the scans in, measure each modality, write the report.

What measuring a modality means stands in ``headrisk.attacks``, one module for each.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from headrisk import __version__
from headrisk.attacks import brain, face, face_scans, metadata, rescan, table
from headrisk.attacks.measured import Measured, join
from headrisk.brain.similarity import select
from headrisk.deidentify import comparison as treated
from headrisk.deidentify.comparison import TreatmentsMeasured
from headrisk.face.recognise.registry import recognisers
from headrisk.intake import Intake, take_in
from headrisk.job import Job, finish
from headrisk.report.metadata_link_part import against_images
from headrisk.report.model import Report, RunRecord, ScanRow
from headrisk.report.write import write_internal_table, write_report
from headrisk.run.engine import count_workers
from headrisk.run.provenance import CostLog, collect_provenance, this_machine

MODALITIES: Mapping[str, Callable[[Intake, Job, CostLog], Measured]] = {
    "brain": brain.measure,
    "face": face.measure,
    "face-scans": face_scans.measure,
    "metadata": metadata.measure,
    "table": table.measure,
}

NO_TREATMENT = TreatmentsMeasured()


@dataclass(frozen=True)
class Outcome:
    """What an audit came to: the public report, every scan with its status, unused photographs."""

    report: Report
    scans: tuple[ScanRow, ...]
    photos_unused: int = 0

    @property
    def failed(self) -> int:
        """Number of scans that could not be used."""
        return sum(row.status == "failed" for row in self.scans)


def audit(job: Job) -> Outcome:
    """Measure how well the people of a data set can be found, and write the output folder.

    Raises
    ------
    UsageError
        A measure or recogniser is unknown or cannot run, or the output folder cannot be used.
    InputError
        A data set cannot be used at all. Scans that cannot be used do not end the run.
    """
    started, log = datetime.now(UTC), CostLog()
    select(job.settings.measures)
    if {"face", "face-scans"} & set(job.modalities) or job.weights:
        recognisers(job.settings.recognisers, job.weights)
    intake = take_in(job, log)
    chosen = {**MODALITIES, "brain": rescan.measure} if job.simulate_rescan else MODALITIES
    measured = []
    for name in job.modalities:
        with log.attacking(name):
            measured.append(chosen[name](intake, job, log))
    treatments = treated.measure(intake, job, log)
    return write(measured, intake.notes, job, started, log, treatments)


def write(
    measured: Sequence[Measured],
    notes: tuple[str, ...],
    job: Job,
    started: datetime,
    log: CostLog,
    treatments: TreatmentsMeasured = NO_TREATMENT,
) -> Outcome:
    """Write the output folder of what was measured, and close the log."""
    sections = tuple(one.section for one in measured)
    notes_on_metadata = against_images(sections)
    report = Report(
        sections,
        settings=job.settings.as_dict(),
        version=__version__,
        notes=notes_on_metadata,
        treatments=treatments.treatments,
    )
    digests = [digest for one in measured for digest in one.digests]
    key = secrets.token_bytes(32)
    provenance = collect_provenance(job.settings, digests, key)
    run = RunRecord(
        started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        provenance,
        tuple(log.costs),
        this_machine(count_workers(job.processes)),
    )
    internal = join([*(one.internal for one in measured), *treatments.internal], notes)
    internal = replace(internal, input_key=key.hex())
    write_report(report, internal, job.out, run)
    for one in measured:
        for name, rows in one.tables.items():
            write_internal_table(rows, job.out, name)
    outcome = Outcome(report, internal.scans, sum(one.photos_unused for one in measured))
    finish(job, len(outcome.scans), outcome.failed)
    return outcome
