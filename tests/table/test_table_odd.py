"""Small and odd tables: never an internal error, and no figure that the data cannot carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cohorts import names, people, session, write_wide
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrisk.cli.main import main
from headrisk.findings.attacks import BEFORE_AFTER, FACTS, facts_of
from headrisk.types import FloatArray

COLUMNS = 16


@pytest.fixture
def audit(tmp_path: Path) -> Any:
    quick = tmp_path / "quick.toml"
    quick.write_text("bootstrap = 100\n")
    numbers = iter(range(1000))

    def run(first: Path, second: Path | None = None) -> dict[str, Any]:
        out = tmp_path / f"out{next(numbers)}"
        words = ["audit", str(first), str(out), "--settings", str(quick), "--nprocs", "1"]
        assert main([*words, *(() if second is None else ("--against", str(second)))]) in (0, 4)
        content: dict[str, Any] = json.loads((out / "report.json").read_text())
        found: dict[str, Any] = content["modalities"]["table"]
        found["page"] = (out / "report.html").read_text()
        return found

    return run


def rows(count: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Two sessions of people, the first of them alike in both but for a little noise."""
    rng = np.random.default_rng(seed)
    traits = people(rng, count, COLUMNS)
    return session(rng, traits), session(rng, traits)


def write(path: Path, values: FloatArray, labels: list[tuple[str, str]]) -> Path:
    return write_wide(path, values, names(COLUMNS), labels)


