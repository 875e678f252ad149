"""Which texts of a file no rule can judge with certainty, and a person has to read.

A name on no list in running prose, in a description or in the name of a file has no form that
tells it. So a file is called clean only if all of its texts are closed: numbers, dates shifted as
BIDS asks, values of known keys, labels, and words of the vocabulary of BIDS, DICOM and
neuroimaging, which name nobody. Every other text is *open*, whatever was found in it. Nothing is
removed for being open.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headrisk.dataset.labels import plain_label
from headrisk.io.values import known as known_value
from headrisk.metadata.closed import (
    NUMBER,
    is_sentence,
    open_of_key,
    open_words,
    public_names,
    says_something,
    vocabulary,
)
from headrisk.metadata.columns import owner_place, place_of
from headrisk.metadata.dicom_dictionary import dictionary_entry, is_pixels
from headrisk.metadata.dicom_elements import Element
from headrisk.metadata.dicom_hits import OWN_MARKS, codec_of, creators_of, decision_on, dicom_text
from headrisk.metadata.dicom_options import BASIC
from headrisk.metadata.fields import tells_versions
from headrisk.metadata.markup import xml_texts
from headrisk.metadata.people import family_names, given_names, split_words
from headrisk.metadata.tables import TextTable
from headrisk.metadata.words import concepts, field_words

_MOST_TEXTS = 50  # of one file
_FEWEST_PEOPLE = 3  # who share a word of a label that tells none of them from the others
_SHARE = 0.25  # of the people who have such a label
_FEWEST_ROWS = 5  # that hold a value before it counts as one of an enumeration
_MOST_VALUES = 30  # of an enumeration
_LETTERS = re.compile(r"[^\W\d_]+")
_ENTITY = re.compile(r"([a-z]{2,14})-([^_]*)")
_HASH = re.compile(r"[0-9a-f]{32,}")
_PROSE_KEYS = frozenset(
    {
        "description",
        "longname",
        "levels",
        "instructions",
        "taskdescription",
        "name",
        "authors",
        "acknowledgements",
        "howtoacknowledge",
        "funding",
        "referencesandlinks",
        "ethicsapprovals",
    }
)
_PATH_KEYS = frozenset(
    {
        "intendedfor",
        "sources",
        "rawsources",
        "associatedemptyroom",
        "bidsguess",
        "stimulusfile",
        "b0fieldidentifier",
        "b0fieldsource",
        "anatomicalimage",
        "photo",
    }
)


@dataclass(frozen=True)
class OpenText:
    """A text that no closed form holds.

    Attributes
    ----------
    place
        The field, column, line or name it stands in, as a report may show it after masking.
    words
        What made it open, in small letters; empty for prose, which stays open whoever shares it.
    """

    place: str
    words: frozenset[str] = frozenset()


def _text(place: str, text: str, *, known_key: bool = False) -> OpenText | None:
    words = open_words(text, known_key=known_key)
    if not words:
        return None
    return OpenText(place, frozenset() if is_sentence(text) else words)


# What stands open in the formats that most files of a data set have.


def open_in_json(content: Any) -> tuple[OpenText, ...]:
    """Open texts of a JSON file: values, and keys that no standard defines."""
    found: dict[str, OpenText] = {}
    stack: list[tuple[str, str, Any, bool]] = [("", "", content, False)]
    while stack and len(found) < _MOST_TEXTS:
        path, key, value, described = stack.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                below = f"{path}.{name}" if path else name
                if words := open_of_key(name):
                    found.setdefault(f"{path}.(name)", OpenText(f"{path}.(name)", words))
                stack.append((below, name, inner, described or name.lower() in _PROSE_KEYS))
        elif isinstance(value, list):
            stack.extend(
                (f"{path}[]", key, item, described) for item in value if not isinstance(item, float)
            )
        elif (one := _open_value(path, key, value, described=described)) is not None:
            found.setdefault(path, one)
    return tuple(found.values())


@lru_cache(maxsize=65536, typed=True)
def _open_value(path: str, key: str, value: Any, *, described: bool) -> OpenText | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float):
        return None if described else _promised(path, key, str(value))
    known_key = key in public_names() and not described
    if not described and (one := _promised(path, key, str(value))) is not None:
        return one
    if isinstance(value, int):
        return None if known_key or abs(value) < 10**5 else OpenText(path, frozenset({str(value)}))
    if known_key and key.lower() in _PATH_KEYS:
        words = frozenset().union(*(_words_of_name(part)[0] for part in re.split(r"[/:]+", value)))
        return OpenText(path, words) if words else None
    if key == "TaskName":  # the label of the file's name, as it may be written out
        label = "".join(filter(str.isalnum, value)).lower()
        unknown = open_words(value) and open_words(label)
        return OpenText(_TASK, frozenset({label})) if unknown else None
    if known_key and (tells_versions(key) or key == "ConsistencyInfo"):
        value = _LONG_VERSION.sub("1", value)
    if known_key and is_sentence(value) and key.lower().endswith(("description", "comments")):
        return OpenText(path) if open_words(value) else None
    return _text(path, value, known_key=known_key)


_TASK = "name of the file, task"
_LONG_VERSION = re.compile(r"\d[\d.]*")


def open_in_table(table: TextTable, name: str) -> tuple[OpenText, ...]:
    """Open texts of a table: names of columns, remarks, and cells that are no coded values."""
    found = [
        OpenText(f"column {heading}", words)
        for heading in table.columns
        if (words := open_of_key(heading))
    ]
    found += [OpenText("comment") for _, text in table.comments if open_words(text)]
    rows = [cells for _, cells in table.rows]
    who = owner_place(table.columns)
    place = place_of(name, table.columns)
    people, counted = place == "people", place in ("trials", "sensors")
    width = max([len(table.columns), *map(len, rows)], default=0)
    for index in range(width):
        heading = table.columns[index] if index < len(table.columns) else ""
        counts = Counter(cells[index] for cells in rows if index < len(cells))
        listed = people and len(counts) <= _MOST_VALUES
        one = _open_column(heading, counts, label=index == who, enumeration=listed, counted=counted)
        if one is not None:
            found.append(one)
        if len(found) >= _MOST_TEXTS:
            break
    return tuple(found)


def _open_column(
    heading: str, counts: dict[str, int], *, label: bool, enumeration: bool, counted: bool
) -> OpenText | None:
    """The open words of a column's cells; prose where one of them is a sentence."""
    words: set[str] = set()
    prose = False
    for cell, count in counts.items():
        text = known_value(cell)
        if not text or _is_number(text, counted=counted):
            continue
        if label:
            words |= _words_of_label(plain_label(text, "sub"))
        elif "/" in text or _PATH.fullmatch(text):
            words |= frozenset().union(*(_words_of_name(part)[0] for part in text.split("/")))
        elif not (enumeration and count >= _FEWEST_ROWS and not is_sentence(text)):
            own = open_words(text)
            words |= own
            prose = prose or (bool(own) and is_sentence(text))
    if not words:
        return None
    return OpenText(
        f"cells of {heading or 'a column without a name'}",
        frozenset() if prose else frozenset(words),
    )


