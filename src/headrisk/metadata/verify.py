"""Checking a cleaned copy: looked through again, and every byte searched for what was removed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.dataset.labels import one_spelling, written_labels
from headrisk.errors import ScanError
from headrisk.io.gzip_members import GZIP_MAGIC
from headrisk.metadata.dicom_elements import MAGIC, PREAMBLE, file_bytes, parse_file
from headrisk.metadata.findings import SEVERITY, Hit, mask
from headrisk.metadata.known import NOBODY, KnownIdentifiers
from headrisk.metadata.learn import is_name, with_names
from headrisk.metadata.scan import list_entries, shown_path
from headrisk.metadata.text import text_spans
from headrisk.types import IntArray

SHORTEST = 6  # bytes; shorter values occur by chance among voxels, the second look finds them
# Kinds whose values lead to one person or one scan. A hospital's name, a rating or a setting stands
# in many files and in README on purpose; the second look tells those that must not stand there.
_IDENTIFIES = frozenset(
    kind for kind, severity in SEVERITY.items() if severity == "direct identifier"
)
_LINKS = frozenset({"uid", "serial-number", "user-path", "staff-name"})
_SHORTEST_LINK = 10
# Whole attributes and headers, mostly a maker's own words: searched for where they name somebody.
_CONSTANTS = frozenset(
    {
        "dicom-attribute",
        "private-attribute",
        "header-text",
        "header-extension",
        "session-setting",
        "url",
    }
)
_PIECE = 4 * 1024 * 1024
_DIGITS, _NUMBER = b"0123456789", b"0123456789."
_START = 1024
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_LOWER = bytes(range(256)).lower()


@dataclass(frozen=True)
class Remaining:
    """A removed or listed value that still stands in a file of the copy."""

    file: str
    kind: str
    masked: str


@dataclass(frozen=True)
class Needles:
    """Byte strings to search for, lower-case ASCII letters.

    Attributes
    ----------
    kinds
        Kind of finding by byte string.
    by_start
        Byte strings by their first four bytes.
    first, second
        (65536,) bool: pairs of bytes that a string begins with, and that follow in it.
    longest
        Length of the longest string.
    """

    kinds: dict[bytes, str]
    by_start: dict[bytes, tuple[bytes, ...]]
    first: np.ndarray
    second: np.ndarray
    longest: int


def needles_of(
    removed: Iterable[Hit], known: KnownIdentifiers, labels: Collection[str] = ()
) -> Needles:
    """What must not stand in the copy: removed values that identify, names and the list.

    ``labels`` are the labels of people in the copy: a patient number that is one of them, such as
    ``sub-01``, stands there on purpose. A label that identifies is none of the copy's.
    """
    mine = {label.lower() for label in labels}
    removed = tuple(hit for hit in removed if one_spelling(hit.value).lower() not in mine)
    kinds: dict[bytes, str] = {}
    for hit in removed:
        value = hit.value.strip()
        least = SHORTEST if hit.kind in _IDENTIFIES else _SHORTEST_LINK
        if hit.kind == "person-name" and value.isalpha() and not is_name(value):
            continue  # anonymized, unknown
        counts = hit.kind in _IDENTIFIES | _LINKS or (
            hit.kind in _CONSTANTS and bool(text_spans(hit.value, known))
        )
        if counts and len(value) >= least:
            kinds.update(dict.fromkeys(_encoded(value), hit.kind))
    named = (hit.value for hit in removed if hit.kind == "person-name" and is_name(hit.value))
    for spelling in _spellings(known) | _spellings(with_names(named, NOBODY)):
        kinds.update(dict.fromkeys(_encoded(spelling), "known-identifier"))
    for line in known.originals:
        kinds.update(dict.fromkeys(_encoded(line), "known-identifier"))
    kinds = {needle: kind for needle, kind in kinds.items() if len(needle) >= SHORTEST}
    by_start: dict[bytes, tuple[bytes, ...]] = {}
    first, second = np.zeros(65536, dtype=bool), np.zeros(65536, dtype=bool)
    for needle in kinds:
        by_start[needle[:4]] = (*by_start.get(needle[:4], ()), needle)
        first[needle[0] | needle[1] << 8] = True
        second[needle[2] | needle[3] << 8] = True
    return Needles(kinds, by_start, first, second, max(map(len, kinds), default=0))


def labels_of(paths: Iterable[str]) -> frozenset[str]:
    """Labels of people among paths, with ``sub-`` and without, in one spelling."""
    labels = {label for path in paths for label in written_labels(path, "sub")}
    return frozenset(labels | {f"sub-{label}" for label in labels})


def _spellings(known: KnownIdentifiers) -> frozenset[str]:
    """Spellings that are no ordinary words, of the list and of names met in the data set."""
    found = known.found
    return known.spellings | (found.spellings - found.cased if found is not None else frozenset())


def _encoded(text: str) -> set[bytes]:
    """A text as it may stand in a file: UTF-8, Latin-1, UTF-16 of both byte orders."""
    found = {text.encode(name, "replace").translate(_LOWER) for name in _UNICODE}
    try:
        return found | {text.encode("latin-1").translate(_LOWER)}
    except UnicodeEncodeError:
        return found  # other scripts, of which Latin-1 would leave question marks


_UNICODE = ("utf-8", "utf-16-le", "utf-16-be")


def found_in(data: bytes, needles: Needles) -> set[bytes]:
    """The byte strings that stand in ``data``, whatever the case of its letters."""
    if len(data) < SHORTEST or not needles.kinds:
        return set()
    lower = data.translate(_LOWER)
    values = np.frombuffer(lower, dtype=np.uint8).astype(np.uint16)
    pairs = values[:-1] | values[1:] << 8
    places: IntArray = np.flatnonzero(needles.first[pairs[:-2]] & needles.second[pairs[2:]])
    return {
        needle
        for at in places.tolist()
        for needle in needles.by_start.get(lower[at : at + 4], ())
        if lower.startswith(needle, at) and not _within_number(lower, at, needle)
    }


def _within_number(data: bytes, at: int, needle: bytes) -> bool:
    """Whether a needle of digits and points is but a part of a longer such number."""
    if needle.strip(_NUMBER):
        return False
    end = at + len(needle)
    if data[max(0, at - 1) : at] in _EACH_DIGIT or data[end : end + 1] in _EACH_DIGIT:
        return True
    if needle.count(b".") < _FEWEST_POINTS:
        return False
    before, after = data[max(0, at - 2) : at], data[end : end + 2]  # the root of a longer UID
    return _GOES_ON.fullmatch(after) is not None or _CAME_BEFORE.fullmatch(before) is not None


_FEWEST_POINTS = 4
_EACH_DIGIT = frozenset(bytes([digit]) for digit in _DIGITS)
_GOES_ON, _CAME_BEFORE = re.compile(rb"\.\d"), re.compile(rb"\d\.")


def search_copy(copy: Path, needles: Needles, known: KnownIdentifiers) -> tuple[Remaining, ...]:
    """Search every byte and every name of a copy, packed files packed and unpacked."""
    left: list[Remaining] = []
    for entry in list_entries(copy):
        hits = found_in("/".join(entry.parts).encode("utf-8", "surrogateescape"), needles)
        if entry.state == "file":
            for piece in _pieces(entry.path, needles.longest):
                hits |= found_in(piece, needles)
        shown = shown_path(entry.parts, known)
        left += [
            Remaining(shown, needles.kinds[hit], mask(hit.decode("utf-8", "replace")))
            for hit in sorted(hits)
        ]
    return tuple(left)


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    """A file's bytes, and if it is gzip what it holds, in pieces that overlap."""
    with path.open("rb") as handle:
        packed = handle.read(2) == GZIP_MAGIC
        handle.seek(0)
        yield from _overlapping(iter(lambda: handle.read(_PIECE), b""), overlap)
        if packed:
            handle.seek(0)
            yield from _overlapping(_inflated(iter(lambda: handle.read(_PIECE), b"")), overlap)
    yield from _unpacked(path, overlap)


