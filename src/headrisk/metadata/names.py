"""Names of files and folders: people, dates and record numbers in them.

A name is judged in parts, because it must stay readable in a report: the identifying part is
masked and the rest is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from headrisk.metadata.closed import vocabulary
from headrisk.metadata.cues import is_ordinary
from headrisk.metadata.findings import mask
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.name_words import EPONYMS, NO_FAMILY
from headrisk.metadata.national_ids import national_ids
from headrisk.metadata.patterns import matches, may_hold
from headrisk.metadata.people import (
    family_names,
    given_names,
    lone_family_name,
    people_spans,
    split_words,
)
from headrisk.metadata.words import concepts

_LONG_NUMBER = re.compile(r"(?<!\d)(?!0{3,}\d{1,4}(?!\d))\d{6,}(?!\d)")  # 000012: a counter
_ORDER = re.compile(r"(?<![A-Za-z0-9])\d{4,}-[A-Z]{2}-\d{4,}(?![A-Za-z0-9])")
_CITED = re.compile(r"(?:^|_)(?:atlas|tpl|space|from|to|desc|seg|model|cohort|task)-[^_]*")
_YEAR = re.compile(r"(?:19|20)\d\d(?!\d)")
_SKIP = frozenset({"acquisition-time", "url", "host-name", "network-address", "address"})
_HASHED = re.compile(r"[0-9a-f]{32,}")


@lru_cache(maxsize=65536)
def name_spans(name: str, known: KnownIdentifiers) -> tuple[tuple[str, int, int], ...]:
    """Kind, start and end of the identifying parts of one file or folder name."""
    if _HASHED.search(name):  # names made by git and content-addressed stores
        return ()
    spans = [("known-identifier", start, end) for start, end in known.spans(name)]
    found = [*_national(name), *_forms(name), *_numbers(name), *_people(name)]
    for kind, start, end in found:
        if not any(start < b and a < end for _, a, b in spans):
            spans.append((kind, start, end))
    return tuple(sorted(spans, key=lambda span: span[1]))


def shown_name(name: str, spans: Sequence[tuple[str, int, int]]) -> str:
    """The name with its identifying parts masked, printable on any terminal."""
    out, at = [], 0
    for _, start, end in spans:
        out += [name[at:start], f"[{mask(name[start:end])}]"]
        at = end
    text = "".join([*out, name[at:]])
    return text.encode("utf-8", "backslashreplace").decode()


def _forms(name: str) -> list[tuple[str, int, int]]:
    """Forms as in texts; six digits are a number here (``sub-100307``), whatever date they give."""
    spelt = name.replace("_", " ")  # +46_70_469_15_32
    apart = spelt != name and may_hold("phone", spelt)
    found_phones = [f for f in matches(spelt, _SKIP) if f[0] == "phone"] if apart else []
    return [
        found
        for found in [*matches(name, _SKIP), *found_phones]
        if found[2] - found[1] > 6 or not name[found[1] : found[2]].isdigit()
    ]


def _numbers(name: str) -> list[tuple[str, int, int]]:
    orders = [("long-number", *match.span()) for match in _ORDER.finditer(name)]
    return orders + [("long-number", *match.span()) for match in _LONG_NUMBER.finditer(name)]


def _national(name: str) -> list[tuple[str, int, int]]:
    return [("national-id", *span) for span in national_ids(name.replace("_", " "))]


def _people(name: str) -> list[tuple[str, int, int]]:
    """Names as in texts, a given name with any word or number beside it (doe_john, mary01), and a
    family name alone (acq-Korhonen) where it is no method's or atlas's (Schaefer2018)."""
    parts = split_words(name)
    cited = [match.span() for match in _CITED.finditer(name)]
    found = [("person-name", *span) for span in people_spans(name)]
    found += [("person-name", *match.span()) for match in _TITLED.finditer(name)]
    found += [("person-name", *match.span(1)) for match in _FOLDER_OF_ONE.finditer(name)]
    found += [
        ("person-name", *match.span(match.lastindex or 0))
        for form in (_BESIDE_NUMBER, _NO_ENTITY)
        for match in form.finditer(name)
        if NO_FAMILY.isdisjoint(word for word, _, _ in split_words(match[0]))
        and not concepts(match[match.lastindex or 0])
        and not any(a <= match.start() < b for a, b in cited)
    ]
    found += [
        ("person-name", start, end)
        for word, start, end in parts
        if lone_family_name(word, name[start:end])
        and not _YEAR.match(name, end)
        and not any(a <= start < b for a, b in cited)
    ]
    found += [("person-name", *span) for span in _unlisted(name, parts)]
    for place, (word, start, end) in enumerate(parts):
        if len(word) < 3 or word not in given_names():
            continue
        if any(a <= start < b for a, b in cited):
            continue
        sides = [parts[i] for i in (place - 1, place + 1) if 0 <= i < len(parts)]
        near = [
            (a, b)
            for other, a, b in sides
            if len(other) >= 3 and other not in _ORDINARY and _gap(name, start, end, a, b) in _GAPS
        ]
        for a, b in near[:1]:
            start, end = min(start, a), max(end, b)
        if near or name[end : end + 1].isdigit() or name[start - 4 : start] == "sub-":
            found.append(("person-name", start, end))
    return found


def _unlisted(name: str, parts: Sequence[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """Two words that are no technical ones, in the name of a scan, a letter, a form or a number.

    ``Vuvaiez_Meipaur_T1w``, ``report Kaunoova Paiss``, ``BRUDESKI_GETRIEOVA_20251026``. One word is
    enough beside an initial or a day: ``Peltier_M_21071960``.
    """
    if name.startswith(("sub-", "ses-", "tpl-", "atlas-", "task-", ".")) or not parts:
        return []
    stem = name.partition(".")[0]
    two = _TWO_WORDS.match(stem) if "." not in name else None
    words = [(word, a, b) for word, a, b in parts if b <= (two.end() if two else len(stem))]
    own = [
        (w, a, b)
        for w, a, b in words
        if len(w) > 2
        and name[a].isupper()
        and w not in _ORDINARY
        and w not in NO_FAMILY
        and (
            w in family_names()
            or w in given_names()
            or not (is_ordinary(w) or concepts(w) or w in vocabulary())
        )
    ]
    others = [w for w, a, b in words if (w, a, b) not in own and len(w) > 1]
    dated = re.search(r"(?<!\d)(?:\d{8}|\d{6})(?!\d)", stem) is not None
    numbered = re.match(r"\d{2,8}[_ -]|.*[_ -]\d{3,8}$", stem) is not None
    if not all(word in _OF_PEOPLE or word in _SCANS for word in others):
        return []
    told = dated or numbered or bool(others) or _WEIGHTED.search(stem) is not None
    told = told or two is not None
    if len(own) == 2 and told and _near(name, own[0][2], own[1][1]):
        return [(own[0][1], own[1][2])]
    initial = re.search(r"(?<![^\W_])[A-Z](?![^\W_])", stem)
    if len(own) == 1 and len(own[0][0]) > 4 and dated and (initial or not others):
        return [own[0][1:]]
    if len(own) == 1 and _SCAN_AND_WORD.fullmatch(stem) and _may_be_name(*own[0], name):
        return [own[0][1:]]
    return []


# DOE_JANE, Doe-Jane, Doe_Jane_A0042: a folder of a person.
_TWO_WORDS = re.compile(
    r"(?:[^\W\d_a-z]{3,}[_^-][^\W\d_a-z]{3,}"
    r"|[^\W\d_a-z][^\W\d_A-Z]{2,}(?:[_^ -]|, )[^\W\d_a-z][^\W\d_A-Z]{2,})"
    r"(?=$|[_-][A-Za-z]{0,4}\d)"
)


def _may_be_name(word: str, start: int, end: int, name: str) -> bool:
    """Whether a lone word beside a kind of scan is written as names are, and on no other list."""
    if not name[start + 1 : end].islower() or word in EPONYMS or word in vocabulary():
        return False
    return end - start > _SHORTEST or not name[start:end].isascii()


def _near(name: str, end: int, start: int) -> bool:
    return name[end:start] in _GAPS


_SHORTEST = 4
# MPRAGE_Birnbaum: a kind of scan and one word, and nothing else.
_SCAN_AND_WORD = re.compile(
    r"(?i:(?:MP2?RAGE|T[12]w?|FLAIR|MRI|scan|brain|head|BOLD|DWI|EPI|anat)[_ -][^\W\d_]+"
    r"|[^\W\d_]+[_ -](?:MP2?RAGE|T[12]w?|FLAIR|MRI|scan|brain|head))"
)
_WEIGHTED = re.compile(r"(?<![^\W_])(?:[Tt][12](?:[Ww]|_|$)|MP2?RAGE)")
_SCANS = frozenset({"mprage", "t", "tw", "mri", "scan", "flair", "brain", "head", "mr", "anat"})
_OF_PEOPLE = frozenset(
    """report letter consent form befund arztbrief brief cv photo passport referral invoice receipt
    questionnaire notes patient proband bericht rapport signed einwilligung""".split()  # noqa: SIM905
)
# Mrs_Doe, Herr-Meier: a title before a capitalised word.
_TITLED = re.compile(
    r"(?<![^\W_])(?:Mrs|Miss|Herr|Frau|Mme|Dr|Prof)[._ -]{1,2}[^\W\d_a-z][^\W\d_A-Z][^\W\d_]+"
)
# sub-vanDoe_Jane: a label has no line in it.
_FOLDER_OF_ONE = re.compile(
    r"^sub-([^\W\d_]{2,}_[^\W\d_a-z][^\W\d_]{2,}(?:-[^\W\d_a-z][^\W\d_]+)?)$"
)
_CAPITALISED = r"[^\W\d_a-z][^\W\d_A-Z]{3,}(?:[-_][^\W\d_a-z][^\W\d_A-Z]{2,})?"
# 19610314_Doe-Jane, Doe_MRN0012345: a word beside a date or a record number, and nothing else.
_BESIDE_NUMBER = re.compile(rf"^\d{{8}}[_-]({_CAPITALISED})$|^({_CAPITALISED})[_-]\d{{8}}$")
# sub-01_Doe-Jane_bold: entities of BIDS are spelt in small letters.
_NO_ENTITY = re.compile(
    r"(?<=_)([^\W\d_a-z][^\W\d_A-Z]{2,}[-_][^\W\d_a-z][^\W\d_A-Z]{2,})(?=_[A-Za-z0-9]+\.)"
)
_GAPS = frozenset({"", "_", "-", " ", ".", "^", ", ", ",", ",_", ",-"})
_ORDINARY_NAMES = """
    sub ses run acq task rec dir echo space desc label res den hemi anat func dwi fmap perf
    nii json tsv bold flair epi asl pet eeg meg beh mask mri scan brain image head phantom
    left right magnitude phase inv part recording events physio stim rest log txt csv pdf the
    and for readme data template roi
"""
_ORDINARY = frozenset(_ORDINARY_NAMES.split())


def _gap(name: str, start: int, end: int, a: int, b: int) -> str:
    return name[end:a] if a >= end else name[b:start]