_PATH = re.compile(r"[\w.-]+\.[A-Za-z]\w{1,4}(?:\.gz)?")


def _is_number(text: str, *, counted: bool) -> bool:
    """Whether a cell is a plain number, and not long enough to be somebody's.

    ``counted``: in the table long numbers count samples.
    """
    try:
        float(text)
    except ValueError:
        return False
    return counted or "." in text or "e" in text.lower() or len(text.strip("+-")) < _LONG_NUMBER


_LONG_NUMBER = 6


def open_in_lines(text: str) -> tuple[OpenText, ...]:
    """The first open line of a plain text, None in a matrix of numbers."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) >= _FEWEST_PEOPLE and _is_matrix(lines):
        return ()
    for number, line in enumerate(text.splitlines(), start=1):
        if open_words(line[:4096]) or (is_sentence(line) and _LETTERS.search(line)):
            return (OpenText(f"line {number}"),)
    return ()


def _is_matrix(lines: Sequence[str]) -> bool:
    width = len(re.split(r"[\s,;]+", lines[0].strip()))
    for line in lines:
        cells = re.split(r"[\s,;]+", line.strip())
        if len(cells) != width or not all(map(NUMBER.fullmatch, cells)):
            return False
    return True


def open_in_xml(text: str) -> tuple[OpenText, ...]:
    """Open texts of an XML file: attributes, texts between tags, and names that say nothing."""
    pairs = list(xml_texts(text))
    fields = []
    for place, (name, value) in enumerate(pairs):
        before = pairs[place - 1] if place else ("", "")
        if name == "Value" and before[0] == "Name":  # GIFTI's pairs of a name and a value
            fields.append((before[1], value))
        elif name == "Data" and _is_matrix_text(value):
            continue
        elif name != "Name" or pairs[place + 1 : place + 2] == []:
            fields.append((name, value))
        else:
            fields.append((value if pairs[place + 1][0] == "Value" else name, value))
    return open_in_fields(fields)


_PACKED = re.compile(r"[A-Za-z0-9+/=\s]+")


def _is_matrix_text(value: str) -> bool:
    """Whether the data of an element are numbers, or packed as base 64 without blanks."""
    numbers = all(map(NUMBER.fullmatch, value.split()))
    return numbers or (
        len(value) > _LONGEST_LABEL and _PACKED.fullmatch(value) is not None and " " not in value
    )


_LONGEST_LABEL = 64


def open_in_fields(fields: Iterable[tuple[str, str]]) -> tuple[OpenText, ...]:
    """Open texts among the named values of a header."""
    found: dict[str, OpenText] = {}
    for name, value in fields:
        if (one := _text(name, value) or _under_open_key(name, value)) is not None:
            found.setdefault(name, one)
    return tuple(found.values())[:_MOST_TEXTS]


def _under_open_key(name: str, value: str) -> OpenText | None:
    """A value under a name that no standard defines, or that promises an identifier."""
    if not value.strip() or not (words := open_of_key(name)):
        return _promised(name, name, value)
    return OpenText(name, words)


def _promised(place: str, key: str, text: str) -> OpenText | None:
    """A value that says something under a key whose words promise a detail of a person."""
    if key in public_names() or not says_something(text) or concepts(key).isdisjoint(_DETAILS):
        return None
    if not concepts(key).isdisjoint(_NO_DETAILS) or not field_words(key):
        return None
    return OpenText(place, frozenset({text.strip().lower()}))


_DETAILS = frozenset(
    {
        "age",
        "birth",
        "postcode",
        "address",
        "background",
        "illness",
        "own-name",
        "record",
        "phone",
        "email",
        "credential",
    }
)
_NO_DETAILS = frozenset({"measure", "duration"})


def open_in_dicom(
    elements: Sequence[Element], codec: str = "", above: str = ""
) -> tuple[OpenText, ...]:
    """Open texts among the attributes that the basic profile leaves where they are."""
    codec = next((codec_of(_raw(e)) for e in elements if e.tag == _CHARACTERS), codec)
    creators = creators_of(elements)
    found: list[OpenText] = []
    for element in elements:
        decision = decision_on(element, creators, BASIC)
        if (
            is_pixels(element.tag)
            or element.tag in OWN_MARKS
            or decision.step not in ("keep", "judge", "clean")
        ):
            continue
        entry = dictionary_entry(element.tag)
        place = above + (entry[1] if entry else f"({element.tag:08X})")
        for item in element.items or ():
            found += open_in_dicom(item, codec, f"{place} > ")
        worded = element.meant_vr in _WORDED or place == "BodyPartExamined"
        if element.items is None and worded:
            if element.meant_vr == "UN" and len(element.value) > _MOST_TEXT:
                found.append(OpenText(place))
                continue
            text = dicom_text(bytes(element.value), codec)
            if entry and tells_versions(entry[1]):
                text = _LONG_VERSION.sub("1", text)
            if (one := _text(place, text, known_key=entry is not None)) is not None:
                found.append(one)
        if len(found) >= _MOST_TEXTS:
            break
    return tuple(found)


def _raw(element: Element) -> str:
    return bytes(element.value).decode("latin-1").strip(" \0") if element.items is None else ""


_CHARACTERS = 0x00080005
# Codes (CS) are terms that the standard defines for each attribute.
_WORDED = frozenset({"LO", "LT", "SH", "ST", "UC", "UT", "PN", "UN"})
_MOST_TEXT = 4096


# Names of files and folders.


def open_in_names(parts: Sequence[str]) -> tuple[OpenText, ...]:
    """Open words of a path's names: labels, and parts that are no entities or known words."""
    found = []
    for number, part in enumerate(parts):
        words, entity = _words_of_name(part)
        if words:
            where = "name of the file" if number == len(parts) - 1 else "name of a folder"
            found.append(OpenText(f"{where}{', ' + entity if entity else ''}", words))
    return tuple(found)


