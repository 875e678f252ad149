"""Attackers, risk lines, limits and comparisons from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from headrisk.cli.main import main
from headrisk.findings.coverage import upper_end
from headrisk.findings.records import Counts, MeasureResult, ModalitySection
from headrisk.types import Estimate

OWN = """
[attackers.neighbour]
title = "a neighbour with a scanner"
knowledge = ["scans"]
gallery_size = 5
prior = 0.5
"""


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(words)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "internal error" not in shown.err
    return code, shown.out + shown.err


def test_own_attackers_and_a_line_reach_the_report(
    cohort: Path, warm: Path, quick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    words = ["audit", str(cohort), str(warm), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert run([*words, "--attackers", str(file), "--risk-line", "0.09"], capsys)[0] == 0
    risk = json.loads((warm / "report.json").read_text())["modalities"]["brain"]["risk"]
    assert [one["attacker"]["name"] for one in risk["attackers"]] == ["neighbour"]
    assert risk["attackers"][0]["measured"]
    assert risk["attackers"][0]["success"]["value"] == 0.5  # all of six people, half of the time
    assert risk["exposure"]["level"] == 0.09
    assert risk["exposure"]["share_above"]["value"] == 1
    assert "A neighbour with a scanner" in (warm / "report.html").read_text()
    rows = (warm / "internal" / "brain-most-exposed.tsv").read_text().splitlines()
    assert rows[0].split("\t") == ["participant_id", "risk_at_rank_1", "margin"]
    assert len(rows) == 7
    code, said = run(["report", "--compare", str(warm), str(warm)], capsys)
    assert (code, "named twice" in said) == (3, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "No such file"),
        ("[attackers", "expected TOML"),
        (OWN.replace("0.5", "1.5"), "prior = 1.5; expected above 0 and at most 1"),
        (OWN.replace('"scans"', '"scans", "membership"'), "membership with a prior of 0.5"),
        (OWN.replace('["scans"]', '["metadata"]'), "something to compare the data with"),
    ],
)
def test_bad_attackers_stop_before_anything_is_made(
    text: str | None, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "own.toml", tmp_path / "out"
    if text is not None:
        file.write_text(text)
    code, said = run(["audit", str(tmp_path), str(out), "--attackers", str(file)], capsys)
    assert code == 2
    assert expected in said
    assert not out.exists()


@pytest.mark.parametrize("line", ["0", "1", "-0.1", "nan"])
def test_a_line_out_of_range(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["audit", str(tmp_path), str(tmp_path / "out"), f"--risk-line={line}"]
    code, said = run(words, capsys)
    assert code == 2
    assert "setting risk_line" in said
    assert "between 0 and 1" in said


@pytest.mark.parametrize(
    "words", [["report"], ["report", "somewhere", "--compare", "old", "new"], ["report", "nowhere"]]
)
def test_report_says_what_it_needs(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(words, capsys)
    assert code in (2, 3)
    assert "expected" in said


def section(low: float, value: float, high: float, n: int, lost: int) -> ModalitySection:
    measures = (
        MeasureResult("weak", rank1=Estimate(0.0, 0.0, 0.01, n)),
        MeasureResult("strong", rank1=Estimate(value, low, high, n)),
        MeasureResult("none"),
    )
    return ModalitySection("brain", Counts(n, n, 0, n, n, n, n, lost), measures)


def test_the_limit_looks_at_the_upper_end_and_counts_failures_as_found() -> None:
    assert upper_end(section(0.0, 0.0, 0.03, 100, 0)) == pytest.approx(0.03)
    assert upper_end(section(0.0, 0.0, 0.03, 100, 10)) == pytest.approx((3 + 10) / 110)
    chosen = MeasureResult("strong", rank1=Estimate(0.0, 0.0, 0.02, 100))  # less for the choice
    corrected = replace(section(0.0, 0.0, 0.03, 100, 10), strongest=chosen)
    assert upper_end(corrected) == pytest.approx((2 + 10) / 110)
