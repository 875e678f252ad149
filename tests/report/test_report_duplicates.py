"""What a search for duplicates writes, and who may read it."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_duplicates import report, slices, suspicion

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.duplicates.suspicions import evidence_picture
from headrisk.findings.records import Table
from headrisk.report.duplicates import summary_sentence, write_duplicates
from headrisk.report.tsv import parse_table
from headrisk.report.words.duplicates import bound_text, probability_text


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_duplicates(report(suspicion(), suspicion("same-image", "likely")), tmp_path / "out")
    return tmp_path / "out"


def test_only_the_owner_reads_what_names_people(out: Path) -> None:
    internal = out / "internal"
    assert stat.S_IMODE(internal.stat().st_mode) == 0o700
    files = sorted(path.name for path in internal.iterdir())
    assert files == ["columns.json", "duplicates.html", "duplicates.tsv", "scans.tsv"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in internal.iterdir()} == {0o600}
    assert sorted(path.name for path in out.iterdir()) == [
        "dataset_description.json",
        "duplicates.json",
        "internal",
    ]


def test_the_public_file_holds_counts_alone(out: Path) -> None:
    text = (out / "duplicates.json").read_text()
    for name in ("Miller", "Jones", "Lee", "secret", "0.71"):
        assert name not in text
    content = json.loads(text)
    assert content["schema_version"] == "1.3"
    assert content["counts"]["scans"] == 3
    assert content["counts"]["failed"] == 1
    assert content["findings"]["two-ids"] == {"certain": 1, "likely": 0, "look at it": 0}
    assert content["findings"]["two-persons"]["certain"] == 0


def test_the_table_can_be_read_back(out: Path) -> None:
    table = parse_table((out / "internal" / "duplicates.tsv").read_text(), "duplicates.tsv")
    assert len(table.rows) == 2
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert first["first_participants"] == "Miller-1960"
    assert first["probability"] == pytest.approx(0.9951)


def test_the_page_escapes_and_asks_for_nothing_outside(out: Path) -> None:
    page = (out / "internal" / "duplicates.html").read_text()
    assert "/secret/&lt;b&gt;Miller" in page
    assert "<b>Miller" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/png") == 2
    assert "twins" in page
    assert "cut off" in page


def test_writing_again_replaces(out: Path) -> None:
    write_duplicates(report(), out)
    assert "Nothing found" in (out / "internal" / "duplicates.html").read_text()
    assert len((out / "internal" / "duplicates.tsv").read_text().splitlines()) == 1


def test_sentences() -> None:
    assert "one person under two IDs (1 case)" in summary_sentence(report(suspicion()))
    assert summary_sentence(report()).startswith("Nothing found")
    assert summary_sentence(report(compared=0)).startswith("Too little data")
    for said in (summary_sentence(report(suspicion())), summary_sentence(report())):
        assert "Miller" not in said


def test_probabilities_never_round_to_certainty() -> None:
    assert probability_text(0.99999) == "over 99.9 %"
    assert probability_text(0.9951) == "99.5 %"
    assert probability_text(0.5) == "50 %"
    assert bound_text(1.0) == "no bound"
    assert bound_text(0.03) == "at most 3 %"
    assert bound_text(0.0) == "under 1 in a million"


def test_the_difference_of_equal_scans_is_even() -> None:
    one = slices(3)
    picture = evidence_picture(one, one)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    quarter = picture.shape[1] // 4
    colours = {tuple(c) for c in picture[:, 3 * quarter :].reshape(-1, 3).tolist()}
    assert colours == {(0, 0, 0), (48, 48, 48)}


def test_gain_and_offset_leave_no_difference() -> None:
    one = slices(5)
    picture = evidence_picture(one, tuple((0.5 * image + 0.2).astype(np.float32) for image in one))
    last = picture[:, 3 * picture.shape[1] // 4 :].astype(int)
    assert np.abs(last - 48)[last.sum(axis=2) > 0].max() <= 2


def test_empty_slices_are_no_error() -> None:
    blank = tuple(np.zeros_like(image) for image in slices(0))
    assert evidence_picture(blank, blank).max() == 0


def test_images_that_nobody_looked_at_stand_on_the_page_and_in_the_counts(tmp_path: Path) -> None:
    kinds = (
        KindRow("anat", "T1w", 3, 2, 1, 0, {"damaged": 1}),
        KindRow("anat", "T2w", 4, 0, 0, 4, {"contrast": 4}),
    )
    listed = Table(("path", "status"), (("sub-1/anat/sub-1_T2w.nii.gz", "left_out"),))
    whole = replace(
        report(suspicion()), inventory=InventoryCounts(7, 2, 1, 4, kinds), images=listed
    )
    page = write_duplicates(whole, tmp_path / "out").read_text("utf-8")
    assert "7 images are in the data set: 2 looked at, 1 failed, 4 left out." in page
    assert "T2w: 4 of 4 not looked at" in page
    assert "holds for those looked at alone" in page
    told = json.loads((tmp_path / "out" / "duplicates.json").read_text())["inventory"]
    assert told["images"] == told["looked_at"] + told["failed"] + told["left_out"] == 7
    table = parse_table((tmp_path / "out" / "internal" / "images.tsv").read_text(), "images.tsv")
    assert table.rows == listed.rows
