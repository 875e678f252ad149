"""Fusion of measures: no worse than the best one, and weights that saw neither person."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from headrisk.linkage.fusion import PULL, _fit, fuse
from headrisk.statistics.rates import mate_ranks
from headrisk.types import PairScores


def measures(rng, people, ahead):
    who, usable = np.arange(people), np.ones((people, people), bool)
    return {
        f"m{k}": PairScores(
            f"m{k}", rng.normal(size=usable.shape) + a * np.eye(people), usable, who, who
        )
        for k, a in enumerate(ahead)
    }


def rate(scores):
    return mate_ranks(scores).within(1).mean()


@pytest.mark.parametrize("people", [12, 40, 150])
def test_two_good_measures_together_find_more(people):
    gained = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        scores = measures(rng, people, [2.0, 2.0, 0.0])
        gained.append(rate(fuse(scores, rng)) - max(rate(one) for one in scores.values()))
    assert np.mean(gained) > 0.03


@pytest.mark.parametrize("people", [12, 40, 150])
def test_noise_beside_one_good_measure_costs_little(people):
    lost = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        scores = measures(rng, people, [0.0] * 6 + [3.0] + [0.0] * 6)
        lost.append(rate(scores["m6"]) - rate(fuse(scores, rng)))
    assert np.mean(lost) < (0.12 if people < 20 else 0.05)


def test_noise_alone_stays_at_chance():
    rates = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        rates.append(rate(fuse(measures(rng, 20, [0.0] * 5), rng)))
    assert np.mean(rates) == pytest.approx(1 / 20, abs=4 * np.std(rates) / np.sqrt(15))


def test_the_weights_are_those_of_scipy():
    rng = np.random.default_rng(4)
    ahead = rng.normal(size=(25, 9, 3)) + np.array([1.0, 0.5, 0.0])
    usable, share = rng.random((25, 9)) < 0.9, rng.uniform(0.3, 1, 25)
    start = np.array([0.7, 0.0, 0.0])

    def loss(w):
        odds = np.where(usable, -(ahead @ w), -np.inf)
        whole = np.log1p(np.exp(odds).sum(axis=1))
        return share @ whole + PULL / 2 * ((w - start) ** 2).sum()

    expected = minimize(loss, start, tol=1e-12).x
    np.testing.assert_allclose(_fit(ahead, usable, share, start)[0], expected, atol=1e-4)


def test_the_scores_of_two_people_do_not_set_their_own_weights():
    rng = np.random.default_rng(5)
    scores = measures(rng, 20, [1.5, 1.5])
    before = fuse(scores, np.random.default_rng(0))
    values = scores["m0"].values.copy()
    values[3, 3] -= 1.0  # the mate of one person falls
    changed = dict(scores, m0=PairScores("m0", values, *_rest(scores["m0"])))
    after = fuse(changed, np.random.default_rng(0))
    gap = after.values[3, 3] - before.values[3, 3]
    assert gap < 0
    assert np.abs(after.values[3, 4] - before.values[3, 4]) < 0.1  # standardising alone moves


def _rest(scores):
    return scores.usable, scores.probe_person, scores.gallery_person


def test_gaps_ties_and_nobody():
    rng = np.random.default_rng(6)
    assert fuse(measures(rng, 10, [1.0]), rng) is None
    for people in (1, 2, 3, 5):
        scores = measures(rng, people, [1.0, 1.0])
        scores["m1"] = PairScores(
            "m1",
            np.zeros((people, people)),
            rng.random((people, people)) < 0.5,
            np.arange(people),
            np.arange(people),
        )
        found = fuse(scores, rng)
        assert found is None or np.isfinite(found.values).all()
    infinite = measures(rng, 8, [1.0, 1.0])
    infinite["m0"].values[2, 2] = np.inf
    assert np.isfinite(fuse(infinite, rng).values).all()
