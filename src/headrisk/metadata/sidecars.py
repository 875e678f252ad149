"""JSON files: judging every value by its key and its form, and writing a cleaned copy.

One function judges a value for both, so that what is reported is what is removed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from headrisk.metadata.closed import is_closed_remark, public_names
from headrisk.metadata.columns import is_prose_of_people, is_sentence, says_date
from headrisk.metadata.cues import announced_staff, names_illness, names_somebody
from headrisk.metadata.dicom_dictionary import profile_table
from headrisk.metadata.fields import (
    bears_out,
    is_exact_name,
    kind_of_field,
    may_hold_prose,
    may_name_illness,
    plain_name,
    tells_times,
    tells_versions,
)
from headrisk.metadata.findings import Hit, stays
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.markup import script_pairs
from headrisk.metadata.named_values import names_person
from headrisk.metadata.national_ids import register_of
from headrisk.metadata.notations import hour_of, is_over_89
from headrisk.metadata.people import named_in_passing
from headrisk.metadata.remarks import is_moment, is_ordinary_remark, is_shifted
from headrisk.metadata.text import (
    LIVES,
    MEANT,
    REMOVED,
    SHOWN,
    UNLABELLED,
    VERSIONS,
    apart,
    direct_spans,
    heading_spans,
    text_spans,
    without,
)
from headrisk.metadata.uids import harmless_uid
from headrisk.metadata.words import concepts, field_words

Span = tuple[str, int, int]
_DEEPEST = 200
_LISTED = (str, list, dict)  # items of a list that are judged
_LISTED_OR_KNOWN = (str, list, dict, int)
_SHORT = 256
_DESCRIBED = "(description)"  # stands for the key of what describes a column
TOP_AGE = "89+"
_SAYS_NOTHING = frozenset(
    {
        "",
        "n/a",
        "na",
        "none",
        "null",
        "unknown",
        "anonymous",
        "anonymized",
        "anonymised",
        "removed",
        "[removed]",
        "deidentified",
        "de-identified",
        "0",
        "89+",
        "090y",
        "-",
    }
)
# Columns are described under their names, and the description is no value.
_DESCRIBES = frozenset(
    {
        "description",
        "longname",
        "levels",
        "units",
        "termurl",
        "derivative",
        "delimiter",
        "format",
        "minimum",
        "maximum",
        "hed",
    }
)


def json_hits(content: Any, known: KnownIdentifiers, *, meant: bool = False) -> Iterator[Hit]:
    """Everything identifying in the content of a JSON file.

    Parameters
    ----------
    content
        As :func:`headrisk.io.values.parse_json` gave it.
    known
        The custodian's list.
    meant
        The file describes the data set, so that authors and links stand there on purpose.
    """
    stack: list[tuple[str, str, Any, int]] = [("", "", content, 0)]
    while stack:
        path, key, value, depth = stack.pop()
        if depth > _DEEPEST:
            yield Hit("free-text", path, "", note="nested deeper than is looked into")
            continue
        if isinstance(value, dict):
            key = _DESCRIBED if key == _DESCRIBED or _is_description(value) else key
            for name in reversed(value):
                below = f"{path}.{name}" if path else name
                yield from (
                    Hit(kind, f"{path}.(name)" if path else "(name)", name[a:b])
                    for kind, a, b in heading_spans(name, known)
                )
                stack.append((below, _key_below(key, name, value), value[name], depth + 1))
        elif isinstance(value, list):
            judged = object if kind_of_field(key) else (_LISTED if not known else _LISTED_OR_KNOWN)
            below = f"{path}[]"
            stack.extend(
                (below, key, item, depth + 1)
                for item in reversed(value)
                if isinstance(item, judged)
            )
        else:
            text = _text_of(value)
            for kind, start, end in judge(key, value, known, meant=meant):
                yield Hit(kind, path, text[start:end])


_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),? ?([0-9A-Fa-f]{4})\)?")
# Keys that name nothing by themselves: what they hold belongs to the key above.
_GENERIC = frozenset(
    {
        "value",
        "values",
        "alphabetic",
        "ideographic",
        "phonetic",
        "text",
        "data",
        "content",
        "string",
        "val",
        "raw",
        "original",
        "v",
    }
)
_NAMING = (
    "name",
    "key",
    "field",
    "attribute",
    "keyword",
    "tag",
    "label",
    "variable",
    "k",
    "property",
    "parameter",
    "item",
)


def _key_below(key: str, name: str, around: dict[str, Any]) -> str:
    """What a value is judged by: its key, the key above it, or both (``patient``, ``name``)."""
    if key == _DESCRIBED:
        return _DESCRIBED
    name = name.rpartition(":")[2] or name  # foaf:name
    plain = name.strip("_@#").lower()
    if plain in ("example", "examples") and any(n.lower() == "description" for n in around):
        return key  # of a table's column: a value of it
    if plain not in _GENERIC and plain not in ("name", "label"):
        return _key_of(key, name)
    if plain in ("name", "label") and _is_person(around):
        return f"person {name}"
    if plain in _GENERIC:
        beside = next(
            (n for n in around if n.lower() in _NAMING and isinstance(around[n], str)), None
        )
        own = around[beside] if beside is not None and beside != name else ""
        return _attribute_name(own) if own else key or name
    return _key_of(key, name)


@lru_cache(maxsize=16384)
def _key_of(key: str, name: str) -> str:
    name = _attribute_name(name)
    if not key or len(name) > 20 or kind_of_field(name) or not concepts(name):
        return name
    both = f"{key} {name}"
    return both if len(both) < 60 and kind_of_field(both) in _BY_BOTH else name


def _is_person(around: dict[str, Any]) -> bool:
    """Whether an object says that it is a person: JSON-LD's ``@type``, FHIR's ``resourceType``."""
    kind = next((around[key] for key in ("@type", "resourceType") if key in around), "")
    names = kind if isinstance(kind, list) else [kind]
    return any(
        isinstance(n, str)
        and n.rpartition(":")[2].rpartition("/")[2].lower()
        in ("person", "patient", "practitioner", "relatedperson")
        for n in names
    )


_BY_BOTH = frozenset(
    {"person-name", "staff-name", "patient-id", "birth-date", "phone", "email", "address"}
)


def _attribute_name(name: str) -> str:
    """A DICOM attribute's name where a key is its tag, as in the DICOM JSON model."""
    match = _TAG.fullmatch(name) if len(name) < 16 else None
    rule = profile_table().get(int(match[1] + match[2], 16)) if match else None
    return rule.name.replace("'s", "").replace("'", "") if rule else name


