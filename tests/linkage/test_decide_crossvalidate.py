import numpy as np
import pytest

from headrisk.linkage.decide import (
    NoThreshold,
    Threshold,
    cross_validate,
    deal,
    deal_folds,
    kde_threshold,
    threshold_rules,
)
from headrisk.types import PairScores


def scores_of(values, probe, gallery):
    values = np.asarray(values, dtype=float)
    return PairScores(
        "t", values, np.ones(values.shape, bool), np.asarray(probe), np.asarray(gallery)
    )


def cohort(seed, people, shift=3.0):
    rng = np.random.default_rng(seed)
    return scores_of(
        rng.normal(size=(people, people)) + shift * np.eye(people), range(people), range(people)
    )


def test_folds_part_the_people_and_spread_those_with_mates():
    values = np.zeros((10, 30))
    dealt = deal_folds(scores_of(values, range(10), range(30)), 5, np.random.default_rng(0))
    assert sorted(np.concatenate(dealt).tolist()) == list(range(30))
    assert [np.count_nonzero(fold < 10) for fold in dealt] == [2] * 5


@pytest.mark.parametrize(("people", "folds"), [(3, 0), (4, 2), (9, 4), (50, 5)])
def test_every_fold_has_at_least_two_people(people, folds):
    dealt = deal_folds(cohort(0, people), 5, np.random.default_rng(0))
    assert len(dealt) == folds
    assert all(fold.size >= 2 for fold in dealt)


def test_errors_equal_a_plain_loop_over_the_folds():
    scores = cohort(1, 23, shift=1.0)
    tested = cross_validate(scores, {"kde": kde_threshold}, 4, np.random.default_rng(7))["kde"]
    assert tested.people.dtype == np.int64
    assert tested.people.tolist() == list(range(23))
    dealt = deal_folds(scores, 4, np.random.default_rng(7))
    false = missed = nonmated = mated = 0
    for fold in dealt:
        train = np.array([p for p in range(23) if p not in fold])
        part = scores.values[np.ix_(train, train)]
        limit = kde_threshold(scores_of(part, train, train)).value
        for i in fold:
            for j in fold:
                nonmated += i != j
                mated += i == j
                false += i != j and scores.values[i, j] >= limit
                missed += i == j and scores.values[i, j] < limit
    assert (tested.false_match.size, tested.false_nonmatch.size) == (nonmated, mated)
    assert (tested.false_match.sum(), tested.false_nonmatch.sum()) == (false, missed)
    assert false > 0
    assert tested.folds == 4


def test_no_rule_ever_sees_a_test_person():
    scores = cohort(2, 20)
    seen = []

    def spy(part):
        seen.append(set(part.probe_person.tolist()) | set(part.gallery_person.tolist()))
        return Threshold(0.0)

    cross_validate(scores, {"spy": spy}, 5, np.random.default_rng(3))
    dealt = deal_folds(scores, 5, np.random.default_rng(3))
    assert seen[-1] == set(range(20)) or seen[0] == set(range(20))  # the threshold for everybody
    for fold in dealt:
        assert set(range(20)) - set(fold.tolist()) in seen


def test_a_threshold_fitted_to_noise_shows_its_true_rate_only_out_of_sample():
    """On the people it was fitted on FMR is at most 1 %; on others it is right on average."""
    found = []
    for seed in range(30):
        rule = {"fmr": threshold_rules()["fmr_1e-2"]}
        tested = cross_validate(cohort(seed, 40), rule, 5, np.random.default_rng(seed))["fmr"]
        found.append(tested.false_match.mean())
    assert np.mean(found) == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("people", [0, 1, 3])
def test_too_few_people_test_nothing_and_say_so(people):
    tested = cross_validate(cohort(0, people), threshold_rules(), 5, np.random.default_rng(0))
    for result in tested.values():
        assert result.folds == 0
        assert result.false_match.size == 0
        assert result.reason == NoThreshold("few people")


