"""Cutting out, flattening and normalising, against naive loops."""

from __future__ import annotations

import numpy as np
import pytest
from heads import head, pose
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.brain.align import Brain
from headrisk.brain.normalise import (
    CLIP,
    cut_brain,
    flatten_bias,
    local_normalise,
    with_air_at_zero,
)
from headrisk.brain.strip import BrainMap
from headrisk.errors import ScanError
from headrisk.io.volume import Volume


def evidence(inside: np.ndarray, affine: np.ndarray) -> BrainMap:
    logit = np.where(inside, 1, -1).astype(np.float32)
    return BrainMap(logit, affine, 1.0, already_stripped=False)


def test_local_normalise_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    image = rng.random((7, 8, 9), dtype=np.float32) * 5
    inside = rng.random(image.shape) > 0.3
    sigma = 1.4
    index = np.argwhere(inside)
    flat = np.zeros(image.shape)
    radius = int(2.5 * sigma + 0.5)

    def weights(p: np.ndarray) -> np.ndarray:
        apart = index - p
        kernel = np.exp(-0.5 * (apart**2).sum(axis=1) / sigma**2)
        return kernel * (np.abs(apart) <= radius).all(axis=1)

    mean = np.array([np.average(image[inside], weights=weights(p)) for p in index])
    centred = image[inside] - mean
    variance = np.array([np.average(centred**2, weights=weights(p)) for p in index])
    values = centred / np.sqrt(variance + 1e-3 * image[inside].var())
    flat[inside] = np.clip((values - values.mean()) / values.std(), -CLIP, CLIP)
    np.testing.assert_allclose(local_normalise(image, inside, sigma), flat, atol=2e-3)


@pytest.mark.parametrize("first", [20, 21, 22])
def test_blocks_do_not_move_with_the_edge_of_the_brain(first: int) -> None:
    volume = Volume(np.ones((57, 58, 59), np.float32), np.eye(4))
    inside = np.zeros(volume.shape, bool)
    inside[first:40, 20:39, 20:38] = True
    brain = cut_brain(volume, evidence(inside, volume.affine), 2.0, "x")
    np.testing.assert_array_equal((brain.affine[:3, 3] - 0.5) % 2, 0)
    np.testing.assert_array_equal(np.diag(brain.affine)[:3], 2)


def test_local_normalise_ignores_gain_and_what_is_outside() -> None:
    rng = np.random.default_rng(1)
    image = rng.random((9, 8, 7), dtype=np.float32)
    inside = rng.random(image.shape) > 0.4
    once = local_normalise(image, inside, 2.0)
    twice = local_normalise(np.where(inside, 7 * image, np.float32(99)), inside, 2.0)
    np.testing.assert_allclose(once, twice, atol=1e-3)
    assert not once[~inside].any()


def test_cut_averages_whole_blocks_and_keeps_places() -> None:
    shape = (24, 26, 28)
    data = np.random.default_rng(0).random(shape, dtype=np.float32) + 1
    inside = np.zeros(shape, bool)
    inside[8:16, 9:17, 10:20] = True
    affine = np.array([[1, 0, 0, -3], [0, 1, 0, 5], [0, 0, 2, 7], [0, 0, 0, 1.0]])
    brain = cut_brain(Volume(data, affine), evidence(inside, affine), 2.0, "x")
    np.testing.assert_allclose(brain.voxel_mm, [2, 2, 2])
    for i, j, k in np.argwhere(brain.mask)[::7]:
        corner = np.linalg.inv(affine) @ brain.affine @ np.array([i - 0.25, j - 0.25, k, 1.0])
        x, y, z = np.round(corner[:3]).astype(int)
        assert brain.data[i, j, k] == pytest.approx(data[x : x + 2, y : y + 2, z].mean(), rel=1e-5)
    assert not brain.data[~brain.mask].any()


