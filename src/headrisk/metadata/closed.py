"""Words that name nobody, and which of a text are none of them.

A name on no list has no form that tells it. What can be told is the opposite: numbers, dates
shifted as BIDS asks, codes of settings, and the vocabulary of BIDS, DICOM and neuroimaging.

Names of fields that say nothing of a person, because a standard or a converter gave them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

from headrisk.metadata.name_words import ALSO_WORDS, WORDS_AS_NAMES
from headrisk.metadata.patterns import PUBLIC_HOSTS
from headrisk.metadata.people import split_words
from headrisk.metadata.remarks import is_shifted
from headrisk.metadata.words import concepts, field_words

OURS = frozenset({"header", "gzip"})
ANOTHER = "another field"


@cache
def public_names() -> frozenset[str]:
    """Attribute keywords of DICOM, metadata names of BIDS, and the fields of dcm2niix."""
    path = resources.files("headrisk.metadata") / "data" / "field_names.txt"
    return frozenset(path.read_text("utf-8").split())


def public_name(field: str) -> str:
    """The field's name where every part of it is a known keyword, else ``another field``.

    >>> public_name("RepetitionTime"), public_name("header.shape"), public_name("Erika.EchoTime")
    ('RepetitionTime', 'header.shape', 'another field')
    """
    first, _, rest = field.partition(".")
    if first in OURS and rest.replace("_", "").isalpha():
        return field  # made by headrisk from the header, not by whoever wrote the file
    return field if public_names().issuperset(field.split(".")) else ANOTHER


_MOST_WORDS = 8  # more words than that are a sentence
_LONGEST_TEXT = 2000
_REMOVED = re.compile(r"\[removed\]|n/a|\bremoved\d*\b|\b89\+|\bREMOVED\b")
_PUBLIC = re.compile(
    r"https?://(?:[\w-]+\.)*(?:"
    + "|".join(re.escape(host.strip(".")) for host in PUBLIC_HOSTS if host != "github.com")
    + r")(?:\.\w+)?/[\w/.#:-]*|\bdoi:10\.\d{4,}/[\w.]+"
)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:[a-zA-Zµ%°]{1,3})?")
_DIGITS = re.compile(r"\d(?:[\d/ ().-]*\d)?")
_DECIMAL = re.compile(r"\d*\.\d+")
# Numbers of orders that look like a decimal or like a code: 22126751.1, 0772-MR-6168.
_ORDER = re.compile(r"(?<![\w.])(?:\d{7,}\.\d{1,2}|\d{3,}[-/][A-Z]{1,3}[-/]\d{3,})(?![\w.])")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# 10-20 and 10-5 positions of electrodes, and amplifiers' own channels.
_ELECTRODE = re.compile(
    r"(?:Nz|Iz|[AFCTPOMNI]{1,3}(?:p|pz|\d{1,2}h?|z)|Fp(?:z|\d{1,2})"
    r"|[A-H]\d{1,2}|(?:EXG|[EM]EG|REF|EOG|EMG|ECG|CH|[SRETD])\d{1,4})"
)
_CODED = re.compile(r"[A-Za-z]+\d{1,3}[A-Za-z]?|\d{1,3}[A-Za-z]{1,4}|[A-Za-z]+\d{1,2}[A-Za-z]+")
_POSITION = re.compile(r"\d{1,3}\.\d{4,}, ?-?\d{1,3}\.\d{4,}")  # latitude and longitude
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d\d(?!\d)")
# Postcodes with letters, and ages with a unit, which no abbreviation of a setting is.
_DETAIL = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} [A-Z]{2}"
    r"|\d{1,3} ?(?:y|yr|yrs|yo|y\.?o\.|years?(?: old)?|Y|J|Jahre|ans|a[nñ]os|anni|anos|jaar|år"
    r"|lat|let|months?|mo|m[oå]n)\.?"
    r"|0\d\dY|\d{1,3}[;y]\d{1,2}m?)(?![\w-])"
)
_NAMES = ALSO_WORDS | WORDS_AS_NAMES


@cache
def vocabulary() -> frozenset[str]:
    """Words of BIDS, DICOM, converters and neuroimaging that name nobody, in small letters."""
    path = resources.files("headrisk.metadata") / "data" / "closed_words.txt"
    named = {word for name in public_names() for word, _, _ in split_words(name)}
    return frozenset(named | set(path.read_text("utf-8").split()))


@lru_cache(maxsize=65536)
def open_words(text: str, *, known_key: bool = False) -> frozenset[str]:
    """The words and numbers of a text that are in no closed form.

    Parameters
    ----------
    text
        A value, a cell or a line.
    known_key
        It stands under a key that BIDS, DICOM or a converter defines, where abbreviations and
        codes of settings are what is meant to stand there.

    >>> sorted(open_words("t1 mprage sag p2 iso", known_key=True))
    []
    >>> sorted(open_words("MPRAGE_Birnbaum")), sorted(open_words("ward asked for a break"))
    (['birnbaum'], ['asked', 'ward'])
    """
    plain = _PUBLIC.sub(" ", _REMOVED.sub(" ", text)).strip()
    if not known_key and _DETAIL.fullmatch(plain):
        return frozenset({plain.lower()})
    if not plain or NUMBER.fullmatch(plain):
        return _long_numbers(plain, known_key=known_key)
    if is_shifted(plain):
        return frozenset()
    found = set(_long_numbers(plain, known_key=known_key))
    if not known_key:
        found.update(match[0].lower() for match in _DETAIL.finditer(plain))
    for token in _TOKEN.findall(plain):
        found.update(_open_in(token, known_key=known_key))
    return frozenset(found)


def _open_in(token: str, *, known_key: bool) -> Iterator[str]:
    if token.isdigit() or _ELECTRODE.fullmatch(token):
        return
    coded = not token.isalpha()
    if coded and not known_key and not _CODED.fullmatch(token):
        yield token.lower()
        return
    closed = vocabulary()
    if token.isalpha() and token.lower() in closed and _closed_case(token, known_key=known_key):
        return
    for word, start, end in split_words(token):
        if word in closed and _closed_case(token[start:end], known_key=known_key):
            continue
        if (known_key or coded) and len(word) <= 2 and token.isascii():
            continue
        yield word


def _closed_case(word: str, *, known_key: bool) -> bool:
    """Whether a word of the vocabulary is no name by its case: Young, White, Page may be."""
    return known_key or word.islower() or word.lower() not in _NAMES


def _long_numbers(text: str, *, known_key: bool) -> frozenset[str]:
    """Numbers long enough to be somebody's: five digits and more, blanks and hyphens among them."""
    least = 7 if known_key else 5
    found = {match[0] for match in _ORDER.finditer(text)}
    found |= set() if known_key else set(_POSITION.findall(text)) | set(_CLOCK.findall(text))
    for match in _DIGITS.finditer(text):
        run = match[0]
        if sum(map(str.isdigit, run)) >= least and not _DECIMAL.fullmatch(run):
            if (
                known_key
                and all(len(part) < least for part in re.split(r"[ /]", run))
                and ("." in run)
            ):
                continue
            found.add(run)
    return frozenset(found)


