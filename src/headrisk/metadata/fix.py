"""A cleaned copy of a data set: what was found is removed, shifted or left out.

Files that cannot be cleaned are left out and listed; nothing is copied unread.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

import numpy as np

from headrisk.dataset.labels import folder_label, path_label
from headrisk.errors import NO_ROOM, InputError, ScanError
from headrisk.io.gzip_members import GZIP_MAGIC, PLAIN_HEADER, gzip_header
from headrisk.io.headers import MGH_FIELDS, MGH_HEADER, mgh_voxels_end
from headrisk.io.nifti_header import NiftiPlan
from headrisk.io.stream import ByteStream, open_stream
from headrisk.io.values import parse_json
from headrisk.metadata.dicom_elements import file_bytes, parse_file
from headrisk.metadata.dicom_options import BASIC, FULL_DATES, MODIFIED, Policy
from headrisk.metadata.documents import read_xml
from headrisk.metadata.file_text import (
    CODE_SKIPS,
    LETTER,
    is_letter,
    redacted_file,
    text_file_hits,
)
from headrisk.metadata.findings import Hit
from headrisk.metadata.fix_dicom import BURNT, Person, clean_dicom, patient_of, refusal, tell_apart
from headrisk.metadata.fix_tables import DateShifts, clean_table, table_text
from headrisk.metadata.formats import CLEANABLE, read_header, xml_hits
from headrisk.metadata.headers import field_hits, patched, patches
from headrisk.metadata.image_headers import MGH_PARAMETERS
from headrisk.metadata.known import NOBODY, KnownIdentifiers
from headrisk.metadata.look import READ, START, Look, is_numbers, read_plan, unpacked
from headrisk.metadata.nifti_text import kept_extensions, kept_fields
from headrisk.metadata.pseudonyms import PseudonymKey, Renaming, label_mark, new_key, plan_renaming
from headrisk.metadata.roles import leftover_kind, role_of
from headrisk.metadata.scan import MetadataScan, judge_entry, list_entries, shown_path
from headrisk.metadata.sidecars import clean_json, json_bytes
from headrisk.metadata.tables import parse_table
from headrisk.metadata.text import MEANT, NO_KINDS, printable_text
from headrisk.metadata.uids import NewUids
from headrisk.metadata.verify import Remaining
from headrisk.metadata.voxels import pieces, same_voxels
from headrisk.metadata.walk import Entry

COPIED, CLEANED, LEFT_OUT = "copied", "cleaned", "left out"
CALLED_CLEAN, TO_READ, WITH_FINDINGS = "clean", "to be read by a person", "findings stay in it"
AS_NAMED = "copied unread, by name"  # the custodian's decision, and not looked into
# Leftovers that may be asked for by name; histories, backups and source data may not.
_NAMEABLE = frozenset({"", "archive", "unreadable-kind"})
CANNOT = "identifying bytes in a kind of file that cannot be cleaned"
REFUSED = "refused: the voxels of the copy were not those of the source"
_GZIP_ONLY = frozenset(
    {"gzip header, name", "gzip header, comment", "gzip header, time", "gzip header, extra field"}
)


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

    def called(self, row: FixedFile) -> str:
        """What a written file is called: clean, to be read, or as it holds findings; else ""."""
        if not row.copy or row.action == AS_NAMED:
            return ""
        if row.copy in self.left.clean:
            return CALLED_CLEAN
        return TO_READ if row.copy in self.left.open else WITH_FINDINGS

    def count(self, action: str) -> int:
        """Files of one fate: ``copied``, ``cleaned``, ``left out`` or copied by name."""
        return sum(row.action == action for row in self.files)

    @property
    def refused(self) -> int:
        """Files whose voxels would not have been those of the source."""
        return sum(row.reason == REFUSED for row in self.files)

    @property
    def withheld(self) -> int:
        """Files that were read but cannot be cleaned: text in pixels, letters, a kind as it is."""
        return sum(
            row.reason in (CANNOT, LETTER) or row.reason.startswith(BURNT) for row in self.files
        )


@dataclass(frozen=True)
class CopyPlan:
    """What is settled before anything is written.

    Attributes
    ----------
    entries
        The data set, in the order that numbers files.
    people
        Whose each DICOM file is, by the number of the file.
    names
        New names of files and labels.
    removed
        What went from names.
    key
        The key, with the people and labels of this data set taken in.
    """

    entries: tuple[Entry, ...]
    people: Mapping[int, str]
    names: Renaming
    removed: tuple[Hit, ...]
    key: PseudonymKey

    @property
    def named_people(self) -> frozenset[str]:
        """People by what the headers or the names of folders call them."""
        labels = {folder_label(p, "sub") for e in self.entries for p in e.parts[:1]} - {""}
        told = {who for who in self.people.values() if not who.startswith("folder ")}
        return frozenset(told) | {f"label {label}" for label in labels}

    @property
    def labels_of_one(self) -> dict[str, str]:
        """The person of a label below which all DICOM files are of one: both have one shift."""
        whose: dict[str, set[str]] = {}
        for number, who in self.people.items():
            if label := folder_label(self.entries[number - 1].parts[0], "sub"):
                whose.setdefault(label, set()).add(who)
        return {label: f"dicom {min(who)}" for label, who in whose.items() if len(who) == 1}


def plan_copy(
    root: Path, known: KnownIdentifiers, rng: np.random.Generator, key: PseudonymKey | None = None
) -> CopyPlan:
    """Tell people apart and choose new names.

    Parameters
    ----------
    root
        The data set; it is only read.
    known
        The custodian's list.
    rng
        Source of the order of new labels, and of the key where none is given.
    key
        Key of an earlier copy, so that people, dates, UIDs and labels get what they got there.

    Raises
    ------
    InputError
        The data set cannot be listed.
    """
    key = new_key(rng) if key is None else key
    entries = tuple(list_entries(root))
    shared = [e for e in entries if e.state == "file" and not _unshared(e)]
    removed: list[Hit] = []
    names = plan_renaming((part for e in shared for part in e.parts), known, rng, removed, key)
    people = _people(entries)
    labels = {label_mark(key, entity, old): new for (entity, old), new in names.labels.items()}
    plan = CopyPlan(entries, people, names, tuple(removed), key)
    marks = frozenset(key.mark(person) for person in plan.named_people)
    key = replace(key, people=key.people | marks, labels={**key.labels, **labels})
    return replace(plan, key=key)


def _people(entries: tuple[Entry, ...]) -> dict[int, str]:
    """Whose each DICOM file is; files that do not say are one person's in each folder."""
    patients, folders = {}, {}
    for number, entry in enumerate(entries, start=1):
        if entry.state != "file" or _unshared(entry):
            continue
        try:
            with entry.path.open("rb") as handle:
                if role_of(entry.parts[-1], handle.read(START)) != "dicom":
                    continue
            patient = patient_of(entry.path)
        except OSError:
            continue  # told where it is copied
        if patient is not None:
            patients[number] = patient
            folders[number] = "folder " + "/".join(entry.parts[:-1])
    return {number: said or folders[number] for number, said in tell_apart(patients).items()}


