"""Canonical JSON: the same values give the same bytes, wherever and whenever they are written.

Numbers are rounded to six significant digits and then written in their shortest form. What is not
a finite number becomes null.
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
