"""Several releases side by side: nothing is called a difference that intervals do not carry."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated_report import RUN, SETTINGS, simulated_report
from test_boards import faces, inventory, section
from test_report_grammar import caught, prose

from headrisk.cli.main import main
from headrisk.errors import InputError, UsageError
from headrisk.findings.coarse import coarse_share
from headrisk.findings.records import Counts, Internal, Report
from headrisk.report.compare import (
    LARGE,
    Change,
    Release,
    compare_folders,
    compare_reports,
    interval_of_change,
    release,
)
from headrisk.report.read import read_report
from headrisk.report.tsv import parse_table
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words.compare import STRONGEST
from headrisk.report.write import rebuild_html, write_report
from headrisk.statistics.intervals import share_of_people, wilson

LATER = replace(RUN, started="2026-06-01T10:00:00Z")


def of(found: int, people: int, unsearched: int = 0, **changed: object) -> Report:
    """A public report in which so many of so many people were linked by the brain."""
    one = Report(
        (section("brain", found, people, unsearched),),
        SETTINGS.as_dict(),
        "0.1.0",
        inventory=inventory(2 * people),
    )
    return withhold_small_cells(replace(one, **changed))  # type: ignore[arg-type]


def change(old: Report, new: Report) -> Change:
    """How the strongest attack's rate changed."""
    names = [release(str(k), one, RUN) for k, one in enumerate((old, new), 1)]
    rows = {row.figure: row for row in compare_reports(names).rows}
    return rows[STRONGEST].changes[0]


@given(people=st.tuples(*[st.integers(5, 400)] * 2), shares=st.tuples(*[st.floats(0, 1)] * 2))
def test_the_interval_holds_for_every_count_that_the_public_bins_allow(
    people: tuple[int, int], shares: tuple[float, float]
) -> None:
    found = [(np.arange(n) < round(s * n)) * 1.0 for s, n in zip(shares, people, strict=True)]
    exact = [one for one in map(share_of_people, found) if one is not None]
    old, new = (coarse_share(one) for one in exact)
    assert old is not None
    assert new is not None
    low, high = interval_of_change(old, new)
    inner = interval_of_change(*exact)
    assert low <= inner[0] + 1e-9
    assert high >= inner[1] - 1e-9
    assert low <= exact[1].value - exact[0].value <= high
    assert interval_of_change(new, old) == pytest.approx((-high, -low))


def test_the_interval_covers_the_true_change_of_two_samples() -> None:
    """Simulated: at least 94 of 100 intervals of exact rates hold the difference."""
    rng = np.random.default_rng(7)
    for first, last, n, m in ((0.5, 0.5, 30, 40), (0.9, 0.6, 25, 60), (0.02, 0.1, 50, 50)):
        hits = 0
        for _ in range(2000):
            rates = wilson(int(rng.binomial(n, first)), n), wilson(int(rng.binomial(m, last)), m)
            low, high = interval_of_change(*rates)
            hits += low <= last - first <= high
        assert hits / 2000 > 0.94


@given(found=st.tuples(*[st.integers(0, 60)] * 2))
def test_a_difference_is_told_only_where_the_interval_lies_apart(found: tuple[int, int]) -> None:
    one = change(of(found[0], 60), of(found[1], 60))
    assert one.low is not None
    assert one.high is not None
    within = one.low <= 0 <= one.high
    wide = max(-one.low, one.high) > LARGE
    told = {
        "better": one.high < 0,
        "worse": one.low > 0,
        "not shown": within and not wide,
        "cannot tell": within and wide,
    }
    assert told[one.reading]


BETTER = (of(58, 60), of(10, 60))


@pytest.mark.parametrize(
    "later",
    [
        of(10, 60, version="0.2.0"),
        of(10, 60, settings=SETTINGS.as_dict() | {"measures": ["mae"]}),
        of(10, 60, inventory=inventory(120, left_out=3)),
        of(10, 60, inventory=inventory(120, failed=1)),
        of(10, 60, inventory=None),
        of(10, 60, unsearched=2000),
        of(10, 75),
        of(
            10,
            60,
            inventory=replace(
                inventory(120), kinds=(replace(inventory(120).kinds[0], suffix="T2w"),)
            ),
        ),
    ],
)
def test_nothing_is_better_that_is_not_like_for_like(later: Report) -> None:
    assert change(*BETTER).reading == "better"
    assert change(BETTER[0], later).reading == "not alike"


