"""Tables (TSV and CSV): judging every column as a whole and every cell in its light.

Quotes are read as RFC 4180 has them, by the csv module, where that gives rows as long as the header
line; else lines are cut at the separator, so that a stray quote costs its cell and not the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from headrisk.io.values import known as known_value
from headrisk.metadata.closed import is_closed_remark
from headrisk.metadata.columns import (
    Column,
    Place,
    holds,
    judge_column,
    named_owners,
    owner_place,
    place_of,
)
from headrisk.metadata.fields import kind_of_field, plain_name, tells_times, tells_versions
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.notations import is_age, is_over_89
from headrisk.metadata.patterns import matches
from headrisk.metadata.remarks import is_moment, is_ordinary_remark, is_shifted
from headrisk.metadata.text import (
    LIVES,
    UNLABELLED,
    VERSIONS,
    direct_spans,
    heading_spans,
    text_spans,
)
from headrisk.metadata.uids import harmless_uid

LARGEST_BYTES = 256 * 1024 * 1024
_SEPARATORS = "\t;,|"
Span = tuple[str, int, int]


@dataclass(frozen=True)
class TextTable:
    """A table as rows of cells, quotes removed; ``columns`` is empty without a header line.

    ``comments`` are lines that begin with ``#``, which BIDS does not know. ``rows`` bear the number
    of the line they begin in.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str
    problem: str = ""
    comments: tuple[tuple[int, str], ...] = ()
    quoted: bool = False


def parse_table(raw: bytes, *, headed: bool = True) -> TextTable:
    """Read a table; its separator is a tab where there is one, else a semicolon or a comma.

    ``problem`` says why nothing could be read: NUL bytes, or an encoding that cannot be told.
    Lines of another length than the header keep their cells.
    """
    text = decoded(raw)
    if text is None:
        return TextTable((), (), "\t", "NUL bytes in a table")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at, comments = 0, []
    if re.fullmatch(r"sep=[\t;,|]", lines[0].strip(), re.IGNORECASE):  # for spreadsheets
        lines[0] = ""
    rest = [line for line in lines if line.strip()]
    separator = _separator(rest[-1]) if rest else "\t"
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith("#")):
        if lines[at].startswith("#"):
            if separator in lines[at]:  # "#id,age" is a header line
                break
            comments.append((at + 1, lines[at]))
        at += 1
    if at == len(lines):
        return TextTable((), (), "\t", comments=tuple(comments))
    if in_blanks([line for line in lines[at:] if line.strip()]):
        lines[at:] = [_BLANKS.sub("\t", line.strip()) for line in lines[at:]]
    separator = _separator(lines[at])
    rows, quoted = _rows(lines, at, separator)
    width = len(rows[0][1])
    said = [
        row
        for row in rows[1:]
        if row[1][0].startswith("#")
        and not (len(row[1]) == width > 1 and _COLOUR.fullmatch(row[1][0]))
    ]
    if said:
        comments += [(number, separator.join(cells)) for number, cells in said]
        rows = [row for row in rows if row not in said]
    headed = headed and not _headless([cells for _, cells in rows])
    columns = rows[0][1] if headed else ()
    body = tuple(rows[1:] if headed else rows)
    return TextTable(columns, body, separator, comments=tuple(comments), quoted=quoted)


