"""Cleaning tables: dates shifted, high ages in one class, other identifying cells n/a."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from headrisk.dataset.labels import plain_label
from headrisk.io.tsv import MISSING
from headrisk.metadata.columns import Column, owner_place
from headrisk.metadata.findings import Hit, stays
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.notations import read_date
from headrisk.metadata.sidecars import TOP_AGE
from headrisk.metadata.tables import TextTable, cell_spans, judged_columns, judged_rows
from headrisk.metadata.text import REMOVED, heading_spans, without

_DAY = 24 * 3600
# 112 years take any visit up to 2036 to before 1925, which marks dates as shifted (BIDS).
_LEAST_DAYS, _SPREAD_DAYS = 112 * 365 + 28, 10 * 365
_STAMP = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,6})\d*)?)?)?Z?"
)


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

    def shifted(self, text: str, person: str, notation: str = "") -> str:
        """The shifted date as BIDS wants it, ``n/a`` where it cannot be read as a date.

        ``notation`` is the one that holds for the column, so that ``03/04/18`` can be read.
        """
        match = _STAMP.fullmatch(text.strip())
        if not match or not person or notation not in ("", "ymd") or int(match[1]) < 1850:
            written = read_date(text, notation) if person else None
            if written is None:
                return MISSING
            earlier = written - timedelta(days=self.of(person).days)
            return earlier.isoformat() if earlier.year < 1925 else MISSING
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
    name: str = "",
) -> str:
    """The table as text without identifying cells.

    Every cell is judged as it stands, and what is left of it is renamed afterwards.

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
    name
        The file's name, which says what the table is about.
    """
    headings = [
        _clean_heading(heading, number, known, removed)
        for number, heading in enumerate(table.columns, start=1)
    ]
    columns, place = judged_columns(table, name)
    who = owner_place(table.columns)
    lines = [headings] if headings else []
    removed.extend(Hit("free-text", "comment", text) for _, text in table.comments)
    told = judged_rows(table)
    for number, (_, cells) in enumerate(table.rows):
        owner = person if who is None or who >= len(cells) else plain_label(cells[who], "sub")
        new = []
        for index, cell in enumerate(cells):
            heading = table.columns[index] if index < len(table.columns) else ""
            column = columns[index]
            if index and number in told:
                heading, column = told[number]
            spans = cell_spans(column, heading, cell, known, place)
            if index == who:  # a label that identifies is renamed, so that tables can be joined
                spans = [] if renamed(cell) != cell else spans
            new.append(
                renamed(_clean_cell(cell, spans, heading, column, known, shifts, owner, removed))
            )
        lines.append(new)
    return _joined(lines, table)


def table_text(table: TextTable) -> str:
    """The table as text, nothing changed."""
    comments = [[text] for _, text in table.comments]
    lines = [list(table.columns)] if table.columns else []
    return _joined([*comments, *lines, *(list(cells) for _, cells in table.rows)], table)


def _joined(lines: list[list[str]], table: TextTable) -> str:
    if not table.quoted:
        return "".join(table.separator.join(line) + "\n" for line in lines)
    out = io.StringIO()
    csv.writer(out, delimiter=table.separator, lineterminator="\n").writerows(lines)
    return out.getvalue()


def _clean_heading(name: str, number: int, known: KnownIdentifiers, removed: list[Hit]) -> str:
    spans = heading_spans(name, known)
    removed.extend(Hit(kind, "header line", name[a:b]) for kind, a, b in spans)
    return f"removed{number}" if spans else name


def _clean_cell(
    cell: str,
    spans: list[tuple[str, int, int]],
    heading: str,
    column: Column,
    known: KnownIdentifiers,
    shifts: DateShifts,
    person: str,
    removed: list[Hit],
) -> str:
    """What is left of a cell: a shifted date, 89+, the text without the stretch, or ``n/a``."""
    spans = [span for span in spans if not stays(span[0], cell[span[1] : span[2]])]
    if not spans or known.rule(heading) == "keep":
        return cell
    removed.extend(Hit(kind, heading, cell[start:end]) for kind, start, end in spans)
    kind, start, end = spans[0]
    if kind == "age-over-89":
        return TOP_AGE
    whole = start == 0 and end == len(cell)
    if kind == "date" and whole:
        return shifts.shifted(cell, person, column.notation)
    left = without(cell, spans)
    return MISSING if whole or not left.replace(REMOVED, "").strip() else left
