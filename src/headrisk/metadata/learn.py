"""Names of people that a data set itself tells, to be looked for everywhere in it.

A surname that was found in ``PatientName`` stands in the protocol's name too, where nothing tells
it from a word. So names are gathered first, from fields and columns that hold names and nothing
else, from DICOM headers and names of files, and then count as known identifiers of the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from headrisk.io.values import parse_json
from headrisk.metadata.closed import vocabulary
from headrisk.metadata.columns import owner_place
from headrisk.metadata.cues import is_account, is_ordinary
from headrisk.metadata.fields import bears_out, kind_of_field
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers, known_identifiers
from headrisk.metadata.markup import html_pairs, xml_pairs
from headrisk.metadata.name_words import (
    ALSO_WORDS,
    CHINESE_GIVEN,
    EPONYMS,
    NO_FAMILY,
    WORDS_AS_NAMES,
)
from headrisk.metadata.named_values import is_record, line_pairs, named_lines, names_person
from headrisk.metadata.people import (
    family_names,
    folded,
    given_names,
    people_spans,
    split_words,
)
from headrisk.metadata.roles import is_paper
from headrisk.metadata.sidecars import json_hits
from headrisk.metadata.tables import parse_table
from headrisk.metadata.walk import Entry
from headrisk.metadata.words import concepts

_LARGEST = 8 * 1024 * 1024
_START = 64 * 1024
_PAIR = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:\s*[\["{]')
# Patient's Name, Birth Name, Other Names, Mother's Birth Name, Responsible Person (PS3.6).
_DICOM_NAME = re.compile(
    rb"\x10\x00(?:\x10\x00|\x01\x10|\x05\x10|\x60\x10)(?:PN(..)|(..)\x00\x00)", re.DOTALL
)
_REMARKS = re.compile(r"(?i)comment|protocol|seriesdesc|studydesc|procedure|note|remark")
_LEAST_TEXT = 32  # bytes before the first zero of a file that begins with text
_SHORTEST = 4  # shorter parts of names are found only beside the rest of the name
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# What stands in fields for names without being one.
_NOBODY = frozenset(
    """anonymous anonymized anonymised anon deidentified removed unknown none null test phantom
    patient subject participant volunteer control healthy pilot dummy xxxx name first last scan
    study session visit group human adult child male female nobody blank empty default sample
    example temp demo user admin operator tech technician staff unnamed research training
    quality assurance service siemens philips prisma skyra trio avanto verio ingenia achieva
    bruker hitachi canon toshiba""".split()  # noqa: SIM905
)
_TITLES = frozenset(
    "mr mrs ms miss dr prof herr frau mme jr sr md phd von van der den de la le "  # noqa: SIM905
    "del di da dos bin al el".split()
)
_TECHNICAL = frozenset(
    """mprage flair bold rest task brain head neuro spine localizer scout axial sagittal coronal
    diffusion field fieldmap space contrast resting state protocol harmonization memory motor
    visual auditory face faces object stimulus response baseline""".split()  # noqa: SIM905
)


def with_names_of(entries: Iterable[Entry], known: KnownIdentifiers) -> KnownIdentifiers:
    """The custodian's list with the names that the files of a data set tell.

    Nothing is raised on what a file holds: what cannot be read here is told by the search itself.
    """
    values: set[str] = set()
    protocols: dict[str, set[str]] = {}
    for entry in entries:
        values.update(_accounts_in(entry))
        if entry.state == "file":
            values.update(_names_in(entry))
            for word in _protocol_words(entry):
                protocols.setdefault(word, set()).add(entry.parts[0])
    return with_names(values | _of_one_person(protocols), known)


_HOMES = frozenset({"home", "homes", "users", "user"})


def _accounts_in(entry: Entry) -> Iterator[str]:
    """Accounts in the names of folders: what stands below ``home`` or ``Users``."""
    for above, part in pairwise(entry.parts):
        if above.lower() in _HOMES and is_account(part):
            yield part


_PROTOCOL = re.compile(
    rb'"(?:ProtocolName|SeriesDescription|StudyDescription|ProcedureStepDescription'
    rb'|PerformedProcedureStepDescription)"\s*:\s*("(?:[^"\\]|\\.){1,200}")'
)
_FEWEST_PEOPLE = 5
_PROTOCOL_WORD = 5  # letters; shorter words are abbreviations


def _protocol_words(entry: Entry) -> Iterator[str]:
    """Capitalised words of what was typed at the scanner that no standard or converter uses.

    A part of a compound (``PhoenixZIPReport``) and a text of one word (``BRAVO``) are names of
    programs as well; there a word counts only if it is on the lists. What is left out here is no
    closed text, so that the file is not called clean.
    """
    if not entry.parts[-1].lower().endswith(".json") or not entry.parts[0].startswith("sub-"):
        return
    for match in _PROTOCOL.finditer(_start(entry)):
        yield from _telling_words(match[1])


@lru_cache(maxsize=4096)
def _telling_words(quoted: bytes) -> tuple[str, ...]:
    try:
        text = json.loads(quoted.decode("utf-8", "replace"))
    except ValueError:
        return ()
    words = split_words(text)
    told = []
    for word, start, end in words:
        whole = not (text[:start][-1:].isalpha() or text[end : end + 1].isalpha())
        listed = word in family_names() or word in given_names()
        telling = listed or (whole and len(words) > 1)
        if telling and end - start >= _PROTOCOL_WORD and text[start].isupper():
            told.append(text[start:end])
    return tuple(told)


def _of_one_person(protocols: dict[str, set[str]]) -> set[str]:
    """Words that stand in the protocols of one person alone, where five and more have protocols.

    Everybody of a study is scanned by the same protocols, so that such a word tells one from the
    others, whatever it means; in practice it is a name.
    """
    people: set[str] = set()
    people.update(*protocols.values())
    if len(people) < _FEWEST_PEOPLE:
        return set()
    plain = {word.lower() for word, own in protocols.items() if len(own) > 1}
    return {
        word
        for word, own in protocols.items()
        if len(own) == 1
        and word.lower() not in plain | vocabulary() | NO_FAMILY | _TECHNICAL
        and not concepts(word)
        and not is_ordinary(word.lower())
    }


def with_names(values: Iterable[str], known: KnownIdentifiers) -> KnownIdentifiers:
    """The list with names, whole and in parts.

    Parts that are ordinary words or common given names count only where they are capitalised;
    initials, titles and parts under four letters only beside the rest of the name.
    """
    lines: set[str] = set()
    cased: set[str] = set()
    for value in values:
        words = [w for w in _WORD.findall(value) if w.lower() not in _TITLES | _NOBODY]
        full = [word for word in words if len(word) > 1]
        if len(full) > 1 and sum(map(len, full)) >= 6 and len(full) < 5:
            lines.add(" ".join(full))
            lines.update(_logins(full[0], full[-1]))
        for word in full:
            plain = word.lower()
            if len(word) < _SHORTEST or plain in NO_FAMILY | _TECHNICAL or concepts(word):
                continue
            if plain in EPONYMS and plain not in family_names() | given_names():
                continue  # a test or method is called so: found only beside the rest of the name
            lines.add(word)
            ordinary = ALSO_WORDS | EPONYMS | CHINESE_GIVEN | WORDS_AS_NAMES
            if plain in ordinary or plain in given_names():
                cased.add(plain)
    if not lines:
        return known
    found = known_identifiers(sorted(lines))
    return replace(known, found=replace(found, cased=frozenset(cased), originals=()))


def _logins(one: str, other: str) -> Iterator[str]:
    """Accounts called after a name, whichever word is the family's: jdoe, doej, janed, djane."""
    if not (one.isascii() and other.isascii()):
        one, other = folded(one), folded(other)
    for a, b in ((one, other), (other, one)):
        for login in (a[0] + b, b + a[0]):
            plain = login.lower()
            if (
                len(login) >= _SHORTEST_LOGIN
                and plain not in vocabulary()
                and not is_ordinary(plain)
            ):
                yield plain


