"""Looking into one file: which reader, what it finds, and why it could not be read."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from headrisk.errors import ScanError
from headrisk.io.digests import open_regular
from headrisk.io.gzip_members import (
    GZIP_MAGIC,
    MOST_MEMBERS,
    behind_the_first,
    gzip_header,
    one_member,
)
from headrisk.io.headers import MGH_HEADER, mgh_voxels_end
from headrisk.io.nifti_header import NiftiPlan, header_kind, nifti_plan
from headrisk.io.stream import ByteStream, open_stream
from headrisk.io.values import parse_json
from headrisk.metadata.anonymity import PeopleTable, people_table
from headrisk.metadata.dicom_elements import parse_file
from headrisk.metadata.dicom_hits import file_hits
from headrisk.metadata.file_text import CODE_SKIPS, text_file_hits
from headrisk.metadata.findings import Hit
from headrisk.metadata.formats import READERS as FORMATS
from headrisk.metadata.formats import open_in_format
from headrisk.metadata.image_headers import mgh_hits, mgh_texts
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.leftovers import archive_hits, binary_hits, history_hits, listing_hits
from headrisk.metadata.markup import plain_html
from headrisk.metadata.nifti_text import (
    MOST_EXTENSION_BYTES,
    kept_texts,
    nifti_hits,
)
from headrisk.metadata.open_texts import (
    OpenText,
    open_in_dicom,
    open_in_fields,
    open_in_json,
    open_in_lines,
    open_in_table,
)
from headrisk.metadata.roles import Role, packed_as, role_of
from headrisk.metadata.sidecars import json_hits
from headrisk.metadata.tables import parse_table, table_hits
from headrisk.metadata.text import MEANT, NO_KINDS, printable_text, text_hits

START = 64 * 1024
LARGEST_TEXT = 64 * 1024 * 1024
LARGEST_DICOM = 1024 * 1024 * 1024
_MOST_TAIL = 16 * 1024 * 1024
_MOST_HITS = 20_000
State = Literal["read", "searched", "unread"]
READ: State = "read"
SEARCHED: State = "searched"
UNREAD: State = "unread"
_LARGEST_POINTER = 32 * 1024
_AS_TEXT = "searched for stretches of text"
UNKNOWN_KIND = "of a kind that is not known, searched as bytes"
_BEHIND = "behind the packed data"
_NUMBERS = re.compile(r"[-+\d.eE\s,naNA]*")


@dataclass(frozen=True)
class Look:
    """What looking into a file gave.

    Attributes
    ----------
    role
        What the file was taken for; "" where it could not be opened.
    hits
        Values that should not be shared.
    problem
        Why it was not read, or not as a whole; "" if it was.
    people
        Details of people that a table tells, to be joined with those of other tables.
    searched
        Why it was only searched as bytes; "" where it was read as its own format.
    open
        Texts in it that no rule can judge with certainty (``closed``).
    """

    role: Role | Literal[""]
    hits: tuple[Hit, ...] = ()
    problem: str = ""
    people: PeopleTable | None = None
    searched: str = ""
    open: tuple[OpenText, ...] = ()

    @property
    def state(self) -> State:
        """Whether the file was read as its own format, searched as bytes, or not read."""
        return UNREAD if self.problem else SEARCHED if self.searched else READ


def look_into(path: Path, name: str, size: int, known: KnownIdentifiers) -> Look:
    """Read a regular file and judge what it holds. Never raises on what a file holds.

    Parameters
    ----------
    path
        Where to read.
    name
        The file's name in the data set, which for a link is not that of its target.
    size
        Its size in bytes.
    known
        The custodian's list.
    """
    try:
        with open_regular(path) as handle:
            start = handle.read(START)
    except OSError as error:
        return Look("", problem=f"cannot be read ({error.strerror})")
    if not start:
        return Look("text")
    if fetched := not_fetched(start, size):
        return Look("", problem=fetched)
    role = role_of(name, start)
    if packing := packed_as(role, start):
        return Look("binary", problem=f"packed ({packing}) and not opened: unpack it")
    packed = list(_gzip_hits(start, name, known))
    try:
        if start.startswith(GZIP_MAGIC) and not _one_packed_image(path, role):
            packed += islice(_hits_behind(path, known), _MOST_HITS)
        if role in FORMATS:
            found, problem, searched = FORMATS[role](path, name, size, known)
            read = not problem and not searched
            texts = open_in_format(role, path, name, size) if read else ()
            look = Look(role, tuple(found), problem, searched=searched, open=texts)
        else:
            look = _READERS[role](path, name, start, size, known)
    except ScanError as error:
        look = Look(role, problem=error.found)
    except OSError as error:
        look = Look(role, problem=f"cannot be read ({error.strerror})")
    hits = tuple(packed) + look.hits
    return replace(look, role=role, hits=hits[:_MOST_HITS])


def not_fetched(start: bytes, size: int) -> str:
    """Says that a file only stands for one that has to be fetched; "" where it does not.

    git-annex leaves a line with the key of an unlocked file, Git LFS three lines of text.
    """
    if size > _LARGEST_POINTER:
        return ""
    if start.startswith(b"/annex/objects/") or b"/.git/annex/objects/" in start[:200]:
        return "a git-annex pointer, not the file: fetch the content (datalad get)"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the file: fetch the content (git lfs pull)"
    return ""


def look_into_leftover(
    path: Path, parts: tuple[str, ...], size: int, kind: str, known: KnownIdentifiers
) -> Look:
    """Judge a leftover, which is found as such, by what can be told of it."""
    if kind == "archive":
        hits, problem = archive_hits(path, known)
        return Look("binary", tuple(hits), problem or "only the names in the archive were read")
    if kind == "version-history":
        raw = _whole(path, LARGEST_TEXT)
        return Look("binary", tuple(history_hits(parts, raw, known)), searched=_AS_TEXT)
    if kind == "desktop-leftover":
        raw = _whole(path, LARGEST_TEXT)
        return Look("binary", tuple(listing_hits(raw, known)), searched=_AS_TEXT)
    if kind == "unreadable-kind":
        raw = _whole(path, _MOST_TAIL) if known else b""
        hits = [hit for hit in binary_hits(raw, known) if hit.kind == "known-identifier"]
        return Look("binary", tuple(hits), "of a kind that is not looked into")
    return look_into(path, parts[-1], size, known)


def _gzip_hits(start: bytes, name: str, known: KnownIdentifiers) -> Iterator[Hit]:
    if not start.startswith(GZIP_MAGIC):
        return
    header = gzip_header(start)
    if header is None:
        yield Hit("trailing-bytes", "gzip header", "", note="a header that cannot be read")
        return
    inner = name[:-3] if name.lower().endswith(".gz") else name
    if header.name and header.name != inner.encode("utf-8", "surrogateescape"):
        yield _listed("gzip-name", "gzip header, name", header.name, known)
    if header.comment:
        yield _listed("gzip-comment", "gzip header, comment", header.comment, known)
    if header.extra:
        yield _listed("trailing-bytes", "gzip header, extra field", header.extra, known)
    if header.time:
        yield Hit("gzip-time", "gzip header, time", str(header.time))


def _one_packed_image(path: Path, role: Role) -> bool:
    """Whether a file is one gzip member that ends with a NIfTI image's last voxel."""
    if role != "nifti":
        return False
    with open_stream(path) as stream:
        plan = read_plan(stream)
    end = plan.voxels_end if plan and plan.single else None
    return end is not None and _stated_size(path) == end % 2**32 and one_member(path)


