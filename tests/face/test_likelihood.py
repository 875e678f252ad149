"""Likelihood ratios: SciPy's normal densities as the oracle, and no photograph teaches its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import roc_auc_score

from headrisk.face import likelihood
from headrisk.face.likelihood import likelihood_ratios
from headrisk.table.covariance import two_covariances

RNG = np.random.default_rng


def spread(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.5 * np.eye(size)


def test_ratios_are_those_of_normal_densities() -> None:
    rng = RNG(0)
    between = spread(rng, 4)
    total, shared = between + spread(rng, 4), 0.6 * between
    probes, gallery = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    found = two_covariances(np.zeros(4), shared, total - shared).score(probes, gallery)
    joint = multivariate_normal(np.zeros(8), np.block([[total, shared], [shared, total]]))
    alone = multivariate_normal(np.zeros(4), total)
    for i, x in enumerate(probes):
        for j, y in enumerate(gallery):
            expected = joint.logpdf(np.r_[x, y]) - alone.logpdf(x) - alone.logpdf(y)
            assert found[i, j] == pytest.approx(expected, abs=1e-10)


def people(
    rng: np.random.Generator, count: int, size: int, shift: float = 0.0, noise: float = 0.4
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Three photographs and five renders of each person, photographs shifted all alike."""
    faces = rng.normal(size=(count, size))
    sets, scans = np.repeat(np.arange(count), 3), np.repeat(np.arange(count), 5)
    photos = faces[sets] + noise * rng.normal(size=(len(sets), size)) + shift
    renders = faces[scans] + noise * rng.normal(size=(len(scans), size))
    return photos, sets, renders, scans


def rank1(ratios: np.ndarray) -> float:
    return float(np.mean(ratios.argmax(axis=1) == np.arange(len(ratios))))


@pytest.mark.parametrize("size", [16, 200])
def test_people_are_found_although_all_photographs_are_shifted(size: int) -> None:
    """200 numbers are more than the axes that are kept."""
    for shift in (0.0, 3.0):
        assert rank1(likelihood_ratios(*people(RNG(4), 30, size, shift))) > 0.9


def test_noise_gives_no_link() -> None:
    """Embeddings without any person in them: mates must not stand out."""
    areas = []
    for seed in range(12):
        rng = RNG(seed)
        photos, renders = rng.normal(size=(60, 16)) + 1, rng.normal(size=(80, 16)) - 1
        sets, scans = np.repeat(np.arange(20), 3), np.repeat(np.arange(20), 4)
        found = likelihood_ratios(photos, sets, renders, scans)
        areas.append(roc_auc_score(np.eye(20, dtype=bool).ravel(), found.ravel()))
    assert abs(np.mean(areas) - 0.5) < 0.04


def test_what_varies_within_other_people_counts_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """One axis is loud within everybody's photographs, and says nothing of who it is."""
    photos, sets, renders, scans = people(RNG(5), 40, 8)
    photos = photos + RNG(6).normal(size=(len(photos), 1)) * np.eye(8)[0] * 8
    learnt = rank1(likelihood_ratios(photos, sets, renders, scans))
    monkeypatch.setattr(likelihood, "SHRINKAGE", 1.0)  # nothing is learnt but the scale
    assert learnt > rank1(likelihood_ratios(photos, sets, renders, scans)) + 0.05