def test_cut_takes_evidence_from_a_turned_grid() -> None:
    shape = (40, 44, 48)
    data = np.ones(shape, np.float32)
    view = np.eye(4)
    view[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # evidence stored (y, z, x)
    turned = np.zeros((44, 48, 40), bool)
    turned[12:20, 14:30, 10:15] = True
    brain = cut_brain(Volume(data, np.eye(4)), evidence(turned, view), 1.0, "x")
    found = np.argwhere(brain.mask) + brain.affine[:3, 3]
    np.testing.assert_array_equal(found.min(axis=0), [10, 12, 14])
    np.testing.assert_array_equal(found.max(axis=0), [14, 19, 29])


def test_cut_refuses_a_brain_without_signal() -> None:
    data = -np.ones((10, 11, 12), np.float32)
    with pytest.raises(ScanError, match="no positive intensity"):
        cut_brain(Volume(data, np.eye(4)), evidence(data < 0, np.eye(4)), 2.0, "x")


def test_flatten_removes_a_smooth_gain() -> None:
    volume = head(pose((0, 0, 0)), (3.0, 3.0, 3.0))
    mask = volume.data > 150
    ramp = np.exp(np.linspace(-0.5, 0.5, volume.shape[2])).astype(np.float32)
    plain, shaded = (
        flatten_bias(Brain(np.where(mask, x, np.float32(0)), mask, volume.affine))
        for x in (volume.data, volume.data * ramp)
    )
    apart = np.abs(np.log(shaded.data[mask]) - np.log(plain.data[mask]))
    assert np.median(plain.data[mask]) == pytest.approx(1, abs=0.02)
    assert np.median(apart) < 0.04  # of a gain that spans a factor of 2.7


def _picture(kind: str) -> np.ndarray:
    """A ball in air, as images are stored: noise, an empty background, uniform noise."""
    rng = np.random.default_rng(3)
    shape = (31, 36, 33)
    away = np.sqrt(sum((x - n / 2) ** 2 for x, n in zip(np.indices(shape), shape, strict=True)))
    tissue = np.where(away < 12, 600 + 300 * rng.random(shape), 0)
    if kind == "noise":
        return np.hypot(tissue + rng.normal(0, 9, shape), rng.normal(0, 9, shape))
    return tissue if kind == "empty" else np.where(tissue > 0, tissue, 900 * rng.random(shape))


@pytest.mark.parametrize("kind", ["noise", "empty", "uniform"])
@given(gain=st.floats(1e-3, 1e3), zero=st.floats(-5e3, 5e3), negated=st.booleans())
@settings(max_examples=25, deadline=None)
def test_gain_zero_and_sign_do_not_matter(
    kind: str, gain: float, zero: float, negated: bool
) -> None:
    if negated and kind == "uniform":
        return  # nothing tells which side of such air tissue lies on
    plain = _picture(kind)
    sign = -1 if negated else 1
    stored = (sign * gain * (plain + zero)).astype(np.float32)
    found = with_air_at_zero(Volume(stored, np.eye(4))).data / gain
    slack = 0.025 * np.ptp(plain) + 1e-3 * abs(zero)
    assert np.abs(found - plain)[plain > 500].max() <= slack
    if kind == "empty":
        assert np.abs(found[plain == 0]).max() <= slack


def test_a_brain_of_z_scores_on_nothing() -> None:
    rng = np.random.default_rng(4)
    inside = np.zeros((30, 31, 32), bool)
    inside[8:22, 9:22, 8:23] = True
    data = np.where(inside, rng.normal(0, 1, inside.shape), 0).astype(np.float32)
    found = with_air_at_zero(Volume(data, np.eye(4))).data
    assert not found[~inside].any()
    assert np.mean(found[inside] > 0) > 0.98
    assert np.corrcoef(found[inside], data[inside])[0, 1] > 0.999


def test_ordinary_images_are_left_alone() -> None:
    for kind in ("noise", "empty"):
        volume = Volume(_picture(kind).astype(np.float32), np.eye(4))
        assert with_air_at_zero(volume) is volume
