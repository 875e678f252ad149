"""What a file of a known format says in named fields, judged by name and by form.

A reader turns a file into fields with their place in it; the same places are blanked in the copy,
so that every other byte, voxels and samples first of all, stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headrisk.metadata.closed import is_closed_remark
from headrisk.metadata.dicom_hits import is_shifted
from headrisk.metadata.fields import kind_of_value
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.named_values import may_name_staff, names_person
from headrisk.metadata.notations import is_over_89
from headrisk.metadata.text import NO_KINDS, direct_spans, text_hits, text_spans

_BLANK = re.compile(
    r"[\s\0Xx?*.~_-]*|n/?a|none|null|unknown|removed|\[removed\]|anonymous|0+", re.I
)
_DIGITS = re.compile(r"\d{8}")


@dataclass(frozen=True)
class Field:
    """A named value of a header.

    Attributes
    ----------
    name
        As the format calls it.
    value
        As text.
    start, end
        Its bytes in the file; equal where it cannot be blanked in place.
    kind
        The kind of finding that any value is; "" where the name tells.
    blank
        What the copy holds instead; None fills the place with spaces.
    """

    name: str
    value: str
    start: int = 0
    end: int = 0
    kind: str = ""
    blank: bytes | None = None


@dataclass(frozen=True)
class Header:
    """The fields of a file.

    Attributes
    ----------
    fields
        In the order of the file.
    problem
        Why the file was not read as a whole; "" if it was.
    searched
        Why the rest of it was only searched as bytes; "" where it is numbers alone.
    fixed
        Whether blanked values must keep their length, since places of later bytes depend on it.
    """

    fields: tuple[Field, ...]
    problem: str = ""
    searched: str = ""
    fixed: bool = True


def field_hits(
    field: Field, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> Iterator[Hit]:
    """What is identifying in one field."""
    text = field.value.strip(" \0\t\r\n\"'")
    if _BLANK.fullmatch(text):
        return
    kind = field.kind or kind_of_value(field.name, text)
    if not kind and names_person(field.name, text):
        kind = "person-name"
    if kind == "staff-name" and not field.kind and not may_name_staff(text):
        kind = ""
    if not kind and is_over_89(field.name, text):
        kind = "age-over-89"
    if kind == "free-text" and is_closed_remark(text):
        kind = ""
    kind = known.graver(kind, text)
    if kind in ("date", "birth-date") and _DIGITS.fullmatch(text) and is_shifted(text):
        kind = "" if kind == "date" else kind
    if kind and kind not in skip:
        yield Hit(kind, field.name, text)
        if kind == "free-text":
            for inner, start, end in direct_spans(text, known):
                yield Hit(inner, field.name, text[start:end])
    else:
        yield from text_hits(text, field.name, known, skip)


def header_hits(header: Header, known: KnownIdentifiers) -> Iterator[Hit]:
    """What is identifying in all fields of a file."""
    for field in header.fields:
        yield from field_hits(field, known)


def patches(header: Header, known: KnownIdentifiers) -> list[tuple[int, int, bytes]]:
    """Where a cleaned copy differs from its source: start, end and new bytes, in rising order.

    Of a field that says by its name what it is the whole value goes, of others the stretches that
    identify, where bytes and letters are one to one.
    """
    found: list[tuple[int, int, bytes]] = []
    for field in header.fields:
        hits = list(field_hits(field, known)) if field.end > field.start else []
        if not hits:
            continue
        start, end = field.start, field.end
        single = field.value.isascii() and len(field.value) == end - start
        named = kind_of_value(field.name, field.value)
        whole = field.kind or named or field.blank is not None or not single
        spans = (
            [] if whole else [(start + a, start + b) for _, a, b in text_spans(field.value, known)]
        )
        for first, last in spans or [(start, end)]:
            blank = field.blank or b""
            size = last - first
            found.append((first, last, blank.ljust(size)[:size] if header.fixed else blank))
    return sorted(found)


def patched(content: bytes, changes: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A file's bytes with new ones in places that do not overlap."""
    out, at = [], 0
    for start, end, new in changes:
        if start >= at:
            out += [content[at:start], new]
            at = end
    return b"".join([*out, content[at:]])


def lines_of(raw: bytes) -> Iterator[tuple[int, str]]:
    """Where each line of a text begins, and the line; every byte one letter (Latin-1)."""
    at = 0
    for line in raw.splitlines(keepends=True):
        yield at, line.decode("latin-1").rstrip("\r\n")
        at += len(line)


def decoded(text: str) -> str:
    """Latin-1 letters read as UTF-8 where they are that."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
