"""The whole story of an audit: take the scans in, measure each modality, write the report.

What measuring a modality means stands in ``headrisk.attacks``, one module for each.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from headrisk import __version__
from headrisk.attacks import brain, combined, face, face_scans, metadata, presence, rescan, table
from headrisk.attacks.account import account, with_people
from headrisk.attacks.material import examine_images
from headrisk.attacks.measured import Measured, join
from headrisk.attacks.presence import Sought
from headrisk.brain.similarity import select
from headrisk.dataset.description import DataSetName, name_data_set
from headrisk.dataset.inventory import Inventory, counted, images_table
from headrisk.deidentify import comparison as treated
from headrisk.deidentify.comparison import TreatmentsMeasured
from headrisk.face.recognise.registry import recognisers
from headrisk.findings.records import TITLE, Report, RunRecord, ScanRow, Table
from headrisk.intake import Intake, take_in
from headrisk.job import Job, finish
from headrisk.report.withhold import withhold_section
from headrisk.report.words.metadata import against_images
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
    """What an audit came to: the public report, every scan with its status.

    ``photos_unused`` counts photographs, ``unseen`` images in which no face could be looked for.
    """

    report: Report
    scans: tuple[ScanRow, ...]
    photos_unused: int = 0
    unseen: int = 0

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
    intake = examine_images(take_in(job, log), job, log)
    chosen = {**MODALITIES, "brain": rescan.measure} if job.simulate_rescan else MODALITIES
    measured = []
    for name in job.modalities:
        with log.attacking(name):
            measured.append(chosen[name](intake, job, log))
    measured = combined.ordered(measured, combined.measure(measured, job, log))
    sought = presence.seek(intake, job, log) if job.faces_left else None
    treatments = treated.measure(intake, job, log)
    inventory = account(intake, measured, sought, job)
    if inventory is not None:
        measured = [with_people(one, intake, inventory) for one in measured]
    return write(measured, intake.notes, inventory, job, started, log, treatments, sought)


def write(
    measured: Sequence[Measured],
    notes: tuple[str, ...],
    inventory: Inventory | None,
    job: Job,
    started: datetime,
    log: CostLog,
    treatments: TreatmentsMeasured = NO_TREATMENT,
    sought: Sought | None = None,
) -> Outcome:
    """Write the output folder of what was measured, and close the log."""
    sections = tuple(one.section for one in measured)
    notes_on_metadata = against_images([withhold_section(one) for one in sections])
    report = Report(
        sections,
        settings=job.settings.as_dict(),
        version=__version__,
        notes=notes_on_metadata,
        treatments=treatments.treatments,
        faces_left=sought.left if sought else None,
        not_asked=job.not_asked,
        inventory=counted(inventory) if inventory else None,
        title=job.title or TITLE,
        data=_named(job),
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
    if inventory is not None:
        tables = {**internal.tables, "images": Table(*images_table(inventory))}
        internal = replace(internal, tables=tables)
    internal = replace(internal, input_key=key.hex())
    if sought:
        internal = replace(
            internal,
            notes=(*internal.notes, *sought.notes),
            tables={**internal.tables, **sought.tables},
        )
    write_report(report, internal, job.out, run, listen=job.listen)
    for one in measured:
        for name, rows in one.tables.items():
            write_internal_table(rows, job.out, name)
    unseen = sum(one.sight.verdict == "failed" for one in sought.results) if sought else 0
    unused = sum(one.photos_unused for one in measured)
    outcome = Outcome(report, internal.scans, unused, unseen)
    finish(job, len(outcome.scans), outcome.failed)
    return outcome


def _named(job: Job) -> DataSetName:
    """The data set to be shared, by its own name, and those it was compared with."""
    paths = [source.path for source in job.sources] or list(job.tables)
    return name_data_set(paths[0], paths[1:]) if paths else DataSetName("")
