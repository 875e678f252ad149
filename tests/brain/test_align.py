"""Alignment recovers known poses."""

from __future__ import annotations

import numpy as np
import pytest
from heads import brain, pose, worst_mm
from scipy.linalg import expm

from headrisk.brain.align import align, exponential, generators

POSES = [
    pose((0, 0, 0)),
    pose((25, -20, 30), (150, -120, 90), (0.9, 1.1, 1.0)),
    pose((-45, 0, 0), (0, 0, 60)),
    pose((0, 180, 90), (-80, 0, 0), (1.05, 0.95, 1.1)),
]


@pytest.mark.parametrize("truth", POSES)
def test_known_affine_is_found(truth: np.ndarray) -> None:
    found = align(brain(truth))
    assert worst_mm(truth, found.affine) < 0.6
    assert found.score > 0.9
    assert found.within > 0.9


@pytest.mark.parametrize("voxel", [(1.0, 1.2, 5.0), (5.0, 1.5, 1.2), (1.3, 4.0, 2.0)])
def test_thick_slices(voxel: tuple[float, float, float]) -> None:
    truth = pose((10, 15, -20), (30, 20, 10), (1.0, 0.93, 1.05))
    assert worst_mm(truth, align(brain(truth, voxel)).affine) < 0.8


def test_tissue_maps_need_no_contrast() -> None:
    truth = pose((10, -15, 20), (20, 30, -10), (1.05, 0.95, 1.0))
    plain = brain(truth)
    inverted = type(plain)(
        np.where(plain.mask, 1.2 - plain.data, np.float32(0)), plain.mask, plain.affine
    )
    found = align(inverted, t1_like=False)
    assert worst_mm(truth, found.affine) < 1.0
    assert found.within > 0.7
    assert found.contrast < 0 < align(plain).contrast


def test_rigid_keeps_size() -> None:
    found = align(brain(pose((10, 20, -30), (50, 0, 0), (0.9, 1.0, 1.1))), freedom="rigid")
    np.testing.assert_allclose(np.linalg.svd(found.affine[:3, :3])[1], 1, atol=1e-6)
    truth = pose((10, 20, -30), (50, 0, 0))
    assert worst_mm(truth, align(brain(truth), freedom="rigid").affine) < 0.6


def test_exponential_against_scipy() -> None:
    rng = np.random.default_rng(0)
    for size in (4, 8):
        generator = rng.normal(size=(size, size))
        np.testing.assert_allclose(exponential(generator), expm(generator), rtol=1e-6, atol=1e-6)


def test_rigid_generators_make_rotations() -> None:
    step = np.tensordot(np.array([0.3, -0.2, 0.5, 1, 2, 3]), generators("rigid"), axes=1)
    turn = exponential(step)[:3, :3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert len(generators("affine")) == 12
