"""A cleaned copy of a data set: what was found is removed, shifted or left out.

Files that cannot be cleaned are left out and listed; nothing is copied unread.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headrisk.errors import InputError
from headrisk.metadata.dicom_elements import parse_file
from headrisk.metadata.dicom_write import file_bytes
from headrisk.metadata.findings import Hit
from headrisk.metadata.fix_dicom import NewUids, clean_dicom
from headrisk.metadata.fix_images import (
    packed_bytes,
    without_creator,
    write_mgh,
    write_nifti,
    write_plain_gzip,
)
from headrisk.metadata.fix_tables import DateShifts, clean_table, table_text
from headrisk.metadata.gzip_header import GZIP_MAGIC
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.look import CODE_SKIPS, Look, is_numbers, unpacked
from headrisk.metadata.rename import Renaming, plan_renaming
from headrisk.metadata.roles import leftover_kind
from headrisk.metadata.scan import MetadataScan, judge_entry, list_entries, shown_path
from headrisk.metadata.sidecars import clean_json, json_bytes, parse_json
from headrisk.metadata.tables import parse_table
from headrisk.metadata.text import MEANT, NO_KINDS, printable_text, redact, text_hits
from headrisk.metadata.verify import Remaining
from headrisk.metadata.walk import Entry

COPIED, CLEANED, LEFT_OUT = "copied", "cleaned", "left out"
_GZIP_ONLY = frozenset({"gzip header, name", "gzip header, comment", "gzip header, time",
                        "gzip header, extra field"})  # fmt: skip


@dataclass(frozen=True)
class FixedFile:
    """What became of a file. ``file`` is masked, ``copy`` its path in the copy ("" if left out)."""

    number: int
    file: str
    action: str
    reason: str
    copy: str


@dataclass(frozen=True)
class CleanedCopy:
    """A cleaned copy as it was checked.

    Attributes
    ----------
    files
        What became of each file.
    left
        What a second look finds in the copy.
    remaining
        Removed or listed values that still stand in it, by a search of every byte.
    searched_for
        Number of byte strings searched for.
    """

    files: tuple[FixedFile, ...]
    left: MetadataScan
    remaining: tuple[Remaining, ...]
    searched_for: int

    def count(self, action: str) -> int:
        """Files of one fate: ``copied``, ``cleaned`` or ``left out``."""
        return sum(row.action == action for row in self.files)


@dataclass
class _Tools:
    known: KnownIdentifiers
    shifts: DateShifts
    uids: NewUids
    names: Renaming
    removed: list[Hit] = field(default_factory=list)


def write_copy(
    root: Path,
    target: Path,
    known: KnownIdentifiers,
    rng: np.random.Generator,
    *,
    on_done: Callable[[int, int], None] | None = None,
) -> tuple[tuple[FixedFile, ...], tuple[Hit, ...]]:
    """Write a cleaned copy of a data set into an existing empty folder.

    Parameters
    ----------
    root
        The data set; it is only read.
    target
        Where the copy goes.
    known
        The custodian's list.
    rng
        Source of date shifts, new UIDs and new labels. With a seed that others know these can be
        undone: draw it fresh for data that are to be shared.
    on_done
        Told after each file: how many are done, how many were left out.

    Returns
    -------
    What became of each file, and the values that were removed (never to be written anywhere).

    Raises
    ------
    InputError
        The data set cannot be listed.
    """
    entries = list_entries(root)
    removed: list[Hit] = []
    shared = [e for e in entries if e.state == "file" and not _unshared(e)]
    labels = plan_renaming((part for e in shared for part in e.parts), known, rng, removed)
    tools = _Tools(known, DateShifts(rng), NewUids(rng.bytes(32)), labels, removed)
    rows: list[FixedFile] = []
    taken: set[tuple[str, ...]] = set()
    for number, entry in enumerate(entries, start=1):
        if entry.state == "folder":
            continue
        rows.append(_one(entry, number, target, tools, taken))
        if on_done is not None:
            on_done(len(rows), sum(row.action == LEFT_OUT for row in rows))
    return tuple(rows), tuple(tools.removed)


def _unshared(entry: Entry) -> str:
    return leftover_kind(entry.parts, folder=False)


def _one(
    entry: Entry, number: int, target: Path, tools: _Tools, taken: set[tuple[str, ...]]
) -> FixedFile:
    shown = shown_path(entry.parts, tools.known)
    row = FixedFile(number, shown, LEFT_OUT, "", "")
    leftover = _unshared(entry)
    if leftover or entry.state == "outside":
        return replace(row, reason=leftover or "link-outside")
    _, look = judge_entry(entry, tools.known)
    if look.problem:
        return replace(row, reason=look.problem)
    parts = _free(tuple(_writable(tools.names.name(part)) for part in entry.parts), taken)
    place = target.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        action = _write(entry, look, place, tools)
    except InputError as error:
        place.unlink(missing_ok=True)
        return replace(row, reason=error.found)
    except OSError as error:
        place.unlink(missing_ok=True)
        return replace(row, reason=f"cannot be read or written ({error.strerror})")
    if action == LEFT_OUT:
        return replace(row, reason="identifying bytes in a kind of file that cannot be cleaned")
    return replace(row, action=action, copy="/".join(parts))


def _writable(name: str) -> str:
    """A name that is UTF-8, whatever the source's was."""
    return name.encode("utf-8", "replace").decode()


