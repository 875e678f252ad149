"""A set written without sight of the rules: found, gone from the copy, few false alarms."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from second_set import Planted
from second_set_files import build, left_in

from headrisk.metadata.findings import Finding
from headrisk.metadata.fix import write_copy
from headrisk.metadata.known import NOBODY
from headrisk.metadata.scan import list_entries, scan_metadata

SHORT = 6  # shorter values stand by chance elsewhere: looked for in their own file alone


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planted]]:
    root = tmp_path_factory.mktemp("second") / "ds"
    return root, build(root)


def test_every_identifier_is_found(planted: tuple[Path, list[Planted]]) -> None:
    root, ones = planted
    assert len(ones) >= 120
    scan = scan_metadata(root)
    places = {n: "/".join(entry.parts) for n, entry in enumerate(list_entries(root), start=1)}
    missed = [one for one in ones if not any(_fits(one, f, places) for f in scan.findings)]
    assert missed == []


def _fits(one: Planted, finding: Finding, places: dict[int, str]) -> bool:
    place = places[finding.number]
    if not (one.file == place or one.file.startswith(place + "/")):
        return one.field == "name" and _masked(one, finding)
    return _masked(one, finding) if one.field == "name" else one.field in finding.field


def _masked(one: Planted, finding: Finding) -> bool:
    """Whether a mask in the shown name covers what was planted in it."""
    first, length = one.value[0], len(one.value)
    masks = re.findall(r"\[(.)… \((\d+) characters\)\]", finding.file)
    return finding.field == "file or folder name" and any(
        mask == first and int(size) >= length for mask, size in masks
    )


def test_nothing_planted_stands_in_the_copy(
    planted: tuple[Path, list[Planted]], tmp_path: Path
) -> None:
    root, ones = planted
    write_copy(root, tmp_path, NOBODY, np.random.default_rng(3))
    left = {one: left_in(tmp_path, one.value) for one in ones if len(one.value) >= SHORT}
    assert {one: files for one, files in left.items() if files} == {}
    table = (tmp_path / "participants.tsv").read_text().split()
    assert not {one.value for one in ones if len(one.value) < SHORT}.intersection(table)
    packed = list(tmp_path.rglob("*.gz"))
    assert len(packed) > 20
    assert all(path.read_bytes()[4:8] == bytes(4) for path in packed)


def test_the_same_set_without_identifiers_gives_at_most_two_findings(tmp_path: Path) -> None:
    assert build(tmp_path, plant=False) == []
    scan = scan_metadata(tmp_path)
    assert scan.files >= 95
    assert len(scan.findings) <= 2, scan.findings
