import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import gaussian_kde, norm

from headrisk.linkage.density import (
    COMPRESS_ABOVE,
    SMALLEST_SHARE_OF_RANGE,
    binned_kernels,
    crossing,
    density_curves,
    kernels,
    silverman_spread,
)


def scipy_kde(values):
    """SciPy's estimator at the same bandwidth; its factor multiplies the standard deviation."""
    bandwidth = 0.9 * silverman_spread(values) * values.size**-0.2
    return gaussian_kde(values, bw_method=bandwidth / values.std(ddof=1))


@pytest.mark.parametrize(("mated", "nonmated"), [(5, 40), (40, 300), (300, 1500)])
def test_curves_equal_scipy(mated, nonmated):
    rng = np.random.default_rng(mated)
    one, other = rng.normal(2, 1.5, mated), rng.gamma(3, 0.5, nonmated)
    curves = density_curves(kernels(one, other))
    np.testing.assert_allclose(curves.mated, scipy_kde(one)(curves.x), atol=1e-12)
    np.testing.assert_allclose(curves.nonmated, scipy_kde(other)(curves.x), atol=1e-12)


def test_shared_out_scores_stay_close_to_scipy():
    rng = np.random.default_rng(1)
    many = rng.normal(0, 1, 20 * COMPRESS_ABOVE)
    curves = density_curves(kernels(rng.normal(3, 1, 30), many), 200)
    np.testing.assert_allclose(curves.nonmated, scipy_kde(many)(curves.x), atol=1e-4)


def test_bandwidth_is_robust_to_one_far_score():
    values = np.random.default_rng(2).normal(size=200)
    with_outlier = np.append(values, 1000.0)
    assert silverman_spread(with_outlier) == pytest.approx(silverman_spread(values), rel=0.1)


@pytest.mark.parametrize("prior", [0.5, 0.1, 0.01])
def test_crossing_solves_the_equation_of_the_densities(prior):
    rng = np.random.default_rng(3)
    mated, nonmated = rng.normal(2.5, 1, 400), rng.normal(0, 1, 1500)
    found = crossing(kernels(mated, nonmated), prior)
    one, other = scipy_kde(mated), scipy_kde(nonmated)
    oracle = brentq(lambda t: (prior * one(t) - (1 - prior) * other(t))[0], 0.5, 4.0)
    assert found == pytest.approx(oracle, abs=1e-6)


def test_large_samples_approach_the_crossing_of_the_true_densities():
    rng = np.random.default_rng(4)
    mated, nonmated = rng.normal(3, 1, 50_000), rng.normal(0, 1, 200_000)
    truth = brentq(lambda t: 0.2 * norm.pdf(t, 3) - 0.8 * norm.pdf(t), 0, 3)
    assert crossing(kernels(mated, nonmated), 0.2) == pytest.approx(truth, abs=0.03)


def test_a_lower_prior_never_lowers_the_threshold():
    rng = np.random.default_rng(5)
    pair = kernels(rng.normal(2, 1, 60), rng.normal(0, 1, 600))
    found = [crossing(pair, prior) for prior in (0.9, 0.5, 0.2, 0.05)]
    assert found == sorted(found)


def test_separated_scores_are_separated_by_the_threshold():
    rng = np.random.default_rng(6)
    for gap in (1.0, 100.0, 1e6):
        mated, nonmated = rng.normal(gap + 10, 1, 20), rng.normal(0, 1, 300)
        found = crossing(kernels(mated, nonmated), 0.5)
        assert nonmated.max() < found < mated.min()


@pytest.mark.parametrize("mated", [[5.0], [5.0, 5.0, 5.0], [4.0, 5.0]])
@pytest.mark.parametrize("nonmated", [[0.0], [0.0, 0.0], [0.0, 1.0, 0.5]])
def test_tiny_samples_without_spread_still_separate(mated, nonmated):
    found = crossing(kernels(np.array(mated), np.array(nonmated)), 0.5)
    assert max(nonmated) < found < min(mated)


def test_no_densities_without_scores_or_differences():
    some, none = np.array([1.0, 2.0]), np.zeros(0)
    assert kernels(some, none) is None
    assert kernels(none, some) is None
    assert kernels(np.full(3, 2.0), np.full(9, 2.0)) is None


def test_no_crossing_where_mates_never_win():
    rng = np.random.default_rng(7)
    both = rng.normal(size=500)
    assert crossing(kernels(both, both), 0.01) is None


def test_binned_widths_do_not_depend_on_where_scores_lie():
    """Mates so close together that the floor, a share of the whole range, sets their width."""
    mated = 1.0 + 1e-7 * np.arange(5)
    edges, counts = np.linspace(-0.5, 0.5, 51), np.ones(50, np.int64)
    widths = []
    for shift in (0.0, 7.0, -7.0):
        found = binned_kernels(mated + shift, edges + shift, counts, None)
        assert found is not None
        widths.append([kernel.bandwidth for kernel in found])
    assert widths[0][0] == pytest.approx(SMALLEST_SHARE_OF_RANGE * 1.5, rel=1e-5)
    assert widths[1] == pytest.approx(widths[0])
    assert widths[2] == pytest.approx(widths[0])
