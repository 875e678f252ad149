import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm, sem, t

from headrisk.statistics.intervals import (
    clopper_pearson,
    few_errors,
    judge_sample,
    like_the_strongest,
    mean_of_people,
    people_to_bound,
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
    large = judge_sample(59, 60)
    assert large.enough
    assert large.smallest_risk == pytest.approx(0.05, abs=1e-3)


def test_effective_number_of_people_by_hand():
    """Korn and Graubard: p (1 - p) over the variance of the mean, at least n, at most probes."""
    rng = np.random.default_rng(0)
    for people, probes in ((12, 48), (30, 90), (30, 31), (9, 400)):
        shares = rng.integers(0, 5, people) / 4
        mean = shares.mean()
        wanted = mean * (1 - mean) / (shares.var(ddof=1) / people)
        wanted *= (norm.ppf(0.975) / t.ppf(0.975, people - 1)) ** 2
        number = min(max(wanted, people), probes)
        hits = mean * number
        expected = (clopper_pearson if min(hits, number - hits) < 5 else wilson)(hits, number)
        ours = share_of_people(shares, probes)
        assert (ours.value, ours.n) == (pytest.approx(mean), people)
        assert (ours.low, ours.high) == (
            pytest.approx(expected.low),
            pytest.approx(expected.high),
        )
        assert ours.method == f"{expected.method} on people"
    known = 20 * (norm.ppf(0.975) / t.ppf(0.975, 7)) ** 2
    assert share_of_people(np.full(8, 0.5), 20).low == pytest.approx(wilson(known / 2, known).low)
    assert share_of_people(np.full(2, 0.5), 60).low == pytest.approx(clopper_pearson(1, 2).low)


@pytest.mark.parametrize("probes", [1, 4, 30])
def test_one_person_says_nothing_of_others(probes):
    found = share_of_people(np.array([0.5]), probes)
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
    assert share_of_people(np.array([1.0])).method == "rule of three on people"


def test_methods_and_numbers_are_named():
    assert (wilson(3, 9.6).n, wilson(3, 9.6).method) == (10, "Wilson")
    assert wilson(3, 9.6, 7).n == 7
    assert (clopper_pearson(3, 9.6).n, clopper_pearson(3, 9.6).method) == (10, "Clopper-Pearson")
    wide, plain = wilson(3, 10, quantile=3.0), wilson(3, 10)
    assert wide.low < plain.low < plain.high < wide.high
    # Wilson's limits are where (share - p)^2 = z^2 p (1 - p) / n.
    for limit in (wide.low, wide.high):
        assert (0.3 - limit) ** 2 == pytest.approx(9 * limit * (1 - limit) / 10)


def test_fractional_counts_lie_between_whole_ones():
    for interval in (wilson, clopper_pearson):
        low, middle, high = (interval(k, 10) for k in (3, 3.5, 4))
        assert low.low < middle.low < high.low
        assert low.high < middle.high < high.high
        assert interval(-0.0, 10).low == 0.0
        assert interval(0.5, 0.5).high == 1.0


def test_mean_of_people_is_students_interval():
    values = np.array([0.2, 0.7, -1.0, 4.0])
    ours = mean_of_people(values)
    expected = t.interval(0.95, 3, loc=values.mean(), scale=sem(values))
    assert (ours.value, ours.n) == (pytest.approx(values.mean()), 4)
    assert (ours.low, ours.high) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
    assert ours.method == "Student, on people"
    assert mean_of_people(values[:1]) is None
    assert mean_of_people(values[:2]).n == 2


def test_few_errors_from_thirty_on_either_side():
    assert not few_errors(30, 60)
    assert not few_errors(970, 1000)
    assert few_errors(971, 1000)
    assert few_errors(30, 59)


@pytest.mark.parametrize(
    ("people", "gallery", "enough"),
    [(0, 9, False), (1, 9, False), (4, 9, False), (5, 4, False), (5, 5, True), (59, 60, True)],
)
def test_the_verdict_in_full(people, gallery, enough):
    found = judge_sample(people, gallery)
    smallest = None if not people else pytest.approx(1 - 0.05 ** (1 / people))
    assert (found.enough, found.people, found.gallery) == (enough, people, gallery)
    assert found.smallest_risk == smallest


def test_failures_count_in_both_directions():
    assert with_failures(wilson(3, 4), 1) == (pytest.approx(0.6), pytest.approx(0.8))
    assert with_failures(wilson(3, 4), 0) == (pytest.approx(0.75), pytest.approx(0.75))


def test_rounding_beyond_nothing_and_everything_is_cut():
    for values, plain in ((np.full(9, 1 + 1e-12), np.ones(9)), (np.full(9, -1e-12), np.zeros(9))):
        assert share_of_people(values) == share_of_people(plain)
    mixed = share_of_people(np.array([1 + 1e-9, 1.0, 1.0]))
    assert mixed.value == 1.0
    assert mixed.high <= 1.0


@pytest.mark.parametrize("rate", [0.5, 0.3, 0.1, 0.03, 0.01, 0.003])
def test_people_who_bound_a_quantile_against_the_binomial(rate):
    n = people_to_bound(rate)
    assert binom.cdf(0, n, rate) <= 0.025 < binom.cdf(0, n - 1, rate)
    assert people_to_bound(1.0) == 1


@given(st.integers(2, 60), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_one_more_like_the_most_influential_against_a_loop(n, seed):
    """Widens by the share of the largest square, less what the largest of n normal ones brings."""
    gaps = np.random.default_rng(seed).standard_t(2, size=n)
    share = max(gap**2 for gap in gaps) / sum(gap**2 for gap in gaps)
    found = like_the_strongest(gaps)
    assert found == pytest.approx(max(share - 2 * np.log(n) / n, 0.0))
    assert 0.0 <= found < 1.0
    assert like_the_strongest(3.0 * gaps[::-1]) == pytest.approx(found)
    assert like_the_strongest(np.zeros(n)) == 0.0


def test_one_more_widens_nothing_where_people_are_alike_and_much_where_one_is_a_hub():
    rng = np.random.default_rng(3)
    alike = [like_the_strongest(rng.normal(size=100)) for _ in range(200)]
    assert np.mean(np.array(alike) == 0.0) > 0.7
    hub = np.append(rng.normal(size=99), 30.0)
    assert like_the_strongest(hub) > 0.7
