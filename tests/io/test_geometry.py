from __future__ import annotations

import itertools

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headrisk.io.geometry import (
    affine_problem,
    corner_displacement,
    field_note,
    to_ras,
    voxel_sizes,
)

SHAPE = (7, 8, 9)
finite = st.floats(-50, 50)
matrices = hnp.arrays(np.float64, (3, 4), elements=finite)


@given(matrices, matrices)
def test_no_voxel_moves_farther_than_the_corner_displacement(
    first: np.ndarray, second: np.ndarray
) -> None:
    last = [[0, 0, 0, 1]]
    first, second = np.vstack([first, last]), np.vstack([second, last])
    indices = np.array([(*i, 1) for i in itertools.product(*map(range, SHAPE))])
    moved = np.linalg.norm((indices @ first.T - indices @ second.T)[:, :3], axis=1)
    assert corner_displacement(first, second, SHAPE) == pytest.approx(moved.max(), abs=1e-9)


def test_corner_displacement_of_a_shift_and_of_a_stretch() -> None:
    shifted, stretched = np.eye(4), np.diag([1.5, 1, 1, 1])
    shifted[:3, 3] = (2, 3, 6)
    assert corner_displacement(np.eye(4), shifted, SHAPE) == pytest.approx(7)
    assert corner_displacement(np.eye(4), stretched, SHAPE) == pytest.approx(0.5 * 6)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", list(itertools.product([-1, 1], repeat=3)))
def test_to_ras_points_right_forward_up(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    data = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[list(axes)] * np.array(signs) * (1.0, 2.0, 3.0)
    view, ras = to_ras(data, affine)
    assert nib.aff2axcodes(ras) == ("R", "A", "S")
    assert np.shares_memory(view, data)
    for index in ((0, 0, 0), (6, 0, 3), (2, 7, 8)):
        there = np.linalg.solve(ras, affine @ [*index, 1])[:3].round().astype(int)
        assert view[tuple(there)] == data[index]


def test_voxel_sizes_are_column_lengths() -> None:
    affine = np.eye(4)
    affine[:3, :3] = [[0, 0, 3], [0.6, 0, 0], [0.8, 2, 0]]
    assert voxel_sizes(affine) == pytest.approx((1, 2, 3))


@pytest.mark.parametrize(
    ("affine", "words"),
    [
        (np.diag([1.0, 1, 1, 1]), ""),
        (np.diag([-0.1, 0.1, 20, 1]), ""),
        (np.diag([0.05, 1, 1, 1]), "voxel size 0.05"),
        (np.diag([1.0, 21, 1, 1]), "voxel size 1 x 21"),
        (np.full((4, 4), np.nan), "finite"),
        (np.diag([np.inf, 1, 1, 1]), "finite"),
        (np.array([[1, 1, 0, 0], [0, 0.1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), "plane"),
        (np.diag([1.0, 1, 1, 1]) + np.eye(4, k=3) * 1e7, "1e+07"),
    ],
)
def test_affine_problem(affine: np.ndarray, words: str) -> None:
    problem = affine_problem(affine, SHAPE)
    assert words in problem
    assert bool(problem) == bool(words)


def test_field_of_view() -> None:
    affine = np.diag([2.0, 2, 2, 1])
    assert "1200" in affine_problem(affine, (600, 100, 100))
    assert field_note(affine, (90, 100, 100)) == ""
    assert "smaller than a head" in field_note(affine, (90, 100, 20))
