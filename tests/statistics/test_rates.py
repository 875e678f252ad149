import numpy as np
import pytest
from score_sets import (
    best_scores,
    make,
    naive_auc,
    naive_cmc,
    naive_eer,
    naive_pairs,
    naive_weights,
    random_scores,
)
from sklearn import config_context
from sklearn.metrics import det_curve as sklearn_det
from sklearn.metrics import roc_auc_score, roc_curve

from headrisk.linkage.pairs import pair_sample
from headrisk.statistics.rates import (
    Det,
    area_under_curve,
    cumulative_match,
    d_prime,
    det_curve,
    equal_error_rate,
    error_rates,
    mate_ranks,
    person_means,
    thin_det,
)


def test_thousand_random_sets_equal_naive_loops_and_scikit_learn():
    rng = np.random.default_rng(20)
    compared = 0
    for _ in range(1000):
        scores = random_scores(rng)
        mated, nonmated = naive_pairs(scores)
        sample = pair_sample(scores)
        np.testing.assert_allclose(
            cumulative_match(mate_ranks(scores)), naive_cmc(scores), atol=1e-12
        )
        if not mated or not nonmated:
            assert area_under_curve(sample.mated, sample.nonmated) is None
            assert equal_error_rate(sample.mated, sample.nonmated) is None
            continue
        compared += 1
        truth = np.r_[np.ones(len(mated)), np.zeros(len(nonmated))]
        values = np.r_[mated, nonmated]
        auc = area_under_curve(sample.mated, sample.nonmated)
        assert auc == pytest.approx(naive_auc(mated, nonmated), abs=1e-12)
        assert auc == pytest.approx(roc_auc_score(truth, values), abs=1e-12)
        weights = (sample.mated_weight, sample.nonmated_weight)
        weighted = area_under_curve(sample.mated, sample.nonmated, weights)
        heavy = np.concatenate(naive_weights(scores))
        heavy[: len(mated)] /= heavy[: len(mated)].sum()
        expected = roc_auc_score(truth, values, sample_weight=heavy)
        assert weighted == pytest.approx(expected, abs=1e-12)
        eer = equal_error_rate(sample.mated, sample.nonmated)
        assert eer == pytest.approx(naive_eer(mated, nonmated), abs=1e-12)
        with config_context(skip_parameter_validation=True, assume_finite=True):
            fmr, tpr, thresholds = roc_curve(truth, values, drop_intermediate=False)
        ours = error_rates(sample.mated, sample.nonmated, thresholds)
        np.testing.assert_allclose(ours[0], fmr, atol=1e-12)
        np.testing.assert_allclose(ours[1], 1 - tpr, atol=1e-12)
    assert compared > 800


def test_det_curve_equals_scikit_learn():
    rng = np.random.default_rng(21)
    for _ in range(200):
        mated, nonmated = np.round(rng.normal(1, 1, 15), 1), np.round(rng.normal(0, 1, 40), 1)
        truth = np.r_[np.ones(15), np.zeros(40)]
        fmr, fnmr, thresholds = sklearn_det(truth, np.r_[mated, nonmated])
        ours = det_curve(mated, nonmated)
        where = np.searchsorted(ours.threshold, thresholds)
        inside = where < ours.threshold.size  # scikit-learn 1.7 adds a point beyond all scores
        np.testing.assert_array_equal(ours.threshold[where[inside]], thresholds[inside])
        np.testing.assert_allclose(ours.fmr[where[inside]], fmr[inside], atol=1e-12)
        np.testing.assert_allclose(ours.fnmr[where[inside]], fnmr[inside], atol=1e-12)


def test_d_prime_is_the_textbook_figure():
    mated, nonmated = np.array([2.0, 4.0]), np.array([0.0, 1.0, 2.0])
    assert d_prime(mated, nonmated) == pytest.approx((3 - 1) / np.sqrt((2 + 1) / 2))


@pytest.mark.parametrize(
    ("mated", "nonmated"), [([], [1.0]), ([1.0], [0.0, 1.0]), ([2.0, 2.0], [2.0, 2.0])]
)
def test_d_prime_without_spread_is_none(mated, nonmated):
    assert d_prime(np.array(mated), np.array(nonmated)) is None


