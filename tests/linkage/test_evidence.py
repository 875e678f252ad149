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