def judge(key: str, value: Any, known: KnownIdentifiers, *, meant: bool = False) -> list[Span]:
    """Kind, start and end of what identifies in a single value, the whole of it or stretches."""
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, str) and len(value) > _SHORT:
        return _judged(key, value, known, meant)
    return list(_judged_before(key, value, known, meant))


def _judged(key: str, value: str | float, known: KnownIdentifiers, meant: bool) -> list[Span]:
    text = _text_of(value)
    rule = known.rule(key)
    if rule == "ignore":
        return [("known-identifier", *span) for span in known.spans(text)]
    if rule == "remove":
        return [("chosen-field", 0, len(text))]
    if is_over_89(key, text):
        return [("age-over-89", 0, len(text))]
    kind = kind_of_field(key)
    if not kind and not meant and key != _DESCRIBED and names_person(key, text):
        kind = "person-name"
    if not kind and not meant and may_name_illness(key) and names_illness(text):
        kind = "" if key == _DESCRIBED else "demographic"
    if kind and not (meant and _said_on_purpose(kind, key)) and _counts(kind, key, text):
        whole = (known.graver(kind, text), 0, len(text))
        return [whole, *direct_spans(text, known)] if kind == "free-text" else [whole]
    if not isinstance(value, str):
        if known and (spans := known.spans(text)):
            return [("known-identifier", *span) for span in spans]
        if tells_times(key) and is_moment(text):
            return [("date", 0, len(text))]
        return [("patient-id", 0, len(text))] if is_record_number(key, text) else []
    if (meant and plain_name(key) in _CREDITS) or plain_name(key) in ("termurl", "authors"):
        return [("known-identifier", *span) for span in known.listed.spans(text)]
    skip = VERSIONS if tells_versions(key) else frozenset()
    if meant:
        skip = skip | MEANT
    if key == _DESCRIBED:  # Boston Naming Test, and whoever it is called after
        skip = skip | {SHOWN, UNLABELLED, LIVES, "person-name", "staff-name", "institution", "url"}
    if plain_name(key) in _DESCRIPTIONS:
        skip = skip | {UNLABELLED, "acquisition-time", "url"}
    if not is_exact_name(key) and ("duration" in concepts(key) or hour_of(text) == 0):
        skip = skip | {"acquisition-time"}
    if not may_be_of_people(key):
        skip = skip | {LIVES, "institution"}
    if plain_name(key) in _PROGRAM_FIELDS:
        skip = skip | {"exam-program"}
    found = text_spans(text, known.listed if key == _DESCRIBED else known, skip)
    if key == _DESCRIBED:  # who filled it in is nobody that it is called after
        found = apart([*found, *announced_staff(text)])
    if '":' in text and not meant:
        found = _and_embedded(text, found, known)
    if not meant and says_nothing_of(key) and names_somebody(text):
        return [("person-name", 0, len(text))]
    if not found and not meant and plain_name(key) in _TYPED_IN:
        found = [("person-name", *span) for span in named_in_passing(text)]
    if not found and register_of(key, [text]):
        return [("national-id", 0, len(text))]
    if not meant and plain_name(key) in _POSTCODES and _CODE_OF_PLACE.fullmatch(text.strip()):
        return [("address", 0, len(text))]
    if not found and not meant and is_record_number(key, text):
        return [("patient-id", 0, len(text))]
    if (
        not meant
        and key != _DESCRIBED
        and plain_name(key) not in _DESCRIPTIONS
        and key not in public_names()
        and ((may_hold_prose(key) and is_sentence(text)) or is_prose_of_people(text))
    ):
        return [("free-text", 0, len(text)), *direct_spans(text, known)]
    return found


