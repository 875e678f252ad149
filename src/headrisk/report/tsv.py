"""Tables as TSV, and back: what is read is what was written, text as text and numbers as numbers.

A missing value is ``n/a`` (the BIDS spelling), a number stands as in the JSON. Text that would be
read as one of these (``007``, ``1e5``, ``n/a``, ``True``), or that begins with a quotation mark,
stands in quotation marks, inner ones doubled (RFC 4180), as spreadsheets and pandas read it; tabs,
line breaks and what a terminal would obey are escapes that begin with a backslash.

For tables of users, which follow no such rule, see :mod:`headrisk.io.tsv`.
"""

from __future__ import annotations

import re

from headrisk.errors import InputError, visible
from headrisk.findings.records import Table, Value
from headrisk.io.canonical import rounded
from headrisk.io.tsv import MISSING

_WORDS = {MISSING: None, "True": True, "False": False}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)
_LONE = re.compile("[\ud800-\udfff]")  # surrogates: bytes of a file name that are no UTF-8
_ESCAPE = re.compile(r"\\(?:[tnr\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def table_text(table: Table) -> str:
    """A table as TSV, which :func:`parse_table` reads back.

    Floats are rounded to six significant digits, as in the JSON; those that are not finite are
    missing.
    """
    lines = ["\t".join(_escaped(name) for name in table.columns)]
    lines += ["\t".join(_cell(value) for value in row) for row in table.rows]
    return "\n".join(lines) + "\n"


def parse_table(text: str, subject: str) -> Table:
    """Read back what :func:`table_text` wrote; numbers become floats.

    Whole numbers of more than six digits stay whole, so that they are written again as they were.

    Raises
    ------
    InputError
        A line has another number of cells than the header.
    """
    lines = text.removesuffix("\n").split("\n")
    columns = tuple(_unescaped(name) for name in lines[0].split("\t")) if lines[0] else ()
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
    if not isinstance(value, str):
        return str(value)
    if value in _WORDS or value.startswith('"') or _NUMBER.fullmatch(value):
        value = '"' + value.replace('"', '""') + '"'
    return _escaped(value)


def _parsed(cell: str) -> Value:
    if cell in _WORDS:
        return _WORDS[cell]
    if _NUMBER.fullmatch(cell):
        number = float(cell)
        return int(cell) if cell.lstrip("-").isdigit() and rounded(number) != int(cell) else number
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    return _unescaped(cell)


def _escaped(text: str) -> str:
    return _LONE.sub(lambda one: f"\\u{ord(one[0]):04x}", visible(text.replace("\\", "\\\\")))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda one: one[0].encode("ascii").decode("unicode_escape"), text)
