"""What identifies in a whole file of text: as it stands, and as the plain lines that it means.

Report and copy take the same stretches from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from headrisk.metadata.columns import tells_of_a_life
from headrisk.metadata.cues import announced_lives
from headrisk.metadata.fields import of_age_or_sex
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
from headrisk.metadata.named_values import code_lines, is_record, line_pairs, table_pairs
from headrisk.metadata.names import name_spans
from headrisk.metadata.sidecars import judge
from headrisk.metadata.text import (
    LIVES,
    NO_KINDS,
    UNLABELLED,
    apart,
    direct_spans,
    text_spans,
    without,
)

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
    if suffix in _HTML:
        view = plain_html(text)
        found = [*_pairs(text, html_pairs(text), known), *code_lines(view), *_sentences(view)]
        found += [*text_spans(view, known, _PAGE_SKIPS), *_lives(view)]
        found += text_spans(text, known, CODE_SKIPS | {"person-name", "staff-name"})
        found += _titles(text, known)
    elif suffix in _XML or text.startswith("<?xml"):
        found = [*_pairs(text, xml_pairs(text), known), *text_spans(plain_html(text), known)]
        found += text_spans(text, known)
    elif suffix in _TEX:
        view = plain_tex(text)
        found = [*_sentences(view), *(("staff-name", a, b) for a, b in tex_authors(text))]
        found += [*text_spans(view, known, frozenset({"url", UNLABELLED})), *_lives(view, _OF_ONE)]
    elif skip == CODE_SKIPS:
        view = plain_comments(text)
        found = [*code_lines(view), *_sentences(view), *_lives(view)]
        found += text_spans(view, known, skip)
    else:
        found = [] if UNLABELLED in skip else list(_sentences(text))
        found += text_spans(text, known, skip)
        if "email" in skip:
            found += _lives(text, _OF_ONE)
    if suffix not in _HTML | _TEX and "email" not in skip:
        pairs = list(line_pairs(text))
        told = _pairs(text, pairs, known) if is_record(text, pairs) else []
        drawn = [p for p in table_pairs(text) if not of_age_or_sex(p[0])]
        found = [*told, *_pairs(text, drawn, known), *found]
    return apart(found)


def _titles(text: str, known: KnownIdentifiers) -> Iterator[Span]:
    """Names in the titles of pages and drawings, which are called as files are."""
    for title in _TITLE.finditer(text):
        for kind, start, end in name_spans(title[1], known):
            if kind == "person-name":
                yield kind, title.start(1) + start, title.start(1) + end


_TITLE = re.compile(r"(?i:<title>)([^<>]{3,120})(?i:</title>)")


def _lives(text: str, form: re.Pattern[str] | None = None) -> Iterator[Span]:
    """What comments in code say of somebody's illness or trade, in whole sentences.

    ``form``: what a line must hold instead, in papers, whose subject are the illnesses of many.
    """
    for kind, start, end in announced_lives(text):
        line = text[text.rfind("\n", 0, start) + 1 : start]
        if (form or _PERSONAL).search(line):
            yield kind, start, end


# Said of one person, never of a group: works as, V.a., portador de.
_OF_ONE = re.compile(
    r"(?i:(?<![^\W_])(?:(?:he|she) (?:has|is)|suffers from|works as|v\.? ?a\.|z\.? ?n\."
    r"|atteinte? de"
    r"|porteuse? d[e']|portador[ae]? de|padece|affett[oa] da|lijdt aan|bekend met|lider av"
    r"|sairastaa"
    r"|choruje na|arbeitet als|travaille comme|trabaja (?:de|como)|trabalha como|lavora come"
    r"|werkt als|arbetar som|pracuje jako|työskentelee)(?![^\W_]))"
)
_PERSONAL = re.compile(
    r"(?i:diagnosed with|suffers from|(?:works?|worked) as|since childhood"
    r"|(?:he|she|patient) (?:is|has)"
    r"|(?:diagnos[ei]s?|diagn[oó]stico|diagnoosi|diagnos|rozpoznanie|occupation|beruf"
    r"|country of birth"
    r"|religion|nationality|profession[e]?|profesión|profissão|beroep|yrke|ammatti|zawód|job) ?:"
    r"|(?<![^\W_])(?:v\.? ?a\.|z\.? ?n\.|bekannte[rs]?|atteinte?|porteuse?|portador[ae]?|padece"
    r"|affett[oa]"
    r"|lijdt|bekend|lider|sairastaa|choruje|retired"
    r"|arbeitet|travaille|trabaja|trabalha|lavora|werkt|arbetar|pracuje|työskentelee)(?![^\W_]))"
)


def _pairs(text: str, pairs: Iterable[tuple[str, int, int]], known: KnownIdentifiers) -> list[Span]:
    """What identifies in values by the names beside them, judged as in JSON files."""
    found = []
    for name, start, end in pairs:
        if name.lower() in ("author", "creator", "dc.creator") and text[start:end].strip():
            found.append(("staff-name", start, end))
            continue
        value = text[start:end]
        if "\\u" in value:  # as JavaScript and JSON write other letters
            shown = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
            found += [
                (judged[0][0], start, end) for judged in [judge(name, shown, known)] if judged
            ]
            continue
        found += [(kind, start + a, start + b) for kind, a, b in judge(name, value, known)]
    return found


_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


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
        place = f"line {text.count(chr(10), 0, start) + 1}"
        yield Hit(kind, "text", text[start:end], place=place)
        if kind == "free-text":
            for inner, a, b in direct_spans(text[start:end], known):
                yield Hit(inner, "text", text[start + a : start + b], place=place)


def redacted_file(
    text: str, name: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> str:
    """The text with every identifying stretch replaced; notices stay."""
    spans = file_spans(text, name, known, skip)
    return without(text, [span for span in spans if not stays(span[0], text[span[1] : span[2]])])
