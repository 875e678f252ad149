import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t
from score_sets import (
    cohort,
    make,
    naive_auc,
    naive_eer,
    naive_pairs,
    naive_weights,
    random_scores,
)

from headrisk.linkage.pairs import pair_sample
from headrisk.statistics.bootstrap import (
    _auc_estimate,
    affordable_repetitions,
    curve_intervals,
    logit_interval,
    normal_interval,
    pair_table,
    person_weights,
    weighted_total,
)
from headrisk.statistics.rates import d_prime, error_rates


def redrawn(scores, weights, people):
    """Scores of a cohort in which people stand as often as their weight, and the pairs' weights."""
    weight = dict(zip(people.tolist(), weights.astype(int).tolist(), strict=True))
    mated, nonmated = naive_pairs(scores)
    own, between = naive_weights(scores)
    kept = [[], [], [], []]
    pairs = [
        (p, g)
        for i, p in enumerate(scores.probe_person.tolist())
        for j, g in enumerate(scores.gallery_person.tolist())
        if scores.usable[i, j]
    ]
    mates = [p for p, g in pairs if p == g]
    apart = [pair for pair in pairs if pair[0] != pair[1]]
    for value, share, p in zip(mated, own, mates, strict=True):
        kept[0] += [value] * weight[p]
        kept[2] += [share * len(mated) / sum(own)] * weight[p]
    for value, share, (p, g) in zip(nonmated, between, apart, strict=True):
        kept[1] += [value] * (weight[p] * weight[g])
        kept[3] += [share * len(nonmated) / sum(between)] * (weight[p] * weight[g])
    return kept[0], kept[1], (kept[2], kept[3])


def naive_quantile(scores, people, tested, figure):
    """Student's, with the degrees of freedom of the figure with each person left out."""
    values = []
    for person in range(people.size):
        weights = np.ones(people.size)
        weights[person] = 0
        mated, nonmated, shares = redrawn(scores, weights, people)
        if mated and nonmated:
            found = figure(mated, nonmated, shares)
            values += [] if found is None else [found]
    if len(values) < 3:
        return t.ppf(0.975, max(tested - 1, 1))
    gaps = np.array(values) - np.mean(values)
    fourth, most = np.sum(gaps**4), len(values) - 1
    freedom = most
    if fourth > 0:
        freedom = np.clip(np.sum(gaps**2) ** 2 / fourth - 1, min(3, most), most)
    freedom = min(freedom * people.size / len(values), max(tested - 1, 1))
    return t.ppf(0.975, max(freedom, 1))


def test_weights_equal_a_cohort_drawn_again():
    """The interval's spread is that of naive AUC, EER and d' on explicitly redrawn cohorts."""
    rng = np.random.default_rng(5)
    checked = 0
    while checked < 10:
        scores = random_scores(rng)
        sample = pair_sample(scores)
        if sample.people.size < 5 or sample.mated.size < 4 or sample.nonmated.size < 4:
            continue
        seed = int(rng.integers(1 << 30))
        ours = curve_intervals(sample, 40, np.random.default_rng(seed))
        weights = person_weights(sample.people.size, 40, np.random.default_rng(seed))
        drawn = [redrawn(scores, row, sample.people) for row in weights]
        drawn = [(m, n, w) for m, n, w in drawn if m and n]
        assert ours.auc is not None
        if ours.auc.value in (0.0, 1.0) or ours.eer.value in (0.0, 1.0):
            continue
        people = sample.mated_people
        for estimate, naive, extra in ((ours.auc, naive_auc, 0.5), (ours.eer, naive_eer, 0.0)):
            value = estimate.value
            quantile = naive_quantile(scores, sample.people, people, naive)
            of_mean = np.var([naive(m, n, w) for m, n, w in drawn]) * people / max(people - 1, 1)
            largest = value * (1 - value)
            variance = (people * (people * of_mean) + extra * largest) / (people + extra)
            half = quantile * np.sqrt(variance / people) / largest
            assert estimate.high == pytest.approx(expit(logit(value) + half), abs=1e-7)
        checked += 1


def test_d_prime_point_estimate_is_the_unweighted_one():
    scores = cohort(np.random.default_rng(1), 25, shift=2.0, probes=2)
    sample = pair_sample(scores)
    estimate = curve_intervals(sample, 200, np.random.default_rng(0)).d_prime
    assert estimate.value == pytest.approx(d_prime(sample.mated, sample.nonmated), rel=1e-9)
    assert estimate.low < estimate.value < estimate.high


