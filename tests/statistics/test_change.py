from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from score_sets import cohort, make

from headrisk.errors import InputError
from headrisk.linkage.pairs import among_people
from headrisk.statistics.bootstrap import person_weights
from headrisk.statistics.change import (
    deidentification_change,
    fnir_change,
    paired_difference,
    sign_test,
)
from headrisk.statistics.intervals import clopper_pearson, share_of_people, with_failures
from headrisk.statistics.openset import fnir_at_fpir
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.statistics.risk import linkability, person_risk


@pytest.fixture(scope="module")
def before():
    return cohort(np.random.default_rng(0), 80, shift=4.0)


@pytest.fixture(scope="module")
def after():
    return cohort(np.random.default_rng(1), 80, shift=1.5)


def measure(before, after, **options):
    return deidentification_change(
        before, after, np.random.default_rng(2), repetitions=60, **options
    )


@given(st.integers(0, 60), st.integers(0, 60))
def test_sign_test_equals_the_exact_binomial_test(lost, gained):
    expected = binomtest(lost, lost + gained, 0.5).pvalue if lost + gained else 1.0
    assert sign_test(lost, gained) == pytest.approx(expected, rel=1e-9)


def test_paired_interval_is_bonett_and_price_for_binary_outcomes():
    gap = np.array([1.0] * 9 + [-1.0] * 2 + [0.0] * 29)
    found = paired_difference(gap)
    one, other = 10 / 42, 3 / 42
    half = t.ppf(0.975, 41) * np.sqrt((one + other - (one - other) ** 2) / 42)
    assert found.value == pytest.approx(7 / 40)
    assert found.low == pytest.approx(one - other - half)
    assert found.high == pytest.approx(one - other + half)


@pytest.mark.parametrize("gap", [[0.0], [1.0] * 5, [-1.0] * 5, [0.0] * 300])
def test_paired_interval_has_a_width_where_everybody_behaves_alike(gap):
    found = paired_difference(np.array(gap))
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 1 / (len(gap) + 2)


@pytest.mark.parametrize(("people", "lost", "gained"), [(20, 0.3, 0.05), (100, 0.1, 0.1)])
def test_paired_interval_covers(people, lost, gained):
    rng, covered = np.random.default_rng(3), 0
    for _ in range(1500):
        drawn = rng.choice([1.0, -1.0, 0.0], people, p=[lost, gained, 1 - lost - gained])
        found = paired_difference(drawn)
        covered += found.low <= lost - gained <= found.high
    assert 0.93 <= covered / 1500 <= 0.985


def test_difference_is_that_of_the_two_rates_on_the_same_people(before, after):
    found = measure(before, after, sizes=(5, 40, 81))
    old, new = (cumulative_match(mate_ranks(scores))[0] for scores in (before, after))
    assert found.rank1.before.value == pytest.approx(old)
    assert found.rank1.after.value == pytest.approx(new)
    assert found.rank1.difference.value == pytest.approx(old - new)
    assert sorted(found.linkability) == [5, 40]
    for size, change in found.linkability.items():
        values = [linkability(scores, [size])[size].value for scores in (before, after)]
        assert change.difference.value == pytest.approx(values[0] - values[1])
    first = [mate_ranks(scores).better == 0 for scores in (before, after)]
    assert found.rank1.lost == np.count_nonzero(first[0] & ~first[1])
    assert found.rank1.gained == np.count_nonzero(~first[0] & first[1])
    assert found.rank1.p_value < 1e-6
    assert found.rank1.difference.low > 0.3
    assert (found.failed, found.people, found.gallery) == (0, 80, 80)


def test_no_change_is_an_interval_around_zero(before):
    found = measure(before, before, fpir=0.05)
    for change in (found.rank1, found.fnir):
        assert change.difference.value == 0.0
        assert change.difference.low < -0.01
        assert change.difference.high > 0.01
        assert (change.lost, change.gained) == (0, 0)
    assert found.rank1.p_value == 1.0


def test_swapping_before_and_after_turns_the_sign(before, after):
    one, other = measure(before, after, fpir=0.05), measure(after, before, fpir=0.05)
    assert other.rank1.difference.value == pytest.approx(-one.rank1.difference.value)
    assert other.rank1.difference.low == pytest.approx(-one.rank1.difference.high)
    assert (other.rank1.lost, other.rank1.gained) == (one.rank1.gained, one.rank1.lost)
    assert other.fnir.difference.value == pytest.approx(-one.fnir.difference.value)


