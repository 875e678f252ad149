from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom, norm, skew, t
from score_sets import best_scores, cohort, make, random_scores

from headrisk.linkage.pairs import among_people
from headrisk.statistics.intervals import clustered_share, jackknife_variance
from headrisk.statistics.openset import (
    OpenSetRates,
    fnir_at_fpir,
    largest_open_gallery,
    open_set_rates,
    precision_at_prior,
    search_variance,
)
from headrisk.types import Estimate


def enumerate_rates(values, threshold, size):
    """All galleries of ``size`` from a full matrix, ties shared among the tied."""
    people = len(values)
    alarms, misses, wrongs = [], [], []
    for i in range(people):
        others = [j for j in range(people) if j != i]
        draws = list(combinations(others, size))
        alarms.append(np.mean([max(values[i][j] for j in d) >= threshold for d in draws]))
        hit, wrong = [], []
        for drawn in combinations(others, size - 1):
            ahead = [values[i][j] for j in drawn if values[i][j] > values[i][i]]
            tied = [j for j in drawn if values[i][j] == values[i][i]]
            first = 0.0 if ahead else 1 / (1 + len(tied))
            hit.append(first if values[i][i] >= threshold else 0.0)
            top = max([values[i][j] for j in drawn] + [values[i][i]])
            wrong.append((1 - first) if top >= threshold else 0.0)
        misses.append(1 - np.mean(hit))
        wrongs.append(np.mean(wrong))
    return np.mean(alarms), np.mean(misses), np.mean(wrongs)


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_rates_equal_the_mean_over_all_galleries(size):
    rng = np.random.default_rng(0)
    for threshold in (-1.0, 0.0, 0.8, 2.0, 5.0):
        values = np.round(rng.normal(size=(7, 7)) + np.eye(7), 1)
        scores = make(values, range(7), range(7))
        (ours,) = open_set_rates(scores, [threshold], size)
        fpir, fnir, wrong = enumerate_rates(values.tolist(), threshold, size)
        assert ours.fpir.value == pytest.approx(fpir, abs=1e-12)
        assert ours.fnir.value == pytest.approx(fnir, abs=1e-12)
        # Above the threshold with the mate below it, "wrong" counts any stranger that reaches it.
        assert ours.wrong.value == pytest.approx(wrong, abs=1e-12)


def test_gallery_beyond_the_data_gives_nothing():
    scores = cohort(np.random.default_rng(1), 10, shift=1.0)
    assert largest_open_gallery(scores) == 9
    assert open_set_rates(scores, [0.0], 10) == []
    assert open_set_rates(make([[1.0]], [0], [0]), [0.0]) == []


def test_fpir_and_fnir_move_with_threshold_and_gallery():
    scores = cohort(np.random.default_rng(2), 40, shift=3.0)
    rates = open_set_rates(scores, np.linspace(-1, 6, 15))
    fpir, fnir = [r.fpir.value for r in rates], [r.fnir.value for r in rates]
    assert fpir == sorted(fpir, reverse=True)
    assert fnir == sorted(fnir)
    by_size = [open_set_rates(scores, [2.0], n)[0].fpir.value for n in (1, 5, 20, 39)]
    assert by_size == sorted(by_size)


def test_fixed_fpir_needs_enough_people_and_holds_on_the_data():
    assert fnir_at_fpir(cohort(np.random.default_rng(3), 200, shift=4.0), 0.003) is None
    scores = cohort(np.random.default_rng(4), 340, shift=4.0)
    found = fnir_at_fpir(scores, 0.003)
    assert found.fpir.value <= 0.003
    just_below = np.unique(scores.values[scores.nonmated])
    lower = just_below[np.searchsorted(just_below, found.threshold) - 1]
    assert open_set_rates(scores, [lower])[0].fpir.value > 0.003
    assert 0.0 < found.fnir.value < 0.9


def test_people_without_mates_leave_fnir_unknown():
    scores = make(np.zeros((3, 6)), [10, 11, 12], range(6))
    (rates,) = open_set_rates(scores, [0.5])
    assert rates.fpir.value == 0.0
    assert rates.fpir.high > 0.5  # three people show little
    assert rates.fnir is None
    assert precision_at_prior(rates, 0.5) is None


