"""What a data set is called: its own words, whatever stands in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.cli.options import _title
from headrisk.dataset.description import LONGEST, DataSetName, name_data_set, one_line
from headrisk.findings.records import Internal, ScanRow
from headrisk.report.withhold import without_labels


def described(folder: Path, text: str, changes: str = "") -> DataSetName:
    (folder / "dataset_description.json").write_text(text)
    if changes:
        (folder / "CHANGES").write_text(changes)
    return name_data_set(folder)


def test_name_and_release_of_bids(tmp_path: Path) -> None:
    found = described(
        tmp_path, '{"Name": " Heads \\n of all "}', "1.2.0 2026-01-02\n - more\n1.1\n"
    )
    assert found == DataSetName("Heads of all", "1.2.0")


def test_the_doi_tells_the_release_where_no_change_does(tmp_path: Path) -> None:
    text = '{"Name": "Heads", "DatasetDOI": "doi:10.1/ds1.v2"}'
    assert described(tmp_path, text).release == "doi:10.1/ds1.v2"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"Name": 7}', '{"Name": null}', '{"Name": " \\u0000 "}', "[" * 100_000]
)
def test_a_description_that_names_nothing_leaves_the_folder(tmp_path: Path, text: str) -> None:
    assert described(tmp_path, text).name == tmp_path.name


def test_a_pipe_in_the_place_of_a_description_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dataset_description.json")
    os.mkfifo(tmp_path / "CHANGES")
    assert name_data_set(tmp_path).name == tmp_path.name


def test_tables_and_others(tmp_path: Path) -> None:
    (tmp_path / "first.tsv").write_text("a\n")
    assert name_data_set(tmp_path / "first.tsv", [tmp_path]) == DataSetName(
        "first", "", (tmp_path.name,)
    )


@given(st.text(max_size=500))
def test_one_line_of_any_text(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert line == one_line(line) == line.strip()
    line.encode()


def test_a_title_of_ten_thousand_characters_is_cut() -> None:
    assert _title("<b>x</b> " * 10_000).endswith("…")
    assert len(_title("x" * 10_000)) == LONGEST


@pytest.mark.parametrize(
    ("name", "told"),
    [("Study of 2026", "Study of 2026"), ("scan of jdoe7", ""), ("JDOE7", ""), ("sub-jdoe7_x", "")],
)
def test_a_name_with_a_label_in_it_is_not_told(name: str, told: str) -> None:
    internal = Internal(scans=(ScanRow("s", "jdoe7", "1", "/a/b", "ok"),))
    found = without_labels(DataSetName(name, "", (name,)), internal)
    assert found == DataSetName(told, "", (told,))
