"""Cleaning tables: dates shifted, high ages in one class, other identifying cells n/a."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from headrisk.metadata.fields import plain_name
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.sidecars import TOP_AGE
from headrisk.metadata.tables import TextTable, judge_cell

MISSING = "n/a"
_DAY = 24 * 3600
# 112 years take any visit up to 2036 to before 1925, which marks dates as shifted (BIDS).
_LEAST_DAYS, _SPREAD_DAYS = 112 * 365 + 28, 10 * 365
_STAMP = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,6})\d*)?)?)?Z?"
)
_PEOPLE = ("participantid", "subjectid", "subject", "participant", "sub")


@dataclass
class DateShifts:
    """By how much each person's dates are shifted: drawn once for each, the same in every table.

    Whole days and a time of day are drawn, so that intervals stay to the second and neither the
    date nor the time of day of a visit can be read.
    """

    rng: np.random.Generator
    streams: Callable[[str], np.random.Generator] | None = None  # a person's own, by a key
    _by_person: dict[str, timedelta] = field(default_factory=dict)

    def of(self, person: str) -> timedelta:
        """How far back a person's dates go."""
        if person not in self._by_person:
            rng = self.rng if self.streams is None else self.streams(person)
            days = int(rng.integers(_LEAST_DAYS, _LEAST_DAYS + _SPREAD_DAYS))
            seconds = int(rng.integers(0, _DAY))
            self._by_person[person] = timedelta(days=days, seconds=seconds)
        return self._by_person[person]

    def shifted(self, text: str, person: str) -> str:
        """The shifted date in the form it had, ``n/a`` where it cannot be read as a date."""
        match = _STAMP.fullmatch(text.strip())
        if not match or not person:
            return MISSING
        year, month, day, *clock, fraction = match.groups()
        timed = clock[0] is not None
        hour, minute, second = (int(part or 0) for part in clock)
        try:
            then = datetime(int(year), int(month), int(day), hour, minute, second)
            then -= self.of(person) if timed else timedelta(days=self.of(person).days)
        except (ValueError, OverflowError):
            return MISSING
        if then.year >= 1925:
            return MISSING
        if not timed:
            return then.strftime("%Y-%m-%d").rjust(10, "0")
        tail = "" if fraction is None else f".{fraction}"
        return then.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + tail


def clean_table(
    table: TextTable,
    known: KnownIdentifiers,
    shifts: DateShifts,
    renamed: Callable[[str], str],
    person: str,
    removed: list[Hit],
) -> str:
    """The table as text without identifying cells.

    Parameters
    ----------
    table
        As it was read.
    known
        The custodian's list.
    shifts
        Date shifts of the whole copy.
    renamed
        Gives a text with the labels of people and sessions that were renamed.
    person
        Whose table it is, "" where a column says so.
    removed
        Values that went are added to it.
    """
    columns = [_clean_heading(name, known, removed) for name in table.columns]
    plain = [plain_name(name) for name in table.columns]
    who = next((plain.index(name) for name in _PEOPLE if name in plain), None)
    lines = [columns] if columns else []
    removed.extend(Hit("free-text", "comment", text) for _, text in table.comments)
    for _, cells in table.rows:
        owner = cells[who].removeprefix("sub-") if who is not None and who < len(cells) else person
        new = []
        for place, cell in enumerate(cells):
            name = table.columns[place] if place < len(table.columns) else ""
            new.append(_clean_cell(name, renamed(cell), known, shifts, owner, removed))
        lines.append(new)
    return _joined(lines, table.separator)


def table_text(table: TextTable) -> str:
    """The table as text, nothing changed."""
    comments = [[text] for _, text in table.comments]
    lines = [list(table.columns)] if table.columns else []
    return _joined([*comments, *lines, *(list(cells) for _, cells in table.rows)], table.separator)


def _joined(lines: list[list[str]], separator: str) -> str:
    return "".join(separator.join(line) + "\n" for line in lines)


def _clean_heading(name: str, known: KnownIdentifiers, removed: list[Hit]) -> str:
    spans = known.spans(name)
    removed.extend(Hit("known-identifier", "header line", name[a:b]) for a, b in spans)
    return "removed" if spans else name


def _clean_cell(
    column: str,
    cell: str,
    known: KnownIdentifiers,
    shifts: DateShifts,
    person: str,
    removed: list[Hit],
) -> str:
    kind, value = judge_cell(column, cell, known)
    if not kind:
        return cell
    removed.append(Hit(kind, column, value))
    if kind == "age-over-89":
        return TOP_AGE
    if kind == "date":
        return shifts.shifted(cell.strip('"'), person)
    return MISSING
