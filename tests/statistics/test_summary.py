import dataclasses

import numpy as np
import pytest
from score_sets import cohort, make, random_scores

from headrisk.errors import InputError
from headrisk.linkage.decide import cross_validate, threshold_rules
from headrisk.linkage.density import density_curves, kernels
from headrisk.linkage.pairs import pair_sample
from headrisk.settings import Settings
from headrisk.statistics.baselines import chance_of_rank, shuffled_labels
from headrisk.statistics.bootstrap import curve_intervals
from headrisk.statistics.clustered import mated_rate, nonmated_rate
from headrisk.statistics.intervals import few_errors, judge_sample, share_of_people
from headrisk.statistics.joined import joined_rates
from headrisk.statistics.openset import search_variance
from headrisk.statistics.rates import (
    cumulative_match,
    det_curve,
    error_rates,
    mate_ranks,
    person_means,
    thin_det,
)
from headrisk.statistics.risk import system_unlinkability
from headrisk.statistics.strata import by_probe
from headrisk.statistics.summary import Counts, strata, summarise
from headrisk.statistics.unlinkability import unlinkability
from headrisk.types import Estimate

SETTINGS = Settings(bootstrap=100)


def run(scores, seed=0, settings=SETTINGS):
    return summarise(scores, settings=settings, rng=np.random.default_rng(seed))


