from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from headrisk.dataset.scans import SCAN_SCHEMA, Scan, scan_rows, scan_table, table_notes


def test_rows_and_notes_survive_a_file(tmp_path: Path) -> None:
    scans = [Scan("a", "1", "/a", age=3.5), Scan("b", "2", "/b", status="failed", reason="gone")]
    table = scan_table(scans, notes=["one", "zwei ä"])
    assert table.schema.equals(SCAN_SCHEMA)
    pq.write_table(table, tmp_path / "t.parquet")
    back = pq.read_table(tmp_path / "t.parquet")
    assert scan_rows(back) == scans
    assert table_notes(back) == ("one", "zwei ä")


def test_empty_table_has_the_schema() -> None:
    table = scan_table([])
    assert table.schema.equals(SCAN_SCHEMA)
    assert scan_rows(table) == []
    assert table_notes(table.replace_schema_metadata(None)) == ()


def test_a_name_that_is_not_utf8_is_a_failed_row_and_no_crash() -> None:
    scan = Scan("sub-01/caf\udce9_T1w", "01", "/data/caf\udce9_T1w.nii.gz")
    row = scan_rows(scan_table([scan]))[0]
    assert row.status == "failed"
    assert "UTF-8" in row.reason
    assert row.scan_id == "sub-01/caf\\udce9_T1w"