def test_a_seed_and_fewer_missed_images_spoil_no_comparison_but_are_told() -> None:
    old = of(58, 60, inventory=inventory(120, left_out=5))
    new = of(10, 60, settings=SETTINGS.as_dict() | {"seed": 9})
    assert change(old, new).reading == "better"
    remarks = compare_reports([release("1", old, RUN), release("2", new, RUN)]).remarks
    assert any("settings differ (seed)" in text for text in remarks)
    assert any("not looked at, 5 and then 0" in text for text in remarks)


def test_worse_is_told_whatever_differs() -> None:
    later = of(58, 60, version="0.2.0", inventory=None)
    assert change(of(10, 60), later).reading == "worse"


def test_a_smaller_gallery_is_no_worse_release() -> None:
    assert change(of(20, 400), of(20, 40)).reading == "not alike"


def test_what_stands_against_a_comparison_comes_first(written: Path) -> None:
    old, _ = read_report(written)
    new = replace(old, settings=dict(old.settings) | {"seed": 9}, modalities=(), version="9")
    both = compare_reports([release("1", old, RUN, sealed=False), release("2", new, RUN)])
    found = (*both.unsealed, *both.remarks)
    assert "no list of digests" in found[0]
    assert "different versions of headrisk: 0.1.0 and 9" in found[1]
    assert "settings differ (seed)" in found[2]
    assert "only release 1 was tested" in found[3]


def summary(*reports: Report) -> str:
    """What the comparison of reports comes to."""
    named = [release(str(k), one, RUN) for k, one in enumerate(reports, 1)]
    found = compare_reports(named)
    return " ".join((*found.counts, *found.remarks, *found.summary()))


def test_what_too_few_people_cannot_show_is_said() -> None:
    """Neither equal figures nor unequal ones of small samples sound like 'nothing changed'."""
    for found in ((6, 6), (12, 12), (0, 0), (0, 2)):
        said = summary(of(found[0], 12), of(found[1], 12))
        assert "could not be told whether more or fewer people are linked" in said
        assert "No change" not in said
    ends = re.search(r"from (\d+) fewer to (\d+) more of 100", summary(of(6, 12), of(6, 12)))
    assert ends is not None
    assert all(30 < int(end) < 80 for end in ends.groups())


@pytest.mark.parametrize("people", [(2, 40), (40, 2), (2, 2), (1, 1)])
def test_releases_without_rates_are_said_to_tell_nothing(people: tuple[int, int]) -> None:
    reports = [of(1, n) for n in people]
    reports = [
        replace(one, modalities=(replace(one.modalities[0], too_little="Too few."),))
        if n < 5
        else one
        for n, one in zip(people, reports, strict=True)
    ]
    said = summary(*reports)
    assert "too few people could be searched for" in said
    assert "No change" not in said


def test_no_change_is_said_only_of_large_samples() -> None:
    assert "No change was shown" in summary(of(1000, 2000), of(1000, 2000))


def test_changes_that_are_not_like_for_like_are_no_absence_of_change() -> None:
    said = summary(of(58, 60), of(10, 60, version="0.2.0"))
    assert "figures changed, but not like for like" in said
    assert "No change" not in said


def test_faces_found_later_are_told_in_the_summary() -> None:
    old = of(58, 60, faces_left=faces(120, face=120))
    new = of(57, 60, faces_left=faces(120, gone=120))
    assert "Images with a face: 120, then 0." in summary(old, new)


