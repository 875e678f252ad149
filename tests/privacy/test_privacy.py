"""Attacks on headrisk's own public output; nobody may be found by arithmetic.

For comparison each attack is also run on the exact figures, where it has to succeed: an attack
that finds nobody anywhere would show nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_person_less import (
    MODALITIES,
    bandwidth,
    content,
    deconvolve,
    difference,
    exact,
    found,
    given_away,
    over_cohorts,
    pair_scores,
    possible,
    public_bin,
    report_of,
    solutions,
    world,
)

from headrisk.findings.coarse import counts_of, ranged_parts
from headrisk.findings.histogram import public_curves
from headrisk.findings.records import Condition, Table
from headrisk.io.digests import keyed_digest
from headrisk.metadata.closed import public_name
from headrisk.report.withhold import withhold_section, withhold_small_cells
from headrisk.run.provenance import collect_provenance
from headrisk.settings import Settings
from headrisk.types import Estimate

MEASURE = "residual-correlation"


def test_bins_cover_all_counts_and_never_hold_an_end_alone() -> None:
    for people in range(1, 200):
        bins = sorted({counts_of(count, people) for count in range(people + 1)})
        assert bins[0][0] == 0
        assert bins[-1][1] == people
        assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(bins))
        assert all(low < high for low, high in (bins[0], bins[-1]))


@given(st.integers(1, 400), st.data())
@settings(max_examples=300, deadline=None)
def test_two_reports_fit_any_share_of_the_person_who_left(people: int, data: st.DataObject) -> None:
    """The theorem of ``coarse``: one count of the others fits whatever the person adds."""
    others = data.draw(st.floats(0, people - 1, allow_nan=False))
    share = data.draw(st.floats(0, 1, allow_nan=False))
    with_person, without = counts_of(others + share, people), counts_of(others, people - 1)
    fits = [
        m
        for m in range(people)
        if counts_of(m, people - 1) == without
        and all(counts_of(m + x, people) == with_person for x in (0, 1))
    ]
    assert fits


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize(
    "people",
    [5, 7, pytest.param(12, marks=pytest.mark.slow), pytest.param(30, marks=pytest.mark.slow)],
)
def test_one_person_less_gives_nobody_away(modality: str, people: int) -> None:
    before = difference(people, modality, exact)
    after = difference(people, modality, withhold_small_cells)
    assert after.certain == 0
    assert people < 6 or before.certain >= people / 2  # four people carry no rate
    told, tried = given_away(people, modality, withhold_small_cells)
    assert told == 0 or people < 6
    assert people < 6 or tried > people


@pytest.mark.parametrize("people", [5, 7, 12, 30])
def test_curves_cannot_be_deconvolved(people: int) -> None:
    own = np.sort(world(people, "brain")[0].diagonal())
    report = report_of(people, "brain")
    width = bandwidth(own)
    guess = deconvolve(content(report)["tables"][f"brain-density-{MEASURE}"], width, people)
    assert guess is not None
    assert np.median(np.abs(guess - own)) < 0.15 * own.std()  # so it works on the exact curve
    public = content(withhold_small_cells(report))
    for name, table in public["tables"].items():
        assert deconvolve(table, width, people) is None, name
    bars = withhold_small_cells(report).modalities[0].tables.get(f"scores-{MEASURE}")
    assert (bars is None) == (people < 20)
    scores, mated = world(people, "brain")[0], np.eye(people, dtype=bool)
    for kind, chosen in (("mated", mated), ("nonmated", ~mated)):
        edges = [row[1] for row in bars.rows if row[0] == kind] if bars else []
        # The outermost bars take in what lies beyond them.
        for low, high in pairwise([-np.inf, *edges[1:], np.inf]):
            inside = np.nonzero(chosen & (scores >= low) & (scores < high))[0]
            assert np.unique(inside).size >= 5


def test_bars_of_two_reports_fit_any_score_of_the_person_who_left() -> None:
    """At every edge of both, the person may lie below it and above it."""
    people, values, tried = 30, world(30, "brain")[0], 0
    whole = _running(public_curves(pair_scores(values, "x"))["scores"])
    for person in range(people):
        rest = np.delete(np.delete(values, person, 0), person, 1)
        less = _running(public_curves(pair_scores(rest, "x"))["scores"])
        for edge in whole.keys() & less.keys():
            fits = possible(counts_of(whole[edge], people), counts_of(less[edge], people - 1))
            assert 0 not in fits.values()
            tried += 1
    assert tried >= 5  # edges that both reports keep


def _running(bars: Table) -> dict[float, int]:
    """People whose mated score lies below each inner edge, as the bars tell it."""
    rows = [row for row in bars.rows if row[0] == "mated"]
    counts = np.cumsum([int(row[3] or 0) for row in rows])[:-1]
    return {float(row[2]): int(n) for row, n in zip(rows[:-1], counts, strict=True)}


def test_a_score_may_move_and_nothing_public_does() -> None:
    """Public figures are steps: a shift of a thousandth of a spread shows in no file."""
    people, same = 7, 0
    report = content(withhold_small_cells(report_of(people, "brain")))
    base = world(people, "brain")
    for person in range(people):
        moved = base.copy()
        moved[0, person, person] += 1e-3 * base[0].std()
        report_of.cache_clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("one_person_less.world", lambda *_, moved=moved: moved)
            again = content(withhold_small_cells(report_of(people, "brain")))
        same += again == report
    report_of.cache_clear()
    assert same == people


@given(st.lists(st.integers(0, 9), min_size=2, max_size=4).filter(lambda c: sum(c) >= 4))
@settings(max_examples=150, deadline=None)
def test_every_withheld_cell_has_several_solutions(counts: list[int]) -> None:
    total, shown = sum(counts), ranged_parts(tuple(counts))
    fits = solutions(shown, total)
    assert tuple(counts) in fits
    for place, text in enumerate(shown):
        low, high = map(int, text.split(" to "))
        values = {cells[place] for cells in fits}
        assert len(values) >= 2
        assert values == set(range(low, high + 1)) & values
        assert {low, high} <= values


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=5).filter(lambda n: sum(n) >= 5), st.data()
)
@settings(max_examples=150, deadline=None)
def test_levels_of_a_condition_cannot_be_solved_for(sizes: list[int], data: st.DataObject) -> None:
    """With the total of people and of those found, each level keeps a bin of choice."""
    hits = [data.draw(st.integers(0, n)) for n in sizes]
    people = sum(sizes)
    report = report_of(7, "brain")
    section = replace(
        report.modalities[0],
        measures=(
            replace(
                report.modalities[0].measures[0], rank1=Estimate(sum(hits) / people, 0, 1, people)
            ),
        ),
        conditions=tuple(
            Condition("site", str(k), n, n, Estimate(h / n, 0, 1, n), 0.5)
            for k, (n, h) in enumerate(zip(sizes, hits, strict=True))
        ),
    )
    public = withhold_section(section)
    overall = public.measures[0].rank1
    assert overall is not None
    shown = [one for one in public.conditions if not one.withheld]
    hidden = people - sum(one.persons or 0 for one in shown)
    assert hidden == 0 or hidden >= 5
    rated = [one.rank1 for one in shown if one.rank1 is not None]
    if not rated:
        return
    assert len(rated) == len(shown)
    for one in rated:
        assert one.fewest is not None
        assert one.most is not None
        others = [r for r in rated if r is not one]
        low = (overall.fewest or 0) - hidden - sum(r.most or 0 for r in others)
        high = (overall.most or 0) - sum(r.fewest or 0 for r in others)
        left = set(range(one.fewest, one.most + 1)) & set(range(low, high + 1))
        assert len(left) >= 2


def test_scores_of_one_pair_are_withheld_whatever_the_number_of_people() -> None:
    """Rounded, they would still tell whose they are: one person less, and they change."""
    for people in (5, 7, 9, 10, 12, 30):
        full = report_of(people, "brain").modalities[0].measures[0]
        public = withhold_small_cells(report_of(people, "brain")).modalities[0].measures[0]
        assert full.mated_min is not None
        assert public.mated_min is public.nonmated_max is None
        if people < 10:
            assert public.d_prime is None
            assert all(item.value is None for item in public.thresholds.values())


@pytest.mark.parametrize("people", [7, 9, 10, 12, 30])
def test_the_ends_of_the_open_set_curve_have_no_threshold(people: int) -> None:
    """They lie beside the highest and the lowest score of a search."""
    reports = (report_of(people, "brain"), withhold_small_cells(report_of(people, "brain")))
    full, public = ([p.threshold for p in r.modalities[0].risk.open_set.curve] for r in reports)  # type: ignore[union-attr]
    assert full
    ends = {min(full), max(full)}
    if people < 10:
        assert not public
    else:
        assert public in ([], [None if limit in ends else limit for limit in full])


@pytest.mark.parametrize("people", [7, 12, 30])
def test_no_public_number_has_more_digits_than_a_bin(people: int) -> None:
    """Every number is a count, a share of so many people, or has three digits at most."""
    public = content(withhold_small_cells(report_of(people, "brain")))
    section = public["report"]["modalities"]["brain"]
    for measure in section["measures"].values():
        for name in ("rank1", "rank5", "auc", "eer"):
            rate = measure[name] if name.startswith("rank") else measure["intervals"][name]
            assert abs(rate["value"] * people - round(rate["value"] * people)) < 1e-4
        assert measure["extra"]["p_value"] is None


def test_names_of_fields_are_printed_only_if_a_standard_gave_them() -> None:
    for name in (
        "EchoTime",
        "PatientName",
        "SliceTiming",
        "ConversionSoftware",
        "header.shape",
        "gzip.time",
        "AccessionNumber",
    ):
        assert public_name(name) == name
    for name in (
        "Erika Mustermann",
        "ErikaMustermann",
        "EchoTime.Mustermann",
        "mustermann",
        "header.Erika7",
        "Matti",
        "Patient_Meier",
        "",
    ):
        assert public_name(name) == "another field"


def test_the_input_digest_cannot_be_compared_with_files() -> None:
    files = ["ab" * 32, "cd" * 32]
    one, other = (collect_provenance(Settings(), files).input_digest for _ in range(2))
    assert one != other
    assert re.fullmatch("[0-9a-f]{64}", one)
    key = b"k" * 32
    assert collect_provenance(Settings(), files, key).input_digest == keyed_digest(key, files[::-1])


@pytest.mark.parametrize("modality", MODALITIES)
def test_over_many_cohorts_two_reports_add_little_to_a_guess(modality: str) -> None:
    """The odds shift by a factor of two at most, so a guess gains little, and not always."""
    for people in (7, 12):
        two, one, half = over_cohorts(people, modality, 150)
        assert two - one - half < 0.1


def test_the_rate_of_many_cohorts_is_the_rate_of_a_report() -> None:
    report = content(withhold_small_cells(report_of(7, "face")))["report"]
    rate = report["modalities"]["face"]["measures"][MEASURE]["rank1"]
    linked = found(7, "face").astype(np.bool_)
    assert (rate["fewest"], rate["most"]) == public_bin(linked)