def test_precision_follows_bayes():
    scores = cohort(np.random.default_rng(5), 30, shift=2.0)
    (rates,) = open_set_rates(scores, [1.5], 20)
    found, wrong, alarm = 1 - rates.fnir.value, rates.wrong.value, rates.fpir.value
    expected = 0.1 * found / (0.1 * found + 0.1 * wrong + 0.9 * alarm)
    assert precision_at_prior(rates, 0.1) == pytest.approx(expected)
    assert precision_at_prior(open_set_rates(scores, [99.0])[0], 0.5) is None


def naive_open(scores, threshold, size):
    """FPIR, FNIR and wrong names by listing galleries; probes of one person share a vote."""
    alarms, misses, wrongs = {}, {}, {}
    for person, row in zip(scores.probe_person.tolist(), best_scores(scores), strict=True):
        mate = row.pop(person, None)
        if row:
            drawn = list(combinations(row.values(), size))
            alarms.setdefault(person, []).append(np.mean([max(d) >= threshold for d in drawn]))
        if mate is None or len(row) + 1 < size:
            continue
        hit, wrong = [], []
        for others in combinations(row.values(), size - 1):
            ahead = sum(value > mate for value in others)
            first = 0.0 if ahead else 1 / (1 + sum(value == mate for value in others))
            hit.append(first * (mate >= threshold))
            wrong.append((1 - first) * (max([mate, *others]) >= threshold))
        misses.setdefault(person, []).append(1 - np.mean(hit))
        wrongs.setdefault(person, []).append(np.mean(wrong))
    return [
        [np.mean(found[person]) for person in sorted(found)] for found in (alarms, misses, wrongs)
    ]


def test_rates_of_ragged_data_equal_the_mean_over_all_galleries():
    """Several scans a person, pairs that may not be compared, people who are only searched for."""
    rng, compared = np.random.default_rng(20), 0
    while compared < 40:
        scores = random_scores(rng)
        fewest = [
            len(row) - (p in row)
            for row, p in zip(best_scores(scores), scores.probe_person.tolist(), strict=True)
        ]
        fewest = [number for number in fewest if number]
        assert largest_open_gallery(scores) == min(fewest, default=0)
        if not fewest:
            continue
        size = int(rng.integers(1, min(fewest) + 1))
        threshold = float(np.round(rng.normal(0.5, 1), 1))
        (found,) = open_set_rates(scores, [threshold], size)
        alarms, misses, wrongs = naive_open(scores, threshold, size)
        assert (found.threshold, found.size) == (threshold, size)
        assert found.fpir.value == pytest.approx(np.mean(alarms), abs=1e-12)
        assert found.fpir.n == len(alarms)
        assert (found.fnir is None) == (found.wrong is None) == (not misses)
        if misses:
            assert found.fnir.value == pytest.approx(np.mean(misses), abs=1e-12)
            assert found.wrong.value == pytest.approx(np.mean(wrongs), abs=1e-12)
            assert found.fnir.n == found.wrong.n == len(misses)
        compared += 1


def satterthwaite(gaps):
    """Degrees of freedom of a sum of squares, 3 at least where there are people enough."""
    most, fourth = len(gaps) - 1, sum(gap**4 for gap in gaps)
    people = sum(gap**2 for gap in gaps) ** 2 / fourth if fourth else most + 1
    return min(max(people - 1, min(3, most)), most)


def one_more(rates):
    """What a second person like the most influential one brings, beyond that of normal ones."""
    gaps = [(rate - np.mean(rates)) ** 2 for rate in rates]
    return 1 + max(max(gaps) / sum(gaps) - 2 * np.log(len(gaps)) / len(gaps), 0) if any(gaps) else 1


def few_too_many(rates):
    """What skewness beyond that of normal deviations moves an end by (Johnson 1978)."""
    n, skewness = len(rates), abs(skew(rates)) if np.ptp(rates) > 0 else 0.0
    z = norm.ppf(0.975)
    if n < 5:
        return 1.0
    return 1 + max(skewness - 2 * np.sqrt(6 / n), 0.0) * (2 * z**2 + 1) / (6 * np.sqrt(n) * z)


def expected_variance(without, searches, apart, pairs, quantile):
    """That of independent searches, and what gallery people bring beyond, as widely as they do.

    From the mean without each person, the outcome of each person's searches, the mean with each
    person left out of the gallery alone, and the squares of single pairs.
    """
    n, both = len(searches), jackknife_variance(np.asarray(without))
    alone = np.var(searches) / n
    shared = max(both - pairs, both / 2) - alone
    if shared <= 0:
        return alone
    wider = t.ppf(0.975, satterthwaite(apart - np.mean(apart))) / quantile
    return alone + shared * one_more(apart) * (few_too_many(apart) * wider) ** 2


