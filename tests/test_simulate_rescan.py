"""Audits in which nobody was scanned twice: simulated second scans, and how they are labelled."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from headrisk.attacks.rescan import as_simulated, plan
from headrisk.brain.cohort import Cohort
from headrisk.cli.main import main
from headrisk.dataset.scans import Scan
from headrisk.types import ScanResult


def cohort_of(labels: list[tuple[str, str]]) -> Cohort:
    scans = tuple(Scan(f"{p}/{s}", p, f"/{p}/{s}", session_id=s) for p, s in labels)
    results = tuple(ScanResult(scan.scan_id, "ok", "", 1.0, "ok", 1.0) for scan in scans)
    digests = tuple(f"digest of {scan.scan_id}" for scan in scans)
    return Cohort(scans, results, digests, digests)


def test_only_the_own_original_is_a_mate() -> None:
    """Other true scans of a person are neither mates nor strangers of its simulated scan."""
    real = cohort_of([("a", "1"), ("a", "2"), ("b", "1"), ("c", "")])
    everybody = as_simulated(real) + real
    design = plan(everybody)
    mated = (design.probe_person[:, None] == design.gallery_person[None, :]) & design.usable
    np.testing.assert_array_equal(mated, np.eye(4, dtype=bool))
    assert not design.usable[0, 1]
    assert not design.usable[1, 0]
    assert design.usable.sum() == 4 + 10
    assert design.copies == 0


@pytest.fixture(scope="module")
def simulated(
    cohort: Path, audited: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The first sessions of six people, and the audit of them with simulated second scans."""
    place = tmp_path_factory.mktemp("once")
    data, out = place / "data", place / "out"
    for folder in cohort.glob("sub-*/ses-1"):
        shutil.copytree(folder, data / folder.relative_to(cohort))
    shutil.copy(cohort / "dataset_description.json", data)
    shutil.copytree(audited / "store", out / "store")
    settings = place / "quick.toml"
    settings.write_text('measures = ["residual-correlation", "ncc"]\nbootstrap = 100\n')
    words = [
        "audit",
        str(data),
        str(out),
        "--no-faces",
        "--settings",
        str(settings),
        "--nprocs",
        "1",
    ]
    assert main([*words, "--simulate-rescan"]) == 0
    return data, out


def test_every_place_says_that_it_is_simulated(simulated: tuple[Path, Path]) -> None:
    out = simulated[1]
    content = json.loads((out / "report.json").read_text())
    schema = json.loads((files("headrisk.report") / "schema" / "report.schema.json").read_text())
    jsonschema.validate(content, schema)
    section = content["modalities"]["brain"]
    assert section["simulated"] is True
    assert section["compared"].startswith("SIMULATED")
    counts = section["counts"]
    assert (counts["scans"], counts["persons"], counts["mated_pairs"]) == (6, 6, 6)
    assert content["settings"]["rescan_strength"] == "moderate"
    page = (out / "report.html").read_text()
    assert "Brains (simulated re-scans)" in page
    assert "Nobody&#39;s second scan was compared" in page
    assert "Simulated re-scans, no true ones: " in page
    assert "Brains (simulated re-scans)" in (out / "methods.md").read_text()
    assert "simulated/" in (out / "internal" / "links.tsv").read_text()
    assert "simulated/sub" not in page
    assert "simulate\t" in (out / "tables" / "cost.tsv").read_text()


def test_true_figures_are_not_labelled(audited: Path) -> None:
    assert (
        json.loads((audited / "report.json").read_text())["modalities"]["brain"]["simulated"]
        is False
    )
    assert "imulated" not in (audited / "methods.md").read_text()


def test_the_offer_and_its_limits(
    simulated: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = simulated
    plain = tmp_path / "plain"
    shutil.copytree(out / "store", plain / "store")
    assert (
        main(["audit", str(data), str(plain), "--no-faces", "--nprocs", "1", "--measures", "ncc"])
        == 0
    )
    text = json.loads((plain / "report.json").read_text())["modalities"]["brain"]
    assert "--simulate-rescan" in text["too_little_data"]
    assert "--simulate-rescan" in capsys.readouterr().out
    words = ["audit", str(data), str(tmp_path / "x"), "--against", str(plain)]
    assert main([*words, "--simulate-rescan"]) == 2
    assert "several data sets" in capsys.readouterr().err
