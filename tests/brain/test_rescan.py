"""Simulated re-scans: each stated difference is there, at its stated strength."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import spearmanr

from headrisk.brain.rescan import STRENGTHS, Rescan, simulate_rescan
from headrisk.io.volume import Volume
from headrisk.types import FloatArray

NOTHING = Rescan(0, 0, 1.0, 0, 0, 0, 0, 0)


def ball(shape: tuple[int, int, int] = (28, 32, 36), voxel: float = 4.0) -> Volume:
    """A bright ball with a dark core and two marks in it, off the middle."""
    index = np.indices(shape, dtype=np.float64)
    middle = (np.array(shape) - 1) / 2
    radius = np.sqrt(sum((i - m) ** 2 for i, m in zip(index, middle, strict=True)))
    data = np.where(radius < 11, 100.0, 0.0) - np.where(radius < 4, 70.0, 0.0)
    data[18:21, 12:15, 20:23] = 160
    affine = np.diag([voxel, voxel, voxel, 1.0])
    affine[:3, 3] = (-50, -60, -70)
    return Volume(ndimage.gaussian_filter(data, 0.7).astype(np.float32), affine)


def centre_mm(volume: Volume) -> FloatArray:
    place = np.array(ndimage.center_of_mass(volume.data))
    return np.asarray(volume.affine[:3, :3] @ place + volume.affine[:3, 3])


def test_no_difference_gives_the_same_image() -> None:
    one = ball()
    again = simulate_rescan(one, NOTHING, "T1w", np.random.default_rng(1))
    np.testing.assert_allclose(again.affine, one.affine)
    np.testing.assert_allclose(again.data, one.data, atol=0.05)


@pytest.mark.parametrize("shape", [(7, 8, 9), (20, 6, 13)])
def test_unequal_shapes(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(3)
    data = rng.uniform(1, 100, shape).astype(np.float32)
    again = simulate_rescan(
        Volume(data, np.diag([2.0, 3.0, 5.0, 1.0])), STRENGTHS["strong"], "T2w", rng
    )
    assert again.shape == tuple(int(np.ceil(n / 1.6)) for n in shape)
    np.testing.assert_allclose(again.voxel_mm, np.array([2, 3, 5]) * 1.6)
    assert np.isfinite(again.data).all()
    assert again.data.dtype == np.float32


def test_the_head_moves_by_no_more_than_stated() -> None:
    one = ball()
    how = replace(NOTHING, shift_mm=10.0)
    moves = [
        centre_mm(simulate_rescan(one, how, "T1w", np.random.default_rng(k))) - centre_mm(one)
        for k in range(8)
    ]
    assert np.abs(moves).max() < 10.5
    assert np.abs(moves).max() > 5


def test_turning_keeps_what_is_in_the_head() -> None:
    one = ball()
    turned = simulate_rescan(
        one, replace(NOTHING, rotation_deg=20.0), "T1w", np.random.default_rng(5)
    )
    assert abs(turned.data.sum() / one.data.sum() - 1) < 0.01
    assert np.abs(turned.data - one.data).max() > 20


def test_atrophy_thins_bright_tissue_and_grows_bright_fluid() -> None:
    one = ball()
    how = replace(NOTHING, atrophy_mm=0.5)
    thin = simulate_rescan(one, how, "T1w", np.random.default_rng(1)).data
    wide = simulate_rescan(one, how, "T2w", np.random.default_rng(1)).data
    share = float(thin.sum() / one.data.sum())
    assert 0.93 < share < 0.99  # shells of 0.5 mm at 44 and 16 mm of a ball of 44 mm: 3 to 4 %
    assert wide.sum() > one.data.sum()
    assert thin.max() <= one.data.max() + 0.05


def test_noise_bias_and_contrast_have_their_size() -> None:
    flat = Volume(np.full((30, 31, 32), 100, np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
    core = np.s_[3:-3, 3:-3, 3:-3]
    noisy = simulate_rescan(flat, replace(NOTHING, noise=0.05), "T1w", np.random.default_rng(2))
    assert noisy.data[core].std() == pytest.approx(5, rel=0.03)
    biased = simulate_rescan(flat, replace(NOTHING, bias=0.4), "T1w", np.random.default_rng(2))
    assert 20 < np.ptp(biased.data[core]) < 40.1
    one = ball()
    toned = simulate_rescan(one, replace(NOTHING, contrast=0.5), "T1w", np.random.default_rng(2))
    inside = one.data > 5
    rank = spearmanr(one.data[inside], toned.data[inside]).statistic
    assert rank > 0.999  # a tone curve keeps the order
    assert np.abs(toned.data - one.data).max() > 5


def test_an_empty_background_stays_empty() -> None:
    one = ball()
    stripped = Volume(np.where(one.data > 20, one.data, 0), one.affine)
    again = simulate_rescan(stripped, STRENGTHS["moderate"], "T1w", np.random.default_rng(4))
    assert np.mean(again.data == 0) > 0.5


def test_the_same_generator_gives_the_same_scan() -> None:
    a, b, c = (
        simulate_rescan(ball(), STRENGTHS["moderate"], "T1w", np.random.default_rng(seed)).data
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
