"""Judging one piece of text: the custodian's list first, then forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from headrisk.metadata.cues import (
    announced_accounts,
    announced_institutions,
    announced_lives,
    announced_names,
    announced_places,
    role_names,
    says_born,
    says_visit,
)
from headrisk.metadata.fields import kind_of_field
from headrisk.metadata.findings import SEVERITY, Hit, stays
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.named_values import (
    cued_values,
    named_lines,
    named_people,
    named_values,
)
from headrisk.metadata.national_ids import national_ids
from headrisk.metadata.patterns import UNLABELLED as UNLABELLED
from headrisk.metadata.patterns import is_program_name, matches
from headrisk.metadata.people import (
    gives_credit,
    labelled_people,
    people_spans,
    with_neighbours,
)
from headrisk.metadata.told import announced_secrets, coordinates, plates
from headrisk.metadata.words import concepts, field_words

NO_KINDS: frozenset[str] = frozenset()
VERSIONS = frozenset({"date", "acquisition-time", "network-address", "uid"})
LIVES = "said-of-a-life"  # what a text says of illnesses, trades and origins is its subject
SHOWN = "shown-name"  # what people were shown bears names, and none of them is anybody's
# What the papers of a data set (README, CHANGES, its description) say on purpose.
MEANT = frozenset(
    {
        "date",
        "acquisition-time",
        "email",
        "url",
        "person-name",
        "staff-name",
        "address",
        "phone",
        "uid",
        "institution",
        UNLABELLED,
        LIVES,
    }
)
REMOVED = "[removed]"
_SHORT = 256


def text_spans(
    text: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> list[tuple[str, int, int]]:
    """Kind, start and end of everything identifying in a text, none overlapping another."""
    forms = _short_forms(text, skip) if len(text) <= _SHORT else _forms(text, skip)
    listed = [("known-identifier", *with_neighbours(text, *span)) for span in known.spans(text)]
    listed = [_with_rest(text, (kind, a, _tied_end(text, b)), forms) for kind, a, b in listed]
    return apart((*listed, *forms)) if listed else list(forms)


def _forms(text: str, skip: frozenset[str]) -> tuple[tuple[str, int, int], ...]:
    """What a text gives away without the custodian's list."""
    people = labelled_people(text) if UNLABELLED in skip else people_spans(text)
    if SHOWN in skip:
        people = ()
    credit = UNLABELLED in skip
    found = [("national-id", *span) for span in national_ids(text)]
    found += named_values(text)
    found += [cued for cued in cued_values(text) if cued[0] not in skip]
    if UNLABELLED in skip and "phone" in skip:  # an author's number stands there on purpose
        found += [
            f
            for f in matches(text, skip - {"phone"})
            if f[0] != "phone" or _is_private_number(text, f[1], f[2], code="email" not in skip)
        ]
    else:
        found += matches(text, skip)
    found = [_of_birth(text, span) for span in found]
    if credit and "date" in skip:
        found += _said_dates(text, visits="email" not in skip)
    found += announced_places(text, homes="address" in skip)
    if "address" not in skip and "." in text:
        found += coordinates(text)
    found += [*plates(text), *announced_secrets(text)]
    if UNLABELLED in skip and "email" in skip:  # papers
        found += _of_patients(text)
    if "uid" in skip and UNLABELLED in skip:  # code and papers cite classes, not scans
        found += [
            (kind, start, end)
            for kind, start, end in matches(text, skip - {"uid"})
            if kind == "uid" and _INSTANCE.search(text[start:end])
        ]
    if UNLABELLED not in skip:  # no code, and no paper in which authors stand on purpose
        found += [pair for pair in named_lines(text) if pair[0] not in skip]
    else:
        found += [
            ("person-name", *span)
            for span in named_people(text)
            if not gives_credit(_line(text, span[0]))
        ]
    if "/" in text or "\\" in text:
        found += announced_accounts(text)
    found += [("person-name", *span) for span in people]
    if SHOWN not in skip:
        found += [
            named
            for named in announced_names(text, credit=credit)
            if named[0] not in skip or credit
        ]
    if SHOWN not in skip:
        found += [
            named
            for named in _in_roles(text, clinical=credit and "email" in skip)
            if not credit or not gives_credit(_line(text, named[1]))
        ]
    if "institution" not in skip:
        found += announced_institutions(text)
    if LIVES not in skip:
        found += announced_lives(text)
    return tuple(apart(_whole_names(text, found)))


