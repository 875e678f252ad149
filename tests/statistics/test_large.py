"""Rates from a summary of all pairs against the same rates from all scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from score_sets import cohort, make, naive_auc, naive_eer, random_scores

from headrisk.linkage.decide import NoThreshold, Threshold, deal_folds
from headrisk.linkage.density import crossing, kernels
from headrisk.linkage.large import (
    BINS,
    Histogram,
    PairSummary,
    Sides,
    count_pairs,
    meet,
    person_blocks,
    summarise_pairs,
)
from headrisk.linkage.pairs import pair_sample
from headrisk.linkage.whole_sets import list_links
from headrisk.settings import Settings
from headrisk.statistics.bootstrap import logit_interval, normal_interval, person_weights
from headrisk.statistics.clustered import mated_rate
from headrisk.statistics.intervals import wilson
from headrisk.statistics.large import (
    SummedScores,
    _det,
    _false_match_rate,
    _fit,
    _fixed_rate,
    _tested,
    folds_of,
)
from headrisk.statistics.rates import (
    area_under_curve,
    d_prime,
    equal_error_rate,
    error_rates,
)
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import FloatArray, IntArray, PairScores

SETTINGS = Settings(bootstrap=300)
Block = tuple[IntArray, IntArray, dict[str, FloatArray]]


def blocks(scores: PairScores, sides: Sides, step: int) -> tuple[list[Block], Iterator[Block]]:
    meeting, others = [], []
    for rows in person_blocks(scores.probe_person, step):
        for columns in person_blocks(scores.gallery_person, step):
            block = (rows, columns, {"test": scores.values[np.ix_(rows, columns)]})
            (meeting if meet(rows, columns, sides) else others).append(block)
    return meeting, iter(others[::-1])


def both(
    scores: PairScores, step: int = 5, settings: Settings = SETTINGS
) -> tuple[MeasureSummary, MeasureSummary, PairSummary]:
    """The summary from all scores, that from the blocks, and what was kept of the pairs."""
    sides = Sides(
        scores.probe_person, scores.gallery_person, lambda r, c: scores.usable[np.ix_(r, c)]
    )
    counts = count_pairs(sides, step)
    most = 1 + int(max(scores.probe_person.max(), scores.gallery_person.max()))
    fold = folds_of(counts, settings, np.random.default_rng(3), most)
    kept = summarise_pairs(["test"], sides, *blocks(scores, sides, step), folds={"test": fold})
    pairs = kept["test"]
    summed = SummedScores(pairs, counts, fold)
    large = summarise(summed, settings=settings, rng=np.random.default_rng(3))
    full = summarise(scores, settings=settings, rng=np.random.default_rng(3))
    return full, large, pairs


def close(a: float | None, b: float | None, within: float = 1e-9) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and abs(a - b) <= within)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_exact_equals_the_full_computation(seed: int) -> None:
    scores = random_scores(np.random.default_rng(seed))
    full, large, pairs = both(scores, step=1 + seed % 4)
    assert large.counts == full.counts
    assert large.verdict == full.verdict
    np.testing.assert_allclose(large.cmc, full.cmc)
    for name in ("mated_min", "nonmated_max", "chance_rank1", "chance_rank5"):
        assert close(getattr(large, name), getattr(full, name)), name
    assert large.rank5 == full.rank5
    for one in (large.rank1, full.rank1):  # only all scores tell what searches share
        assert (one is None) == (large.rank1 is None)
    if large.rank1 is not None and full.rank1 is not None:
        assert (large.rank1.value, large.rank1.n) == (full.rank1.value, full.rank1.n)
        assert full.rank1.low <= large.rank1.low + 1e-12 or full.rank1.value == 1.0
    sample = pair_sample(scores)
    assert sorted(pairs.mated) == sorted(sample.mated)
    if sample.mated.size and sample.nonmated.size:
        assert large.auc is not None
        assert large.eer is not None
        if full.auc is not None and full.eer is not None:
            # Non-mated scores weigh as pairs, mated ones by person.
            weights = (sample.mated_weight, np.ones(sample.nonmated.size))
            pairs_of = (sample.mated, sample.nonmated, weights)
            assert close(large.auc.value, area_under_curve(*pairs_of))
            assert close(large.eer.value, equal_error_rate(*pairs_of))
            if large.d_prime is not None:
                assert close(large.d_prime.value, d_prime(*pairs_of), 1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_first_people_of_every_probe_are_kept(seed: int) -> None:
    scores = random_scores(np.random.default_rng(seed))
    _, _, pairs = both(scores, step=2)
    links = list_links(scores, None, 5)
    for probe in range(len(scores.probe_person)):
        mine = links.probe == probe
        found = pairs.top[probe][pairs.top[probe] >= 0]
        assert found.tolist() == links.gallery[mine].tolist()
        np.testing.assert_array_equal(pairs.top_scores[probe][: found.size], links.score[mine])


def test_rates_at_thresholds_agree_within_one_bin() -> None:
    scores = cohort(np.random.default_rng(1), 60, shift=2.5, probes=2, mate_effect=0.5)
    full, large, pairs = both(scores, step=16)
    sample = pair_sample(scores)
    assert large.det is not None
    fmr, fnmr = error_rates(sample.mated, sample.nonmated, large.det.threshold)
    np.testing.assert_allclose(large.det.fmr, fmr, atol=2 / sample.nonmated.size)
    np.testing.assert_array_equal(large.det.fnmr, fnmr)
    assert pairs.bin_width < 0.001
    for name in ("fmr_1e-2", "fmr_1e-3", "kde"):
        mine, theirs = large.thresholds[name], full.thresholds[name]
        assert close(mine.value, theirs.value, 2 * pairs.bin_width if name != "kde" else 0.02)
        assert mine.nonmated_tested == theirs.nonmated_tested
        assert mine.mated_tested == theirs.mated_tested
        near = 3 if name != "kde" else 0.02 * theirs.nonmated_tested
        assert abs(mine.false_matches - theirs.false_matches) <= near
        assert abs(mine.false_nonmatches - theirs.false_nonmatches) <= 2
    assert large.thresholds["unsupervised"].value == full.thresholds["unsupervised"].value
    assert close(large.d_sys.value, full.d_sys.value, 0.01)
    assert large.d_sys.low < large.d_sys.value < large.d_sys.high
    assert large.shuffled is not None
    assert full.shuffled is not None
    assert large.shuffled.rank1 == pytest.approx(full.shuffled.rank1)
    assert large.shuffled.p_value == full.shuffled.p_value


def test_intervals_are_not_narrower_than_a_tenth_less() -> None:
    """The intervals are simpler; they must not promise more than the full ones do."""
    scores = cohort(np.random.default_rng(2), 80, shift=2.0, probes=2, mate_effect=1.0)
    full, large, _ = both(scores, step=30)
    for name in ("auc", "eer", "d_prime"):
        mine, theirs = getattr(large, name), getattr(full, name)
        assert mine.low <= mine.value <= mine.high
        assert mine.high - mine.low > 0.9 * (theirs.high - theirs.low), name
    mine, theirs = (s.thresholds["fmr_1e-2"].fmr for s in (large, full))
    assert mine is not None
    assert theirs is not None
    assert mine.high > 0.9 * theirs.high


def test_a_histogram_grows_without_losing_a_count() -> None:
    rng = np.random.default_rng(0)
    histogram = Histogram(2)
    parts = [rng.normal(m, s, 500) for m, s in ((0, 0.01), (5, 1), (-80, 3), (1e4, 1))]
    for part in parts:
        histogram.add(part, rng.integers(0, 2, part.size))
    values = np.concatenate(parts)
    assert histogram.counts.sum() == values.size
    found = histogram.counts.sum(axis=0)
    assert found.size == BINS
    naive = np.histogram(values, histogram.edges)[0]
    assert np.abs(np.cumsum(found) - np.cumsum(naive)).max() <= 1
    assert histogram.edges[0] <= values.min() <= values.max() <= histogram.edges[-1]


def test_blocks_split_nobody_and_hold_everybody() -> None:
    person = np.random.default_rng(1).integers(0, 9, 40)
    parts = person_blocks(person, 6)
    assert sorted(np.concatenate(parts).tolist()) == list(range(40))
    seen = [set(person[part].tolist()) for part in parts]
    assert sum(len(one) for one in seen) == len(set().union(*seen))


def test_nobody_and_nothing() -> None:
    scores = make(np.zeros((3, 2)), [0, 1, 2], [7, 8], np.zeros((3, 2), bool))
    full, large, _ = both(scores)
    assert large.counts == full.counts
    assert large.auc is None
    assert large.rank1 is None
    assert {name: t.value for name, t in large.thresholds.items()} == dict.fromkeys(full.thresholds)


def dealt(scores: PairScores) -> IntArray:
    """The fold of each person, as the full computation deals them with the same generator."""
    fold = np.zeros(1 + int(max(scores.probe_person.max(), scores.gallery_person.max())), np.int64)
    folds = deal_folds(scores, SETTINGS.folds, np.random.default_rng(3).spawn(3)[1])
    for number, members in enumerate(folds):
        fold[members] = number
    return fold


@pytest.fixture(scope="module")
def summarised() -> tuple[PairScores, MeasureSummary, MeasureSummary, PairSummary]:
    scores = cohort(np.random.default_rng(11), 23, shift=1.5, probes=2, mate_effect=0.5)
    hidden = np.random.default_rng(12).random(scores.values.shape) < 0.1
    scores = make(scores.values, scores.probe_person, scores.gallery_person, ~hidden)
    return scores, *both(scores, step=7)


def test_intervals_are_those_of_people_and_strangers_drawn_again(summarised) -> None:
    scores, _, large, _ = summarised
    sample = pair_sample(scores)
    rng = np.random.default_rng(3).spawn(3)[0]
    owners, index = np.unique(sample.mated_person, return_inverse=True)
    places = np.unique(sample.mated)
    between = np.concatenate([[places[0] - 1], (places[1:] + places[:-1]) / 2, [places[-1] + 1]])
    values = np.empty(2 * places.size + 1)
    values[0::2], values[1::2] = between, places
    place = np.searchsorted(places, sample.nonmated, "left")
    place += np.searchsorted(places, sample.nonmated, "right")
    share = np.bincount(place, minlength=values.size) / place.size
    areas, equal = [], []

    def left_out(figure):
        """Degrees of freedom of a figure of mated scores and weights, without each person."""
        kept = [index != person for person in range(owners.size)]
        gaps = np.array([figure(sample.mated[one], sample.mated_weight[one]) for one in kept])
        gaps = gaps - gaps.mean()
        most, fourth = owners.size - 1, np.sum(gaps**4)
        people = np.sum(gaps**2) ** 2 / fourth if fourth > 0 else owners.size
        return min(max(people - 1, min(3, most)), most)

    def among_strangers(rate):
        return left_out(
            lambda mated, weight: rate(
                mated.tolist(), values.tolist(), (weight.tolist(), share.tolist())
            )
        )

    for row in person_weights(owners.size, 300, rng):
        strangers = np.repeat(values, rng.multinomial(23 // 2, share)).tolist()
        times = row[index].astype(int)
        mated = np.repeat(sample.mated, times).tolist()
        weights = (np.repeat(sample.mated_weight, times).tolist(), [1.0] * len(strangers))
        areas.append(naive_auc(mated, strangers, weights))
        equal.append(naive_eer(mated, strangers, weights))
    for found, draws, rate in ((large.auc, areas, naive_auc), (large.eer, equal, naive_eer)):
        freedom = among_strangers(rate)
        expected = logit_interval(found.value, np.array(draws), owners.size, 0.5, freedom)
        assert found.low == pytest.approx(expected.low, abs=1e-9)
        assert found.high == pytest.approx(expected.high, abs=1e-9)
        assert (found.n, found.method) == (owners.size, expected.method)
    apart = []
    for row in person_weights(owners.size, 300, rng):
        weight = row[index] * sample.mated_weight
        mean = np.average(sample.mated, weights=weight)
        varied = weight @ (sample.mated - mean) ** 2 / (weight.sum() - 1)
        spread = np.sqrt((varied + sample.nonmated.var(ddof=1)) / 2)
        apart.append((mean - sample.nonmated.mean()) / spread)

    def distance(mated, weight):
        mean = np.average(mated, weights=weight)
        varied = weight @ (mated - mean) ** 2 / (weight.sum() - 1)
        return (mean - sample.nonmated.mean()) / np.sqrt((varied + sample.nonmated.var(ddof=1)) / 2)

    freedom = left_out(distance)
    expected = normal_interval(large.d_prime.value, np.array(apart), owners.size, freedom)
    assert large.d_prime.low == pytest.approx(expected.low, abs=1e-8)
    assert large.d_prime.high == pytest.approx(expected.high, abs=1e-8)
    assert large.d_prime.n == owners.size


def test_separated_scores_get_the_bound_for_no_event() -> None:
    for sign in (1.0, -1.0):
        _, large, _ = both(make(sign * np.eye(9), range(9), range(9)))
        low, high = (0.05 ** (1 / 9), 1.0) if sign > 0 else (0.0, 1 - 0.05 ** (1 / 9))
        assert (large.auc.low, large.auc.high) == (pytest.approx(low), pytest.approx(high))
        low, high = (0.05 ** (1 / 9), 1.0) if sign < 0 else (0.0, 1 - 0.05 ** (1 / 9))
        assert (large.eer.low, large.eer.high) == (pytest.approx(low), pytest.approx(high))
        for one in (large.auc, large.eer):
            assert (one.n, one.method) == (9, "rule of three on people")


def test_the_curve_holds_every_edge_and_mates_beyond_them() -> None:
    rng = np.random.default_rng(13)
    values = rng.normal(size=(12, 12))
    values[np.diag_indices(12)] = [-50, -50, -40, 60, 60, 70, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    scores = make(values, range(12), range(12))
    _, _, pairs = both(scores)
    det, sample = _det(pairs), pair_sample(scores)
    strangers = sample.nonmated
    assert det.threshold[:2].tolist() == [-50, -40]
    assert det.threshold[-3:-1].tolist() == [60, 70]
    assert det.threshold[-1] == np.nextafter(70, np.inf)
    inner = det.threshold[2:-3]
    width = pairs.bin_width
    np.testing.assert_allclose(np.diff(inner), width, rtol=1e-6)
    assert inner[0] <= strangers.min() < inner[1]
    assert inner[-2] <= strangers.max() < inner[-1]
    fmr = [np.mean(strangers >= t) for t in det.threshold]
    np.testing.assert_allclose(det.fmr, fmr, atol=1e-12)
    fnmr = [np.mean(sample.mated < t) for t in det.threshold]
    np.testing.assert_allclose(det.fnmr, fnmr, atol=1e-12)
    assert (det.fmr[0], det.fmr[-1], det.fnmr[0], det.fnmr[-1]) == (1, 0, 0, 1)
    only = make(rng.normal(size=(3, 3)), range(3), range(3), np.eye(3))
    assert _det(both(only)[2]) is None


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.25])
def test_a_fixed_rate_is_met_at_the_lowest_edge(summarised, rate: float) -> None:
    scores, _, _, pairs = summarised
    strangers = pair_sample(scores).nonmated
    found = _fixed_rate(pairs.edges, pairs.histogram, rate)
    place = int(np.flatnonzero(pairs.edges == found)[0])
    assert np.mean(strangers >= found) <= rate
    assert np.mean(strangers >= pairs.edges[place - 1]) > rate


def test_why_there_is_no_threshold(summarised) -> None:
    edges, few = np.linspace(0, 1, 5), np.array([4, 3, 2, 1])
    people = np.arange(3)
    mated = (np.array([0.9, 0.95]), people[:2])
    needed = {"fmr_1e-2": 100, "fmr_1e-3": 1000}
    for name, number in needed.items():
        found = _fit(name, mated, edges, few, number - 1, 0.5)
        assert found == Threshold(None, NoThreshold("few pairs", number))
        assert _fit(name, mated, edges, few, number, 0.5).value is not None
    nothing = NoThreshold("nothing to tell apart")
    assert _fit("kde", (np.zeros(0), people[:0]), edges, few, 9, 0.5) == Threshold(None, nothing)
    assert _fit("kde", mated, edges, np.zeros(4, np.int64), 9, 0.5) == Threshold(None, nothing)
    low = (np.array([0.1, 0.3, 0.5]), people)
    never = NoThreshold("never higher", prior=0.001)
    assert _fit("kde", low, edges, few, 9, 0.001) == Threshold(None, never)
    found = _fit("kde", mated, edges, few, 9, 0.5)
    assert found.reason is None
    assert 0.5 < found.value < 0.95


def test_densities_cross_where_those_of_all_scores_do(summarised) -> None:
    scores, full, large, _ = summarised
    sample = pair_sample(scores)
    weights = (sample.mated_weight, np.ones(sample.nonmated.size))
    pair = kernels(sample.mated, sample.nonmated, weights)
    expected = crossing(pair, SETTINGS.mated_prior)
    assert large.thresholds["kde"].value == pytest.approx(expected, abs=0.01)
    assert large.densities.mated_bandwidth == pytest.approx(full.densities.mated_bandwidth)
    assert large.densities.nonmated_bandwidth == pytest.approx(pair[1].bandwidth, rel=1e-3)


def test_errors_of_test_folds_equal_loops(summarised) -> None:
    """Thresholds in the middle of a bin: what lies in that bin counts as accepted."""
    scores, _, _, pairs = summarised
    fold = dealt(scores)
    folds = [folds_of(count_pairs(sides_of(scores)), SETTINGS, np.random.default_rng(3), 23)]
    assert folds[0].tolist() == fold.tolist()
    inside = scores.nonmated & (fold[scores.probe_person][:, None] == fold[scores.gallery_person])
    tests, edges = [(3, -9.0), (4, 9.0)], {3: -np.inf, 4: np.inf}
    # In one fold a stranger lies in the bin of the threshold, in another in the bin below it.
    for test, wanted, step in ((0, 0.4, 0), (2, 0.6, 1)):
        strangers = scores.values[inside & (fold[scores.probe_person] == test)[:, None]]
        score = strangers[np.argmin(np.abs(strangers - wanted))]
        edges[test] = pairs.edges[np.searchsorted(pairs.edges, score) - 1 + step]
        tests.append((test, edges[test] + pairs.bin_width / 2))
    person = scores.probe_person[pairs.mated_probe]
    found = _tested(
        pairs, Threshold(0.25, NoThreshold("one group")), tests, fold[person], person, 23
    )
    limit = dict(tests)
    false = compared = missed = mated = 0
    wrong, shown = np.zeros(23), np.zeros(23)
    for i, p in enumerate(scores.probe_person.tolist()):
        for j, g in enumerate(scores.gallery_person.tolist()):
            if scores.usable[i, j] and fold[p] == fold[g] and fold[p] in limit:
                value = scores.values[i, j]
                if p == g:
                    mated += 1
                    shown[p] += 1
                    missed += value < limit[fold[p]]
                    wrong[p] += value < limit[fold[p]]
                else:
                    compared += 1
                    false += value >= edges[fold[p]]
    assert (found.false_matches, found.nonmated_tested) == (false, compared)
    assert (found.false_nonmatches, found.mated_tested) == (missed, mated)
    assert 0 < missed < mated
    assert found.fmr == wilson(false / compared * 11, 11, 23)
    there = shown > 0
    expected = mated_rate(wrong[there] / shown[there], np.ones(np.count_nonzero(there)))
    assert found.fnmr.low == pytest.approx(expected.low)
    assert found.fnmr.high == pytest.approx(expected.high)
    assert found.fnmr.n == expected.n
    assert (found.value, found.reason, found.reason_untested) == (
        0.25,
        NoThreshold("one group"),
        None,
    )
    assert found.few_false_matches == (min(false, compared - false) < 30)
    assert found.few_false_nonmatches == (min(missed, mated - missed) < 30)


def sides_of(scores: PairScores) -> Sides:
    return Sides(
        scores.probe_person, scores.gallery_person, lambda r, c: scores.usable[np.ix_(r, c)]
    )


def test_false_match_rates_rest_on_half_as_many_people() -> None:
    assert _false_match_rate(0, 0, 9) is None
    none = _false_match_rate(0, 50, 9)
    assert (none.value, none.low, none.n) == (0.0, 0.0, 9)
    assert none.high == pytest.approx(1 - 0.05 ** (1 / 4))
    assert none.method == "rule of three on people"
    assert _false_match_rate(5, 50, 9) == wilson(0.4, 4, 9)
    assert _false_match_rate(5, 50, 1) == wilson(0.1, 1, 1)
    assert _false_match_rate(1, 50, 1).n == 1


@pytest.mark.parametrize("seed", range(6))
def test_the_outsiders_threshold_and_its_reason_are_those_of_all_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = cohort(rng, 5 + 3 * seed, shift=4.0 * (seed % 2), probes=2)
    full, large, _ = both(scores)
    mine, theirs = large.thresholds["unsupervised"], full.thresholds["unsupervised"]
    assert (mine.value, mine.reason) == (theirs.value, theirs.reason)
    assert mine.reason_untested == NoThreshold("not tested")
    counts = (mine.false_matches, mine.nonmated_tested, mine.false_nonmatches, mine.mated_tested)
    assert counts == (0, 0, 0, 0)
    assert (mine.fmr, mine.fnmr) == (None, None)
    assert (mine.few_false_matches, mine.few_false_nonmatches) == (True, True)


@pytest.mark.parametrize("people", [2, 4, 9])
def test_shuffled_labels_are_those_of_all_scores(people: int) -> None:
    rng = np.random.default_rng(people)
    values = np.round(rng.normal(size=(2 * people, people)) + np.repeat(np.eye(people), 2, 0), 1)
    scores = make(values, np.repeat(np.arange(people), 2), range(people))
    full, large, _ = both(scores)
    for name in ("rank1", "rank1_high", "p_value", "repetitions"):
        assert getattr(large.shuffled, name) == pytest.approx(getattr(full.shuffled, name)), name
    assert large.shuffled.auc is None
    alone = make([[1.0], [2.0]], [0, 0], [0])
    assert both(alone)[1].shuffled is None


def test_why_nothing_was_tested() -> None:
    rng = np.random.default_rng(0)
    _, three, _ = both(make(rng.normal(size=(3, 3)), range(3), range(3)))
    assert three.thresholds["kde"].reason_untested == NoThreshold("few people")
    needs = NoThreshold("few pairs", 100)
    assert three.thresholds["fmr_1e-2"].reason_untested == needs
    full, nine, _ = both(make(rng.normal(size=(9, 9)), range(9), range(9)))
    assert nine.thresholds["kde"].reason_untested is None
    assert nine.thresholds["fmr_1e-3"].reason == NoThreshold("few pairs", 1000)
    assert nine.thresholds["kde"].nonmated_tested == full.thresholds["kde"].nonmated_tested


def test_a_threshold_is_fitted_on_the_other_folds(summarised) -> None:
    """15 people have 105 pairs, but the twelve of four folds have fewer than 100."""
    values = np.random.default_rng(5).normal(size=(15, 15))
    _, large, _ = both(make(values, range(15), range(15)))
    found = large.thresholds["fmr_1e-2"]
    assert found.value is not None
    assert (found.nonmated_tested, found.fmr, found.reason_untested) == (
        0,
        None,
        NoThreshold("few people"),
    )


def test_all_equal_scores_have_no_distance() -> None:
    full, large, _ = both(make(np.full((6, 6), 0.3), range(6), range(6)))
    assert full.d_prime is None
    assert large.d_prime is None
    assert large.d_sys is None
    assert large.thresholds["kde"].value is None
    two = make([[1.0, 0.0], [0.5, 2.0]], [0, 1], [0, 1], [[1, 1], [0, 0]])
    assert both(two)[1].d_prime is None  # a single mate has no variance
