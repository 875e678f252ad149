"""Copies: digests, the choice of pairs to examine, and what the noise says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headrisk.duplicates.copies import CopyFinding, copy_finding, same_bytes, to_examine


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=8))
def test_equal_digests_against_a_naive_loop(digests: list[str]) -> None:
    naive = {
        (i, j)
        for i, j in combinations(range(len(digests)), 2)
        if digests[i] and digests[i] == digests[j]
    }
    assert {(c.first, c.second) for c in same_bytes(digests)} == naive
    assert all(c.judgement == "certain" for c in same_bytes(digests))


def test_only_very_similar_scans_of_one_contrast_are_examined() -> None:
    score = np.array([[0, 0.9, 0.2], [0.9, 0, 0.8], [0.2, 0.8, 0]])
    alike = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]], bool)
    assert to_examine(score, alike) == [(0, 1)]
    assert to_examine(np.zeros((0, 0)), np.zeros((0, 0), bool)) == []


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_more_shared_noise_is_never_less_probable_a_copy(one: float, other: float) -> None:
    low, high = (
        0.0 if found is None else found.probability
        for found in (
            copy_finding(0, 1, rewritten=False, detail=d, strength=0.02, examined=10)
            for d in sorted((one, other))
        )
    )
    assert low <= high


def test_scans_are_not_copies_and_copies_are() -> None:
    def told(detail: float, strength: float = 0.02, examined: int = 1000) -> str:
        found = copy_finding(
            0, 1, rewritten=False, detail=detail, strength=strength, examined=examined
        )
        return found.judgement if found else "nothing"

    assert told(0.2) == told(0.6) == told(-1.0) == "nothing"
    assert told(0.93) == told(0.99) == told(1.0) == "certain"
    assert told(0.99, strength=0.001) == "look at it"
    assert told(0.8) == "likely"
    assert told(0.8, examined=10**6) == "look at it"


def test_equal_voxels_need_no_noise() -> None:
    found = copy_finding(0, 1, rewritten=True, detail=0.1, strength=0.0, examined=3)
    assert found is not None
    assert (found.how, found.judgement) == ("same voxels", "certain")


def test_findings_of_equal_files_in_full() -> None:
    assert same_bytes(["a", "", "b", "a", "", "a"]) == [
        CopyFinding(i, j, "same bytes", 1.0, 0.9999, 0.0, "certain")
        for i, j in ((0, 3), (0, 5), (3, 5))
    ]
    found = copy_finding(4, 9, rewritten=True, detail=0.3, strength=0.0, examined=3)
    assert found == CopyFinding(4, 9, "same voxels", 0.3, 0.9999, 0.0, "certain")


@pytest.mark.parametrize("detail", [0.8, 0.9, 0.93, 0.99999, 0.3])
@pytest.mark.parametrize("examined", [1, 1000])
def test_probability_and_bound_by_hand(detail: float, examined: int) -> None:
    z = np.arctanh(min(detail, 0.9999))
    inside = min(max(z, 0.25), 1.9)
    odds = stats.norm.pdf(inside, 1.9, 0.7) / stats.norm.pdf(inside, 0.25, 0.2) / 99
    probability = min(0.9999, odds / (1 + odds))
    bound = min(1.0, examined * stats.norm.sf((z - 0.25) / 0.2))
    found = copy_finding(2, 7, rewritten=False, detail=detail, strength=0.003, examined=examined)
    if probability < 0.1:
        assert found is None
        return
    assert found is not None
    assert (found.first, found.second, found.how, found.score) == (2, 7, "resampled", detail)
    assert found.probability == pytest.approx(probability)
    assert found.bound == pytest.approx(bound)
    certain, likely = probability >= 0.99 and bound <= 1e-3, probability >= 0.5 and bound <= 0.05
    assert found.judgement == ("certain" if certain else "likely" if likely else "look at it")


def test_pairs_at_the_limit_are_examined_once() -> None:
    score = np.array([[1.0, 0.7, 0.69], [0.7, 1.0, 0.71], [0.69, 0.71, 1.0]])
    alike = np.ones((3, 3), bool)
    assert to_examine(score, alike) == [(0, 1), (1, 2)]
    assert to_examine(score, alike.astype(int)) == [(0, 1), (1, 2)]