_SHORTEST_LOGIN = 5


def _names_in(entry: Entry) -> Iterator[str]:
    own = entry.parts[-1]
    yield from (own[start:end].replace("_", " ") for start, end in people_spans(own))
    name = own.lower()
    if not name.endswith(
        (
            ".nii",
            ".nii.gz",
            ".json",
            ".tsv",
            ".csv",
            ".gz",
            ".mgz",
            ".txt",
            ".md",
            ".bval",
            ".bvec",
            ".py",
            ".m",
            ".set",
            ".fif",
            ".edf",
            ".png",
        )
    ):
        yield from _dicom_names(_start(entry))
    if entry.size > _LARGEST:
        return
    if not name.endswith((".json", ".tsv", ".csv")):
        if not name.endswith(_NOT_LINES) and not is_paper(name):
            yield from _named_in_lines(_start(entry))
        if name.endswith(_MAY_BE_RECORDS) and not is_paper(name):
            yield from _named_in_record(_start(entry), name)
        return
    raw = _start(entry, _LARGEST)
    if name.endswith("_description.json") or name.startswith(("tpl-", "atlas-")):
        return  # authors stand there on purpose
    if name.endswith(".json"):
        yield from _json_names(raw)
    else:
        yield from _table_names(raw)


_NOT_LINES = (
    ".nii",
    ".nii.gz",
    ".gz",
    ".mgz",
    ".bval",
    ".bvec",
    ".png",
    ".md",
    ".py",
    ".m",
    ".sh",
    ".js",
    ".ipynb",
    ".html",
    ".r",
    ".c",
    ".cpp",
    ".h",
    ".bib",
    ".tex",
    ".cff",
    ".yml",
    ".yaml",
    ".toml",
)