@lru_cache(maxsize=65536)
def _words_of_name(name: str) -> tuple[frozenset[str], str]:
    """Open words of a name, and the first entity that has any."""
    if _HASH.search(name):
        return frozenset(), ""
    words: set[str] = set()
    first = ""
    stem = name.partition(".")[0] if not name.startswith(".") else name
    rest = name[len(stem) :]
    for piece in stem.split("_"):
        entity = _ENTITY.fullmatch(piece)
        if entity and entity[1] in ("sub", "ses"):
            own = _words_of_label(entity[2])
        elif entity and entity[1] == "task":
            own = open_words(entity[2], known_key=True) and frozenset({entity[2].lower()})
        elif entity and entity[1] in _ENTITIES:
            own = open_words(entity[2], known_key=True)
        else:
            own = open_words(piece)
        if own and not first:
            first = entity[1] if entity else ""
        words |= own
    words |= open_words(rest, known_key=True)
    return frozenset(words), first


@lru_cache(maxsize=65536)
def _words_of_label(label: str) -> frozenset[str]:
    """The letters of a person's label that may be part of a name: four and more, no known word.

    Of capitals in a code the first four count, which are the study's: ``NDARAA075AMK``.
    """
    closed = vocabulary()
    coded = not label.isalpha()
    return frozenset(
        word[:4] if coded and label[a:b].isupper() else word
        for word, a, b in split_words(label)
        if len(word) > _LETTERS_OF_CODES and word not in closed
    ) | _identity(label)


