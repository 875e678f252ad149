"""Labels are text: whatever a table calls people and sessions, results stay in their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headrisk.cli.main import main
from headrisk.dataset.scans import Scan
from headrisk.deidentify.sidecar import stems
from headrisk.errors import InputError, visible
from headrisk.findings.records import Table
from headrisk.report.tsv import table_text

HOSTILE = (
    "../../x",
    "/etc/passwd",
    "..",
    "a/../../b",
    "~root",
    "$(id)",
    "`id`",
    "a\nb",
    "-rf",
    "C:\\x",
    "<script>",
    "=1+1",
    "\u202egpj",
    "a" * 300,
)
OUT = Path("/out")


def stays_inside(label: str, session: str, name: str) -> None:
    scans = [Scan("x", label, f"/data/{name}", session_id=session)] * 2
    found = stems(scans)
    assert len({stem.lower() for stem in found}) == 2
    for stem in found:
        assert os.path.normpath(OUT / stem).startswith("/out/sub-")
        assert ".." not in stem
        assert stem.isprintable()
        assert stem.isascii()
        assert not set(stem) & set("\\$`~;|&<>'\" ")


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_of_treated_scans(label: str) -> None:
    stays_inside(label, label, f"sub-{label.replace('/', '')}_acq-{label.replace('/', '')}_T1w.nii")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=30))
@example("", "", "")
@example("..", "..", "sub-.._..-.._T1w.nii")
def test_any_label_of_a_treated_scan(label: str, session: str, name: str) -> None:
    stays_inside(label, session, name.replace("/", ""))


UNSEEN = (
    "a\nb",
    "a\rb",
    "a\tb",
    "\x1b[2Ja",
    "\x1b]0;a\x07",
    "a\x9b31m",
    "\u202egpj",
    "a\u2028b",
    "\u2066a",
)


@pytest.mark.parametrize("label", UNSEEN)
def test_a_label_cannot_steer_a_terminal_or_add_a_line(
    label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / f"sub-{label}" / "anat"
    folder.mkdir(parents=True)
    (folder / f"sub-{label}_T1w.nii.gz").touch()
    assert main(["audit", str(tmp_path / "data"), str(tmp_path / "out"), "--dry-run"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert sum("an empty file" in line and "\tfailed\t" in line for line in lines) == 1
    assert main(["audit", str(folder / "no such"), str(tmp_path / "out"), "-q"]) == 3
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    text = table_text(Table(("label",), ((label,),)))
    assert len(text.splitlines()) == 2
    for shown in (said.out, said.err, told, text):
        assert all(visible(cell) == cell for row in shown.splitlines() for cell in row.split("\t"))


@given(st.text())
def test_errors_are_one_line_and_keep_what_can_be_read(text: str) -> None:
    said = str(InputError(text, found=text))
    assert len(said.splitlines()) <= 1
    assert visible(said) == said
    assert text in said or visible(text) != text
