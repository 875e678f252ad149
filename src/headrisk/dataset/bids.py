"""Indexing a BIDS folder in one pass of ``os.scandir``.

Reads ``sub-*/[ses-*/]<datatype>/*``; everything else (derivatives, sourcedata, code, hidden
folders) is left to the inventory, and because the depth is fixed a loop of symbolic links does no
harm. What is wrong in a table or sidecar is remarked on and never stops the images.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrisk.dataset.bids_names import (
    DATATYPES,
    IMAGE_ENDINGS,
    BidsName,
    applicable,
    is_folder,
    listing,
    parse_name,
    sidecar_files,
)
from headrisk.dataset.bids_tables import PersonFacts, person_facts, scan_dates, session_facts
from headrisk.dataset.contrast import kind_beside_name
from headrisk.dataset.face_claims import claim_of
from headrisk.dataset.labels import folder_label, one_spelling
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar, sidecar_fields
from headrisk.io.digests import irregular


@dataclass(frozen=True)
class BidsIndex:
    """What a BIDS folder holds.

    Attributes
    ----------
    scans
        Images of the wanted suffixes, and failed rows for folders or files that do not fit.
    suffixes
        How many images of each suffix the datatypes' folders hold, wanted or not.
    notes
        Remarks: files left out, sidecars not usable.
    labels
        Every participant and session label there is, asked for or not.
    """

    scans: list[Scan] = field(default_factory=list)
    suffixes: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Walk:
    """What is gathered on the way through the folders."""

    root: Path
    contrasts: tuple[str, ...]
    people: dict[str, PersonFacts]
    description: dict[str, Any]
    found: BidsIndex = field(default_factory=BidsIndex)
    shared: dict[Path, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Session:
    """One session folder and what was read above it."""

    person: str
    session: str
    folder: Path
    sidecars: list[tuple[BidsName, Path]]
    facts: PersonFacts


def index_bids(
    root: Path,
    contrasts: tuple[str, ...],
    participants: tuple[str, ...] = (),
    sessions: tuple[str, ...] = (),
) -> BidsIndex:
    """List the images of a BIDS folder with what its tables and sidecars say of them.

    Age, sex, site and family come from ``sessions.tsv``, then ``participants.tsv``, then the
    sidecars; the scanner from the sidecars first; the date from ``scans.tsv``, sidecars, then
    ``sessions.tsv``. Sidecars apply by BIDS' inheritance principle: from the root down, each
    level's values overriding those above. Runs and acquisitions stay separate scans.

    Parameters
    ----------
    root
        Folder with the ``sub-*`` folders.
    contrasts
        Suffixes wanted, for example ``("T1w",)``.
    participants, sessions
        Labels without entity to restrict to; empty for all.
    """
    description = root / "dataset_description.json"
    said, _ = read_sidecar(description) if description.exists() else ({}, "")
    people, notes = person_facts(root / "participants.tsv")
    walk = _Walk(root, contrasts, people, said)
    walk.found.notes.extend(notes)
    top, _ = listing(root)
    top_sidecars = sidecar_files(top)
    for entry in top:
        label = folder_label(entry.name, "sub")
        if not label or not is_folder(entry):
            continue
        walk.found.labels.add(label)
        if not participants or label in participants:
            _person(walk, label, Path(entry.path), top_sidecars, sessions)
    absent = len(walk.people.keys() - walk.found.labels)
    if absent:
        who = "1 participant" if absent == 1 else f"{absent:,} participants"
        has = "has" if absent == 1 else "have"
        walk.found.notes.append(f"{who} of participants.tsv {has} no folder")
    return walk.found


def _person(
    walk: _Walk,
    label: str,
    folder: Path,
    above: list[tuple[BidsName, Path]],
    wanted: tuple[str, ...],
) -> None:
    entries, problem = listing(folder)
    if problem:
        walk.found.scans.append(_failed(walk, label, "", folder, problem))
    facts = walk.people.get(label, PersonFacts())
    wanted_name = f"sub-{label}_sessions.tsv"
    table = next((e for e in entries if one_spelling(e.name) == wanted_name), None)
    by_session, notes = session_facts(Path(table.path), facts) if table else ({}, ())
    walk.found.notes.extend(notes)
    sidecars = above + sidecar_files(entries)
    if not wanted:
        visit = _Session(label, "", folder, sidecars, by_session.get("", facts))
        _images(walk, visit, entries)
    for entry in entries:
        session = folder_label(entry.name, "ses")
        if not session or not is_folder(entry):
            continue
        walk.found.labels.add(session)
        if wanted and session not in wanted:
            continue
        place = Path(entry.path)
        inner, problem = listing(place)
        if problem:
            walk.found.scans.append(_failed(walk, label, session, place, problem))
        own = sidecars + sidecar_files(inner)
        _images(walk, _Session(label, session, place, own, by_session.get(session, facts)), inner)


def _images(walk: _Walk, session: _Session, above: list[os.DirEntry[str]]) -> None:
    """Add the wanted images of one session's datatypes; ``above`` is what lies beside them."""
    table = next(
        (e for e in above if one_spelling(e.name) == f"{_prefix(session, '_')}scans.tsv"), None
    )
    dates, notes = scan_dates(Path(table.path)) if table else ({}, ())
    walk.found.notes.extend(notes)
    for entry in above:
        if entry.name in DATATYPES and is_folder(entry):
            _datatype(walk, session, Path(entry.path), dates)


