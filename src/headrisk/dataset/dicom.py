"""Indexing a folder of DICOM series: converted by dcm2niix, then listed."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from headrisk.dataset.contrast import guess_suffix, is_made_again
from headrisk.dataset.dcm2niix_run import Conversion, convert, sidecar_of
from headrisk.dataset.dicom_series import SeriesTags, is_image, read_tags
from headrisk.dataset.labels import folder_label, plain_label
from headrisk.dataset.magic import HEAD_BYTES, tell
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar, sidecar_fields
from headrisk.io.digests import open_regular
from headrisk.io.values import known, parse_date

BESIDE = "in the headers, which were not looked at"  # thumbnails, overlays: they may show a face
_LOOK_AT = 1000
_GAPS = re.compile(r"missing|interslice|equidistant", re.IGNORECASE)
_DATES = ("StudyDate", "AcquisitionDateTime", "AcquisitionDate", "SeriesDate")


@dataclass(frozen=True)
class DicomIndex:
    """Scans of a DICOM folder, of every contrast told, and remarks on what was left out.

    ``others`` are the images of all other series (localisers, phase, made from others, not told):
    no brains of theirs are compared, but each may show a face.
    """

    scans: list[Scan] = field(default_factory=list)
    others: list[Scan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """A folder to convert and the labels its place gives ("" where the headers must tell)."""

    folder: Path
    person: str
    session: str
    named: bool = False  # the folder itself says who: it begins with ``sub-``


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
    """With or without preamble; regular files alone are opened, since a pipe would block."""
    if path.name == "DICOMDIR":
        return True
    try:
        with open_regular(path) as handle:
            told = tell(path.name, handle.read(HEAD_BYTES), path.stat().st_size)
    except OSError:
        return False
    return told.form == "DICOM" or path.suffix.lower() in (".dcm", ".ima")


def index_dicom(
    folder: Path,
    work_dir: Path,
    contrasts: tuple[str, ...] = ("T1w",),
    participants: tuple[str, ...] = (),
) -> DicomIndex:
    """Convert the series below a folder and list the images.

    Who and when is told by the folders first: each folder at the top is a participant (with or
    without ``sub-``), a ``ses-*`` folder in it a session. Where DICOM files lie at the top itself,
    or a folder without ``sub-`` holds several patients (by id and name), the patient id is the
    participant; a ``sub-`` folder with several patient ids is remarked on, and so is a patient id
    under several participants. Where no ``ses-*`` folder tells, the study date is the session. The
    contrast is guessed (see ``guess_suffix``); series of other kinds are left out with a remark,
    and so are series made from others of the same session. A series that gave no image is a failed
    row.

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
    found: list[_Found] = []
    for number, source in enumerate(_sources(folder)):
        if participants and source.named and source.person not in participants:
            continue
        if not holds_dicom(source.folder):
            index.notes.append(f"{source.folder}: no DICOM file, left out")
            continue
        conversion = convert(source.folder, work_dir / "dicom" / f"{number:05d}")
        if conversion.problem:
            index.notes.append(f"{source.folder}: {conversion.problem}")
        own = _converted(index, source, conversion)
        own += _not_converted(source, conversion, contrasts[0])
        found += _by_patient(index, own)
    told = _originals(index, [one for one in found if one.suffix])
    _add_scans(index, folder, told)
    compared = {one.image for one in told}
    index.others.extend(
        replace(_scan(folder, one), suffix="") for one in found if one.image not in compared
    )
    return index


def images_within(folders: Mapping[Path, tuple[str, str]], work_dir: Path) -> list[Scan]:
    """Convert the DICOM series that lie in a data set of another form, as below ``sourcedata``.

    They are compared with nothing, so they have no suffix; they may show a face.

    Parameters
    ----------
    folders
        Each folder in which DICOM files lie, with the labels of participant and session that its
        place gives ("" where it gives none). Folders below it are not searched.
    work_dir
        Private folder; images and sidecars go to ``within`` in it.
    """
    scans: list[Scan] = []
    (work_dir / "within").mkdir(parents=True, mode=0o700, exist_ok=True)
    for number, (folder, (person, session)) in enumerate(sorted(folders.items())):
        source = _Source(folder, person, session, named=True)
        conversion = convert(folder, work_dir / "within" / f"{number:05d}", below=False)
        found = _converted(DicomIndex(), source, conversion, below=False)
        lost = _not_converted(source, conversion, "", below=False)
        scans += [
            replace(_scan(folder, one), suffix="", participant_id=person) for one in (*found, *lost)
        ]
    return scans


