import numpy as np
import pytest

from headrisk.linkage.crossvalidate import cross_validate, deal_folds
from headrisk.linkage.decide import Threshold, kde_threshold, threshold_rules
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
        assert result.reason == "fewer than four people"


def test_a_rule_that_fails_in_training_says_why():
    tested = cross_validate(cohort(0, 15), threshold_rules(), 5, np.random.default_rng(0))[
        "fmr_1e-2"
    ]
    assert tested.threshold.value is not None  # 105 pairs of people
    assert tested.folds == 0
    assert "the data have 66" in tested.reason  # 12 training people
