"""Lists of pairs and the best score of each person, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import InputError
from headrisk.linkage.pairs import (
    among_people,
    best_per_person,
    finite_scores,
    pair_sample,
    restrict,
)
from headrisk.types import PairScores


def matrix(values, probe, gallery, usable=None, name="mae"):
    values = np.asarray(values, dtype=float)
    usable = np.ones(values.shape, bool) if usable is None else np.asarray(usable, bool)
    return PairScores(name, values, usable, np.asarray(probe), np.asarray(gallery))


def random_matrix(rng):
    probe, gallery = rng.integers(2, 9, rng.integers(1, 8)), rng.integers(2, 9, rng.integers(1, 9))
    values = np.round(rng.normal(size=(probe.size, gallery.size)), 1)
    return matrix(values, probe, gallery, rng.random(values.shape) < 0.6)


def test_infinite_scores_become_the_next_numbers():
    values = [[np.inf, 2.0, -np.inf], [1.0, -3.0, np.inf]]
    found = finite_scores(matrix(values, [0, 1], range(3), [[1, 1, 1], [1, 1, 0]]))
    up, down = np.nextafter(2.0, np.inf), np.nextafter(-3.0, -np.inf)
    assert found.values.tolist() == [[up, 2.0, down], [1.0, -3.0, 0.0]]
    nothing = finite_scores(matrix([[np.inf, -np.inf]], [0], [0, 1]))
    assert nothing.values.tolist() == [[np.nextafter(0, 1), np.nextafter(0, -1)]]
    assert found.measure == "mae"
    whole = PairScores("x", np.array([[1, 2]]), np.ones((1, 2), bool), np.zeros(1), np.zeros(2))
    assert finite_scores(whole).values.dtype == np.float64


def test_what_cannot_be_used_is_said_in_full():
    with pytest.raises(InputError) as caught:
        finite_scores(matrix([[np.nan, 1, np.nan]], [0], range(3)))
    assert str(caught.value) == (
        "scores of mae: 2 usable pairs without a number; expected a number for every usable pair. "
        "Mark the pairs as not usable, or check the scans behind them."
    )
    for values, usable in (
        (np.zeros((2, 3)), np.ones((2, 3))),
        (np.zeros((2, 2)), np.ones((2, 3))),
        (np.zeros((2, 3)), np.ones((2, 2))),
    ):
        with pytest.raises(InputError) as caught:
            finite_scores(matrix(values, [0, 1], [0, 1], usable))
        assert str(caught.value) == (
            f"scores of mae: a matrix of shape {values.shape} and a mask of {usable.shape}; "
            "expected (2, 2), probes by gallery scans."
        )


def test_lists_of_pairs_equal_loops():
    rng = np.random.default_rng(0)
    for _ in range(60):
        scores = random_matrix(rng)
        found = pair_sample(scores)
        mated, others, people = [], [], set()
        for i, p in enumerate(scores.probe_person.tolist()):
            for j, g in enumerate(scores.gallery_person.tolist()):
                if scores.usable[i, j]:
                    people |= {p, g}
                    if p == g:
                        mated.append((scores.values[i, j], p))
                    else:
                        others.append((scores.values[i, j], p, g))
        assert found.people.tolist() == sorted(people)
        assert found.people.dtype == np.int64
        mates = zip(found.mated, found.people[found.mated_person], strict=True)
        assert list(mates) == mated
        sides = (found.people[side] for side in (found.probe_side, found.gallery_side))
        assert list(zip(found.nonmated, *sides, strict=True)) == others
        assert found.mated_people == len({p for _, p in mated})
        assert found.person_pairs == len({frozenset(pair[1:]) for pair in others})


def test_best_scores_of_people_equal_loops():
    rng = np.random.default_rng(1)
    for _ in range(60):
        scores = random_matrix(rng)
        found = best_per_person(scores)
        people = sorted(set(scores.gallery_person.tolist()))
        assert found.people.tolist() == people
        assert found.probe_person is scores.probe_person
        for i in range(scores.probe_person.size):
            for k, person in enumerate(people):
                own = [
                    scores.values[i, j]
                    for j, g in enumerate(scores.gallery_person)
                    if g == person and scores.usable[i, j]
                ]
                assert found.values[i, k] == max(own, default=-np.inf)
                assert found.comparable[i, k] == bool(own)
    for shape in ((0, 3), (3, 0), (0, 0)):
        empty = best_per_person(matrix(np.zeros(shape), range(shape[0]), range(shape[1])))
        assert empty.values.shape == empty.comparable.shape == shape


def test_parts_keep_scores_and_people():
    rng = np.random.default_rng(2)
    scores = random_matrix(rng)
    keep = rng.random(scores.values.shape) < 0.5
    part = restrict(scores, keep)
    np.testing.assert_array_equal(part.usable, scores.usable & keep)
    assert part.values is scores.values
    some = np.array([2, 5, 7, 8])
    part = among_people(scores, some)
    rows = [i for i, p in enumerate(scores.probe_person) if p in some]
    columns = [j for j, g in enumerate(scores.gallery_person) if g in some]
    assert part.measure == "mae"
    assert part.probe_person.tolist() == scores.probe_person[rows].tolist()
    assert part.gallery_person.tolist() == scores.gallery_person[columns].tolist()
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            assert part.values[i, j] == scores.values[row, column]
            assert part.usable[i, j] == scores.usable[row, column]
