from itertools import permutations

import numpy as np
import pytest

from headrisk.linkage.assign import assign_one_to_one, list_links
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