@dataclass(frozen=True)
class _Tools:
    known: KnownIdentifiers
    shifts: DateShifts
    uids: NewUids
    plan: CopyPlan
    policy: Policy
    keep_unread: tuple[str, ...]
    removed: list[Hit]

    @property
    def names(self) -> Renaming:
        return self.plan.names

    def person(self, number: int) -> Person:
        """Pseudonym and date shift of whom a DICOM file is of."""
        who = self.plan.people.get(number, f"file {number}")
        return Person(self.plan.key.pseudonym(who), self.shifts.of(f"dicom {who}"))


def write_copy(
    root: Path,
    target: Path,
    known: KnownIdentifiers,
    rng: np.random.Generator,
    *,
    plan: CopyPlan | None = None,
    policy: Policy = BASIC,
    keep_unread: tuple[str, ...] = (),
    on_done: Callable[[int, int], None] | None = None,
) -> tuple[tuple[FixedFile, ...], tuple[Hit, ...]]:
    """Write a cleaned copy of a data set into an existing empty folder.

    Every image that was written is read again and its voxels are compared with the source's.

    Parameters
    ----------
    root
        The data set; it is only read.
    target
        Where the copy goes.
    known
        The custodian's list.
    rng
        Source of the key where the plan is made here. With a seed that others know, shifts, UIDs
        and labels can be undone: draw it fresh for data that are to be shared.
    plan
        What ``plan_copy`` settled; None makes one.
    policy
        Options of PS3.15 and own rules.
    keep_unread
        Names or paths, with ``*``, of files to be copied although they were not read.
    on_done
        Told after each file: how many are done, how many were left out.

    Returns
    -------
    What became of each file, and the values that were removed (never to be written anywhere).

    Raises
    ------
    InputError
        The data set cannot be listed.
    OSError
        There is no room for the copy.
    """
    plan = plan_copy(root, known, rng) if plan is None else plan
    key = plan.key
    same = plan.labels_of_one
    shifts = DateShifts(rng, lambda person: key.stream(same.get(person, person)))
    tools = _Tools(known, shifts, NewUids(key.uid_key), plan, policy, keep_unread, [])
    tools.removed.extend(plan.removed)
    rows: list[FixedFile] = []
    taken: set[tuple[str, ...]] = set()
    for number, entry in enumerate(plan.entries, start=1):
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
    named = entry.state == "file" and leftover in _NAMEABLE and _named(entry, tools.keep_unread)
    if entry.state == "outside":
        return replace(row, reason="link-outside")
    if leftover and not named:
        return replace(row, reason=leftover)
    _, look = judge_entry(entry, tools.known)
    if look.state != READ and not named:
        return replace(row, reason=look.problem or look.searched)
    parts = _free(tuple(_writable(tools.names.name(part)) for part in entry.parts), taken)
    place = target.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        action = _write(entry, number, look, place, tools, named=named)
        if action != LEFT_OUT and not same_voxels(entry.path, place, look.role, tools.known):
            place.unlink()
            return replace(row, reason=REFUSED)
    except InputError as error:
        place.unlink(missing_ok=True)
        return replace(row, reason=error.found)
    except OSError as error:
        place.unlink(missing_ok=True)
        if error.errno in NO_ROOM:
            raise  # no file after this one can be written either
        return replace(row, reason=f"cannot be read or written ({error.strerror})")
    if action == LEFT_OUT:
        return replace(row, reason=CANNOT)
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


