"""Finding FreeSurfer's stats files in a folder, and whose they are.

Layouts: ``SUBJECTS_DIR/sub-01_ses-1/stats/aseg.stats`` as recon-all and BIDS Apps leave it,
``sub-01/ses-1/stats/...``, also below ``sourcedata/freesurfer`` or ``freesurfer``; and folders
without BIDS names, where ``subjects.tsv`` (``subject``, ``participant_id``, ``session_id``) may
say who is who.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from headrisk.dataset.bids_tables import PersonFacts, person_facts
from headrisk.dataset.labels import path_label, plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, ScanError
from headrisk.io.digests import open_regular
from headrisk.io.tsv import read_tsv
from headrisk.table.features import FeatureTable, feature_table
from headrisk.table.stats import read_stats
from headrisk.table.streams import Streams, session_of, streams

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