@lru_cache(maxsize=65536, typed=True)
def _judged_before(
    key: str, value: str | float, known: KnownIdentifiers, meant: bool
) -> tuple[Span, ...]:
    """What was found in a short value is kept, since sidecars repeat each other."""
    return tuple(_judged(key, value, known, meant))


def says_nothing_of(key: str) -> bool:
    """Whether a key says nothing of what stands under it: ``info``, ``misc``, ``user text``."""
    words = frozenset(field_words(key))
    return not words.isdisjoint(_VAGUE) and key not in public_names()


_VAGUE = frozenset(
    """info misc full text data value values extra other free content string user custom field var
    variable entry item x attribute param""".split()  # noqa: SIM905
)


def _and_embedded(text: str, found: list[Span], known: KnownIdentifiers) -> list[Span]:
    """What was found in a text, and what identifies in JSON that it holds."""
    inner = [
        (kind, start + a, start + b)
        for name, start, end in script_pairs(text)
        for kind, a, b in judge(name, text[start:end], known)
    ]
    return apart([*inner, *found])


# Fields of BIDS that describe methods in words: tests, makers and papers bear names there.
_DESCRIPTIONS = frozenset(
    """eegplacementscheme eegcoordinatesystemdescription megcoordinatesystemdescription
        ieegcoordinatesystemdescription nirscoordinatesystemdescription fiducialsdescription
        anatomicallandmarkcoordinatesystemdescription headcoilcoordinatesystemdescription
        digitizedheadpointscoordinatesystemdescription manufacturer manufacturersmodelname
        capmanufacturer capmanufacturersmodelname electrodemanufacturer deviceserialname
        derivedfrom ieegplacementscheme spatialreference ieegcoordinateprocessingreference
        ieegcoordinateprocessingdescription handedness referencesandlinks license softwarename
        termurl cogatlasid cogpoid taskdescription instructions stimulusdescription
        stimulipresentation""".split()  # noqa: SIM905
)