def _named(entry: Entry, patterns: tuple[str, ...]) -> bool:
    """Whether the custodian asked for a file by its name or its path in the data set."""
    path = "/".join(entry.parts)
    return any(
        fnmatchcase(path, pattern) or fnmatchcase(entry.parts[-1], pattern) for pattern in patterns
    )


def _write(
    entry: Entry, number: int, look: Look, place: Path, tools: _Tools, *, named: bool
) -> str:
    """Write one file, cleaned if it has to be; says which."""
    if look.state != READ:
        shutil.copyfile(entry.path, place)
        return AS_NAMED
    tools.removed.extend(hit for hit in look.hits if look.role in ("nifti", "mgh"))
    tools.removed.extend(hit for hit in look.hits if hit.field.startswith("gzip header"))
    if look.role in ("json", "table", "papers", "text", "code", "gradients", "gzip", "xml"):
        return _write_text(entry, look, place, tools)
    if look.role == "dicom":
        return _write_dicom(entry, number, look, place, tools, named=named)
    if not look.hits:
        shutil.copyfile(entry.path, place)
        return COPIED
    if all(hit.field in _GZIP_ONLY for hit in look.hits):
        write_plain_gzip(entry.path, place)
    elif look.role == "nifti":
        write_nifti(entry.path, place, tools.known)
    elif look.role == "mgh":
        write_mgh(entry.path, place)
    elif look.role in CLEANABLE and not any(h.field.startswith("gzip header") for h in look.hits):
        header = read_header(look.role, entry.path, entry.parts[-1], entry.size)
        changes = patches(header, tools.known)
        if not changes:
            return LEFT_OUT
        tools.removed.extend(look.hits)
        place.write_bytes(patched(entry.path.read_bytes(), changes))
    else:
        return LEFT_OUT
    return CLEANED


def _write_dicom(
    entry: Entry, number: int, look: Look, place: Path, tools: _Tools, *, named: bool
) -> str:
    file = parse_file(entry.path.read_bytes())
    if reason := refusal(file, captures=not named):
        raise ScanError(entry.path.name, found=reason)
    if not look.hits and not tools.policy.own:
        shutil.copyfile(entry.path, place)
        return COPIED
    person = tools.person(number)
    new = clean_dicom(file, tools.known, tools.uids, tools.removed, person, tools.policy)
    place.write_bytes(file_bytes(new))
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
        return _cleaned_json(content, tools, meant=look.role == "papers", person=_label(entry))
    if look.role == "table":
        table = parse_table(content, headed=not name.endswith(".gz"))
        text = clean_table(
            table, tools.known, tools.shifts, tools.names.text, _label(entry), tools.removed, name
        )
        return content if text == table_text(table) else text.encode()
    if look.role == "gzip" and b"\0" in content:
        return None if any(not h.field.startswith("gzip header") for h in look.hits) else content
    if look.role == "gradients":
        tools.removed.extend(look.hits)
        lines = printable_text(content).splitlines()
        kept = "".join(line + "\n" for line in lines if is_numbers(line))
        return kept.encode() if look.hits else content
    if look.role == "xml":
        return _cleaned_xml(content, tools)
    skip = {"papers": MEANT, "code": CODE_SKIPS}.get(look.role, NO_KINDS)
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content.decode("utf-16", "replace") if wide else printable_text(content)
    hits = list(text_file_hits(text, name, tools.known, skip))
    if look.role == "text" and is_letter(text, hits):
        raise ScanError(name, found=LETTER)
    tools.removed.extend(hits)
    new = redacted_file(tools.names.text(text), name, tools.known, skip)
    return content if new == text else new.encode()