def _unpacked(path: Path, overlap: int) -> Iterator[bytes]:
    """What a deflated DICOM file or a zip container holds; damaged ones end early."""
    with path.open("rb") as handle:
        start = handle.read(_START)
    if _DEFLATED in start and start[PREAMBLE : PREAMBLE + 4] == MAGIC:
        try:
            yield file_bytes(replace(parse_file(path.read_bytes()), deflated=False))
        except ScanError:
            return
    elif start.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    with packed.open(name) as member:
                        pieces = iter(lambda part=member: part.read(_PIECE), b"")  # type: ignore[misc]
                        yield from _overlapping(pieces, overlap)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            return


def _overlapping(pieces: Iterator[bytes], overlap: int) -> Iterator[bytes]:
    tail = b""
    for piece in pieces:
        yield tail + piece
        tail = (tail + piece)[-overlap:] if overlap else b""


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decoded pieces over all members; a damaged file ends early, as its reader reports."""
    decoder = zlib.decompressobj(wbits=31)
    for piece in pieces:
        rest = piece
        while rest:
            try:
                yield decoder.decompress(rest, _PIECE)
            except zlib.error:
                return
            rest = decoder.unconsumed_tail or decoder.unused_data
            if decoder.eof:
                decoder = zlib.decompressobj(wbits=31)
