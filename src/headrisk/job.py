"""What a run is asked to do, whether it can be done there, and the log it keeps."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from headrisk import __version__
from headrisk.dataset.gather import Source
from headrisk.errors import PluginError, StoreError, UsageError, not_there
from headrisk.io.canonical import exact_json
from headrisk.io.digests import kind_of, sha256_of_file, unreadable
from headrisk.run.audit import LOG, append_audit
from headrisk.run.engine import Workers
from headrisk.run.events import Event, Finished, Listener, Noted, ignore
from headrisk.run.scratch import WORK, sweep, sweep_output
from headrisk.run.seal import SEAL
from headrisk.settings import Settings
from headrisk.statistics.attackers import NAMED_ATTACKERS, Attacker

_REPLACED = (  # what a run writes over; in a folder of somebody else's it would be lost
    "dataset_description.json",
    "internal",
    "methods.md",
    "report.html",
    "report.json",
    "report-run.json",
    "settings.toml",
    "tables",
    "texts.html",
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
    settings
        Every choice that changes results.
    processes
        Worker processes, or a Dask cluster; changes how fast results come, never what they are.
    work_dir
        Where DICOM series are converted; ``out/work`` if None.
    participants, sessions
        Labels of the first data set to restrict it to; all if empty. The others stay whole.
    listen
        Told about progress.
    modalities
        What is measured: ``brain``, ``face``, ``face-scans``, ``table``, ``metadata``, or several
        of them.
    tables
        Derived tables for the table modality: one, or the searched for and the searched one.
    simulate_rescan
        Whether brains are searched for by simulated second scans in place of true ones.
    photos
        Table of photographs for the face modality; without it only the presence of faces is told.
    weights
        Where the user keeps weights of recognisers that the package does not ship, by recogniser.
    deidentified
        The first data set again, de-identified; each copy named for its method.
    same_people
        Table of who is who in the first data set and in the others; labels tell without it.
    attackers
        Whose expected success the report gives.
    faces_left
        Whether a face is looked for in every image of the first data set.
    title
        What the page is called; "" for the usual title.
    today
        The day on which consent must still hold.

    Examples
    --------
    >>> from pathlib import Path
    >>> from headrisk import Job, Settings, Source
    >>> job = Job(
    ...     sources=(Source(Path("study"), "study"), Source(Path("wave1"), "wave1")),
    ...     out=Path("audit"),
    ...     settings=Settings(seed=7),
    ...     modalities=("brain", "metadata"),
    ... )
    >>> job.processes, job.sources[0].name
    (1, 'study')
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
    deidentified: tuple[Source, ...] = ()
    photos: Path | None = None
    same_people: Path | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    attackers: tuple[Attacker, ...] = NAMED_ATTACKERS
    faces_left: bool = False
    title: str = ""
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
    for path in (*(source.path for source in (*job.sources, *job.deidentified)), *job.tables):
        _require_reachable(path)
        if path.is_dir() and out.is_relative_to(path.resolve()):
            where = "the data set itself" if out == path.resolve() else "inside a data set"
            raise _unfit(job.out, where, "a folder outside every data set that is read")
    if not _there(out) and job.out.is_symlink():
        raise _unfit(job.out, "a link that leads nowhere", "a folder or nothing")
    there = next(place for place in (out, *out.parents) if _there(place))
    if not there.is_dir():
        raise _unfit(there, kind_of(there.stat().st_mode), "a folder")
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        raise _unfit(there, "a folder you may not write in", "a writable folder")
    foreign = [name for name in _REPLACED if (out / name).exists()]
    if foreign and not (out / "store" / "tmp").is_dir():
        raise _unfit(
            job.out,
            f"a folder with {foreign[0]}, but not an output of headrisk",
            "a new or empty folder, or an earlier output",
        )


def _there(place: Path) -> bool:
    """Whether something is at a place; UsageError where that cannot be told."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        closed = "below a folder that you may not enter"
        raise _unfit(place, closed, "a folder that you may write in") from error
    except OSError as error:
        raise _unfit(place, error.strerror or str(error), "a folder that can be made") from error
    return True


def _require_reachable(path: Path) -> None:
    """Refuse an input below a folder that may not be entered; what is not there is told later."""
    try:
        path.stat()
    except PermissionError as error:
        raise unreadable(path, error) from error
    except OSError:
        return


def require_inputs(job: Job) -> None:
    """Refuse a data set or table that is not there, before anything large is imported.

    Raises
    ------
    InputError
        Says which.
    """
    for path in (*(source.path for source in (*job.sources, *job.deidentified)), *job.tables):
        if not _there(path):
            raise not_there(str(path))


def clear_leftovers(job: Job) -> None:
    """Remove what killed runs left in the output folder, and say so; see `headrisk.run.scratch`.

    What a run that still goes on has under way there is left alone.
    """
    swept = sweep_output(job.out)
    if job.work_dir is not None:
        swept += sweep(job.work_dir, WORK, marked_only=True)
    if swept:
        tell_swept(swept, job)


def tell_swept(swept: int, job: Job) -> None:
    """Say on the console, and in the log if there is one, that a killed run's work was removed."""
    pieces = "1 unfinished piece" if swept == 1 else f"{swept} unfinished pieces"
    job.listen(Noted(f"{pieces} of work that a killed run left removed."))
    if (job.out / LOG).is_file():
        _log(job, "sweep", {"unfinished": swept})


def tell_damage(damage: Sequence[StoreError], job: Job) -> tuple[str, ...]:
    """Say on the console and in the log that stored results were damaged; give them in words.

    Paths stay out of both: the report's internal notes hold them.
    """
    count = len(damage)
    if count:
        entries = "1 entry of the store was" if count == 1 else f"{count} entries of the store were"
        job.listen(
            Noted(
                f"{entries} damaged and made anew: bytes on disk are no longer those that were "
                "written. Check the disk and whatever else writes to OUT/store; the internal "
                "report names each."
            )
        )
        _log(job, "repair", {"damaged_entries": count})
    return tuple(str(error) for error in damage)


def tell_failed(failed: Mapping[str, PluginError], job: Job) -> None:
    """Say on the console and in the log which plug-ins failed at work; the run goes on."""
    tell_sentences(tuple(map(str, failed.values())), job)


def tell_sentences(sentences: Sequence[str], job: Job) -> None:
    """The same, of errors that are sentences already."""
    for text in dict.fromkeys(sentences):
        job.listen(Noted(f"{text} The run goes on without it."))
    if sentences:
        _log(job, "plug-in failed", {"errors": len(set(sentences))})


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
    digest = hashlib.sha256(exact_json(job.settings.as_dict())).hexdigest()
    detail: dict[str, str | int] = {
        "data_sets": len(job.sources) + len(job.tables),
        "treated_sets": len(job.deidentified),
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
    """Close the log with the digests of ``report.json`` and of the list of public files.

    Raises
    ------
    StoreError
        The log cannot be written.
    """
    digests = {
        "report_sha256": sha256_of_file(job.out / "report.json"),
        "files_sha256": sha256_of_file(job.out / SEAL),
    }
    _log(job, "finish", {"scans": scans, "failed": failed, **digests})


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
