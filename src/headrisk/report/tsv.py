"""Tables as TSV, and back: numbers as in the JSON, missing ones as ``n/a`` (the BIDS spelling)."""

from __future__ import annotations

from headrisk.errors import InputError, visible
from headrisk.findings.records import Table, Value
from headrisk.io.canonical import rounded

MISSING = "n/a"


def table_text(table: Table) -> str:
    """A table as TSV; tabs, line breaks and the like inside a cell become escapes."""
    lines = ["\t".join(table.columns)]
    lines += ["\t".join(_cell(value) for value in row) for row in table.rows]
    return "\n".join(lines) + "\n"


def parse_table(text: str, subject: str) -> Table:
    """Read back what ``table_text`` wrote; numbers become floats.

    Raises
    ------
    InputError
        A line has another number of cells than the header.
    """
    lines = text.removesuffix("\n").split("\n")
    columns = tuple(lines[0].split("\t"))
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise InputError(
                subject,
                found=f"{len(cells)} cells in line {number}",
                expected=f"{len(columns)}",
                remedy="Run the audit again to write the table anew.",
            )
        rows.append(tuple(_parsed(cell) for cell in cells))
    return Table(columns, tuple(rows))


def _cell(value: Value) -> str:
    if value is None:
        return MISSING
    if isinstance(value, float):
        short = rounded(value)
        return MISSING if short is None else repr(short).removesuffix(".0")
    return visible(str(value).replace("\\", "\\\\"))


def _parsed(cell: str) -> Value:
    if cell == MISSING:
        return None
    try:
        return float(cell)
    except ValueError:
        return cell
