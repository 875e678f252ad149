"""The open-set curve: the rates of the search itself, and thresholds that tell nobody's score."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_sets import cohort

from headrisk.evaluate.open_curve import open_set
from headrisk.evaluate.openset import open_set_rates
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
