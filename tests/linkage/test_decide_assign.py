from itertools import permutations

import numpy as np
import pytest

from headrisk.linkage.whole_sets import assign_one_to_one, list_links
from headrisk.types import PairScores


def scores_of(values, probe, gallery, usable=None):
    values = np.asarray(values, dtype=float)
    usable = np.ones(values.shape, bool) if usable is None else np.asarray(usable)
    return PairScores("t", values, usable, np.asarray(probe), np.asarray(gallery))


def test_best_total_above_the_threshold_equals_all_orders():
    rng = np.random.default_rng(0)
    for _ in range(50):
        values, threshold = rng.normal(size=(5, 6)), rng.normal(0.5, 0.5)
        found = assign_one_to_one(scores_of(values, range(5), range(6)), threshold)
        best = max(
            sum(max(values[i, j] - threshold, 0.0) for i, j in enumerate(order))
            for order in permutations(range(6), 5)
        )
        assert (found.score - threshold).sum() == pytest.approx(best, abs=1e-6)
        assert (found.score >= threshold).all()
        assert len(set(found.gallery_person)) == found.gallery_person.size
        assert len(set(found.probe_person)) == found.probe_person.size


def test_nobody_is_used_twice_where_each_probe_alone_would_choose_the_same():
    scores = scores_of([[0.9, 0.1], [0.8, 0.7]], [10, 11], [10, 11])
    found = assign_one_to_one(scores, 0.5)
    assert found.probe_person.tolist() == [10, 11]
    assert found.gallery_person.tolist() == [10, 11]


def test_without_threshold_everybody_that_can_joins():
    usable = np.array([[True, False], [True, True], [False, False]])
    scores = scores_of([[-5.0, 9.0], [3.0, -9.0], [9.0, 9.0]], [1, 2, 3], [1, 2], usable)
    found = assign_one_to_one(scores)
    assert found.score.tolist() == [-5.0, -9.0]


def test_scans_of_a_person_join_as_one():
    scores = scores_of([[0.2, 0.9], [0.8, 0.1]], [1, 1], [5, 6])
    found = assign_one_to_one(scores)
    assert (found.probe_person.tolist(), found.gallery_person.tolist()) == ([1], [6])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_matrices_join_nobody(shape):
    scores = scores_of(np.zeros(shape), np.arange(shape[0]), np.arange(shape[1]))
    assert assign_one_to_one(scores).score.size == 0
    assert list_links(scores, 0.5).score.size == 0


def test_links_list_people_by_their_best_scan_and_share_ranks():
    values = [[0.3, 0.9, 0.9, 0.1], [0.5, 0.4, 0.4, 0.5]]
    usable = [[True, True, True, True], [False, True, True, True]]
    links = list_links(scores_of(values, [1, 2], [1, 1, 2, 3], usable), 0.5, candidates=2)
    assert links.probe.tolist() == [0, 0, 1, 1]
    assert links.gallery.tolist() == [1, 2, 3, 1]
    assert links.rank.tolist() == [1, 1, 1, 2]
    assert links.score.tolist() == [0.9, 0.9, 0.5, 0.4]
    assert links.accepted.tolist() == [True, True, True, False]


def test_without_a_threshold_nothing_is_accepted():
    links = list_links(scores_of(np.eye(4), range(4), range(4)), None)
    assert not links.accepted.any()
    assert links.score.size == 16


def test_links_of_ragged_data_equal_loops():
    rng = np.random.default_rng(3)
    for _ in range(40):
        probe, gallery = rng.integers(0, 5, 6), rng.integers(0, 5, 8)
        values = np.round(rng.normal(size=(6, 8)), 0)
        usable = rng.random((6, 8)) < 0.7
        links = list_links(scores_of(values, probe, gallery, usable), 0.5, candidates=3)
        expected = []
        for i in range(6):
            best = {}
            for j in range(8):
                place = best.get(int(gallery[j]))
                if usable[i, j] and (place is None or values[i, j] > values[i, place]):
                    best[int(gallery[j])] = j
            order = sorted(best, key=lambda person: (-values[i, best[person]], person))
            for person in order[:3]:
                score = values[i, best[person]]
                rank = 1 + sum(values[i, j] > score for j in best.values())
                expected.append((i, best[person], score, rank, score >= 0.5))
        fields = (links.probe, links.gallery, links.score, links.rank, links.accepted)
        assert list(zip(*(f.tolist() for f in fields), strict=True)) == expected
        assert links.probe.dtype == links.gallery.dtype == np.int64


def test_five_candidates_unless_said_otherwise():
    links = list_links(scores_of(np.eye(7), range(7), range(7)), 1.0)
    assert links.score.size == 35
    assert links.accepted.sum() == 7


def test_a_pair_at_the_threshold_joins_and_one_below_does_not():
    scores = scores_of([[0.5, 0.0], [0.0, 0.49]], [3, 4], [3, 4])
    found = assign_one_to_one(scores, 0.5)
    assert (found.probe_person.tolist(), found.score.tolist()) == ([3], [0.5])
    assert assign_one_to_one(scores, 0.51).score.size == 0


def test_without_threshold_as_many_as_possible_join_and_then_the_best():
    rng = np.random.default_rng(4)
    for _ in range(40):
        values, usable = rng.normal(size=(4, 5)) * 50 - 20, rng.random((4, 5)) < 0.5
        found = assign_one_to_one(scores_of(values, range(4), range(5), usable))
        best = max(
            (
                sum(usable[i, j] for i, j in enumerate(order)),
                sum(values[i, j] for i, j in enumerate(order) if usable[i, j]),
            )
            for order in permutations(range(5), 4)
        )
        assert found.score.size == best[0]
        assert found.score.sum() == pytest.approx(best[1], abs=1e-6)
        for p, g, score in zip(found.probe_person, found.gallery_person, found.score, strict=True):
            assert usable[p, g]
            assert values[p, g] == score
        assert found.probe_person.dtype == np.int64


def test_a_tie_between_more_joins_and_none_counts_every_join():
    """At the threshold a pair adds nothing to the total, but it joins."""
    scores = scores_of([[1.0, 1.0], [1.0, 1.0]], [0, 1], [0, 1])
    assert assign_one_to_one(scores, 1.0).score.size == 2
