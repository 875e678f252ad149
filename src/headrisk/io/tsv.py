"""Tab-separated tables as people and spreadsheets write them, read with line numbers; and written.

Every cell is text here. The tables of a report, whose cells are numbers as well, are read and
written by :mod:`headrisk.report.tsv`.
"""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrisk.errors import InputError, UsageError
from headrisk.io.values import known

LARGEST_BYTES = 256 * 1024 * 1024
MISSING = "n/a"  # as BIDS spells it


@dataclass(frozen=True)
class Row:
    """One line of a table: its number in the file and its values by lower-case column name.

    Values that mean "not known" (``n/a``) are "".
    """

    line: int
    values: dict[str, str]

    def first(self, *columns: str) -> str:
        """The first value that is known among several possible columns, or ""."""
        return next((self.values[name] for name in columns if self.values.get(name)), "")


def read_tsv(path: Path) -> list[Row]:
    """Read a table with a header line.

    A byte-order mark, Windows line ends, blank lines and quotes around whole cells are accepted.

    Raises
    ------
    InputError
        Missing or unreadable file, not UTF-8, no header, comma-separated, a column named twice,
        or a line with more or fewer cells than the header; names the line.
    """
    columns, lines = split_tsv(path)
    rows = []
    for number, cells in lines:
        if len(cells) != len(columns):
            raise _refusal(
                path, f"line {number} has {len(cells)} cells", f"{len(columns)}, as in the header"
            )
        rows.append(Row(number, dict(zip(columns, map(known, cells), strict=True))))
    return rows


def tsv_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text that :func:`read_tsv` reads back; "" becomes ``n/a``.

    >>> tsv_text(("participant_id", "age"), [("sub-01", "34"), ("sub-02", "")])
    'participant_id\\tage\\nsub-01\\t34\\nsub-02\\tn/a\\n'

    Raises
    ------
    UsageError
        A cell holds a tab or ends a line.
    """
    return "".join("\t".join(map(_written, cells)) + "\n" for cells in (columns, *rows))


def _written(cell: str) -> str:
    if any(sign in cell for sign in "\t\n\r\0"):
        raise UsageError(
            f"cell {cell!r}",
            found="a tab, a line break or NUL",
            expected="text of one line",
            remedy="Rename what the table is to name.",
        )
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return '"' + cell.replace('"', '""') + '"'
    return cell or MISSING


def split_tsv(path: Path, errors: str = "strict") -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Columns in lower case, and the cells of each further line with its number, however many.

    ``errors`` is what becomes of bytes that are not UTF-8, as for ``bytes.decode``.

    Raises
    ------
    InputError
        As :func:`read_tsv`, but for the number of cells.
    """
    lines = _text(path, errors).split("\n")
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        raise _refusal(path, "no header line", "a table with tab-separated columns")
    columns = [name.lower() for name in _cells(filled[0][1])]
    if len(columns) == 1 and ("," in columns[0] or ";" in columns[0]):
        raise _refusal(path, "no tab in the header line", "columns separated by tabs, not commas")
    twice = sorted(name for name, count in Counter(columns).items() if name and count > 1)
    if twice:
        raise _refusal(path, f"column {', '.join(twice)} more than once", "each column once")
    return columns, [(number, _cells(line)) for number, line in filled[1:]]


def read_describing_tsv(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Read a table that only describes images: whatever is wrong with it becomes a remark.

    UTF-16 and Latin-1 are read as such. Of a column named twice the first counts; lines with
    another number of cells than the header are passed over. A table that cannot be read at all has
    no rows.
    """
    rows, notes, _ = _described(path)
    return rows, notes


def describing_fault(path: Path, column: str) -> str:
    """What keeps a table that describes from being used in whole, as a word; "" where nothing does.

    ``unreadable``, ``link`` (a target that is not here), ``empty`` and ``no_key`` (no ``column``):
    it is not used at all; ``columns`` (one named twice) and ``lines`` (some of another length): it
    is used in part.
    """
    rows, _, fault = _described(path)
    if not fault and rows and column not in rows[0].values:
        return "no_key"
    return fault


def _described(path: Path) -> tuple[list[Row], tuple[str, ...], str]:
    """Rows, remarks, and the word for what is wrong."""
    try:
        return read_tsv(path), (), ""
    except InputError as error:
        said = f"{error.found}: read as far as it goes" if error.found else "read as it goes"
    try:
        text, how = _any_text(path)
    except InputError as error:
        where = " (a link whose target is not here: fetch it)" if _dangles(path) else ""
        return [], (f"{path}: {error.found}{where}; not used",), "link" if where else "unreadable"
    filled = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not filled:
        return [], (f"{path}: an empty table, not used",), "empty"
    between = next((mark for mark in "\t,;" if mark in filled[0][1]), "\t")
    columns = [name.lower() for name in _cells(filled[0][1], between)]
    rows, passed = [], 0
    for number, line in filled[1:]:
        cells = _cells(line, between)
        if len(cells) != len(columns):
            passed += 1
            continue
        values: dict[str, str] = {}
        for name, cell in zip(columns, map(known, cells), strict=True):
            values.setdefault(name, cell)
        rows.append(Row(number, values))
    notes = [f"{path}: {said}{how}"]
    if passed:
        notes.append(
            f"{path}: {passed} lines with another number of cells than the header passed over"
        )
    twice = "columns" if len(set(columns)) < len(columns) else ""
    fault = "lines" if passed else twice
    return rows, tuple(notes), fault


def _any_text(path: Path) -> tuple[str, str]:
    """Text of any usual encoding, and a word on it."""
    try:
        return _text(path), ""
    except InputError as error:
        if not error.found.endswith(("UTF-8", "UTF-16 text")):
            raise
    raw = path.read_bytes()
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = raw.decode("utf-16" if wide else "latin-1", "replace")
    return text.replace("\r\n", "\n").replace(
        "\r", "\n"
    ), " (as UTF-16)" if wide else " (as Latin-1)"


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _text(path: Path, errors: str = "strict") -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "not a regular file", "a table of text")
        if status.st_size > LARGEST_BYTES:
            raise _refusal(path, "more than 256 MB", "a table of text")
        raw = path.read_bytes()
    except OSError as error:
        raise _refusal(path, error.strerror or str(error), "a readable table") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refusal(path, "UTF-16 text", "UTF-8 text")
    try:
        text = raw.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refusal(path, f"line {line} is not UTF-8", "UTF-8 text") from error
    if "\0" in text:
        raise _refusal(path, "binary data", "a table of text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cells(line: str, between: str = "\t") -> list[str]:
    return [_unquoted(cell.strip()) for cell in line.split(between)]


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"').strip()
    return cell


def _refusal(path: Path, found: str, expected: str) -> InputError:
    return InputError(
        str(path), found=found, expected=expected, remedy="Correct the file and run again."
    )
