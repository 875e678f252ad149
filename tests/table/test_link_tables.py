"""Two derived tables given to ``headrisk link``: rows are searched among rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from headrisk.cli.main import main


def _table(path: Path, values: np.ndarray) -> Path:
    lines = ["participant_id\t" + "\t".join(f"region{k}_volume" for k in range(values.shape[1]))]
    lines += [f"{n:02d}\t" + "\t".join(f"{v:.2f}" for v in row) for n, row in enumerate(values)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_people_of_one_table_are_found_in_the_other(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    people = 1000 + 100 * rng.normal(size=(12, 30))
    a, b = (
        _table(tmp_path / name, people + 5 * rng.normal(size=people.shape))
        for name in ("first.tsv", "second.tsv")
    )
    assert main(["link", str(a), str(b), str(tmp_path / "out"), "-q"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["modalities"]["table"]["headline"]["rank1"]["n"] == 12
    assert report["modalities"]["table"]["headline"]["rank1"]["value"] == 1
    assert "brains" in report["not_asked"]


def test_a_table_is_not_linked_with_scans(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(tmp_path / "first.tsv", np.arange(24.0).reshape(4, 6))
    (tmp_path / "scans").mkdir()
    assert main(["link", str(table), str(tmp_path / "scans"), str(tmp_path / "out")]) == 2
    assert "a derived table" in capsys.readouterr().err
