"""Centring and scaling: no photograph asked for is touched, and labels do not leak."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import shrunk_covariance
from sklearn.metrics import roc_auc_score

from headrisk.face.adapt import (
    adapted_similarity,
    centre,
    mean_of_others,
    whitening,
    within_scatter,
)

RNG = np.random.default_rng


def test_the_mean_leaves_out_the_own_group_and_counts_groups_equally() -> None:
    vectors = np.array([[1.0], [3.0], [10.0], [20.0]])
    group = np.array([0, 0, 1, 2])
    np.testing.assert_allclose(mean_of_others(vectors, group)[:, 0], [15, 15, 11, 6])


def test_the_own_photographs_never_move_their_own_centre() -> None:
    rng = RNG(1)
    photos, sets = rng.normal(size=(9, 5)), np.repeat(np.arange(3), 3)
    renders, scans = rng.normal(size=(12, 5)), np.repeat(np.arange(4), 3)
    changed = photos.copy()
    changed[0] = rng.normal(size=5)
    before, after = (centre(p, sets, renders) for p in (photos, changed))
    np.testing.assert_allclose(before.photos[1:3], after.photos[1:3], atol=1e-12)  # same person
    np.testing.assert_array_equal(before.renders, after.renders)
    assert not np.allclose(before.photos[3:], after.photos[3:])
    alike, other = (adapted_similarity(p, sets, renders, scans) for p in (photos, changed))
    np.testing.assert_allclose(alike[1:3], other[1:3], atol=1e-12)
    assert not np.allclose(alike[3:], other[3:])


def test_one_person_alone_is_not_centred() -> None:
    np.testing.assert_array_equal(mean_of_others(np.ones((2, 3)), np.zeros(2, int)), 0)


def test_scatter_equals_a_naive_loop() -> None:
    rng = RNG(2)
    vectors, group = rng.normal(size=(10, 4)), np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    total = np.zeros((4, 4))
    for g in range(3):
        rows = vectors[group == g]
        for row in rows:
            total += np.outer(row - rows.mean(axis=0), row - rows.mean(axis=0))
    np.testing.assert_allclose(within_scatter(vectors, group), total / 7, atol=1e-12)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_whitening_undoes_the_shrunk_covariance(shrinkage: float) -> None:
    covariance = np.cov(RNG(3).normal(size=(50, 6)), rowvar=False)
    scale = whitening(covariance, shrinkage)
    level = np.trace(covariance) / 6
    expected = level * np.linalg.inv(shrunk_covariance(covariance, shrinkage=shrinkage))
    np.testing.assert_allclose(scale @ scale, expected, atol=1e-8)


def test_no_variation_at_all_leaves_the_space_alone() -> None:
    np.testing.assert_array_equal(whitening(np.zeros((3, 3)), 0.5), np.eye(3))


def test_noise_gives_no_link() -> None:
    """Embeddings without any person in them: mates must not stand out."""
    areas = []
    for seed in range(12):
        rng = RNG(seed)
        photos, renders = rng.normal(size=(60, 16)) + 1, rng.normal(size=(80, 16)) - 1
        sets, scans = np.repeat(np.arange(20), 3), np.repeat(np.arange(20), 4)
        found = adapted_similarity(photos, sets, renders, scans)
        mated = (sets[:, None] == scans[None, :]).ravel()
        areas.append(roc_auc_score(mated, found.ravel()))
    assert abs(np.mean(areas) - 0.5) < 0.02


def test_a_shift_shared_by_all_photographs_is_removed() -> None:
    rng = RNG(4)
    people = rng.normal(size=(30, 16))
    sets, scans = np.repeat(np.arange(30), 2), np.repeat(np.arange(30), 5)
    renders = people[scans] + 0.3 * rng.normal(size=(150, 16))
    photos = people[sets] + 0.3 * rng.normal(size=(60, 16))
    rank1 = []
    for shift in (0.0, 3.0):
        found = adapted_similarity(photos + shift, sets, renders, scans)
        best = scans[found.argmax(axis=1)]
        rank1.append(np.mean(best == sets))
    assert rank1[0] > 0.95
    assert rank1[1] > 0.9


def test_what_varies_within_other_people_counts_less() -> None:
    """One axis is loud within everybody's photographs, and says nothing of who it is."""
    rng = RNG(5)
    people, loud = rng.normal(size=(40, 8)), np.eye(8)[0] * 6
    sets, scans = np.repeat(np.arange(40), 3), np.repeat(np.arange(40), 3)
    photos = people[sets] + rng.normal(size=(120, 1)) * loud
    renders = people[scans] + 0.1 * rng.normal(size=(120, 8))
    rank1 = [
        np.mean(
            scans[adapted_similarity(photos, sets, renders, scans, shrinkage=s).argmax(1)] == sets
        )
        for s in (1.0, 0.1)
    ]
    assert rank1[1] > rank1[0] + 0.1


def test_folds_use_the_photographs_of_the_other_folds_alone() -> None:
    rng = RNG(6)
    photos, sets = rng.normal(size=(24, 5)), np.repeat(np.arange(12), 2)
    renders, scans = rng.normal(size=(12, 5)), np.repeat(np.arange(4), 3)
    found = adapted_similarity(photos, sets, renders, scans, shrinkage=0.3)
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    p, r = unit(photos), unit(renders)
    naive = np.empty_like(found)
    of_renders = within_scatter(r, scans)
    for row, own in enumerate(sets):
        other = sets % 10 != own % 10
        of_photos = within_scatter(p[other], np.unique(sets[other], return_inverse=True)[1])
        both = of_renders / np.trace(of_renders) + of_photos / np.trace(of_photos)
        scale = whitening(both, 0.3)
        away = np.mean([p[sets == s].mean(axis=0) for s in range(12) if s != own], axis=0)
        left, right = (p[row] - away) @ scale, (r - r.mean(axis=0)) @ scale
        naive[row] = right @ left / np.linalg.norm(right, axis=1) / np.linalg.norm(left)
    np.testing.assert_allclose(found, naive, atol=1e-10)