def _whole_names(
    text: str, found: Iterable[tuple[str, int, int]]
) -> Iterator[tuple[str, int, int]]:
    """The same, each name with what a hyphen ties to it: ``Doe_Heinz-Peter``."""
    for kind, start, end in found:
        yield kind, start, _tied_end(text, end) if kind.endswith("-name") else end


def _with_rest(
    text: str, span: tuple[str, int, int], forms: Iterable[tuple[str, int, int]]
) -> tuple[str, int, int]:
    """A known name with what its form adds: ``Doe_Heinz-Peter`` where *Heinz-Peter* is known.

    Not over a caret, before which the program of an exam may stand.
    """
    kind, start, end = span
    for other, a, b in forms:
        if other.endswith("-name") and a < end and start < b and "^" not in text[a:b]:
            start, end = min(start, a), max(end, b)
    return kind, start, end


def _tied_end(text: str, end: int) -> int:
    tied = _TIED.match(text, end)
    return tied.end() if tied else end


_TIED = re.compile(r"(?:[-‐][^\W\d_a-z][^\W\d_]+)+(?![^\W_])")


def _in_roles(text: str, *, clinical: bool) -> Iterator[tuple[str, int, int]]:
    """Names behind words that a field of people or staff would have for its name.

    ``clinical``: not those of the people of a study, who stand in its papers on purpose.
    """
    for role, last, start, end in role_names(text):
        if clinical and not _OF_STUDIES.isdisjoint(field_words(role)):
            continue
        kind = kind_of_field(role) or kind_of_field(last)
        if kind in ("person-name", "staff-name"):
            yield kind, start, end
        elif last.lower() in _ROLES:
            yield "staff-name", start, end
        elif concepts(last) and concepts(last) <= {"person", "fill"} and "person" in concepts(last):
            yield "person-name", start, end


_OF_STUDIES = frozenset(
    """author investigator investigators researcher coordinator supervisor assistant analyst name
    reviewer rater raters experimenter assessor psychologist secretary contact person members
    consultant forsker tutkija onderzoeker experimentateur reviewer examiner""".split()  # noqa: SIM905
)
_ROLES = frozenset({"rt", "mta", "mtra", "mtr", "ra", "tech", "op", "radiog"})


def _of_patients(text: str) -> Iterator[tuple[str, int, int]]:
    """Names as DICOM writes them and addresses that results were sent to, in papers."""
    for match in _PERSON_NAME.finditer(text):
        if not is_program_name(match[0]):
            yield "person-name", *match.span()
    for kind, start, end in matches(text) if "@" in text else ():
        if kind == "email" and _RESULTS.search(_line(text, start)):
            yield kind, start, end


_PERSON_NAME = re.compile(
    r"(?<![\w^])[^\W\d_a-z][\w'’-]{2,30}\^[^\W\d_a-z][\w'’-]{1,30}(?:\^[\w. ]{0,20})*"
)
_RESULTS = re.compile(
    r"(?i:\b(?:befund|ergebnis|results? (?:sent|to)|report (?:sent|to)|sent to|gesendet|geschickt"
    r"|envoy[ée]|enviad[oa]|inviat[oa]|verstuurd|skickat|wysłan|lähetetty|patient|proband))"
)


def _of_birth(text: str, span: tuple[str, int, int]) -> tuple[str, int, int]:
    """A date behind *born* or *geb.* as one of birth."""
    kind, start, end = span
    if kind != "date":
        return span
    before = text[max(0, start - 28) : start].rpartition("\n")[2]
    return ("birth-date", start, end) if says_born(before) else span


def _said_dates(text: str, *, visits: bool) -> Iterator[tuple[str, int, int]]:
    """Dates where others stand on purpose: of births, and in code of scans and visits."""
    for kind, start, end in matches(text):
        if kind != "date":
            continue
        before = text[max(0, start - 28) : start].rpartition("\n")[2]
        if says_born(before):
            yield "birth-date", start, end
        elif visits and says_visit(before):
            yield "date", start, end


