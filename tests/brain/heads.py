"""Heads and brains with a known pose, made from the shipped template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.align import Brain
from headrisk.brain.template import load_template
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

REAL = Path(__file__).parents[3] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data is absent")


def pose(
    degrees: tuple[float, float, float],
    shift: tuple[float, float, float] = (0, 0, 0),
    scale: tuple[float, float, float] = (1, 1, 1),
) -> FloatArray:
    """Template mm to scanner mm."""
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ np.diag(scale)
    affine[:3, 3] = shift
    return affine


def place(
    image: Float32Array,
    truth: FloatArray,
    voxel: tuple[float, float, float],
    field_mm: float = 230.0,
) -> tuple[Float32Array, FloatArray]:
    """The template-space image on a scanner grid about where ``truth`` puts the brain's centre."""
    template = load_template()
    shape = tuple(int(np.ceil(field_mm / v)) + k for k, v in enumerate(voxel))  # never equal
    affine = np.diag([*voxel, 1.0])
    centre = truth @ np.array([0.0, -18.0, 8.0, 1.0])
    affine[:3, 3] = centre[:3] - np.array(voxel) * (np.array(shape) - 1) / 2
    m = np.linalg.inv(template.affine) @ np.linalg.inv(truth) @ affine
    out = ndimage.affine_transform(image, m[:3, :3], m[:3, 3], output_shape=shape, order=1)
    return out.astype(np.float32), affine


def brain(
    truth: FloatArray, voxel: tuple[float, float, float] = (2.0, 2.0, 2.0), noise: float = 0.02
) -> Brain:
    """The template's brain in a scanner, noisy."""
    template = load_template()
    rng = np.random.default_rng(0)
    data, affine = place(template.t1, truth, voxel)
    mask, _ = place(template.mask.astype(np.float32), truth, voxel)
    data = np.abs(data + rng.normal(0, noise, data.shape)).astype(np.float32)
    inside = mask > 0.5
    return Brain(np.where(inside, data, np.float32(0)), inside, affine)


def head(truth: FloatArray, voxel: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> Volume:
    """The template's brain with skull, scalp, shading and Rician noise."""
    template = load_template()
    data, affine = place(template.t1, truth, voxel)
    mask, _ = place(template.mask.astype(np.float32), truth, voxel)
    away = ndimage.distance_transform_edt(mask < 0.5, sampling=voxel)
    shells = 60 * ((away > 6) & (away < 9)) + 300 * ((away >= 9) & (away < 14))
    shading = 1 + 0.2 * np.linspace(-1, 1, data.shape[1])[None, :, None]
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 8, (2, *data.shape))
    signal = (400 * data + shells) * shading
    return Volume(np.hypot(signal + noise[0], noise[1]).astype(np.float32), affine)


def worst_mm(first: FloatArray, second: FloatArray) -> float:
    """Largest distance over the brain between the places two alignments name, in template mm."""
    template = load_template()
    points = np.argwhere(template.mask)[::50] @ template.affine[:3, :3].T + template.affine[:3, 3]
    loop = np.linalg.inv(first) @ second
    moved = points @ loop[:3, :3].T + loop[:3, 3]
    return float(np.linalg.norm(moved - points, axis=1).max())
