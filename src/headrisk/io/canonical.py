"""Canonical JSON: the same values give the same bytes, wherever and whenever they are written.

For readers (:func:`canonical_json`) numbers are rounded to six significant digits and then written
in their shortest form, and what is not a finite number becomes null. For digests
(:func:`exact_json`) nothing is rounded, and what JSON cannot tell apart is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

DIGITS = 6


def plain(value: Any) -> Any:
    """JSON-ready copy: numbers rounded, tuples to lists, non-finite numbers to None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return rounded(float(value))


def rounded(value: float) -> float | None:
    """Six significant digits, or None where the value is not finite."""
    return float(f"{value:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None


def canonical_json(value: Any) -> str:
    """Sorted keys, two-space indent, one final newline."""
    return json.dumps(plain(value), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def exact_json(value: object) -> bytes:
    """One spelling for each value, numbers in full: sorted keys, no blanks, ASCII, tuples as lists.

    Raises
    ------
    TypeError, ValueError
        The value holds something JSON cannot tell apart: a key that is not text, a NaN, an
        infinity, a type other than dict, list, tuple, text, number, bool and None.
    """
    _require_text_keys(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def _require_text_keys(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r}: only text keys have one spelling")
            _require_text_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _require_text_keys(inner)
