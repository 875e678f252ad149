"""FreeSurfer's results in a folder: stats files found and read, and whose they are.

Layouts: ``SUBJECTS_DIR/sub-01_ses-1/stats/aseg.stats`` as recon-all and BIDS Apps leave it,
``sub-01/ses-1/stats/...``, also below ``sourcedata/freesurfer`` or ``freesurfer``; and folders
without BIDS names, where ``subjects.tsv`` (``subject``, ``participant_id``, ``session_id``) may
say who is who.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrisk.dataset.bids_tables import PersonFacts, person_facts
from headrisk.dataset.labels import path_label, plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, ScanError
from headrisk.io.digests import open_regular
from headrisk.io.tsv import read_tsv
from headrisk.table.features import FeatureTable, feature_table

# ----------------------------------------------------------------------
# Reading FreeSurfer's ``.stats`` files.
#
# Such a file has comment lines with who and what made it, ``# Measure`` lines with values of the
# whole brain, a ``# ColHeaders`` line, and one line for each region. The format is that of
# mri_segstats and mris_anatomical_stats (https://surfer.nmr.mgh.harvard.edu/fswiki/mri_segstats).
# ----------------------------------------------------------------------

LARGEST_BYTES = 4 * 1024 * 1024
_REGION_COLUMNS = {  # column of the file: what is measured, and its unit
    "Volume_mm3": ("volume", "mm^3"),
    "GrayVol": ("volume", "mm^3"),
    "SurfArea": ("area", "mm^2"),
    "ThickAvg": ("thickness", "mm"),
}
_UNITS = ("mm^3", "mm^2", "mm")
_CVS = re.compile(r"\$Id: *(\S+?),v (\S+)")


@dataclass(frozen=True)
class StatsFile:
    """What one file says.

    ``values`` maps a column name, such as ``lh_bankssts_thickness`` or ``Left-Hippocampus``, to
    its value in mm, mm^2 or mm^3. ``software`` is the version line, "" where there is none.
    """

    values: Mapping[str, float]
    software: str
    hemisphere: str


def read_stats(path: Path) -> StatsFile:
    """Read ``aseg.stats``, ``lh.aparc.stats`` or a file of the same form.

    Raises
    ------
    ScanError
        Unreadable, no ``# ColHeaders`` line, a line with more or fewer cells than the header, a
        value that is no number, a unit other than millimetres, fewer lines than ``# NRows``
        says, or a file of one hemisphere that does not say of which.
    """
    lines = _lines(path)
    header = dict(_header(lines))
    hemisphere = header.get("hemi", "") or _hemisphere_of(path.name)
    values: dict[str, float] = {}
    for number, line in lines:
        if line.startswith("# Measure "):
            name, value = _measure(path, number, line, hemisphere)
            if name:
                values.setdefault(name, value)
    values |= _regions(path, lines, header, hemisphere)
    return StatsFile(values, _software(header), hemisphere)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        with open_regular(path) as stream:
            raw = stream.read(LARGEST_BYTES + 1)
        if len(raw) > LARGEST_BYTES:
            raise _refusal(path, "more than 4 MB", "a table of some hundred lines")
        text = raw.decode("utf-8")
    except OSError as error:
        raise _refusal(path, error.strerror or str(error), "a readable file") from error
    except UnicodeDecodeError as error:
        raise _refusal(path, "not UTF-8", "text as FreeSurfer writes it") from error
    found = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, line) for number, line in found if line]


def _header(lines: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """First word and rest of every comment line; of ``TableCol`` lines the number and property."""
    for _, line in lines:
        words = line.lstrip("# ").split(None, 3)
        if not line.startswith("#") or len(words) < 2:
            continue
        if words[0] == "TableCol" and len(words) == 4:
            yield f"{words[1]} {words[2]}", words[3]
        else:
            yield words[0], " ".join(words[1:])


def _measure(path: Path, number: int, line: str, hemisphere: str) -> tuple[str, float]:
    """Name and value of a ``# Measure`` line; no name where it is a ratio or a count.

    The line reads ``name, field, description, value, unit``; old versions forgot a comma.
    """
    parts = [part.strip() for part in line.removeprefix("# Measure ").split(",")]
    if len(parts) < 4:
        raise _refusal(path, f"line {number}: {len(parts)} parts", "name, field, value and unit")
    if parts[-1] not in _UNITS:
        return "", 0.0
    field = parts[1].split()[0] if parts[1] else parts[0]
    whole = parts[0] == "Cortex" and hemisphere and field != "CortexVol"
    return f"{hemisphere}_{field}" if whole else field, _number(path, number, parts[-2])


def _regions(
    path: Path, lines: list[tuple[int, str]], header: Mapping[str, str], hemisphere: str
) -> dict[str, float]:
    columns = header.get("ColHeaders", "").split()
    wanted = [k for k, name in enumerate(columns) if name in _REGION_COLUMNS]
    if "StructName" not in columns or not wanted:
        raise _refusal(
            path,
            "no # ColHeaders line with StructName and a volume, area or thickness",
            "a stats file of FreeSurfer",
        )
    cortical = "ThickAvg" in columns or "SurfArea" in columns
    if cortical and not hemisphere:
        raise _refusal(path, "no hemisphere", "a line '# hemi lh' or a file name such as lh.aparc")
    for k in wanted:
        unit = header.get(f"{k + 1} Units", _REGION_COLUMNS[columns[k]][1])
        if unit != _REGION_COLUMNS[columns[k]][1]:
            raise _refusal(path, f"{columns[k]} in {unit}", _REGION_COLUMNS[columns[k]][1])
    place, values = columns.index("StructName"), {}
    body = [(number, line.split()) for number, line in lines if not line.startswith("#")]
    for number, cells in body:
        if len(cells) != len(columns):
            raise _refusal(path, f"line {number} has {len(cells)} cells", f"{len(columns)}")
        for k in wanted:
            kind = _REGION_COLUMNS[columns[k]][0]
            name = f"{hemisphere}_{cells[place]}_{kind}" if cortical else cells[place]
            if name in values:
                raise _refusal(path, f"line {number} names {cells[place]} again", "each once")
            values[name] = _number(path, number, cells[k])
    stated = header.get("NRows", "")
    if not body or (stated.isdigit() and int(stated) != len(body)):
        raise _refusal(
            path, f"{len(body)} regions", f"{stated or 'at least one'}; the file may be cut off"
        )
    return values


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _refusal(path, f"line {line}: {text!r}", "a number")
    return value


def _hemisphere_of(name: str) -> str:
    parts = re.split(r"[._-]", name)
    side = next((part for part in parts if part in ("lh", "rh", "L", "R")), "")
    return {"L": "lh", "R": "rh"}.get(side, side)


def _software(header: Mapping[str, str]) -> str:
    """Program and version, without date, host or user."""
    version = header.get("cvs_version", "")
    match = _CVS.search(version)
    text = f"{match[1]} {match[2]}" if match else version.split(",")[0]
    program = header.get("generating_program", "")
    return text if not text or match or not program else f"{program} {text}"


def _refusal(path: Path, found: str, expected: str) -> ScanError:
    return ScanError(
        str(path), found=found, expected=expected, remedy="Make the file again or leave it out."
    )


# ----------------------------------------------------------------------
# FreeSurfer's longitudinal stream, told from the names of its results.
#
# ``TP.long.BASE`` is the session TP processed with the template BASE, which was made from all
# sessions of one person; TP alone is the same session processed on its own, and BASE the template
# (https://surfer.nmr.mgh.harvard.edu/fswiki/LongitudinalProcessing). So these names also say which
# sessions are one person's.
# ----------------------------------------------------------------------

_LONG = ".long."


@dataclass(frozen=True)
class Streams:
    """Which results take part, and which sessions the template names join.

    ``kept`` are the names that take part. ``base`` maps a session to its person's template.
    """

    kept: frozenset[str]
    base: dict[str, str]
    notes: tuple[str, ...]

    def person(self, name: str) -> tuple[str, str]:
        """Person and session of a result whose name says neither: template and session name."""
        session = session_of(name)
        base = self.base.get(session)
        return (base, session) if base else (session, "")


def session_of(name: str) -> str:
    """``TP`` of ``TP.long.BASE``, and any other name as it is."""
    return name.split(_LONG, 1)[0]


def streams(names: Sequence[str], subject: str) -> Streams:
    """Leave out templates, and longitudinal results of sessions that have an independent one.

    The longitudinal result shares a template with the person's other sessions, so it would link
    them by more than the brain.
    """
    there = set(names)
    base = {session_of(name): name.split(_LONG, 1)[1] for name in there if _LONG in name}
    kept = {
        name
        for name in there - set(base.values())
        if _LONG not in name or session_of(name) not in there
    }
    notes = []
    if len(kept) < len(there):
        notes.append(
            f"{subject}: {len(there) - len(kept)} longitudinal results and person templates were "
            "left out, as independent results are there."
        )
    if any(_LONG in name for name in kept):
        notes.append(
            f"{subject}: results of the longitudinal stream share a template within a person; they "
            "link people more easily than independent results."
        )
    return Streams(frozenset(kept), base, tuple(notes))


# ----------------------------------------------------------------------
# Finding FreeSurfer's stats files in a folder, and whose they are.
# ----------------------------------------------------------------------

ATLASES = ("aparc", "aparc.DKTatlas", "aparc.DKTatlas.mapped", "aparc.a2009s")  # first found wins
SEGMENTATIONS = ("aseg.stats", "aseg+DKT.stats", "aseg+DKT.VINN.stats")
SUBJECTS = "subjects.tsv"
_DEPTH = 5
_TEMPLATES = ("fsaverage", "cvs_avg", "bert", "lh.EC", "rh.EC", "V1_average")
_BUILD = re.compile(r"-(\d+\.\d+(?:\.\d+)?(?:[-.]?(?:beta|dev)\w*)?)\b")


def stats_folders(path: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Folders named ``stats`` with a stats file in them, in order of their path."""
    try:
        with os.scandir(path) as found:
            folders = sorted(e.name for e in found if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return
    for name in folders:
        if name == "stats" and next((path / name).glob("*.stats"), None) is not None:
            yield path / name
        elif depth > 1 and name not in ("mri", "surf", "label", "anat", "func"):
            yield from stats_folders(path / name, depth - 1)


def read_folder(path: Path, name: str) -> FeatureTable:
    """Read every subject's stats files below a folder.

    One atlas is used for all: the first of ``ATLASES`` that any subject has. Of a session that
    was processed both on its own and in the longitudinal stream, the independent result is taken:
    the longitudinal one shares a template with the person's other sessions, so it would link them
    by more than the brain. A subject whose files are damaged is a failed row.

    Raises
    ------
    InputError
        No stats file is there, or a subject belongs to nobody or to two.
    """
    folders = [f for f in stats_folders(path) if not f.parent.name.startswith(_TEMPLATES)]
    if not folders:
        raise InputError(
            str(path),
            found="no folder named stats with FreeSurfer's files",
            expected="SUBJECT/stats/aseg.stats and the like",
            remedy="Name the folder that holds the subjects, or a table with participant_id.",
        )
    found = streams([folder.parent.name for folder in folders], str(path))
    folders = [folder for folder in folders if folder.parent.name in found.kept]
    notes = list(found.notes)
    atlas = next((a for a in ATLASES if any((f / f"lh.{a}.stats").exists() for f in folders)), "")
    labels = _labels(path)
    facts, said = person_facts(path / "participants.tsv")
    notes += said
    scans, rows, software = [], [], set()
    for folder in folders:
        who = _who(path, folder, labels, found)
        values, made, reason = _read_subject(folder, atlas)
        software |= {made} if made else set()
        scans.append(_scan(path, folder, name, who, facts.get(who[0], PersonFacts()), reason))
        rows.append(values)
    if not labels and not found.base and not any(_bids(path, folder) for folder in folders):
        notes.append(
            f"{path}: no folder is named sub-*, so each folder was taken for a person. Where a "
            f"person has several, {SUBJECTS} (subject, participant_id, session_id) must say so."
        )
    if len(software) > 1:
        notes.append(f"{path}: made by several versions: {', '.join(sorted(software))}.")
    return feature_table(scans, rows, software=", ".join(sorted(software)), notes=notes)


def _labels(path: Path) -> dict[str, tuple[str, str]]:
    """Person and session of each subject folder, from ``subjects.tsv``."""
    table = path / SUBJECTS
    if not table.exists():
        return {}
    found: dict[str, tuple[str, str]] = {}
    for row in read_tsv(table):
        subject, person = row.first("subject"), row.first("participant_id")
        if not subject or not person or subject in found:
            raise InputError(
                str(table),
                found=f"line {row.line} repeats a subject, or has no subject or participant_id",
                expected="columns subject, participant_id and session_id, each subject once",
                remedy="Correct the line.",
            )
        session = plain_label(row.first("session_id"), "ses")
        found[subject] = (plain_label(person, "sub"), session)
    return found


def _bids(path: Path, folder: Path, entity: str = "sub") -> str:
    """The label that the names of a ``stats`` folder's parents hold, or ""."""
    return path_label(session_of(folder.parent.relative_to(path).as_posix()), entity)


def _who(
    path: Path, folder: Path, labels: Mapping[str, tuple[str, str]], found: Streams
) -> tuple[str, str]:
    """Person and session of a ``stats`` folder."""
    subject = folder.parent.name
    if labels:
        if subject not in labels:
            raise InputError(
                str(path / SUBJECTS),
                found=f"no line for the folder {subject}",
                expected="a line for each subject",
                remedy="Add the line, or move the folder away.",
            )
        return labels[subject]
    person = _bids(path, folder)
    if not person:
        return found.person(subject) if folder.parent != path else (path.name, "")
    return person, _bids(path, folder, "ses")


def _read_subject(folder: Path, atlas: str) -> tuple[dict[str, float], str, str]:
    """Values, software, and why the subject cannot be used."""
    names = [next((n for n in SEGMENTATIONS if (folder / n).exists()), SEGMENTATIONS[0])]
    names += [f"{side}.{atlas}.stats" for side in ("lh", "rh")] if atlas else []
    values: dict[str, float] = {}
    try:
        found = [read_stats(folder / one) for one in names if (folder / one).exists()]
    except ScanError as error:
        return {}, "", str(error)
    for file in found:
        values = {**file.values, **values}
    if not values:
        return {}, "", f"{folder}: none of {', '.join(names)} is there"
    return values, _version(folder) or next((f.software for f in found if f.software), ""), ""


def _version(folder: Path) -> str:
    """FreeSurfer's version from the build stamp that recon-all leaves."""
    stamp = folder.parent / "scripts" / "build-stamp.txt"
    try:
        with open_regular(stamp) as stream:
            match = _BUILD.search(stream.read(400).decode("utf-8", errors="replace"))
    except OSError:
        return ""
    return f"FreeSurfer {match[1]}" if match else ""


def _scan(
    path: Path, folder: Path, name: str, who: tuple[str, str], facts: PersonFacts, reason: str
) -> Scan:
    where = folder.parent.relative_to(path).as_posix()
    return Scan(
        scan_id=f"{name}/{where}" if name else where,
        participant_id=who[0],
        session_id=who[1],
        path=str(folder),
        dataset=name,
        suffix="table",
        site=facts.site,
        scanner=facts.scanner,
        age=facts.age,
        sex=facts.sex,
        family_id=facts.family_id,
        status="failed" if reason else "ok",
        reason=reason,
    )
