"""The change of the strongest attack: no effect where there is none, a real one is found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from score_sets import make

from headrisk.linkage.whole_sets import found_without
from headrisk.statistics.intervals import wilson
from headrisk.statistics.joined import assigned_share, assignment_variance
from headrisk.statistics.strongest_change import strongest_change


def measures(rng, people, shift, number=13):
    """Independent measures, mates ``shift`` standard deviations up."""
    found = {}
    for name in range(number):
        values = rng.normal(size=(people, people))
        values[np.arange(people), np.arange(people)] += shift
        found[f"m{name}"] = make(values, range(people), range(people), measure=f"m{name}")
    return found


def changes(rng, people, before, after, cohorts, number=13):
    return [
        strongest_change(
            measures(rng, people, before, number),
            measures(rng, people, after, number),
            rng,
            repetitions=20,
            exchanges=19,
        ).change.rank1
        for _ in range(cohorts)
    ]


def shows_effect(change):
    return change.p_value <= 0.05 or not change.difference.low <= 0 <= change.difference.high


def test_thirteen_measures_of_noise_show_no_effect():
    found = changes(np.random.default_rng(1), 10, 0.0, 0.0, 3)
    assert sum(map(shows_effect, found)) <= 1  # of 3: two or more in 1 %
    assert abs(np.mean([one.difference.value for one in found])) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 2.5])
def test_no_effect_is_shown_in_95_percent_of_cohorts_without_any(shift):
    found = changes(np.random.default_rng(2), 20, shift, shift, 150)
    assert np.mean([one.p_value <= 0.05 for one in found]) <= 0.09
    assert np.mean([one.difference.low <= 0 <= one.difference.high for one in found]) >= 0.93


def test_the_highest_measure_uncorrected_would_show_one():
    """What the correction is for: the best of 13 after, beside its own rate before."""
    rng, gap = np.random.default_rng(3), []
    for _ in range(40):
        rates = []
        for _ in range(2):
            hits = [
                np.diag(one.values) >= one.values.max(axis=1)
                for one in measures(rng, 12, 0.0).values()
            ]
            rates.append(np.mean(hits, axis=1))
        best = int(np.argmax(rates[1]))
        gap.append(rates[0][best] - rates[1][best])
    assert np.mean(gap) < -0.1


def test_a_real_effect_is_found():
    (found,) = changes(np.random.default_rng(4), 25, 4.0, 0.0, 1, 3)
    assert found.difference.low > 0.3
    assert found.p_value == pytest.approx(1 / 20)
    assert found.lost > 15 > found.gained


def test_people_that_no_attack_can_search_for_count_as_not_found():
    rng = np.random.default_rng(5)
    before, after = measures(rng, 10, 9.0, 2), measures(rng, 10, 9.0, 2)
    kept = {
        name: make(one.values[:7], range(7), range(10), measure=name) for name, one in after.items()
    }
    found = strongest_change(before, kept, rng, repetitions=20, exchanges=9)
    assert found.change.failed == 3
    assert found.before_it.value == 1.0
    assert found.found.value == pytest.approx(0.7)
    assert found.change.rank1.difference.value == 0.0


def test_nobody_left_after_the_method():
    rng = np.random.default_rng(6)
    before = measures(rng, 6, 9.0, 2)
    nobody = {"m0": make(np.zeros((0, 6)), [], range(6), measure="m0")}
    found = strongest_change(before, nobody, rng, repetitions=20)
    assert found.change.rank1 is None
    assert found.change.failed == 6
    assert found.found.value == 0.0


def test_found_without_a_group_is_what_assigning_the_rest_finds():
    rng = np.random.default_rng(7)
    values = rng.normal(size=(9, 9)) + 1.5 * np.eye(9)
    group = np.arange(9) % 4
    who, found = found_without(make(values, range(9), range(9)), group, rng)
    assert who.tolist() == list(range(9))
    for left_out, row in enumerate(found):
        kept = np.flatnonzero(group != left_out)
        _, columns = linear_sum_assignment(-values[np.ix_(kept, kept)])
        assert row[kept].tolist() == (kept[columns] == kept).tolist()
        assert not row[group == left_out].any()


def test_found_without_against_every_permutation():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(5, 5)) + np.eye(5)
    _, found = found_without(make(values, range(5), range(5)), np.arange(5), rng)
    for left_out, row in enumerate(found):
        kept = [k for k in range(5) if k != left_out]
        best = max(
            itertools.permutations(kept),
            key=lambda p: sum(values[i, j] for i, j in zip(kept, p, strict=True)),
        )
        assert row[kept].tolist() == [i == j for i, j in zip(kept, best, strict=True)]


def test_no_error_of_an_assignment_is_bounded_as_chains_of_errors_are():
    found = assigned_share(np.ones(20), 0.0)
    assert found.low == pytest.approx(0.05 ** (1 / 8))  # 20 people in chains of 2.5


def test_intervals_of_assignments_cover_and_those_of_independent_people_do_not():
    """Errors come in chains, so the share found varies more than one of independent people."""
    rng, people, rates, estimates = np.random.default_rng(9), 40, [], []
    for _ in range(60):
        values = rng.normal(size=(people, people))
        values[np.arange(people), np.arange(people)] += 3.0 + 0.5 * rng.normal(size=people)
        _, columns = linear_sum_assignment(-values)
        hits = (columns == np.arange(people)).astype(float)
        scores = make(values, range(people), range(people))
        estimates.append(assigned_share(hits, assignment_variance(scores, rng), people))
        rates.append(hits.mean())
    truth = np.mean(rates)
    held = np.mean([one.low <= truth <= one.high for one in estimates])
    plain = [wilson(people * rate, people) for rate in rates]
    alone = np.mean([one.low <= truth <= one.high for one in plain])
    assert held >= 0.9
    assert alone < 0.86
