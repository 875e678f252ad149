"""Labels of two data sets that do not name the same people are noticed; luck is not."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.linkage.label_check import check_labels
from headrisk.types import PairScores


def scores(
    people: int, mates: np.ndarray | None, seed: int = 0, strength: float = 0.8
) -> PairScores:
    """Probes of ``people`` against a gallery in which ``mates[k]`` shows person k."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.0, 0.1, (people, people))
    if mates is not None:
        values[np.arange(people), mates] += strength
    number = np.arange(people)
    return PairScores("x", values, np.ones_like(values, bool), number, number)


@pytest.mark.parametrize("people", [4, 6, 40, 200])
def test_other_labels_are_noticed(people: int) -> None:
    check = check_labels([scores(people, np.roll(np.arange(people), 1))])
    assert check is not None
    assert check.code == "labels_disagree"
    assert check.clear == check.other_label >= 0.9 * people


@pytest.mark.parametrize("people", [6, 40, 200])
def test_right_labels_agree(people: int) -> None:
    mates = np.arange(people)
    mates[:2] = mates[1::-1]  # one mix-up of two people
    check = check_labels([scores(people, mates if people > 6 else np.arange(people))])
    assert check is not None
    assert check.code == "labels_agree"


def test_people_who_are_not_there_hardly_ever_raise_the_alarm() -> None:
    alarms = [
        check.code == "labels_disagree"
        for seed in range(400)
        for people in (6, 30)
        if (check := check_labels([scores(people, None, seed)])) is not None
    ]
    assert sum(alarms) <= 4


def test_nothing_to_compare() -> None:
    assert check_labels([]) is None
    one = PairScores("x", np.ones((1, 1)), np.ones((1, 1), bool), np.arange(1), np.arange(1))
    check = check_labels([one])
    assert check is not None
    assert check.code == "nothing_to_tell"


def shared(right: int, wrong: int, absent: int = 0, seed: int = 0) -> PairScores:
    """``right`` people under their label on both sides, ``wrong`` labels that are two people."""
    rng = np.random.default_rng(seed)
    people = right + wrong + absent
    values = rng.normal(0.0, 0.1, (people, people))
    values[np.arange(right), np.arange(right)] += 0.8
    number = np.arange(people)
    gallery = np.where(number < right + wrong, number, number + 1000)
    return PairScores("x", values, np.ones_like(values, bool), number, gallery)


@pytest.mark.parametrize(("right", "wrong"), [(0, 6), (0, 40), (3, 3), (30, 10), (90, 10)])
def test_equal_labels_of_different_people_are_noticed(right: int, wrong: int) -> None:
    found = [check_labels([shared(right, wrong, absent=2, seed=seed)]) for seed in range(20)]
    codes = [check.code for check in found if check is not None]
    assert codes.count("labels_unconfirmed") >= 18
    for check in found:
        assert check is not None
        assert check.labelled == right + wrong
        assert check.confirmed <= right + 1


def test_weak_but_true_mates_of_most_people_raise_no_alarm() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0.0, 0.1, (60, 60))
    values[np.arange(60), np.arange(60)] += rng.uniform(0.15, 1.0, 60)
    number = np.arange(60)
    check = check_labels([PairScores("x", values, np.ones_like(values, bool), number, number)])
    assert check is not None
    assert check.code == "labels_agree"
    assert 0 < check.confirmed < 60


def test_one_bad_scan_raises_no_alarm() -> None:
    check = check_labels([shared(20, 1)])
    assert check is not None
    assert check.code == "labels_agree"


def test_labels_that_stand_on_one_side_only_say_nothing() -> None:
    check = check_labels([shared(0, 0, absent=8)])
    assert check is not None
    assert check.code == "nothing_to_tell"
    assert check.labelled == 0
