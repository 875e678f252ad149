import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma
from scipy.stats import betabinom
from score_sets import cohort, make, random_scores

from headrisk.statistics.forecast.models import (
    Beta,
    PitmanYor,
    binomial_rates,
    fit_beta,
    fit_pitman_yor,
    log_linear_rates,
    pitman_yor_correctness,
    pitman_yor_grid,
    survive,
)
from headrisk.statistics.forecast.records import distribution_free_floor
from headrisk.statistics.forecast.searches import (
    Counts,
    dirichlet_weights,
    identification_curve,
    searches_of,
    weighted_counts,
)
from headrisk.statistics.risk import linkability


def counts_of(better, others) -> Counts:
    better = np.asarray(better, dtype=float)
    weight = np.full(better.size, 1 / better.size)
    return Counts(better, np.broadcast_to(float(others), better.shape), weight, 1.0)


def chinese_restaurant(rng, d, a, people):
    """Tables after seating ``people`` one by one."""
    sizes = []
    for seated in range(people):
        if rng.random() < (a + d * len(sizes)) / (a + seated):
            sizes.append(1)
        else:
            chance = np.array(sizes) - d
            sizes[rng.choice(len(sizes), p=chance / chance.sum())] += 1
    return len(sizes)


def test_pitman_yor_equals_the_published_formula_and_the_sum_over_people():
    for d, a in ((0.2, 0.5), (0.7, 3.0), (0.5, 40.0)):
        n = np.array([1.0, 2.0, 7.0, 60.0])
        published = (gamma(1 + a) * gamma(n + d + a) / (gamma(d + a) * gamma(n + a)) - a) / (n * d)
        ours = pitman_yor_correctness(PitmanYor(d, a), n)
        np.testing.assert_allclose(ours, published, rtol=1e-10)
        new = np.cumprod(np.append(1.0, (a + d + np.arange(59)) / (a + 1 + np.arange(59))))
        assert ours[-1] == pytest.approx(new.mean(), rel=1e-10)


def test_pitman_yor_is_the_share_of_tables_in_a_chinese_restaurant():
    rng = np.random.default_rng(0)
    tables = [chinese_restaurant(rng, 0.4, 2.0, 50) / 50 for _ in range(600)]
    expected = pitman_yor_correctness(PitmanYor(0.4, 2.0), np.array([50.0]))[0]
    assert np.mean(tables) == pytest.approx(expected, abs=4 * np.std(tables) / np.sqrt(600))


def test_pitman_yor_keeps_its_digits_for_large_galleries_and_concentrations():
    n = np.geomspace(1, 1e7, 40)
    nearly_one = pitman_yor_correctness(PitmanYor(0.3, 1e9), n)
    # First order in n / a: each of the n - 1 earlier people repeats with chance (1 - d) / a.
    np.testing.assert_allclose(1 - nearly_one[:30], 0.7 * (n[:30] - 1) / 2e9, rtol=1e-2, atol=1e-9)
    across = pitman_yor_correctness(PitmanYor(0.3, 999.999), n)
    beyond = pitman_yor_correctness(PitmanYor(0.3, 1000.001), n)
    np.testing.assert_allclose(across, beyond, rtol=1e-5)
    steep = pitman_yor_correctness(PitmanYor(0.5, 1.0), n)
    assert (np.diff(steep) < 0).all()
    assert steep[-1] / steep[-2] == pytest.approx((n[-1] / n[-2]) ** -0.5, rel=1e-3)


def test_pitman_yor_fit_finds_the_process_behind_a_curve():
    sizes = np.unique(np.round(np.geomspace(2, 400, 12))).astype(np.int64)
    grid = pitman_yor_grid(sizes)
    for d, a in ((0.3, 5.0), (0.8, 0.5), (0.9, 60.0), (0.1, 1000.0)):
        curve = pitman_yor_correctness(PitmanYor(d, a), sizes.astype(float))
        found = fit_pitman_yor(sizes, curve, grid)
        far = np.array([1e4, 1e6])
        np.testing.assert_allclose(
            pitman_yor_correctness(found, far),
            pitman_yor_correctness(PitmanYor(d, a), far),
            atol=0.02,
        )


