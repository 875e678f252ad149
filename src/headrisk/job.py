"""What a run is asked to do, whether it can be done there, and the log it keeps."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from headrisk import __version__
from headrisk.dataset.gather import Source
from headrisk.errors import UsageError
from headrisk.evaluate.attackers import NAMED_ATTACKERS, Attacker
from headrisk.run.audit import append_audit
from headrisk.run.digests import canonical_json, sha256_of_file
from headrisk.run.engine import Workers
from headrisk.run.events import Event, Finished, Listener, ignore
from headrisk.settings import Settings

LOG = "audit.jsonl"
_REPLACED = (  # what a run writes over; in a folder of somebody else's it would be lost
    "dataset_description.json",
    "internal",
    "methods.md",
    "report.html",
    "report.json",
    "report-run.json",
    "settings.toml",
    "tables",
)


@dataclass(frozen=True)
class Job:
    """What to audit and where the results go.

    Attributes
    ----------
    sources
        The data sets; the first is the one to be shared, the others are what an attacker holds.
        With one alone, its own sessions are compared. None where only tables are measured.
    out
        Output folder.
    processes
        Worker processes, or a Dask cluster; changes how fast results come, never what they are.
    work_dir
        Where DICOM series are converted; ``out/work`` if None.
    participants, sessions
        Labels of the first data set to restrict it to; all if empty. The others stay whole.
    listen
        Told about progress.
    modalities
        What is measured: ``brain``, ``face``, ``table``, or several of them.
    tables
        Derived tables for the table modality: one, or the searched for and the searched one.
    simulate_rescan
        Whether brains are searched for by simulated second scans in place of true ones.
    photos
        Table of photographs for the face modality; without it only the presence of faces is told.
    weights
        Where the user keeps weights of recognisers that the package does not ship, by recogniser.
    treated
        The first data set again, treated by some tool; each named for its treatment.
    same_people
        Table of who is who in the first data set and in the others; labels tell without it.
    attackers
        Whose expected success the report gives.
    today
        The day on which consent must still hold.
    """

    sources: tuple[Source, ...]
    out: Path
    settings: Settings = field(default_factory=Settings)
    processes: Workers = 1
    work_dir: Path | None = None
    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    listen: Listener = ignore
    modalities: tuple[str, ...] = ("brain",)
    tables: tuple[Path, ...] = ()
    simulate_rescan: bool = False
    treated: tuple[Source, ...] = ()
    photos: Path | None = None
    same_people: Path | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    attackers: tuple[Attacker, ...] = NAMED_ATTACKERS
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def require_out(job: Job) -> None:
    """Refuse an output folder that cannot be written, is not ours, or lies in a data set.

    An output folder inside a data set would be shared with it, labels and brains included.
    Nothing is made yet.

    Raises
    ------
    UsageError
        Says what stands in the way.
    """
    out = Path(os.path.realpath(job.out))
    for path in (*(source.path for source in (*job.sources, *job.treated)), *job.tables):
        if path.is_dir() and out.is_relative_to(path.resolve()):
            where = "the data set itself" if out == path.resolve() else "inside a data set"
            raise _unfit(job.out, where, "a folder outside every data set that is read")
    there = next(place for place in (out, *out.parents) if place.exists())
    if not there.is_dir():
        raise _unfit(there, "a file", "a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _unfit(there, "a folder you may not write in", "a writable folder")
    foreign = [name for name in _REPLACED if (out / name).exists()]
    if foreign and not (out / "store" / "tmp").is_dir():
        raise _unfit(
            job.out,
            f"a folder with {foreign[0]}, but not an output of headrisk",
            "a new or empty folder, or an earlier output",
        )


def begin(job: Job, scans: int) -> None:
    """Make the output folder and open its log.

    Raises
    ------
    UsageError
        The folder cannot be made.
    StoreError
        The log cannot be written.
    """
    try:
        job.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unfit(job.out, error.strerror or str(error), "a folder that can be made") from error
    digest = hashlib.sha256(canonical_json(job.settings.as_dict())).hexdigest()
    detail: dict[str, str | int] = {
        "data_sets": len(job.sources) + len(job.tables),
        "treated_sets": len(job.treated),
        "scans": scans,
        "settings_sha256": digest,
    }
    _log(job, "start", {"headrisk": __version__, **detail})


def recorded(job: Job) -> Listener:
    """The job's listener, which also writes the end of each stage to the log."""

    def listen(event: Event) -> None:
        job.listen(event)
        if isinstance(event, Finished):
            counts = {"done": event.done, "failed": event.failed}
            _log(job, "stage", {"stage": event.stage, **counts})

    return listen


def finish(job: Job, scans: int, failed: int) -> None:
    """Close the log with the digest of ``report.json``.

    Raises
    ------
    StoreError
        The log cannot be written.
    """
    digest = sha256_of_file(job.out / "report.json")
    _log(job, "finish", {"scans": scans, "failed": failed, "report_sha256": digest})


def _log(job: Job, action: str, detail: dict[str, str | int]) -> None:
    """Add a line: counts and digests, never a label or a path."""
    append_audit(job.out / LOG, action, detail, when=datetime.now(UTC))


def _unfit(place: Path, found: str, expected: str) -> UsageError:
    return UsageError(
        f"output folder {place}",
        found=found,
        expected=expected,
        remedy="Give another output folder.",
    )