def _identity(label: str) -> frozenset[str]:
    if label.isalpha() and label.lower() not in vocabulary() and len(label) > 2:
        return frozenset({label.lower()})
    return frozenset()


_LETTERS_OF_CODES = 3
_ENTITIES = frozenset(
    """sub ses sample task tracksys acq nuc voi ce trc stain rec dir run mod echo flip inv mt part
    proc hemi space split recording chunk seg res den label desc tpl cohort atlas scale from to
    mode model feature roi method subset stat node stim""".split()  # noqa: SIM905
)


def shared_words(texts: Iterable[tuple[str, OpenText]]) -> frozenset[tuple[str, str]]:
    """Words of labels that several people have in one place, which tell none from the others.

    Everybody of a study is scanned by the same protocols and sees the same kinds of trials.

    Parameters
    ----------
    texts
        Whose file each open text stands in ("" where the path does not say), and the text.

    Returns
    -------
    Place and word.
    """
    who: dict[tuple[str, str], set[str]] = {}
    places: dict[str, set[str]] = {}
    for person, text in texts:
        if not person:
            continue
        places.setdefault(text.place, set()).add(person)
        for word in text.words:
            who.setdefault((text.place, word), set()).add(person)
    listed = given_names() | family_names()
    return frozenset(
        (place, word)
        for (place, word), people in who.items()
        if len(people) >= _FEWEST_PEOPLE
        and len(people) >= _SHARE * len(places[place])
        and word not in listed
        and not word[:1].isdigit()
    )


def still_open(
    texts: Iterable[OpenText], shared: Collection[tuple[str, str]]
) -> tuple[OpenText, ...]:
    """The texts that are open although others may share their words."""
    return tuple(
        text
        for text in texts
        if not text.words or any((text.place, word) not in shared for word in text.words)
    )