def _stated_size(path: Path) -> int:
    """The length, modulo 2**32, that the last four bytes of a gzip file state."""
    with path.open("rb") as handle:
        handle.seek(-4, 2)
        return int.from_bytes(handle.read(4), "little")


def _hits_behind(path: Path, known: KnownIdentifiers) -> Iterator[Hit]:
    """What stands in later headers of a gzip file, each value once, and behind its last member."""
    seen: set[tuple[str, str]] = set()
    for start in behind_the_first(path):
        if not start.startswith(GZIP_MAGIC):
            yield Hit("trailing-bytes", _BEHIND, "", note="bytes that no program unpacks")
            yield from (replace(hit, field=_BEHIND) for hit in binary_hits(start, known))
            return
        for hit in _gzip_hits(start, "", known):
            if (hit.kind, hit.value) not in seen:
                seen.add((hit.kind, hit.value))
                yield replace(hit, field=hit.field.replace("gzip header", "gzip header of a part"))


def _listed(kind: str, field: str, raw: bytes, known: KnownIdentifiers) -> Hit:
    text = printable_text(raw)
    return Hit(known.graver(kind, text), field, text)


def read_plan(stream: ByteStream) -> NiftiPlan | None:
    """The header and extensions of a NIfTI file; the stream then stands before the voxels."""
    start = stream.read(4)
    kind = header_kind(start)
    if kind is None:
        return None
    start += stream.read(kind[2])  # the header and the four bytes behind it
    plan = nifti_plan(start)
    if plan is None or not start[kind[2] : kind[2] + 1].strip(b"\0"):
        return plan
    rest = plan.voxels_at - len(start) if plan.single else MOST_EXTENSION_BYTES
    return nifti_plan(start + stream.read(max(0, min(rest, MOST_EXTENSION_BYTES))))


