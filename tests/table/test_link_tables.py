"""Two derived tables given to ``headrisk link``: rows are searched among rows."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from headrisk.attacks.table import _label_check, read_tables
from headrisk.cli.main import main
from headrisk.job import Job
from headrisk.settings import Settings
from headrisk.types import PairScores


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


def _numbered_otherwise(tmp_path: Path, noise: float) -> tuple[list[str], np.ndarray]:
    """Two tables of the same 20 people, the second one's labels given out anew."""
    rng = np.random.default_rng(8)
    people = 1000 + 100 * rng.normal(size=(20, 30))
    order = rng.permutation(20)
    first = _table(tmp_path / "first.tsv", people)
    second = _table(tmp_path / "second.tsv", people[order] + noise * rng.normal(size=people.shape))
    return [str(first), str(second)], order


@pytest.mark.slow
def test_tables_that_number_their_people_otherwise_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables, order = _numbered_otherwise(tmp_path, noise=5)
    assert main(["link", *tables, str(tmp_path / "out"), "-q"]) in (0, 4)
    told = "The labels of the two data sets do not name the same people"
    said = capsys.readouterr().out
    assert f"WARNING: {told}" in said
    assert "as the rows say" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert told in page
    same = ["participant_id_a\tparticipant_id_b"]
    same += [f"{person:02d}\t{label:02d}" for label, person in enumerate(order)]
    (tmp_path / "same.tsv").write_text("\n".join(same) + "\n")
    words = [*tables, str(tmp_path / "settled"), "-q", "--same-people", str(tmp_path / "same.tsv")]
    assert main(["link", *words]) == 0
    assert told not in capsys.readouterr().out
    report = json.loads((tmp_path / "settled" / "report.json").read_text())
    assert report["modalities"]["table"]["headline"]["rank1"]["value"] == 1


@pytest.mark.slow
def test_rows_that_tell_nothing_raise_no_doubt_of_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables, _ = _numbered_otherwise(tmp_path, noise=400)
    main(["link", *tables, str(tmp_path / "out"), "-q"])
    assert "WARNING" not in capsys.readouterr().out


def _told_by(measure: str, order: np.ndarray, noise: float) -> str | None:
    """What scores of people with themselves, under other labels, say of the labels."""
    rng = np.random.default_rng(4)
    people = np.arange(len(order), dtype=np.int64)
    values = rng.normal(size=(len(order), len(order)))
    values[np.argsort(order), people] += 20 / noise
    usable = np.ones(values.shape, bool)
    scores = {measure: PairScores(measure, values, usable, people, people)}
    job = SimpleNamespace(tables=("a", "b"), same_people=None)
    found = _label_check(SimpleNamespace(scores=scores), job)  # type: ignore[arg-type]
    return None if found is None else found.code


def test_only_measures_that_learn_nothing_of_labels_doubt_them() -> None:
    order = np.random.default_rng(1).permutation(20)
    assert _told_by("cosine", order, noise=1) == "labels_disagree"
    assert _told_by("likelihood-ratio", order, noise=1) is None
    assert _told_by("cosine", np.arange(20), noise=1) is None
    assert _told_by("cosine", order, noise=1e9) is None


def test_rows_of_the_second_table_bear_the_labels_of_the_first(tmp_path: Path) -> None:
    tables, order = _numbered_otherwise(tmp_path, noise=5)
    same = ["participant_id_a\tparticipant_id_b"]
    same += [f"{person:02d}\t{label:02d}" for label, person in enumerate(order) if label != 3]
    (tmp_path / "same.tsv").write_text("\n".join(same) + "\n")
    job = Job(
        (),
        tmp_path / "out",
        Settings(),
        tables=tuple(map(Path, tables)),
        same_people=tmp_path / "same.tsv",
    )
    first, second = read_tables(job)[0]
    assert [scan.participant_id for scan in first.scans] == [f"{k:02d}" for k in range(20)]
    told = [scan.participant_id for scan in second.scans]
    assert told[:3] == [f"{k:02d}" for k in order[:3]]
    assert told[3].endswith(":03")  # in one table only
