"""The registry of measures, and the window sums that the structural ones stand on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from headrisk.brain.similarity import MEASURES, measure, select
from headrisk.brain.similarity.windows import WindowLayout
from headrisk.errors import UsageError
from headrisk.linkage.compare import compare
from headrisk.types import Float32Array, FloatArray, Grid


@pytest.fixture
def cosine() -> Iterator[str]:
    @measure("cosine")
    def cosine(a: Float32Array, b: Float32Array) -> FloatArray:
        lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)
        return (a @ b.T / lengths).astype(float)

    yield "cosine"
    del MEASURES["cosine"]


def test_a_new_measure_is_one_function(cosine: str) -> None:
    grid = Grid(np.ones((2, 3, 4), bool), np.eye(4))
    a = np.random.default_rng(0).standard_normal((3, 24)).astype(np.float32)
    usable = np.ones((3, 3), bool)
    people = np.arange(3)
    result = compare(a, a, people, people, usable, select([cosine, "rmse"]), grid, block=2)
    assert np.allclose(result[cosine].values.diagonal(), 1)
    assert list(result) == [cosine, "rmse"]


def test_a_name_cannot_be_taken_twice(cosine: str) -> None:
    with pytest.raises(UsageError, match="second measure called 'cosine'"):
        measure("cosine")(lambda a, b: a @ b.T)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.sampled_from([3, 5, 7, 9, 11]),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
def test_window_sums_against_scipy(
    shape: tuple[int, int, int], width: int, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < 0.7
    layout = WindowLayout(mask, width)
    first, second = rng.standard_normal((2, count, *shape))
    got = layout.window_sums(layout.lay_out(first), layout.lay_out(second))
    kernel = np.ones((width,) * 3)
    expected = [
        ndimage.convolve(x * y, kernel, mode="constant")[mask]
        for x, y in zip(first, second, strict=True)
    ]
    assert got.shape == (count, mask.sum())
    assert np.allclose(got, expected, atol=1e-9)
    again = layout.window_sums(layout.lay_out(second), layout.lay_out(second))
    squares = [ndimage.convolve(y * y, kernel, mode="constant")[mask] for y in second]
    assert np.allclose(again, squares, atol=1e-9)
