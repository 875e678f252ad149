"""A table of who is who takes the place of equal labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrisk.dataset.people import read_same_people, relabelled
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError

HEAD = "participant_id_a\tparticipant_id_b\n"


def test_labels_are_those_of_the_first_data_set(tmp_path: Path) -> None:
    table = tmp_path / "same.tsv"
    table.write_text(f"{HEAD}sub-01\tX7\n02\tsub-01\n")
    scans = [
        Scan(f"{d}/{p}", p, "p", d) for d, p in (("A", "01"), ("B", "X7"), ("B", "01"), ("B", "03"))
    ]
    found = [scan.participant_id for scan in relabelled(scans, "A", read_same_people(table))]
    assert found == ["01", "01", "02", "B:03"]
    assert relabelled(scans, "A", None) == tuple(scans)


@pytest.mark.parametrize("lines", ["", "01\t\n", "01\tx\n02\tx\n", "01\tx\n01\ty\n"])
def test_refusals(tmp_path: Path, lines: str) -> None:
    table = tmp_path / "same.tsv"
    table.write_text(HEAD + lines)
    with pytest.raises(InputError):
        read_same_people(table)