@dataclass(frozen=True)
class _Found:
    """A series: where it lay, what its sidecar says, its image, or why there is none."""

    source: _Source
    values: Mapping[str, Any]
    suffix: str
    told_by: str
    image: Path
    stem: str
    warnings: tuple[str, ...] = ()
    problem: str = ""


def _converted(
    index: DicomIndex, source: _Source, conversion: Conversion, *, below: bool = True
) -> list[_Found]:
    """The series of a folder that gave images; suffix "" where the contrast cannot be told."""
    found = []
    headers: dict[str, dict[str, Any]] = {}
    pictures: dict[str, set[str]] = defaultdict(set)
    for tags in map(read_tags, _files(source.folder, below=below)):
        if tags.series:
            headers[tags.series] = {name: said for name, said in tags.values().items() if said}
            pictures[tags.series] |= set(tags.beside)
    for image in conversion.images:
        values, note = read_sidecar(sidecar_of(image))
        series = known(values.get("SeriesInstanceUID"))
        values = {**headers.get(series, {}), **values}
        suffix, reason = guess_suffix(values)
        name = known(values.get("SeriesDescription")) or image.stem
        index.notes.extend([note] if note else [])
        if not suffix:
            index.notes.append(f"{source.folder}: series {name!r} not compared, {reason}")
            reason = ""
        said = conversion.said_of(image)
        if pictures.get(series):
            said = (*said, f"{' and '.join(sorted(pictures[series]))} {BESIDE}")
        found.append(_Found(source, values, suffix, reason, image, image.stem, said))
    return found


def _not_converted(
    source: _Source,
    conversion: Conversion,
    contrast: str,
    *,
    below: bool = True,
) -> list[_Found]:
    """The series of a folder of which dcm2niix made no image, as far as their headers tell.

    A folder of which no header can be read is one.
    """
    sidecars = [read_sidecar(sidecar_of(image))[0] for image in conversion.images]
    made = {known(values.get("SeriesInstanceUID")) for values in sidecars}
    lost: dict[tuple[str, str], tuple[Path, SeriesTags]] = {}
    whose: dict[str, dict[str, tuple[Path, SeriesTags]]] = defaultdict(dict)
    for path in _files(source.folder, below=below):
        tags = read_tags(path)
        if tags.problem or (is_image(tags) and tags.series not in made):
            lost.setdefault((tags.series, ""), (path, tags))
        elif is_image(tags) and tags.series:
            whose[tags.series].setdefault(tags.patient, (path, tags))
    for uid, people in whose.items():
        if len(people) > 1:  # dcm2niix goes by series alone and makes one image of all of them
            lost.update({(uid, person): one for person, one in people.items()})
    if not conversion.images and not lost:
        lost["", ""] = (source.folder, SeriesTags())
    missing = []
    for (uid, shared), (path, tags) in lost.items():
        values = {
            **tags.values(),
            "SeriesInstanceUID": uid,
            "PatientID": tags.patient_id,
            "PatientName": tags.name,
        }
        suffix, reason = guess_suffix(values)
        if not suffix and reason == "contrast not recognised":
            suffix = contrast
        why = conversion.problem or tags.problem or "dcm2niix: no image of this series"
        if shared:
            why = "several patients under one series number: their images were made into one"
        own = source
        if shared and not source.named:
            own = replace(source, person=plain_label(shared, "sub"))
        missing.append(_Found(own, values, suffix, "name", path, path.name, (), why))
    return missing


def _files(folder: Path, *, below: bool) -> Iterator[Path]:
    for base, inner, names in os.walk(folder):
        inner[:] = sorted(inner) if below else ()
        for name in sorted(names):
            path = Path(base) / name
            if not name.startswith(".") and name != "DICOMDIR" and _is_dicom(path):
                yield path


