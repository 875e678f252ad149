"""Whole audits of derived tables through the command line."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from cohorts import names, people, session, two_sessions, write_subjects, write_wide

from headrisk.cli.main import main

QUICK = "bootstrap = 100\n"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    return ["--settings", str(path), "--nprocs", "1"]


def section(out: Path) -> dict[str, Any]:
    content = json.loads((out / "report.json").read_text())
    schema = json.loads((files("headrisk.report") / "schema" / "report.schema.json").read_text())
    jsonschema.validate(content, schema)
    found: dict[str, Any] = content["modalities"]["table"]
    return found


def two_pipelines(folder: Path, count: int = 40) -> tuple[Path, Path]:
    """The same people in two sessions; the second table is of another, shifted pipeline."""
    rng = np.random.default_rng(6)
    traits = people(rng, count, 30)
    first, second = (session(rng, traits, 0.8) for _ in range(2))
    second = second * rng.uniform(0.7, 1.3, 30) + 0.1 * second.mean(axis=0)
    columns = names(30)
    other = [one.replace("Left-", "lh_").replace("-Proper", "") for one in columns[:-1]]
    labels = [[(f"sub-person{k:03d}", f"ses-{s}") for k in range(count)] for s in "12"]
    extra = np.column_stack([second, rng.uniform(1, 2, count)])
    return (
        write_wide(folder / "shared.tsv", first, columns, labels[0]),
        write_wide(folder / "held.tsv", extra, [*other, "ICV", "lh_new_thickness"], labels[1]),
    )


def test_a_table_alone(tmp_path: Path, options: list[str]) -> None:
    path = two_sessions(tmp_path / "t.tsv", 12, 20)
    out = tmp_path / "out"
    assert main(["audit", str(path), str(out), *options]) == 0
    found = section(out)
    assert found["counts"]["persons"] == 12
    assert found["counts"]["mated_pairs"] == 24
    assert found["headline"]["choice"]["how"] == "halves of people"
    assert found["headline"]["rank1"]["n"] == 12
    assert found["simulated"] is False
    assert found["needs"]["skill"]
    assert "left out: fewer than 10 other people" in " ".join(found["method"])
    again = tmp_path / "again"
    assert main(["audit", str(path), str(again), *options]) == 0
    assert (again / "report.json").read_bytes() == (out / "report.json").read_bytes()


@pytest.mark.slow
def test_two_pipelines_are_brought_together(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shared, held = two_pipelines(tmp_path)
    found = {}
    for how in ("none", "quantile"):
        out = tmp_path / how
        words = ["audit", str(shared), str(out), "--against", str(held), *options]
        assert main([*words, "--table-match", how]) == 0
        found[how] = section(out)
    rates = {how: one["measures"]["euclidean"]["rank1"]["value"] for how, one in found.items()}
    assert rates["quantile"] > 0.9
    assert rates["none"] < rates["quantile"]
    panels = {one["name"]: one["answer"] for one in found["quantile"]["panels"]}
    assert "30 columns were compared; 8 of them are spelt differently" in panels["columns"]
    assert "at the same quantile" in panels["matching"]
    columns = (tmp_path / "quantile" / "internal" / "columns.tsv").read_text()
    assert "lh_new_thickness\t\tleft out\tnot in the first table" in columns
    public = "".join(
        path.read_text()
        for path in (tmp_path / "quantile").rglob("*")
        if path.is_file()
        and path.relative_to(tmp_path / "quantile").parts[0] not in ("internal", "store")
    )
    assert "person0" not in public
    assert str(tmp_path) not in public
    assert "were linked to their other row" in capsys.readouterr().out


def test_a_column_that_is_an_id_is_told(tmp_path: Path, options: list[str]) -> None:
    path = two_sessions(tmp_path / "t.tsv", 12, 10)
    lines = path.read_text().splitlines()
    codes = ["code", *(str(1000 + 37 * (k % 12)) for k in range(24))]
    path.write_text("\n".join(f"{a}\t{b}" for a, b in zip(lines, codes, strict=True)) + "\n")
    out = tmp_path / "out"
    assert main(["audit", str(path), str(out), *options]) == 0
    answers = {one["name"]: one["answer"] for one in section(out)["panels"]}
    assert answers["identifiers"].startswith("1 of 11 columns holds exactly the same value")


def test_a_folder_of_stats_with_a_damaged_subject(tmp_path: Path, options: list[str]) -> None:
    folder = write_subjects(tmp_path / "fs", 8)
    (folder / "sub-003_ses-2" / "stats" / "aseg.stats").write_text("cut off")
    out = tmp_path / "out"
    assert main(["audit", str(folder), str(out), *options]) == 4
    counts = section(out)["counts"]
    assert (counts["scans"], counts["failed"], counts["unsearched"]) == (16, 1, 1)
    assert "no # ColHeaders" in (out / "internal" / "scans.tsv").read_text()


@pytest.mark.slow
def test_beside_scans(
    cohort: Path, warm: Path, quick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_sessions(tmp_path / "t.tsv", 8, 10)
    words = [
        "audit",
        str(cohort),
        str(warm),
        "--tables",
        str(path),
        "--no-faces",
        "--settings",
        quick,
    ]
    assert main([*words, "--nprocs", "1"]) == 0
    content = json.loads((warm / "report.json").read_text())["modalities"]
    assert {"brain", "table"} <= set(content)
    cost = (warm / "tables" / "attack-cost.tsv").read_text().splitlines()
    attacks = [line.split("\t")[0] for line in cost]
    assert attacks[:2] == ["attack", "brain"]
    assert "table" in attacks
    brain = dict(zip(cost[0].split("\t"), cost[1].split("\t"), strict=True))
    assert float(brain["cpu_seconds"]) > 1  # all scans come from the store: earlier runs paid
    capsys.readouterr()
    notes = (warm / "internal" / "report.html").read_text()
    assert "8 people of whom the data set has no scan" in notes


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["T", "--tables", "T", "T"], 2, "3 of them"),
        (["T", "--photos", "T"], 2, "--photos with"),
        (["T", "--simulate-rescan"], 2, "--simulate-rescan with"),
        (["T", "--against", "T"], 2, "named twice"),
        (["T", "--participant-label", "99"], 3, "no row with participant_id 99"),
        (["T", "--table-match", "guess"], 2, "invalid choice"),
    ],
)
def test_words_that_do_not_fit(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_sessions(tmp_path / "t.tsv", 6, 8)
    plain = [str(path) if word == "T" else word for word in words]
    try:
        found = main(["audit", plain[0], str(tmp_path / "out"), *plain[1:]])
    except SystemExit as stop:
        found = int(str(stop.code))
    assert found == code
    assert says in capsys.readouterr().err


def test_an_output_folder_inside_the_subjects_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_subjects(tmp_path / "fs", 2)
    assert main(["audit", str(folder), str(folder / "out")]) == 2
    assert "inside a data set" in capsys.readouterr().err
    shutil.rmtree(folder)