def test_two_way_total_equals_the_double_loop():
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 6, 50), rng.integers(0, 6, 50)
    values, weights = rng.normal(size=50), rng.integers(0, 4, size=(7, 6)).astype(float)
    expected = [
        sum(w[i] * w[j] * v for i, j, v in zip(first, second, values, strict=True)) for w in weights
    ]
    table = pair_table(first, second, 6, values)
    np.testing.assert_allclose(weighted_total(weights, table), expected, atol=1e-12)


def test_separated_scores_give_a_bound_not_a_point():
    scores = make(np.eye(22), range(22), range(22))
    found = curve_intervals(pair_sample(scores), 200, np.random.default_rng(0))
    assert (found.auc.value, found.auc.high) == (1.0, 1.0)
    assert found.auc.low == pytest.approx(0.05 ** (1 / 22))
    assert found.eer.value == 0.0
    assert found.eer.high == pytest.approx(1 - 0.05 ** (1 / 11))
    assert found.d_prime is None  # no spread on either side


def test_same_generator_state_gives_the_same_interval():
    sample = pair_sample(cohort(np.random.default_rng(3), 15, shift=1.0))
    one, two = (curve_intervals(sample, 100, np.random.default_rng(9)) for _ in range(2))
    assert one == two


def test_repetitions_shrink_with_the_number_of_pairs_but_not_below_200():
    assert affordable_repetitions(2000, 1000) == 2000
    assert affordable_repetitions(2000, 10**9) == 200
    assert affordable_repetitions(100, 10**9) == 100


def moments_apart(mated, nonmated, weights):
    means, spreads = [], []
    for values, weight in zip((mated, nonmated), weights, strict=True):
        mean = np.average(values, weights=weight)
        means.append(mean)
        spreads.append(np.dot(weight, (np.array(values) - mean) ** 2) / (sum(weight) - 1))
    return (means[0] - means[1]) / np.sqrt(np.mean(spreads))


def test_d_prime_interval_is_that_of_cohorts_drawn_again():
    rng, checked = np.random.default_rng(11), 0
    while checked < 6:
        scores = random_scores(rng)
        sample = pair_sample(scores)
        if sample.people.size < 5 or sample.mated.size < 4 or sample.nonmated.size < 4:
            continue
        seed = int(rng.integers(1 << 30))
        ours = curve_intervals(sample, 30, np.random.default_rng(seed)).d_prime
        weights = person_weights(sample.people.size, 30, np.random.default_rng(seed))
        drawn = [redrawn(scores, row, sample.people) for row in weights]
        values = [
            moments_apart(m, n, w)
            for m, n, w in drawn
            if m and n and min(sum(part) for part in w) > 1 and np.var(m) + np.var(n) > 1e-12
        ]
        people = sample.mated_people
        if people < 2:
            continue
        assert ours is not None

        def whole(m, n, w):
            fits = min(sum(part) for part in w) > 1 and np.var(m) + np.var(n) > 1e-12
            return moments_apart(m, n, w) if fits else None

        quantile = naive_quantile(scores, sample.people, people, whole)
        half = quantile * np.std(values) * np.sqrt(people / (people - 1))
        assert ours.low == pytest.approx(ours.value - half, abs=1e-8)
        assert ours.high == pytest.approx(ours.value + half, abs=1e-8)
        assert (ours.n, ours.method) == (
            people,
            f"bootstrap over people, {len(values)} repetitions",
        )
        checked += 1


def test_intervals_by_hand():
    draws = np.array([0.2, 0.4, 0.9, 0.1])
    spread = np.sqrt(((draws - draws.mean()) ** 2).mean())
    half = t.ppf(0.975, 8) * spread * np.sqrt(9 / 8)
    plain = normal_interval(0.3, draws, 9)
    assert (plain.value, plain.n) == (0.3, 9)
    assert plain.method == "bootstrap over people, 4 repetitions"
    assert (plain.low, plain.high) == (pytest.approx(0.3 - half), pytest.approx(0.3 + half))
    rate = logit_interval(0.3, draws, 9)
    assert rate.low == pytest.approx(expit(logit(0.3) - half / 0.21))
    assert rate.high == pytest.approx(expit(logit(0.3) + half / 0.21))
    assert (rate.value, rate.n, rate.method) == (0.3, 9, plain.method)
    # Half an imaginary person: the variance between people is a mean over nine and a half.
    between = (9 * 9 * half**2 + 0.5 * t.ppf(0.975, 8) ** 2 * 0.21) / 9.5
    wide = logit_interval(0.3, draws, 9, imaginary=0.5)
    assert wide.high == pytest.approx(expit(logit(0.3) + np.sqrt(between / 9) / 0.21))
    single = normal_interval(0.0, draws, 1)
    assert single.high == pytest.approx(t.ppf(0.975, 1) * spread)
    two = normal_interval(0.0, draws, 2)
    assert two.high == pytest.approx(t.ppf(0.975, 1) * spread * np.sqrt(2))


