"""Wrong labels planted in simulated scores are found, and clean scores give nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from headrisk.linkage.duplicates import (
    LabelFinding,
    ScoredPairs,
    find_wrong_labels,
    fit_kinds,
    judge,
)
from headrisk.types import IntArray

MATED, NONMATED = (0.68, 0.09), (0.1, 0.035)


def simulated(person: Sequence[int], label: Sequence[int], seed: int) -> ScoredPairs:
    """Scores of scans that truly show ``person`` and are filed under ``label``."""
    rng = np.random.default_rng(seed)
    who = np.array(person)
    same = who[:, None] == who[None, :]
    score = np.where(same, rng.normal(*MATED, same.shape), rng.normal(*NONMATED, same.shape))
    score = np.triu(score, 1) + np.triu(score, 1).T
    kind = np.zeros(score.shape, np.int64)
    return ScoredPairs(np.array(label), score, kind, np.ones(len(who), bool))


def found_in(pairs: ScoredPairs, copies: Sequence[tuple[int, int]] = ()) -> list[LabelFinding]:
    ignored = np.zeros(pairs.score.shape, bool)
    for i, j in copies:
        ignored[i, j] = ignored[j, i] = True
    return find_wrong_labels(pairs, copies, fit_kinds(pairs, ignored))


def two_scans_each(people: int) -> IntArray:
    return np.repeat(np.arange(people), 2)


@pytest.mark.parametrize("people", [2, 5, 12, 60])
def test_clean_data_give_nothing(people: int) -> None:
    person = two_scans_each(people)
    for seed in range(12):
        assert found_in(simulated(person, person, seed)) == []


def test_many_people_give_no_false_alarm() -> None:
    """45,000 pairs of two persons: the prior and the bound must hold them all down."""
    person = np.arange(300)
    for seed in range(3):
        assert found_in(simulated(person, person, seed)) == []


@pytest.mark.parametrize("people", [2, 8, 60])
def test_one_person_under_two_ids(people: int) -> None:
    person = two_scans_each(people)
    label = person.copy()
    person[label == 1] = 0
    (found,) = found_in(simulated(person, label, 3))
    assert (found.what, found.first, found.second) == ("two-ids", (0, 1), (2, 3))
    assert found.probability > 0.9
    assert found.judgement in ("certain", "likely")
    assert found.measure == "residual-correlation"


def test_two_single_scans_of_one_person() -> None:
    (found,) = found_in(simulated([0, 1, 0], [0, 1, 2], 5))
    assert (found.what, found.shown) == ("two-ids", (0, 2))


def test_exchanged_scans_are_told_with_their_right_places() -> None:
    label = two_scans_each(20)
    person = label.copy()
    person[[1, 3]] = person[[3, 1]]
    found = found_in(simulated(person, label, 4))
    assert [f.what for f in found] == ["two-persons", "two-persons"]
    by_label = {int(label[f.first[0]]): f for f in found}
    for own, other in ((0, 1), (1, 0)):
        finding = by_label[own]
        assert finding.belongs_to is not None
        assert person[finding.belongs_to] == person[finding.first[0]]
        assert label[finding.belongs_to] == other
        assert finding.probability > 0.99


def test_a_scan_of_a_stranger_under_a_label() -> None:
    person = np.array([0, 0, 0, 1, 1, 2, 2, 99])
    label = np.array([0, 0, 0, 1, 1, 2, 2, 0])
    (found,) = found_in(simulated(person, label, 6))
    assert (found.what, found.first, found.second) == ("two-persons", (7,), (0, 1, 2))
    assert found.belongs_to is None


def test_one_scan_under_the_label_of_another_participant() -> None:
    """The odd scan is the finding; the two labels are not taken for one person."""
    label = two_scans_each(10)
    person = np.append(label, 4)
    label = np.append(label, 0)
    (found,) = found_in(simulated(person, label, 7))
    assert (found.what, found.first) == ("two-persons", (20,))
    assert found.belongs_to is not None
    assert person[found.belongs_to] == 4


def test_copies_across_labels_are_not_told_twice() -> None:
    label = np.append(two_scans_each(6), 6)
    person = np.append(two_scans_each(6), 0)
    pairs = simulated(person, label, 8)
    assert [f.what for f in found_in(pairs)] == ["two-ids"]
    assert found_in(pairs, [(0, 12)]) == []


def test_a_doubtful_scan_is_only_worth_a_look() -> None:
    pairs = simulated([0, 1, 0], [0, 1, 2], 5)
    doubtful = ScoredPairs(pairs.label, pairs.score, pairs.kind, np.array([True, True, False]))
    (found,) = found_in(doubtful)
    assert found.judgement == "look at it"


def test_order_of_scans_does_not_matter() -> None:
    label = two_scans_each(9)
    person = label.copy()
    person[label == 4] = 2
    pairs = simulated(person, label, 9)
    order = np.random.default_rng(0).permutation(label.size)
    block = np.ix_(order, order)
    turned = ScoredPairs(label[order], pairs.score[block], pairs.kind[block], pairs.trusted[order])
    (a,), (b,) = found_in(pairs), found_in(turned)
    assert a.probability == pytest.approx(b.probability)
    assert {*a.first, *a.second} == {int(order[k]) for k in (*b.first, *b.second)}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_is_no_finding(count: int) -> None:
    assert found_in(simulated(range(count), range(count), 0)) == []


def test_verdicts() -> None:
    assert judge(0.995, 1e-4, trusted=True) == "certain"
    assert judge(0.995, 1e-2, trusted=True) == "likely"
    assert judge(0.995, 0.2, trusted=True) == "look at it"
    assert judge(0.995, 1e-4, trusted=False) == "look at it"
    assert judge(0.3, 1e-4, trusted=True) == "look at it"
    assert judge(0.05, 1e-9, trusted=True) is None