def test_the_own_photographs_teach_nothing() -> None:
    """Own photographs move their own row by their mean alone, and other rows by their spread too.

    A row whose model stays is a quadratic in the length of the mean: from three lengths the fourth
    is foretold.
    """
    photos, sets, renders, scans = people(RNG(7), 12, 6)

    def ratios(angle: float) -> np.ndarray:
        """Set 3 on the unit circle: the wider the angle, the shorter its mean on one axis."""
        changed = photos.copy()
        turns = np.array([-angle, 0.0, angle])
        changed[sets == 3] = np.outer(np.cos(turns), np.eye(6)[0])
        changed[sets == 3] += np.outer(np.sin(turns), np.eye(6)[1])
        return likelihood_ratios(changed, sets, renders, scans)

    angles = [0.0, 0.4, 0.8, 1.2]
    lengths = [(1 + 2 * np.cos(angle)) / 3 for angle in angles]
    found = np.stack([ratios(angle) for angle in angles])
    for row, stays in ((3, True), (0, False)):
        foretold = np.linalg.solve(np.vander(lengths[:3], 3), found[:3, row])
        fourth = (np.vander(lengths[3:], 3) @ foretold)[0]
        assert np.allclose(fourth, found[3, row], atol=1e-8) is stays


def test_whose_scan_is_whose_is_not_used() -> None:
    """Scans in another order give the same ratios in that order."""
    photos, sets, renders, scans = people(RNG(9), 15, 6)
    order = RNG(10).permutation(15)
    found = likelihood_ratios(photos, sets, renders, scans)
    moved = np.argsort(order)[scans]
    rows = np.argsort(moved, kind="stable")
    again = likelihood_ratios(photos, sets, renders[rows], moved[rows])
    np.testing.assert_allclose(again, found[:, order], atol=1e-9)


@pytest.mark.parametrize(("sets", "scans"), [(1, 1), (1, 4), (2, 2), (2, 1), (3, 5), (11, 1)])
def test_few_people_give_finite_ratios(sets: int, scans: int) -> None:
    rng = RNG(11)
    found = likelihood_ratios(
        rng.normal(size=(2 * sets, 7)),
        np.repeat(np.arange(sets), 2),
        rng.normal(size=(3 * scans, 7)),
        np.repeat(np.arange(scans), 3),
    )
    assert found.shape == (sets, scans)
    assert np.isfinite(found).all()


def test_pictures_taken_a_few_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that cut through people, lengths of rows, and 32-bit floats change nothing."""
    photos, sets, renders, scans = people(RNG(20), 15, 150)
    whole = likelihood_ratios(photos, sets, renders, scans)
    monkeypatch.setattr(likelihood, "BLOCK", 4)
    lengths = RNG(21).uniform(0.1, 9, size=(len(renders), 1))
    again = likelihood_ratios(photos, sets, renders * lengths, scans)
    np.testing.assert_allclose(again, whole, atol=1e-8)
    single = likelihood_ratios(photos.astype(np.float32), sets, renders.astype(np.float32), scans)
    np.testing.assert_allclose(single, whole, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("scans", "sets", "size"), [(90, 70, 300), (9, 8, 200), (150, 100, 140)])
def test_axes_are_the_leading_singular_vectors(scans: int, sets: int, size: int) -> None:
    rng = RNG(22)
    means = [rng.normal(size=(n, size)) * np.linspace(3, 0.2, size) for n in (scans, sets)]
    found = likelihood._axes(*means)
    expected = np.linalg.svd(np.concatenate(means), full_matrices=False)[2][:128]
    np.testing.assert_allclose(found.T @ found, np.eye(len(expected)), atol=1e-9)
    np.testing.assert_allclose(found @ found.T, expected.T @ expected, atol=1e-7)


def test_equal_pictures_give_finite_ratios() -> None:
    ones = np.ones((6, 5))
    found = likelihood_ratios(ones, np.repeat(np.arange(3), 2), ones, np.repeat(np.arange(2), 3))
    assert np.isfinite(found).all()


def test_one_photograph_of_a_known_face_is_found_among_few() -> None:
    """Nobody else's photographs to learn from: the renders' spread is taken."""
    photos, sets, renders, scans = people(RNG(12), 6, 12, noise=0.2)
    found = likelihood_ratios(photos[sets == 4], np.zeros(3, dtype=np.int64), renders, scans)
    assert found.shape == (1, 6)
    assert found.argmax() == 4
