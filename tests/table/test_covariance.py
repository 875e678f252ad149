"""Covariances learnt from other people, against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf

from headrisk.table.covariance import (
    fit_two_covariances,
    fit_whitening,
    ledoit_wolf,
    power,
    two_covariances,
    within_deviations,
)


@pytest.mark.parametrize("shape", [(40, 7), (9, 20), (300, 30), (12, 1)])
def test_shrinkage_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    rows = rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1]))
    rows -= rows.mean(axis=0)
    expected = LedoitWolf(assume_centered=True).fit(rows).covariance_
    np.testing.assert_allclose(ledoit_wolf(rows), expected, rtol=1e-9, atol=1e-12)


def test_whitened_training_rows_are_uncorrelated() -> None:
    rng = np.random.default_rng(2)
    mixing = np.linalg.qr(rng.standard_normal((6, 6)))[0] * np.linspace(0.8, 1.2, 6)
    rows = rng.standard_normal((5000, 6)) @ mixing + 3
    white = fit_whitening(rows).apply(rows)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(white.T), np.eye(6), atol=0.1)


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
        [[joint.logpdf(np.concatenate([a, c])) - alone.logpdf(a) - alone.logpdf(c) for c in y]
         for a in x]
    )  # fmt: skip
    np.testing.assert_allclose(model.score(x, y), expected, rtol=1e-8)


def test_deviations_within_people_are_unbiased() -> None:
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(4000), 3)
    rows = 10 * rng.standard_normal((4000, 2))[person] + 0.5 * rng.standard_normal((12000, 2))
    spread = (within_deviations(rows, person) ** 2).mean(axis=0)
    np.testing.assert_allclose(spread, 0.25, rtol=0.05)


def test_learnt_covariances_tell_people_apart() -> None:
    rng = np.random.default_rng(6)
    person = np.repeat(np.arange(300), 2)
    traits = rng.standard_normal((400, 8))
    rows = traits[person] + 0.3 * rng.standard_normal((600, 8))
    model = fit_two_covariances(rows, person)
    again = [traits[300:] + 0.3 * rng.standard_normal((100, 8)) for _ in range(2)]
    scores = model.score(*again)
    own, others = np.diag(scores), scores[~np.eye(100, dtype=bool)]
    assert np.median(own) > 3
    assert np.median(others) < -10
