"""The shipped reference: orthonormal directions that take out what misalignment changes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.align import Alignment, Brain
from headrisk.brain.prepare import AlignedBrain, fingerprint
from headrisk.brain.reference import reference, reference_basis, reference_brain
from headrisk.brain.similarity.products import without
from headrisk.brain.template import load_template, template_grid
from headrisk.types import Float32Array, FloatArray


@pytest.mark.parametrize("resolution_mm", [2, 3, 4])
def test_directions_are_orthonormal_and_on_the_grid(resolution_mm: int) -> None:
    found = reference(resolution_mm)
    size = template_grid(resolution_mm).size
    assert found.brain.shape == (size,)
    assert found.brain.dtype == found.directions.dtype == np.float32
    directions = found.directions.astype(float)
    assert directions.shape == (18, size)
    assert np.abs(directions @ directions.T - np.eye(18)).max() < 1e-5
    for spanned in (np.ones(size), found.brain.astype(float)):
        left = spanned - directions.T @ (directions @ spanned)
        assert np.linalg.norm(left) < 1e-4 * np.linalg.norm(spanned)


def moved_template(
    degrees: float, shift_mm: float, scale: float, rng: np.random.Generator
) -> Float32Array:
    """The template's fingerprint as a slightly wrong alignment gives it, at 4 mm."""
    template = load_template()
    data = (template.t1 * template.mask).astype(np.float32)
    wrong = np.eye(4)
    turn = Rotation.from_rotvec(np.radians(degrees) * rng.standard_normal(3)).as_matrix()
    wrong[:3, :3] = turn @ np.diag(1 + scale * rng.standard_normal(3))
    wrong[:3, 3] = shift_mm * rng.standard_normal(3)
    brain = Brain(data=data, mask=template.mask, affine=template.affine)
    return fingerprint(AlignedBrain(brain, brain, Alignment(wrong, 1.0), 0.0, ()), 4)


def left_over(vector: Float32Array, directions: Float32Array) -> float:
    """Share of a vector's variance that survives the projection."""
    centred: FloatArray = vector.astype(float) - vector.mean()
    left = without(vector[None], directions)[0].astype(float)
    return float((left @ left) / (centred @ centred))


def test_most_of_a_misaligned_template_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    directions = reference_basis(4)
    brain = reference_brain(4)
    template_only = (brain / np.linalg.norm(brain))[None]
    for _ in range(4):
        moved = moved_template(1.0, 0.5, 0.01, rng)
        kept = left_over(moved, directions)
        assert kept < 0.1
        assert kept < 0.6 * left_over(moved, template_only)
    assert left_over(moved_template(0, 0, 0, rng), directions) < 1e-6


def test_another_anatomy_is_kept() -> None:
    """A smooth pattern that is no change of the template by alignment stays."""
    grid = template_grid(4)
    noise = np.random.default_rng(0).standard_normal(grid.mask.shape)
    own = ndimage.gaussian_filter(noise, 1)[grid.mask].astype(np.float32)
    assert left_over(own, reference_basis(4)) > 0.98


def test_it_is_made_once() -> None:
    assert reference(4).directions is reference(4).directions
