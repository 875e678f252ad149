import numpy as np
import pytest
from scipy.stats import binom, binomtest

from headrisk.evaluate.intervals import (
    clopper_pearson,
    few_errors,
    judge_sample,
    share_of_people,
    wilson,
    with_failures,
    zero_event_bound,
)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 1000])
def test_wilson_and_clopper_pearson_equal_scipy(n):
    for successes in {0, 1, n // 3, n // 2, n - 1, n}:
        test = binomtest(successes, n)
        for ours, method in (
            (wilson(successes, n), "wilson"),
            (clopper_pearson(successes, n), "exact"),
        ):
            theirs = test.proportion_ci(0.95, method)
            assert ours.low == pytest.approx(theirs.low, abs=1e-12)
            assert ours.high == pytest.approx(theirs.high, abs=1e-12)
            assert ours.value == successes / n


def test_no_people_gives_none():
    assert wilson(0, 0) is None
    assert clopper_pearson(0, 0) is None
    assert share_of_people(np.zeros(0)) is None
    assert zero_event_bound(0) == 1.0


def test_zero_event_bound_is_exact_and_near_three_over_n():
    for n in (1, 9, 84, 10_000):
        assert (1 - zero_event_bound(n)) ** n == pytest.approx(0.05)
    assert zero_event_bound(9) == pytest.approx(0.283, abs=5e-4)
    assert zero_event_bound(84) == pytest.approx(3 / 84, rel=0.02)


def test_all_or_nothing_never_gives_an_interval_of_one_point():
    nobody, everybody = share_of_people(np.zeros(22)), share_of_people(np.ones(22))
    assert (nobody.value, nobody.low) == (0.0, 0.0)
    assert nobody.high == pytest.approx(zero_event_bound(22))
    assert (everybody.value, everybody.high) == (1.0, 1.0)
    assert everybody.low == pytest.approx(1 - zero_event_bound(22))


def test_share_of_people_is_wilson_for_one_probe_each():
    people = np.r_[np.ones(7), np.zeros(13)]
    ours, plain = share_of_people(people), wilson(7, 20)
    assert (ours.low, ours.high, ours.n) == (plain.low, plain.high, 20)


def test_rare_events_get_the_exact_interval():
    for hits in (1, 4, 96, 99):
        ours = share_of_people(np.r_[np.ones(hits), np.zeros(100 - hits)])
        exact = clopper_pearson(hits, 100)
        assert (ours.low, ours.high, ours.n) == (exact.low, exact.high, 100)
    five = share_of_people(np.r_[np.ones(5), np.zeros(95)])
    assert five.low == wilson(5, 100).low


@pytest.mark.parametrize(("people", "least"), [(20, 0.89), (40, 0.91), (100, 0.91), (1000, 0.91)])
def test_one_probe_each_covers_at_every_rate(people, least):
    """Exact sums over all outcomes. Counts are discrete, so no rate has exactly 95 %."""
    counts = np.arange(people + 1)
    rates = np.linspace(0.5 / people, 0.5, 400)

    def coverage(found):
        low, high = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
        inside = (low <= rates[:, None]) & (rates[:, None] <= high)
        return (binom.pmf(counts, people, rates[:, None]) * inside).sum(axis=1)

    ours = coverage([share_of_people(np.r_[np.ones(k), np.zeros(people - k)]) for k in counts])
    assert ours.min() > least
    assert 0.945 < ours.mean() < 0.975
    rare = rates < 2 / people
    assert ours[rare].min() > coverage([wilson(k, people) for k in counts])[rare].min()


def test_more_probes_narrow_the_interval_but_never_beyond_their_number():
    fractional = np.tile([0.4, 0.6], 10)
    few, many = share_of_people(fractional, 20), share_of_people(fractional, 100)
    assert many.high - many.low < few.high - few.low
    limit = wilson(50, 100)
    assert many.high - many.low >= limit.high - limit.low - 1e-12


def test_few_errors_looks_at_the_rarer_side():
    assert few_errors(29, 1000)
    assert few_errors(980, 1000)
    assert not few_errors(30, 1000)


def test_failures_give_best_and_worst_case():
    assert with_failures(wilson(8, 10), 10) == (0.4, 0.9)
    assert with_failures(None, 4) == (0.0, 1.0)
    assert with_failures(None, 0) is None


def test_verdict_names_the_smallest_detectable_risk():
    assert not judge_sample(0, 10).enough
    assert judge_sample(0, 10).smallest_risk is None
    small = judge_sample(4, 50)
    assert not small.enough
    assert small.sentence.startswith("Too little data")
    large = judge_sample(59, 60)
    assert large.enough
    assert large.smallest_risk == pytest.approx(0.05, abs=1e-3)
    assert "4.9 %" in large.sentence or "5 %" in large.sentence
