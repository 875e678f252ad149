"""The scan table: one row for each image, whatever the data set's form on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("scan_id", pa.string()),  # unique in a run: DATASET-relative path without extension
    ("dataset", pa.string()),  # short name of the data set the row came from
    ("participant_id", pa.string()),  # as labelled, without "sub-"
    ("session_id", pa.string()),  # without "ses-"; "" where there are no sessions
    ("suffix", pa.string()),  # BIDS suffix: T1w, T2w, FLAIR, ...
    ("path", pa.string()),  # absolute
    ("site", pa.string()),
    ("scanner", pa.string()),
    ("age", pa.float64()),  # years
    ("sex", pa.string()),
    ("acq_date", pa.string()),  # ISO date, "" unknown
    ("family_id", pa.string()),
    ("series", pa.string()),  # series instance UID of an image that was made from DICOM
    ("face_claim", pa.string()),  # what the data set says was done to the face, "" if nothing
    ("status", pa.string()),  # "ok" or "failed"
    ("reason", pa.string()),  # why a row failed, "" otherwise
]
SCAN_SCHEMA = pa.schema(_COLUMNS)
_NOTES_KEY = b"headrisk.notes"


@dataclass(frozen=True)
class Scan:
    """One image of one person in one session; a row of the scan table."""

    scan_id: str
    participant_id: str
    path: str
    dataset: str = ""
    session_id: str = ""
    suffix: str = "T1w"
    site: str = ""
    scanner: str = ""
    age: float | None = None
    sex: str = ""
    acq_date: str = ""
    family_id: str = ""
    series: str = ""
    face_claim: str = ""
    status: str = "ok"
    reason: str = ""


def scan_table(scans: Iterable[Scan], notes: Iterable[str] = ()) -> pa.Table:
    """Rows to an Arrow table under ``SCAN_SCHEMA``.

    ``notes`` are remarks on the data set as a whole (a table that did not fit, files left out);
    they travel in the schema's metadata and ``table_notes`` reads them.
    """
    rows = [_encodable(asdict(scan)) for scan in scans]
    table = pa.Table.from_pylist(rows, schema=SCAN_SCHEMA)
    return table.replace_schema_metadata({_NOTES_KEY: json.dumps(list(notes)).encode()})


def table_notes(table: pa.Table) -> tuple[str, ...]:
    """Remarks made while the data set was indexed."""
    stored = (table.schema.metadata or {}).get(_NOTES_KEY, b"[]")
    return tuple(str(note) for note in json.loads(stored))


def scan_rows(table: pa.Table) -> list[Scan]:
    """The table's rows as records, in table order."""
    return [Scan(**row) for row in table.select(SCAN_SCHEMA.names).to_pylist()]


def _encodable(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose texts are UTF-8; a scan whose name is not is refused, as it cannot be listed."""
    plain = {
        key: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for key, value in row.items()
    }
    if plain != row:
        plain["status"] = "failed"
        plain["reason"] = "the file name or a label is not UTF-8: rename it"
    return plain
