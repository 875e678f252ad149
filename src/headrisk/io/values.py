"""Reading the values people write into tables and sidecars: ages, dates, sexes."""

from __future__ import annotations

import math
import re
from datetime import date

_AGE = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[dwmy]?)(?:r|rs|ears|ear)?\s*\+?", re.I)
_YEARS = {"": 1.0, "y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?=$|[T ]|\d{6})")
_SEX = {"m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O"}
_TOLD = (str, int, float)  # made once: the function is called for every cell
_UNKNOWN = frozenset({"", "n/a", "na", "nan", "none", "null", "unknown", "-"})
_LONGEST = max(map(len, _UNKNOWN))


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