@lru_cache(maxsize=32768)
def is_closed_key(name: str) -> bool:
    """Whether the name of a key or column says what stands under it: a standard's, or plain words.

    >>> is_closed_key("RepetitionTime"), is_closed_key("response_time"), is_closed_key("Birnbaum")
    (True, True, False)
    """
    return not open_of_key(name)


@lru_cache(maxsize=32768)
def open_of_key(name: str) -> frozenset[str]:
    if name in public_names():
        return frozenset()
    closed = vocabulary()
    if _long_numbers(name, known_key=True):
        return frozenset({name.lower()})
    words = [word for word in field_words(name) if not word.isdigit() and len(word) > 2]
    return frozenset(word for word in words if word not in closed and not concepts(word))


def says_something(text: str) -> bool:
    """Whether a value is more than a mark that nothing is known or left, or a shifted date."""
    plain = _REMOVED.sub("", text).strip(" .-?[]\"'")
    return bool(plain) and not is_shifted(plain) and plain.lower() not in _NOTHING


_NOTHING = frozenset({"none", "null", "nan", "na", "unknown", "anonymous", "0", "removed"})


def is_closed_remark(text: str) -> bool:
    """Whether a remark is of the vocabulary alone, so that it tells nothing of anybody.

    >>> is_closed_remark("mobile EEG cap"), is_closed_remark("felt unwell")
    (True, False)
    """
    return not open_words(text) and _LONG.search(text) is None


_LONG = re.compile(r"\d{5,}")


def is_sentence(text: str) -> bool:
    """Whether a text has more words than a label."""
    words = sum(any(map(str.isalpha, word)) for word in text.split())
    return words > _MOST_WORDS or len(text) > _LONGEST_TEXT
