"""Mutual information against a naive histogram and numerical differences."""

from __future__ import annotations

import numpy as np
import pytest
from heads import brain, pose, worst_mm
from scipy.interpolate import BSpline
from scipy.ndimage import map_coordinates

from headrisk.brain.align import Alignment
from headrisk.brain.mutual import make_overlap, mutual_information, refine, trilinear

TRUTH = pose((5, -10, 8), (10, -5, 20), (1.03, 0.97, 1.0))


def test_against_a_naive_joint_histogram() -> None:
    overlap = make_overlap(brain(TRUTH))
    to_voxel = overlap.to_voxel @ TRUTH
    where = to_voxel[:3, :3] @ overlap.points.T + to_voxel[:3, 3:]
    values = map_coordinates(overlap.image.astype(float), where, order=1, mode="nearest")
    spline = BSpline.basis_element(np.arange(-2, 3), extrapolate=False)
    joint = np.zeros((16, 24))
    for n in range(0, len(values)):
        for k in range(24):
            if abs(values[n] - k) < 2:
                joint[overlap.classes[n], k] += spline(values[n] - k)
    joint /= joint.sum()
    expected = 0.0
    for r, k in np.argwhere(joint > 0):
        expected += joint[r, k] * np.log(joint[r, k] / joint[r].sum() / joint[:, k].sum())
    found, _ = mutual_information(overlap, TRUTH)
    assert found == pytest.approx(expected, rel=1e-5)


def test_gradient_against_differences() -> None:
    overlap = make_overlap(brain(TRUTH))
    start = TRUTH @ pose((1, 1, 1), (1, -1, 2))
    _, slope = mutual_information(overlap, start)
    for i, j in np.ndindex(3, 4):
        step = 1e-4 if j == 3 else 1e-6
        sides = []
        for sign in (1, -1):
            moved = start.copy()
            moved[i, j] += sign * step
            sides.append(mutual_information(overlap, moved)[0])
        numerical = (sides[0] - sides[1]) / (2 * step)
        assert slope[i, j] == pytest.approx(numerical, rel=0.02, abs=2e-3 * np.abs(slope[i]).max())


def test_refine_comes_closer_whatever_the_contrast() -> None:
    plain = brain(TRUTH)
    folded = np.where(plain.mask, np.abs(plain.data - 0.55) + 0.2, 0).astype(np.float32)
    start = TRUTH @ pose((2, -2, 1), (2, -3, 2))
    found = refine(type(plain)(folded, plain.mask, plain.affine), Alignment(start, 0.5))
    assert worst_mm(TRUTH, found.affine) < 1.0 < worst_mm(TRUTH, start)
    assert found.score == 0.5


def test_rigid_refinement_keeps_size() -> None:
    start = Alignment(pose((2, -2, 1), (2, -3, 2)), 0.5)
    found = refine(brain(pose((0, 0, 0))), start, "rigid")
    np.testing.assert_allclose(np.linalg.svd(found.affine[:3, :3])[1], 1, atol=1e-6)


def test_trilinear_against_scipy() -> None:
    rng = np.random.default_rng(0)
    image = rng.random((7, 8, 9), dtype=np.float32)
    where = rng.uniform(-1, 9, (3, 200))
    values, gradient = trilinear(image, where)
    expected = map_coordinates(image.astype(float), where, order=1, mode="nearest")
    np.testing.assert_allclose(values, expected, atol=1e-5)
    limit = np.array(image.shape)[:, None] - 1
    inside = ((where > 1e-3) & (where < limit - 1e-3)).all(axis=0)
    inside &= (np.abs(where - np.round(where)) > 1e-3).all(axis=0)
    for axis in range(3):
        step = np.zeros((3, 1))
        step[axis] = 1e-4
        numerical = (trilinear(image, where + step)[0] - trilinear(image, where - step)[0]) / 2e-4
        np.testing.assert_allclose(gradient[axis, inside], numerical[inside], atol=1e-3)
