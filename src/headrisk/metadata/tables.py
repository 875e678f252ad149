"""Tables (TSV and CSV): judging every cell by its column and its form.

A table is read as bytes and split by hand, so that a damaged line costs that line and not the
file, and a clean copy differs only in the cells that were changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headrisk.dataset.values import known as known_value
from headrisk.metadata.fields import kind_of_field, plain_name, tells_times, tells_versions
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.remarks import is_moment, is_ordinary_remark, is_shifted
from headrisk.metadata.sidecars import is_over_89
from headrisk.metadata.text import UNLABELLED, VERSIONS, text_spans

LARGEST_BYTES = 256 * 1024 * 1024
# In tables of people these columns are what a study is about; rare combinations are counted apart.
_STUDY_COLUMNS = frozenset({"demographic", "body-measure", "session-setting", "command-line"})
_STIMULI = ("stim", "trial", "condition", "word", "image", "item", "cue", "target", "event")
_SHARED_COLUMNS = frozenset({"participantid", "sessionid", "filename", "onset", "duration",
                             "trialtype", "responsetime", "samplename", "name", "type",
                             "units"})  # fmt: skip


@dataclass(frozen=True)
class TextTable:
    """A table as lines of cells; ``columns`` is empty where there is no header line.

    ``comments`` are lines that begin with ``#``, which BIDS does not know.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str
    problem: str = ""
    comments: tuple[tuple[int, str], ...] = ()


def parse_table(raw: bytes, *, headed: bool = True) -> TextTable:
    """Split a table; its separator is a tab where there is one, else a semicolon or a comma.

    ``problem`` says why nothing could be read: NUL bytes, or an encoding that cannot be told.
    Lines of another length than the header keep their cells.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    elif b"\0" in raw:
        return TextTable((), (), "\t", "NUL bytes in a table")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    lines = [(n, line) for n, line in enumerate(_lines(text), 1) if line.strip()]
    said = [(n, line) for n, line in lines if line.startswith("#")]
    separator = next((sign for sign in "\t;," if lines and sign in lines[-1][1]), "\t")
    if said and separator in said[0][1]:  # "#id,age" is a header line
        said = said[1:]
    lines = [item for item in lines if item not in said]
    comments = tuple(said)
    if not lines:
        return TextTable((), (), "\t", comments=comments)
    first = lines[0][1]
    separator = next((sign for sign in "\t;," if sign in first), "\t")
    cells = [(n, tuple(_cells(line, separator))) for n, line in lines]
    if not headed:
        return TextTable((), tuple(cells), separator, comments=comments)
    columns = tuple(_bare(cell) for cell in cells[0][1])
    return TextTable(columns, tuple(cells[1:]), separator, comments=comments)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cells(line: str, separator: str) -> list[str]:
    """Cells of a line, quotes kept; in CSV a separator between quotes separates nothing."""
    if separator == "\t" or '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    cells, quoted = [""], False
    for sign in line:
        quoted ^= sign == '"'
        if sign == separator and not quoted:
            cells.append("")
        else:
            cells[-1] += sign
    return [cell.strip() for cell in cells]


def table_hits(table: TextTable, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in a table; one hit for each cell."""
    for name in table.columns:
        for start, end in known.spans(name):
            yield Hit("known-identifier", "header line", name[start:end])
    for line, text in table.comments:
        kind = "known-identifier" if known.spans(text) else "free-text"
        yield Hit(kind, "comment", text, place=f"line {line}")
    for line, cells in table.rows:
        for place, cell in enumerate(cells):
            column = table.columns[place] if place < len(table.columns) else ""
            kind, value = judge_cell(column, cell, known)
            if kind:
                yield Hit(kind, column or f"column {place + 1}", value, place=f"line {line}")


def judge_cell(column: str, cell: str, known: KnownIdentifiers) -> tuple[str, str]:
    """The kind of finding a cell is, and the identifying text; "" if none."""
    text = _bare(cell)
    if not known_value(text):
        return "", ""
    number = _is_number(text)
    plain = plain_name(column)
    if plain not in _SHARED_COLUMNS:
        if is_over_89(column, text):
            return "age-over-89", text
        kind = kind_of_field(column)
        if kind and kind not in _STUDY_COLUMNS and not _coded(kind, text, number):
            return ("known-identifier" if known.spans(text) else kind), text
    if number and tells_times(column) and plain not in _SHARED_COLUMNS and is_moment(text):
        return "date", text
    if number and not known:
        return "", ""
    skip = VERSIONS if tells_versions(column) else frozenset()
    if plain.startswith(_STIMULI):  # what was shown may bear a name: James, a famous face
        skip = skip | {UNLABELLED}
    if plain in _SHARED_COLUMNS:  # names of files and people: judged as names
        skip = skip | {"date", "acquisition-time", "patient-id", "host-name"}
    found = text_spans(text, known, frozenset({"phone", "uid", "date"}) if number else skip)
    if not found:
        return "", ""
    kind, start, end = min(found, key=lambda span: span[0] != "known-identifier")
    return kind, text[start:end]


def _coded(kind: str, text: str, number: bool) -> bool:
    """Values that only look the part: shifted dates, and answers coded as small numbers."""
    if kind == "date" and is_shifted(text):
        return True
    if is_ordinary_remark(kind, text):
        return True
    if kind == "uid":
        return text.startswith(("2.25.", "1.2.840.10008."))
    return number and len(text) < 3 and kind != "birth-date"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bare(cell: str) -> str:
    text = cell.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"').strip()
    return text
