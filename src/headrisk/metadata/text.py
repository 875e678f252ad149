"""Judging one piece of text: the custodian's list first, then forms."""

from __future__ import annotations

from collections.abc import Iterator

from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.patterns import matches

NO_KINDS: frozenset[str] = frozenset()
VERSIONS = frozenset({"date", "acquisition-time", "network-address", "uid"})
# What the papers of a data set (README, CHANGES, its description) say on purpose.
MEANT = frozenset({"date", "acquisition-time", "email", "url", "person-name", "staff-name",
                   "address", "phone", "uid"})  # fmt: skip
REMOVED = "[removed]"


def text_spans(
    text: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> list[tuple[str, int, int]]:
    """Kind, start and end of everything identifying in a text, none overlapping another."""
    spans = [("known-identifier", start, end) for start, end in known.spans(text)]
    for kind, start, end in matches(text, skip):
        if not any(start < b and a < end for _, a, b in spans):
            spans.append((kind, start, end))
    return sorted(spans, key=lambda span: span[1])


def text_hits(
    text: str, field: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> Iterator[Hit]:
    """A hit for each identifying stretch of a text."""
    for kind, start, end in text_spans(text, known, skip):
        yield Hit(kind, field, text[start:end], place=f"line {text.count(chr(10), 0, start) + 1}")


def redact(text: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS) -> str:
    """The text with every identifying stretch replaced."""
    out, at = [], 0
    for _, start, end in text_spans(text, known, skip):
        out += [text[at:start], REMOVED]
        at = end
    return "".join([*out, text[at:]])


def printable_text(raw: bytes) -> str:
    """Text out of bytes of unknown encoding: UTF-8 where it is, else Latin-1; no NUL."""
    raw = raw.strip(b"\0 \t\r\n")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\0", " ")
