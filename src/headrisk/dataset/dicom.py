"""Indexing a folder of DICOM series: converted by dcm2niix, then listed."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from headrisk.dataset.contrast import guess_suffix
from headrisk.dataset.dcm2niix_run import Conversion, convert
from headrisk.dataset.people import plain_label
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar, sidecar_fields
from headrisk.io.digests import open_regular
from headrisk.io.values import known, parse_date

_LOOK_AT = 1000
_DATES = ("StudyDate", "AcquisitionDateTime", "AcquisitionDate", "SeriesDate")


@dataclass(frozen=True)
class DicomIndex:
    """Scans of a DICOM folder, of every contrast told, and remarks on what was left out."""

    scans: list[Scan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """A folder to convert and the labels its place gives ("" where the headers must tell)."""

    folder: Path
    person: str
    session: str


def holds_dicom(folder: Path) -> bool:
    """Whether one of the first 1,000 files below a folder is DICOM, by its content or name."""
    files = (
        Path(base) / name
        for base, _, names in os.walk(folder)
        for name in sorted(names)
        if not name.startswith(".")
    )
    return any(_is_dicom(path) for path in islice(files, _LOOK_AT))


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in (".dcm", ".ima") or path.name == "DICOMDIR":
        return True
    try:
        with open_regular(path) as handle:
            return handle.read(132)[128:] == b"DICM"
    except OSError:
        return False


def index_dicom(
    folder: Path,
    work_dir: Path,
    contrasts: tuple[str, ...] = ("T1w",),
    participants: tuple[str, ...] = (),
) -> DicomIndex:
    """Convert the series below a folder and list the images.

    Who and when is told by the folders first: each folder at the top is a participant (with or
    without ``sub-``), a ``ses-*`` folder in it a session. Where DICOM files lie at the top itself,
    the patient id is the participant. Where no ``ses-*`` folder tells, the study date is the
    session. A patient id that occurs under several participants is remarked on. The contrast is
    guessed (see ``guess_suffix``); series of other kinds are left out with a remark.

    Parameters
    ----------
    folder
        Folder of DICOM series.
    work_dir
        Private folder; images and sidecars go to ``dicom`` in it, which holds patient ids.
    contrasts
        Suffixes wanted; the first stands in the row of a folder that gave no image.
    participants
        Labels to convert; empty for all.
    """
    index = DicomIndex()
    (work_dir / "dicom").mkdir(parents=True, mode=0o700, exist_ok=True)
    told_by: Counter[str] = Counter()
    patients: dict[str, set[str]] = defaultdict(set)
    for number, source in enumerate(_sources(folder)):
        if participants and source.person and source.person not in participants:
            continue
        if not holds_dicom(source.folder):
            index.notes.append(f"{source.folder}: no DICOM file, left out")
            continue
        conversion = convert(source.folder, work_dir / "dicom" / f"{number:05d}")
        if conversion.problem:
            _add_problem(index, folder, source, conversion, contrasts[0])
        for image in conversion.images:
            values, note = read_sidecar(image.with_suffix(".json"))
            suffix, reason = guess_suffix(values)
            name = known(values.get("SeriesDescription")) or image.stem
            index.notes.extend([note] if note else [])
            if not suffix:
                index.notes.append(f"{source.folder}: series {name!r} left out, {reason}")
                continue
            told_by[reason] += 1
            scan = _scan(folder, source, image, suffix, values)
            patients[known(values.get("PatientID"))].add(scan.participant_id)
            index.scans.append(scan)
    index.notes.extend(
        f"contrast told by {how} for {count} series" for how, count in told_by.items()
    )
    index.notes.extend(
        f"one patient id in the headers of participants {', '.join(sorted(labels))}"
        for patient, labels in patients.items()
        if patient and len(labels) > 1
    )
    return index


def _sources(folder: Path) -> list[_Source]:
    """What to convert in one go each, in order of name."""
    top = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if any(path.is_file() and _is_dicom(path) for path in top):
        return [_Source(folder, "", "")]
    sources = []
    for person in (path for path in top if path.is_dir()):
        label = plain_label(person.name, "sub")
        visits = sorted(path for path in person.glob("ses-*") if path.is_dir())
        sources += [_Source(v, label, plain_label(v.name, "ses")) for v in visits]
        if not visits:
            sources.append(_Source(person, label, ""))
    return sources


def _scan(
    folder: Path, source: _Source, image: Path, suffix: str, values: Mapping[str, Any]
) -> Scan:
    said = sidecar_fields(values)
    person = source.person or known(values.get("PatientID"))
    day = next((d for key in _DATES if (d := parse_date(known(values.get(key))))), "")
    return Scan(
        scan_id=f"{_relative(source.folder, folder)}{image.stem}",
        participant_id=person,
        session_id=source.session or day.replace("-", ""),
        suffix=suffix,
        path=str(image),
        site=said.site,
        scanner=said.scanner,
        age=said.age,
        sex=said.sex,
        acq_date=said.acq_date,
        status="ok" if person else "failed",
        reason="" if person else "neither folder nor header says who this is",
    )


def _add_problem(
    index: DicomIndex, folder: Path, source: _Source, conversion: Conversion, suffix: str
) -> None:
    """A failed row where nothing came out; a remark where something did."""
    index.notes.append(f"{source.folder}: {conversion.problem}")
    if conversion.images or not source.person:
        return
    index.scans.append(
        Scan(
            scan_id=f"{_relative(source.folder, folder)}".rstrip("/"),
            participant_id=source.person,
            session_id=source.session,
            suffix=suffix,
            path=str(source.folder),
            status="failed",
            reason=conversion.problem,
        )
    )


def _relative(path: Path, folder: Path) -> str:
    return "" if path == folder else f"{path.relative_to(folder).as_posix()}/"