def decoded(raw: bytes) -> str | None:
    """A table's text: UTF-16 by its mark, UTF-8 where it is, else Latin-1; None with NUL bytes."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw[: len(raw) // 2 * 2].decode("utf-16", "replace")
    if b"\0" in raw:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.start > len(raw) - 4  # the start of a file ends inside of a character
        return raw[: error.start].decode("utf-8-sig") if cut else raw.decode("latin-1")


_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}")
_BLANKS = re.compile(r"(?: {2,}|(?<=\S) +(?=\t)|\t) *")
_QUOTED = re.compile(r'"[^"]*"')


def unquoted(line: str) -> str:
    """The line with what stands in quotes taken out."""
    return _QUOTED.sub("", line)


def in_blanks(lines: list[str]) -> bool:
    """Whether lines are a table whose columns are set apart by two blanks and more."""
    if len(lines) < _FEWEST_ROWS or any(sign in lines[0] for sign in _SEPARATORS):
        return False
    counts = [len(_BLANKS.split(line.strip())) for line in lines]
    heads = _BLANKS.split(lines[0].strip())
    return counts[0] > 1 and all(n == counts[0] for n in counts) and all(map(_heads, heads))


_FEWEST_ROWS = 3


def _heads(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and len(cell) < 40


def _headless(rows: list[tuple[str, ...]]) -> bool:
    """Whether the first row is of the same kind as the others: a date over dates, a mail address.

    The name of a column is never a date or an address where those below are.
    """
    if len(rows) < _FEWEST_ROWS:
        return False
    for index, head in enumerate(rows[0]):
        below = [cells[index] for cells in rows[1:] if index < len(cells) and cells[index]]
        form = _form(head)
        if form and below and sum(_form(cell) == form for cell in below) >= 0.8 * len(below):
            return True
    return False


@lru_cache(maxsize=16384)
def _form(cell: str) -> str:
    """The kind of a cell that is a date with separators, or a mail address, from end to end."""
    return next(
        (
            kind
            for kind, start, end in matches(cell)
            if kind in ("date", "email") and not cell.isdigit() and start == 0 and end == len(cell)
        ),
        "",
    )


def _separator(line: str) -> str:
    return next((sign for sign in _SEPARATORS if sign in line), "\t")


def _rows(
    lines: list[str], at: int, separator: str
) -> tuple[list[tuple[int, tuple[str, ...]]], bool]:
    """Rows with the number of their first line, and whether quotes were read."""
    quotes = any('"' in line for line in lines)
    bare = _bare if quotes else str.strip
    plain = [
        (number, tuple(map(bare, line.split(separator))))
        for number, line in enumerate(lines[at:], at + 1)
        if line.strip()
    ]
    if not quotes:
        return plain, False
    reader = csv.reader(io.StringIO("\n".join(lines[at:])), delimiter=separator)
    quoted, start = [], at + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                quoted.append((start, tuple(cell.strip() for cell in cells)))
            start = at + reader.line_num + 1
    except csv.Error:  # a cell beyond the module's limit
        return plain, False
    if not quoted or _ragged(quoted) > _ragged(plain):
        return plain, False
    return quoted, True


def _ragged(rows: list[tuple[int, tuple[str, ...]]]) -> float:
    """Share of rows that are not as long as the first."""
    return sum(len(cells) != len(rows[0][1]) for _, cells in rows) / len(rows)


def _bare(cell: str) -> str:
    text = cell.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"').strip()
    return text


def judged_columns(table: TextTable, name: str) -> tuple[tuple[Column, ...], Place]:
    """What each column holds, and what the table is about; ``name`` is the file's."""
    place = place_of(name, table.columns)
    width = max([len(table.columns), *(len(cells) for _, cells in table.rows)], default=0)
    rows = [cells for _, cells in table.rows]
    who = owner_place(table.columns)
    owners = [cells[who] if who is not None and who < len(cells) else "" for cells in rows]
    out = []
    for index in range(width):
        cells = [row[index] if index < len(row) else "" for row in rows]
        heading = table.columns[index] if index < len(table.columns) else ""
        out.append(judge_column(heading, cells, place, owners if index != who else ()))
        if index == who and place == "people":
            out[-1] = Column("person-name" if named_owners(cells) else "", skip=out[-1].skip)
    return tuple(out), place


_OF_PEOPLE = frozenset(
    {
        "person-name",
        "birth-date",
        "patient-id",
        "national-id",
        "phone",
        "email",
        "address",
        "staff-name",
    }
)


def judged_rows(table: TextTable) -> dict[int, tuple[str, Column]]:
    """Rows that are judged like columns, where the first column says what stands in each.

    Lists of items and values, and tables whose people stand side by side: their number in
    ``table.rows``, what the first cell calls them, and what they hold.
    """
    if owner_place(table.columns) is not None:
        return {}
    names = [cells[0] for _, cells in table.rows]
    telling = sum(kind_of_field(name) in _OF_PEOPLE for name in names)
    if telling < 2 or len(set(names)) < len(names):
        return {}
    return {
        number: (cells[0], judge_column(cells[0], cells[1:], "people"))
        for number, (_, cells) in enumerate(table.rows)
        if kind_of_field(cells[0])
    }


