import numpy as np
import pytest

from headrisk.linkage.decide import (
    NoThreshold,
    fixed_fmr_threshold,
    kde_threshold,
    threshold_rules,
    unsupervised_threshold,
)
from headrisk.types import PairScores


def matrix(values, probe, gallery, usable=None):
    values = np.asarray(values, dtype=float)
    usable = np.ones(values.shape, bool) if usable is None else usable
    return PairScores("test", values, usable, np.asarray(probe), np.asarray(gallery))


def simulated(rng, people, found, shift, deviation=0.06, skew=0.0, probe_effect=0.0):
    """A share ``found`` of probes has a mate in the gallery; strangers' scores may be skewed."""
    values = rng.normal(0, 0.05, (people, people))
    if skew:
        values = np.sign(skew) * 0.025 * (rng.gamma(4, 1, (people, people)) - 4)
    values += probe_effect * rng.normal(size=(people, 1))
    own, mated = np.arange(people), rng.random(people) < found
    values[own, own] = np.where(
        mated, shift + deviation * rng.normal(size=people), values[own, own]
    )
    return matrix(values, np.where(mated, own, own + people), own)


def rates(scores, threshold):
    accepted = scores.usable & (scores.values >= threshold)
    fmr = np.count_nonzero(accepted & scores.nonmated) / np.count_nonzero(scores.nonmated)
    fnmr = np.count_nonzero(~accepted & scores.mated) / max(np.count_nonzero(scores.mated), 1)
    return fmr, fnmr


@pytest.mark.parametrize("fmr", [1e-2, 1e-3])
def test_fixed_rate_is_met_and_no_lower_threshold_meets_it(fmr):
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = simulated(rng, 60, 1.0, 0.3)
        rounded = matrix(np.round(scores.values, 2), range(60), range(60))
        for each in (scores, rounded):
            threshold = fixed_fmr_threshold(each, fmr=fmr).value
            assert rates(each, threshold)[0] <= fmr
            lower = each.values[each.nonmated]
            lower = lower[lower < threshold].max()
            assert rates(each, lower)[0] > fmr


def test_fixed_rate_needs_as_many_pairs_of_people_as_it_speaks_of():
    # 14 people: 91 pairs of people, though 182 pairs in the matrix. 15 people: 105.
    few = fixed_fmr_threshold(simulated(np.random.default_rng(1), 14, 1.0, 0.3), fmr=1e-2)
    assert few.value is None
    assert few.reason == NoThreshold("few pairs", 100, 91)
    enough = fixed_fmr_threshold(simulated(np.random.default_rng(1), 15, 1.0, 0.3), fmr=1e-2)
    assert enough.value is not None


def test_repeated_scans_are_not_more_pairs_of_people():
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(5), 20)
    assert (
        fixed_fmr_threshold(matrix(rng.normal(size=(100, 100)), person, person), fmr=1e-2).value
        is None
    )


def test_kde_threshold_names_what_is_missing():
    assert kde_threshold(matrix([[1.0]], [0], [1])).reason == NoThreshold("no mated pairs")
    assert kde_threshold(matrix([[1.0]], [0], [0])).reason == NoThreshold("no non-mated pairs")
    same = kde_threshold(matrix(np.ones((2, 2)), [0, 1], [0, 1]))
    assert same.reason == NoThreshold("equal scores")


def test_unusable_pairs_do_not_move_any_threshold():
    rng = np.random.default_rng(3)
    scores = simulated(rng, 40, 1.0, 0.35)
    hidden = rng.random((40, 40)) < 0.3
    one, two = scores.values.copy(), scores.values.copy()
    one[hidden], two[hidden] = 1e6, -1e6
    for rule in threshold_rules().values():
        first = rule(matrix(one, range(40), range(40), ~hidden))
        assert first == rule(matrix(two, range(40), range(40), ~hidden))


@pytest.mark.parametrize("people", [22, 100, 400])
@pytest.mark.parametrize("found", [1.0, 0.5])
@pytest.mark.parametrize(("skew", "probe_effect"), [(0.0, 0.0), (0.0, 0.02), (-1.0, 0.0)])
def test_outsiders_threshold_decides_about_as_well_as_the_supervised_one(
    people, found, skew, probe_effect
):
    """No label is used, yet FMR stays under 1/N + 1 % and few mates are missed, on five cohorts."""
    rng = np.random.default_rng(people)
    for _ in range(5):
        scores = simulated(rng, people, found, 0.42, skew=skew, probe_effect=probe_effect)
        outsider = unsupervised_threshold(scores)
        share = np.count_nonzero(scores.mated) / scores.values.size
        insider = kde_threshold(scores, prior=share)
        assert outsider.value is not None
        fmr, fnmr = rates(scores, outsider.value)
        best_fmr, best_fnmr = rates(scores, insider.value)
        assert fmr <= best_fmr + 0.01
        assert fnmr <= best_fnmr + 0.12
        assert abs(outsider.value - insider.value) < 0.13  # a third of the distance of the means