def test_intervals_leave_out_one_person_at_a_time():
    """Variances against the rates of data without each person, searched for and in the gallery."""
    rng = np.random.default_rng(22)
    for size in (1, 2, 4, 5):
        probe = np.sort(np.concatenate([np.arange(7), rng.integers(0, 7, 3)]))
        values = np.round(rng.normal(size=(probe.size, 7)), 1)
        values[np.arange(probe.size), probe] += 1.0
        scores = make(values, probe, range(7))
        threshold = 0.9
        (found,) = open_set_rates(scores, [threshold], size)
        fewer = min(size, 5)
        rows, apart, single = [], [], np.zeros(3)
        searches = naive_open(scores, threshold, fewer)
        whole = [np.mean(part) for part in searches]
        for person in range(7):
            rest = among_people(scores, np.setdiff1d(np.arange(7), [person]))
            rows.append([np.mean(part) for part in naive_open(rest, threshold, fewer)])
            there = np.ones(values.shape, bool)
            there[probe != person, person] = False
            cut = naive_open(make(values, probe, range(7), there), threshold, fewer)
            apart.append([np.mean(part) for part in cut])
            for search in np.flatnonzero(probe != person):
                usable = np.ones(values.shape, bool)
                usable[search, person] = False
                cut = naive_open(make(values, probe, range(7), usable), threshold, fewer)
                moved = [np.mean(part) for part in cut]
                single += (np.array(moved) - whole) ** 2
        everybody = naive_open(scores, threshold, size)
        for k, name in enumerate(("fpir", "fnir", "wrong")):
            most = probe.size * max(6 // size, 1)
            variance = expected_variance(
                np.array(rows)[:, k], searches[k], np.array(apart)[:, k], single[k], t.ppf(0.975, 6)
            )
            expected = clustered_share(np.array(everybody[k]), variance, most)
            ours = getattr(found, name)
            assert ours.value == pytest.approx(expected.value)
            assert ours.low == pytest.approx(expected.low, abs=1e-9)
            assert ours.high == pytest.approx(expected.high, abs=1e-9)


def test_searches_that_share_a_look_alike_count_for_less():
    """One gallery person whom everybody resembles: all alarms come from him."""
    rng = np.random.default_rng(23)
    hub = rng.normal(size=(40, 40))
    hub[:, 0] += np.where(rng.random(40) < 0.5, 6.0, 0.0)
    apart = rng.normal(size=(40, 40))
    apart[np.arange(20), np.arange(20) + 20] += 6.0
    wide, narrow = (
        open_set_rates(make(v, range(40), range(40)), [4.5])[0].fpir for v in (hub, apart)
    )
    assert wide.value == pytest.approx(narrow.value, abs=0.1)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_threshold_for_a_budget_is_the_lowest_that_keeps_to_it():
    rng, compared = np.random.default_rng(21), 0
    while compared < 40:
        scores = random_scores(rng)
        size, fpir = int(rng.integers(1, 4)), float(rng.choice([0.2, 0.25, 0.34, 0.5, 1.0]))
        most = largest_open_gallery(scores)
        rows = zip(best_scores(scores), scores.probe_person.tolist(), strict=True)
        people = {person for row, person in rows if len(row) > (person in row)}
        found = fnir_at_fpir(scores, fpir, size)
        if size > most or len(people) < np.ceil(1 / fpir - 1e-9):
            assert found is None
            continue
        others = [
            value
            for row, p in zip(best_scores(scores), scores.probe_person.tolist(), strict=True)
            for person, value in row.items()
            if person != p
        ]
        limits = [*sorted(set(others)), np.nextafter(max(others), np.inf)]
        kept = [t for t in limits if np.mean(naive_open(scores, t, size)[0]) <= fpir]
        assert found.threshold == min(kept)
        plain = open_set_rates(scores, [found.threshold], size)[0]
        for name in ("fpir", "fnir", "wrong"):
            one, other = getattr(found, name), getattr(plain, name)
            assert (one is None) == (other is None)
            assert one is None or one.value == other.value
        compared += 1
    assert fnir_at_fpir(scores, 0.5, 0) is None


def test_all_possible_people_are_the_default_gallery():
    scores = cohort(np.random.default_rng(1), 10, shift=1.0)
    assert open_set_rates(scores, [0.5]) == open_set_rates(scores, [0.5], 9)
    assert fnir_at_fpir(scores, 0.1) == fnir_at_fpir(scores, 0.1, 9)
    assert fnir_at_fpir(scores, 0.0999) is None
    assert fnir_at_fpir(scores, 0.1, 10) is None
    assert fnir_at_fpir(cohort(np.random.default_rng(1), 334, shift=1.0)) is not None
    assert fnir_at_fpir(cohort(np.random.default_rng(1), 333, shift=1.0)) is None
    nobody = make(np.zeros((0, 0)), [], [])
    assert largest_open_gallery(nobody) == 0
    assert open_set_rates(nobody, [0.5]) == []
    assert fnir_at_fpir(nobody, 1.0) is None


def test_precision_by_hand():
    some = [Estimate(value, 0.0, 0.4, 9) for value in (0.2, 0.5, 0.1)]
    rates = OpenSetRates(1.0, 5, *some)
    assert precision_at_prior(rates, 0.25) == pytest.approx(0.125 / (0.125 + 0.025 + 0.15))
    silent = replace(rates, fpir=Estimate(0.0, 0.0, 0.4, 9))
    assert precision_at_prior(silent, 0.25) == pytest.approx(0.125 / (0.125 + 0.025 + 0.3))
    for name in ("fpir", "fnir", "wrong"):
        assert precision_at_prior(replace(rates, **{name: None}), 0.25) is None
    none = Estimate(0.0, 0.0, 0.4, 9)
    nothing = OpenSetRates(1.0, 5, none, Estimate(1.0, 0.6, 1.0, 9), none)
    assert precision_at_prior(nothing, 0.25) is None
    assert precision_at_prior(replace(nothing, wrong=some[2]), 0.25) == 0.0
    assert precision_at_prior(replace(nothing, fpir=some[2]), 0.25) == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_variance_of_the_rank_1_rate_against_leaving_out_in_a_loop(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 15))
    values = rng.normal(size=(n, n)) + rng.normal(size=n) + 1.5 * np.eye(n)
    people = range(n)

    def first(probe, others):
        return float(all(values[probe, k] < values[probe, probe] for k in others if k != probe))

    without = [
        np.mean([first(i, [k for k in people if k != g]) for i in people if i != g]) for g in people
    ]
    same = [
        np.mean([first(i, [k for k in people if k != g]) for g in people if g != i]) for i in people
    ]
    pairs = sum(
        (first(i, [k for k in people if k != g]) - same[i]) ** 2
        for i in people
        for g in people
        if g != i
    )
    alone = [
        np.mean([first(i, [k for k in people if k != g or i == g]) for i in people]) for g in people
    ]
    expected = expected_variance(
        np.array(without), same, np.array(alone), pairs / n**2, norm.ppf(0.975)
    )
    found = search_variance(make(values, np.arange(n), np.arange(n)))
    assert found == pytest.approx(expected, abs=1e-12)


