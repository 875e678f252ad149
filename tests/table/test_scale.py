"""Scaling and matching: against SciPy, against what they must not change, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, median_abs_deviation

from headrisk.table.scale import (
    LIMIT,
    centre_and_spread,
    choose_matching,
    head_size,
    match,
    normal_scores,
    quantile_map,
    scaled,
    scaled_within,
    without_size,
)


def test_centre_and_spread_are_those_of_scipy() -> None:
    rng = np.random.default_rng(1)
    values = rng.gamma(2, 3, (50, 4))
    values[rng.random((50, 4)) < 0.2] = np.nan
    centre, spread = centre_and_spread(values)
    np.testing.assert_allclose(centre, np.nanmedian(values, axis=0))
    expected = 1.4826 * median_abs_deviation(values, axis=0, nan_policy="omit")
    np.testing.assert_allclose(spread, expected)


def test_columns_without_a_spread() -> None:
    values = np.array([[0.0, 5, np.nan], [0, 5, np.nan], [0, 5, np.nan], [3, 5, np.nan]])
    centre, spread = centre_and_spread(values)
    assert spread[0] == pytest.approx(np.std([0, 0, 0, 3]))
    assert (centre[1], spread[1], centre[2], spread[2]) == (5, 1, 0, 1)


def test_outliers_are_cut_and_gaps_stay() -> None:
    out = scaled(np.array([[1e9, np.nan, -3.0]]), np.zeros(3), np.ones(3))
    np.testing.assert_array_equal(out, [[LIMIT, np.nan, -3]])


def test_head_size_cancels() -> None:
    """Twice the head in all three directions: the same shape, and thickness as it was."""
    kinds = ("volume", "volume", "area", "thickness", "size")
    keys = ("a", "b", "c", "d", "etiv")
    one = np.array([4000.0, 900, 700, 2.5, 1.5e6])
    values = np.stack([one, one * [8, 8, 4, 1, 8]])
    for how in ("etiv", "total"):
        out = without_size(values, kinds, keys, how)
        np.testing.assert_allclose(out[0, :4], out[1, :4])
    np.testing.assert_array_equal(without_size(values, kinds, keys, "none"), values)


def test_size_without_intracranial_volume_and_with_gaps() -> None:
    values = np.array([[100.0, 10, np.nan], [200, 20, np.nan], [np.nan, 15, np.nan], [np.nan] * 3])
    size = head_size(values, ("volume", "volume", "size"), ("a", "b", "etiv"))
    np.testing.assert_allclose(size[:3], [110 / 165, 220 / 165, 1])
    assert np.isnan(size[3])


@given(st.integers(0, 1000), st.sampled_from([5, 40]), st.sampled_from([7, 60]))
def test_quantile_matching_gives_the_target_distribution_and_keeps_order(
    seed: int, few: int, many: int
) -> None:
    rng = np.random.default_rng(seed)
    probe, target = rng.normal(3, 2, few), rng.gamma(2, 1, many)
    out = quantile_map(probe, target)
    assert (np.diff(out[np.argsort(probe)]) >= 0).all()
    assert out.min() >= target.min()
    assert out.max() <= target.max()
    assert ks_2samp(out, target).statistic <= 1 / few + 1 / many + 1e-9
    np.testing.assert_allclose(quantile_map(target, target), target)


def test_ties_and_gaps_in_ranks() -> None:
    out = normal_scores(np.array([[3.0], [np.nan], [1], [3]]))[:, 0]
    assert out[0] == out[3]
    assert np.isnan(out[1])
    assert out[2] == pytest.approx(-0.9674216)  # normal quantile of 1/6


@pytest.mark.parametrize("how", ["scale", "quantile", "rank"])
def test_matching_undoes_what_a_pipeline_does_to_a_column(how: str) -> None:
    rng = np.random.default_rng(4)
    gallery = rng.normal(4000, 300, (80, 5))
    stretched = gallery * [1, 2, 0.5, 1.1, 1] + [0, 500, -20, 1000, 0]
    probe, other = match(stretched, gallery, how)  # type: ignore[arg-type]
    np.testing.assert_allclose(probe, other, atol=1e-6)
    untouched, same = match(stretched, gallery, "none")
    assert np.abs(untouched - same).max() > 1


def test_the_matching_that_is_chosen() -> None:
    assert choose_matching("auto", "FreeSurfer 7.1", "FreeSurfer 7.1") == "none"
    assert choose_matching("auto", "FreeSurfer 6.0", "FreeSurfer 7.1") == "scale"
    assert choose_matching("auto", "", "") == "scale"
    assert choose_matching("rank", "", "") == "rank"


def test_sessions_that_differ_have_their_own_scale() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((120, 20))
    sessions = ["1"] * 60 + ["2"] * 60
    moved = rows.copy()
    moved[60:] = 1000.0 * moved[60:] + 7.0
    np.testing.assert_array_equal(
        scaled_within(rows, sessions), scaled(rows, *centre_and_spread(rows))
    )
    moved_apart = scaled_within(np.where(np.arange(120)[:, None] < 60, rows, rows + 3.0), sessions)
    for part in (slice(0, 60), slice(60, 120)):
        np.testing.assert_allclose(
            moved_apart[part], scaled(rows[part], *centre_and_spread(rows[part]))
        )
    few = scaled_within(moved[55:65], sessions[55:65])
    np.testing.assert_array_equal(few, scaled(moved[55:65], *centre_and_spread(moved[55:65])))