def test_all_scores_tied_is_chance_everywhere():
    scores = make(np.zeros((4, 8)), range(4), range(8))
    sample, ranks = pair_sample(scores), mate_ranks(scores)
    assert area_under_curve(sample.mated, sample.nonmated) == 0.5
    assert equal_error_rate(sample.mated, sample.nonmated) == 0.5
    np.testing.assert_allclose(cumulative_match(ranks), np.arange(1, 9) / 8)


def test_rank_is_among_people_not_scans():
    # Person 2 has three scans, all better than the mate: one person stands before the mate.
    scores = make([[0.5, 0.9, 0.8, 0.7, 0.1]], [1], [1, 2, 2, 2, 3])
    ranks = mate_ranks(scores)
    assert ranks.better.tolist() == [1]
    assert ranks.gallery.tolist() == [3]


def test_best_usable_scan_counts_and_probes_without_mate_have_no_rank():
    values = [[0.9, 0.4, 0.5], [0.1, 0.2, 0.3], [0.8, 0.1, 0.1]]
    usable = [[False, True, True], [True, True, True], [False, False, True]]
    ranks = mate_ranks(make(values, [1, 9, 1], [1, 1, 2], usable))
    assert ranks.probe.tolist() == [0]
    assert ranks.better.tolist() == [1]


def test_person_with_many_probes_counts_once():
    values = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    ranks = mate_ranks(make(values, [1, 1, 1, 2], [1, 2]))
    assert cumulative_match(ranks)[0] == pytest.approx(0.5)  # not 3 of 4


def test_thinned_det_keeps_ends_and_true_points():
    rng = np.random.default_rng(3)
    det = det_curve(rng.normal(2, 1, 500), rng.normal(0, 1, 20000))
    thin = thin_det(det, 200)
    assert 100 < thin.threshold.size <= 200
    assert thin.threshold[0] == det.threshold[0]
    assert thin.threshold[-1] == det.threshold[-1]
    where = np.searchsorted(det.threshold, thin.threshold)
    np.testing.assert_array_equal(det.fmr[where], thin.fmr)
    low = (det.fmr > 0) & (det.fmr < 1e-2)
    gaps = np.abs(np.interp(det.threshold[low], thin.threshold, thin.fmr) - det.fmr[low])
    assert gaps.max() < 1.5e-3
    assert isinstance(thin, Det)


def test_curves_at_every_point_equal_counts():
    rng = np.random.default_rng(5)
    mated, nonmated = np.round(rng.normal(1, 1, 30), 1), np.round(rng.normal(0, 1, 50), 1)
    det = det_curve(mated, nonmated)
    assert det.threshold.tolist() == sorted(set(mated) | set(nonmated))
    np.testing.assert_allclose(det.fmr, [np.mean(nonmated >= t) for t in det.threshold])
    np.testing.assert_allclose(det.fnmr, [np.mean(mated < t) for t in det.threshold])
    assert det_curve(mated, np.zeros(0)) is None
    assert det_curve(np.zeros(0), nonmated) is None


def test_a_short_curve_is_not_thinned_and_a_long_one_evenly():
    rng = np.random.default_rng(6)
    whole = det_curve(rng.normal(2, 1, 90), rng.normal(0, 1, 310))
    assert whole.threshold.size == 400
    assert thin_det(whole) is whole
    assert thin_det(whole, 401) is whole
    assert thin_det(whole, 399) is not whole
    for points in (20, 60):
        thin = thin_det(whole, points)
        # Half the smallest rate above zero stands in for zero, and alike for one.
        place = []
        for rate in (whole.fmr, whole.fnmr):
            floor = min(value for value in rate if value > 0) / 2
            place.append(np.log((rate + floor) / (1 - rate + floor)))
        path = np.concatenate([[0], np.cumsum(np.abs(np.diff(place[0] - place[1])))])
        expected = sorted(
            {
                min(int(np.argmax(path >= wanted - 1e-12)), 399)
                for wanted in np.linspace(0, path[-1], points)
            }
        )
        kept = np.searchsorted(whole.threshold, thin.threshold).tolist()
        assert abs(len(kept) - len(expected)) <= 1
        assert len(set(kept) - set(expected)) <= 1
        np.testing.assert_array_equal(thin.fmr, whole.fmr[kept])
        np.testing.assert_array_equal(thin.fnmr, whole.fnmr[kept])
    assert thin_det(det_curve(rng.normal(2, 1, 200), rng.normal(0, 1, 310))).threshold.size <= 400


