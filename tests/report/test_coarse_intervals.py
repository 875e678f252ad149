"""The interval that leaves is no narrower than the one measured, and tells no single person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from headrisk.findings.coarse import coarse_share, interval
from headrisk.findings.records import Counts, MeasureResult, ModalitySection, Reading
from headrisk.report.withhold import withhold_section
from headrisk.types import Estimate


@given(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_public_interval_holds_the_measured_one(
    people: int, share: float, down: float, up: float
) -> None:
    low, high = share * (1 - down), share + (1 - share) * up
    found = coarse_share(Estimate(share, low, high, people))
    assert found is not None
    assert found.fewest is not None
    assert found.most is not None
    assert 0 <= found.low <= low + 1e-9
    assert high - 1e-9 <= found.high <= 1
    assert found.low <= interval(found.fewest, people)[0]
    assert found.high >= interval(found.most, people)[1]
    step = max(0.05, 3 / people)
    if found.low < interval(found.fewest, people)[0]:
        assert abs(found.low / step - round(found.low / step)) < 1e-6


@given(st.integers(5, 200), st.integers(0, 200))
def test_independent_people_have_the_interval_of_their_bin(people: int, count: int) -> None:
    count = min(count, people)
    low, high = interval(count, people)
    found = coarse_share(Estimate(count / people, low, high, people))
    assert found is not None
    assert (found.low, found.high) == (
        interval(found.fewest or 0, people)[0],
        interval(found.most or 0, people)[1],
    )


def _public(hits: int, people: int, luck: float) -> Reading:
    rate = Estimate(hits / people, *interval(hits, people), people)
    made = MeasureResult(
        "mae", rank1=rate, control=Estimate(1 / people, 0.0, luck, people), reading="links"
    )
    counts = Counts(people, 2 * people, 0, people, people, people)
    public = withhold_section(ModalitySection("brain", counts, (made,))).headline
    assert public is not None
    return public.reading


@pytest.mark.parametrize("people", [*range(5, 41), 100, 150])
def test_guessing_is_seldom_said_to_link_and_what_links_is_never_lost(people: int) -> None:
    """Exact sum over all counts of somebody who guesses, luck as 1 guess in 20 exceeds it."""
    luck = binom.ppf(0.95, people, 1 / people) / people
    readings = [_public(hits, people, luck) for hits in range(people + 1)]
    wrong = sum(
        binom.pmf(hits, people, 1 / people)
        for hits, reading in enumerate(readings)
        if reading == "links"
    )
    assert wrong < 0.02
    exact = {hits for hits in range(people + 1) if interval(hits, people)[0] > luck}
    lost = {hits for hits in exact if readings[hits] != "links"}
    assert lost == ({6} if people == 6 else set())
    assert all(readings[hits] != "does not link" for hits in exact)