def _by_patient(index: DicomIndex, found: list[_Found]) -> list[_Found]:
    """The same with a label for each patient where a folder holds several."""
    if not found:
        return []
    source = found[0].source
    keys = {_patient(one.values): "" for one in found}
    keys.pop(_NOBODY, None)  # an image whose header says nothing is nobody else's
    if len(keys) < 2:
        return found
    if source.named:
        index.notes.append(
            f"{source.folder}: several patient ids or names below the folder of one participant"
        )
        return found
    used: Counter[str] = Counter()
    for key in sorted(keys):
        label = plain_label(key[0] or key[1] or source.person or "unknown", "sub")
        used[label] += 1
        keys[key] = label if used[label] == 1 else f"{label}-{used[label]}"
    index.notes.append(f"{source.folder}: {len(keys)} patients, told apart by their headers")
    keys[_NOBODY] = source.person
    return [
        replace(one, source=replace(one.source, person=keys[_patient(one.values)])) for one in found
    ]


_NOBODY = ("", "")


def _patient(values: Mapping[str, Any]) -> tuple[str, str]:
    """Who a header says it is: id, and the letters of the name."""
    name = "".join(c for c in known(values.get("PatientName")).casefold() if c.isalnum())
    return known(values.get("PatientID")), name


def _originals(index: DicomIndex, found: list[_Found]) -> list[_Found]:
    """The series without those that were made from another one of the same session."""
    kept = []
    first = {_visit(one) for one in found if not is_made_again(one.values) and not one.problem}
    for one in found:
        if is_made_again(one.values) and _visit(one) in first:
            name = known(one.values.get("SeriesDescription")) or one.stem
            index.notes.append(
                f"{one.source.folder}: series {name!r} not compared, made from another series"
            )
        else:
            kept.append(one)
    return kept


def _visit(one: _Found) -> tuple[str, str, str]:
    return _person(one), _session(one), one.suffix


def _add_scans(index: DicomIndex, folder: Path, found: list[_Found]) -> None:
    patients: dict[str, set[str]] = defaultdict(set)
    told_by: Counter[str] = Counter()
    for one in found:
        told_by[one.told_by] += 1
        scan = _scan(folder, one)
        patients[known(one.values.get("PatientID"))].add(scan.participant_id)
        index.scans.append(scan)
    index.notes.extend(
        f"contrast told by {how} for {count} series" for how, count in told_by.items()
    )
    index.notes.extend(
        f"one patient id in the headers of participants {', '.join(sorted(labels))}"
        for patient, labels in patients.items()
        if patient and len(labels) > 1
    )


def _sources(folder: Path) -> list[_Source]:
    """What to convert in one go each, in order of name."""
    top = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if any(path.is_file() and _is_dicom(path) for path in top):
        return [_Source(folder, "", "")]
    sources = []
    for person in (path for path in top if path.is_dir()):
        label = plain_label(person.name, "sub")
        visits = sorted(path for path in person.glob("ses-*") if path.is_dir())
        named = bool(folder_label(person.name, "sub")) or bool(visits)
        sources += [_Source(v, label, plain_label(v.name, "ses"), named) for v in visits]
        if not visits:
            sources.append(_Source(person, label, "", named))
    return sources


def _person(one: _Found) -> str:
    id_or_name = (known(one.values.get(key)) for key in ("PatientID", "PatientName"))
    return one.source.person or plain_label(next(filter(None, id_or_name), ""), "sub")


def _session(one: _Found) -> str:
    day = next((d for key in _DATES if (d := parse_date(known(one.values.get(key))))), "")
    return one.source.session or day.replace("-", "")


def _scan(folder: Path, one: _Found) -> Scan:
    """A row of the scan table; ``reason`` of a usable one is what makes it doubtful."""
    said = sidecar_fields(one.values)
    person = _person(one)
    reason = one.problem or ("" if person else "neither folder nor header says who this is")
    failed = bool(reason)
    if one.warnings and not failed:
        gaps = any(_GAPS.search(text) for text in one.warnings)
        reason = "; ".join([*(["slices are missing"] if gaps else []), *one.warnings])
    return Scan(
        scan_id=f"{_relative(one.source.folder, folder)}{one.stem}".rstrip("/"),
        participant_id=person,
        session_id=_session(one),
        suffix=one.suffix,
        path=str(one.image),
        site=said.site,
        scanner=said.scanner,
        age=said.age,
        sex=said.sex,
        acq_date=said.acq_date,
        series=known(one.values.get("SeriesInstanceUID")),
        status="failed" if failed else "ok",
        reason=reason,
    )


def _relative(path: Path, folder: Path) -> str:
    return "" if path == folder else f"{path.relative_to(folder).as_posix()}/"
