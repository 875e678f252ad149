"""Nothing about a single person leaves through a public file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_report import RUN, SETTINGS, random_scores, simulated_report, with_labels

from headrisk.attacks.face_panels import face_panels
from headrisk.attacks.section import figure_tables
from headrisk.errors import InputError
from headrisk.face.head import HeadResult
from headrisk.face.photo_table import Photo
from headrisk.findings.histogram import score_histogram
from headrisk.findings.records import Condition, Internal, Report
from headrisk.report.tsv import table_text
from headrisk.report.withhold import merge_small_levels, refuse_leaks, withhold_small_cells
from headrisk.report.words.cost import photo_needs
from headrisk.report.words.face import compared_sentence
from headrisk.report.write import public_files, write_report
from headrisk.statistics.summary import summarise
from headrisk.types import Estimate, PairScores

pytestmark = pytest.mark.usefixtures("drawn_once")

CANARIES = [
    *(f"Mustermann^Erika{i}" for i in range(8)),
    *(f"MRN{i}4711{i}" for i in range(8)),
    *(f"canary-user-{i}" for i in range(6)),
    *(f"host{i}.canary.example" for i in range(4)),
    *(f"P {i} Kanarienvogel" for i in range(4)),
]


def public_text(out: Path) -> dict[str, str]:
    return {
        str(p.relative_to(out)): p.read_text()
        for p in out.rglob("*")
        if p.is_file() and "internal" not in p.relative_to(out).parts
    }


def test_thirty_planted_strings_stay_inside(tmp_path: Path) -> None:
    assert len(CANARIES) == 30
    report, internal = simulated_report()
    planted = with_labels(internal, CANARIES)
    write_report(report, planted, tmp_path, RUN)
    texts = public_text(tmp_path)
    assert len(texts) > 10
    for name, text in texts.items():
        for canary in CANARIES:
            assert canary not in text, f"{canary} in {name}"
    scans = (tmp_path / "internal" / "scans.tsv").read_text()
    assert all(canary in scans for canary in CANARIES)


@pytest.mark.parametrize("leak", ["label", "path", "scan_id"])
def test_a_label_in_a_public_file_stops_the_report(tmp_path: Path, leak: str) -> None:
    report, internal = simulated_report()
    planted = with_labels(internal, CANARIES[8:])
    scan = planted.scans[0]
    word = {"label": scan.participant_id, "path": scan.path, "scan_id": scan.scan_id}[leak]
    leaking = replace(report, notes=(f"Scanned at {word} & others",))
    with pytest.raises(InputError) as caught:
        write_report(leaking, planted, tmp_path / "out", RUN)
    assert word not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_short_labels_that_look_like_figures_do_not_stop_it() -> None:
    report, internal = simulated_report()
    labels = ["01", "2", "brain", "0.5"]
    refuse_leaks(public_files(report, RUN), with_labels(internal, labels))


def test_rank_and_error_curves_hold_no_scores() -> None:
    """Any growing map of the scores gives the same curves: they carry order, not scores."""
    scores = random_scores(12, 2.0, "x")
    tables = []
    for values in (scores.values, np.exp(3 * scores.values)):
        mapped = replace(scores, values=values)
        summary = summarise(mapped, settings=SETTINGS, rng=np.random.default_rng(0))
        tables.append(figure_tables(mapped, summary))
    assert tables[0]["det-x"] == tables[1]["det-x"]
    assert tables[0]["cmc-x"] == tables[1]["cmc-x"]
    assert tables[0]["scores-x"] != tables[1]["scores-x"]


def estimate(hits: int, n: int) -> Estimate:
    return Estimate(hits / n, 0.0, 1.0, n)


def test_small_levels_lose_name_and_figures() -> None:
    levels = (
        Condition("site", "North", 20, 20, estimate(10, 20), 0.9),
        Condition("site", "South", 8, 8, estimate(4, 8), 0.8),
        Condition("site", "Tiny", 3, 3, estimate(3, 3), 1.0),
        Condition("age", "young", 4, 4, estimate(1, 4), 0.7),
        Condition("age", "old", 2, 2, estimate(1, 2), 0.7),
        Condition("sex", "F", 20, 20, estimate(1, 20), 0.7),
    )
    merged = merge_small_levels(levels)
    assert [(c.name, c.level, c.persons) for c in merged] == [
        ("site", "North", 20),
        ("site", "small levels, merged", None),  # South too, or Tiny could be subtracted
        ("age", "small levels, merged", None),
        ("sex", "F", 20),
    ]
    assert all(c.rank1 is None and c.auc is None for c in merged if c.withheld)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=15).map(sorted),
)
@settings(max_examples=100, deadline=None)
def test_no_level_under_five_survives(levels: list[tuple[str, int]]) -> None:
    rows = tuple(Condition(name, str(i), n, n) for i, (name, n) in enumerate(levels))
    merged = merge_small_levels(rows)
    assert all(c.withheld or (c.persons or 0) >= 5 for c in merged)
    assert {c.name for c in merged} == {name for name, _ in levels}


def test_small_cells_read_below_five_everywhere(tmp_path: Path) -> None:
    report, internal = simulated_report()
    section = replace(
        report.modalities[0],
        conditions=(
            Condition("site", "North", 37, 37, estimate(30, 37), 0.9),
            Condition("site", "Rare-disease ward", 3, 3, estimate(3, 3), 1.0),
            Condition("site", "Prison clinic", 2, 2, estimate(2, 2), 1.0),
        ),
    )
    write_report(replace(report, modalities=(section,)), internal, tmp_path, RUN)
    rows = (tmp_path / "tables" / "brain-conditions.tsv").read_text().splitlines()
    assert rows[2].split("\t")[2:] == ["<5"] * 6
    for text in public_text(tmp_path).values():
        assert "Rare-disease" not in text
        assert "Prison" not in text
    assert "Rare-disease" in (tmp_path / "internal" / "report.html").read_text()


def test_scores_of_a_few_people_are_withheld() -> None:
    report, _ = simulated_report(people=4, sites=False)
    section = withhold_small_cells(report).modalities[0]
    assert all(m.mated_min is None for m in section.measures)
    assert not [name for name in section.tables if name.startswith(("scores", "density"))]


@given(
    people=st.integers(1, 14),
    repeats=st.integers(1, 3),
    seed=st.integers(0, 1000),
    bins=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_every_bar_stands_for_five_people(people: int, repeats: int, seed: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), repeats)
    values = rng.normal(size=(person.size, person.size)).round(1)
    usable = ~np.eye(person.size, dtype=bool)
    scores = PairScores("x", values, usable, person, person)
    table = score_histogram(scores, bins)
    for kind, chosen in (("mated", scores.mated), ("nonmated", scores.nonmated)):
        rows = [row for row in (table.rows if table else ()) if row[0] == kind]
        owners = np.broadcast_to(person[:, None], values.shape)[chosen]
        if np.unique(owners).size < 5:
            assert rows == []
            continue
        assert sum(int(row[3] or 0) for row in rows) == np.count_nonzero(chosen)
        assert sum(row[5] * (row[2] - row[1]) for row in rows) == pytest.approx(1.0)
        for _, low, high, pairs, count, _ in rows:
            inside = chosen & (values >= low) & (values < high)
            assert np.count_nonzero(inside) == pairs
            owner = np.nonzero(inside)[0]
            assert np.unique(person[owner]).size == count >= 5


def test_error_curve_holds_no_thresholds(written: Path) -> None:
    header = (written / "tables" / "brain-det-mae.tsv").read_text().splitlines()[0]
    assert header == "fmr\tfnmr"


def test_unused_scores_do_not_change_the_histogram() -> None:
    scores = random_scores(12, 2.0, "x")
    usable = scores.usable.copy()
    usable[3, 4] = False
    values = scores.values.copy()
    values[3, 4] = np.nan
    one = score_histogram(replace(scores, usable=usable))
    two = score_histogram(replace(scores, usable=usable, values=values))
    assert one is not None
    assert two is not None
    assert table_text(one) == table_text(two)
    assert score_histogram(replace(scores, usable=np.zeros_like(usable))) is None


def test_internal_material_alone_writes_no_public_figure(tmp_path: Path) -> None:
    _, internal = simulated_report()
    write_report(Report((), {}, "0.1.0"), internal, tmp_path, RUN)
    names = sorted(p.name for p in (tmp_path / "tables").iterdir())
    assert names == ["attack-cost.tsv", "columns.json", "cost.tsv"]
    assert isinstance(internal, Internal)


COUNTED = re.compile(r"^(\d+) to (\d+)$")


def test_images_are_counted_exactly_wherever_they_are_counted(tmp_path: Path) -> None:
    """A range of images beside their exact count would hide nothing, and tell that ranges do not.

    Faces left are exact on the first page, so what detectors and skin show of the same scans is
    exact too; photographs are a range, and no other count gives back how many were used.
    """
    heads = [HeadResult(f"scan-{k}", "ok", "", 0.0, seen={"hog": np.ones(9)}) for k in range(12)]
    photos = [
        Photo(f"p{k % 12}", f"{k}.jpg", "c", "ok" if k < 35 else "refused") for k in range(36)
    ]
    panels = face_panels(heads, photos, (), {})
    tables = {panel.name: table for panel, table in panels.items()}
    for name in ("presence", "coverage"):
        cells = [cell for row in tables[name].rows for cell in row]
        assert not any(isinstance(cell, str) and COUNTED.match(cell) for cell in cells), name
    told = [panel.answer for panel in panels if panel.name in ("presence", "coverage")]
    assert not any(re.search(r"\b\d+ to \d+\b", text) for text in told)
    used = tables["photographs"].rows[0][1]
    assert isinstance(used, str)
    assert COUNTED.match(used)
    assert "35" not in compared_sentence(12, 24) + photo_needs(35, 12).data
