"""Covariances learnt from other people, against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf

from headrisk.table.covariance import (
    compact,
    fit_joint,
    joint_gaussian,
    ledoit_wolf,
    power,
    shrinkage,
    two_covariances,
    whitened,
)


@pytest.mark.parametrize("shape", [(40, 7), (9, 20), (300, 30), (12, 1)])
def test_shrinkage_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    rows = rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1]))
    rows -= rows.mean(axis=0)
    expected = LedoitWolf(assume_centered=True).fit(rows).covariance_
    np.testing.assert_allclose(ledoit_wolf(rows), expected, rtol=1e-9, atol=1e-12)


def test_whitened_rows_are_uncorrelated() -> None:
    rng = np.random.default_rng(2)
    mixing = np.linalg.qr(rng.standard_normal((6, 6)))[0] * np.linspace(0.8, 1.2, 6)
    white = whitened(rng.standard_normal((5000, 6)) @ mixing + 3)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(white.T), np.eye(6), atol=0.1)


@pytest.mark.parametrize("shape", [(9, 40), (20, 21), (30, 8)])
def test_fewer_coordinates_change_no_product(shape: tuple[int, int]) -> None:
    """Rows of many columns, turned into their own space, whiten and compare as before."""
    rng = np.random.default_rng(sum(shape))
    rows = rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1]))
    small = compact(rows)
    assert small.shape[1] <= min(shape)
    np.testing.assert_allclose(small @ small.T, rows @ rows.T, atol=1e-9)
    centred = rows - rows.mean(axis=0)
    model = LedoitWolf(assume_centered=True).fit(centred)
    assert shrinkage(small - small.mean(axis=0), shape[1])[0] == pytest.approx(model.shrinkage_)
    direct = centred @ power(model.covariance_, -0.5)
    turned = whitened(small, shape[1])
    np.testing.assert_allclose(turned @ turned.T, direct @ direct.T, rtol=1e-6, atol=1e-8)


def test_powers_of_a_matrix() -> None:
    rng = np.random.default_rng(3)
    root = rng.standard_normal((5, 5))
    matrix = root @ root.T
    half = power(matrix, -0.5)
    np.testing.assert_allclose(half @ matrix @ half, np.eye(5), atol=1e-8)
    singular = np.diag([1.0, 1.0, 0.0])
    assert np.isfinite(power(singular, -0.5)).all()


def test_the_ratio_is_that_of_two_normal_densities() -> None:
    rng = np.random.default_rng(4)
    size = 4
    b, w = (rng.standard_normal((size, size)) for _ in range(2))
    between, within = b @ b.T, w @ w.T + 0.1 * np.eye(size)
    centre = rng.standard_normal(size)
    model = two_covariances(centre, between, within)
    x, y = rng.standard_normal((3, size)), rng.standard_normal((5, size))
    total = between + within
    same = np.block([[total, between], [between, total]])
    alone = multivariate_normal(centre, total)
    joint = multivariate_normal(np.concatenate([centre, centre]), same)
    expected = np.array(
        [
            [joint.logpdf(np.concatenate([a, c])) - alone.logpdf(a) - alone.logpdf(c) for c in y]
            for a in x
        ]
    )
    np.testing.assert_allclose(model.score(x, y), expected, rtol=1e-8)


def test_the_ratio_of_unlike_sides_is_that_of_scipy() -> None:
    rng = np.random.default_rng(5)
    root = rng.standard_normal((6, 6))
    covariance = root @ root.T + 0.1 * np.eye(6)
    left, right = rng.standard_normal(3), rng.standard_normal(3)
    model = joint_gaussian(left, right, covariance)
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((2, 3))
    joint = multivariate_normal(np.concatenate([left, right]), covariance)
    first = multivariate_normal(left, covariance[:3, :3])
    second = multivariate_normal(right, covariance[3:, 3:])
    expected = [
        [joint.logpdf(np.concatenate([a, b])) - first.logpdf(a) - second.logpdf(b) for b in y]
        for a in x
    ]
    np.testing.assert_allclose(model.score(x, y), expected, rtol=1e-8)


def test_the_joint_covariance_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    traits = rng.standard_normal((80, 5))
    x, y = (traits + 0.5 * rng.standard_normal((80, 5)) + 2 for _ in range(2))
    model = fit_joint(x, y)
    both = np.hstack([x - x.mean(axis=0), y - y.mean(axis=0)])
    covariance = LedoitWolf(assume_centered=True).fit(both).covariance_
    expected = joint_gaussian(x.mean(axis=0), y.mean(axis=0), covariance)
    np.testing.assert_allclose(model.score(x[:7], y[:7]), expected.score(x[:7], y[:7]), rtol=1e-8)


def test_a_pair_that_weighs_twice_is_a_pair_that_stands_twice() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((2, 30, 3))
    weight = np.ones(30)
    weight[4] = 2
    again = np.append(np.arange(30), 4)
    once, twice = fit_joint(x, y, weight), fit_joint(x[again], y[again])
    np.testing.assert_allclose(once.first_centre, twice.first_centre)
    np.testing.assert_allclose(once.cross, twice.cross, atol=0.05)


def test_the_two_sides_of_a_head_teach_one_another() -> None:
    """A model of mirrored pairs is the same whichever side is called left."""
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((2, 40, 6))
    mirror = np.array([1, 0, 3, 2, 5, 4])
    there = fit_joint(x, y, mirror=mirror)
    back = fit_joint(x[:, mirror], y[:, mirror], mirror=mirror)
    np.testing.assert_allclose(there.cross, back.cross, atol=1e-12)
    np.testing.assert_allclose(there.first, there.first[np.ix_(mirror, mirror)], atol=1e-12)


@pytest.mark.parametrize("columns", [4, 60])
def test_a_table_and_its_copy_give_numbers(columns: int) -> None:
    rows = np.random.default_rng(9).standard_normal((25, columns))
    scores = fit_joint(rows, rows).score(rows, rows)
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == np.arange(25)).all()


def test_what_is_learnt_tells_people_apart() -> None:
    rng = np.random.default_rng(6)
    traits = rng.standard_normal((400, 8))
    x, y = (traits + 0.3 * rng.standard_normal((400, 8)) for _ in range(2))
    scores = fit_joint(x[:300], y[:300]).score(x[300:], y[300:])
    own, others = np.diag(scores), scores[~np.eye(100, dtype=bool)]
    assert np.median(own) > 3
    assert np.median(others) < -10