def test_people_are_drawn_with_replacement():
    weights = person_weights(7, 400, np.random.default_rng(0))
    assert weights.shape == (400, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.2)
    assert weights.var() == pytest.approx(6 / 7, rel=0.1)


def test_always_the_wrong_way_round_gives_bounds_too():
    scores = make(-np.eye(22), range(22), range(22))
    found = curve_intervals(pair_sample(scores), 50, np.random.default_rng(0))
    assert (found.auc.value, found.auc.low) == (0.0, 0.0)
    assert found.auc.high == pytest.approx(1 - 0.05 ** (1 / 22))
    assert (found.eer.value, found.eer.high) == (1.0, 1.0)
    assert found.eer.low == pytest.approx(0.05 ** (1 / 11))
    for one in (found.auc, found.eer):
        assert (one.n, one.method) == (22, "rule of three on people")


def test_bounds_rest_on_people_with_mates_and_on_disjoint_pairs():
    scores = make(np.eye(5, 24), range(5), range(24))
    found = curve_intervals(pair_sample(scores), 50, np.random.default_rng(0))
    assert found.auc.low == pytest.approx(0.05 ** (1 / 5))
    assert found.eer.high == pytest.approx(1 - 0.05 ** (1 / 5))  # 12 disjoint pairs say more
    assert (found.auc.n, found.eer.n) == (5, 5)


def test_three_people_are_enough_and_two_are_not():
    rng = np.random.default_rng(12)
    for people in (2, 3):
        found = curve_intervals(
            pair_sample(make(rng.normal(size=(people, people)), range(people), range(people))),
            50,
            np.random.default_rng(0),
        )
        assert (found.auc is None) == (people == 2)
        assert (found.d_prime is None) == (people == 2)
    one_kind = pair_sample(make(np.ones((4, 4)), range(4), range(4), np.eye(4)))
    assert curve_intervals(one_kind, 50, np.random.default_rng(0)).auc is None


def test_repetitions_by_hand():
    assert affordable_repetitions(2000, 1_000_000) == 400
    assert affordable_repetitions(2000, 400_000) == 1000
    assert affordable_repetitions(2000, 0) == 2000


def test_one_person_with_thirty_scans_weighs_as_one():
    """AUC, EER and d' of 39 people linked well and one, scanned 30 times, not at all."""
    rng = np.random.default_rng(30)
    person = np.concatenate([np.arange(39), np.full(30, 39)])
    values = rng.normal(size=(person.size, 40))
    values[np.arange(39), np.arange(39)] += 6.0
    many = pair_sample(make(values, person, range(40)))
    once = pair_sample(make(values[:40], person[:40], range(40)))
    one, other = (curve_intervals(part, 400, np.random.default_rng(0)) for part in (many, once))
    for name in ("auc", "eer", "d_prime"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.value == pytest.approx(theirs.value, rel=0.1, abs=0.02)
    rates = error_rates(
        many.mated, many.nonmated, np.array([3.0]), (many.mated_weight, many.nonmated_weight)
    )
    assert rates[1][0] == pytest.approx(1 / 40, abs=1e-3)


def test_weights_that_do_not_add_up_exactly_leave_a_perfect_rate_perfect():
    """Scans of unequal number weigh thirds and sevenths; nobody overlaps."""
    for counts in ([1, 3, 7, 3], [7, 7, 3, 1, 6], [3, 3, 3, 7, 11, 13]):
        person = np.repeat(np.arange(len(counts)), counts)
        values = (person[:, None] == person[None, :]).astype(np.float64)
        scores = make(values, person, person, usable=~np.eye(person.size, dtype=bool))
        found = curve_intervals(pair_sample(scores), 100, np.random.default_rng(0))
        assert found.auc.value == found.auc.high == 1.0
        assert 0.0 < found.auc.low < 1.0
        assert found.eer.value == found.eer.low == 0.0


@pytest.mark.parametrize("rate", [1.0, np.nextafter(1, 2), 0.0, -1e-17, np.nextafter(1, 0)])
def test_a_rate_that_rounding_moved_past_an_end_has_the_interval_of_the_end(rate):
    draws = np.full(50, rate)
    found = _auc_estimate(float(rate), draws, 10, None)
    assert found == _auc_estimate(float(round(rate)), draws, 10, None)
    assert (found.low == 0.0) or (found.high == 1.0)
