"""Likelihood ratios: densities are densities, and wrong labels hardly move the fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from headrisk.linkage.evidence import KNEE, SHIPPED, Kind, Mated, Nonmated, fit_evidence

RNG = np.random.default_rng


@pytest.mark.parametrize("kind", list(SHIPPED))
def test_densities_integrate_to_one_and_give_the_tail_chances(kind: Kind) -> None:
    one = SHIPPED[kind]
    for score in (one.nonmated.location, one.nonmated.knee, one.nonmated.knee + 0.07):
        x = np.linspace(score, score + 2, 400_001)
        above = integrate.trapezoid(np.exp(one.nonmated.log_density(x)), x)
        assert one.nonmated.chance_above(score) == pytest.approx(above, abs=2e-4)
    x = np.linspace(-5, 5, 400_001)
    assert integrate.trapezoid(np.exp(one.nonmated.log_density(x)), x) == pytest.approx(1, abs=2e-4)
    assert one.nonmated.chance_above(one.nonmated.knee) == pytest.approx(1 - KNEE)
    assert one.mated.chance_below(0.5) == pytest.approx(
        integrate.quad(lambda s: float(np.exp(one.mated.log_density(np.array(s)))), -20, 0.5)[0],
        abs=1e-4,
    )


@given(st.floats(-1, 1), st.floats(0, 0.5))
def test_no_score_speaks_louder_than_a_typical_mate(score: float, more: float) -> None:
    one = SHIPPED["t1"]
    low, high = one.log_ratio(np.array([score, min(score + more, 1.0)]))
    assert high <= one.log_ratio(np.array([one.mated.location]))[0] + 1e-12
    if score >= one.nonmated.knee:
        assert high >= low - 1e-12


def test_the_tail_is_heavier_than_the_normal_it_was_fitted_to() -> None:
    scores = RNG(0).normal(0.1, 0.03, 4000)
    first, second = np.triu_indices(90, 1)
    fitted = fit_evidence("t1", scores, first[:4000], second[:4000])
    for z in (4.0, 5.0, 6.0):
        found = fitted.nonmated.chance_above(0.1 + 0.03 * z)
        assert stats.norm.sf(z) < found < 40 * stats.norm.sf(z) ** 0.5


def test_a_few_wrong_labels_hardly_move_the_fit() -> None:
    rng = RNG(1)
    first, second = np.triu_indices(40, 1)
    scores = rng.normal(0.05, 0.04, first.size)
    clean = fit_evidence("t1", scores, first, second)
    scores[rng.choice(first.size, 12, replace=False)] = 0.8
    spoiled = fit_evidence("t1", scores, first, second)
    assert spoiled.nonmated.location == pytest.approx(clean.nonmated.location, abs=0.004)
    assert spoiled.nonmated.scale == pytest.approx(clean.nonmated.scale, rel=0.1)
    assert spoiled.nonmated.tail == pytest.approx(clean.nonmated.tail, rel=0.35)


def test_few_pairs_leave_the_shipped_values_and_say_so() -> None:
    scores, first, second = np.array([0.7, 0.1, 0.2]), np.array([0, 0, 0]), np.array([0, 1, 1])
    found = fit_evidence("t1", scores, first, second)
    assert found == SHIPPED["t1"]
    assert "shipped" in found.mated_source
    assert "persons" in found.nonmated_source


def test_many_mates_are_fitted_from_the_data() -> None:
    rng = RNG(2)
    label = np.repeat(np.arange(25), 2)
    first, second = np.triu_indices(50, 1)
    same = label[first] == label[second]
    scores = np.where(same, rng.normal(0.9, 0.03, first.size), rng.normal(0.1, 0.03, first.size))
    found = fit_evidence("t1", scores, label[first], label[second])
    assert found.mated.location == pytest.approx(0.9, abs=0.03)
    assert "25 labels" in found.mated_source


def test_shipped_mates_move_with_the_non_mates_of_the_data() -> None:
    first, second = np.triu_indices(30, 1)
    scores = RNG(3).normal(0.02, 0.03, first.size)
    found = fit_evidence("t1", scores, first, second)
    shipped = SHIPPED["t1"]
    gap = shipped.mated.location - shipped.nonmated.location
    assert found.mated.location - found.nonmated.location == pytest.approx(gap)


def test_equal_scores_give_a_usable_fit() -> None:
    first, second = np.triu_indices(12, 1)
    found = fit_evidence("t1", np.full(first.size, 0.1), first, second)
    assert np.isfinite(found.log_ratio(np.array([-1.0, 0.1, 1.0]))).all()


def test_densities_accept_matrices() -> None:
    grid = np.array([[0.1, 0.5], [0.9, -0.4]])
    assert Nonmated(0.1, 0.04, 0.15, 0.03).log_density(grid).shape == (2, 2)
    assert Mated(0.7, 0.1).log_density(grid).shape == (2, 2)


def test_densities_by_hand() -> None:
    """A normal cut at the knee with 80 % of the mass, an exponential above, and Student's t."""
    one = Nonmated(0.1, 0.04, 0.15, 0.03)
    x = np.array([-0.3, 0.1, 0.15, 0.1500001, 0.2, 0.9])
    body = KNEE * stats.norm.pdf(x, 0.1, 0.04) / stats.norm.cdf(0.15, 0.1, 0.04)
    tail = (1 - KNEE) / 0.03 * np.exp(-(x - 0.15) / 0.03)
    expected = np.where(x <= 0.15, body, tail)
    np.testing.assert_allclose(np.exp(one.log_density(x)), expected, rtol=1e-9)
    assert one.chance_above(0.15) == pytest.approx(1 - KNEE)
    assert one.chance_above(0.2) == pytest.approx((1 - KNEE) * np.exp(-5 / 3))
    below = KNEE * stats.norm.cdf(0.05, 0.1, 0.04) / stats.norm.cdf(0.15, 0.1, 0.04)
    assert one.chance_above(0.05) == pytest.approx(1 - below)
    mated = Mated(0.7, 0.1)
    expected = stats.t.pdf((x - 0.7) / 0.1, 4) / 0.1
    np.testing.assert_allclose(np.exp(mated.log_density(x)), expected, rtol=1e-9)
    assert mated.chance_below(0.6) == pytest.approx(stats.t.cdf(-1.0, 4))


