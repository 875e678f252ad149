"""The model of the two best scores: densities by hand, fits by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import genextreme, gumbel_r, norm

from headrisk.linkage.decide import (
    TopScoreMixture,
    _fit_null,
    _mate_log_density,
    _null_log_density,
    fit_best_scores,
    fit_top_scores,
    posterior_crossing,
    top_two,
)
from headrisk.types import PairScores


def matrix(values, probe, gallery, usable=None):
    values = np.asarray(values, dtype=float)
    usable = np.ones(values.shape, bool) if usable is None else np.asarray(usable)
    return PairScores("test", values, usable, np.asarray(probe), np.asarray(gallery))


def two_groups(seed, probes, found, distance=8.0):
    """Best and second best of Gumbel strangers, and mates of a share of the probes."""
    rng = np.random.default_rng(seed)
    strangers = np.sort(rng.gumbel(0, 1, (probes, 300)), axis=1) - np.log(300)
    mate = np.where(rng.random(probes) < found, rng.normal(distance, 1, probes), -np.inf)
    both = np.sort(np.column_stack([strangers[:, -2:], mate]), axis=1)
    return both[:, -1], both[:, -2]


def test_two_best_people_of_every_probe_with_two():
    values = [[1, 5, 3, 4], [9, 8, 7, 6], [2, 1, 0, 3]]
    usable = [[True] * 4, [True, False, False, False], [True, True, False, False]]
    first, second = top_two(matrix(values, [0, 1, 2], [7, 7, 8, 9], usable))
    assert (first.tolist(), second.tolist()) == ([5.0], [4.0])
    first, second = top_two(matrix(values, [0, 1, 2], [6, 7, 8, 9], usable))
    assert (first.tolist(), second.tolist()) == ([5.0, 2.0], [4.0, 1.0])
    for part in top_two(matrix([[1.0], [2.0]], [0, 1], [0])):
        assert part.size == 0
    pair = top_two(matrix([[1.0, 2.0]], [0], [0, 1]))
    assert [part.tolist() for part in pair] == [[2.0], [1.0]]


def test_densities_by_hand():
    """Two largest of many: f(t) f(s) / F(s) below t, Gumbel; a mate is normal beside one Gumbel."""
    first, second = np.array([2.0, 3.5, 0.4]), np.array([1.0, -0.5, 0.3])
    law = gumbel_r(0.2, 0.7)
    expected = law.logpdf(first) - law.logcdf(first) + law.logpdf(second)
    found = _null_log_density(first, second, 0.2, 0.7)
    np.testing.assert_allclose(found, expected)
    expected = norm.logpdf(first, 1.5, 0.4) + law.logpdf(second)
    found = _mate_log_density(first, second, 0.2, 0.7, 1.5, 0.4)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_null_is_fitted_to_the_highest_likelihood(share):
    first, second = two_groups(1, 60, 0.5)
    mate = np.full(60, share)

    def loss(place):
        location, scale = place[0], np.exp(place[1])
        law = gumbel_r(location, scale)
        joint = law.logpdf(first) - law.logcdf(first) + law.logpdf(second)
        return -((1 - mate) * joint + mate * law.logpdf(second)).sum()

    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9})
    location, scale = _fit_null(first, second, mate)
    assert location == pytest.approx(best.x[0], abs=2e-4)
    assert scale == pytest.approx(np.exp(best.x[1]), rel=2e-4)


def likelihood(fit, first, second):
    law = gumbel_r(fit.location, fit.scale)
    no = law.logpdf(first) - law.logcdf(first) + law.logpdf(second)
    yes = norm.logpdf(first, fit.mean, fit.deviation) + law.logpdf(second)
    return np.logaddexp(np.log1p(-fit.found_share) + no, np.log(fit.found_share) + yes).sum()


def heavy_likelihood(first, second):
    """Two largest of many with a heavy tail: f(t) f(s) / F(s) of a Frechet law, best parameters."""

    def loss(place):
        law = genextreme(-np.exp(place[2]), place[0], np.exp(place[1]))
        if law.support()[0] >= second.min():
            return 1e9
        value = law.logpdf(first) - law.logcdf(first) + law.logpdf(second)
        return -value.sum() if np.isfinite(value).all() else 1e9

    starts = [[np.median(second), np.log(second.std()), np.log(shape)] for shape in (0.05, 0.3)]
    return max(
        -minimize(loss, s, method="Nelder-Mead", options={"maxiter": 2000}).fun for s in starts
    )


@pytest.mark.parametrize("found", [0.3, 0.8])
def test_a_mixture_is_found_with_its_parameters_and_evidence(found):
    first, second = two_groups(2, 400, found)
    fit = fit_best_scores(first, second, 300)
    assert fit.found_share == pytest.approx(found, abs=0.08)
    assert fit.location == pytest.approx(0.0, abs=0.2)
    assert fit.scale == pytest.approx(1.0, abs=0.15)
    assert fit.mean == pytest.approx(8.0, abs=0.3)
    assert fit.deviation == pytest.approx(1.0, abs=0.2)
    null = _null_log_density(first, second, *_fit_null(first, second, np.zeros(400))).sum()
    heavy = heavy_likelihood(first, second)
    # Three or two parameters more: twice the gain in likelihood less as many times log n.
    best = likelihood(fit, first, second)
    expected = min(2 * (best - null) - 3 * np.log(400), 2 * (best - heavy) - 2 * np.log(400))
    assert fit.evidence == pytest.approx(expected, rel=1e-3)
    half = fit_best_scores(first, second, 300, 0.5)
    expected = min(best - null - 3 * np.log(400), best - heavy - 2 * np.log(400))
    assert half.evidence == pytest.approx(expected, rel=1e-3)
    assert fit.convincing
    for change in (0.97, 1.03):
        for name in ("location", "scale", "mean", "deviation"):
            step = {name: getattr(fit, name) * change + (change - 1) * (name == "location")}
            other = TopScoreMixture(**{**fit.__dict__, **step})
            assert likelihood(other, first, second) <= likelihood(fit, first, second) + 1e-3


def test_units_of_scores_move_the_fit_along():
    first, second = two_groups(3, 80, 0.5)
    one = fit_best_scores(first, second, 300)
    two = fit_best_scores(50 + 0.01 * first, 50 + 0.01 * second, 300)
    assert two.found_share == pytest.approx(one.found_share, abs=1e-4)
    assert two.evidence == pytest.approx(one.evidence, abs=1e-2)
    for name in ("location", "mean"):
        assert getattr(two, name) == pytest.approx(50 + 0.01 * getattr(one, name), abs=1e-4)
    for name in ("scale", "deviation"):
        assert getattr(two, name) == pytest.approx(0.01 * getattr(one, name), rel=1e-3)


def test_eight_probes_and_four_people_are_the_least():
    first, second = two_groups(4, 8, 0.5)
    assert fit_best_scores(first, second, 4) is not None
    assert fit_best_scores(first[:7], second[:7], 4) is None
    assert fit_best_scores(first, second, 3) is None
    assert fit_best_scores(first, np.full(8, 2.0), 4) is None
    assert fit_best_scores(1e9 + first * 1e-3, 1e9 + 1e-3 * second, 4) is None
    assert fit_best_scores(-1e9 - first * 1e-3, -1e9 - 1e-3 * second, 4) is None
    assert fit_best_scores(np.zeros(8), np.zeros(8), 4) is None


def test_people_of_the_gallery_are_counted_not_scans():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(9, 8))
    assert fit_top_scores(matrix(values, range(9), [0, 0, 1, 1, 2, 2, 2, 0])) is None
    four = matrix(values, range(9), [0, 0, 1, 1, 2, 2, 2, 3])
    assert fit_top_scores(four) == fit_best_scores(*top_two(four), 4)


def fitted(**changes):
    values = {
        "found_share": 0.5,
        "location": 0.0,
        "scale": 1.0,
        "mean": 6.0,
        "deviation": 1.0,
        "evidence": 99.0,
    }
    return TopScoreMixture(**{**values, **changes})


def test_separation_and_conviction_by_hand():
    fit = fitted(location=1.0, scale=0.5, mean=4.0, deviation=2.0)
    spread = np.sqrt((4 + (np.pi * 0.5) ** 2 / 6) / 2)
    assert fit.separation == pytest.approx((4 - 1 - 0.5 * np.euler_gamma) / spread)
    assert fitted(evidence=10.01).convincing
    assert not fitted(evidence=10.0).convincing
    at = np.euler_gamma + 1.5 * np.sqrt((1 + np.pi**2 / 6) / 2)
    assert not fitted(mean=at - 1e-9).convincing
    assert fitted(mean=at + 1e-9).convincing


@pytest.mark.parametrize("share", [0.5, 0.1, 1.0, 0.0])
def test_the_crossing_is_where_both_explanations_are_as_probable(share):
    fit, probes = fitted(found_share=share, location=0.5, scale=0.8, deviation=0.9), 20
    found = posterior_crossing(fit, probes)
    kept = min(max(share, 0.5 / probes), 1 - 0.5 / probes)
    yes = kept * norm.pdf(found, 6.0, 0.9)
    law = gumbel_r(0.5, 0.8)
    no = (1 - kept) * law.pdf(found) / law.cdf(found)
    assert yes == pytest.approx(
        np.exp(-(found - 0.5) / 0.8 - np.exp(-(found - 0.5) / 0.8)) / 0.8 * (1 - kept), rel=1e-6
    )
    assert no > 0
    assert 0.5 < found < 6.0


def test_crossings_stop_at_either_mode():
    assert posterior_crossing(fitted(mean=0.5, deviation=1.0, found_share=0.999), 9999) == 0.0
    assert posterior_crossing(fitted(mean=0.5, deviation=50.0, found_share=0.01), 99) == 0.5


def without_groups(kind, rng, n):
    """Scores of strangers alone."""
    values = rng.normal(size=(n, n))
    if kind in ("t3", "t4"):
        values = rng.standard_t(int(kind[1]), size=(n, n))
    if kind == "symmetric t4":
        values = np.triu(rng.standard_t(4, size=(n, n)), 1)
        values = values + values.T
    if kind == "siblings":
        values[np.arange(n), np.arange(n) ^ 1] += 2.0
    if kind == "hubs":
        values += rng.normal(size=n)
    return matrix(values, range(n), range(n))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "t3", "t4", "symmetric t4", "siblings", "hubs"])
@pytest.mark.parametrize("people", [20, 60, 150])
def test_no_two_groups_where_there_are_none(kind, people):
    seen = 0
    for seed in range(60):
        fit = fit_top_scores(without_groups(kind, np.random.default_rng(seed), people))
        seen += fit is not None and fit.convincing
    assert seen <= 0.05 * 60 + 4  # 5 %, and twice the error of 60 sets


@pytest.mark.slow
@pytest.mark.parametrize(("people", "share"), [(20, 0.6), (40, 0.5), (100, 0.3), (100, 0.9)])
def test_two_groups_are_still_seen(people, share):
    seen = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(people, people))
        there = np.flatnonzero(rng.random(people) < share)
        values[there, there] += 6.5
        fit = fit_top_scores(matrix(values, range(people), range(people)))
        seen += fit is not None and fit.convincing
    assert seen >= 0.9 * 40 - 2


def test_heavy_tails_of_strangers_are_one_group():
    for seed in range(3):
        assert not fit_top_scores(without_groups("t3", np.random.default_rng(seed), 80)).convincing
