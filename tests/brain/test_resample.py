"""Sampling against scipy, on shapes whose axes all differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.brain.resample import resample, sample_axes, smooth
from headrisk.types import Grid

SHAPE = (7, 8, 9)


def test_oblique_grid_against_map_coordinates() -> None:
    rng = np.random.default_rng(0)
    data = rng.random(SHAPE, dtype=np.float32) + 1
    affine = np.array([[2, 0.3, 0, -5], [-0.2, 2.1, 0.4, 3], [0.1, -0.3, 2.2, 7], [0, 0, 0, 1.0]])
    target = np.diag([2.0, 2, 2, 1])
    mask = rng.random((5, 6, 4)) > 0.3
    pose = np.array([[1, 0.1, 0, -1], [-0.1, 1, 0.05, 6], [0, 0, 1.1, 11], [0, 0, 0, 1.0]])
    image, inside = resample(Brain(data, np.ones(SHAPE, bool), affine), pose, Grid(mask, target))
    for i, j, k in np.argwhere(mask):
        point = np.linalg.inv(affine) @ pose @ target @ np.array([i, j, k, 1.0])
        share, value = (
            ndimage.map_coordinates(x, point[:3, None], order=1, output=np.float64)[0]
            for x in (np.ones(SHAPE), data)
        )
        assert inside[i, j, k] == (share > 0.5)
        if share > 0.5:
            assert image[i, j, k] == pytest.approx(value / share, rel=1e-4)
    assert inside.any()
    assert not inside[~mask].any()


def test_edge_is_not_darkened_by_the_outside() -> None:
    mask = np.zeros((20, 21, 22), bool)
    mask[5:15, 4:16, 6:17] = True
    brain = Brain(np.where(mask, np.float32(3), np.float32(0)), mask, np.eye(4))
    grid = Grid(np.ones((10, 10, 11), bool), np.diag([2.0, 2, 2, 1]))
    image, inside = resample(brain, np.eye(4), grid)
    np.testing.assert_allclose(image[inside], 3, rtol=1e-4)


@pytest.mark.parametrize("sigma", [(0.0, 0.4, 0.73), (1.2, 0.0, 2.0)])
def test_smooth_has_the_moments_of_a_gaussian(sigma: tuple[float, float, float]) -> None:
    image = np.zeros((31, 33, 35), np.float32)
    image[15, 16, 17] = 1
    out = smooth(image, np.array(sigma))
    assert out.sum() == pytest.approx(1, abs=1e-5)
    for axis, (centre, width) in enumerate(zip((15, 16, 17), sigma, strict=True)):
        along = out.sum(axis=tuple(k for k in range(3) if k != axis))
        offset = np.arange(len(along)) - centre
        assert along @ offset == pytest.approx(0, abs=1e-5)
        assert along @ offset**2 == pytest.approx(width**2, rel=1e-3, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), step=st.floats(0.3, 1.9), start=st.floats(-2, 3))
def test_axis_sampling_against_map_coordinates(seed: int, step: float, start: float) -> None:
    image = np.random.default_rng(seed).random(SHAPE, dtype=np.float32)
    where = [start + step * np.arange(n) for n in (5, 4, 6)]
    expected = ndimage.map_coordinates(
        image.astype(np.float64), np.meshgrid(*where, indexing="ij"), order=1, mode="nearest"
    )
    np.testing.assert_allclose(sample_axes(image, where), expected, atol=1e-5)
