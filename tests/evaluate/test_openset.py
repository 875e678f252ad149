from itertools import combinations

import numpy as np
import pytest
from score_sets import cohort, make

from headrisk.evaluate.openset import (
    fnir_at_fpir,
    largest_open_gallery,
    open_set_rates,
    precision_at_prior,
)


def enumerate_rates(values, threshold, size):
    """All galleries of ``size`` from a full matrix, ties shared among the tied."""
    people = len(values)
    alarms, misses, wrongs = [], [], []
    for i in range(people):
        others = [j for j in range(people) if j != i]
        draws = list(combinations(others, size))
        alarms.append(np.mean([max(values[i][j] for j in d) >= threshold for d in draws]))
        hit, wrong = [], []
        for drawn in combinations(others, size - 1):
            ahead = [values[i][j] for j in drawn if values[i][j] > values[i][i]]
            tied = [j for j in drawn if values[i][j] == values[i][i]]
            first = 0.0 if ahead else 1 / (1 + len(tied))
            hit.append(first if values[i][i] >= threshold else 0.0)
            top = max([values[i][j] for j in drawn] + [values[i][i]])
            wrong.append((1 - first) if top >= threshold else 0.0)
        misses.append(1 - np.mean(hit))
        wrongs.append(np.mean(wrong))
    return np.mean(alarms), np.mean(misses), np.mean(wrongs)


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_rates_equal_the_mean_over_all_galleries(size):
    rng = np.random.default_rng(0)
    for threshold in (-1.0, 0.0, 0.8, 2.0, 5.0):
        values = np.round(rng.normal(size=(7, 7)) + np.eye(7), 1)
        scores = make(values, range(7), range(7))
        (ours,) = open_set_rates(scores, [threshold], size)
        fpir, fnir, wrong = enumerate_rates(values.tolist(), threshold, size)
        assert ours.fpir.value == pytest.approx(fpir, abs=1e-12)
        assert ours.fnir.value == pytest.approx(fnir, abs=1e-12)
        # Above the threshold with the mate below it, "wrong" counts any stranger that reaches it.
        assert ours.wrong.value == pytest.approx(wrong, abs=1e-12)


def test_gallery_beyond_the_data_gives_nothing():
    scores = cohort(np.random.default_rng(1), 10, shift=1.0)
    assert largest_open_gallery(scores) == 9
    assert open_set_rates(scores, [0.0], 10) == []
    assert open_set_rates(make([[1.0]], [0], [0]), [0.0]) == []


def test_fpir_and_fnir_move_with_threshold_and_gallery():
    scores = cohort(np.random.default_rng(2), 40, shift=3.0)
    rates = open_set_rates(scores, np.linspace(-1, 6, 15))
    fpir, fnir = [r.fpir.value for r in rates], [r.fnir.value for r in rates]
    assert fpir == sorted(fpir, reverse=True)
    assert fnir == sorted(fnir)
    by_size = [open_set_rates(scores, [2.0], n)[0].fpir.value for n in (1, 5, 20, 39)]
    assert by_size == sorted(by_size)


def test_fixed_fpir_needs_enough_people_and_holds_on_the_data():
    assert fnir_at_fpir(cohort(np.random.default_rng(3), 200, shift=4.0), 0.003) is None
    scores = cohort(np.random.default_rng(4), 340, shift=4.0)
    found = fnir_at_fpir(scores, 0.003)
    assert found.fpir.value <= 0.003
    just_below = np.unique(scores.values[scores.nonmated])
    lower = just_below[np.searchsorted(just_below, found.threshold) - 1]
    assert open_set_rates(scores, [lower])[0].fpir.value > 0.003
    assert 0.0 < found.fnir.value < 0.9


def test_people_without_mates_leave_fnir_unknown():
    scores = make(np.zeros((3, 6)), [10, 11, 12], range(6))
    (rates,) = open_set_rates(scores, [0.5])
    assert rates.fpir.value == 0.0
    assert rates.fpir.high > 0.5  # three people show little
    assert rates.fnir is None
    assert precision_at_prior(rates, 0.5) is None


def test_precision_follows_bayes():
    scores = cohort(np.random.default_rng(5), 30, shift=2.0)
    (rates,) = open_set_rates(scores, [1.5], 20)
    found, wrong, alarm = 1 - rates.fnir.value, rates.wrong.value, rates.fpir.value
    expected = 0.1 * found / (0.1 * found + 0.1 * wrong + 0.9 * alarm)
    assert precision_at_prior(rates, 0.1) == pytest.approx(expected)
    assert precision_at_prior(open_set_rates(scores, [99.0])[0], 0.5) is None
