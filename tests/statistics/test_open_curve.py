"""The open-set curve: the rates of the search itself, and thresholds that tell nobody's score."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_sets import cohort, make

from headrisk.statistics.openset import (
    _round_step,
    fnir_at_fpir,
    open_set,
    open_set_rates,
    precision_at_prior,
)
from headrisk.types import PairScores


@pytest.fixture(scope="module")
def scores() -> PairScores:
    return cohort(np.random.default_rng(4), 60, shift=2.5)


def test_each_point_is_the_rate_at_its_threshold(scores: PairScores) -> None:
    curve = open_set(scores, 0.1).curve
    assert {point.size for point in curve} == {59, 29, 14}
    for point in curve:
        (rates,) = open_set_rates(scores, [point.threshold], point.size)
        assert (point.fpir, point.fnir, point.wrong) == (rates.fpir, rates.fnir, rates.wrong)


def test_the_curve_runs_from_nobody_named_to_everybody(scores: PairScores) -> None:
    curve = [point for point in open_set(scores, 0.1).curve if point.size == 59]
    limits = [point.threshold for point in curve]
    assert limits == sorted(limits, reverse=True)
    assert len(limits) >= 5
    assert (curve[0].fpir.value, curve[0].fnir.value) == (0.0, 1.0)
    assert curve[-1].fpir.value == 1.0
    assert [p.fpir.value for p in curve] == sorted(p.fpir.value for p in curve)


@given(st.integers(0, 10**6), st.integers(12, 40), st.sampled_from([0.5, 3.0]))
@settings(max_examples=40, deadline=None)
def test_no_step_of_the_curve_stands_for_few_people(seed: int, people: int, shift: float) -> None:
    scores = cohort(np.random.default_rng(seed), people, shift=shift)
    curve = [p for p in open_set(scores, 0.1).curve if p.size == people - 1]
    mates = np.array([scores.values[k, k] for k in range(people)])
    for upper, lower in pairwise(curve):
        inside = int(((mates >= lower.threshold) & (mates < upper.threshold)).sum())
        assert inside == 0 or inside >= 5
        changed = round((lower.fpir.value - upper.fpir.value) * people)
        assert changed == 0 or changed >= 5
    limits = {point.threshold for point in curve}
    assert not limits & set(scores.values.ravel().tolist())


def test_fitted_thresholds_are_not_told(scores: PairScores) -> None:
    found = open_set(scores, 0.1)
    assert found.strictest is not None
    assert found.strictest.threshold is None


@pytest.mark.parametrize(
    ("wanted", "step"),
    [
        (1.0, 1.0),
        (1.99, 1.0),
        (2.0, 2.0),
        (4.9, 2.0),
        (5.0, 5.0),
        (9.99, 5.0),
        (10.0, 10.0),
        (0.03, 0.02),
        (0.05, 0.05),
        (0.01, 0.01),
        (0.2, 0.2),
        (730.0, 500.0),
        (0.0, 1.0),
        (-3.0, 1.0),
        (0.5, 0.5),
    ],
)
def test_round_steps(wanted: float, step: float) -> None:
    assert _round_step(wanted) == pytest.approx(step, rel=1e-12)


def test_every_field_of_the_open_set(scores: PairScores) -> None:
    found = open_set(scores, 0.25)
    assert (found.prior, found.people, found.needed) == (0.25, 60, 1228)
    assert (found.target, found.budget) == (None, 0.1)
    rates = fnir_at_fpir(scores, 0.1, 59)
    assert found.strictest is not None
    assert (found.strictest.size, found.strictest.threshold) == (59, None)
    for name in ("fpir", "fnir", "wrong"):
        assert getattr(found.strictest, name) == getattr(rates, name)
    assert found.strictest.precision == precision_at_prior(rates, 0.25)
    for point in found.curve:
        (rates,) = open_set_rates(scores, [point.threshold], point.size)
        assert point.precision == precision_at_prior(rates, 0.25)


def test_the_target_is_at_three_in_a_thousand() -> None:
    many = cohort(np.random.default_rng(4), 1228, shift=3.0)
    found = open_set(many, 0.1)
    rates = fnir_at_fpir(many, 0.003, 1227)
    assert found.target is not None
    assert (found.target.fpir, found.target.fnir) == (rates.fpir, rates.fnir)
    assert (found.budget, found.strictest) == (0.003, found.target)
    assert {point.size for point in found.curve} == {1227, 613, 306}


def test_galleries_of_one_person_are_not_drawn() -> None:
    few = cohort(np.random.default_rng(0), 6, shift=2.0)
    assert {point.size for point in open_set(few, 0.1).curve} == {5, 2}
    assert open_set(few, 0.1).budget is None
    assert open_set(cohort(np.random.default_rng(0), 11, shift=2.0), 0.1).budget == 0.3
    two = cohort(np.random.default_rng(0), 2, shift=2.0)
    found = open_set(two, 0.1)
    assert (found.curve, found.budget, found.strictest, found.people) == ((), None, None, 2)


def test_no_more_people_than_any_mate_was_compared_with() -> None:
    """Person 9 is not in the gallery, so that all four others are strangers."""
    scores = make(np.random.default_rng(0).normal(size=(5, 4)), [0, 1, 2, 3, 9], range(4))
    assert {point.size for point in open_set(scores, 0.1).curve} == {3}
    usable = np.ones((5, 4), bool)
    usable[0, 1:] = False
    usable[0, 0] = True
    alone = make(scores.values, [0, 1, 2, 3, 9], range(4), usable)
    assert open_set(alone, 0.1).curve == ()


@pytest.mark.parametrize(
    "scores",
    [
        make([[1.0]], [0], [0]),
        make(np.ones((2, 3)), [0, 1], [2, 3, 4]),
        make(np.zeros((0, 0)), [], []),
    ],
)
def test_without_mates_or_strangers_there_is_nothing(scores: PairScores) -> None:
    found = open_set(scores, 0.4)
    assert (found.prior, found.needed, found.curve) == (0.4, 1228, ())
    assert (found.target, found.budget, found.strictest) == (None, None, None)
    assert found.people == (2 if scores.values.size == 6 else 0)


@given(st.integers(0, 10**6), st.integers(12, 30), st.sampled_from([0.4, 3.0, 70.0]))
@settings(max_examples=25, deadline=None)
def test_thresholds_are_round_and_reach_beyond_all_scores(seed, people, scale) -> None:
    made = cohort(np.random.default_rng(seed), people, shift=2.0)
    made = make(made.values * scale, range(people), range(people))
    limits = [p.threshold for p in open_set(made, 0.1).curve if p.size == people - 1]
    best = np.where(np.eye(people), -np.inf, made.values).max(axis=1)
    where = np.concatenate([best, np.diag(made.values)])
    step = _round_step((where.max() - where.min()) / 40)
    multiples = np.array(limits) / step
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-6)
    assert where.max() < limits[0] <= where.max() + step * (1 + 1e-9)
    assert where.min() - step <= limits[-1] <= where.min()
    # No threshold could be put between two neighbours without telling of fewer than five people.
    for upper, lower in pairwise(limits[:-1]):
        for k in range(round(lower / step) + 1, round(upper / step)):
            inside = [int(((v >= k * step) & (v < upper)).sum()) for v in (best, where[people:])]
            assert any(0 < number < 5 for number in inside)
