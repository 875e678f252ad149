"""What identifies in a whole file of text: as it stands, and as the plain lines that it means.

Report and copy take the same stretches from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from headrisk.metadata.columns import tells_of_a_life
from headrisk.metadata.findings import Hit, stays
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.markup import (
    html_pairs,
    plain_comments,
    plain_html,
    plain_tex,
    tex_authors,
    xml_pairs,
)
from headrisk.metadata.named_values import code_lines
from headrisk.metadata.sidecars import judge
from headrisk.metadata.text import LIVES, NO_KINDS, UNLABELLED, apart, text_spans, without

Span = tuple[str, int, int]
# Code that holds dates, links and numbers of its own, and its authors.
CODE_SKIPS = frozenset({"date", "acquisition-time", "url", "phone", "uid", UNLABELLED, LIVES})
_PAGE_SKIPS = frozenset({"url", UNLABELLED, LIVES})
_HTML = frozenset({".html", ".htm", ".xhtml", ".svg"})
_XML = frozenset({".xml", ".gii", ".rdf", ".xsl"})
_TEX = frozenset({".tex", ".ltx"})
_SENTENCE = re.compile(r"[^\n.!?]+(?:[.!?](?=\s|$))?")


def file_spans(
    text: str, name: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> list[Span]:
    """Kind, start and end of everything identifying in a text file, none overlapping another.

    Parameters
    ----------
    text
        Its content.
    name
        Its name, whose ending tells how it is marked up.
    known
        The custodian's list.
    skip
        Kinds that mean nothing in it: those of code, of papers, none in notes.
    """
    suffix = PurePosixPath(name.lower()).suffix
    spans: list[Span] = []
    if suffix in _HTML:
        view = plain_html(text)
        spans += text_spans(view, known, _PAGE_SKIPS)
        spans += code_lines(view)
        spans += _pairs(text, html_pairs(text), known)
    elif suffix in _XML or text.startswith("<?xml"):
        spans += _pairs(text, xml_pairs(text), known)
        spans += text_spans(plain_html(text), known)
        skip = NO_KINDS
    elif suffix in _TEX:
        view = plain_tex(text)
        spans += [("staff-name", a, b) for a, b in tex_authors(text)]
        spans += text_spans(view, known, frozenset({"url", UNLABELLED}))
    elif skip == CODE_SKIPS:
        view = plain_comments(text)
        spans += text_spans(view, known, skip)
        spans += code_lines(view)
    if suffix not in _HTML and (not spans or skip != CODE_SKIPS):
        spans += text_spans(text, known, skip)
    elif suffix in _HTML:
        spans += text_spans(text, known, skip | {"person-name", "staff-name"})
    if skip == NO_KINDS and suffix not in _XML:
        spans += _sentences(text)
    return apart(spans)


def _pairs(text: str, pairs: Iterator[tuple[str, int, int]], known: KnownIdentifiers) -> list[Span]:
    """What identifies in values by the names beside them, judged as in JSON files."""
    found = []
    for name, start, end in pairs:
        if name.lower() in ("author", "creator", "dc.creator") and text[start:end].strip():
            found.append(("staff-name", start, end))
            continue
        found += [
            (kind, start + a, start + b) for kind, a, b in judge(name, text[start:end], known)
        ]
    return found


def _sentences(text: str) -> Iterator[Span]:
    """Sentences of notes that tell of somebody's life."""
    for match in _SENTENCE.finditer(text):
        if tells_of_a_life(match[0]):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            yield "free-text", start, match.start() + len(match[0].rstrip())


def text_file_hits(
    text: str, name: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> Iterator[Hit]:
    """A hit for each identifying stretch of a text file."""
    for kind, start, end in file_spans(text, name, known, skip):
        yield Hit(kind, "text", text[start:end], place=f"line {text.count(chr(10), 0, start) + 1}")


def redacted_file(
    text: str, name: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> str:
    """The text with every identifying stretch replaced; notices stay."""
    spans = file_spans(text, name, known, skip)
    return without(text, [span for span in spans if not stays(span[0], text[span[1] : span[2]])])
