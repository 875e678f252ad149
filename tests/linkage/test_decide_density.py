import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import gaussian_kde, norm

from headrisk.linkage.density import (
    COMPRESS_ABOVE,
    SMALLEST_SHARE_OF_RANGE,
    Kernel,
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


def test_spread_by_hand():
    values = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
    low, high = np.percentile(values, [25, 75])
    assert silverman_spread(values) == min(values.std(ddof=1), (high - low) / 1.349)
    outlier = np.array([0.0, 0.0, 0.0, 0.0, 9.0])  # no distance between the quartiles
    assert silverman_spread(outlier) == outlier.std(ddof=1)
    assert silverman_spread(np.array([3.0])) == 0.0
    assert silverman_spread(np.array([3.0, 4.0])) == pytest.approx(0.5 / 1.349)


def test_bandwidths_by_hand():
    rng = np.random.default_rng(8)
    mated, nonmated = rng.normal(3, 1, 40), rng.normal(0, 0.5, 200)
    one, other = kernels(mated, nonmated)
    assert one.bandwidth == pytest.approx(0.9 * silverman_spread(mated) * 40**-0.2)
    assert other.bandwidth == pytest.approx(0.9 * silverman_spread(nonmated) * 200**-0.2)
    single, known = kernels(mated[:1], nonmated)  # one score borrows the other side's spread
    assert single.bandwidth == pytest.approx(0.9 * silverman_spread(nonmated))
    assert known.bandwidth == other.bandwidth
    known, single = kernels(mated, nonmated[:1])
    assert single.bandwidth == pytest.approx(0.9 * silverman_spread(mated))
    narrow, _ = kernels(100 + 1e-6 * np.arange(5), np.array([0.0, 1.0, 2.0]))
    assert narrow.bandwidth == pytest.approx(0.1)  # a thousandth of the range
    two, same = kernels(np.array([4.0]), np.array([0.0]))
    assert (two.bandwidth, same.bandwidth) == (0.004, 0.004)
    assert kernels(np.array([1e6]), np.array([1e6 * (1 + 1e-13)])) is None
    assert kernels(np.array([-1e6]), np.array([-1e6 * (1 + 1e-13)])) is None
    assert kernels(np.array([1e-6]), np.array([2e-6])) is not None


def test_log_density_and_cumulative_of_weighted_kernels():
    kernel = Kernel(np.array([0.0, 2.0, 5.0]), np.array([0.5, 0.3, 0.2]), 0.7)
    x = np.array([-1.0, 0.3, 4.0, 30.0])
    density = sum(w * norm.pdf(x, c, 0.7) for w, c in ((0.5, 0), (0.3, 2), (0.2, 5)))
    np.testing.assert_allclose(np.exp(kernel.log_density(x)), density, rtol=1e-9)
    below = sum(w * norm.cdf(x, c, 0.7) for w, c in ((0.5, 0), (0.3, 2), (0.2, 5)))
    np.testing.assert_allclose(kernel.cumulative(x), below, rtol=1e-9)
    far = kernel.log_density(np.array([1e4]))[0]  # finite where the density itself is zero
    assert far == pytest.approx(np.log(0.2) + norm.logpdf(1e4, 5, 0.7))


def test_many_scores_are_shared_out_with_their_mean_kept():
    rng = np.random.default_rng(9)
    for count in (COMPRESS_ABOVE, COMPRESS_ABOVE + 1):
        values = rng.gamma(2, 1, count)
        kernel = kernels(np.array([20.0, 21.0]), values)[1]
        assert (kernel.centres.size == count) == (count == COMPRESS_ABOVE)
        assert kernel.weights.sum() == pytest.approx(1.0)
        assert kernel.weights @ kernel.centres == pytest.approx(values.mean())
        if count > COMPRESS_ABOVE:
            grid = np.linspace(values.min(), values.max(), COMPRESS_ABOVE)
            naive, step = np.zeros(COMPRESS_ABOVE), grid[1] - grid[0]
            for value in values:
                naive += np.maximum(1 - np.abs(value - grid) / step, 0)
            np.testing.assert_allclose(kernel.centres, grid[naive > 1e-9], rtol=1e-9)
            np.testing.assert_allclose(
                kernel.weights, naive[naive > 1e-9] / count, rtol=1e-4, atol=1e-9
            )
    equal = kernels(np.array([20.0, 21.0]), np.full(COMPRESS_ABOVE + 5, 3.0))[1]
    assert equal.weights.sum() == pytest.approx(1.0)
    assert set(equal.centres) == {3.0}


def test_curves_reach_three_bandwidths_beyond_all_scores():
    pair = (
        Kernel(np.array([4.0, 5.0]), np.full(2, 0.5), 0.5),
        Kernel(np.array([0.0, 4.5]), np.full(2, 0.5), 1.0),
    )
    curves = density_curves(pair)
    np.testing.assert_allclose(curves.x, np.linspace(-3.0, 7.5, 512))
    assert (curves.mated_bandwidth, curves.nonmated_bandwidth) == (0.5, 1.0)
    np.testing.assert_allclose(curves.mated, np.exp(pair[0].log_density(curves.x)))
    np.testing.assert_allclose(curves.nonmated, np.exp(pair[1].log_density(curves.x)))
    assert density_curves(pair, 33).x.size == 33


def test_of_several_crossings_the_one_with_the_least_error_is_taken():
    """A few low mates overtake first, but the threshold there would accept most strangers."""
    mated = Kernel(np.array([-6.0, 5.0]), np.array([0.05, 0.95]), 1.0)
    nonmated = Kernel(np.array([0.0]), np.array([1.0]), 1.0)
    for prior in (0.5, 0.1):
        found = crossing((mated, nonmated), prior)

        def gap(t, prior=prior):
            one = 0.05 * norm.pdf(t, -6) + 0.95 * norm.pdf(t, 5)
            return prior * one - (1 - prior) * norm.pdf(t)

        assert found == pytest.approx(brentq(gap, 0, 5), abs=1e-9)
    low = Kernel(np.array([-6.0, 5.0]), np.array([0.95, 0.05]), 1.0)
    below = Kernel(np.array([-12.0, 12.0]), np.array([0.5, 0.5]), 1.0)
    assert crossing((low, below), 0.5) == pytest.approx(
        brentq(lambda t: 0.95 * norm.pdf(t, -6) - 0.5 * norm.pdf(t, -12), -12, -6), abs=1e-9
    )


def histogram_of(values, bins):
    counts, edges = np.histogram(values, bins)
    return edges, counts


def test_binned_kernels_by_hand():
    rng = np.random.default_rng(10)
    mated, strangers = rng.normal(3, 1, 30), rng.normal(0, 1, 5000)
    edges, counts = histogram_of(strangers, 400)
    one, other = binned_kernels(mated, edges, counts, float(strangers.std()))
    exact = kernels(mated, strangers)
    assert one.bandwidth == pytest.approx(exact[0].bandwidth)
    np.testing.assert_array_equal(one.centres, exact[0].centres)
    assert other.bandwidth == pytest.approx(exact[1].bandwidth, rel=0.02)
    filled = counts > 0
    np.testing.assert_allclose(other.centres, ((edges[1:] + edges[:-1]) / 2)[filled])
    np.testing.assert_allclose(other.weights, counts[filled] / 5000)
    # Without a deviation that of the histogram is taken; here it is the smaller spread.
    two = np.array([0.0, 1.0])
    flat = np.array([40, 0, 0, 0, 60])
    ends = np.linspace(-0.5, 4.5, 6)
    _, found = binned_kernels(two, ends, flat, None)
    np.testing.assert_allclose(found.centres, [0, 4])
    np.testing.assert_allclose(found.weights, [0.4, 0.6])
    _, given = binned_kernels(two, ends, flat, 0.5)
    assert given.bandwidth == pytest.approx(0.9 * 0.5 * 100**-0.2)
    # Quartiles by interpolation of the cumulative share at the upper edges.
    even, edge = np.array([25, 25, 25, 25]), np.array([0.0, 1, 2, 3, 4])
    _, found = binned_kernels(two, edge, even, 100.0)
    assert found.bandwidth == pytest.approx(0.9 * 2 / 1.349 * 100**-0.2)
    _, found = binned_kernels(two, edge, even, None)
    assert found.bandwidth == pytest.approx(0.9 * np.sqrt(1.25) * 100**-0.2)


def test_a_side_without_spread_borrows_the_others_also_in_bins():
    edges = np.array([0.0, 1, 2, 3, 4])
    one, _ = binned_kernels(np.array([9.0]), edges, np.array([25, 25, 25, 25]), 100.0)
    assert one.bandwidth == pytest.approx(0.9 * 2 / 1.349)
    mated = np.array([8.0, 9.0, 10.0, 12.0])
    _, other = binned_kernels(mated, edges, np.array([0, 100, 0, 0]), 0.0)
    assert other.bandwidth == pytest.approx(0.9 * silverman_spread(mated) * 100**-0.2)
    np.testing.assert_allclose(other.centres, [1.5])
    assert binned_kernels(np.array([9.0]), edges, np.array([0, 100, 0, 0]), 0.0) is None
    assert binned_kernels(np.zeros(0), edges, np.array([1, 2, 3, 4]), 1.0) is None
    assert binned_kernels(mated, edges, np.zeros(4, int), 1.0) is None
    rounding = binned_kernels(np.full(5, 0.3), 0.3 + 1e-9 * edges, np.array([0, 30, 0, 0]), 1e-16)
    assert rounding is None  # equal scores whose variance is a rounding error


def test_many_bins_are_joined_with_their_mean_kept():
    rng = np.random.default_rng(11)
    strangers = rng.normal(0, 1, 200_000)
    edges, counts = histogram_of(strangers, 6 * COMPRESS_ABOVE)
    kernel = binned_kernels(np.array([3.0, 4.0]), edges, counts, 1.0)[1]
    filled = np.flatnonzero(counts)
    step = filled.size // COMPRESS_ABOVE
    assert step > 1
    assert kernel.centres.size == -(-filled.size // step)
    assert kernel.weights.sum() == pytest.approx(1.0)
    middle = (edges[1:] + edges[:-1]) / 2
    first = filled[:step]
    share = counts[first] / counts[first].sum()
    assert kernel.centres[0] == pytest.approx(share @ middle[first])
    assert kernel.weights[0] == pytest.approx(counts[first].sum() / 200_000)
    assert kernel.weights @ kernel.centres == pytest.approx(middle @ counts / 200_000)
