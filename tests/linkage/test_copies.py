"""Copies: digests, the choice of pairs to examine, and what the noise says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrisk.linkage.copies import copy_finding, same_bytes, to_examine


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
