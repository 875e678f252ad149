"""Conditions read from a scan table: dates, sites, scanners, voxels, contrasts, ages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.dataset.scans import Scan
from headrisk.statistics.strata import Condition, known_conditions, shared_labels

PLAIN = Scan("s", "01", "/s.nii")
MM = (1.0, 1.0, 1.0)


def stratum(condition: Condition, row: int, column: int) -> str | None:
    """Name of a pair's stratum, None where it is unknown."""
    code = int(condition.codes[row, column])
    return None if code == -1 else condition.names[code]


def found(
    probes: list[Scan],
    gallery: list[Scan],
    probe_mm: list[tuple[float, float, float] | None] | None = None,
    gallery_mm: list[tuple[float, float, float] | None] | None = None,
) -> dict[str, Condition]:
    conditions = known_conditions(
        probes, gallery, probe_mm or [MM] * len(probes), gallery_mm or [MM] * len(gallery)
    )
    return {condition.name: condition for condition in conditions}


def test_what_does_not_tell_pairs_apart_is_left_out() -> None:
    alike = replace(PLAIN, site="A", scanner="X", age=30.0, acq_date="2020-01-01")
    assert found([alike, alike], [alike, alike, alike]) == {}
    assert found([PLAIN], [PLAIN]) == {}
    assert found([], []) == {}
    assert list(found([alike], [replace(alike, site="B"), alike])) == ["site"]


def test_one_known_value_among_unknown_ones_tells_nothing_apart() -> None:
    probes = [replace(PLAIN, site="A", age=20.0), PLAIN]
    assert found(probes, [replace(PLAIN, site="A"), PLAIN]) == {}


def test_time_between_scans() -> None:
    dates = ["2020-01-01", "2020-01-15", "2020-03-01", "2021-06-01", "2029-01-01", ""]
    probes = [replace(PLAIN, acq_date="2020-01-01"), PLAIN]
    gap = found(probes, [replace(PLAIN, acq_date=day) for day in dates])["time between scans"]
    assert gap.codes.shape == (2, 6)
    names = [stratum(gap, 0, k) for k in range(6)]
    assert names == [
        "under 1 days",
        "1 to 31 days",
        "31 to 183 days",
        "366 to 1827 days",
        "1827 days or more",
        None,
    ]
    assert all(stratum(gap, 1, k) is None for k in range(6))
    assert gap.strangers == "all"
    assert gap.ordered


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.dates(date(1990, 1, 1)), min_size=2, max_size=5))
def test_time_gaps_against_the_calendar(days: list[date | None]) -> None:
    scans = [replace(PLAIN, acq_date="" if day is None else day.isoformat()) for day in days]
    gap = found(scans, scans).get("time between scans")
    edges = (1, 31, 183, 366, 1827)
    for i, first in enumerate(days):
        for j, second in enumerate(days):
            if gap is not None and first and second:
                apart = abs((first - second).days)
                assert gap.codes[i, j] == sum(apart >= edge for edge in edges)
            elif gap is not None:
                assert gap.codes[i, j] == -1


@pytest.mark.parametrize("name", ["site", "scanner"])
def test_same_or_another_place(name: str) -> None:
    a, b, unknown = (replace(PLAIN, **{name: value}) for value in ("A", "B", ""))
    condition = found([a, unknown], [a, b, unknown])[name]
    assert [stratum(condition, 0, k) for k in range(3)] == [
        f"same {name}",
        f"different {name}",
        None,
    ]
    assert [stratum(condition, 1, k) for k in range(3)] == [None] * 3


def test_the_thicker_scan_of_a_pair_decides() -> None:
    fine, medium, thick = (1.0, 0.9, 1.2), (0.5, 1.5, 0.5), (0.9, 0.9, 5.0)
    condition = found([PLAIN] * 2, [PLAIN] * 4, [fine, medium], [fine, medium, thick, None])[
        "largest voxel side"
    ]
    assert [stratum(condition, 0, k) for k in range(4)] == [
        "under 1.25 mm",
        "1.25 to 2 mm",
        "4 mm or more",
        None,
    ]
    assert stratum(condition, 1, 0) == "1.25 to 2 mm"


def test_contrast_pairs_do_not_depend_on_who_searches() -> None:
    scans = [replace(PLAIN, suffix=suffix) for suffix in ("T1w", "FLAIR", "T1w")]
    condition = found(scans, scans)["contrast"]
    assert stratum(condition, 0, 1) == stratum(condition, 1, 0) == "FLAIR - T1w"
    assert stratum(condition, 0, 2) == "T1w - T1w"
    assert stratum(condition, 1, 1) == "FLAIR - FLAIR"


def test_age_bands_are_those_of_the_person_searched_for() -> None:
    ages = [17.9, 18.0, 39.0, 40.0, 59.9, 60.0, 80.0, 101.0, None]
    probes = [replace(PLAIN, age=age) for age in ages]
    condition = found(probes, [replace(PLAIN, age=5.0)] * 2)["age"]
    expected = [
        "under 18",
        "18 to 39",
        "18 to 39",
        "40 to 59",
        "40 to 59",
        "60 to 79",
        "80 and over",
        "80 and over",
        None,
    ]
    assert [stratum(condition, k, 0) for k in range(9)] == expected
    assert np.array_equal(condition.codes[:, 0], condition.codes[:, 1])


def test_shared_labels_are_known_and_equal() -> None:
    scans = [
        replace(PLAIN, scanner="X", site="A", family_id="f"),
        replace(PLAIN, scanner="Y", site="A"),
        replace(PLAIN, scanner="X", family_id="f"),
    ]
    found = shared_labels(scans, scans[:2])
    assert list(found) == ["scanner", "site", "family"]
    assert found["scanner"].tolist() == [[True, False], [False, True], [True, False]]
    assert found["site"].tolist() == [[True, True], [True, True], [False, False]]
    assert found["family"].tolist() == [[True, False], [False, False], [True, False]]


def test_conditions_come_in_a_fixed_order_with_their_kinds() -> None:
    one = replace(PLAIN, site="A", scanner="X", age=30.0, acq_date="2020-01-01", suffix="T1w")
    other = replace(PLAIN, site="B", scanner="Y", age=70.0, acq_date="2021-01-01", suffix="T2w")
    conditions = known_conditions([one, other], [one, other], [MM, MM], [MM, (1, 3, 1)])
    assert [(c.name, c.ordered, c.strangers) for c in conditions] == [
        ("time between scans", True, "all"),
        ("site", False, "within"),
        ("scanner", False, "within"),
        ("largest voxel side", True, "within"),
        ("contrast", False, "within"),
        ("age", False, "within"),
    ]
    for condition in conditions:
        assert condition.codes.dtype == np.int64
    sides = {c.name: c for c in conditions}["largest voxel side"]
    assert sides.names == ("under 1.25 mm", "1.25 to 2 mm", "2 to 4 mm", "4 mm or more")
