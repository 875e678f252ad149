"""Centring: the photographs asked for never move their own centre."""

from __future__ import annotations

import numpy as np

from headrisk.face.scores import centre, mean_of_others

RNG = np.random.default_rng


def test_the_mean_leaves_out_the_own_group_and_counts_groups_equally() -> None:
    vectors = np.array([[1.0], [3.0], [10.0], [20.0]])
    group = np.array([0, 0, 1, 2])
    np.testing.assert_allclose(mean_of_others(vectors, group)[:, 0], [15, 15, 11, 6])


def test_the_own_photographs_never_move_their_own_centre() -> None:
    rng = RNG(1)
    photos, sets = rng.normal(size=(9, 5)), np.repeat(np.arange(3), 3)
    renders = rng.normal(size=(12, 5))
    changed = photos.copy()
    changed[0] = rng.normal(size=5)
    before, after = (centre(p, sets, renders) for p in (photos, changed))
    np.testing.assert_allclose(before.photos[1:3], after.photos[1:3], atol=1e-12)  # same person
    np.testing.assert_array_equal(before.renders, after.renders)
    assert not np.allclose(before.photos[3:], after.photos[3:])


def test_one_person_alone_is_not_centred() -> None:
    np.testing.assert_array_equal(mean_of_others(np.ones((2, 3)), np.zeros(2, int)), 0)