def test_miss_rate_is_that_of_the_open_set_module(before, after):
    found = measure(before, after, fpir=0.05)
    for scores, rate in ((before, found.fnir.before), (after, found.fnir.after)):
        # 79 others either way: a square data set searched for absent people.
        exact = fnir_at_fpir(scores, 0.05, 79)
        assert rate.value == pytest.approx(exact.fnir.value, abs=1.5 / 80)
        assert rate.low <= exact.fnir.value <= rate.high
    assert found.fnir.difference.value == pytest.approx(
        found.fnir.after.value - found.fnir.before.value
    )
    assert found.fnir.difference.low > 0
    assert measure(before, after, fpir=0.003).fnir is None  # 80 people cannot show 3 in 1,000


def test_people_who_failed_after_treatment_stand_apart(before, after):
    kept = np.arange(10, 80)
    part = among_people(after, kept)
    found = measure(before, part)
    assert (found.people, found.gallery, found.failed) == (70, 70, 10)
    assert found.failure_share.value == pytest.approx(10 / 80)
    only = among_people(before, kept)
    assert found.rank1.before.value == pytest.approx(cumulative_match(mate_ranks(only))[0])
    best, worst = found.after_with_failures
    linked = found.rank1.after.value * 70
    assert best == pytest.approx(linked / 80)
    assert worst == pytest.approx((linked + 10) / 80)


def test_a_probe_without_usable_mate_is_a_failure_though_it_is_in_the_table(before, after):
    usable = after.usable.copy()
    usable[3, :] = False
    found = measure(before, replace(after, usable=usable))
    assert (found.people, found.failed) == (79, 1)


def test_nothing_shared_gives_a_reason(before, after):
    found = measure(before, among_people(after, np.array([4])))
    assert found.rank1 is None
    assert found.failed == 79
    assert (found.reason, found.people) == ("few people", 1)
    none = measure(before, make(np.zeros((0, 0)), [], []))
    assert none.after_with_failures == (0.0, 1.0)


def test_unequal_measures_are_refused(before, after):
    with pytest.raises(InputError, match="expected test, as before"):
        measure(before, replace(after, measure="other"))


def test_several_probes_and_fractions_keep_one_vote_a_person():
    rng = np.random.default_rng(4)
    old, new = (cohort(rng, 30, shift=shift, probes=3) for shift in (3.0, 1.0))
    found = measure(old, new)
    assert found.rank1.difference.n == 30
    assert found.rank1.lost + found.rank1.gained <= 30
    assert found.rank1.difference.value == pytest.approx(
        found.rank1.before.value - found.rank1.after.value
    )


def naive_misses(scores, weight, fpir):
    """(probes,) share missed at the lowest threshold that keeps to the budget, by loops."""
    probes = range(scores.probe_person.size)
    number = {p: list(scores.probe_person).count(p) for p in scores.probe_person}
    share = [weight[scores.probe_person[i]] / number[scores.probe_person[i]] for i in probes]
    mates, rivals = [], []
    for i in probes:
        own = scores.gallery_person == scores.probe_person[i]
        mates.append(scores.values[i, own].max())
        rivals.append(scores.values[i, ~own].max())
    for limit in [*sorted(rivals), np.nextafter(max(rivals), np.inf)]:
        alarms = sum(s for s, rival in zip(share, rivals, strict=True) if rival >= limit)
        if alarms <= fpir * sum(share) * (1 + 1e-12):
            break
    missed = [
        1 - (mate >= limit) * (1.0 if mate > rival else 0.5 if mate == rival else 0.0)
        for mate, rival in zip(mates, rivals, strict=True)
    ]
    return np.array(missed), np.array(share)


@pytest.mark.parametrize("decimals", [0, 9])
def test_change_of_misses_equals_loops_over_the_same_draws(decimals):
    rng = np.random.default_rng(7)
    pair = [cohort(rng, 20, shift=shift, probes=2) for shift in (3.0, 1.5)]
    pair = [replace(part, values=np.round(part.values, decimals)) for part in pair]
    found = fnir_change(*pair, 0.1, 40, np.random.default_rng(8))
    weights = np.concatenate([np.ones((1, 20)), person_weights(20, 40, np.random.default_rng(8))])
    rates = []
    for part in pair:
        rows = [naive_misses(part, weight, 0.1) for weight in weights]
        rates.append(np.array([share @ missed / share.sum() for missed, share in rows]))
    people = [naive_misses(part, np.ones(20), 0.1)[0].reshape(20, 2).mean(axis=1) for part in pair]
    for rate, estimate, own in zip(rates, (found.before, found.after), people, strict=True):
        exact = share_of_people(own)
        half = t.ppf(0.975, 19) * rate[1:].std() * np.sqrt(20 / 19)
        assert estimate.value == pytest.approx(rate[0])
        assert estimate.low == pytest.approx(min(exact.low, max(rate[0] - half, 0)))
        assert estimate.high == pytest.approx(max(exact.high, min(rate[0] + half, 1)))
        assert (estimate.n, estimate.method) == (20, "bootstrap over people, 40 repetitions")
    gap = rates[1] - rates[0]
    half = max(t.ppf(0.975, 19) * gap[1:].std() * np.sqrt(20 / 19), 1 - 0.05 ** (1 / 20))
    assert found.difference.value == pytest.approx(gap[0])
    assert found.difference.low == pytest.approx(max(gap[0] - half, -1))
    assert found.difference.high == pytest.approx(min(gap[0] + half, 1))
    assert (found.difference.n, found.difference.method) == (20, found.after.method)
    assert found.lost == np.count_nonzero(people[0] < people[1])
    assert found.gained == np.count_nonzero(people[0] > people[1])
    assert (found.name, found.p_value) == ("missed at a false alarm rate of 0.1", None)