def test_galleries_of_one_or_two_people_have_no_variance_to_estimate():
    assert search_variance(make(np.eye(2), np.arange(2), np.arange(2))) == 0.0
    assert search_variance(make(np.eye(1), np.arange(1), np.arange(1))) == 0.0


@pytest.mark.parametrize(("fpir", "fewest"), [(0.3, 11), (0.1, 36), (0.05, 72)])
def test_no_upper_limit_of_misses_where_the_threshold_may_lie_above_all_scores(fpir, fewest):
    """A quantile is bounded by an order statistic only if (1 - p)^n is at most 2.5 %."""
    assert binom.cdf(0, fewest, fpir) <= 0.025 < binom.cdf(0, fewest - 1, fpir)
    for people in (fewest - 1, fewest):
        found = fnir_at_fpir(cohort(np.random.default_rng(people), people, shift=6.0), fpir)
        assert (found.fnir.high == 1.0) == (people < fewest)
        assert found.fnir.low <= found.fnir.value < 0.5


def test_no_alarm_bounds_the_rate_as_among_half_as_many_people():
    """Where a resembles b, b resembles a: only every other search is one of its own."""
    found = open_set_rates(make(np.zeros((40, 40)), range(40), range(40)), [1.0])[0].fpir
    assert (found.value, found.low) == (0.0, 0.0)
    assert binom.cdf(0, 20, found.high) == pytest.approx(0.05)
