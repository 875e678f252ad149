"""Reading what people write into tables and sidecars: JSON, ages, dates, sexes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

LARGEST_JSON = 64 * 1024 * 1024

_AGE = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[dwmy]?)(?:r|rs|ears|ear)?\s*\+?", re.I)
_YEARS = {"": 1.0, "y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?=$|[T ]|\d{6})")
_SEX = {"m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O"}
_TOLD = (str, int, float)  # made once: the function is called for every cell
_UNKNOWN = frozenset({"", "n/a", "na", "nan", "none", "null", "unknown", "-"})
_LONGEST = max(map(len, _UNKNOWN))


def parse_json(raw: bytes, *, every: bool = False) -> tuple[Any, str]:
    """The content of a JSON file, or None and why it cannot be read.

    UTF-8, UTF-16 and UTF-32 are told apart by their marks or first bytes, as RFC 4627 has it; NaN
    and Infinity, which Python writes, are read as they are.

    Parameters
    ----------
    raw
        The file's bytes.
    every
        Where an object names a key twice the last value counts, as for other readers; with
        ``every`` a list of all its values, for who must not miss one.

    >>> parse_json('{"a": 1, "a": 2}'.encode("utf-16"))
    ({'a': 2}, '')
    >>> parse_json(b'{"a": 1, "a": 2}', every=True), parse_json(b"{")
    (({'a': [1, 2]}, ''), (None, 'not JSON'))
    """
    if len(raw) > LARGEST_JSON:
        return None, "larger than 64 MB"
    try:
        return json.loads(raw, object_pairs_hook=_with_every if every else None), ""
    except UnicodeDecodeError:
        return None, "not UTF-8 text"
    except RecursionError:
        return None, "nested too deeply"
    except ValueError:
        return None, "not JSON"


def _with_every(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        own = values.setdefault(key, [])
        if value not in own:
            own.append(value)
    return {key: own[0] if len(own) == 1 else own for key, own in values.items()}


def known(value: object) -> str:
    """The text of a value, or "" where it means "not known" (n/a and its like)."""
    text = str(value).strip() if isinstance(value, _TOLD) else ""
    return "" if len(text) <= _LONGEST and text.lower() in _UNKNOWN else text


def parse_age(text: str) -> float | None:
    """Years from ``34``, ``34.5``, ``034Y``, ``18M`` (months) or ``89+``; None if not an age."""
    match = _AGE.fullmatch(text.strip())
    if not match:
        return None
    years = float(match["number"].replace(",", ".")) * _YEARS[match["unit"].lower()]
    return years if math.isfinite(years) and 0 <= years <= 130 else None


def parse_date(text: str) -> str:
    """ISO date from ``2020-01-31``, ``20200131`` or either with a time; "" if not a date."""
    match = _DATE.match(text.strip())
    if not match:
        return ""
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return ""


def parse_sex(text: str) -> str:
    """``M``, ``F`` or ``O`` for the usual spellings, other codes as they are."""
    return _SEX.get(text.strip().lower(), text.strip())