def may_be_of_people(key: str) -> bool:
    """Whether a text under a key can be of a person, and is not of methods: a task, a test."""
    words = frozenset(field_words(key))
    return words.isdisjoint(
        (
            "task",
            "instructions",
            "software",
            "cogatlas",
            "manufacturer",
            "license",
            "method",
            "methods",
            "stimulus",
            "atlas",
            "levels",
            "units",
            "sequence",
            "citation",
            "reference",
            "references",
            "acknowledgements",
            "funding",
            "longname",
            "generated",
        )
    )


# Siemens writes the exam's region and program here as it writes names: HEAD^ROUTINE.
_PROGRAM_FIELDS = frozenset(
    {
        "procedurestepdescription",
        "studydescription",
        "examprogram",
        "performedprocedurestepdescription",
        "requestedproceduredescription",
    }
)
# What is typed at the scanner or written after it.
_TYPED_IN = _PROGRAM_FIELDS | {"seriesdescription", "protocolname", "qcremark", "qcnotes", "qc"}
_CREDITS = frozenset(
    {
        "authors",
        "author",
        "curators",
        "curator",
        "license",
        "licence",
        "acknowledgements",
        "howtoacknowledge",
        "funding",
        "referencesandlinks",
        "ethicsapprovals",
        "datasetlinks",
        "contributors",
        "citation",
        "contact",
        "maintainers",
        "sourcedatasetsurls",
        "sourcedatasets",
        "sourceatlases",
        "datasetdoi",
    }
)


_POSTCODES = frozenset({"cp", "cap", "pc4", "pc5", "pc6"})  # code postal
_CODE_OF_PLACE = re.compile(
    r"(?:[A-Z]{1,2}-)?\d{4,6}(?: ?[A-Z]{2})?|\d{2,3}[- ]\d{2,4}|\d{5}-\d{3,4}"
)


def is_record_number(key: str, text: str) -> bool:
    """Whether a value is a long number under a key that speaks of one, and that nobody defined.

    >>> is_record_number("donor_id", "H414842"), is_record_number("SeriesNumber", "100001")
    (True, False)
    """
    words = frozenset(field_words(key))
    if words & _FILES and _PAGE.fullmatch(text.strip()):
        return True
    if plain_name(key).rstrip("0123456789") in _REGISTERS and sum(map(str.isdigit, text)) >= 6:
        return True
    if _RECORD.fullmatch(text.strip()) is None or "id" not in concepts(key):
        return False
    return key not in public_names() and _OTHER_NUMBERS.isdisjoint(field_words(key))


# A patient's file, called so and no more, and registers by their initials.
_FILES = frozenset(
    {
        "historia",
        "expediente",
        "dossier",
        "cartella",
        "kartoteka",
        "prontuario",
        "akte",
        "journal",
        "chart",
    }
)
_PAGE = re.compile(r"(?=(?:\D*\d){6})[A-Z]{0,3}\.?\d{4,}(?:[/.-]\d{1,4})?[A-Z]?")
_REGISTERS = frozenset({"sotu", "cf", "pnr", "nin", "nif", "nie", "rc", "nir", "amka", "tckn"})
_RECORD = re.compile(r"[A-Za-z]{0,4}[-_ ]?\d{5,14}")
_OTHER_NUMBERS = frozenset(
    """grant fund funding award project atlas task cog snomed concept term pubmed pmid doi version
    series instance image frame model part product lot sequence template region label volume voxel
    vertex seed build commit revision catalog gene snp chromosome software protocol ethics
    irb registration trial clinicaltrials""".split()  # noqa: SIM905
)


def _said_on_purpose(kind: str, key: str) -> bool:
    """Whether a description of a data set may hold such a value under this key."""
    return plain_name(key) in _CREDITS or kind in (
        "free-text",
        "institution",
        "date",
        "url",
        "email",
        "staff-name",
        "acquisition-time",
    )


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else _number_text(value)


