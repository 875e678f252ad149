"""JSON files: judging every value by its key and its form, and writing a cleaned copy.

One function judges a value for both, so that what is reported is what is removed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from headrisk.dataset.values import parse_age
from headrisk.metadata.fields import kind_of_field, plain_name, tells_times, tells_versions
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.remarks import is_moment, is_ordinary_remark, is_shifted
from headrisk.metadata.text import MEANT, UNLABELLED, VERSIONS, text_spans

LARGEST_BYTES = 64 * 1024 * 1024
_DEEPEST = 200
_DESCRIBED = "(description)"  # stands for the key of what describes a column
TOP_AGE = "89+"
_AGES = frozenset(
    {"age", "patientage", "patientsage", "ageatscan", "ageyears", "ageatvisit", "ageatmri",
     "scanage", "subjectage", "agey", "mriage"}
)  # fmt: skip
_SAYS_NOTHING = frozenset(
    {"", "n/a", "na", "none", "null", "unknown", "anonymous", "anonymized", "anonymised",
     "removed", "[removed]", "deidentified", "de-identified", "0", "89+", "090y", "-"}
)  # fmt: skip
# Columns are described under their names, and the description is no value.
_DESCRIBES = frozenset({"description", "longname", "levels", "units", "termurl", "derivative",
                        "delimiter", "format", "minimum", "maximum", "hed"})  # fmt: skip


def parse_json(raw: bytes) -> tuple[Any, str]:
    """The content, or None and why it cannot be read. NaN and Infinity are read as they are."""
    if len(raw) > LARGEST_BYTES:
        return None, "larger than 64 MB"
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return json.loads(raw.decode("utf-16" if wide else "utf-8-sig")), ""
    except UnicodeDecodeError:
        return None, "not UTF-8 text"
    except RecursionError:
        return None, "nested too deeply"
    except ValueError:
        return None, "not JSON"


def json_hits(content: Any, known: KnownIdentifiers, *, meant: bool = False) -> Iterator[Hit]:
    """Everything identifying in the content of a JSON file.

    Parameters
    ----------
    content
        As ``parse_json`` gave it.
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
            described = key == _DESCRIBED or _is_description(value)
            for name in reversed(value):
                inner = value[name]
                below = f"{path}.{name}" if path else name
                yield from (
                    Hit(kind, f"{path}.(name)" if path else "(name)", name[a:b])
                    for kind, a, b in _key_spans(name, known)
                )
                stack.append((below, _DESCRIBED if described else name, inner, depth + 1))
        elif isinstance(value, list):
            stack.extend(
                (f"{path}[]", key, item, depth + 1)
                for item in reversed(value)
                if isinstance(item, str | list | dict)
                or (known and isinstance(item, int))
                or kind_of_field(key)
            )
        else:
            kind, text = judge(key, value, known, meant=meant)
            if kind:
                yield Hit(kind, path, text)


def _key_spans(name: str, known: KnownIdentifiers) -> list[tuple[str, int, int]]:
    if known or not name.isidentifier():
        return text_spans(name, known, VERSIONS | {"host-name", "patient-id"})
    return []


def judge(key: str, value: Any, known: KnownIdentifiers, *, meant: bool = False) -> tuple[str, str]:
    """The kind of finding that a single value is, and the identifying text; "" if none."""
    if value is None or isinstance(value, bool):
        return "", ""
    text = value if isinstance(value, str) else _number_text(value)
    kind = kind_of_field(key)
    if "age" in key.lower() and is_over_89(key, text):
        return "age-over-89", text
    if kind and not meant and not _harmless(kind, key, text):
        return ("known-identifier" if known.spans(text) else kind), text
    if not isinstance(value, str):
        if known and known.spans(text):
            return "known-identifier", text
        return ("date", text) if tells_times(key) and is_moment(text) else ("", "")
    skip = VERSIONS if tells_versions(key) else frozenset()
    if meant:
        skip = skip | MEANT
    if key == _DESCRIBED:  # Boston Naming Test, and whoever it is called after
        skip = skip | {UNLABELLED}
    found = text_spans(text, known, skip)
    if found:
        first = min(found, key=lambda span: span[0] != "known-identifier")
        return first[0], text[first[1] : first[2]]
    return "", ""


def clean_json(
    content: Any, known: KnownIdentifiers, removed: list[Hit], *, meant: bool = False
) -> Any:
    """A copy without identifying values; what went is added to ``removed``.

    Ages of 89 years and more become ``89+``; everything else that is found is left out with its
    key. Empty lists and objects that remain stay, so that the structure can be recognised.
    """
    return _cleaned("", content, known, removed, meant, 0)


_GONE = object()


def _cleaned(
    key: str, value: Any, known: KnownIdentifiers, removed: list[Hit], meant: bool, depth: int
) -> Any:
    if depth > _DEEPEST:
        return _GONE
    if isinstance(value, dict):
        described = key == _DESCRIBED or _is_description(value)
        out = {}
        for name, inner in value.items():
            if _key_spans(name, known):
                removed.append(Hit("person-name", "(name)", name))
                continue
            kept = _cleaned(
                _DESCRIBED if described else name, inner, known, removed, meant, depth + 1
            )
            if kept is not _GONE:
                out[name] = kept
        return out
    if isinstance(value, list):
        items = (_cleaned(key, item, known, removed, meant, depth + 1) for item in value)
        return [item for item in items if item is not _GONE]
    kind, text = judge(key, value, known, meant=meant)
    if not kind:
        return value
    removed.append(Hit(kind, key, text))
    return TOP_AGE if kind == "age-over-89" else _GONE


def json_bytes(content: Any) -> bytes:
    """The content as it is written to a copy."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _is_description(value: dict[str, Any]) -> bool:
    """Whether an object describes a table's column (BIDS), rather than holding values."""
    names = {name.lower() for name in value if len(name) < 20}
    return bool(names) and names <= _DESCRIBES


def _harmless(kind: str, key: str, text: str) -> bool:
    plain = text.strip().lower()
    if plain in _SAYS_NOTHING or is_ordinary_remark(kind, text):
        return True
    if kind == "uid":
        return plain.startswith(("2.25.", "1.2.840.10008."))  # random, or the standard's own
    return kind == "date" and is_shifted(text)


def is_over_89(name: str, text: str) -> bool:
    """Whether a field called ``name`` gives an age of 89 years or more."""
    if plain_name(name) not in _AGES or text.strip() == "89+":
        return False
    years = parse_age(text)
    return years is not None and years >= 89


def _number_text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value)