def table_hits(table: TextTable, known: KnownIdentifiers, name: str = "") -> Iterator[Hit]:
    """Everything identifying in a table; ``name`` is the file's, which says what it is about."""
    for heading in table.columns:
        for kind, start, end in heading_spans(heading, known):
            yield Hit(kind, "header line", heading[start:end])
    for line, text in table.comments:
        kind = "known-identifier" if known.spans(text) else "free-text"
        yield Hit(kind, "comment", text, place=f"line {line}")
    columns, place = judged_columns(table, name)
    told = judged_rows(table)
    width = len(table.columns)
    headings = [table.columns[i] if i < width else "" for i in range(len(columns))]
    counted = [
        _is_counted(column, heading, known, place)
        for column, heading in zip(columns, headings, strict=True)
    ]
    seen: list[dict[str, list[Span]]] = [{} for _ in columns]  # cells of a column repeat each other
    for number, (line, cells) in enumerate(table.rows):
        for index, cell in enumerate(cells):
            heading, column = headings[index], columns[index]
            if index and number in told:
                heading, column = told[number]
                spans = cell_spans(column, heading, cell, known, place)
            elif counted[index] and _MEASURED.fullmatch(cell):
                continue
            elif (before := seen[index].get(cell)) is not None:
                spans = before
            else:
                spans = seen[index][cell] = cell_spans(column, heading, cell, known, place)
            for kind, start, end in spans:
                field = heading or f"column {index + 1}"
                yield Hit(kind, field, cell[start:end], place=f"line {line}")


_MEASURED = re.compile(r"-?\d{1,9}(?:\.\d{1,20})?")


def _is_counted(column: Column, heading: str, known: KnownIdentifiers, place: Place) -> bool:
    """Whether numbers in a column say nothing, as ``cell_spans`` would find for each of them."""
    if column.kind or known.listed or known.rule(heading):
        return False
    return place in ("sensors", "trials") or not (is_age(heading) or tells_times(heading))


def cell_spans(
    column: Column, heading: str, cell: str, known: KnownIdentifiers, place: Place
) -> list[Span]:
    """Kind, start and end of what identifies in a cell: the whole of it, or stretches.

    A whole cell comes first; direct identifiers inside of it are told as well.
    """
    if not known_value(cell):
        return []
    rule = known.rule(heading)
    if rule == "ignore":
        return [("known-identifier", *span) for span in known.spans(cell)]
    if rule == "remove":
        return [("chosen-field", 0, len(cell))]
    whole = _whole(column, heading, cell, place)
    inside = _inside(column, heading, cell, known, place)
    if whole and whole != "free-text":
        whole = known.graver(whole, cell)
    if whole == "free-text":
        return [(whole, 0, len(cell)), *direct_spans(cell, known)]
    return [(whole, 0, len(cell))] if whole else inside


def _whole(column: Column, heading: str, cell: str, place: Place) -> str:
    """The kind of finding that a cell is as a whole, "" if none."""
    if place not in ("sensors", "trials") and is_over_89(heading, cell):
        return "age-over-89"
    kind = column.kind
    if kind and holds(column, heading, cell) and not _says_nothing(kind, cell):
        return kind
    moment = tells_times(heading) and cell.isdigit() and is_moment(cell)
    return "date" if moment and place not in ("sensors", "trials") else ""


def _inside(
    column: Column, heading: str, cell: str, known: KnownIdentifiers, place: Place
) -> list[Span]:
    if _is_number(cell):  # no form means anything in a number
        return [("known-identifier", *span) for span in known.listed.spans(cell)] if known else []
    skip = column.skip | {LIVES} | (VERSIONS if tells_versions(heading) else frozenset())
    if place in ("trials", "sensors"):
        skip = skip | {"institution"}
    own = place in ("trials", "sensors") or UNLABELLED in skip  # a stimulus may bear a name
    return text_spans(cell, known.listed if own else known, skip)


def _says_nothing(kind: str, text: str) -> bool:
    """Values that only look the part: shifted dates, ratings, the standard's own UIDs."""
    if kind == "date" and is_shifted(text):
        return True
    if is_ordinary_remark(kind, text) or plain_name(text) == "removed":
        return True
    if kind == "free-text" and is_closed_remark(text):
        return True
    return kind == "uid" and harmless_uid(text)


def _is_number(text: str) -> bool:
    if text.lstrip().startswith("+") and sum(map(str.isdigit, text)) > _MOST_SIGNED:
        return False  # a telephone number
    try:
        float(text)
    except ValueError:
        return False
    return True


_MOST_SIGNED = 8  # digits of a number that is written with a plus sign