def test_a_rule_that_fails_in_training_says_why():
    tested = cross_validate(cohort(0, 15), threshold_rules(), 5, np.random.default_rng(0))[
        "fmr_1e-2"
    ]
    assert tested.threshold.value is not None  # 105 pairs of people
    assert tested.folds == 0
    assert (tested.reason.have, tested.reason.held_out) == (66, True)  # 12 training people


def test_people_are_dealt_in_turn_from_one_order():
    people, mates = np.array([3, 4, 7, 8, 9, 11, 20]), np.array([1, 0, 1, 1, 0, 0, 1], bool)
    order = np.random.default_rng(5).permutation(7)
    order = [*[k for k in order if mates[k]], *[k for k in order if not mates[k]]]
    for folds, count in ((2, 2), (3, 3), (9, 3)):
        dealt = deal(people, mates, folds, np.random.default_rng(5))
        expected = [sorted(people[order[start::count]].tolist()) for start in range(count)]
        assert [fold.tolist() for fold in dealt] == expected
    assert deal(people, mates, 1, np.random.default_rng(5)) == []
    assert deal(people[:3], mates[:3], 5, np.random.default_rng(5)) == []


def test_errors_of_two_scans_a_person_equal_a_plain_loop():
    """Who is behind each error, for people whose numbers are not their places."""
    rng = np.random.default_rng(6)
    probe, gallery = np.repeat(np.arange(9), 2) * 5 + 2, np.arange(1, 11) * 5 + 2
    values = rng.normal(size=(18, 10)) + (probe[:, None] == gallery)
    scores = scores_of(values, probe, gallery)
    rule = {"plain": lambda part: Threshold(float(part.values.mean()))}
    found = cross_validate(scores, rule, 3, np.random.default_rng(7))["plain"]
    people = sorted({*probe.tolist(), *gallery.tolist()})
    assert found.people.tolist() == people
    assert found.threshold == Threshold(float(values.mean()))
    dealt = deal_folds(scores, 3, np.random.default_rng(7))
    mated, others = [], []
    for fold in dealt:
        rest = np.setdiff1d(people, fold)
        limit = values[np.ix_(np.isin(probe, rest), np.isin(gallery, rest))].mean()
        for i, p in enumerate(probe.tolist()):
            for j, g in enumerate(gallery.tolist()):
                if p in fold and g in fold:
                    if p == g:
                        mated.append((people.index(p), values[i, j] < limit))
                    else:
                        sides = (people.index(p), people.index(g))
                        others.append((*sides, values[i, j] >= limit))
    assert list(zip(found.mated_person, found.false_nonmatch, strict=True)) == mated
    sides = zip(found.probe_side, found.gallery_side, found.false_match, strict=True)
    assert list(sides) == others
    assert (found.folds, found.reason) == (3, None)


def test_a_rule_that_fails_in_some_folds_only_tests_the_others():
    scores = cohort(3, 12)
    dealt = deal_folds(scores, 3, np.random.default_rng(1))

    def moody(part):
        if 0 in part.probe_person and part.probe_person.size < 12:
            return Threshold(None, NoThreshold("few probes"))
        return Threshold(float(np.diag(scores.values).min()))

    found = cross_validate(scores, {"moody": moody}, 3, np.random.default_rng(1))["moody"]
    (tested,) = (fold for fold in dealt if 0 in fold)
    assert (found.folds, found.reason) == (1, None)
    assert sorted(found.mated_person.tolist()) == tested.tolist()
    assert not found.false_nonmatch.any()  # a score at the threshold matches
    never = {"never": lambda part: Threshold(None, NoThreshold("one group"))}
    found = cross_validate(scores, never, 3, np.random.default_rng(1))["never"]
    assert (found.folds, found.reason) == (0, NoThreshold("one group", held_out=True))
    for part in (found.mated_person, found.probe_side, found.gallery_side):
        assert (part.size, part.dtype) == (0, np.int64)
    for wrong in (found.false_match, found.false_nonmatch):
        assert (wrong.size, wrong.dtype) == (0, np.bool_)
