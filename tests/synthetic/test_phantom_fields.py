"""Smooth fields, enlarging and sampling, against SciPy and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import interpolate, ndimage

from headrisk.brain.fields import sample, smooth_field, spread
from headrisk.synthetic.phantom.people import ellipsoid_phantom


def test_field_has_unit_variance_and_the_stated_width() -> None:
    field = smooth_field(np.random.default_rng(0), (96, 80, 64), 5.0, 2.0)
    assert field.shape == (96, 80, 64)
    assert field.std() == pytest.approx(1, abs=0.1)
    lag = 5  # voxels of 2 mm: twice sigma
    for axis in range(3):
        shifted = np.roll(field, lag, axis)
        assert np.mean(field * shifted) / np.mean(field**2) == pytest.approx(np.exp(-1), abs=0.12)


def test_field_matches_a_spatial_gaussian_filter() -> None:
    shape, sigma, step = (40, 36, 32), 6.0, 2.0
    field = smooth_field(np.random.default_rng(3), shape, sigma, step)
    noise = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    oracle = ndimage.gaussian_filter(noise, sigma / step, mode="wrap", truncate=6)
    assert np.corrcoef(field.ravel(), oracle.ravel())[0, 1] > 0.9999


@settings(deadline=None, max_examples=20)
@given(
    few=st.tuples(*[st.integers(2, 5)] * 3),
    many=st.tuples(*[st.integers(5, 9)] * 3),
    seed=st.integers(0, 1000),
)
def test_spread_is_linear_interpolation(
    few: tuple[int, int, int], many: tuple[int, int, int], seed: int
) -> None:
    volume = np.random.default_rng(seed).standard_normal((2, *few)).astype(np.float32)
    lines = [np.linspace(0, n - 1, m) for n, m in zip(few, many, strict=True)]
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    wide = spread(volume, many)
    assert wide.shape == (2, *many)
    for channel in range(2):
        oracle = interpolate.interpn([np.arange(n) for n in few], volume[channel], points)
        assert np.allclose(wide[channel], oracle, atol=1e-5)


def test_sample_follows_the_affine_of_unequal_axes() -> None:
    volume, affine = ellipsoid_phantom((7, 8, 9), radii_mm=(50, 50, 50))
    points = np.array([[1.0, -2.0, 0.5], [0.3, 1.2, -4.0], [-3.0, 2.0, 7.0]], np.float32)
    expected = 100 + np.array([1, 2, 4]) @ points  # linear, so trilinear sampling is exact
    assert np.allclose(sample(volume, affine, points), expected, atol=1e-3)
    both = sample(np.stack([volume, 2 * volume]), affine, points)
    assert np.allclose(both, [expected, 2 * expected], atol=1e-3)


def test_ellipsoid_has_the_volume_and_the_axes_asked_for() -> None:
    radii = (12.0, 17.0, 23.0)
    volume, affine = ellipsoid_phantom((50, 41, 60), (0.6, 1.0, 0.9), (1, -2, 1.5), radii)
    assert volume.shape == (50, 41, 60)
    inside = np.argwhere(volume > 0)
    millilitres = len(inside) * abs(np.linalg.det(affine[:3, :3])) / 1000
    assert millilitres == pytest.approx(4 / 3 * np.pi * np.prod(radii) / 1000, rel=0.01)
    places = inside @ affine[:3, :3].T + affine[:3, 3]
    assert np.allclose(places.mean(axis=0), (1, -2, 1.5), atol=0.2)
    assert np.allclose(np.ptp(places, axis=0) / 2, radii, atol=1.0)


def test_small_ellipsoid_is_changed_by_every_flip_and_swap() -> None:
    volume, _ = ellipsoid_phantom()
    assert volume.shape == (7, 8, 9)
    for axis in range(3):
        assert not np.array_equal(np.flip(volume, axis), volume)
