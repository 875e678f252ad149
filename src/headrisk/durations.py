"""Durations in words: one spelling for progress, plans, the page and the console."""

from __future__ import annotations

_UNITS = (("days", 86_400.0, 172_800.0), ("hours", 3600.0, 7200.0), ("minutes", 60.0, 120.0))


def duration(seconds: float) -> str:
    """A length of time in the largest unit of which there are two or more.

    >>> [duration(s) for s in (0.44, 12, 210, 7560, 200_000)]
    ['0.4 seconds', '12 seconds', '3.5 minutes', '2.1 hours', '2.3 days']
    """
    for unit, length, least in _UNITS:
        if seconds >= least:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} seconds" if seconds < 9.95 else f"{seconds:.0f} seconds"