def test_the_ratio_stays_what_it_is_beyond_both_locations() -> None:
    one = SHIPPED["t1"]
    x = np.array([0.3, 0.5])
    expected = one.mated.log_density(x) - one.nonmated.log_density(x)
    np.testing.assert_allclose(one.log_ratio(x), expected)
    ends = one.log_ratio(np.array([-3.0, 0.12, 0.69, 4.0]))
    assert ends[0] == ends[1] < ends[2] == ends[3]


def fitted_by_hand(scores: np.ndarray, kind: Kind) -> Nonmated:
    shipped = SHIPPED[kind].nonmated
    middle = np.median(scores)
    scale = max(1.4826 * np.median(np.abs(scores - middle)), shipped.scale / 2)
    knee = np.quantile(scores, 0.8)
    excess = np.median([s - knee for s in scores if s > knee]) / np.log(2)
    return Nonmated(middle, scale, knee, max(excess, scale / 2, shipped.tail / 2))


@pytest.mark.parametrize("spread", [0.001, 0.05, 0.2])
@pytest.mark.parametrize("kind", list(SHIPPED))
def test_fits_by_hand(kind: Kind, spread: float) -> None:
    """Scores of 20 labels with two scans each, none too narrow; sources name what was used."""
    rng, shipped = RNG(7), SHIPPED[kind]
    label = np.repeat(np.arange(20), 2)
    first, second = np.triu_indices(40, 1)
    first, second = label[first], label[second]
    same = first == second
    scores = rng.gumbel(0.2, spread, first.size) + 0.5 * same
    found = fit_evidence(kind, scores, first, second)
    expected = fitted_by_hand(scores[~same], kind)
    for name in ("location", "scale", "knee", "tail"):
        assert getattr(found.nonmated, name) == pytest.approx(getattr(expected, name))
    assert found.nonmated_source == "760 pairs of scans with different labels in these data"
    mates = scores[same]
    middle = np.median(mates)
    wide = max(1.4826 * np.median(np.abs(mates - middle)), shipped.mated.scale / 2)
    assert found.mated == Mated(pytest.approx(middle), pytest.approx(wide))
    assert found.mated_source == "20 pairs of scans with one label (20 labels) in these data"
    assert found.measure == shipped.measure


def test_twenty_labels_and_twenty_pairs_of_labels_are_the_least() -> None:
    """Repeated scans of the same two labels are no more evidence."""
    shipped = SHIPPED["t1"]
    first = np.repeat(np.arange(19), 2)
    few = fit_evidence("t1", np.full(38, 0.9), first, first)
    assert few == shipped
    label = np.arange(20)
    enough = fit_evidence("t1", np.full(20, 0.9), label, label)
    assert enough.mated == Mated(0.9, shipped.mated.scale / 2)
    assert enough.nonmated == shipped.nonmated
    one = np.concatenate([np.zeros(19), np.arange(1, 20)]).astype(int)
    other = np.concatenate([np.arange(1, 20), np.zeros(19)]).astype(int)
    assert fit_evidence("t1", np.full(38, 0.3), one, other) == shipped  # 19 pairs, twice
    other[0], other[19] = 20, 20
    found = fit_evidence("t1", np.full(38, 0.3), one, other)
    assert found.nonmated.location == 0.3
    assert found.mated.location == pytest.approx(
        shipped.mated.location + 0.3 - shipped.nonmated.location
    )
    assert (found.mated.scale, found.mated_source) == (shipped.mated.scale, shipped.mated_source)
    # All equal: nothing lies above the knee.
    assert found.nonmated.tail == shipped.nonmated.tail / 2
