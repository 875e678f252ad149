"""Fingerprints of an earlier run, taken up again without the images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from headrisk.brain.cohort import Cohort, restore
from headrisk.brain.prepare import VERSION
from headrisk.dataset.scans import SCAN_SCHEMA, Scan, scan_rows, scan_table
from headrisk.errors import InputError, StoreError
from headrisk.run.store import Store, open_store
from headrisk.settings import Settings
from headrisk.types import ScanResult

INDEX = Path("internal") / "fingerprints.parquet"
_EXTRA = ("key", "digest", "version", "resolution_mm", "alignment")


def is_fingerprint_folder(path: Path) -> bool:
    """Whether a folder is the output of a run whose fingerprints can be used again."""
    return (path / INDEX).is_file()


def fingerprint_index(cohort: Cohort, settings: Settings) -> pa.Table:
    """The scan table with the store key of each fingerprint, and how they were made."""
    table = scan_table(cohort.scans)
    size = len(cohort.scans)
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array(cohort.keys, pa.string()),
        "digest": pa.array(cohort.digests, pa.string()),
        "version": pa.array([VERSION] * size, pa.int64()),
        "resolution_mm": pa.array([settings.resolution_mm] * size, pa.int64()),
        "alignment": pa.array([settings.alignment] * size, pa.string()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def read_fingerprints(path: Path, name: str, settings: Settings) -> Cohort:
    """The scans and fingerprints of an earlier run.

    Parameters
    ----------
    path
        Output folder of the earlier run.
    name
        Name of the data set in this run, put before every scan id.

    Raises
    ------
    InputError
        The folder's index is damaged, a fingerprint is missing or damaged, or they were made with
        another resolution, alignment or version of the preparation.
    """
    place = path / INDEX
    try:
        table = parquet.read_table(place)
    except (OSError, pa.ArrowException) as error:
        raise InputError(str(place), found=f"cannot be read ({error})") from error
    missing = {*SCAN_SCHEMA.names, *_EXTRA} - set(table.column_names)
    if missing:
        raise InputError(str(place), found=f"no column {sorted(missing)[0]}")
    _require_same(place, table, "version", VERSION, "Run that audit again.")
    same = "Give the same settings to both runs."
    _require_same(place, table, "resolution_mm", settings.resolution_mm, same)
    _require_same(place, table, "alignment", settings.alignment, same)
    store = open_store(path / "store")
    keys, digests = (
        tuple(str(value) for value in table.column(name).to_pylist()) for name in ("key", "digest")
    )
    scans = tuple(
        replace(scan, dataset=name, scan_id=f"{name}/{scan.scan_id}" if name else scan.scan_id)
        for scan in scan_rows(table)
    )
    results = tuple(_result(store, scan, key) for scan, key in zip(scans, keys, strict=True))
    return Cohort(scans, results, digests, keys)


def _require_same(place: Path, table: pa.Table, column: str, value: object, remedy: str) -> None:
    others = sorted({str(found) for found in table.column(column).to_pylist()} - {str(value)})
    if others:
        raise InputError(
            str(place),
            found=f"fingerprints made with {column} {others[0]}",
            expected=f"{column} {value}, as in this run",
            remedy=remedy,
        )


def _result(store: Store, scan: Scan, key: str) -> ScanResult:
    if not key:
        reason = scan.reason or "failed in the earlier run"
        return ScanResult(scan.scan_id, "failed", reason, 0.0, "failed", 0.0)
    try:
        entry = store.read(key)
    except StoreError as error:
        raise InputError(
            error.subject,
            found=error.found,
            expected=error.expected,
            remedy="Run that audit again.",
        ) from error
    if entry is None:
        raise InputError(
            str(store.root),
            found=f"no fingerprint for {scan.scan_id}",
            expected="the store as the earlier run left it",
            remedy="Run that audit again.",
        )
    return restore(scan.scan_id, entry)