def test_binomial_rates_equal_the_beta_binomial_without_events():
    counts = counts_of([0, 2, 5], 9)
    found = binomial_rates(counts, Beta(0.4, 3.0), np.array([2, 11, 500]))
    for rate, drawn in zip(found, (1, 10, 499), strict=True):
        each = [betabinom.pmf(0, drawn, b + 0.4, 9 - b + 3.0) for b in (0, 2, 5)]
        assert rate == pytest.approx(np.mean(each), rel=1e-9)


def test_beta_fit_finds_its_parameters_and_the_highest_likelihood():
    rng = np.random.default_rng(1)
    better = betabinom.rvs(400, 0.3, 6.0, size=4000, random_state=rng)
    found = fit_beta(counts_of(better, 400))
    assert found.a == pytest.approx(0.3, rel=0.1)
    assert found.b == pytest.approx(6.0, rel=0.15)

    def likelihood(a, b):
        return betabinom.logpmf(better, 400, a, b).sum()

    best = likelihood(found.a, found.b)
    for a, b in ((1.1, 1.0), (0.9, 1.0), (1.0, 1.1), (1.0, 0.9)):
        assert best > likelihood(found.a * a, found.b * b)


def test_curve_from_counts_equals_linkability_without_ties():
    rng = np.random.default_rng(2)
    for _ in range(20):
        scores = random_scores(rng, decimals=None)
        searches = searches_of(scores)
        if searches.gallery < 2:
            continue
        sizes = np.arange(1, searches.gallery + 1)
        everybody = weighted_counts(searches, np.ones((1, searches.persons)))[0]
        ours = identification_curve(everybody, sizes)
        exact = linkability(scores, sizes.tolist())
        np.testing.assert_allclose(ours, [exact[int(n)].value for n in sizes], atol=1e-10)


def test_weights_of_people_act_as_copies_of_people():
    scores = cohort(np.random.default_rng(3), 6, shift=1.0, probes=2)
    searches = searches_of(scores)
    weights = np.array([[1.0, 3.0, 1.0, 0.5, 2.0, 1.0]])
    (found,) = weighted_counts(searches, weights)
    for row, person in enumerate(scores.probe_person):
        mate = scores.values[row, person]
        others = [j for j in range(6) if j != person]
        mass = sum(weights[0, j] for j in others)
        beaten = sum(weights[0, j] for j in others if scores.values[row, j] > mate)
        assert found.better[row] == pytest.approx(5 * beaten / mass)
        assert found.probe_weight[row] == pytest.approx(weights[0, person] / 2 / weights.sum())
    drawn = dirichlet_weights(50, 400, np.random.default_rng(4))
    np.testing.assert_allclose(drawn.mean(axis=1), 1.0)
    assert drawn.var() == pytest.approx(1.0, rel=0.15)


def test_searches_leave_out_probes_without_a_mate_and_survive_nothing():
    scores = make([[5.0, 1.0], [2.0, 3.0]], [1, 9], [1, 2])
    searches = searches_of(scores)
    assert searches.mate.tolist() == [5.0]
    assert searches.gallery == 2
    empty = searches_of(make(np.zeros((0, 0)), [], []))
    assert (empty.gallery, empty.people) == (0, 0)


def test_log_linear_is_the_regression_line_and_never_rises():
    sizes = np.array([2, 5, 20, 60, 100])
    curve = np.array([1.0, 0.99, 0.9, 0.8, 0.77])
    slope, start = np.polyfit(np.log(sizes[2:]), curve[2:], 1)
    found = log_linear_rates(sizes, curve, np.array([1000, 10**5]))
    np.testing.assert_allclose(found, start + slope * np.log([1000, 10**5]))
    rising = log_linear_rates(sizes, curve[::-1], np.array([10**5]))
    assert rising[0] == pytest.approx(curve[::-1][2:].mean())


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.integers(2, 200),
    st.integers(1, 50),
)
def test_no_distribution_falls_below_the_floor(chances, gallery, factor):
    others = np.array([gallery - 1.0, gallery * factor - 1.0])
    now, later = survive(np.array(chances), others).mean(axis=1)
    assert later >= distribution_free_floor(now, gallery, gallery * factor) - 1e-9
