"""The demonstration: synthetic people link, and people without an identity do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coarse_scanner import COARSE
from scipy.stats import binom

from headrisk.brain.template import load_template
from headrisk.cli.main import main
from headrisk.synthetic.phantom import PhantomSettings, write_cohort


def linked(out: Path) -> tuple[dict[str, float], int, int]:
    """Share of people linked by each measure, number of people searched for, gallery size."""
    section = json.loads((out / "report.json").read_text())["modalities"]["brain"]
    rates = {name: measure["rank1"]["value"] for name, measure in section["measures"].items()}
    return rates, section["counts"]["searched"], section["counts"]["gallery_size"]


def most_by_luck(people: int, gallery: int, measures: int) -> float:
    """The share that guessing exceeds in one of a thousand runs with so many measures."""
    return float(binom.isf(1e-3 / measures, people, 1 / gallery)) / people


def test_the_demo_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two people are too few to quote a rate; the flow and the files are those of a large one."""
    out = tmp_path / "demo"
    words = ["demo", str(out), "--no-faces", "--people", "2", "--sessions", "1"]
    words += ["--measures", "ncc"]
    assert main([*words, "--dry-run"]) == 0
    assert "Would write 2 synthetic scans" in capsys.readouterr().out
    assert not out.exists()
    assert main([*words, "--nprocs", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Not asked: faces.\n")
    assert "Too few people" in said
    assert said.endswith(f"Report: {out / 'report.html'}\n")
    assert (out / "data" / "sub-002").is_dir()


def test_the_demo_replaces_its_own_data_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "demo" / "data" / "notes.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("kept")
    assert main(["demo", str(tmp_path / "demo"), "--people", "1"]) == 2
    assert "a folder that no demo made" in capsys.readouterr().err
    assert theirs.read_text() == "kept"


@pytest.mark.slow
def test_without_identity_nobody_can_be_told_apart(quick: str, tmp_path: Path) -> None:
    phantom = PhantomSettings(scanners=(COARSE,), identity=0.0)
    rng = np.random.default_rng(1)
    data = write_cohort(tmp_path / "data", 6, 2, phantom, rng, load_template())
    out = tmp_path / "out"
    words = ["audit", str(data), str(out), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert main([*words, "--measures", "residual-correlation", "ncc", "mae"]) == 0
    rates, people, gallery = linked(out)
    assert (people, gallery) == (6, 6)
    assert max(rates.values()) <= most_by_luck(people, gallery, len(rates))


@pytest.mark.slow
@pytest.mark.parametrize("identity", [0.0, 1.0])
def test_the_demo_at_full_size(identity: float, tmp_path: Path) -> None:
    """Identity alone decides whether the demo's people link."""
    words = ["demo", str(tmp_path / "demo"), "--no-faces", "--identity", str(identity)]
    assert main(words) == 0
    rates, people, gallery = linked(tmp_path / "demo")
    luck = most_by_luck(people, gallery, len(rates))
    if identity == 0:
        assert max(rates.values()) <= luck
    else:
        assert rates["residual-correlation"] == 1.0
        assert min(rates.values()) > luck