def test_d_prime_at_its_edges():
    two, more = np.array([1.0, 2.0]), np.array([0.0, 0.5, 0.25])
    assert d_prime(two, more[:1]) is None
    assert d_prime(two[:1], more) is None
    assert d_prime(two, more[:2]) == pytest.approx(1.25 / np.sqrt((0.5 + 0.125) / 2))
    assert d_prime(two, np.array([3.0, 3.0])) == pytest.approx(-1.5 / 0.5)
    assert d_prime(np.array([3.0, 3.0]), two) == pytest.approx(1.5 / 0.5)
    assert d_prime(np.zeros(3), np.zeros(4)) is None
    one_digit = np.array([1e9, 1e9 + 1e-4])
    assert d_prime(one_digit, one_digit) is None  # no spread beyond rounding
    far = np.array([-1e9, -1e9 + 1e-4])
    assert d_prime(np.array([0.0, 1e-4]), far) is None
    assert d_prime(far, np.array([0.0, 1e-4])) is None


def test_ranks_of_ragged_data_equal_loops():
    rng = np.random.default_rng(7)
    for _ in range(60):
        scores = random_scores(rng)
        ranks = mate_ranks(scores)
        expected = []
        rows = zip(scores.probe_person.tolist(), best_scores(scores), strict=True)
        for i, (person, best) in enumerate(rows):
            if person in best:
                mate = best.pop(person)
                above = sum(value > mate for value in best.values())
                tied = sum(value == mate for value in best.values())
                expected.append((i, person, above, tied, len(best) + 1))
        fields = (ranks.probe, ranks.person, ranks.better, ranks.tied, ranks.gallery)
        assert list(zip(*(f.tolist() for f in fields), strict=True)) == expected
        for field in fields:
            assert field.dtype == np.int64
        people, means, counts = person_means(np.arange(float(ranks.probe.size)), ranks.person)
        for person, mean, count in zip(people, means, counts, strict=True):
            own = np.flatnonzero(ranks.person == person)
            assert (mean, count) == (pytest.approx(own.mean()), own.size)
        kept = ranks.only(ranks.tied > 0)
        assert kept.probe.tolist() == [one[0] for one in expected if one[3] > 0]
        assert kept.gallery.tolist() == [one[4] for one in expected if one[3] > 0]


def test_equal_errors_lie_between_nothing_and_everything():
    # All mates below all strangers: at every threshold one of the rates is 1.
    assert equal_error_rate(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1.0
    assert equal_error_rate(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0.0
    assert cumulative_match(mate_ranks(make([[1.0]], [0], [1]))).shape == (0,)


def test_ranks_of_nobody_are_empty():
    for probes, gallery in ((0, 0), (2, 0), (0, 3), (2, 3)):
        scores = make(np.zeros((probes, gallery)), range(10, 10 + probes), range(gallery))
        ranks = mate_ranks(scores)
        for name in ("probe", "person", "better", "tied", "gallery"):
            assert getattr(ranks, name).shape == (0,)
            assert getattr(ranks, name).dtype == np.int64


@pytest.mark.parametrize("others", [3, 27, 700])
def test_a_det_curve_of_one_perfect_mate_can_be_thinned(others):
    """FNMR is 0 at every score that there is: the points are spread by FMR alone."""
    rng = np.random.default_rng(others)
    det = det_curve(np.array([9.0]), rng.normal(size=others))
    assert (det.fnmr == 0).all()
    thin = thin_det(det, 50)
    assert thin.threshold.size <= max(50, 1)
    assert thin.threshold[[0, -1]].tolist() == det.threshold[[0, -1]].tolist()
