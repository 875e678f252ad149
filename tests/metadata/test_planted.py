"""Planted identifiers are found, a clean data set is left in peace, and a copy holds neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_set import write_clean_set
from planted import LISTED, Planted, kinds, plant

from headrisk.metadata.findings import Finding
from headrisk.metadata.known import known_identifiers
from headrisk.metadata.scan import MetadataScan, list_entries, scan_metadata

KNOWN = known_identifiers(LISTED)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write_clean_set(tmp_path / "ds")


def _places(root: Path) -> dict[int, str]:
    return {n: "/".join(entry.parts) for n, entry in enumerate(list_entries(root), start=1)}


def _found(one: Planted, scan: MetadataScan, places: dict[int, str]) -> bool:
    def fits(finding: Finding) -> bool:
        here = not one.file or places[finding.number] == one.file
        return here and finding.kind == one.kind and one.field in finding.field

    return any(fits(finding) for finding in scan.findings)


def test_all_planted_identifiers_are_found(clean: Path) -> None:
    planted = plant(clean)
    assert len(planted) >= 60
    assert len(kinds(planted)) >= 25
    scan = scan_metadata(clean, KNOWN)
    places = _places(clean)
    assert [one for one in planted if not _found(one, scan, places)] == []


def test_a_clean_data_set_of_100_files_gives_at_most_two_findings(clean: Path) -> None:
    scan = scan_metadata(clean)
    assert scan.files == 100
    assert len(scan.findings) <= 2, scan.findings
    assert scan.problems == ()