def _nifti(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    with open_stream(path) as stream:
        plan = read_plan(stream)
        if plan is None:
            return Look("nifti", problem="not a NIfTI header, or cut off")
        hits = list(nifti_hits(plan, known))
        problem = plan.problem
        if plan.single and plan.voxels_end is not None:
            extra = _beyond(path, stream, plan.voxels_end, size)
            if extra > 0:
                hits.append(Hit("trailing-bytes", "behind the voxels", "", note=f"{extra} bytes"))
                tail = _tail(path, plan.voxels_end, min(extra, _MOST_BEHIND))
                hits += [
                    replace(hit, field="behind the voxels") for hit in binary_hits(tail, known)
                ]
            elif extra < 0:
                problem = problem or "shorter than its header says"
    kept = kept_texts(plan)  # other texts are found as such, and the copy does not hold them
    return Look("nifti", tuple(hits), problem, open=open_in_fields(kept))


_MOST_BEHIND = 64 * 1024  # bytes behind the voxels in which texts are looked for


def _tail(path: Path, end: int, size: int) -> bytes:
    """Bytes behind the voxels of an image, unpacked."""
    with open_stream(path) as stream:
        stream.skip(end - stream.position)
        return stream.read(size)


def _beyond(path: Path, stream: ByteStream, end: int, size: int) -> int:
    """Bytes behind the voxels (negative: missing). A packed file is unpacked only if in doubt."""
    if not stream.compressed:
        return size - end
    if _stated_size(path) == end % 2**32 and one_member(path):
        return 0
    stream.skip(2**62)
    return stream.position - end


def _mgh(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    with open_stream(path) as stream:
        header = stream.read(MGH_HEADER)
        end = mgh_voxels_end(header)
        if end is None:
            return Look("mgh", problem="not an MGH header, or cut off")
        stream.skip(end - stream.position)
        if stream.position < end:
            return Look("mgh", problem="shorter than its header says")
        tail = stream.read(_MOST_TAIL)
        hits = list(mgh_hits(header, tail, known))
        if stream.read(1):
            hits.append(Hit("trailing-bytes", "behind the tags", "", note="more than 16 MB"))
    return Look("mgh", tuple(hits), open=open_in_fields(mgh_texts(tail)))


def _dicom(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    if size > LARGEST_DICOM:
        return Look("dicom", problem="a DICOM file of more than 1 GB, not read")
    try:
        file = parse_file(path.read_bytes())
        return Look("dicom", tuple(file_hits(file, known)), open=open_in_dicom(file.elements))
    except ScanError as error:
        return Look("dicom", tuple(binary_hits(_whole(path, _MOST_TAIL), known)), error.found)


def _json(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    raw = start if size <= len(start) else _whole(path, LARGEST_TEXT + 1)
    content, problem = parse_json(raw, every=True)
    if problem:
        return Look("json", tuple(text_hits(printable_text(raw), "text", known)), problem)
    return Look("json", tuple(json_hits(content, known)), open=open_in_json(content))


def _table(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    raw, cut = unpacked(_whole(path)) if start.startswith(GZIP_MAGIC) else (_whole(path), "")
    table = parse_table(raw, headed=not name.lower().endswith((".tsv.gz", ".csv.gz")))
    if table.problem:
        return Look("table", tuple(binary_hits(raw, known)), table.problem)
    main = name.lower() in ("participants.tsv", "participants.csv")
    people = people_table(table, name, main=main)
    texts = open_in_table(table, name)
    return Look("table", tuple(table_hits(table, known, name)), cut, people, open=texts)


def _papers(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    raw = _whole(path)
    if name.lower().endswith(".json"):
        content, problem = parse_json(raw, every=True)
        if not problem:
            hits = tuple(json_hits(content, known, meant=True))
            return Look("papers", hits, open=open_in_json(content))
    else:
        problem = ""
    text = printable_text(raw)
    hits = tuple(text_file_hits(text, name.lower(), known, MEANT))
    return Look("papers", hits, problem, open=open_in_lines(text))


def _text(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    return _any_text("text", path, name, known, NO_KINDS)


def _code(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    return _any_text("code", path, name, known, CODE_SKIPS)


def _gradients(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    lines = printable_text(_whole(path)).splitlines()
    hits = [
        Hit("free-text", "text", line, place=f"line {number}")
        for number, line in enumerate(lines, start=1)
        if not is_numbers(line)
    ]
    return Look("gradients", tuple(hits))


def is_numbers(line: str) -> bool:
    """Whether a line of a gradient table is one, and no remark."""
    return _NUMBERS.fullmatch(line) is not None


def _any_text(
    role: Role, path: Path, name: str, known: KnownIdentifiers, skip: frozenset[str]
) -> Look:
    raw = _whole(path)
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = raw.decode("utf-16", "replace") if wide else printable_text(raw)
    hits = tuple(text_file_hits(text, name, known, skip))
    plain = plain_html(text) if name.lower().endswith((".html", ".htm", ".svg")) else text
    return Look(role, hits, open=open_in_lines(plain))


def _gzip(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    raw, cut = unpacked(_whole(path))
    if b"\0" in raw[:START]:
        return Look("gzip", tuple(binary_hits(raw, known)), cut, searched=UNKNOWN_KIND)
    text = printable_text(raw)
    return Look("gzip", tuple(text_hits(text, "text", known)), cut, open=open_in_lines(text))


def _binary(path: Path, name: str, start: bytes, size: int, known: KnownIdentifiers) -> Look:
    cut = "only its first 16 MB were looked at" if size > _MOST_TAIL else ""
    hits = tuple(binary_hits(_whole(path, _MOST_TAIL), known))
    return Look("binary", hits, cut, searched=UNKNOWN_KIND)


_READERS = {
    "nifti": _nifti,
    "mgh": _mgh,
    "dicom": _dicom,
    "json": _json,
    "table": _table,
    "papers": _papers,
    "text": _text,
    "code": _code,
    "gradients": _gradients,
    "gzip": _gzip,
    "binary": _binary,
}


def _whole(path: Path, most: int = LARGEST_TEXT) -> bytes:
    """The file's bytes; a text beyond the limit is refused rather than half read.

    Raises
    ------
    ScanError
        The file is larger than ``most``, where that is the limit of texts.
    """
    with path.open("rb") as handle:
        raw = handle.read(most + 1)
    if len(raw) > most >= LARGEST_TEXT:
        raise ScanError(path.name, found="a text of more than 64 MB, not read")
    return raw[:most]


def unpacked(packed: bytes) -> tuple[bytes, str]:
    """Decoded bytes of all members of a gzip file of text, and why they are not all of it."""
    out: list[bytes] = []
    left, at, members = LARGEST_TEXT, 0, 0
    while at < len(packed):
        if members == MOST_MEMBERS:
            return b"".join(out), f"more than {MOST_MEMBERS:,} gzip members, the rest not read"
        decoder = zlib.decompressobj(wbits=31)
        members += 1
        while not decoder.eof:
            piece = packed[at : at + START]
            if not piece:
                return b"".join(out), "the compressed data end too early"
            try:
                out.append(decoder.decompress(piece, left))
            except zlib.error:
                return b"".join(out), "damaged compressed data"
            left -= len(out[-1])
            if decoder.unconsumed_tail or left <= 0:
                return b"".join(out), "more than 64 MB of text, the rest not read"
            at += len(piece) - len(decoder.unused_data)
    return b"".join(out), ""