def _datatype(walk: _Walk, session: _Session, folder: Path, dates: dict[str, str]) -> None:
    entries, problem = listing(folder)
    if problem:
        walk.found.scans.append(_failed(walk, session.person, session.session, folder, problem))
    sidecars = session.sidecars + sidecar_files(entries)
    for name, entry in _one_format_each(walk, entries):
        walk.found.suffixes[name.suffix] += 1
        if name.suffix not in walk.contrasts:
            continue
        if name.entities.get("part", "mag") not in ("mag", "real"):
            walk.found.notes.append(f"{entry.path}: not a magnitude image, left out")
            continue
        walk.found.scans.append(_scan(walk, session, name, Path(entry.path), sidecars, dates))


def _one_format_each(
    walk: _Walk, entries: list[os.DirEntry[str]]
) -> Iterator[tuple[BidsName, os.DirEntry[str]]]:
    """Images of a folder; of one image stored in several formats only the preferred."""
    chosen: dict[str, tuple[BidsName, os.DirEntry[str]]] = {}
    for entry in entries:
        name = parse_name(entry.name)
        if name.ending not in IMAGE_ENDINGS:
            continue
        stem = entry.name[: -len(name.ending)]
        other = chosen.get(stem)
        if other is None:
            chosen[stem] = (name, entry)
            continue
        both = sorted((other, (name, entry)), key=lambda pair: IMAGE_ENDINGS.index(pair[0].ending))
        chosen[stem] = both[0]
        if not both[0][0].ending.startswith(".hdr"):
            walk.found.notes.append(
                f"{both[1][1].path}: also stored as {both[0][1].name}, left out"
            )
    yield from (chosen[stem] for stem in sorted(chosen))


def _scan(
    walk: _Walk,
    session: _Session,
    name: BidsName,
    path: Path,
    sidecars: list[tuple[BidsName, Path]],
    dates: dict[str, str],
) -> Scan:
    values: dict[str, Any] = {}
    for sidecar in applicable(name, sidecars):
        values |= _sidecar(walk, sidecar)
    said, facts = sidecar_fields(values), session.facts
    suffix, other = kind_beside_name(name.suffix, values, walk.contrasts, path.parent.name)
    reason = _problem(session, path) or other
    return Scan(
        scan_id=path.relative_to(walk.root).as_posix()[: -len(name.ending)],
        participant_id=session.person,
        session_id=session.session,
        suffix=suffix,
        path=str(path),
        site=facts.site or said.site,
        scanner=said.scanner or facts.scanner,
        age=facts.age if facts.age is not None else said.age,
        sex=facts.sex or said.sex,
        acq_date=dates.get(one_spelling(path.name), "") or said.acq_date or facts.acq_date,
        family_id=facts.family_id,
        face_claim=claim_of(path.name, values, walk.description),
        status="failed" if reason else "ok",
        reason=reason,
    )


def _sidecar(walk: _Walk, path: Path) -> dict[str, Any]:
    """A sidecar's values; those at the root, which many images share, are read once."""
    if path in walk.shared:
        return walk.shared[path]
    values, note = read_sidecar(path)
    if note:
        walk.found.notes.append(note)
    if note or path.parent == walk.root:
        walk.shared[path] = values
    return values


def _problem(session: _Session, path: Path) -> str:
    """Why a listed file cannot be used, or ""."""
    if not one_spelling(path.name).startswith(_prefix(session, "_")):
        return f"file name does not begin with {_prefix(session, '_')}, as its folder says"
    if path.is_dir():
        return "a folder named like an image"
    if path.is_symlink() and not path.exists():
        return "a link whose target is not here: fetch the file"
    return irregular(path)


def _prefix(session: _Session, end: str) -> str:
    middle = f"_ses-{session.session}" if session.session else ""
    return f"sub-{session.person}{middle}{end}"


def _failed(walk: _Walk, person: str, session: str, folder: Path, reason: str) -> Scan:
    return Scan(
        scan_id=folder.relative_to(walk.root).as_posix(),
        participant_id=person,
        session_id=session,
        suffix=walk.contrasts[0],
        path=str(folder),
        status="failed",
        reason=reason,
    )
