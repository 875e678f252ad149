"""Similarities against naive loops, and learning that never sees the pair it scores."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import people, session
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity, nan_euclidean_distances

from headrisk.table import similarity
from headrisk.table.covariance import fit_whitening
from headrisk.table.similarity import Sides, cosine, deal, euclidean, learnt, shared_columns
from headrisk.types import FloatArray


def with_gaps(rng: np.random.Generator, shape: tuple[int, int], share: float) -> FloatArray:
    rows = rng.standard_normal(shape)
    rows[rng.random(shape) < share] = np.nan
    return rows


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2, 0.7]))
def test_plain_measures_are_those_of_a_loop(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = with_gaps(rng, (7, 9), gaps), with_gaps(rng, (4, 9), gaps)
    angle, distance, shared = cosine(a, b), euclidean(a, b), shared_columns(a, b)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            both = np.isfinite(x) & np.isfinite(y)
            assert shared[i, j] == both.sum()
            if both.any():
                u, v = x[both], y[both]
                expected = u @ v / np.sqrt((u @ u) * (v @ v))
                assert angle[i, j] == pytest.approx(expected, abs=1e-12)
                assert distance[i, j] == pytest.approx(-np.sqrt(np.mean((u - v) ** 2)), abs=1e-7)
            else:
                assert angle[i, j] == distance[i, j] == 0


def test_plain_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((20, 11)), rng.standard_normal((13, 11))
    np.testing.assert_allclose(cosine(a, b), cosine_similarity(a, b), atol=1e-12)
    a, b = with_gaps(rng, (20, 11), 0.2), with_gaps(rng, (13, 11), 0.2)
    expected = -nan_euclidean_distances(a, b) / np.sqrt(11)  # it scales up to all columns
    np.testing.assert_allclose(euclidean(a, b), expected, atol=1e-7)


def sides(count: int = 60, columns: int = 25, seed: int = 3) -> Sides:
    rng = np.random.default_rng(seed)
    traits = people(rng, count, columns)
    rows = np.concatenate([session(rng, traits, 0.5) for _ in range(2)])
    rows = (rows - np.median(rows, axis=0)) / rows.std(axis=0)
    person = np.tile(np.arange(count), 2)
    return Sides(rows, rows, person, person)


def test_a_pair_is_scored_by_a_model_that_saw_neither_person() -> None:
    """Every score equals that of a loop which fits on the other folds' people."""
    found = sides(count=40, columns=6)
    scores, _ = learnt(found, 4, np.random.default_rng(9))
    fold = deal(np.arange(40), np.ones(40, dtype=bool), 4, np.random.default_rng(9))
    own = np.array([fold[int(p)] for p in found.probe_person])
    for i, j in ((0, 1), (5, 45), (17, 57), (3, 33), (70, 12)):
        others = (own != own[i]) & (own != own[j])
        model = fit_whitening(found.probes[others])
        x, y = model.apply(found.probes[[i]]), model.apply(found.probes[[j]])
        expected = cosine_similarity(x, y)[0, 0]
        assert scores["whitened-cosine"][i, j] == pytest.approx(expected, abs=1e-10)


def test_what_a_person_holds_does_not_change_the_model_of_its_own_pairs() -> None:
    """Moving one person far away changes no score between two others of its fold's partners."""
    found = sides(count=40, columns=6)
    moved = found.probes.copy()
    moved[[0, 40]] *= 5
    changed = Sides(moved, moved, found.probe_person, found.gallery_person)
    before, _ = learnt(found, 4, np.random.default_rng(9))
    after, _ = learnt(changed, 4, np.random.default_rng(9))
    fold = deal(np.arange(40), np.ones(40, dtype=bool), 4, np.random.default_rng(9))
    own = np.array([fold[int(p)] for p in found.probe_person])
    alone = (own == fold[0]) & (found.probe_person != 0)
    for name in before:
        part = np.ix_(alone, ~(own == fold[0]))
        np.testing.assert_allclose(before[name][part], after[name][part], atol=1e-9)
        assert not np.allclose(before[name][~alone][:, ~alone], after[name][~alone][:, ~alone])


def test_learning_helps_where_columns_are_unlike() -> None:
    """Half of the columns are mostly noise; a measure that learns from others finds out which."""
    rng = np.random.default_rng(8)
    noise = np.where(np.arange(30) < 15, 0.3, 3.0)
    traits = rng.standard_normal((120, 30))
    rows = np.concatenate([traits + noise * rng.standard_normal((120, 30)) for _ in range(2)])
    rows /= rows.std(axis=0)
    person = np.tile(np.arange(120), 2)
    found = Sides(rows, rows, person, person)
    scores, notes = learnt(found, 5, np.random.default_rng(0))
    assert notes == ()
    plain = first_right(cosine(rows, rows), found)
    assert plain < 0.97
    assert first_right(scores["likelihood-ratio"], found) > plain


def first_right(values: FloatArray, found: Sides) -> float:
    open_pairs = values.copy()
    np.fill_diagonal(open_pairs, -np.inf)
    best = found.gallery_person[open_pairs.argmax(axis=1)]
    return float(np.mean(best == found.probe_person))


def test_too_few_others_leave_a_measure_out_with_a_reason() -> None:
    few = sides(count=12)
    scores, notes = learnt(few, 5, np.random.default_rng(0))
    assert scores == {}
    assert len(notes) == 2
    alone = Sides(few.probes[:12], few.probes[:12], np.arange(12), np.arange(12))
    assert "too few other people" in learnt(alone, 5, np.random.default_rng(0))[1][0]
    assert similarity.FEWEST_OTHERS == 10
