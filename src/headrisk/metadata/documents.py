"""Texts of office documents, notebooks, data bases, tables of Arrow and arrays of NumPy.

What is read here is never cleaned: a document in which something identifying stands is left out of
the copy.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from headrisk.io.values import parse_json
from headrisk.metadata.file_text import CODE_SKIPS, text_file_hits
from headrisk.metadata.findings import Hit
from headrisk.metadata.headers import Field, Header, field_hits
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.tables import parse_table, table_hits
from headrisk.metadata.text import NO_KINDS, text_hits

OFFICE = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".docm", ".xlsm", ".pptm")
_MOST_TEXT = 64 * 1024 * 1024
_MOST_ROWS = 200_000
_PARAGRAPH = re.compile(r"</(?:\w+:)?(?:p|tr|row|si|t:p|h)>|<(?:\w+:)?(?:br|tab)\b[^>]*/?>")
# Word cuts a line into runs wherever it likes, within words too.
_RUNS = re.compile(r"</?(?:w|a|text):(?:r|t|rPr|span|proofErr|bookmark\w*)\b[^>]*>")
_TAGS = re.compile(r"<[^>]*>")
_CORE = re.compile(
    r"<((?:\w+:)?(?:creator|initial-creator|lastModifiedBy|Manager|Company|title"
    r"|subject|description|keywords|category))[^>]*>([^<]*)<"
)
_STAFF = ("creator", "initial-creator", "lastModifiedBy", "Manager")
_COMMENT_AUTHOR = re.compile(r"(?:w:author|dc:creator|name)=\"([^\"]+)\"")
_CELL = re.compile(r"<c r=\"([A-Z]+)\d+\"([^>]*?)(?:/>|>(.*?)</c>)", re.S)
_VALUE = re.compile(r"<(?:v|t)[^>]*>([^<]*)</(?:v|t)>")
_STRING = re.compile(r"<si>(.*?)</si>", re.S)
_ROW = re.compile(r"<row\b.*?(?:</row>|/>)", re.S)
_PLAIN_PARTS = (".xml", ".rels", ".txt", ".rdf")
_LEAF = re.compile(r"<([\w:.-]+)([^<>]*)>([^<>]*)</\1\s*>")
_NAMED = re.compile(r"\b(?:Name|name|key|Key|id)=\"([^\"]*)\"")
_PAIR = re.compile(
    r"<Name>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</Name>\s*<Value>(?:<!\[CDATA\[)?(.*?)"
    r"(?:\]\]>)?</Value>",
    re.S,
)


def read_office(raw: bytes, name: str, known: KnownIdentifiers) -> tuple[list[Hit], str, str]:
    """Hits in an office document, why it was not read, and what in it was not looked at."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return [], "an encrypted office document, or one of an old format", ""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as packed:
            parts = _parts(packed)
            other = [
                n
                for n in packed.namelist()
                if not n.lower().endswith(_PLAIN_PARTS) and not n.endswith("/") and n != "mimetype"
            ]
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        struct.error,
        ValueError,
    ) as error:
        return [], f"a damaged or encrypted office document ({type(error).__name__})", ""
    if parts is None:
        return [], "an office document of more than 64 MB of text, not read", ""
    if parts.keys().isdisjoint(("[Content_Types].xml", "content.xml")):
        return [], "named as an office document, but none", ""
    hits: list[Hit] = []
    for part, text in parts.items():
        hits += _core_hits(text, known)
        for author in _COMMENT_AUTHOR.findall(text) if "omment" in part else ():
            hits += field_hits(Field("comment author", unescape(author), kind="staff-name"), known)
        if not name.endswith((".xlsx", ".xlsm")) or "worksheets/" not in part:
            plain = unescape(_TAGS.sub(" ", _RUNS.sub("", _PARAGRAPH.sub("\n", text))))
            hits += (
                replace(hit, field="text of the document")
                for hit in text_file_hits(plain, "", known)
            )
    if name.endswith((".xlsx", ".xlsm")):
        for sheet in _sheets(parts):
            table = parse_table(_as_tsv(sheet))
            hits += () if table.problem else table_hits(table, known)
    return hits, "", f"{len(other)} pictures or other parts in it" if other else ""


