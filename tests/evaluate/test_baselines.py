import numpy as np
import pytest
from score_sets import cohort, make, naive_auc

from headrisk.evaluate.baselines import (
    beats_control,
    chance_of_rank,
    compare_arm,
    same_label,
    shuffled_labels,
)
from headrisk.evaluate.rates import mate_ranks
from headrisk.types import Estimate


def test_chance_is_one_over_each_probes_gallery():
    usable = np.ones((2, 4), dtype=bool)
    usable[1, 2:] = False
    ranks = mate_ranks(make(np.zeros((2, 4)), [0, 1], [0, 1, 2, 3], usable))
    assert chance_of_rank(ranks, 1) == pytest.approx((1 / 4 + 1 / 2) / 2)
    assert chance_of_rank(ranks, 3) == pytest.approx((3 / 4 + 1) / 2)


def test_shuffled_labels_come_out_at_chance_even_for_a_perfect_attack():
    scores = cohort(np.random.default_rng(0), 40, shift=20.0)
    control = shuffled_labels(scores, np.random.default_rng(1), 2000)
    assert control.rank1 == pytest.approx(1 / 40, abs=0.003)
    assert control.auc == pytest.approx(0.5, abs=0.01)
    assert control.p_value == pytest.approx(1 / 2001)


def test_shuffled_labels_of_a_blind_attack_are_as_good_as_the_truth():
    scores = cohort(np.random.default_rng(2), 30, shift=0.0)
    control = shuffled_labels(scores, np.random.default_rng(3), 500)
    assert control.p_value > 0.05


@pytest.mark.parametrize(
    "scores",
    [
        make([[1.0]], [0], [0]),
        make([[1.0, 2.0]], [5], [0, 1]),
        make(np.zeros((0, 3)), [], range(3)),
    ],
)
def test_no_shuffle_without_mates_or_others(scores):
    assert shuffled_labels(scores, np.random.default_rng(0)) is None


def test_same_scanner_arm_shows_that_scores_recognise_the_scanner():
    rng = np.random.default_rng(4)
    scanner = np.where(np.arange(30) % 3 == 0, "a", "b")
    scores = cohort(rng, 30, shift=2.0)
    same = same_label(scanner, scanner)
    leaking = make(scores.values + 1.5 * same, range(30), range(30))
    assert compare_arm(scores, same).auc_leak == pytest.approx(0.5, abs=0.06)
    arm = compare_arm(leaking, same)
    expected = naive_auc(
        leaking.values[same & leaking.nonmated].tolist(),
        leaking.values[~same & leaking.nonmated].tolist(),
    )
    assert arm.auc_leak == pytest.approx(expected, abs=1e-12)
    assert arm.auc_leak > 0.8
    assert arm.shared_pairs == 10 * 9 + 20 * 19
    assert arm.people == 30


def test_unknown_scanners_are_not_the_same_scanner():
    labels = np.array(["", "a", ""])
    assert same_label(labels, labels).tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_arm_without_pairs_is_none():
    scores = make(np.eye(3), range(3), range(3))
    arm = compare_arm(scores, np.zeros((3, 3), dtype=bool))
    assert arm.auc_shared is None
    assert arm.auc_leak is None


def test_attack_beats_control_only_with_its_lower_limit():
    attack = Estimate(0.5, 0.3, 0.7, 20)
    assert beats_control(attack, 0.2)
    assert not beats_control(attack, 0.4)
    assert not beats_control(None, 0.1)
    assert not beats_control(attack, None)
