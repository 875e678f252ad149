"""A copy keeps the noise of its original; a second scan has its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.template import load_template
from headrisk.duplicates.copies import Posed, compare_detail, same_voxels
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

NOISE = 0.04  # of white matter


def head(seed: int, *, noise: float = NOISE) -> Float32Array:
    """The template's brain as one scan would show it."""
    template = load_template()
    rng = np.random.default_rng(seed)
    white = float(np.percentile(template.t1[template.mask], 90))
    clean = template.t1 * 500 / white
    noisy = clean + 500 * noise * rng.standard_normal(clean.shape)
    return np.abs(noisy).astype(np.float32)


def moved(data: Float32Array, *, order: int, voxel_mm: float) -> tuple[Float32Array, FloatArray]:
    """The image resampled along turned axes, and the affine of its new grid."""
    old = load_template().affine
    turn = Rotation.from_euler("xyz", (6, -4, 8), degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn * voxel_mm
    shape = tuple(int(200 / voxel_mm) for _ in range(3))
    affine[:3, 3] = np.array([1.3, -17.6, 8.9]) - affine[:3, :3] @ (np.array(shape) - 1) / 2
    m = np.linalg.inv(old) @ affine
    image = ndimage.affine_transform(data, m[:3, :3], m[:3, 3], output_shape=shape, order=order)
    return image.astype(np.float32), affine


def off_by(millimetres: float) -> FloatArray:
    """An alignment with an error, as two runs of an affine alignment have."""
    pose = np.eye(4)
    pose[:3, 3] = millimetres * np.array([1.0, -1.0, 0.5])
    pose[:3, :3] += np.array([[0.004, 0.003, 0], [-0.003, -0.004, 0], [0, 0.002, 0.003]])
    return pose


@pytest.fixture(scope="module")
def original() -> Posed:
    return Posed(Volume(head(0), load_template().affine), np.eye(4))


@pytest.mark.parametrize(("order", "voxel_mm"), [(3, 2.0), (1, 2.4)])
def test_a_resampled_copy_shares_noise(original: Posed, order: int, voxel_mm: float) -> None:
    data, affine = moved(original.volume.data, order=order, voxel_mm=voxel_mm)
    found = compare_detail(original, Posed(Volume(3.7 * data + 20, affine), off_by(0.6)))
    assert found.correlation > 0.8
    corners = np.array([[60, 60, 60, 1], [-60, -90, -40, 1], [0, 50, 20, 1]])
    assert np.abs(corners @ (found.affine - np.eye(4)).T).max() < 0.15  # mm


@pytest.mark.parametrize("resampled", [False, True])
def test_a_second_scan_does_not(original: Posed, resampled: bool) -> None:
    data, affine = head(1), load_template().affine
    if resampled:
        data, affine = moved(data, order=1, voxel_mm=2.0)
    found = compare_detail(original, Posed(Volume(data, affine), off_by(0.6)))
    assert found.correlation < 0.5
    assert found.strength > 0.005


def test_the_order_of_the_two_does_not_matter_much(original: Posed) -> None:
    data, affine = moved(original.volume.data, order=1, voxel_mm=2.4)
    other = Posed(Volume(data, affine), off_by(0.3))
    there, back = compare_detail(original, other), compare_detail(other, original)
    assert there.correlation == pytest.approx(back.correlation, abs=0.05)


def test_shading_and_gain_do_not_matter(original: Posed) -> None:
    x = np.linspace(-1, 1, original.volume.shape[0], dtype=np.float32)[:, None, None]
    shaded = Volume(original.volume.data * (0.4 + 0.15 * x), original.volume.affine)
    assert compare_detail(original, Posed(shaded, off_by(0.4))).correlation > 0.97


def test_images_without_noise_say_so(original: Posed) -> None:
    """Smooth images share all their detail whoever made them; only its weakness tells."""
    smooth = ndimage.gaussian_filter(head(2, noise=0.0), 2.5)
    one = Posed(Volume(smooth, original.volume.affine), np.eye(4))
    assert compare_detail(one, one).strength < 0.005


def test_same_voxels() -> None:
    rng = np.random.default_rng(4)
    data = rng.integers(0, 900, (7, 8, 9)).astype(np.float32)
    first = Volume(data, np.diag([1.0, 1.2, 2.0, 1.0]))
    rounded = np.round(data * 255 / 900).astype(np.float32)
    assert same_voxels(first, Volume(0.25 * data + 7, np.eye(4)))
    assert same_voxels(first, Volume(rounded, np.eye(4)))
    assert not same_voxels(first, Volume(data[::-1].copy(), np.eye(4)))
    assert not same_voxels(first, Volume(data[:, :, :8].copy(), np.eye(4)))
    assert not same_voxels(
        first, Volume((data + 40 * rng.standard_normal(data.shape)).astype(np.float32), np.eye(4))
    )
