"""What a run says goes into logs, which are shared: public figures alone, and all that was left."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "report"))
from simulated_report import simulated_report

from headrisk.cli.linking import tell
from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.coarse import counts_of
from headrisk.findings.records import Report
from headrisk.pipeline import Outcome
from headrisk.statistics.intervals import clopper_pearson, wilson

PEOPLE = 40
LEFT = InventoryCounts(
    5,
    3,
    1,
    1,
    (
        KindRow("anat", "T1w", 4, 3, 1, 0, {"damaged": 1}),
        KindRow("anat", "T2w", 1, 0, 0, 1, {"contrast": 1}),
    ),
)


def _report(hits: int) -> Report:
    """A report in which so many of 40 people were linked."""
    report, _ = simulated_report(PEOPLE)
    exact = clopper_pearson if hits < 5 or hits > PEOPLE - 5 else wilson
    section = report.modalities[0]
    first = replace(section.measures[0], rank1=exact(hits, PEOPLE))
    section = replace(section, measures=(first, *section.measures[1:]))
    return replace(report, modalities=(section,), inventory=LEFT, not_asked=("faces",))


def _said(
    report: Report, capsys: pytest.CaptureFixture[str], limit: float | None = None
) -> tuple[int, str]:
    _, internal = simulated_report(PEOPLE)
    arguments = argparse.Namespace(out=Path("/out"), verbose=False)
    code = tell(Outcome(report, internal.scans), arguments, limit)
    return code, capsys.readouterr().out


def _bins() -> list[tuple[int, ...]]:
    bins: dict[tuple[int, int], list[int]] = {}
    for hits in range(PEOPLE + 1):
        bins.setdefault(counts_of(hits, PEOPLE), []).append(hits)
    return [tuple(one) for one in bins.values()]


@pytest.mark.parametrize("hits", _bins(), ids=str)
def test_counts_of_one_bin_are_told_alike(
    hits: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The report withholds which of these it was, so the console must."""
    assert len(hits) > 1
    assert len({_said(_report(count), capsys)[1] for count in hits}) == 1


def test_counts_of_other_bins_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    said = {_said(_report(one[0]), capsys)[1] for one in _bins()}
    assert len(said) == len(_bins())


@pytest.mark.parametrize(("limit", "code"), [(0.0, 5), (1.0, 4), (0.5, 5)])
def test_the_limit_is_judged_exactly_and_told_coarsely(
    limit: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = next(one for one in _bins() if 15 in one)
    found = [_said(_report(count), capsys, limit) for count in hits]
    assert {code for code, _ in found} == {code}
    assert len({said for _, said in found}) == 1


def test_what_was_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _said(_report(20), capsys)
    assert code == 4
    assert "Not asked: faces." in said
    assert "5 images are in the data set: 3 looked at, 1 failed, 1 left out." in said
    assert "T2w: 1 of 1 not looked at" in said
