from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from score_sets import cohort, make

from headrisk.errors import InputError
from headrisk.evaluate.change import treatment_change
from headrisk.evaluate.openset import fnir_at_fpir
from headrisk.evaluate.paired import paired_difference, sign_test
from headrisk.evaluate.rates import cumulative_match, mate_ranks
from headrisk.evaluate.risk import linkability
from headrisk.linkage.pairs import among_people


@pytest.fixture(scope="module")
def before():
    return cohort(np.random.default_rng(0), 80, shift=4.0)


@pytest.fixture(scope="module")
def after():
    return cohort(np.random.default_rng(1), 80, shift=1.5)


def measure(before, after, **options):
    return treatment_change(before, after, np.random.default_rng(2), repetitions=60, **options)


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
    assert "no change measured: 1 people" in found.reason
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
