"""Attacks of somebody who holds both sets whole, against naive loops and all orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.linkage.whole_sets import MOST_ASSIGNED, assigned, locally_scaled
from headrisk.statistics.rates import mate_ranks
from headrisk.types import PairScores


def scores_of(values, probe, gallery, usable=None):
    values = np.asarray(values, dtype=float)
    usable = np.ones(values.shape, bool) if usable is None else np.asarray(usable)
    return PairScores("t", values, usable, np.asarray(probe), np.asarray(gallery))


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 100_000), st.integers(1, 5), st.integers(0, 2))
def test_a_search_in_the_prices_returns_the_best_assignment(seed, probes, more):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(probes, probes + more))
    found = assigned(scores_of(values, range(probes), range(probes + more)), rng)
    taken = found.values.argmax(axis=1)
    assert len(set(taken.tolist())) == probes
    best = max(
        sum(values[i, j] for i, j in enumerate(order))
        for order in permutations(range(probes + more), probes)
    )
    assert values[np.arange(probes), taken].sum() == pytest.approx(best, abs=1e-6)


def test_rows_of_one_person_are_assigned_as_one():
    rng = np.random.default_rng(0)
    values = [[5.0, 4.0, 0.0], [0.0, 4.0, 3.0], [5.0, 0.0, 0.0]]
    found = assigned(scores_of(values, [1, 1, 2], [1, 2, 2]), rng)
    np.testing.assert_allclose(found.values[0], found.values[1])
    assert set(found.values.argmax(axis=1).tolist()) <= {0, 1, 2}


def test_equal_assignments_are_left_to_chance():
    """All scores alike: whoever stands in the same row of both tables is not found by that."""
    people = 30
    rates = [
        mate_ranks(
            assigned(
                scores_of(np.ones((people, people)), range(people), range(people)),
                np.random.default_rng(seed),
            )
        )
        .within(1)
        .mean()
        for seed in range(60)
    ]
    assert np.mean(rates) == pytest.approx(1 / people, abs=0.03)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (2, 1), (1, 2)])
def test_the_smallest_sets(shape):
    scores = scores_of(np.ones(shape), np.arange(shape[0]), np.arange(shape[1]))
    found = assigned(scores, np.random.default_rng(0))
    assert (found is None) == (0 in shape)


def test_nobody_comparable_and_too_many_people_are_not_assigned():
    nobody = scores_of(np.ones((2, 2)), [0, 1], [0, 1], np.zeros((2, 2), bool))
    assert assigned(nobody, np.random.default_rng(0)) is None
    many = MOST_ASSIGNED + 1
    assert (
        assigned(scores_of(np.ones((1, many)), [0], range(many)), np.random.default_rng(0)) is None
    )


def test_local_scaling_is_that_of_a_loop():
    rng = np.random.default_rng(1)
    values, usable = rng.normal(size=(50, 44)), rng.random((50, 44)) < 0.8
    found = locally_scaled(values, usable)
    for i, j in ((0, 0), (13, 7), (49, 43)):
        row = sorted(values[i, usable[i]])[-10:]
        column = sorted(values[usable[:, j], j])[-10:]
        assert found[i, j] == pytest.approx(2 * values[i, j] - np.mean(row) - np.mean(column))


def test_local_scaling_takes_hubs_away():
    """A gallery person who is like everybody no longer comes first for everybody."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(40, 40)) + 3 * np.eye(40)
    values[:, 5] += 3.5
    usable = np.ones(values.shape, bool)
    assert (values.argmax(axis=1) == 5).mean() > 0.5
    assert (locally_scaled(values, usable).argmax(axis=1) == np.arange(40)).mean() > 0.6
