"""What an audit came to: its report put together from what was measured, and written."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from headrisk import __version__
from headrisk.attacks.account import account, account_others, with_people
from headrisk.attacks.attack import Context, Measured
from headrisk.attacks.presence import Sought
from headrisk.dataset.description import DataSetName, name_data_set
from headrisk.dataset.inventory import counted, files_table, images_table
from headrisk.deidentify.comparison import TreatmentsMeasured
from headrisk.findings.records import TITLE, Internal, Report, RunRecord, ScanRow, Table
from headrisk.job import Job, finish
from headrisk.report.withhold import withhold_section
from headrisk.report.words.inventory import REASONS
from headrisk.report.words.metadata import against_images
from headrisk.report.write import write_internal_table, write_report
from headrisk.run.engine import count_workers
from headrisk.run.provenance import collect_provenance, this_machine


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


def conclude(
    context: Context,
    measured: Sequence[Measured],
    treatments: TreatmentsMeasured,
    sought: Sought | None,
    started: datetime,
) -> Outcome:
    """Put together what was measured, write the output folder, and close the log."""
    intake, job, log = context.intake, context.job, context.log
    inventory = account(intake, measured, sought, job)
    if inventory is not None:
        measured = [with_people(one, intake, inventory) for one in measured]
    parts = [*(one.internal for one in measured), *treatments.internal]
    counts = counted(inventory) if inventory else None
    if counts is not None:
        seen = [row for part in parts for row in part.scans]
        counts = replace(counts, others=account_others(intake, seen, job))
    sections = tuple(one.section for one in measured)
    notes_on_metadata = against_images([withhold_section(one) for one in sections])
    report = Report(
        sections,
        settings=job.settings.as_dict(),
        version=__version__,
        notes=notes_on_metadata,
        treatments=treatments.treatments,
        faces_left=sought.left if sought else None,
        not_asked=unasked(job),
        inventory=counts,
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
    internal = join(parts, intake.notes)
    if inventory is not None:
        tables = {
            **internal.tables,
            "images": Table(*images_table(inventory, REASONS)),
            "files": Table(*files_table(inventory, REASONS)),
        }
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


def join(parts: Sequence[Internal], notes: tuple[str, ...]) -> Internal:
    """What stays inside of several modalities; a scan is listed once for each that looked at it."""
    return Internal(
        scans=tuple(row for part in parts for row in part.scans),
        links=tuple(link for part in parts for link in part.links),
        mosaics=tuple(mosaic for part in parts for mosaic in part.mosaics),
        matrices=tuple(matrix for part in parts for matrix in part.matrices),
        notes=(*notes, *(note for part in parts for note in part.notes)),
        tables={name: table for part in parts for name, table in part.tables.items()},
    )


def unasked(job: Job) -> tuple[str, ...]:
    """Questions about a data set that a run leaves out.

    Tables are asked about where there are any; a run that asks of brains and metadata and was given
    none has asked all it could.
    """
    asked = set(job.modalities)
    left = [] if "brain" in asked else ["brains"]
    if not job.faces_left:
        left.append("faces left" if asked & {"face", "face-scans"} else "faces")
    if "metadata" not in asked:
        left.append("metadata")
    if not {"brain", "metadata"} <= asked and "table" not in asked:
        left.append("tables")
    return tuple(left)