def _free(parts: tuple[str, ...], taken: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The path, with a number where two old paths come to the same new one."""
    wanted, number = parts, 1
    while parts in taken:
        number += 1
        stem, dot, ending = wanted[-1].partition(".")
        parts = (*wanted[:-1], f"{stem}{number}{dot}{ending}")
    taken.add(parts)
    return parts


def _write(entry: Entry, look: Look, place: Path, tools: _Tools) -> str:
    """Write one file, cleaned if it has to be; says which."""
    tools.removed.extend(hit for hit in look.hits if look.role in ("nifti", "mgh"))
    tools.removed.extend(hit for hit in look.hits if hit.field.startswith("gzip header"))
    if look.role in ("json", "table", "papers", "text", "code", "gradients", "gzip"):
        return _write_text(entry, look, place, tools)
    if not look.hits:
        shutil.copyfile(entry.path, place)
        return COPIED
    if all(hit.field in _GZIP_ONLY for hit in look.hits):
        write_plain_gzip(entry.path, place)
    elif look.role == "nifti":
        write_nifti(entry.path, place)
    elif look.role == "mgh":
        write_mgh(entry.path, place)
    elif look.role == "dicom":
        file = parse_file(entry.path.read_bytes())
        place.write_bytes(file_bytes(clean_dicom(file, tools.known, tools.uids, tools.removed)))
    else:
        content = without_creator(entry.path.read_bytes())
        if content is None:
            return LEFT_OUT
        tools.removed.extend(look.hits)
        place.write_bytes(content)
    return CLEANED


def _write_text(entry: Entry, look: Look, place: Path, tools: _Tools) -> str:
    raw = entry.path.read_bytes()
    packed = raw.startswith(GZIP_MAGIC)
    content = unpacked(raw)[0] if packed else raw
    new = _cleaned(entry, look, content, tools)
    if new is None:
        return LEFT_OUT
    if new == content and not (packed and look.hits):
        place.write_bytes(raw)
        return COPIED
    place.write_bytes(packed_bytes(new) if packed else new)
    return CLEANED


def _cleaned(entry: Entry, look: Look, content: bytes, tools: _Tools) -> bytes | None:
    name = entry.parts[-1].lower()
    if look.role == "json" or (look.role == "papers" and name.endswith(".json")):
        return _cleaned_json(content, tools, meant=look.role == "papers")
    if look.role == "table":
        table = parse_table(content, headed=not name.endswith(".gz"))
        person = next((p[4:] for p in entry.parts if p.startswith("sub-")), "")
        text = clean_table(
            table, tools.known, tools.shifts, tools.names.text, person, tools.removed, name
        )
        return content if text == table_text(table) else text.encode()
    if look.role == "gzip" and b"\0" in content:
        return None if any(not h.field.startswith("gzip header") for h in look.hits) else content
    if look.role == "gradients":
        tools.removed.extend(look.hits)
        lines = printable_text(content).splitlines()
        kept = "".join(line + "\n" for line in lines if is_numbers(line))
        return kept.encode() if look.hits else content
    skip = {"papers": MEANT, "code": CODE_SKIPS}.get(look.role, NO_KINDS)
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content.decode("utf-16", "replace") if wide else printable_text(content)
    tools.removed.extend(text_hits(text, "text", tools.known, skip))
    new = redact(tools.names.text(text), tools.known, skip)
    return content if new == text else new.encode()


def _cleaned_json(content: bytes, tools: _Tools, *, meant: bool) -> bytes:
    value, _ = parse_json(content)
    removed: list[Hit] = []
    renamed = _renamed(value, tools.names)
    new = clean_json(renamed, tools.known, removed, meant=meant)
    tools.removed.extend(removed)
    return content if not removed and renamed == value else json_bytes(new)


def _renamed(value: Any, names: Renaming) -> Any:
    if not names.labels:
        return value
    if isinstance(value, dict):
        return {names.text(key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.text(value) if isinstance(value, str) else value