def _counts(kind: str, key: str, text: str) -> bool:
    """Whether a value is what its key's name says, and says something."""
    if _harmless(kind, text):
        return False
    if kind == "free-text":
        return any(map(str.isalpha, text))
    if kind == "session-setting":
        return _SETTING.fullmatch(text) is not None
    if is_exact_name(key):
        return kind != "accession-number" or len(text.strip()) >= _SHORTEST_NUMBER
    if kind == "date" and text.replace(".", "", 1).isdigit():
        return says_date(key) and bears_out(kind, text)
    return bears_out(kind, text, key)


_SETTING = re.compile(r"[-+\d.,eE\s\[\]]*")
_SHORTEST_NUMBER = 4  # StudyID is "1" on most scanners


def clean_json(
    content: Any,
    known: KnownIdentifiers,
    removed: list[Hit],
    *,
    meant: bool = False,
    shifted: Callable[[str], str] | None = None,
) -> Any:
    """A copy without identifying values; what went is added to ``removed``.

    Ages of 89 years and more become ``89+``. ``shifted`` gives a date as it stands in the copy, as
    far back as the other dates of the person, or a text that is no date where it cannot be; without
    it dates go as a whole. A value that is identifying as a whole is left out
    with its key, of others the identifying stretch alone goes. Notices and settings of the scanner
    stay. Empty lists and objects that remain stay, so that the structure can be recognised.
    """
    return _cleaned("", content, known, removed, meant, 0, shifted)


_GONE = object()


def _cleaned(
    key: str,
    value: Any,
    known: KnownIdentifiers,
    removed: list[Hit],
    meant: bool,
    depth: int,
    shifted: Callable[[str], str] | None = None,
) -> Any:
    if depth > _DEEPEST:
        return _GONE
    if isinstance(value, dict):
        key = _DESCRIBED if key == _DESCRIBED or _is_description(value) else key
        out = {}
        for name, inner in value.items():
            if heading_spans(name, known):
                removed.append(Hit("person-name", "(name)", name))
                continue
            below = _key_below(key, name, value)
            kept = _cleaned(below, inner, known, removed, meant, depth + 1, shifted)
            if kept is not _GONE:
                out[name] = kept
        return out
    if isinstance(value, list):
        items = (_cleaned(key, item, known, removed, meant, depth + 1, shifted) for item in value)
        return [item for item in items if item is not _GONE]
    text = _text_of(value)
    spans = [
        span
        for span in judge(key, value, known, meant=meant)
        if stays(span[0], text[span[1] : span[2]]) is False
    ]
    if not spans or known.rule(key) == "keep":
        return value
    removed.extend(Hit(kind, key, text[start:end]) for kind, start, end in spans)
    if spans[0][0] == "age-over-89":
        return TOP_AGE
    if shifted is not None and spans == [("date", 0, len(text))] and isinstance(value, str):
        earlier = shifted(text)
        return earlier if is_shifted(earlier) else _GONE
    if spans[0][1:] == (0, len(text)) or without(text, spans).strip() in ("", REMOVED):
        return _GONE
    return without(text, spans)


def json_bytes(content: Any) -> bytes:
    """The content as it is written to a copy."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _is_description(value: dict[str, Any]) -> bool:
    """Whether an object describes a table's column (BIDS), rather than holding values."""
    names = {name.lower() for name in value if len(name) < 20}
    return bool(names) and names <= _DESCRIBES


def _harmless(kind: str, text: str) -> bool:
    plain = text.strip().lower()
    if plain in _SAYS_NOTHING or is_ordinary_remark(kind, text):
        return True
    if kind == "free-text" and is_closed_remark(text):
        return True
    if kind == "uid":
        return harmless_uid(plain)
    if kind == "session-setting":
        return plain.strip("-0.") == ""
    return kind == "date" and is_shifted(text)


def _number_text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value)
