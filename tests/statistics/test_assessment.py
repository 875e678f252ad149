"""All figures about people together, each against the function or a naive count it comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from score_sets import cohort, make

from headrisk.dataset.scans import Scan
from headrisk.linkage.pairs import among_people
from headrisk.settings import Settings
from headrisk.statistics import assessment
from headrisk.statistics.assessment import _arm, _exposure, _singled, assess
from headrisk.statistics.attackers import CLINICAL_INSIDER, VETTED_RESEARCHER, evaluate_attackers
from headrisk.statistics.baselines import compare_arm
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import FORECAST_SIZES
from headrisk.statistics.openset import open_set
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.statistics.risk import linkability, person_risk, singling_out, without_people
from headrisk.statistics.strata import shared_labels

QUICK = Settings(bootstrap=100, risk_line=0.09)


def scan(person: int, **facts: object) -> Scan:
    return Scan(scan_id=f"{person}", participant_id=f"{person}", path=f"{person}", **facts)


def assessed(scores, **options):
    found = assess(
        scores,
        0.05,
        (VETTED_RESEARCHER, CLINICAL_INSIDER),
        settings=QUICK,
        rng=np.random.default_rng(0),
        **options,
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def scores():
    return cohort(np.random.default_rng(0), 60, shift=2.5)


@pytest.fixture(scope="module")
def risk(scores):
    sites = np.array(["A", "B", "C"])[np.arange(60) % 3]
    scans = [scan(k, scanner=str(sites[k]), age=20.0 + k % 40) for k in range(60)]
    return assessed(scores, shared=shared_labels(scans, scans))[0]


def test_the_curve_ends_at_rank_one(scores, risk):
    cmc = cumulative_match(mate_ranks(scores))
    assert risk.linkability[-1].size == 60
    assert risk.linkability[-1].rate.value == pytest.approx(cmc[0], abs=1e-12)
    values = [point.rate.value for point in risk.linkability]
    assert values == sorted(values, reverse=True)
    assert risk.exposure.mean.value == pytest.approx(cmc[0], abs=1e-12)


def test_few_errors_are_flagged_from_either_side(risk):
    assert risk.few_errors
    many = cohort(np.random.default_rng(1), 80, shift=1.9)
    found, _ = assessed(many)
    hits = cumulative_match(mate_ranks(many))[0] * 80
    assert found.few_errors == (min(hits, 80 - hits) < 30)


def test_the_most_exposed_are_left_out_on_both_sides(scores, risk):
    exposed = person_risk(scores)
    rest = person_risk(without_people(scores, exposed.people[:6]))
    assert risk.exposure.left_out == 6
    assert risk.exposure.without.value == pytest.approx(rest.mean.value)
    assert risk.exposure.without.n == 54
    assert risk.exposure.share_above.value == np.mean(exposed.risk > 0.09)


def test_fewer_than_five_are_never_left_out_or_left_over():
    few, _ = assessed(cohort(np.random.default_rng(2), 9, shift=3.0))
    assert (few.exposure.left_out, few.exposure.without) == (0, None)
    ten, _ = assessed(cohort(np.random.default_rng(2), 10, shift=3.0))
    assert ten.exposure.left_out == 5


def test_arms_compare_strangers_who_share_and_say_why_not(scores, risk):
    arms = {arm.name: arm for arm in risk.arms}
    labels = np.arange(60) % 3
    expected = compare_arm(scores, labels[:, None] == labels[None, :])
    assert arms["scanner"].comparison == expected
    assert arms["site"].comparison is None
    assert arms["family"].reason == "not known"


def test_a_family_of_two_is_no_arm(scores):
    scans = [scan(k, family_id="x" if k < 2 else "") for k in range(60)]
    found, _ = assessed(scores, shared=shared_labels(scans, scans))
    family = next(arm for arm in found.arms if arm.name == "family")
    assert family.comparison is None
    assert family.reason == "few people"


def test_twins_show_as_a_leak():
    values = np.random.default_rng(3).normal(size=(40, 40)) + 8 * np.eye(40)
    family = np.arange(40) // 2
    values += 4 * ((family[:, None] == family[None, :]) & ~np.eye(40, dtype=bool))
    scans = [scan(k, family_id=f"f{family[k]}") for k in range(40)]
    found, _ = assessed(make(values, range(40), range(40)), shared=shared_labels(scans, scans))
    family_arm = next(arm for arm in found.arms if arm.name == "family").comparison
    assert family_arm.auc_leak > 0.95
    assert family_arm.auc_shared > 0.95
    assert family_arm.people == 40


def test_three_people_get_bounds_and_reasons_and_nobody_gets_nothing(scores):
    three, _ = assessed(among_people(scores, np.arange(3)))
    assert not three.forecast.points
    assert (three.forecast.reason, three.forecast.people) == ("few people", 3)
    assert all(outcome.bound_only for outcome in three.attackers)
    assert three.open_set.strictest is None
    assert all(found.rate is None for found in three.singling_out)
    empty = make(np.zeros((2, 2)), [0, 1], [2, 3])
    options = {"settings": QUICK, "rng": np.random.default_rng(0)}
    assert assess(empty, None, (), **options) is None
    assert assess(make([[1.0]], [0], [0]), None, (), **options) is None


def test_the_same_seed_gives_the_same_figures(scores, risk):
    assert assessed(scores)[0].forecast == risk.forecast
    assert assessed(scores)[0].attackers == risk.attackers


def test_open_set_names_what_the_data_can_test(scores):
    found = open_set(scores, 0.1)
    assert found.target is None
    assert (found.needed, found.people) == (1228, 60)
    assert (
        found.budget == 0.1
    )  # 0.97^60 is 16 %, so that the threshold of 0.03 may lie above all scores
    assert found.strictest.fpir.value <= 0.1
    sizes = list(dict.fromkeys(point.size for point in found.curve))
    assert sizes == [59, 29, 14]
    for size in sizes:
        curve = [point for point in found.curve if point.size == size]
        fpir, fnir = (np.array([getattr(p, f).value for p in curve]) for f in ("fpir", "fnir"))
        assert (np.diff(fpir) >= -1e-12).all()
        assert (np.diff(fnir) <= 1e-12).all()
    assert open_set(cohort(np.random.default_rng(4), 122, shift=3.0), 0.1).budget == 0.03


def test_false_names_grow_with_the_gallery_at_one_threshold(scores):
    curve = open_set(scores, 0.1).curve
    number = len(curve) // 3
    for place in range(number):
        large, middle, small = (curve[place + k * number].fpir.value for k in range(3))
        assert large >= middle - 1e-12 >= small - 2e-12


def test_no_false_name_seen_is_no_certainty(scores):
    curve = open_set(scores, 0.1).curve
    silent, strict = curve[0], next(point for point in curve if point.fnir.value < 1)
    assert (silent.fnir.value, silent.precision) == (1, None)  # no name at all
    assert strict.fpir.value == 0
    hit = 1 - strict.fnir.value
    expected = 0.1 * hit / (0.1 * hit + 0.1 * strict.wrong.value + 0.9 * strict.fpir.high)
    assert strict.precision == pytest.approx(expected)
    assert strict.precision < 1


def test_unusable_pairs_never_count(scores):
    usable = np.random.default_rng(5).random((60, 60)) < 0.9
    holes = replace(scores, usable=usable)
    wild = replace(holes, values=np.where(usable, holes.values, 1e9))
    assert assessed(holes)[0] == assessed(wild)[0]


SMALL = cohort(np.random.default_rng(7), 23, shift=2.0)


@pytest.mark.parametrize(
    ("bootstrap", "repetitions"), [(100, 10), pytest.param(125, 12, marks=pytest.mark.slow)]
)
def test_every_part_is_that_of_its_own_function(bootstrap, repetitions):
    """Each source of chance has a child of its own, in a fixed order."""
    attackers = (
        replace(CLINICAL_INSIDER, gallery_size=700),
        replace(VETTED_RESEARCHER, gallery_size=11, false_match_budget=0.2),
    )
    settings = Settings(bootstrap=bootstrap, membership_prior=0.3, risk_line=0.5)
    found, risk = assess(SMALL, 0.125, attackers, settings=settings, rng=np.random.default_rng(4))
    singling, forecasting, attacking = np.random.default_rng(4).spawn(3)
    assert (found.measure, found.people, found.gallery) == ("test", 23, 23)
    assert found.smallest_risk == 0.125
    assert found.open_set == open_set(SMALL, 0.3)
    wide = singling_out(SMALL, 11, singling)
    narrow = singling_out(SMALL, 2, singling, weight=0.1)
    assert found.singling_out == (wide, narrow)
    forecast = forecast_rank1(
        SMALL, forecasting, sizes=(*FORECAST_SIZES, 700), repetitions=repetitions
    )
    assert found.forecast == forecast
    assert f"{repetitions} repetitions" in forecast.models[0].estimates[0].method
    assert found.attackers == evaluate_attackers(
        SMALL, attackers, attacking, rank1=forecast, repetitions=repetitions
    )
    expected = person_risk(SMALL, level=0.5)
    assert risk.mean == expected.mean == found.exposure.mean
    exposure = found.exposure
    assert (exposure.gallery, exposure.highest, exposure.level) == (23, expected.highest, 0.5)
    assert exposure.share_above == expected.share_above
    sizes = [point.size for point in found.linkability]
    assert sizes == [2, 5, 10, 20, 23]
    rates = linkability(SMALL, sizes)
    assert [point.rate for point in found.linkability] == [rates[size] for size in sizes]
    assert found.arms == ()


@pytest.mark.parametrize(
    ("people", "rules"),
    [(3, [(2, 0.5)]), (12, [(5, 0.2)]), (20, [(9, 1 / 9)]), (21, [(10, 0.1), (2, 0.1)])],
)
def test_rules_that_single_out_fit_the_gallery(people, rules):
    found = _singled(
        cohort(np.random.default_rng(0), people, shift=2.0), people, np.random.default_rng(0)
    )
    assert [(one.size, pytest.approx(one.weight)) for one in found] == rules


def test_rules_that_single_out_stop_at_the_largest(monkeypatch):
    monkeypatch.setattr(assessment, "LARGEST_SINGLED", 3)
    found = _singled(SMALL, 60, np.random.default_rng(0))
    assert [(one.size, one.weight) for one in found] == [(3, 1 / 3), (3, 1 / 15)]


@pytest.mark.parametrize(("people", "left_out"), [(11, 5), (50, 5), (51, 6)])
def test_a_tenth_but_at_least_five_people_are_left_out(people, left_out):
    scores = cohort(np.random.default_rng(3), people, shift=1.0)
    exposed = person_risk(scores)
    found = _exposure(scores, exposed, people)
    rest = np.arange(people)
    rest = rest[~np.isin(rest, exposed.people[:left_out])]
    assert found.left_out == left_out
    assert found.without == person_risk(among_people(scores, rest)).mean


@pytest.mark.parametrize(("sharing", "there"), [(4, False), (5, True)])
def test_an_arm_needs_five_people(sharing, there):
    shared = np.zeros((23, 23), dtype=bool)
    shared[:sharing, :sharing] = True
    found = _arm(SMALL, "site", shared)
    assert found.name == "site"
    assert found.comparison == (compare_arm(SMALL, shared) if there else None)
    assert found.reason == ("" if there else "few people")


def test_an_arm_that_nobody_can_be_in_says_so():
    found = _arm(SMALL, "site", np.zeros((23, 23), dtype=bool))
    assert (found.name, found.comparison) == ("site", None)
    assert found.reason == "not known"


def test_two_people_are_the_least():
    settings = {"settings": QUICK, "rng": np.random.default_rng(0)}
    two = make([[1.0, 0.0], [0.0, 1.0]], [0, 1], [0, 1])
    found, _ = assess(two, None, (), **settings)
    assert (found.people, found.gallery, found.smallest_risk) == (2, 2, None)
    infinite = make([[np.inf, 0.0], [0.0, 1.0]], [0, 1], [0, 1])
    assert assess(infinite, None, (), **settings) is not None