def _named_in_lines(raw: bytes) -> Iterator[str]:
    """Names of people in lines of headers: ``Patient name : Doe, Jane`` in PAR, SPAR, RDA."""
    raw = raw.partition(b"\0")[0]
    if len(raw) < _LEAST_TEXT or (b":" not in raw and b"=" not in raw):
        return
    text = raw.decode("utf-8", "ignore")
    for kind, start, end in named_lines(text):
        value = text[start:end]
        several = len(re.findall(r"[^\W\d_]{2,}", value)) > 1
        if kind in ("person-name", "user-path", "staff-name") and several and is_name(value):
            yield value


_MAY_BE_RECORDS = (
    ".md",
    ".yml",
    ".yaml",
    ".toml",
    ".txt",
    ".log",
    ".ini",
    ".cfg",
    ".conf",
    ".out",
    ".html",
    ".htm",
    ".xml",
    ".env",
    ".properties",
)


def _named_in_record(raw: bytes, name: str) -> Iterator[str]:
    """Names in forms and exports about somebody, by their fields, one word of them too."""
    text = raw.decode("utf-8", "ignore")
    if name.endswith((".html", ".htm")):
        pairs = list(html_pairs(text))
    elif name.endswith(".xml"):
        pairs = list(xml_pairs(text))
    else:
        pairs = list(line_pairs(text))
        if not is_record(text, pairs):
            return
    for key, start, end in pairs:
        value = text[start:end].strip()
        kind = kind_of_field(key) or ("person-name" if names_person(key, value) else "")
        several = len(_words(value)) > 1
        if (kind == "person-name" or (kind == "staff-name" and several)) and is_name(value):
            yield value


def _start(entry: Entry, most: int = _START) -> bytes:
    try:
        with entry.path.open("rb") as handle:
            return handle.read(most)
    except OSError:
        return b""


def _dicom_names(raw: bytes) -> Iterator[str]:
    """Names at the start of a DICOM file, explicit or implicit VR, with or without a preamble."""
    if b"\x10\x00" not in raw:
        return
    for match in _DICOM_NAME.finditer(raw):
        size = int.from_bytes(match[1] or match[2], "little")
        value = raw[match.end() : match.end() + size]
        if 4 <= size <= 192 and len(value) == size and not re.search(rb"[\x00-\x1a]", value[:-1]):
            try:
                text = value.rstrip(b"\0 ").decode("utf-8")
            except UnicodeDecodeError:
                text = value.rstrip(b"\0 ").decode("latin-1")
            if is_name(text):
                yield text.replace("=", " ")


def _json_names(raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "ignore") if b"\0" not in raw else raw.decode("utf-16", "ignore")
    keyed = any(
        kind_of_field(key) in ("person-name", "staff-name") for key in set(_PAIR.findall(text))
    )
    if not keyed and "^" not in text and "00100010" not in text:
        return
    content, problem = parse_json(raw, every=True)
    if problem:
        return
    for hit in json_hits(content, _NOBODY_KNOWN):
        if hit.kind in ("person-name", "staff-name"):
            yield from _telling(hit)


_NOBODY_KNOWN = KnownIdentifiers(frozenset(), {}, ())


def _telling(hit: Hit) -> Iterator[str]:
    """The names in a value: the whole of it in a field for names, else what is on the lists."""
    if kind_of_field(hit.field.split(".")[-1].removesuffix("[]")) == hit.kind:
        if is_name(hit.value) and (hit.kind == "person-name" or len(_words(hit.value)) > 1):
            yield hit.value
    elif "^" in hit.value and "," in hit.value:  # region^Surname, Given
        yield hit.value.rpartition("^")[2]
    elif _REMARKS.search(hit.field):  # what people write at the scanner, not what cites
        for start, end in people_spans(hit.value):
            yield hit.value[start:end]


def _table_names(raw: bytes) -> Iterator[str]:
    start = raw[:_START]
    head = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    cells = re.split(r"[\t;,|]", head)
    if not any(kind_of_field(cell.strip().strip('"')) == "person-name" for cell in cells):
        return
    table = parse_table(raw)
    who = owner_place(table.columns)
    places = [
        index
        for index, column in enumerate(table.columns)
        if kind_of_field(column) == "person-name" and index != who
    ]
    for _, row in table.rows:
        yield from (row[i] for i in places if i < len(row) and is_name(row[i]))
        together = " ".join(row[i] for i in places if i < len(row))
        if len(places) > 1 and is_name(together):
            yield together


def _words(value: str) -> list[str]:
    return _WORD.findall(value)


def is_name(value: str) -> bool:
    """Whether a value of a field for names can be one: a few words of letters, no code or label.

    >>> is_name("Quellimund^Anna"), is_name("sub-01"), is_name("Anonymous"), is_name("PHANTOM_QA")
    (True, False, False, False)
    """
    words = [word.lower() for word in _words(value)]
    if not bears_out("person-name", value) or not 1 <= len(words) <= 6:
        return False
    if any(len(set(word)) == 1 < len(word) for word in words):
        return False  # xxxxx
    if any(map(str.isdigit, value)) or not _NOBODY.isdisjoint(words):
        return False
    listed = any(
        word in given_names() or word in family_names() for word, _, _ in split_words(value)
    )
    return listed or all(word not in NO_FAMILY for word in words)
