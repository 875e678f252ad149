"""The parts that a forecast is put together from, against loops and by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from score_sets import cohort, make, random_scores

from headrisk.errors import UsageError
from headrisk.statistics.forecast import predict as predict_module
from headrisk.statistics.forecast.hidden import fitted_size, hidden_gallery, small_gallery
from headrisk.statistics.forecast.models import (
    Beta,
    binomial_rates,
    fit_beta,
    fit_pitman_yor,
    log_linear_rates,
    pitman_yor_correctness,
    pitman_yor_grid,
    survive,
)
from headrisk.statistics.forecast.open_tail import _threshold, tail_rates
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.predict import curve_sizes, predict
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import (
    Forecast,
    ForecastPoint,
    HiddenGallery,
    ModelForecast,
    bound_sentence,
    distribution_free_floor,
    forecast_sentence,
    range_over_models,
    refused,
    too_few,
)
from headrisk.statistics.forecast.resample import dirichlet_weights, percentile_estimates
from headrisk.statistics.forecast.searches import identification_curve, searches_of, weighted_counts
from headrisk.statistics.forecast.tail import (
    Pareto,
    TailData,
    fit_pareto,
    stranger_chance,
    tail_data,
    tail_length,
)
from headrisk.statistics.intervals import few_errors
from headrisk.statistics.openset import fnir_at_fpir
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.risk import first_among, linkability
from headrisk.types import Estimate

SCORES = cohort(np.random.default_rng(0), 44, shift=2.5, mate_effect=0.7)


@pytest.mark.parametrize(
    ("gallery", "fitted"), [(1, 0), (19, 0), (20, 10), (39, 19), (40, 10), (47, 11), (400, 100)]
)
def test_small_galleries_are_a_quarter_or_a_half(gallery, fitted):
    assert fitted_size(gallery) == fitted


def test_error_of_hidden_galleries():
    found = hidden_gallery(10, 40, np.array([0.5, 0.7, 0.9]), 0.6)
    assert (found.fitted_size, found.predicted_size, found.observed) == (10, 40, 0.6)
    assert found.predicted == pytest.approx(0.7)
    assert found.error == pytest.approx(0.1)
    assert found.rms == pytest.approx(np.sqrt((0.01 + 0.01 + 0.09) / 3))


def test_a_small_gallery_is_the_first_people_of_one_order():
    usable = np.random.default_rng(1).random((44, 44)) < 0.8
    usable |= np.eye(44, dtype=bool)
    scores = make(SCORES.values, range(44), range(44), usable)
    searches = searches_of(scores)
    small = small_gallery(searches, 9, np.random.default_rng(2))
    order = np.random.default_rng(2).permutation(44)
    for row in range(44):
        known = [j for j in order.tolist() if j != row and usable[row, j]][:8]
        kept = small.column[small.comparable[row]].tolist()
        assert sorted(known) == sorted(kept)
        for column in np.flatnonzero(small.comparable[row]):
            assert small.values[row, column] == SCORES.values[row, small.column[column]]
    assert small.gallery == 9


def estimate(value, low, high):
    return Estimate(value, low, high, 44)


HIDDEN = HiddenGallery(11, 44, 0.5, 0.45, 0.05, 0.05)
MODELS = (
    ModelForecast("one", (estimate(0.5, 0.4, 0.6), estimate(0.2, 0.1, 0.3)), HIDDEN),
    ModelForecast("two", (estimate(0.3, 0.25, 0.7), estimate(0.25, 0.2, 0.28)), None),
    ModelForecast("three", (estimate(0.4, 0.3, 0.5), estimate(0.3, 0.05, 0.35)), HIDDEN),
)


def test_the_range_over_models():
    assert range_over_models(MODELS, (4400, 4401), 44, (0.01, 0.002)) == (
        ForecastPoint(4400, 0.3, 0.5, 0.25, 0.7, 0.01, False),
        ForecastPoint(4401, 0.2, 0.3, 0.05, 0.35, 0.002, True),
    )


def test_floor_by_hand():
    assert distribution_free_floor(0.8, 11, 21) == pytest.approx(0.8**2)
    assert distribution_free_floor(0.8, 2, 21) == pytest.approx(0.8**20)
    assert distribution_free_floor(0.8, 1, 21) == pytest.approx(0.8**20)
    assert distribution_free_floor(0.8, 11, 11) == pytest.approx(0.8)


def test_sentences_of_forecasts():
    start = "Forecast by 3 models from 40 people in a gallery of 44"
    near = (
        f"{start}. Fitted on galleries of 11 people, every model tested predicted the rate at 44 "
        "within 5 points."
    )
    assert forecast_sentence(MODELS, 44, 40) == near
    far = replace(MODELS[2], hidden=replace(HIDDEN, rms=0.0501))
    assert forecast_sentence((*MODELS[:2], far), 44, 40) == (
        f"{start}. Fitted on galleries of 11 people, three missed the rate at 44 by more than "
        "5 points."
    )
    both = (replace(far, model="one"), MODELS[1], far)
    assert "people, one and three missed the rate" in forecast_sentence(both, 44, 40)
    assert forecast_sentence(MODELS[1:2], 44, 40) == (
        "Forecast by 1 model from 40 people in a gallery of 44; the gallery is too small to test "
        "the models on hidden galleries."
    )
    assert bound_sentence(estimate(1.0, 0.93456, 1.0), 50) == (
        "All 44 people were linked in a gallery of 50, so the data do not show how fast the rate "
        "falls: it may stay at 100 %. The lower limit there is 93.5 %; larger galleries have at "
        "least the stated bound."
    )


@pytest.mark.parametrize(
    ("people", "gallery", "who"),
    [(1, 30, "1 person"), (19, 30, "19 people"), (30, 19, "30 people"), (0, 0, "0 people")],
)
def test_too_few_people_and_the_refusal(people, gallery, who):
    why = (
        f"{who} could be searched for in a gallery of {gallery}, and at least 20 of each are needed"
    )
    assert too_few(people, gallery) == why
    some = estimate(0.5, 0.4, 0.6)
    assert refused(some, people, gallery, why) == Forecast(
        some, people, gallery, (), (), False, True, f"No forecast: {why}."
    )


def test_twenty_people_are_enough():
    assert too_few(20, 20) == ""


def test_percentiles_by_hand():
    rng = np.random.default_rng(3)
    draws = rng.uniform(0.1, 0.9, (101, 4))
    sizes = np.array([2, 10, 1000, 10**6])
    values = np.array([0.95, 0.5, 0.05, 0.85])
    found = percentile_estimates(values, draws, 0.8, sizes, 30)
    for place, one in enumerate(found):
        limit = max(0.8, 1 / sizes[place])
        value = min(values[place], limit)
        ordered = np.sort(draws[:, place])
        low, high = np.interp([2.5, 97.5], np.arange(101), ordered)
        assert one.value == value
        assert one.low == pytest.approx(min(low, value))
        assert one.high == pytest.approx(min(max(high, value, 1 - 0.05 ** (1 / 30)), limit))
        assert (one.n, one.method) == (30, "Bayesian bootstrap over people, 101 repetitions")
    # Chance is never cut, though it lies above the upper limit of what was measured.
    (chance,) = percentile_estimates(np.array([0.5]), np.full((9, 1), 0.5), 0.2, np.array([2]), 30)
    assert (chance.value, chance.high) == (0.5, 0.5)
    # A value beyond all draws lies in its own interval.
    (beyond,) = percentile_estimates(np.array([0.7]), np.full((9, 1), 0.3), 0.9, np.array([9]), 30)
    assert (beyond.low, beyond.high) == (0.3, 0.7)


def test_dirichlet_weights_are_exponentials_over_their_mean():
    found = dirichlet_weights(5, 3, np.random.default_rng(4))
    drawn = np.random.default_rng(4).standard_exponential((3, 5))
    for row, raw in zip(found, drawn, strict=True):
        np.testing.assert_allclose(row, raw / (raw.sum() / 5))


def test_searches_and_counts_of_ragged_data_equal_loops():
    rng, compared = np.random.default_rng(5), 0
    while compared < 40:
        scores = random_scores(rng)
        found = searches_of(scores)
        everybody = sorted({*scores.probe_person.tolist(), *scores.gallery_person.tolist()})
        gallery = sorted(set(scores.gallery_person.tolist()))
        assert found.persons == len(everybody)
        assert found.column.tolist() == [everybody.index(p) for p in gallery]
        rows = []
        for i, person in enumerate(scores.probe_person.tolist()):
            best = dict.fromkeys(gallery, -np.inf)
            for j, other in enumerate(scores.gallery_person.tolist()):
                if scores.usable[i, j]:
                    best[other] = max(best[other], scores.values[i, j])
            if best.get(person, -np.inf) > -np.inf:
                rows.append((everybody.index(person), best.pop(person), best))
        assert found.searcher.tolist() == [row[0] for row in rows]
        assert found.mate.tolist() == [row[1] for row in rows]
        assert found.people == len({row[0] for row in rows})
        sizes = [sum(v > -np.inf for v in row[2].values()) for row in rows]
        assert found.gallery == min(sizes, default=-1) + 1
        if not rows or min(sizes) < 1:
            continue
        compared += 1
        weights = rng.uniform(0.2, 2.0, (2, len(everybody)))
        for weight, counts in zip(weights, weighted_counts(found, weights), strict=True):
            number = {who: sum(row[0] == who for row in rows) for who, *_ in rows}
            whole = sum(weight[who] for who in number)
            total = 0.0
            for row, (who, mate, best) in enumerate(rows):
                known = {everybody.index(p): v for p, v in best.items() if v > -np.inf}
                mass = sum(weight[p] for p in known)
                beaten = sum(weight[p] * ((v > mate) + 0.5 * (v == mate)) for p, v in known.items())
                assert counts.better[row] == pytest.approx(beaten / mass * len(known))
                assert counts.others[row] == len(known)
                assert counts.probe_weight[row] == pytest.approx(weight[who] / number[who] / whole)
                total += weight[who] * mass
            assert counts.pair_weight == pytest.approx(total)


def test_curve_from_counts_by_listing_galleries():
    searches = searches_of(make([[2.0, 3, 1, 0, 5], [9, 1, 2, 3, 4]], [0, 0], range(5)))
    (counts,) = weighted_counts(searches, np.ones((1, 5)))
    sizes = np.array([1, 2, 3, 4, 5])
    expected = [
        np.mean([max([0, *drawn]) <= 2 for drawn in combinations([3, 1, 0, 5], n - 1)])
        for n in sizes
    ]
    found = identification_curve(counts, sizes)
    np.testing.assert_allclose(found, (np.array(expected) + 1) / 2, atol=1e-12)
    half = replace(counts, better=counts.better + 0.5)
    between = identification_curve(half, sizes)
    assert (between <= found + 1e-12).all()
    assert between[1] == pytest.approx((1 - 2.5 / 4 + 1 - 0.5 / 4) / 2)
    assert (np.diff(between) < 0).all()


@pytest.mark.parametrize("scores", [10, 16, 100, 380, 5000, 10**6])
def test_length_of_the_tail(scores):
    expected = scores ** (2 / 3) / np.log(np.log(max(scores, 16)))
    assert tail_length(scores) == int(expected)


def test_the_tail_is_the_highest_standardised_scores():
    usable = np.random.default_rng(6).random((44, 44)) < 0.9
    usable |= np.eye(44, dtype=bool)
    scores = make(SCORES.values, range(44), range(44), usable)
    tail = tail_data(searches_of(scores))
    pooled = []
    for row in range(44):
        others = [j for j in range(44) if j != row and usable[row, j]]
        values = SCORES.values[row, others]
        assert tail.centre[row] == pytest.approx(values.mean())
        assert tail.spread[row] == pytest.approx(values.std(ddof=1))
        standard = (values - values.mean()) / values.std(ddof=1)
        pooled += [(value, row, j) for value, j in zip(standard, others, strict=True)]
    pooled.sort()
    number = tail_length(len(pooled))
    top = pooled[-number:]
    assert tail.pairs == len(pooled)
    assert tail.threshold == pytest.approx(pooled[-number - 1][0])
    np.testing.assert_allclose(tail.excess, [v - tail.threshold for v, *_ in top], atol=1e-12)
    assert tail.first.tolist() == [row for _, row, _ in top]
    assert tail.second.tolist() == [j for *_, j in top]
    assert tail.body.size == 1001
    every = [value for value, *_ in pooled]
    np.testing.assert_allclose(tail.body[[0, 250, 1000]], np.quantile(every, [0, 0.25, 1]))


def test_short_tails_are_none(monkeypatch):
    """29 people: 812 pairs, of which 45 would be the tail; 34: 1,122 and 55."""
    for people, there in ((29, False), (34, True)):
        searches = searches_of(cohort(np.random.default_rng(7), people, shift=1.0))
        length = tail_length(people * (people - 1))
        assert (length >= 50) == there
        assert (tail_data(searches) is not None) == there
        monkeypatch.setattr("headrisk.statistics.forecast.tail.FEWEST_EXCEEDANCES", length)
        assert tail_data(searches) is not None
        monkeypatch.undo()
    lonely = SCORES.values.copy()
    usable = np.ones((44, 44), bool)
    usable[3, :] = False
    usable[3, [3, 4]] = True
    assert tail_data(searches_of(make(lonely, range(44), range(44), usable))) is None
    usable[3, 5] = True
    assert tail_data(searches_of(make(lonely, range(44), range(44), usable))) is not None
    flat = SCORES.values.copy()
    flat[3, :] = 7.0
    assert tail_data(searches_of(make(flat, range(44), range(44)))) is None


def tail_of(excess, first, second):
    nothing = np.zeros(1)
    people = (np.asarray(first, np.int64), np.asarray(second, np.int64))
    return TailData(1.0, np.asarray(excess, float), *people, 9, nothing, nothing, nothing)


def test_pareto_fit_by_probability_weighted_moments():
    tail = tail_of([0.1, 0.3, 0.4, 1.5], [0, 1, 2, 0], [1, 2, 0, 2])
    weights = np.array([1.0, 2.0, 0.5])
    pair = [2.0, 1.0, 0.5, 0.5]
    mass, below, mean, moment = sum(pair), 0.0, 0.0, 0.0
    for weight, excess in zip(pair, tail.excess, strict=True):
        survival = 1 - (below + weight / 2) / mass
        mean += weight * excess / mass
        moment += weight * excess * survival / mass
        below += weight
    found = fit_pareto(tail, weights, 50.0)
    assert found.shape == pytest.approx(2 - mean / (mean - 2 * moment))
    assert found.scale == pytest.approx(2 * mean * moment / (mean - 2 * moment))
    assert found.share == pytest.approx(mass / 50)
    assert fit_pareto(tail, np.zeros(3), 50.0) is None
    assert fit_pareto(tail_of([0.5] * 4, [0] * 4, [1] * 4), weights, 50.0) is None


def test_chance_of_a_stranger_below_and_in_the_tail():
    body = np.linspace(-2.0, 2.0, 1001)
    centre, spread = np.array([1.0, 0.0, -3.0, 0.0]), np.array([2.0, 1.0, 0.5, 1.0])
    none = np.zeros(0, np.int64)
    tail = TailData(1.6, np.zeros(0), none, none, 9, centre, spread, body)
    law = Pareto(0.2, 0.7, 0.1)
    place = np.array([0.6, -2.5, 1.9, 1.5])
    found = stranger_chance(tail, law, centre + place * spread)
    expected = [(2 - 0.6) / 4, 1.0, 0.1 * (1 + 0.2 * 0.3 / 0.7) ** -5, 0.5 / 4]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    at = stranger_chance(tail, law, centre + 1.6 * spread)
    np.testing.assert_allclose(at, 0.1, rtol=1e-9)
    thick = stranger_chance(tail, replace(law, share=0.15), centre + place * spread)
    assert thick[3] == pytest.approx(0.15)  # never less than the tail holds


def test_pareto_by_hand():
    x = np.array([-1.0, 0.0, 0.5, 3.0])
    short = Pareto(-0.5, 1.0, 0.2).beyond(x)
    np.testing.assert_allclose(short, [0.2, 0.2, 0.2 * 0.75**2, 0.0])
    plain = Pareto(0.0, 2.0, 0.2).beyond(x)
    np.testing.assert_allclose(plain, 0.2 * np.exp(-np.maximum(x, 0) / 2))
    np.testing.assert_allclose(Pareto(1e-10, 2.0, 0.2).beyond(x), plain, rtol=1e-12)


def test_open_set_threshold_keeps_to_the_budget_over_all_probes():
    searches = searches_of(SCORES)
    tail = tail_data(searches)
    ones = np.ones((1, 44))
    (counts,) = weighted_counts(searches, ones)
    law = fit_pareto(tail, ones[0], counts.pair_weight)
    for size, fpir in ((44, 0.3), (1000, 0.05), (10**6, 0.01)):
        limit = _threshold(tail, law, counts.probe_weight, size, fpir)
        alarms = [
            np.mean([
                1 - (1 - min(p, 1 - 1e-15)) ** size
                for p in stranger_chance(tail, law, np.full(44, score))
            ])
            for score in (limit, limit - 1e-6)
        ]  # fmt: skip
        assert alarms[0] <= fpir * (1 + 1e-9)
        assert alarms[1] >= fpir * (1 - 1e-9)
        (rate,) = tail_rates(searches, ones, np.array([size]), fpir)[0]
        chance = stranger_chance(tail, law, searches.mate)
        hits = (1 - chance) ** (size - 1) * (searches.mate >= limit)
        assert rate == pytest.approx(hits.mean(), rel=1e-6)


def test_tail_rates_take_each_row_of_weights_and_pass_over_what_cannot_be_fitted():
    searches = searches_of(SCORES)
    weights = np.random.default_rng(8).uniform(0.5, 2, (3, 44))
    sizes = np.array([100, 5000])
    found = tail_rates(searches, weights, sizes, 0.1)
    assert found.shape == (3, 2)
    for row in range(3):
        (one,) = tail_rates(searches, weights[row : row + 1], sizes, 0.1)
        np.testing.assert_allclose(found[row], one, rtol=1e-9)
    nothing = np.zeros((1, 44))
    nothing[0, 0] = 1.0  # a single person has no pair
    with np.errstate(invalid="ignore", divide="ignore"):
        mixed = tail_rates(searches, np.concatenate([nothing, weights[:1]]), sizes, 0.1)
        assert tail_rates(searches, nothing, sizes, 0.1) is None
    np.testing.assert_allclose(mixed, found[:1])
    small = searches_of(cohort(np.random.default_rng(7), 12, shift=1.0))
    assert tail_rates(small, np.ones((1, 12)), sizes, 0.1) is None


def test_sizes_of_the_measured_curve():
    assert curve_sizes(20).tolist() == [2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 20]
    expected = sorted({round(2 * (150 / 2) ** (k / 11)) for k in range(12)})
    assert curve_sizes(150).tolist() == expected
    assert curve_sizes(150).dtype == np.int64


def test_every_model_of_every_repetition_equals_its_own_fit(monkeypatch):
    searches = searches_of(SCORES)
    weights = dirichlet_weights(44, 5, np.random.default_rng(9))
    sizes, prior = np.array([60, 10**5]), Beta(0.5, 4.0)
    monkeypatch.setattr(predict_module, "_BLOCK", 2)
    found = predict(searches, weights, sizes, prior)
    known = curve_sizes(44)
    grid, tail = pitman_yor_grid(known), tail_data(searches)
    for row, counts, rates in zip(weights, weighted_counts(searches, weights), found, strict=True):
        curve = identification_curve(counts, known)
        law = fit_pareto(tail, row, counts.pair_weight)
        first = survive(stranger_chance(tail, law, searches.mate), sizes - 1.0)
        process = fit_pitman_yor(known, curve, grid)
        expected = {
            "binomial": binomial_rates(counts, fit_beta(counts, prior), sizes),
            "extreme-value": first @ counts.probe_weight,
            "pitman-yor": pitman_yor_correctness(process, sizes.astype(float)),
            "log-linear": log_linear_rates(known, curve, sizes),
        }
        assert list(rates) == list(expected)
        for name, rate in expected.items():
            limited = np.minimum(np.maximum(rate, 1 / sizes), 1.0)
            np.testing.assert_allclose(rates[name], limited, rtol=1e-6)
    small = searches_of(cohort(np.random.default_rng(7), 21, shift=1.0))
    (without,) = predict(small, np.ones((1, 21)), sizes)
    assert list(without) == ["binomial", "pitman-yor", "log-linear"]


def test_a_rank_one_forecast_is_put_together_from_its_parts():
    found = forecast_rank1(
        SCORES, np.random.default_rng(10), sizes=(5000, 44, 60, 60, 7), repetitions=6
    )
    people, hiding = np.random.default_rng(10).spawn(2)
    searches = searches_of(SCORES)
    ones = np.ones((1, 44))
    observed = linkability(SCORES, [44])[44]
    sizes = np.array([60, 5000])
    (values,) = predict(searches, ones, sizes)
    prior = fit_beta(weighted_counts(searches, ones)[0])
    draws = predict(searches, dirichlet_weights(44, 6, people), sizes, prior)
    hidden = [
        predict(small_gallery(searches, 11, hiding), ones, np.array([44]))[0] for _ in range(5)
    ]
    assert (found.observed, found.people, found.gallery) == (observed, 44, 44)
    assert [model.model for model in found.models] == list(values)
    for model in found.models:
        rows = np.array([draw[model.model] for draw in draws])
        assert model.estimates == percentile_estimates(
            values[model.model], rows, observed.high, sizes, 44
        )
        tested = np.array([float(one[model.model][0]) for one in hidden if model.model in one])
        expected = hidden_gallery(11, 44, tested, observed.value) if tested.size else None
        assert model.hidden == expected
    floors = tuple(distribution_free_floor(observed.low, 44, int(size)) for size in sizes)
    assert found.points == range_over_models(found.models, (60, 5000), 44, floors)
    assert found.sentence == forecast_sentence(found.models, 44, 44)
    assert found.few_errors == few_errors((1 - observed.value) * 44, 44)
    assert not found.bound_only


def test_certainty_is_a_bound_with_its_sentence():
    sure = cohort(np.random.default_rng(11), 30, shift=40.0)
    found = forecast_rank1(sure, np.random.default_rng(0), sizes=(3001, 31))
    floors = [distribution_free_floor(found.observed.low, 30, size) for size in (31, 3001)]
    assert found == Forecast(
        found.observed, 30, 30, (),
        tuple(
            ForecastPoint(size, 1.0, 1.0, floor, 1.0, floor, beyond)
            for size, floor, beyond in zip((31, 3001), floors, (False, True), strict=True)
        ),
        True, True, bound_sentence(found.observed, 30),
    )  # fmt: skip
    opened = forecast_open_set(sure, np.random.default_rng(0), fpir=0.1, sizes=(3001, 31))
    missed = fnir_at_fpir(sure, 0.1, 29).fnir
    observed = Estimate(1.0, 1 - missed.high, 1.0, 30, missed.method)
    assert opened == Forecast(
        observed, 30, 29, (),
        (ForecastPoint(31, 1.0, 1.0, 0.0, 1.0, 0.0, False),
         ForecastPoint(3001, 1.0, 1.0, 0.0, 1.0, 0.0, True)),
        True, True,
        "All 30 people were found within the false-match budget in a gallery of 29, so the data "
        "do not show how fast the rate falls: it may stay at 100 %.",
    )  # fmt: skip


def test_refusals_keep_what_was_measured():
    observed = linkability(SCORES, [44])[44]
    found = forecast_rank1(SCORES, np.random.default_rng(0), sizes=(44, 9))
    assert found == refused(observed, 44, 44, "the data reach 44 people themselves")
    missed = fnir_at_fpir(SCORES, 0.1, 43).fnir
    opened = forecast_open_set(SCORES, np.random.default_rng(0), fpir=0.1, sizes=(43, 9))
    hits = Estimate(1 - missed.value, 1 - missed.high, 1 - missed.low, 44, missed.method)
    assert opened == refused(hits, 44, 43, "the data reach 43 people themselves")
    nobody = make(np.zeros((0, 0)), [], [])
    for found in (
        forecast_rank1(nobody, np.random.default_rng(0)),
        forecast_open_set(nobody, np.random.default_rng(0), fpir=0.5),
    ):
        assert found == refused(None, 0, 0, too_few(0, 0))


@pytest.mark.parametrize("fpir", [0.0, 1.0, -0.5])
def test_budgets_out_of_range_are_named(fpir):
    with pytest.raises(UsageError) as caught:
        forecast_open_set(SCORES, np.random.default_rng(0), fpir=fpir)
    assert str(caught.value) == f"false-match budget: {fpir!r}; expected between 0 and 1."


def open_success(scores, size, fpir):
    """(probes,) chance to be first and to pass, in galleries of a size."""
    rates, ranks = fnir_at_fpir(scores, fpir, size), mate_ranks(scores)
    mates = np.diag(scores.values)
    return first_among(ranks, size) * (mates >= rates.threshold)


def test_an_open_set_forecast_is_put_together_from_its_parts():
    found = forecast_open_set(
        SCORES, np.random.default_rng(12), fpir=0.1, sizes=(5000, 43, 60, 60), repetitions=6
    )
    people, hiding = np.random.default_rng(12).spawn(2)
    searches, sizes = searches_of(SCORES), np.array([60, 5000])
    weights = np.concatenate([np.ones((1, 44)), dirichlet_weights(44, 6, people)])
    missed = fnir_at_fpir(SCORES, 0.1, 43).fnir
    assert (found.people, found.gallery) == (44, 43)
    assert found.observed.value == 1 - missed.value
    top = linkability(SCORES, [43])[43].high
    drawn = tail_rates(searches, weights, sizes, 0.1)
    known = curve_sizes(43)
    success = np.array([open_success(SCORES, int(n), 0.1) for n in known])
    curves = [success @ (row / row.sum()) for row in weights]
    lines = np.clip([log_linear_rates(known, curve, sizes) for curve in curves], 0, 1)
    one = [
        tail_rates(small_gallery(searches, 10, hiding), weights[:1], np.array([43]), 0.1)
        for _ in range(5)
    ]
    tested = np.array([rate[0, 0] for rate in one if rate is not None])
    part = known <= 10
    line = np.clip(log_linear_rates(known[part], curves[0][part], np.array([43])), 0, 1)
    expected = {
        "extreme-value": (drawn, tested), "log-linear": (lines, line),
    }  # fmt: skip
    assert [model.model for model in found.models] == list(expected)
    for model in found.models:
        rates, hidden = expected[model.model]
        ours = percentile_estimates(rates[0], rates[1:], top, sizes, 44)
        for mine, theirs in zip(model.estimates, ours, strict=True):
            for end in ("value", "low", "high"):
                assert getattr(mine, end) == pytest.approx(getattr(theirs, end), rel=1e-9)
            assert (mine.n, mine.method) == (theirs.n, theirs.method)
        if hidden.size:
            theirs = hidden_gallery(10, 43, hidden, found.observed.value)
            assert (model.hidden.fitted_size, model.hidden.predicted_size) == (10, 43)
            assert model.hidden.predicted == pytest.approx(theirs.predicted)
            assert model.hidden.rms == pytest.approx(theirs.rms)
        else:
            assert model.hidden is None
    assert found.points == range_over_models(found.models, (60, 5000), 43, (0.0, 0.0))
    assert found.sentence == forecast_sentence(found.models, 43, 44)
    assert found.few_errors == few_errors(missed.value * 44, 44)
    assert not found.bound_only


def test_an_untested_budget_is_said_in_full():
    found = forecast_open_set(
        SCORES, np.random.default_rng(12), fpir=0.001, sizes=(60,), repetitions=3
    )
    assert (found.observed, found.few_errors) == (None, True)
    assert [(model.model, model.hidden) for model in found.models] == [("extreme-value", None)]
    assert found.sentence == (
        f"{forecast_sentence(found.models, 43, 44)} A false-match budget of 0.001 cannot be tested "
        "with 44 people: the threshold itself is extrapolated."
    )
    small = cohort(np.random.default_rng(7), 21, shift=1.0)
    nothing = forecast_open_set(small, np.random.default_rng(0), fpir=0.001, sizes=(60,))
    assert nothing == refused(None, 21, 20, "the tail of the scores is too short")
    only = forecast_open_set(small, np.random.default_rng(0), fpir=0.1, sizes=(60,), repetitions=3)
    assert [model.model for model in only.models] == ["log-linear"]
