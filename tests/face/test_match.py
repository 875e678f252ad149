"""Aggregation over renders and photographs, against a naive loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.face.match import Grouping, aggregate, scan_scores, set_scores, unit


def grouping(photos: list[int], renders: list[int]) -> Grouping:
    return Grouping(
        np.repeat(np.arange(len(photos)), photos), np.repeat(np.arange(len(renders)), renders)
    )


def naive(similarity: np.ndarray, groups: Grouping) -> dict[str, np.ndarray]:
    out = {name: np.zeros((groups.sets, groups.scans)) for name in ("best", "mean", "sum")}
    for s in range(groups.sets):
        for g in range(groups.scans):
            rows = [p for p in range(len(groups.photo_set)) if groups.photo_set[p] == s]
            columns = [r for r in range(len(groups.render_scan)) if groups.render_scan[r] == g]
            block = [[float(similarity[p, r]) for r in columns] for p in rows]
            out["best"][s, g] = max(max(row) for row in block)
            out["mean"][s, g] = sum(sum(row) / len(row) for row in block) / len(block)
            out["sum"][s, g] = sum(max(row) for row in block)
    return out


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.integers(0, 2**31),
)
def test_aggregations_equal_a_naive_loop(photos: list[int], renders: list[int], seed: int) -> None:
    groups = grouping(photos, renders)
    similarity = np.random.default_rng(seed).normal(size=(sum(photos), sum(renders)))
    expected = naive(similarity, groups)
    found = aggregate(similarity, groups)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)


def test_adding_a_worse_render_changes_the_mean_alone() -> None:
    groups, more = grouping([2], [2, 1]), grouping([2], [3, 1])
    similarity = np.array([[0.5, 0.4, 0.1], [0.3, 0.6, 0.2]])
    worse = np.insert(similarity, 2, -1.0, axis=1)
    before, after = aggregate(similarity, groups), aggregate(worse, more)
    np.testing.assert_array_equal(before["best"], after["best"])
    np.testing.assert_array_equal(before["sum"], after["sum"])
    assert after["mean"][0, 0] < before["mean"][0, 0]


def test_nothing_to_compare_gives_an_empty_table() -> None:
    groups = grouping([], [2])
    assert scan_scores(np.zeros((0, 2)), groups, "best").shape == (0, 1)
    assert set_scores(np.zeros((0, 1)), groups, "sum").shape == (0, 1)


def test_unit_rows_have_length_one_and_zeros_stay() -> None:
    rows = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, 0.0]])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 0.0])