# A UID with a long number in it names one scan; classes and syntaxes have short ones.
_INSTANCE = re.compile(r"\.[1-9]\d{7,}(?:\.|$)")
_CALLED = re.compile(
    r"(?i:\b(?:tel|phone|telefon|handy|mobil|mobile|cell|gsm|fax|call|ring|whatsapp|pager|t[eé]l"
    r"|t[eé]l[eé]phone|tel[eé]fono|reach(?:ed)?(?: her| him| them)?(?: on| at| under)?|t:)"
    r"[^\d\n]{0,10})$"
)
_NUMBER_CUE = re.compile(r"^[+A-Za-zÀ-ÿ(]")


def _is_private_number(text: str, start: int, end: int, *, code: bool) -> bool:
    """Whether a telephone number in a paper or in code is on no line that gives credit.

    In code, where digits abound, its form must tell: a country's prefix, or a word before it.
    """
    line = text[text.rfind("\n", 0, start) + 1 : end]
    if gives_credit(line):
        return False
    told = _NUMBER_CUE.match(text[start:end]) or _CALLED.search(line[: start - end])
    return not code or told is not None


def _line(text: str, at: int) -> str:
    """The line of a text in which a place lies."""
    stop = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : stop if stop >= 0 else len(text)]


# What was found in short texts is kept, since sidecars repeat each other.
_short_forms = lru_cache(maxsize=65536)(_forms)


def apart(found: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Spans that do not overlap, the earlier of two kept; two of a name become one."""
    spans: list[tuple[str, int, int]] = []
    for kind, start, end in found:
        over = [i for i, (_, a, b) in enumerate(spans) if start < b and a < end]
        if not over:
            spans.append((kind, start, end))
        elif kind == "address" and len(over) == 1 and spans[over[0]][0] == "address":
            _, a, b = spans[over[0]]  # a street, and the town behind it
            spans[over[0]] = ("address", min(a, start), max(b, end))
        elif kind.endswith("-name") and len(over) == 1 and spans[over[0]][0].endswith("-name"):
            name, a, b = spans[over[0]]  # Dr. Doe, and Doe, Jane behind it
            spans[over[0]] = (name, min(a, start), max(b, end))
    return sorted(spans, key=lambda span: span[1])


def direct_spans(text: str, known: KnownIdentifiers) -> list[tuple[str, int, int]]:
    """Direct identifiers inside a text that is to go as a whole, so that they are told too."""
    return [span for span in text_spans(text, known) if SEVERITY[span[0]] == "direct identifier"]


_HEADING_SKIPS = VERSIONS | {"host-name", "patient-id"}


@lru_cache(maxsize=16384)
def heading_spans(name: str, known: KnownIdentifiers) -> tuple[tuple[str, int, int], ...]:
    """What identifies in the name of a key or column, which may itself be a person's."""
    return tuple(text_spans(name, known, _HEADING_SKIPS))


def text_hits(
    text: str, field: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS
) -> Iterator[Hit]:
    """A hit for each identifying stretch of a text."""
    for kind, start, end in text_spans(text, known, skip):
        yield Hit(kind, field, text[start:end], place=f"line {text.count(chr(10), 0, start) + 1}")


def without(text: str, spans: Iterable[tuple[str, int, int]]) -> str:
    """The text with stretches replaced."""
    out, at = [], 0
    for _, start, end in spans:
        out += [text[at:start], REMOVED]
        at = end
    return "".join([*out, text[at:]])


def redact(text: str, known: KnownIdentifiers, skip: frozenset[str] = NO_KINDS) -> str:
    """The text with every identifying stretch replaced; notices stay."""
    spans = text_spans(text, known, skip)
    return without(text, [span for span in spans if not stays(span[0], text[span[1] : span[2]])])


def printable_text(raw: bytes) -> str:
    """Text out of bytes of unknown encoding: UTF-8 where it is, else Latin-1; no NUL."""
    raw = raw.strip(b"\0 \t\r\n")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\0", " ")
