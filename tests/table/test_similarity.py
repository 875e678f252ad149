"""Similarities against naive loops, and learning that never sees the pair it scores."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import people, session
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import inv, sqrtm
from sklearn.covariance import LedoitWolf
from sklearn.metrics.pairwise import cosine_similarity, nan_euclidean_distances

from headrisk.table.covariance import fit_two_covariances, two_covariances
from headrisk.table.similarity import (
    LEARNT,
    Sides,
    all_scores,
    correlation,
    cosine,
    deal,
    euclidean,
    fold_pairs,
    likelihood_ratios,
    mirrored,
    shared_columns,
    whitened_cosine,
)
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


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2, 0.6]))
def test_the_correlation_is_that_of_numpy(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = with_gaps(rng, (6, 9), gaps), with_gaps(rng, (4, 9), gaps)
    found = correlation(a, b)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            both = np.isfinite(x) & np.isfinite(y)
            if both.sum() > 2:
                expected = np.corrcoef(x[both], y[both])[0, 1]
                assert found[i, j] == pytest.approx(expected, abs=1e-9)


def _joint(found: Sides, seed: int) -> np.ndarray | None:
    scores = likelihood_ratios(found, 5, np.random.default_rng(seed))
    return None if scores is None else scores["likelihood-ratio"]


def test_two_covariances_serve_few_people() -> None:
    """40 people in a gallery of 200, 30 columns that go together: the plainer model finds more."""
    rng = np.random.default_rng(17)
    shared, drift = rng.standard_normal((8, 30)) / 3, rng.standard_normal((3, 30)) / 2
    person = rng.standard_normal((200, 8)) @ shared + 0.5 * rng.standard_normal((200, 30))
    first, second = (
        person + 0.8 * rng.standard_normal((200, 3)) @ drift + 0.3 * rng.standard_normal((200, 30))
        for _ in range(2)
    )
    found = Sides(first[:40], second, np.arange(40), np.arange(200))
    scores = likelihood_ratios(found, 5, rng)
    assert scores is not None
    joint, plainer = (np.mean(one.argmax(axis=1) == np.arange(40)) for one in scores.values())
    assert plainer > joint + 0.2


def test_what_people_vary_by_is_what_rows_about_them_do_not() -> None:
    """The model of many pairs is that of the covariances they were drawn with."""
    rng = np.random.default_rng(2)
    mixing = rng.standard_normal((4, 4)), 0.5 * rng.standard_normal((4, 4))
    people = rng.standard_normal((40_000, 4)) @ mixing[0]
    first, second = (people + rng.standard_normal(people.shape) @ mixing[1] for _ in range(2))
    between, within = mixing[0].T @ mixing[0], mixing[1].T @ mixing[1]
    total = LedoitWolf(assume_centered=True).fit(np.concatenate([first, second])).covariance_
    found = fit_two_covariances(first, second, np.ones(len(first)), total)
    true = two_covariances(np.zeros(4), between, within)
    x, y = people[:20], people[20:40]
    np.testing.assert_allclose(found.score(x, y), true.score(x, y), rtol=0.05, atol=0.3)


def test_a_pair_is_scored_by_a_model_that_saw_neither_person() -> None:
    """What two people hold does not change the score of their pair's model: they hold new rows."""
    found = sides(count=60, columns=6)
    before = _joint(found, 9)
    moved = found.probes.copy()
    moved[[3, 63]] = np.random.default_rng(1).standard_normal((2, 6))
    changed = Sides(moved, moved, found.probe_person, found.gallery_person)
    after = _joint(changed, 9)
    assert before is not None
    assert after is not None
    fold = deal(np.arange(60), np.ones(60, dtype=bool), 10, np.random.default_rng(9))
    own = np.array([fold[int(p)] for p in found.probe_person])
    others = found.probe_person != 3
    together = np.ix_((own == fold[3]) & others, others)
    np.testing.assert_allclose(before[together], after[together], atol=1e-9)
    others &= own != fold[3]
    assert not np.allclose(before[np.ix_(others, others)], after[np.ix_(others, others)])


def test_every_model_learns_from_equally_many_people() -> None:
    for folds in (2, 3, 5, 10):
        found = list(fold_pairs(folds))
        assert len(found) == folds * (folds + 1) // 2
        assert {len(set(out)) for _, _, out in found} == {2}
        assert all({i, j} <= set(out) for i, j, out in found)


def test_whitening_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, 30, 7)) @ rng.standard_normal((7, 7))
    found = whitened_cosine(Sides(a, b, np.arange(30), np.arange(30)))
    white = []
    for rows in (a, b):
        centred = rows - rows.mean(axis=0)
        covariance = LedoitWolf(assume_centered=True).fit(centred).covariance_
        white.append(centred @ np.real(inv(sqrtm(covariance))))
    np.testing.assert_allclose(found, cosine_similarity(*white), atol=1e-8)


def test_columns_of_either_side_of_the_head_are_paired() -> None:
    keys = ["lh insula thickness", "brainstem volume", "rh insula thickness", "lh x", "rh x"]
    found = mirrored(keys)
    assert found is not None
    assert found.tolist() == [2, 1, 0, 4, 3]
    assert mirrored(["c01 02", "c01 03"]) is None


def test_rows_that_are_copies_teach_nothing_where_there_are_others() -> None:
    """Half of the second rows are the first ones over again; the others decide what is learnt."""
    rng = np.random.default_rng(5)
    first = rng.standard_normal((60, 8))
    second = first + 0.8 * rng.standard_normal((60, 8))
    second[:30] = first[:30]
    who = np.arange(60)
    told = Sides(first, second, who, who, verbatim=np.eye(60, dtype=bool) & (who < 30))
    blind = Sides(first, second, who, who)
    scores = [_joint(one, 0) for one in (told, blind)]
    rates = [np.mean(one[30:].argmax(axis=1) == who[30:]) for one in scores if one is not None]
    assert len(rates) == 2
    assert rates[0] > rates[1]


def test_learning_helps_where_columns_are_unlike() -> None:
    """Half of the columns are mostly noise; a measure that learns from others finds out which."""
    rng = np.random.default_rng(8)
    noise = np.where(np.arange(30) < 15, 0.3, 3.0)
    traits = rng.standard_normal((120, 30))
    rows = np.concatenate([traits + noise * rng.standard_normal((120, 30)) for _ in range(2)])
    rows /= rows.std(axis=0)
    person = np.tile(np.arange(120), 2)
    found = Sides(rows, rows, person, person)
    scores, left_out = all_scores(found, 5, np.random.default_rng(0))
    assert left_out == {}
    plain = first_right(cosine(rows, rows), found)
    assert plain < 0.97
    assert first_right(scores["likelihood-ratio"], found) > plain


def first_right(values: FloatArray, found: Sides) -> float:
    open_pairs = values.copy()
    np.fill_diagonal(open_pairs, -np.inf)
    best = found.gallery_person[open_pairs.argmax(axis=1)]
    return float(np.mean(best == found.probe_person))


def test_too_few_others_leave_a_measure_out_with_a_reason() -> None:
    few = sides(count=11)
    scores, left_out = all_scores(few, 5, np.random.default_rng(0))
    assert "likelihood-ratio" not in scores
    assert left_out == {"likelihood-ratio": 10, "two-covariance": 10}  # people that are needed
    two = Sides(few.probes[:4], few.probes[:4], np.arange(4), np.arange(4))
    assert set(all_scores(two, 5, np.random.default_rng(0))[1]) == {"whitened-cosine", *LEARNT}
