import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t
from score_sets import cohort, make, naive_auc, naive_eer, random_scores

from headrisk.evaluate.bootstrap import (
    affordable_repetitions,
    curve_intervals,
    pair_table,
    person_weights,
    weighted_total,
)
from headrisk.evaluate.rates import d_prime
from headrisk.linkage.pairs import pair_sample


def redrawn(scores, weights, people):
    """Mated and non-mated scores of a cohort in which people stand as often as their weight."""
    weight = dict(zip(people.tolist(), weights.astype(int).tolist(), strict=True))
    mated, nonmated = [], []
    for i, p in enumerate(scores.probe_person.tolist()):
        for j, g in enumerate(scores.gallery_person.tolist()):
            if scores.usable[i, j]:
                if p == g:
                    mated += [scores.values[i, j]] * weight[p]
                else:
                    nonmated += [scores.values[i, j]] * (weight[p] * weight[g])
    return mated, nonmated


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
        drawn = [(m, n) for m, n in drawn if m and n]
        if ours.auc is None or ours.auc.value in (0.0, 1.0) or ours.eer.value in (0.0, 1.0):
            continue
        people = sample.mated_people
        quantile = t.ppf(0.975, max(people - 1, 1))
        for estimate, naive, extra in ((ours.auc, naive_auc, 0.5), (ours.eer, naive_eer, 0.0)):
            value = estimate.value
            of_mean = np.var([naive(m, n) for m, n in drawn]) * people / max(people - 1, 1)
            largest = value * (1 - value)
            variance = (people * (people * of_mean) + extra * largest) / (people + extra)
            half = quantile * np.sqrt(variance / people) / largest
            assert estimate.high == pytest.approx(expit(logit(value) + half), abs=1e-9)
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