def numbers(value):
    """Every float in a nested record."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, np.ndarray):
        yield from np.asarray(value, dtype=float).ravel().tolist()
    elif isinstance(value, float):
        yield value


def estimates(value):
    if isinstance(value, Estimate):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from estimates(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from estimates(item)


DEGENERATE = {
    "nothing": make(np.zeros((0, 0)), [], []),
    "no probes": make(np.zeros((0, 3)), [], [0, 1, 2]),
    "no gallery": make(np.zeros((3, 0)), [0, 1, 2], []),
    "nothing usable": make(np.zeros((2, 2)), [0, 1], [0, 1], np.zeros((2, 2))),
    "one person": make([[0.9, 0.8]], [0], [0, 0]),
    "one mate": make([[0.9, 0.1, 0.2]], [0], [0, 1, 2]),
    "no mates": make(np.random.default_rng(0).normal(size=(4, 5)), range(4), range(10, 15)),
    "no strangers": make(np.full((2, 2), 0.5), [0, 0], [0, 0]),
    "all tied": make(np.ones((9, 9)), range(9), range(9)),
    "two people": make([[1.0, 0.0], [0.0, 1.0]], [0, 1], [0, 1]),
    "one infinite": make(np.where(np.eye(8), np.inf, 0.5), range(8), range(8)),
    "all infinite": make(np.full((3, 3), -np.inf), range(3), range(3)),
    "unusable nan": make(np.where(np.eye(3), np.nan, 0.5), range(3), range(3), 1 - np.eye(3)),
    "tiny scores": make(1e-300 * np.arange(36).reshape(6, 6), range(6), range(6)),
    "huge scores": make(1e150 * np.arange(36).reshape(6, 6), range(6), range(6)),
    "inverted": make(-np.eye(10), range(10), range(10)),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_give_none_never_nan_or_a_traceback(name):
    found = run(DEGENERATE[name], settings=Settings(bootstrap=100, one_to_one=True))
    assert all(np.isfinite(v) for v in numbers(found))
    for estimate in estimates(found):
        assert estimate.low <= estimate.value <= estimate.high
    if found.counts.tested == 0:
        assert found.auc is None
        assert found.rank1 is None
        assert found.mated_min is None
        assert (found.verdict.enough, found.verdict.people) == (False, 0)
    for threshold in found.thresholds.values():
        assert (threshold.value is None) == bool(threshold.reason)


def test_random_small_sets_are_always_well_defined():
    rng = np.random.default_rng(1)
    for _ in range(25):
        found = run(random_scores(rng))
        assert all(np.isfinite(v) for v in numbers(found))
        for estimate in estimates(found):
            assert estimate.low <= estimate.value <= estimate.high


def test_the_same_seed_gives_the_same_summary():
    scores = cohort(np.random.default_rng(2), 25, shift=2.0)
    one, two = run(scores, 3), run(scores, 3)
    assert list(numbers(one)) == list(numbers(two))
    assert one.auc == two.auc


def test_a_strong_attack_on_enough_people():
    scores = cohort(np.random.default_rng(3), 60, shift=9.0)
    found = run(scores)
    assert found.verdict.enough
    assert found.rank1.value == 1.0
    assert found.rank1.low == pytest.approx(0.05 ** (1 / 60))
    assert found.chance_rank1 == pytest.approx(1 / 60)
    assert found.shuffled.rank1 < 0.1
    assert found.counts.nonmated_pairs == 60 * 59
    assert found.counts.nonmated_person_pairs == 60 * 59 // 2
    assert found.mated_min == np.diag(scores.values).min()
    assert found.nonmated_max == scores.values[scores.nonmated].max()
    assert found.d_sys.value > 0.95
    assert found.d_sys.low < found.d_sys.value <= found.d_sys.high
    for name in ("kde", "fmr_1e-2", "fmr_1e-3", "unsupervised"):
        threshold = found.thresholds[name]
        assert 2.0 < threshold.value < 9.0
        assert threshold.fnmr.value < 0.1 if name != "fmr_1e-3" else True
    kde = found.thresholds["kde"]
    assert kde.nonmated_tested == 5 * 12 * 11
    assert kde.mated_tested == 60
    assert kde.few_false_matches


def test_a_blind_attack_comes_out_at_chance():
    found = run(cohort(np.random.default_rng(4), 80, shift=0.0))
    assert found.auc.low < 0.5 < found.auc.high
    assert found.rank1.low <= 1 / 80 <= found.rank1.high
    assert found.thresholds["unsupervised"].value is None
    assert found.shuffled.p_value > 0.01


def test_rates_do_not_depend_on_order_or_on_person_numbers():
    scores = cohort(np.random.default_rng(5), 20, shift=1.5, probes=2)
    rows, columns = (
        np.random.default_rng(6).permutation(40),
        np.random.default_rng(7).permutation(20),
    )
    moved = make(
        scores.values[np.ix_(rows, columns)],
        900 - 3 * scores.probe_person[rows],
        900 - 3 * scores.gallery_person[columns],
    )
    one, two = run(scores), run(moved)
    for name in ("auc", "eer", "rank1", "rank5"):
        assert getattr(one, name).value == pytest.approx(getattr(two, name).value, abs=1e-12)
    np.testing.assert_allclose(one.cmc, two.cmc, atol=1e-12)
    assert one.thresholds["kde"].value == pytest.approx(two.thresholds["kde"].value, rel=1e-9)


def test_a_usable_score_that_is_not_a_number_is_refused():
    with pytest.raises(InputError, match="1 usable pairs without a number"):
        run(make([[np.nan, 1.0]], [0], [0, 1]))


def test_shapes_that_disagree_are_refused():
    with pytest.raises(InputError, match="probes by gallery"):
        run(make(np.zeros((3, 2)), range(2), range(3)))


def test_strata_lists_rows_in_order_of_conditions():
    scores = cohort(np.random.default_rng(8), 12, shift=2.0)
    site = by_probe("site", np.repeat([0, 1], 6), ["x", "y"], 12)
    age = by_probe("age", np.repeat([1, 0], 6), ["young", "old"], 12)
    rows = strata(scores, [site, age])
    assert [(r.condition, r.stratum) for r in rows] == [
        ("site", "x"),
        ("site", "y"),
        ("age", "young"),
        ("age", "old"),
    ]


def test_every_field_is_that_of_its_own_function():
    rng = np.random.default_rng(9)
    scores = cohort(rng, 21, shift=1.5, probes=2)
    scores = make(
        scores.values,
        scores.probe_person,
        scores.gallery_person,
        rng.random(scores.values.shape) < 0.9,
    )
    settings = Settings(bootstrap=100, folds=4, mated_prior=0.2, one_to_one=True)
    found = run(scores, 6, settings)
    curves, folds, shuffle, apart = np.random.default_rng(6).spawn(4)
    sample, ranks = pair_sample(scores), mate_ranks(scores)
    intervals = curve_intervals(sample, 100, curves)
    assert (found.measure, found.auc, found.eer, found.d_prime) == (
        "test",
        intervals.auc,
        intervals.eer,
        intervals.d_prime,
    )
    size = int(ranks.gallery.max())
    pairs = {
        frozenset((p, g))
        for i, p in enumerate(scores.probe_person.tolist())
        for j, g in enumerate(scores.gallery_person.tolist())
        if p != g and scores.usable[i, j]
    }
    assert found.counts == Counts(
        21, 21, int(scores.mated.sum()), int(scores.nonmated.sum()), len(pairs), size
    )
    assert found.verdict == judge_sample(21, size)
    for rank in (1, 5):
        means = person_means(ranks.within(rank), ranks.person)[1]
        variance = search_variance(scores) if rank == 1 else 0.0
        expected = share_of_people(means, ranks.probe.size, variance)
        assert getattr(found, f"rank{rank}") == expected
        assert getattr(found, f"chance_rank{rank}") == chance_of_rank(ranks, rank)
    np.testing.assert_array_equal(found.cmc, cumulative_match(ranks))
    weights = (sample.mated_weight, sample.nonmated_weight)
    det = det_curve(sample.mated, sample.nonmated, weights)
    expected = thin_det(det)
    np.testing.assert_array_equal(found.det.threshold, expected.threshold)
    pair = kernels(sample.mated, sample.nonmated, weights)
    np.testing.assert_array_equal(found.densities.mated, density_curves(pair).mated)
    assert found.d_sys == unlinkability(sample, pair, 100, apart)
    assert found.d_sys.value == system_unlinkability(found.densities)
    assert found.shuffled == shuffled_labels(scores, shuffle)
    assert found.one_to_one == joined_rates(scores, found.thresholds["kde"].value)
    tested = cross_validate(scores, threshold_rules(0.2), 4, folds)
    assert list(found.thresholds) == list(tested)
    for name, threshold in found.thresholds.items():
        check_threshold(threshold, tested[name], sample)


def same(found, expected):
    assert (found is None) == (expected is None)
    if found is not None:
        for end in ("value", "low", "high", "n"):
            assert getattr(found, end) == pytest.approx(getattr(expected, end), abs=1e-9)


def check_threshold(found, tested, sample):
    """Counts by loops, and the clustered rates of tables that loops fill."""
    n = tested.people.size
    events, pairs = np.zeros((n, n)), np.zeros((n, n))
    sides = zip(tested.probe_side, tested.gallery_side, tested.false_match, strict=True)
    for i, j, wrong in sides:
        events[i, j] += wrong
        pairs[i, j] += 1
    missed, mates = np.zeros(n), np.zeros(n)
    for i, wrong in zip(tested.mated_person, tested.false_nonmatch, strict=True):
        missed[i] += wrong
        mates[i] += 1
    assert (found.value, found.reason) == (tested.threshold.value, tested.threshold.reason)
    # Every two people, and every person, count once; folds' thresholds add their variance.
    extra = [0.0, 0.0]
    if tested.fitted:
        weights = (sample.mated_weight, sample.nonmated_weight)
        rates = error_rates(sample.mated, sample.nonmated, np.array(tested.fitted), weights)
        folds = len(tested.fitted)
        extra = [(folds - 1) * np.var(rate) for rate in rates]
    both, shared = events + events.T, pairs + pairs.T
    once = np.triu(shared > 0, 1).astype(float)
    rate = np.triu(both / np.maximum(shared, 1), 1)
    same(found.fmr, nonmated_rate(rate, once, extra[0]))
    shares = missed / np.maximum(mates, 1)
    same(found.fnmr, mated_rate(shares, (mates > 0).astype(float), extra[1]))
    counts = (found.false_matches, found.nonmated_tested)
    assert counts == (events.sum(), pairs.sum())
    counts = (found.false_nonmatches, found.mated_tested)
    assert counts == (missed.sum(), mates.sum())
    assert found.few_false_matches == few_errors(events.sum(), pairs.sum())
    assert found.few_false_nonmatches == few_errors(missed.sum(), mates.sum())
    assert found.reason_untested == tested.reason


def test_joining_is_left_out_unless_asked_for():
    scores = cohort(np.random.default_rng(3), 9, shift=3.0)
    assert run(scores).one_to_one is None


def test_one_gallery_person_has_no_rank_and_two_have():
    one = run(make([[0.9], [0.2]], [0, 1], [0]))
    assert (one.rank1, one.rank5, one.chance_rank1, one.chance_rank5) == (None,) * 4
    assert one.counts.gallery_size == 1
    two = run(make([[0.9, 0.1]], [0], [0, 1]))
    assert two.rank1.value == 1.0
    assert (two.chance_rank1, two.chance_rank5) == (0.5, 1.0)


def test_strata_take_infinite_scores():
    values = cohort(np.random.default_rng(8), 12, shift=2.0).values
    values[0, 0] = np.inf
    site = by_probe("site", np.repeat([0, 1], 6), ["x", "y"], 12)
    row = strata(make(values, range(12), range(12)), [site])[0]
    assert np.isfinite(row.mated_min)
    with pytest.raises(InputError, match="without a number"):
        strata(make(np.full((12, 12), np.nan), range(12), range(12)), [site])