def test_galleries_of_other_sizes_are_told() -> None:
    names = [release("1", of(30, 60), RUN), release("2", of(5, 12), RUN)]
    assert any("hold 60 and 12 people" in text for text in compare_reports(names).remarks)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Output folders of three releases."""
    place = tmp_path_factory.mktemp("three")
    report, internal = simulated_report()
    reports = (
        report,
        replace(report, title="Second", faces_left=faces(84, face=2, gone=82)),
        of(3, 40, title="Third"),
    )
    folders = [place / str(k) for k in range(3)]
    for folder, one in zip(folders, reports, strict=True):
        write_report(one, internal if one is report else Internal(), folder, RUN)
    return folders


def test_three_releases_make_one_page_and_one_table(three: list[Path], tmp_path: Path) -> None:
    found, place = compare_folders(three, tmp_path / "new")
    assert place == tmp_path / "new" / "compare.html"
    page = place.read_text("utf-8")
    assert caught(prose(page)) == []
    assert "Second" in page
    table = parse_table((tmp_path / "new" / "tables" / "compare.tsv").read_text("utf-8"), "x")
    pairs = set(zip(map(str, table.column("from")), map(str, table.column("to")), strict=True))
    assert {(a.rstrip(".0"), b.rstrip(".0")) for a, b in pairs} == {
        ("1", "2"),
        ("2", "3"),
        ("1", "3"),
    }
    assert len(table.rows) == 3 * len(found.rows)
    held = dict(found.held)
    assert held["Images with a face"] == ("not looked for", "2", "not looked for")
    assert not (set(tmp_path.iterdir()) - {tmp_path / "new"})


def test_the_last_folder_takes_the_page_where_no_other_is_named(
    three: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = Path(shutil.copytree(three[1], tmp_path / "last"))
    assert main(["report", "--compare", str(three[0]), str(last)]) == 0
    assert (last / "compare.html").is_file()
    said = capsys.readouterr().out
    assert "Comparison: " in said
    assert rebuild_html(last).is_file()
    assert main(["report", str(tmp_path / "own"), "--compare", *map(str, three)]) == 0
    assert (tmp_path / "own" / "compare.html").is_file()


def test_what_cannot_be_compared_is_refused(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="named twice"):
        compare_folders([three[0], three[1], three[0]])
    with pytest.raises(UsageError, match="two or more"):
        compare_folders([three[0]])
    data = tmp_path / "data"
    data.mkdir()
    (data / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    with pytest.raises(UsageError, match="did not make"):
        compare_folders(three, data)
    assert main(["report", "--compare", str(three[0]), str(tmp_path / "none")]) == 3


@given(data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_an_edited_or_half_deleted_folder_gives_a_sentence_or_a_page(
    data: st.DataObject,
    three: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever happens to a file: exit code 3 and one line, or a comparison that says so."""
    out = Path(shutil.copytree(three[0], tmp_path_factory.mktemp("hurt") / "out"))
    names = sorted(
        p.relative_to(out).as_posix()
        for p in out.rglob("*")
        if p.is_file() and not p.relative_to(out).as_posix().startswith("internal")
    )
    name = data.draw(st.sampled_from(names))
    path = out / name
    raw = path.read_bytes()
    how = data.draw(st.sampled_from(["gone", "empty", "cut", "bytes", "number", "folder", "json"]))
    if how in ("gone", "folder"):
        path.unlink()
    if how == "folder":
        path.mkdir()
    if how == "empty":
        path.write_bytes(b"")
    if how == "cut":
        path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    if how == "bytes":
        place = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        path.write_bytes(raw[:place] + b"\xff" + raw[place + 1 :])
    if how == "number":
        path.write_bytes(raw.replace(b"0", b"7", 1))
    if how == "json":
        path.write_text(json.dumps(data.draw(st.sampled_from([[], {}, None, 3, {"run": 1}]))))
    if data.draw(st.booleans()) and not (out / "report-files.json").is_dir():
        (out / "report-files.json").unlink(missing_ok=True)
    code = main(["report", str(out.parent / "new"), "--compare", str(three[1]), str(out)])
    said = capsys.readouterr()
    if code:
        assert code == 3
        assert said.err.count("\n") == 1
    elif not (out / "report-files.json").is_file():
        assert said.out.startswith("Release 2 has no list of digests")


def test_a_release_is_what_its_folder_holds(three: list[Path]) -> None:
    report, run = read_report(three[0])
    one = release("1", report, run)
    assert isinstance(one, Release)
    assert one.started == "2026-03-01"
    assert isinstance(report.modalities[0].counts, Counts)
