"""Every field of an outcome, against the function that it comes from."""

from dataclasses import replace

import numpy as np
import pytest
from score_sets import cohort, make

from headrisk.linkage.pairs import among_people
from headrisk.report.words.risk import how_found, of_attacker
from headrisk.statistics.attackers import (
    CLINICAL_INSIDER,
    VETTED_RESEARCHER,
    AttackOutcome,
    evaluate_attackers,
)
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.openset import fnir_at_fpir, precision_at_prior
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate

BEST_MATCH = replace(VETTED_RESEARCHER, false_match_budget=None, prior=0.25, gallery_size=30)


@pytest.fixture(scope="module")
def scores():
    return cohort(np.random.default_rng(3), 40, shift=2.5)


def evaluate(scores, *attackers, **options):
    return evaluate_attackers(scores, attackers, np.random.default_rng(1), **options)


def times(prior, found, n=None, method=None):
    return Estimate(
        prior * found.value,
        prior * found.low,
        prior * found.high,
        found.n if n is None else n,
        found.method if method is None else method,
    )


def test_measured_without_a_budget(scores):
    (found,) = evaluate(scores, BEST_MATCH)
    share = linkability(scores, [30])[30]
    assert found == AttackOutcome(
        BEST_MATCH, times(0.25, share), 0.25 * share.value, True, False, False
    )


def test_measured_with_a_budget(scores):
    attacker = replace(VETTED_RESEARCHER, gallery_size=30, false_match_budget=0.1, prior=0.25)
    (found,) = evaluate(scores, attacker)
    rates = fnir_at_fpir(scores, 0.1, 30)
    missed = rates.fnir
    hits = Estimate(1 - missed.value, 1 - missed.high, 1 - missed.low, missed.n, missed.method)
    assert found == AttackOutcome(
        attacker, times(0.25, hits), precision_at_prior(rates, 0.25), True, False, False
    )


def test_forecast_for_each_budget_from_a_generator_of_its_own(scores):
    """The first budget that is missing gets the first child, whoever else shares it."""
    attackers = [
        replace(BEST_MATCH, name="a", gallery_size=500),
        replace(VETTED_RESEARCHER, name="b", gallery_size=5000, false_match_budget=0.1),
        replace(VETTED_RESEARCHER, name="c", gallery_size=300, false_match_budget=0.1),
        replace(BEST_MATCH, name="d", gallery_size=5000),
    ]
    found = evaluate(scores, *attackers, repetitions=7)
    first, second = np.random.default_rng(1).spawn(2)
    closed = forecast_rank1(scores, first, sizes=[500, 5000], repetitions=7)
    opened = forecast_open_set(scores, second, fpir=0.1, sizes=[5000, 300], repetitions=7)
    for outcome, attacker in zip(found, attackers, strict=True):
        forecast = closed if attacker.false_match_budget is None else opened
        (point,) = (p for p in forecast.points if p.size == attacker.gallery_size)
        whole = Estimate(point.value or 0.0, point.low, point.high, 40, "range over models")
        if not point.said:
            whole = Estimate(point.high, point.floor, point.high, 40, "end of the forecast")
        assert outcome == AttackOutcome(
            attacker,
            times(attacker.prior, whole),
            None,
            False,
            point.beyond,
            not point.said,
            forecast.people,
            forecast.gallery,
            forecast.reason,
        )
    assert found[1].beyond
    assert found[3].beyond
    assert found[1].bound_only
    with_one = evaluate(scores, *attackers, rank1=closed, repetitions=7)
    only = np.random.default_rng(1).spawn(1)[0]
    opened = forecast_open_set(scores, only, fpir=0.1, sizes=[5000, 300], repetitions=7)
    small = next(point for point in opened.points if point.size == 300)
    assert (with_one[2].success.low, with_one[2].success.high) == (
        with_one[2].attacker.prior * small.low,
        with_one[2].attacker.prior * small.high,
    )
    assert with_one[0] == found[0]


def test_certain_hits_are_a_bound_of_the_forecast():
    sure = cohort(np.random.default_rng(2), 30, shift=30.0)
    (found,) = evaluate(sure, replace(CLINICAL_INSIDER, gallery_size=500))
    floor = forecast_rank1(sure, np.random.default_rng(0), sizes=[500]).points[0].floor
    assert found.success == Estimate(1.0, floor, 1.0, 30, "range over models")
    assert found.bound_only
    assert not found.measured


def test_where_there_is_no_forecast_a_larger_gallery_has_a_bound(scores):
    few = among_people(scores, np.arange(6))
    attacker = replace(BEST_MATCH, gallery_size=100)
    (found,) = evaluate(few, attacker)
    high = linkability(few, [6])[6].high
    assert found == AttackOutcome(
        attacker,
        Estimate(0.25 * high, 0.0, 0.25 * high, 6, "rank-1 rate of a smaller gallery"),
        None,
        False,
        False,
        True,
        6,
        6,
        "few people",
    )
    assert how_found(found) == (
        "The figure is the most that the gallery at hand allows, for this attack alone; further "
        "knowledge may raise it.",
    )


@pytest.mark.parametrize(("size", "bounded"), [(38, False), (39, True)])
def test_an_untestable_budget_is_bounded_in_the_gallery_at_hand_and_none_below(
    scores, size, bounded
):
    """An absent person can be sought among 39 others, so that is the gallery of the forecast."""
    attacker = replace(VETTED_RESEARCHER, gallery_size=size, false_match_budget=0.001, prior=0.5)
    (found,) = evaluate(scores, attacker)
    if bounded:
        high = linkability(scores, [40])[40].high
        assert found.success == Estimate(
            0.5 * high, 0.0, 0.5 * high, 40, "rank-1 rate of a smaller gallery"
        )
    else:
        assert found.success is None
        assert (
            (of_attacker(found),)
            == how_found(found)
            == ("No figure: a false-match budget of 0.001 cannot be tested with 40 people.",)
        )


def test_a_gallery_of_one_person_bounds_nothing():
    (found,) = evaluate(make([[1.0]], [0], [0]), BEST_MATCH)
    assert (found.success, found.bound_only, found.measured) == (None, False, False)
    assert (found.reason, found.people) == ("few people", 1)
    assert of_attacker(found).startswith("No figure. No forecast: 1 person")
    two = make(np.eye(2), [0, 1], [0, 1])
    assert evaluate(two, BEST_MATCH)[0].success.high == 0.25


def test_scores_that_are_infinite_count_as_the_highest():
    values = cohort(np.random.default_rng(4), 25, shift=2.0).values
    values[3, 3] = np.inf
    scores = make(values, range(25), range(25))
    large = make(np.where(np.isinf(values), 1e3, values), range(25), range(25))
    twenty = replace(BEST_MATCH, gallery_size=20)
    assert evaluate(scores, twenty)[0].success == evaluate(large, twenty)[0].success