def labels(count: int, visit: str) -> list[tuple[str, str]]:
    return [(f"sub-{k:03d}", visit) for k in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("count", [28, 45])
@pytest.mark.parametrize("noise", [0.0, 1e-6, 0.5])
def test_one_person_of_many_twice(count: int, noise: float, tmp_path: Path, audit: Any) -> None:
    first, second = rows(count)
    again = first[:1] + noise * (second[:1] - first[:1])
    path = write(
        tmp_path / "t.tsv", np.vstack([first, again]), [*labels(count, "1"), ("sub-000", "2")]
    )
    found = audit(path)
    assert found["counts"]["searched"] == 1
    assert found["counts"]["unsearched"] == 0
    assert found["headline"]["rank1"] is None
    assert "scans failed" not in found["page"]


def test_a_table_and_its_copy(tmp_path: Path, audit: Any) -> None:
    values, _ = rows(25)
    first = write(tmp_path / "a.tsv", values, labels(25, "1"))
    second = write(tmp_path / "b.tsv", values, labels(25, "1"))
    found = audit(first, second)
    rates = {name: one["rank1"]["value"] for name, one in found["measures"].items()}
    assert "likelihood-ratio" in rates
    assert set(rates.values()) == {1.0}
    assert found["headline"]["rank1"]["value"] == 1.0
    panels = {one["name"]: one["answer"] for one in found["panels"]}
    assert panels["verbatim"].startswith("23 to 25 of 25 people have a row that stands on both")


def test_rows_that_stand_in_both_tables_are_links(tmp_path: Path, audit: Any) -> None:
    """Other people of the second table are strangers; the twenty verbatim rows are all found."""
    shared, _ = rows(20, 1)
    others, _ = rows(20, 2)
    first = write(tmp_path / "a.tsv", shared, labels(20, "1"))
    strangers = [(f"sub-x{k:02d}", "1") for k in range(20)]
    second = write(tmp_path / "b.tsv", np.vstack([shared, others]), [*labels(20, "1"), *strangers])
    found = audit(first, second)
    assert found["counts"]["searched"] == 20
    assert found["counts"]["unsearched"] == 0
    assert found["headline"]["rank1"]["value"] == 1.0
    assert "scans failed" not in found["page"]


@pytest.mark.slow
def test_people_with_equal_rows_are_found_no_more_than_by_luck(tmp_path: Path, audit: Any) -> None:
    values, _ = rows(30)
    values[:20] = values[0]
    first = write(tmp_path / "a.tsv", values, labels(30, "1"))
    second = write(tmp_path / "b.tsv", values, labels(30, "2"))
    found = audit(first, second)
    assert found["measures"]["cosine"]["rank1"]["value"] == pytest.approx(11 / 30)
    assert found["headline"]["rank1"]["value"] == pytest.approx(11 / 30, abs=0.1)


@pytest.mark.slow
def test_nobody_has_the_same_label(tmp_path: Path, audit: Any) -> None:
    values, again = rows(20)
    first = write(tmp_path / "a.tsv", values, labels(20, "1"))
    second = write(tmp_path / "b.tsv", again, [(f"sub-x{k:02d}", "1") for k in range(20)])
    found = audit(first, second)
    assert found["headline"]["rank1"] is None
    assert "scans failed" not in found["page"]


@pytest.mark.slow
def test_one_person_with_thirty_sessions(tmp_path: Path, audit: Any) -> None:
    rng = np.random.default_rng(3)
    traits = people(rng, 20, COLUMNS)
    many = np.vstack([session(rng, traits[:1]) for _ in range(30)])
    values = np.vstack([session(rng, traits), many, session(rng, traits[1:8])])
    who = [*labels(20, "0"), *((f"sub-{0:03d}", f"{k + 1}") for k in range(30))]
    path = write(tmp_path / "t.tsv", values, [*who, *((f"sub-{k:03d}", "1") for k in range(1, 8))])
    found = audit(path)
    assert found["headline"]["rank1"]["n"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("count", range(1, 11))
def test_few_people(count: int, tmp_path: Path, audit: Any) -> None:
    first, second = rows(count)
    both = write(
        tmp_path / "t.tsv", np.vstack([first, second]), [*labels(count, "1"), *labels(count, "2")]
    )
    found = audit(both)
    rate = found["headline"]["rank1"]
    if count < 5:
        assert rate is None
        assert found["too_little_data"]
    else:
        assert rate["n"] == count
        assert rate["low"] <= 1 - 0.05 ** (1 / count) + 1e-6 or rate["low"] <= rate["value"]


@pytest.mark.slow
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 100_000))
def test_random_small_designs(seed: int, tmp_path: Path, audit: Any) -> None:
    """Unequal sessions, gaps, repeated rows, few columns, one table or two."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    traits = people(rng, count, COLUMNS)
    folder = tmp_path / str(seed)
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(int(rng.integers(1, 3))):
        who = rng.integers(0, count, int(rng.integers(3, 14)))
        values = session(rng, traits[who])
        values[rng.random(values.shape) < 0.05] = np.nan
        if rng.random() < 0.3:
            values[0] = values[-1]
        found = [(f"sub-{k:02d}", f"{n}") for n, k in enumerate(who)]
        paths.append(write(folder / f"t{number}.tsv", values, found))
    section = audit(*paths)
    rate = section["headline"] and section["headline"]["rank1"]
    if rate is not None:
        assert rate["n"] == section["counts"]["searched"] >= 5
        assert 0 <= rate["low"] <= rate["value"] <= rate["high"] <= 1
    if not section["counts"]["failed"]:
        assert "scans failed" not in section["page"]


def test_the_parts_of_a_run_draw_from_streams_of_their_own() -> None:
    names = [*FACTS, "gait", "gait2"]
    streams = [*(facts_of(name).stream for name in names), BEFORE_AFTER]
    streams += [(facts_of(name).risk_stream,) for name in names]
    assert len(set(streams)) == len(streams)
    assert len({np.random.default_rng((7, *one)).random() for one in streams}) == len(streams)


@pytest.mark.slow
@pytest.mark.parametrize("count", [25, 40])
def test_rows_of_two_kinds_alone(count: int, tmp_path: Path, audit: Any) -> None:
    """Half of all people bear one and the same row in both sessions, the others another one."""
    two = np.random.default_rng(4).normal(2.5, 0.3, size=(2, COLUMNS))
    values = two[np.arange(count) % 2]
    path = write(
        tmp_path / "two.tsv",
        np.concatenate([values, values]),
        [*labels(count, "01"), *labels(count, "02")],
    )
    found = audit(path)["headline"]["rank1"]
    assert found["low"] <= 2 / count <= found["high"]