def _parts(packed: zipfile.ZipFile) -> dict[str, str] | None:
    parts, left = {}, _MOST_TEXT
    for info in packed.infolist():
        if info.filename.lower().endswith(_PLAIN_PARTS):
            with packed.open(info) as handle:
                content = handle.read(left + 1)
            left -= len(content)
            if left < 0:
                return None
            parts[info.filename] = content.decode("utf-8", "replace")
    return parts


def _core_hits(text: str, known: KnownIdentifiers) -> Iterator[Hit]:
    for tag, value in _CORE.findall(text):
        plain = tag.rpartition(":")[2]
        kind = "staff-name" if plain in _STAFF else "institution" if plain == "Company" else ""
        yield from field_hits(Field(f"document {plain}", unescape(value), kind=kind), known)


def _sheets(parts: dict[str, str]) -> Iterator[list[list[str]]]:
    shared = [
        unescape("".join(_VALUE.findall(item)))
        for item in _STRING.findall(parts.get("xl/sharedStrings.xml", ""))
    ]
    for part, text in parts.items():
        if not part.startswith("xl/worksheets/"):
            continue
        rows = []
        for row in _ROW.findall(text)[:_MOST_ROWS]:
            cells: dict[int, str] = {}
            for column, attributes, content in _CELL.findall(row):
                value = "".join(_VALUE.findall(content))
                if 't="s"' in attributes and value.isdigit() and int(value) < len(shared):
                    value = shared[int(value)]
                cells[_column(column)] = unescape(value)
            rows.append([cells.get(i, "") for i in range(max(cells, default=-1) + 1)])
        yield rows


def _column(letters: str) -> int:
    """Number of a column: A is 0, Z 25, AA 26; those beyond the format's last one are that."""
    number = 0
    for letter in letters[:3]:
        number = number * 26 + ord(letter) - 64
    return min(number - 1, 16383)


def _as_tsv(rows: Sequence[Sequence[Any]]) -> bytes:
    width = max(map(len, rows), default=0)
    lines = (
        "\t".join(" ".join(str("" if cell is None else cell).split()) for cell in row)
        + "\t" * (width - len(row))
        for row in rows
    )
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def read_notebook(raw: bytes, known: KnownIdentifiers) -> tuple[list[Hit], str, str]:
    """Hits in a notebook's cells and outputs; pictures in outputs are not looked at."""
    content, problem = parse_json(raw, every=True)
    if problem or not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return [], problem or "not a notebook", ""
    hits: list[Hit] = []
    pictures = 0
    for cell in content["cells"]:
        if not isinstance(cell, dict):
            continue
        skip = CODE_SKIPS if cell.get("cell_type") == "code" else NO_KINDS
        hits += (
            replace(hit, field="cell")
            for hit in text_file_hits(_joined(cell.get("source")), "", known, skip)
        )
        for key, value in _leaves(cell.get("outputs"), ""):
            if key.startswith(("image/", "application/pdf")):
                pictures += 1
            else:
                hits += (
                    replace(hit, field="output of a cell")
                    for hit in text_file_hits(value, "", known)
                )
    return hits, "", f"{pictures} pictures in its outputs" if pictures else ""


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _leaves(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, str(name))
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield key, "".join(value)
        else:
            for item in value:
                yield from _leaves(item, key)
    elif isinstance(value, str):
        yield key, value


_MOST_PAGES = 2000
WITHOUT_PYPDF = "a PDF file, which is read only with headrisk[documents] installed"


def read_pdf(raw: bytes, known: KnownIdentifiers) -> tuple[list[Hit], str, str]:
    """Hits in the text of a PDF file's pages, forms and notes, and in what it says of itself.

    Such a file is never called read: text may stand in pictures, in fonts that say not which
    letters they draw, and in earlier versions kept in the file.
    """
    try:
        import pypdf
        from pypdf.errors import PyPdfError
    except ImportError:
        return [], WITHOUT_PYPDF, ""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it warns of every fault that it can read around
    hits: list[Hit] = []
    try:
        document = pypdf.PdfReader(BytesIO(raw))
        if document.is_encrypted and not document.decrypt(""):
            return [], "an encrypted PDF file", ""
        for key, value in (document.metadata or {}).items():
            name = str(key).strip("/").lower()
            if name in ("creationdate", "moddate", "creator", "producer", "trapped"):
                continue  # the program's own
            kind = "staff-name" if name == "author" and str(value).strip() else ""
            hits += field_hits(Field(f"document {name}", str(value), kind=kind), known)
        fields = document.get_fields() or {}
        for name, entry in fields.items():
            hits += field_hits(Field(str(name), str(entry.get("/V", ""))), known)
        for page in document.pages[:_MOST_PAGES]:
            for text in (page.extract_text(), *_notes(page)):
                hits += (
                    replace(hit, field="text of the document")
                    for hit in text_file_hits(text, "", known)
                )
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
        NotImplementedError,
        AssertionError,
        ArithmeticError,
        ImportError,
        zlib.error,
        struct.error,
        OSError,
    ) as error:
        return hits, f"a PDF file that cannot be read ({type(error).__name__})", ""
    finally:
        logger.setLevel(level)
    return hits, "", "a PDF file, in which pictures and earlier versions may stand"