def test_outsider_uses_no_probe_identity():
    scores = simulated(np.random.default_rng(4), 50, 1.0, 0.4)
    renamed = matrix(scores.values, np.arange(1000, 1050), scores.gallery_person)
    assert unsupervised_threshold(scores) == unsupervised_threshold(renamed)


@pytest.mark.parametrize("skew", [0.0, 1.0, -1.0])
def test_outsider_finds_nothing_where_there_is_nothing(skew):
    rng, alarms = np.random.default_rng(5), 0
    for _ in range(25):
        alarms += unsupervised_threshold(simulated(rng, 40, 0.0, 0.4, skew=skew)).value is not None
    assert alarms <= 1


def test_outsider_with_several_gallery_scans_of_a_person():
    rng = np.random.default_rng(6)
    gallery = np.repeat(np.arange(40), 3)
    values = rng.normal(0, 0.05, (40, 120)) + 0.4 * (np.arange(40)[:, None] == gallery)
    found = unsupervised_threshold(matrix(values, range(40), gallery))
    fmr, fnmr = rates(matrix(values, range(40), gallery), found.value)
    assert fmr == 0.0
    assert fnmr < 0.05  # it is set on the best scan of each person, so a worse one may miss


@pytest.mark.parametrize(
    "scores",
    [
        matrix(np.zeros((0, 0)), np.zeros(0, int), np.zeros(0, int)),
        matrix(np.ones((10, 10)), range(10), range(10)),
        matrix(np.eye(3), range(3), range(3)),
        matrix(np.random.default_rng(0).normal(size=(20, 1)), range(20), [0]),
    ],
)
def test_outsider_says_so_when_there_is_too_little(scores):
    found = unsupervised_threshold(scores)
    assert found.value is None
    assert found.reason


def test_rules_of_a_run():
    scores = simulated(np.random.default_rng(7), 60, 1.0, 0.15)
    rules = threshold_rules(0.2)
    assert list(rules) == ["kde", "fmr_1e-2", "fmr_1e-3", "unsupervised"]
    assert rules["kde"](scores) == kde_threshold(scores, prior=0.2)
    assert rules["fmr_1e-2"](scores) == fixed_fmr_threshold(scores, fmr=1e-2)
    assert rules["fmr_1e-3"](scores) == fixed_fmr_threshold(scores, fmr=1e-3)
    assert rules["unsupervised"](scores) == unsupervised_threshold(scores)
    even = threshold_rules()["kde"](scores)
    assert even == kde_threshold(scores, prior=0.5) == kde_threshold(scores)
    assert even.value != rules["kde"](scores).value
    assert even.reason is None


def test_the_fixed_threshold_is_the_next_number_above_what_is_rejected():
    values = np.arange(16.0).reshape(4, 4)
    scores = matrix(values, range(10, 14), range(4))
    for fmr, limit in ((0.25, 11.0), (0.2, 12.0), (1 / 16, 14.0), (0.5, 7.0)):
        found = fixed_fmr_threshold(scores, fmr=fmr)
        assert (found.value, found.reason) == (np.nextafter(limit, np.inf), None)
    assert fixed_fmr_threshold(scores, fmr=0.06).reason == NoThreshold("few pairs", 17, 16)


def test_why_there_is_no_kde_or_outsiders_threshold():
    nothing = matrix(np.zeros((0, 0)), np.zeros(0, int), np.zeros(0, int))
    assert kde_threshold(nothing).reason == NoThreshold("no mated pairs")
    rng = np.random.default_rng(8)
    low = matrix(rng.normal(size=(40, 40)) - 0.2 * np.eye(40), range(40), range(40))
    assert kde_threshold(low, prior=0.001).reason == NoThreshold("never higher", prior=0.001)
    few = unsupervised_threshold(matrix(np.eye(3), range(3), range(3)))
    assert few.reason == NoThreshold("few probes")
    blind = unsupervised_threshold(matrix(rng.normal(size=(40, 40)), range(40), range(40)))
    assert blind.reason == NoThreshold("one group")
