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
