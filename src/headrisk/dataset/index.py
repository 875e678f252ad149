"""From a path to the scan table, whatever the data set's form: BIDS, manifest or DICOM."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from headrisk.dataset.bids import index_bids
from headrisk.dataset.bids_names import DATATYPES, image_ending
from headrisk.dataset.dicom import holds_dicom, index_dicom
from headrisk.dataset.labels import folder_label, plain_label
from headrisk.dataset.manifest import index_manifest
from headrisk.dataset.people import without_conflicts
from headrisk.dataset.scans import Scan, scan_table
from headrisk.errors import InputError, UsageError, not_there


@dataclass(frozen=True)
class _Found:
    """Everything a data set holds, before choosing: scans, counts of suffixes, remarks, labels."""

    scans: list[Scan]
    suffixes: Counter[str]
    notes: list[str]
    labels: set[str]
    others: list[Scan] = field(default_factory=list)


def index_dataset(
    path: Path,
    *,
    name: str = "",
    contrasts: tuple[str, ...] = ("T1w",),
    work_dir: Path | None = None,
    participants: tuple[str, ...] = (),
    sessions: tuple[str, ...] = (),
    may_be_none: bool = False,
    every: bool = False,
) -> pa.Table:
    """List the images of a data set as a table under ``SCAN_SCHEMA``.

    A file is read as a manifest; a folder as BIDS where it holds ``dataset_description.json`` or a
    ``sub-*`` folder with a folder of a datatype; else as DICOM series. Images that cannot be used
    are rows with status ``failed``. Rows are sorted by participant, session and path.

    Parameters
    ----------
    path
        BIDS folder, manifest TSV, or folder of DICOM series.
    name
        Short name of the data set; written into ``dataset`` and, if not empty, before every
        ``scan_id`` so that ids stay unique over several data sets.
    contrasts
        BIDS suffixes wanted.
    work_dir
        Where DICOM series are converted to; needed for DICOM only.
    participants, sessions
        Labels to restrict to, with or without ``sub-`` and ``ses-``; empty for all.
    may_be_none
        Images of other kinds are there: no image of the contrasts is a remark, not an error.
    every
        Also list the images of other suffixes, as far as the data set's form lists them: all lines
        of a manifest, and all DICOM series (suffix "" where it cannot be told).

    Raises
    ------
    InputError
        Nothing there, no image of the wanted contrasts, a damaged manifest, or a label that
        is not there.
    """
    path = path.absolute()
    people = tuple(plain_label(label, "sub") for label in participants)
    visits = tuple(plain_label(label, "ses") for label in sessions)
    try:
        found = _index(path, contrasts, work_dir, people, visits)
    except InputError as error:
        if not may_be_none or path.is_file():
            raise
        return scan_table((), [str(error)])
    everything = (*found.scans, *found.others)
    others = found.labels if may_be_none else set()  # of people with other kinds of images alone
    shown = {scan.participant_id for scan in everything} | others
    _require_labels(path, people, shown, found, "participant")
    shown = {scan.session_id for scan in everything} | others
    _require_labels(path, visits, shown, found, "session")
    chosen = [
        scan
        for scan in everything
        if (not people or scan.participant_id in people)
        and (not visits or scan.session_id in visits)
    ]
    kept = [scan for scan in chosen if scan.suffix in contrasts]
    if not kept and not may_be_none:
        raise _no_image(path, contrasts, found.suffixes)
    if not kept:
        found.notes.append(str(_no_image(path, contrasts, found.suffixes)))
    kept = without_conflicts(chosen if every else kept)
    kept.sort(key=lambda scan: (scan.participant_id, scan.session_id, scan.path))
    return scan_table(_named(kept, name), found.notes)


def _index(
    path: Path,
    contrasts: tuple[str, ...],
    work_dir: Path | None,
    participants: tuple[str, ...],
    sessions: tuple[str, ...],
) -> _Found:
    """Read the data set in the form it has."""
    if path.is_file():
        return _found(index_manifest(path, contrasts))
    if is_bids(path):
        bids = index_bids(path, contrasts, participants, sessions)
        return _Found(bids.scans, bids.suffixes, bids.notes, bids.labels)
    if holds_dicom(path):
        if work_dir is None:
            raise UsageError(
                str(path),
                found="DICOM files",
                expected="a work folder to convert them in",
                remedy="Give --work-dir.",
            )
        dicom = index_dicom(path, work_dir, contrasts, participants)
        kinds = Counter(scan.suffix or "of another kind" for scan in (*dicom.scans, *dicom.others))
        found = _found(dicom.scans, dicom.notes)
        return replace(found, suffixes=kinds, others=dicom.others)
    raise InputError(
        str(path),
        found="no sub-* folder with a datatype's folder, and no DICOM file"
        if any(path.iterdir())
        else "an empty folder",
        expected="a BIDS folder, a folder of DICOM series or a manifest TSV",
        remedy="For other layouts write a manifest with participant_id, session_id and path.",
    )


def is_bids(path: Path) -> bool:
    """Whether a folder is read as BIDS: it describes itself, or a datatype's folder is there.

    Folders named ``sub-*`` alone tell nothing: DICOM series are sorted into such folders too, and
    into folders called ``anat`` or ``pet``, which tell nothing either where they hold no image that
    BIDS knows, but DICOM files are there.

    Raises
    ------
    InputError
        There is no such folder, or it cannot be read.
    """
    folders = _folder_names(path)
    if (path / "dataset_description.json").exists():
        return True
    there = _datatypes(path, folders)
    return next(there, None) is not None and (
        any(_holds_image(place) for place in _datatypes(path, folders)) or not holds_dicom(path)
    )


def _found(scans: list[Scan], notes: Iterable[str] = ()) -> _Found:
    labels = {label for scan in scans for label in (scan.participant_id, scan.session_id)}
    return _Found(scans, Counter(scan.suffix for scan in scans), list(notes), labels)


def _folder_names(path: Path) -> list[str]:
    """Names of the ``sub-*`` folders."""
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if folder_label(entry.name, "sub")]
    except FileNotFoundError as error:
        forms = "a BIDS folder, a folder of DICOM series or a manifest TSV"
        raise not_there(str(path), forms) from error
    except OSError as error:
        raise InputError(
            str(path),
            found=f"cannot be read ({error.strerror or error})",
            expected="a readable folder",
            remedy="Check the permissions.",
        ) from error


def _datatypes(path: Path, folders: list[str]) -> Iterator[Path]:
    """The folders of datatypes in people's and sessions' folders."""
    for folder in folders:
        for datatype in DATATYPES:
            for between in ("", "ses-*/"):
                yield from (path / folder).glob(f"{between}{datatype}")


def _holds_image(folder: Path) -> bool:
    try:
        return any(image_ending(one.name) for one in folder.iterdir())
    except OSError:
        return False


def _require_labels(
    path: Path, wanted: tuple[str, ...], there: set[str], found: _Found, what: str
) -> None:
    missing = [label for label in wanted if label not in there]
    if missing:
        folded = {label.casefold() for label in missing}
        close = [label for label in sorted(found.labels) if label.casefold() in folded]
        raise InputError(
            str(path),
            found=f"no image of {what} {', '.join(missing)}",
            expected=f"labels of this data set{f', such as {close[0]}' if close else ''}",
            remedy="Correct the label or leave it out.",
        )


def _no_image(path: Path, contrasts: tuple[str, ...], suffixes: Counter[str]) -> InputError:
    others = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
    return InputError(
        str(path),
        found=f"no {' or '.join(contrasts)} image (found: {others or 'no image at all'})",
        expected=f"images whose name ends in _{contrasts[0]}.nii.gz",
        remedy="Name another contrast in the settings, or check that this is the right folder."
        if suffixes
        else "Without images, ask `headrisk metadata` what tables, sidecars and recordings tell.",
    )


def _named(scans: list[Scan], name: str) -> list[Scan]:
    """Set the data set's name, and make every ``scan_id`` unique."""
    counts = Counter(scan.scan_id for scan in scans)
    prefix = f"{name}/" if name else ""
    return [
        replace(
            scan,
            dataset=name,
            scan_id=prefix + (scan.scan_id if counts[scan.scan_id] == 1 else scan.path.lstrip("/")),
        )
        for scan in scans
    ]