def _notes(page: Any) -> Iterator[str]:
    """Texts that were put onto a page: remarks, and who made them."""
    for note in page.get("/Annots", None) or ():
        entry = note.get_object()
        yield from (str(entry[key]) for key in ("/Contents", "/T") if key in entry)


def read_sqlite(path: Path, known: KnownIdentifiers) -> tuple[list[Hit], str, str]:
    """Hits in the tables of a data base, by their columns; deleted rows may remain in the file."""
    hits: list[Hit] = []
    try:
        base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            names = base.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
            for (name,) in names:
                hits += text_hits(str(name), "name of a table", known)
                quoted = '"' + str(name).replace('"', '""') + '"'
                rows = base.execute(f"SELECT * FROM {quoted} LIMIT {_MOST_ROWS}")  # noqa: S608
                columns = [one[0] for one in rows.description]
                cells = [[_cell(cell) for cell in row] for row in rows.fetchall()]
                table = parse_table(_as_tsv([columns, *cells]))
                hits += () if table.problem else table_hits(table, known)
        finally:
            base.close()
    except (sqlite3.Error, UnicodeError) as error:
        return hits, f"a data base that cannot be read ({type(error).__name__})", ""
    return hits, "", "a data base, in which deleted rows may remain"


def _cell(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def read_arrow(path: Path, name: str, known: KnownIdentifiers) -> tuple[list[Hit], str, str]:
    """Hits in a Parquet or Feather table and in its own metadata."""
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    try:
        read = (
            pyarrow.parquet.read_table if name.endswith(".parquet") else pyarrow.feather.read_table
        )
        table = read(path)
        rows = [list(row.values()) for row in table.slice(0, _MOST_ROWS).to_pylist()]
    except (pa.ArrowException, OSError, ValueError) as error:
        return [], f"a table that cannot be read ({type(error).__name__})", ""
    hits: list[Hit] = []
    for key, value in (table.schema.metadata or {}).items():
        text = f"{key.decode('utf-8', 'replace')}: {value.decode('utf-8', 'replace')}"
        hits += text_hits(text, "metadata of the table", known)
    parsed = parse_table(_as_tsv([table.column_names, *rows]))
    hits += () if parsed.problem else table_hits(parsed, known)
    more = table.num_rows > _MOST_ROWS
    return hits, "", "only its first 200,000 rows were read" if more else ""


def read_npy(path: Path) -> tuple[str, str]:
    """Why an array was not read, and what in it is more than numbers."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (
        ValueError,
        OSError,
        EOFError,
        SyntaxError,
        TokenError,
        OverflowError,
        TypeError,
        MemoryError,
    ) as error:
        return f"an array that cannot be read, or of objects ({type(error).__name__})", ""
    numbers = array.dtype.kind in "biufc"
    with path.open("rb") as handle:
        version = np.lib.format.read_magic(handle)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else (np.lib.format.read_array_header_2_0)
        )
        header(handle)
        extra = path.stat().st_size - handle.tell() - array.nbytes
    return "", "" if numbers and not extra else "an array of texts, or bytes behind it"


def read_xml(text: str) -> Header:
    """Elements without others in them, by their name or the name they give, and pairs of MD.

    Values stand as in the file, entities not resolved.
    """
    fields = []
    for tag, attributes, value in _LEAF.findall(text):
        named = _NAMED.search(attributes)
        name = named[1] if named else tag.rpartition(":")[2]
        if value.strip() and tag not in ("Data", "Name", "Value"):
            fields.append(Field(name, value))
    fields += [Field(name.strip(), value) for name, value in _PAIR.findall(text)]
    return Header(tuple(fields))
