import numpy as np
import pytest
from score_sets import best_scores, cohort, make, naive_auc, naive_weights, random_scores

from headrisk.statistics.baselines import (
    beats_control,
    chance_of_rank,
    compare_arm,
    same_label,
    shuffled_labels,
)
from headrisk.statistics.rates import mate_ranks
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


def naive_shuffles(scores, rng, repetitions):
    """Rank 1 and AUC of each permutation of people, by loops over dictionaries."""
    best = best_scores(scores)
    people = sorted(set(scores.gallery_person.tolist()))
    searched = [i for i, p in enumerate(scores.probe_person.tolist()) if p in best[i]]
    pooled = [value for i in searched for value in best[i].values()]

    def attack(name):
        """Rank 1 over people and the AUC, where each probe's person is called ``name[person]``."""
        hits, chosen = {}, []
        for i in searched:
            person = int(scores.probe_person[i])
            wanted = name[person]
            if wanted in best[i]:
                top = max(best[i].values())
                first = [p for p, value in best[i].items() if value == top]
                hits.setdefault(person, []).append((wanted in first) / len(first))
                chosen.append(best[i][wanted])
        if not hits:
            return None
        rest = list(pooled)
        for value in chosen:
            rest.remove(value)
        area = naive_auc(chosen, rest) if rest else None
        return float(np.mean([np.mean(found) for found in hits.values()])), area

    truth = attack({p: p for p in people})
    drawn = []
    for _ in range(repetitions):
        order = rng.permutation(len(people))
        drawn.append(attack({p: people[order[k]] for k, p in enumerate(people)}))
    return truth, [one for one in drawn if one is not None]


def test_shuffled_labels_equal_loops_over_the_same_permutations():
    rng, compared = np.random.default_rng(6), 0
    for seed in range(60):
        scores = random_scores(rng)
        found = shuffled_labels(scores, np.random.default_rng(seed), 25)
        if found is None:
            ranks = mate_ranks(scores)
            assert not ranks.probe.size or np.unique(scores.gallery_person).size < 2
            continue
        truth, drawn = naive_shuffles(scores, np.random.default_rng(seed), 25)
        rank1 = [one[0] for one in drawn]
        areas = [one[1] for one in drawn if one[1] is not None]
        assert found.repetitions == len(drawn)
        assert found.rank1 == pytest.approx(np.mean(rank1), abs=1e-12)
        assert found.rank1_high == pytest.approx(np.quantile(rank1, 0.95), abs=1e-12)
        better = sum(value >= truth[0] - 1e-12 for value in rank1)
        assert found.p_value == pytest.approx((1 + better) / (1 + len(drawn)))
        assert (found.auc is None) == (not areas)
        if areas:
            assert found.auc == pytest.approx(np.mean(areas), abs=1e-12)
        compared += 1
    assert compared > 40


def test_labels_are_shuffled_two_hundred_times_unless_said_otherwise():
    scores = cohort(np.random.default_rng(0), 6, shift=1.0)
    assert shuffled_labels(scores, np.random.default_rng(1)).repetitions == 200


def test_every_figure_of_an_arm_equals_a_loop_over_its_pairs():
    rng = np.random.default_rng(8)
    for _ in range(30):
        scores = random_scores(rng)
        shared = rng.random(scores.values.shape) < 0.4
        arm = compare_arm(scores, shared)
        mated, inside, outside, people = [], [], [], set()
        for i, p in enumerate(scores.probe_person.tolist()):
            for j, g in enumerate(scores.gallery_person.tolist()):
                if not scores.usable[i, j]:
                    continue
                value = float(scores.values[i, j])
                if p == g:
                    mated.append(value)
                elif shared[i, j]:
                    inside.append(value)
                    people |= {p, g}
                else:
                    outside.append(value)
        counts = (arm.shared_pairs, arm.other_pairs, arm.people)
        assert counts == (len(inside), len(outside), len(people))
        own, near = naive_weights(scores, shared)
        far = naive_weights(scores, ~shared)[1]
        sides = (
            (arm.auc_shared, mated, inside, (own, near)),
            (arm.auc_leak, inside, outside, (near, far)),
        )
        for found, one, other, weights in sides:
            if one and other:
                assert found == pytest.approx(naive_auc(one, other, weights), abs=1e-12)
            else:
                assert found is None


def test_a_lower_limit_at_the_control_is_not_above_it():
    assert not beats_control(Estimate(0.5, 0.3, 0.7, 20), 0.3)


def test_nobody_with_a_mate_has_no_chance():
    assert chance_of_rank(mate_ranks(make([[1.0]], [0], [1])), 1) is None