def _cleaned_xml(content: bytes, tools: _Tools) -> bytes:
    text = printable_text(content)
    tools.removed.extend(xml_hits(text, tools.known))
    new = tools.names.text(text)
    for field in read_xml(new).fields:
        if any(True for _ in field_hits(field, tools.known)):
            for left, right in ((">", "<"), ("[CDATA[", "]]")):
                new = new.replace(f"{left}{field.value}{right}", left + right)
    new = redacted_file(new, ".xml", tools.known)
    return content if new == text else new.encode()


def _label(entry: Entry) -> str:
    """Whose a file is by the folders and the name it has; "" where they do not say."""
    return path_label("/".join(entry.parts), "sub")


def _cleaned_json(content: bytes, tools: _Tools, *, meant: bool, person: str) -> bytes:
    value, _ = parse_json(content, every=True)
    removed: list[Hit] = []
    renamed = _renamed(value, tools.names)
    shift = person and tools.policy.retain & {MODIFIED, FULL_DATES}
    new = clean_json(
        renamed,
        tools.known,
        removed,
        meant=meant,
        shifted=(lambda text: tools.shifts.shifted(text, person)) if shift else None,
    )
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


_PIECE = 1024 * 1024


def write_nifti(source: Path, target: Path, known: KnownIdentifiers = NOBODY) -> None:
    """Write a NIfTI image without what identifies in text fields, trailing bytes, most extensions.

    Extensions that a format is made of (CIFTI, MRS) stay where nothing identifying stands in them.

    Raises
    ------
    ScanError
        The source is damaged, or ends before its last voxel.
    """
    with open_stream(source) as stream:
        plan = read_plan(stream)
        if plan is None:
            raise ScanError(source.name, found="not a NIfTI header, or cut off")
        with _writer(target, packed=stream.compressed) as out:
            out.write(_blank_header(plan, kept_extensions(plan, known), kept_fields(plan, known)))
            if not plan.single:
                stream.skip(2**62)  # checks the checksum
                return
            stream.skip(plan.voxels_at - stream.position)
            count = None if plan.voxels_end is None else plan.voxels_end - plan.voxels_at
            _copy(stream, out, count, source.name)
            stream.skip(2**62)


def _blank_header(plan: NiftiPlan, extensions: bytes, kept: Mapping[str, bytes]) -> bytes:
    offset = len(plan.header.raw) + 4 + len(extensions) if plan.single else None
    return plan.header.blank(offset, kept) + bytes([bool(extensions), 0, 0, 0]) + extensions


def write_mgh(source: Path, target: Path) -> None:
    """Write an MGH image without spare header bytes and tags; scan parameters are kept.

    Raises
    ------
    ScanError
        The source is damaged, or ends before its last voxel.
    """
    with open_stream(source) as stream:
        header = stream.read(MGH_HEADER)
        end = mgh_voxels_end(header)
        if end is None:
            raise ScanError(source.name, found="not an MGH header, or cut off")
        with _writer(target, packed=stream.compressed) as out:
            out.write(header[:MGH_FIELDS].ljust(MGH_HEADER, b"\0"))
            _copy(stream, out, end - MGH_HEADER, source.name)
            out.write(stream.read(MGH_PARAMETERS))
            stream.skip(2**62)


def write_plain_gzip(source: Path, target: Path) -> None:
    """Copy a gzip file under a header without name, comment and time; the packed data as they are.

    Raises
    ------
    ScanError
        The header cannot be read.
    """
    with source.open("rb") as handle:
        header = gzip_header(handle.read(START))
        if header is None:
            raise ScanError(source.name, found="a gzip header that cannot be read")
        handle.seek(header.length)
        with target.open("wb") as out:
            out.write(PLAIN_HEADER)
            while piece := handle.read(_PIECE):
                out.write(piece)


def packed_bytes(content: bytes) -> bytes:
    """Gzip without name and time."""
    return gzip.compress(content, compresslevel=6, mtime=0)


@contextmanager
def _writer(target: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        out: IO[bytes] = stack.enter_context(target.open("wb"))
        if packed:
            out = stack.enter_context(
                gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=6)  # type: ignore[arg-type]
            )
        yield out


def _copy(stream: ByteStream, out: IO[bytes], count: int | None, name: str) -> None:
    """Pass on ``count`` bytes, or all that are left."""
    for piece in pieces(stream, count, name):
        out.write(piece)
