"""What identifies in a whole file of text: as it stands, and as the plain lines that it means.

Report and copy take the same stretches from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from headrisk.metadata.closed import public_names
from headrisk.metadata.columns import is_sentence, tells_of_a_life
from headrisk.metadata.cues import announced_institutions, announced_lives, names_somebody
from headrisk.metadata.fields import kind_of_field, of_age_or_sex
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
from headrisk.metadata.named_values import (
    braced_pairs,
    code_lines,
    is_record,
    line_pairs,
    table_pairs,
)
from headrisk.metadata.names import name_spans
from headrisk.metadata.patterns import matches
from headrisk.metadata.sidecars import judge, may_be_of_people, says_nothing_of
from headrisk.metadata.text import (
    LIVES,
    NO_KINDS,
    UNLABELLED,
    apart,
    direct_spans,
    text_spans,
    without,
)
from headrisk.metadata.told import (
    ages_beside_labels,
    details_in_brackets,
    is_of_person,
    people_in_lists,
    remarks,
    reported_by_patients,
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
        found = [*_pairs(text, html_pairs(text), known), *code_lines(view), *_told(view)]
        found += _sentences(view)
        found += [*text_spans(view, known, _PAGE_SKIPS), *_lives(view)]
        found += text_spans(text, known, CODE_SKIPS | {"person-name", "staff-name"})
        found += _titles(text, known)
    elif suffix in _XML or text.startswith("<?xml"):
        found = [*_pairs(text, xml_pairs(text), known), *text_spans(plain_html(text), known)]
        found += text_spans(text, known)
    elif suffix in _TEX:
        view = plain_tex(text)
        found = [*_told(view), *_sentences(view)]
        found += [("staff-name", a, b) for a, b in tex_authors(text)]
        found += [*text_spans(view, known, frozenset({"url", UNLABELLED})), *_lives(view, _OF_ONE)]
    elif skip == CODE_SKIPS:
        view = plain_comments(text)
        found = [*code_lines(view), *_sentences(view), *_lives(view), *people_in_lists(view)]
        found += text_spans(view, known, skip)
    else:
        found = [] if UNLABELLED in skip else list(_sentences(text))
        found += [*_told(text), *text_spans(text, known, skip)]
        if "email" in skip:
            found += _beside_people(text, found)
        if "email" in skip:
            found += _lives(text, _OF_ONE)
    if suffix not in _HTML | _TEX and "email" not in skip:
        pairs = list(line_pairs(text))
        told = []
        if is_record(text, pairs):
            inner = [
                (name, start + a, start + b)
                for _, start, end in pairs
                for name, a, b in braced_pairs(text[start:end])
            ]
            told = [*_pairs(text, [*inner, *pairs], known), *_in_record(text, [*inner, *pairs])]
        drawn = [p for p in table_pairs(text) if not of_age_or_sex(p[0])]
        found = [*told, *_pairs(text, drawn, known), *found]
    if _counts_from_zero(text):
        found = [span for span in found if span[0] != "acquisition-time"]
    return apart(found)


_STAMPED = re.compile(r"(?m)^[ \t]*[\[(]?(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?[\])]?(?![\d:])")
_FEWEST_STAMPS = 3


def _counts_from_zero(text: str) -> bool:
    """Whether a log's lines begin with the time since its start: from minutes after zero upwards.

    >>> _counts_from_zero("[00:00:01] a\\n[00:00:09] b\\n[01:10:00] c")
    True
    >>> _counts_from_zero("[23:50:01] a\\n[23:59:09] b\\n[00:10:00] c")
    False
    """
    stamps = [
        3600 * int(stamp[1]) + 60 * int(stamp[2]) + int(stamp[3])
        for stamp in _STAMPED.finditer(text)
    ]
    begins = len(stamps) >= _FEWEST_STAMPS and stamps[0] < 120
    return begins and stamps == sorted(stamps) and stamps[-1] < 6 * 3600


LETTER = "about one person, in free words that no rule can clean"
_LEAST_KINDS, _LEAST_HITS = 3, 4
_WORDS_OF_A_LINE = 4


def is_letter(text: str, hits: Iterable[Hit]) -> bool:
    """Whether a text is a letter or report about somebody: prose with several direct identifiers.

    What else such a text says of the person (origin, family, trade, how the night was) has no
    form that tells it.
    """
    direct = [hit for hit in hits if hit.kind in _OF_ONE_PERSON]
    if len(direct) < _LEAST_HITS or len({hit.kind for hit in direct}) < _LEAST_KINDS:
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    if is_record(text, list(line_pairs(text))) or any(map(_STAMPED.match, lines)):
        return False
    worded = sum(sum(map(str.isalpha, word)) >= 2 for line in lines for word in line.split())
    return worded >= _WORDS_OF_A_LINE * len(lines)


_OF_ONE_PERSON = frozenset(
    {"person-name", "patient-id", "national-id", "birth-date", "phone", "address", "email"}
)


def _told(text: str) -> Iterator[Span]:
    """What papers and notes tell of single participants."""
    yield from ages_beside_labels(text)
    yield from remarks(text)
    yield from details_in_brackets(text)
    yield from reported_by_patients(text)


_NAMES = frozenset({"person-name", "staff-name", "known-identifier"})
_PRIVATE = frozenset({"date", "institution", "phone", "email"})


def _beside_people(text: str, found: Iterable[Span]) -> Iterator[Span]:
    """Dates, places and contacts in sentences of papers that name somebody who is no author."""
    named = [start for kind, start, _ in found if kind in _NAMES]
    for line in re.finditer(r"[^\n]+", text) if named else ():
        if not any(line.start() <= at < line.end() for at in named):
            continue
        inside = line[0]
        for kind, start, end in (*matches(inside), *announced_institutions(inside)):
            if kind in _PRIVATE:
                yield kind, line.start() + start, line.start() + end


def _in_record(text: str, pairs: Iterable[tuple[str, int, int]]) -> Iterator[Span]:
    """Names and remarks in a record of people under names that say nothing: ``full``, ``misc``."""
    for name, start, end in pairs:
        value = text[start:end]
        if name in public_names() or kind_of_field(name):
            continue
        if names_somebody(value) and may_be_of_people(name):
            yield "person-name", start, end
        elif says_nothing_of(name) and is_sentence(value) and is_of_person(value):
            yield "free-text", start, end


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
        if (form or _PERSONAL).search(line) or (form and _LABELLED.search(line)):
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
_LABELLED = re.compile(
    r"(?<![\w-])sub-[A-Za-z0-9]+|(?i:(?<![^\W_])(?:one|our|first|second|third|fourth|fifth|last"
    r"|pilot|oldest|youngest|only|this|that) (?:male |female |left-handed )?"
    r"(?:participant|volunteer|subject|patient|proband|case|person|man|woman|boy|girl|child)"
    r"(?![^\W_]))"
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