@pytest.mark.parametrize(("fpir", "there"), [(0.05, True), (0.0499, False)])
def test_a_budget_needs_one_person_for_each_alarm(fpir, there):
    pair = [cohort(np.random.default_rng(seed), 20, shift=2.0) for seed in (0, 1)]
    assert (fnir_change(*pair, fpir, 5, np.random.default_rng(0)) is not None) == there


def test_every_field_of_a_change_on_unlike_sides():
    """Before there are people in probes and gallery who are gone afterwards, and vice versa."""
    rng = np.random.default_rng(9)
    whole = [cohort(rng, 30, shift=shift, probes=2) for shift in (2.5, 1.0)]
    probes = [
        np.isin(part.probe_person, who)
        for part, who in zip(whole, (range(26), range(3, 30)), strict=True)
    ]
    gallery = [np.arange(28), np.arange(1, 30)]
    cut = [
        make(part.values[np.ix_(np.flatnonzero(rows), columns)], part.probe_person[rows], columns)
        for part, rows, columns in zip(whole, probes, gallery, strict=True)
    ]
    found = deidentification_change(
        *cut, np.random.default_rng(2), sizes=(27, 9, 1, 28, 2), fpir=0.1, repetitions=30
    )
    people, shared = np.arange(3, 26), np.arange(1, 28)
    same = [
        make(
            part.values[np.ix_(np.isin(part.probe_person, people), shared)],
            np.repeat(people, 2),
            shared,
        )
        for part in whole
    ]
    assert (found.people, found.gallery, found.failed) == (23, 27, 3)
    assert found.failure_share == clopper_pearson(3, 26)
    assert list(found.linkability) == [27, 9, 2]
    assert found.rank1 == found.linkability[27]
    for size, change in found.linkability.items():
        rates = [linkability(part, [size])[size] for part in same]
        own = [person_risk(part, size=size) for part in same]
        own = [risk.risk[np.argsort(risk.people)] for risk in own]
        gap = own[0] - own[1]
        assert change.name == f"linked at rank 1 of {size}"
        for estimate, rate, values in zip((change.before, change.after), rates, own, strict=True):
            assert estimate == share_of_people(values)
            assert estimate.value == pytest.approx(rate.value)
        assert change.difference == paired_difference(gap)
        lost, gained = np.count_nonzero(gap > 1e-12), np.count_nonzero(gap < -1e-12)
        assert (change.lost, change.gained) == (lost, gained)
        assert change.p_value == sign_test(lost, gained)
    assert found.fnir == fnir_change(*same, 0.1, 30, np.random.default_rng(2))
    assert found.after_with_failures == with_failures(found.rank1.after, 3)
    assert found.reason == ""


@pytest.mark.parametrize(
    ("people", "gallery", "most"),
    [
        ([4], range(80), 80),
        ([4, 5], [4], 1),
        ([], [], 0),
    ],
)
def test_why_no_change_was_measured(before, after, people, gallery, most):
    rows, columns = np.array(people, dtype=int), np.array(gallery, dtype=int)
    part = make(after.values[np.ix_(rows, columns)], rows, columns)
    found = measure(before, part)
    assert (found.reason, found.gallery) == ("few people", most)
    shared = np.intersect1d(rows, columns).size
    assert (found.people, found.failed) == (shared, 80 - shared)
    assert found.failure_share == clopper_pearson(80 - shared, 80)
    assert (found.rank1, found.linkability, found.fnir) == (None, {}, None)
    assert found.after_with_failures == (0.0, 1.0)


def test_two_people_in_a_gallery_of_two_are_the_least(before):
    two = among_people(before, np.arange(2))
    assert measure(two, two).rank1.name == "linked at rank 1 of 2"


def test_unequal_measures_are_named(before, after):
    with pytest.raises(InputError) as caught:
        measure(before, replace(after, measure="other"))
    assert str(caught.value) == (
        "scores after the de-identification: measure other; expected test, as before the "
        "de-identification."
    )
