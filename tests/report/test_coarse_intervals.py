"""The interval that leaves is no narrower than the one measured, and tells no single person."""

from hypothesis import given
from hypothesis import strategies as st

from headrisk.findings.coarse import coarse_share, interval
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
