"""The parts that a forecast is put together from, against loops and by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import beta, gamma, genpareto, norm
from score_sets import cohort, make, random_scores

from headrisk.errors import UsageError
from headrisk.report.words.risk import basis_of_forecast
from headrisk.statistics.forecast import models as predict_module
from headrisk.statistics.forecast.models import (
    APART,
    PRIOR,
    TAIL_MODELS,
    Beta,
    Law,
    binomial_rates,
    corrected,
    curve_sizes,
    fit_beta,
    fit_pitman_yor,
    law,
    log_linear_rates,
    pitman_yor_correctness,
    pitman_yor_grid,
    predict,
    quantiles,
    rank_models,
    reach,
    sizes_between,
    stack_weights,
    tail_models,
    tail_rates,
)
from headrisk.statistics.forecast.openset import forecast_open_set, open_rates, threshold
from headrisk.statistics.forecast.rank1 import (
    fitted_size,
    forecast_rank1,
    hidden_gallery,
    small_gallery,
)
from headrisk.statistics.forecast.records import (
    Forecast,
    ForecastPoint,
    HiddenGallery,
    ModelForecast,
    distribution_free_floor,
    points_of,
    refused,
    too_few,
)
from headrisk.statistics.forecast.searches import (
    bounded,
    dirichlet_weights,
    identification_curve,
    searches_of,
    weighted_counts,
)
from headrisk.statistics.forecast.tail import (
    SHAPE_SD,
    TailData,
    TailFit,
    fit_tail,
    nobody_above,
    normal_tail,
    places,
    stranger_chance,
    tail_data,
    tail_length,
)
from headrisk.statistics.intervals import few_errors
from headrisk.statistics.openset import fnir_at_fpir
from headrisk.statistics.risk import linkability
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


def test_points_of_the_range():
    ranges = {4400: estimate(0.4, 0.25, 0.45), 4401: estimate(0.25, 0.05, 0.35)}
    ranges[44] = estimate(0.6, 0.5, 0.7)
    assert points_of(MODELS, ranges, (4400, 4401), 44, (0.01, 0.002), 4401) == (
        ForecastPoint(4400, 0.3, 0.45, 0.25, 0.45, 0.01, False, 0.4),
        ForecastPoint(4401, 0.2, 0.3, 0.05, 0.35, 0.002, True, 0.25),
    )
    _, far = points_of(MODELS, ranges, (4400, 4401), 44, (0.01, 0.002), 4400)
    assert far == ForecastPoint(4401, 0.002, 0.45, 0.002, 0.45, 0.002, True, None, False)
    _, far = points_of(MODELS, ranges, (4400, 4401), 44, (0.01, 0.002), 44)
    assert far == ForecastPoint(4401, 0.002, 0.7, 0.002, 0.7, 0.002, True, None, False)


def test_floor_by_hand():
    assert distribution_free_floor(0.8, 11, 21) == pytest.approx(0.8**2)
    assert distribution_free_floor(0.8, 2, 21) == pytest.approx(0.8**20)
    assert distribution_free_floor(0.8, 1, 21) == pytest.approx(0.8**20)
    assert distribution_free_floor(0.8, 11, 11) == pytest.approx(0.8)


POINT = ForecastPoint(1000, 0.4, 0.5, 0.3, 0.6, 0.1, False, 0.45)


def forecast_by(models, **change):
    some = estimate(0.5, 0.4, 0.6)
    return Forecast(some, 40, 44, models, (POINT,), False, False, **change)


def test_sentences_of_forecasts():
    start = "Forecast by 3 models from 40 people in a gallery of 44"
    near = (
        f"{start}. Fitted on galleries of 11 people, every model used predicted the rate at 44 "
        "within 5 points."
    )
    assert basis_of_forecast(forecast_by(MODELS)) == near
    far = replace(MODELS[2], hidden=replace(HIDDEN, rms=0.0501))
    assert basis_of_forecast(forecast_by((*MODELS[:2], far))) == (
        f"{start}. Fitted on galleries of 11 people, 1 of 2 models missed the rate at 44 by "
        "more than 5 points."
    )
    both = (replace(far, model="one"), MODELS[1], far)
    assert "people, 2 of 2 models missed the rate" in basis_of_forecast(forecast_by(both))
    assert basis_of_forecast(forecast_by(MODELS[1:2])) == (
        "Forecast by 1 model from 40 people in a gallery of 44; the gallery is too small to test "
        "the models on hidden galleries."
    )
    ends = forecast_by(MODELS, reach=3000, reason="cannot be said beyond")
    assert basis_of_forecast(ends) == (
        f"{near} How many would be linked among more than 3,000 people cannot be said from these "
        "data: no more than there, but how many fewer is open."
    )
    bound = Forecast(estimate(1.0, 0.93456, 1.0), 44, 50, (), (POINT,), True, True)
    assert basis_of_forecast(bound) == (
        "All 44 people were linked in a gallery of 50, so the data do not show how fast the rate "
        "falls: it may stay at 100 %. The lower limit there is 93.5 %; larger galleries have at "
        "least the stated bound."
    )
    assert basis_of_forecast(replace(bound, budget=0.1)) == (
        "All 44 people were found within the false-match budget in a gallery of 50, so the data "
        "do not show how fast the rate falls: it may stay at 100 %."
    )


@pytest.mark.parametrize(
    ("people", "gallery", "who"),
    [(1, 30, "1 person"), (19, 30, "19 people"), (30, 19, "30 people"), (0, 0, "0 people")],
)
def test_too_few_people_and_the_refusal(people, gallery, who):
    assert too_few(people, gallery)
    some = estimate(0.5, 0.4, 0.6)
    found = refused(some, people, gallery, "few people")
    assert found == Forecast(some, people, gallery, (), (), False, True, "few people")
    assert basis_of_forecast(found) == (
        f"No forecast: {who} could be searched for in a gallery of {gallery}, "
        "and at least 20 of each are needed."
    )


def test_twenty_people_are_enough():
    assert not too_few(20, 20)


def test_bounds_by_hand():
    sizes = np.array([100, 1000, 10_000])
    value, low, high = (
        np.array([0.7, 0.72, 0.2]),
        np.array([0.6, 0.3, 0.0]),
        np.array([0.9, 0.8, 0.82]),
    )
    found = bounded((value, low, high), np.array([0.65, 0.1, 0.0]), 0.75, sizes, 30, "by hand")
    assert [(one.value, one.low, one.high) for one in found] == [
        (0.7, 0.65, 0.75),
        (0.7, 0.3, 0.75),
        (0.2, 0.0, 0.75),
    ]
    assert {(one.n, one.method) for one in found} == {(30, "by hand")}


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


@pytest.mark.parametrize(
    ("scores", "searches", "expected"),
    [(100, 10, 50), (9900, 100, 495), (22_350, 150, 750), (999_000, 1000, 5000)],
)
def test_length_of_the_tail(scores, searches, expected):
    assert tail_length(scores, searches) == expected


RAGGED = np.random.default_rng(6).random((44, 44)) < 0.9
RAGGED |= np.eye(44, dtype=bool)


@pytest.mark.parametrize("per_search", [False, True])
def test_the_tail_is_the_highest_scores_search_by_search(per_search):
    searches = searches_of(make(SCORES.values, range(44), range(44), RAGGED))
    tail = tail_data(searches, per_search=per_search)
    pooled = []
    for row in range(44):
        others = [j for j in range(44) if j != row and RAGGED[row, j]]
        values = (SCORES.values[row, others] - tail.centre[row]) / tail.spread[row]
        pooled += [(value, row, j) for value, j in zip(values, others, strict=True)]
        assert tail.others[row] == len(others)
    pooled.sort()
    number = tail_length(len(pooled), 44)
    top = sorted(pooled[-number:], key=lambda item: (item[1], -item[0]))
    assert tail.threshold == pytest.approx(pooled[-number - 1][0])
    np.testing.assert_allclose(tail.excess, [v - tail.threshold for v, *_ in top], atol=1e-12)
    assert tail.row.tolist() == [row for _, row, _ in top]
    assert tail.second.tolist() == [j for *_, j in top]
    expected = [sum(r == row and v > value for v, r, _ in top) for value, row, _ in top]
    assert tail.rank.tolist() == expected
    wide = sorted((row, j) for _, row, j in pooled[-4 * number :])
    assert sorted(zip(*(part.tolist() for part in tail.wide), strict=True)) == wide
    np.testing.assert_allclose(tail.body, [value for value, *_ in pooled])
    if not per_search:
        raw = [SCORES.values[i, j] for i in range(44) for j in range(44) if i != j and RAGGED[i, j]]
        np.testing.assert_allclose(tail.centre, np.median(raw))
        np.testing.assert_allclose(tail.spread, np.std(raw))


def test_places_follow_what_halves_of_the_gallery_agree_on():
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(150, 150))
    alike = places(searches_of(make(noise, range(150), range(150))))
    assert alike[0].std() < 0.04  # medians of 149 scores vary by 0.1 by chance
    move, size = 5 * rng.normal(size=150), rng.uniform(0.5, 3.0, size=150)
    moved = noise * size[:, None] + move[:, None]
    centre, spread = places(searches_of(make(moved, range(150), range(150))))
    wanted = [np.quantile(np.delete(moved[i], i), [0.1, 0.5, 0.9]) for i in range(150)]
    np.testing.assert_allclose(centre, [w[1] for w in wanted], atol=0.04)
    ratio = spread / np.array([w[2] - w[0] for w in wanted])
    assert 0.97 < ratio.min() < ratio.max() < 1.03
    assert places(searches_of(make(np.zeros((20, 20)), range(20), range(20)))) is None
    assert places(searches_of(make(noise[:8, :8], range(8), range(8)))) is None


def test_short_and_flat_tails_are_none():
    for people, there in ((14, False), (15, True)):
        searches = searches_of(cohort(np.random.default_rng(7), people, shift=1.0))
        assert (tail_data(searches, per_search=False) is not None) == there
    usable = np.ones((44, 44), bool)
    usable[3, :] = False
    usable[3, [3, 4]] = True
    lonely = make(SCORES.values, range(44), range(44), usable)
    assert tail_data(searches_of(lonely), per_search=False) is None
    assert tail_data(searches_of(make(np.eye(30), range(30), range(30))), per_search=False) is None
    assert tail_data(searches_of(make([[1.0]], [0], [0])), per_search=False) is None


def brute(tail, pair, apart):
    """Best shape and scale of the (censored) likelihood by a general minimiser."""

    def loss(place):
        shape, scale = place[0], np.exp(place[1])
        law, total = genpareto(shape, scale=scale), 0.5 * (shape / SHAPE_SD) ** 2
        for row in range(tail.searches):
            mine = tail.row == row
            excess, weight = tail.excess[mine], pair[mine]
            total -= weight[apart:] @ law.logpdf(excess[apart:])
            if apart and excess.size > 1:
                total -= weight[0] * law.logsf(excess[1])
        return total if np.isfinite(total) else 1e9

    start = [0.05, np.log(tail.excess.mean())]
    options = {"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000}
    return minimize(loss, start, method="Nelder-Mead", options=options)


@pytest.mark.parametrize("apart", [0, 1])
@pytest.mark.parametrize("kind", ["normal", "t3"])
def test_the_tail_is_fitted_to_the_highest_likelihood(apart, kind):
    rng = np.random.default_rng(8)
    values = rng.standard_t(3, (40, 40)) if kind == "t3" else rng.normal(size=(40, 40))
    searches = searches_of(make(values, range(40), range(40)))
    tail = tail_data(searches, per_search=False)
    weights = rng.uniform(0.5, 2.0, (2, 40))
    shares = np.stack([searches.probe_weights(row) for row in weights])
    fit = fit_tail(tail, weights, shares, bool(apart))
    for row in range(2):
        pair = shares[row, tail.row] * 40 * weights[row, tail.second]
        best = brute(tail, pair, apart)
        assert fit.shape[row] == pytest.approx(best.x[0], abs=0.03)
        assert fit.scale[row] == pytest.approx(np.exp(best.x[1]), rel=0.03)


def test_share_and_unevenness_by_hand():
    rng = np.random.default_rng(9)
    values = rng.normal(size=(60, 60)) + np.linspace(-1, 1, 60)[:, None]
    searches = searches_of(make(values, range(60), range(60)))
    tail = tail_data(searches, per_search=False)
    ones = np.ones((1, 60))
    fit = fit_tail(tail, ones, ones / 60, False)
    counts = np.array([np.count_nonzero(tail.row == row) for row in range(60)])
    assert fit.share[0] == pytest.approx(counts.mean() / 59)
    uneven = (counts.var(ddof=1) - counts.mean()) / counts.mean() ** 2
    assert fit.unevenness[0] == pytest.approx(uneven)
    wide = np.array([np.count_nonzero(tail.wide[0] == row) for row in range(60)])
    wider = (wide.var(ddof=1) - wide.mean()) / wide.mean() ** 2
    assert fit.growth[0] == pytest.approx(max(uneven - wider, 0) / 2)
    power, rate = fit.factor
    np.testing.assert_allclose(power[0], 1 / uneven + counts)
    np.testing.assert_allclose(rate[0], 1 / uneven + counts.mean())
    apart = fit_tail(tail, ones, ones / 60, True)
    found = apart.share[0] * 59
    assert found - 1 + np.exp(-found) == pytest.approx(np.maximum(counts - 1, 0).mean())


def test_nobody_above_is_the_mean_over_the_gamma_posterior():
    power, rate = np.array([[2.5, 7.0]]), np.array([[3.0, 3.0]])
    one = np.ones(1)
    fit = TailFit(0.1 * one, one, 0.05 * one, 0.5 * one, 0 * one, (power, rate))
    chance = np.array([[0.002, 0.05]])
    found = nobody_above(fit, chance, 40.0)
    for k in range(2):
        law = gamma(power[0, k], scale=1 / rate[0, k])
        expected = law.expect(lambda f, k=k: (1 - chance[0, k]) ** (40 * f))
        assert found[0, k] == pytest.approx(expected, rel=1e-6)
    # Further out searches differ more: same mean, variance times 1 + growth over unevenness.
    grown = nobody_above(replace(fit, growth=0.1 * one), chance, 40.0)
    more = 1 + 0.1 / 0.5 * np.log2(0.05 / 0.002)
    law = gamma(power[0, 0] / more, scale=more / rate[0, 0])
    assert grown[0, 0] == pytest.approx(law.expect(lambda f: 0.998 ** (40 * f)), rel=1e-6)
    assert grown[0, 1] == pytest.approx(found[0, 1])


def test_chance_of_a_stranger_below_and_in_the_tail():
    body = np.linspace(-2.0, 2.0, 1001)
    centre, spread = np.array([1.0, 0.0, -3.0, 0.0]), np.array([2.0, 1.0, 0.5, 1.0])
    none = np.zeros(0, np.int64)
    tail = TailData(
        1.6,
        np.zeros(0),
        none,
        none,
        none,
        np.ones(4),
        centre,
        spread,
        body,
        (none, none),
        (0.0, 1.0),
        (none, none),
        none,
    )
    one = np.ones((1, 4))
    fit = TailFit(
        np.array([0.2]), np.array([0.7]), np.array([0.1]), one[0, :1], one[0, :1] * 0, (one, one)
    )
    place = np.array([0.6, -2.5, 1.9, 1.5])
    found = stranger_chance(tail, fit, centre + place * spread)[0]
    expected = [(2 - 0.6) / 4, 1.0, 0.1 * (1 + 0.2 * 0.3 / 0.7) ** -5, 0.5 / 4]
    np.testing.assert_allclose(found, expected, rtol=1e-2)
    thick = stranger_chance(tail, replace(fit, share=np.array([0.15])), centre + place * spread)
    assert thick[0, 3] == pytest.approx(0.15)  # never less than the tail holds


def test_open_set_threshold_keeps_to_the_budget_over_all_probes():
    searches = searches_of(SCORES)
    weights = np.concatenate([np.ones((1, 44)), np.random.default_rng(8).uniform(0.5, 2, (2, 44))])
    for model in tail_models(searches, weights).values():
        for size, fpir in ((44.0, 0.3), (1000.0, 0.05), (1e6, 0.01)):
            limit = threshold(model, size, fpir)
            for step, sign in ((0.0, 1), (1e-6, -1)):
                scores = np.broadcast_to((limit - step)[:, None], (3, 44))
                chance = stranger_chance(model.tail, model.fit, scores)
                alarm = 1 - (model.probe_weights * nobody_above(model.fit, chance, size)).sum(
                    axis=1
                )
                assert (sign * (alarm - fpir) <= 1e-6 * fpir).all()
            rates = open_rates(searches, model, np.array([int(size)]), fpir)
            chance = stranger_chance(model.tail, model.fit, searches.mate)
            first = nobody_above(model.fit, chance, size - 1)
            hits = model.kept[:, None] * first * (searches.mate >= limit[:, None])
            expected = (hits * model.probe_weights).sum(axis=1)
            np.testing.assert_allclose(rates[:, 0], expected, rtol=1e-9)


def test_relatives_apart_come_nearer_where_everybody_has_one():
    """One sibling in every gallery, small or large: other models take it for one in a hundred."""
    n, sizes, gaps = 100, np.array([100, 10_000]), []
    person, x = np.arange(n), np.linspace(-4, 14, 4001)
    stays = norm.pdf(x, 5.0, 1.2) * norm.cdf(x, 2.5, 1.0)
    truth = np.trapezoid(stays * np.exp(9998 * norm.logcdf(x)), x)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(n, n))
        values[person, person ^ 1] += 2.5
        values[person, person] = 5.0 + 1.2 * rng.normal(size=n)
        searches = searches_of(make(values, person, person))
        models = tail_models(searches, np.ones((1, n)))
        names = list(TAIL_MODELS)[:2]
        plain, apart = (tail_rates(searches, models[name], sizes)[0] for name in names)
        measured = np.mean(values.argmax(axis=1) == person)
        assert apart[0] == pytest.approx(measured, abs=0.04)
        gaps.append((abs(plain[1] - truth), abs(apart[1] - truth)))
    assert np.mean(gaps, axis=0)[1] < np.mean(gaps, axis=0)[0]


def test_beta_laws_and_their_mixture():
    drawn = np.concatenate(
        [[[0.4, 0.0]], np.random.default_rng(3).normal([0.4, 0], [0.05, 0], (99, 2))]
    )
    one = law(drawn, 100)
    number = min(0.24 / drawn[1:, 0].var(), 200)
    assert (one.a[0], one.b[0]) == (
        pytest.approx(0.4 * number + 0.5),
        pytest.approx(0.6 * number + 0.5),
    )
    assert (one.a[1], one.b[1]) == (0.5, pytest.approx(1.5))
    other = Law(np.array([0.7, 0.1]), np.array([70.0, 10.0]), np.array([30.0, 90.0]))
    value, low, high = quantiles([(0.25, one), (0.75, other)])
    assert value[0] == pytest.approx(0.25 * 0.4 + 0.75 * 0.7)
    for end, wanted in ((low[0], 0.025), (high[0], 0.975)):
        mass = 0.25 * beta.cdf(end, one.a[0], one.b[0]) + 0.75 * beta.cdf(end, 70, 30)
        assert mass == pytest.approx(wanted, abs=1e-9)


def test_weights_follow_hidden_galleries_and_drop_what_they_refute():
    def missed(error):
        return HiddenGallery(10, 40, 0.5 + error, 0.5, error, abs(error))

    hidden = {"a": missed(0.0), "b": missed(0.03), "c": missed(-0.2)}
    found = stack_weights(hidden, 0.02, {"a": 1.0, "b": 3.0, "c": 1.0})
    other = np.exp(-0.5 * 0.03**2 / (0.02**2 + 0.01**2))
    assert found["c"] == 0.0
    assert found["b"] / found["a"] == pytest.approx(3 * other)
    assert sum(found.values()) == pytest.approx(1.0)
    assert stack_weights({}, 0.02, {"a": 3.0, "b": 1.0}) == {"a": 0.75, "b": 0.25}
    worst = stack_weights({"a": missed(0.3), "b": missed(-0.2)}, 0.02, {"a": 1.0, "b": 1.0})
    assert worst == {"a": 0.0, "b": 1.0}


def test_misses_upward_of_models_with_relatives_apart_count_half():
    def missed(error):
        return HiddenGallery(10, 40, 0.5 + error, 0.5, error, abs(error))

    even = {"a": 1.0, "b": 1.0}
    up = stack_weights({"a": missed(0.04), "b": missed(0.02)}, 0.02, even, apart=("a",))
    assert up["a"] == pytest.approx(up["b"])
    down = stack_weights({"a": missed(-0.04), "b": missed(-0.02)}, 0.02, even, apart=("a",))
    assert down["a"] < down["b"]


def test_a_model_that_misses_the_measured_rate_loses_weight():
    even = {"a": 1.0, "b": 1.0, "c": 1.0}
    found = stack_weights({}, 0.02, even, {"a": 0.0, "b": -0.03, "c": -0.3})
    assert found["a"] > found["b"] > found["c"] == 0.0


def test_correction_scales_what_is_lost_by_the_worst_miss_and_never_lowers():
    rows = np.array([[0.8, 0.5], [0.7, 0.4]])
    share = (0.1 + 0.005) / (0.2 + 0.005)
    np.testing.assert_allclose(corrected(rows, 0.9, [-0.1], 100), 1 - share * (1 - rows))
    worse = (0.1 + 0.005) / (0.3 + 0.005)
    np.testing.assert_allclose(corrected(rows, 0.9, [-0.1, -0.2, 0.1], 100), 1 - worse * (1 - rows))
    np.testing.assert_array_equal(corrected(rows, 0.9, [0.05], 100), rows)
    np.testing.assert_array_equal(corrected(rows, 0.9, [], 100), rows)


def test_the_normal_tail_is_found_beside_relatives():
    n, rng = 300, np.random.default_rng(5)
    values = 2.0 + 1.5 * rng.normal(size=(n, n))
    person = np.arange(n)
    values[person, person ^ 1] += 1.5 * 3.0
    values[person, person] = 20.0
    searches = searches_of(make(values, person, person))
    tail = tail_data(searches, per_search=False)
    ones, share = np.ones((1, n)), np.full((1, n), 1 / n)
    fit = normal_tail(tail, fit_tail(tail, ones, share, True), ones, share)
    assert fit.deviate[0] * tail.spread[0] == pytest.approx(1.5, rel=0.03)
    far = np.full(n, 2.0 + 1.5 * 4.0)
    assert stranger_chance(tail, fit, far)[0, 0] == pytest.approx(norm.sf(4.0), rel=0.35)


def test_the_reach_ends_where_the_range_is_too_wide():
    def mixed(*ends):
        return [Estimate(value, low, high, 44) for value, low, high in ends]

    sizes = np.array([100, 400, 500, 1500])
    fine = mixed((0.5, 0.4, 0.69), (0.5, 0.4, 0.69), (0.4, 0.3, 0.63), (0.4, 0.3, 0.63))
    assert reach(44, sizes, fine) == 500  # a third of the largest
    assert reach(44, sizes, [*fine[:3], Estimate(0.4, 0.3, 0.65, 44)]) == 100
    assert reach(44, sizes, [*fine[:2], Estimate(0.4, 0.2, 0.6, 44), fine[3]]) == 100
    assert reach(44, sizes, [fine[0], Estimate(0.4, 0.3, 0.6, 44), *fine[2:]]) == 44
    assert reach(44, sizes, [Estimate(0.5, 0.4, 0.71, 44), *fine[1:]]) == 44
    between = sizes_between(44, (60, 44_000))
    assert (between[0], between[-1]) == (45, 132_000)
    assert {60, 44_000} <= set(between.tolist())
    assert (between[1:] / between[:-1]).max() < 10 ** (1.5 / 8)


def test_sizes_of_the_measured_curve():
    assert curve_sizes(20).tolist() == [2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 20]
    expected = sorted({round(2 * (150 / 2) ** (k / 11)) for k in range(12)})
    assert curve_sizes(150).tolist() == expected
    assert curve_sizes(150).dtype == np.int64


def test_every_model_of_ranks_equals_its_own_fit(monkeypatch):
    searches = searches_of(SCORES)
    weights = dirichlet_weights(44, 5, np.random.default_rng(9))
    sizes, prior = np.array([60, 10**5]), Beta(0.5, 4.0)
    monkeypatch.setattr(predict_module, "_BLOCK", 2)
    found = rank_models(searches, weights, sizes, prior)
    assert list(found) == ["binomial", "pitman-yor", "log-linear"]
    known = curve_sizes(44)
    grid = pitman_yor_grid(known)
    for row, counts in enumerate(weighted_counts(searches, weights)):
        curve = identification_curve(counts, known)
        process = fit_pitman_yor(known, curve, grid)
        expected = {
            "binomial": binomial_rates(counts, fit_beta(counts, prior), sizes),
            "pitman-yor": pitman_yor_correctness(process, sizes.astype(float)),
            "log-linear": log_linear_rates(known, curve, sizes),
        }
        for name, rate in expected.items():
            limited = np.minimum(np.maximum(rate, 1 / sizes), 1.0)
            np.testing.assert_allclose(found[name][row], limited, rtol=1e-4)


def test_ranks_stand_in_where_scores_have_no_tail():
    everybody = np.ones((1, 30))
    flat = searches_of(make(np.eye(30), range(30), range(30)))
    assert list(predict(flat, everybody, np.array([60]))) == [
        "binomial",
        "pitman-yor",
        "log-linear",
    ]
    assert list(predict(searches_of(SCORES), np.ones((1, 44)), np.array([60]))) == list(TAIL_MODELS)


def test_every_repetition_of_a_tail_model_equals_its_own_fit():
    searches = searches_of(SCORES)
    weights = dirichlet_weights(44, 3, np.random.default_rng(9))
    sizes = np.array([60, 10**5])
    together = predict(searches, weights, sizes)
    for row in range(3):
        alone = predict(searches, weights[row : row + 1], sizes)
        for name, rates in alone.items():
            np.testing.assert_allclose(together[name][row], rates[0], rtol=1e-9)


def mixture(draws, missed, observed, weight, kept):
    """The lower end of the models as they are, the upper end of the corrected ones."""
    plain, raised = (
        quantiles([(weight[name], law(rows[name], 44)) for name in kept])
        for rows in (
            draws,
            {name: corrected(draws[name], observed, missed[name], 44) for name in kept},
        )
    )
    return (plain[0] + raised[0]) / 2, plain[1], raised[2]


def test_a_rank_one_forecast_is_put_together_from_its_parts():
    found = forecast_rank1(
        SCORES, np.random.default_rng(10), sizes=(5000, 44, 60, 60, 7), repetitions=6
    )
    people, hiding = np.random.default_rng(10).spawn(2)
    searches = searches_of(SCORES)
    ones = np.ones((1, 44))
    observed = linkability(SCORES, [44])[44]
    grid = sizes_between(44, (60, 5000))
    weights = np.concatenate([ones, dirichlet_weights(44, 6, people)])
    draws = predict(searches, weights, np.append(44, grid))
    own = {name: rows[0, 0] - observed.value for name, rows in draws.items()}
    draws = {name: rows[:, 1:] for name, rows in draws.items()}
    hidden = [predict(small_gallery(searches, 11, hiding), ones, np.array([44])) for _ in range(10)]
    tested = {
        name: hidden_gallery(
            11, 44, np.array([one[name][0, 0] for one in hidden if name in one]), observed.value
        )
        for name in draws
    }
    noise = np.sqrt(observed.value * (1 - observed.value) / 44)
    weight = stack_weights(tested, noise, {name: PRIOR[name] for name in draws}, own, APART)
    kept = [name for name in draws if weight[name]]
    missed = {name: [tested[name].error, own[name]] for name in kept}
    value, low, high = mixture(draws, missed, observed.value, weight, kept)
    assert (found.observed, found.people, found.gallery) == (observed, 44, 44)
    assert [model.model for model in found.models] == kept
    assert found.refuted == tuple(name for name in draws if not weight[name])
    for model in found.models:
        assert model.hidden == tested[model.model]
        assert model.weight == weight[model.model]
    near = int(np.searchsorted(grid, 60))
    assert [point.size for point in found.points] == [60, 5000]
    assert found.points[0].value == pytest.approx(min(value[near], observed.high))
    assert found.points[0].low == pytest.approx(max(low[near], found.points[0].floor))
    assert found.points[0].high == pytest.approx(min(high[near], observed.high))
    assert found.few_errors == few_errors((1 - observed.value) * 44, 44)
    assert not found.bound_only


def test_certainty_is_a_bound():
    sure = cohort(np.random.default_rng(11), 30, shift=40.0)
    found = forecast_rank1(sure, np.random.default_rng(0), sizes=(3001, 31))
    floors = [distribution_free_floor(found.observed.low, 30, size) for size in (31, 3001)]
    assert found == Forecast(
        found.observed,
        30,
        30,
        (),
        tuple(
            ForecastPoint(size, 1.0, 1.0, floor, 1.0, floor, beyond, 1.0)
            for size, floor, beyond in zip((31, 3001), floors, (False, True), strict=True)
        ),
        True,
        True,
    )
    opened = forecast_open_set(sure, np.random.default_rng(0), fpir=0.1, sizes=(3001, 31))
    missed = fnir_at_fpir(sure, 0.1, 29).fnir
    observed = Estimate(1.0, 1 - missed.high, 1.0, 30, missed.method)
    assert opened == Forecast(
        observed,
        30,
        29,
        (),
        (
            ForecastPoint(31, 1.0, 1.0, 0.0, 1.0, 0.0, False, 1.0),
            ForecastPoint(3001, 1.0, 1.0, 0.0, 1.0, 0.0, True, 1.0),
        ),
        True,
        True,
        budget=0.1,
    )


def test_refusals_keep_what_was_measured():
    observed = linkability(SCORES, [44])[44]
    found = forecast_rank1(SCORES, np.random.default_rng(0), sizes=(44, 9))
    assert found == refused(observed, 44, 44, "within the data")
    missed = fnir_at_fpir(SCORES, 0.1, 43).fnir
    opened = forecast_open_set(SCORES, np.random.default_rng(0), fpir=0.1, sizes=(43, 9))
    hits = Estimate(1 - missed.value, 1 - missed.high, 1 - missed.low, 44, missed.method)
    assert opened == refused(hits, 44, 43, "within the data", 0.1)
    nobody = make(np.zeros((0, 0)), [], [])
    found = forecast_rank1(nobody, np.random.default_rng(0))
    assert found == refused(None, 0, 0, "few people")
    found = forecast_open_set(nobody, np.random.default_rng(0), fpir=0.5)
    assert found == refused(None, 0, 0, "few people", 0.5)


@pytest.mark.parametrize("fpir", [0.0, 1.0, -0.5])
def test_budgets_out_of_range_are_named(fpir):
    with pytest.raises(UsageError) as caught:
        forecast_open_set(SCORES, np.random.default_rng(0), fpir=fpir)
    assert str(caught.value) == f"false-match budget: {fpir!r}; expected between 0 and 1."


def test_an_open_set_forecast_is_put_together_from_its_parts():
    strong = cohort(np.random.default_rng(0), 44, shift=4.5)
    found = forecast_open_set(
        strong, np.random.default_rng(12), fpir=0.1, sizes=(5000, 43, 60, 60), repetitions=6
    )
    people, _ = np.random.default_rng(12).spawn(2)
    searches, grid = searches_of(strong), sizes_between(43, (60, 5000))
    weights = np.concatenate([np.ones((1, 44)), dirichlet_weights(44, 6, people)])
    missed = fnir_at_fpir(strong, 0.1, 43).fnir
    assert (found.people, found.gallery) == (44, 43)
    assert found.observed.value == 1 - missed.value
    top = linkability(strong, [43])[43].high
    fitted = tail_models(searches, weights)
    drawn = {name: open_rates(searches, one, grid, 0.1) for name, one in fitted.items()}
    weight = {model.model: model.weight for model in found.models}
    errors = {model.model: [model.hidden.error] for model in found.models}
    first = found.models[0].hidden.observed
    value, low, high = mixture(drawn, errors, first, weight, list(weight))
    near = int(np.searchsorted(grid, 60))
    assert found.points[0].value == pytest.approx(min(value[near], top))
    assert found.points[0].low == pytest.approx(np.minimum.accumulate(low)[near])
    never_rising = np.minimum.accumulate(np.minimum(high, top))
    assert found.points[0].high == pytest.approx(never_rising[near])
    assert found.few_errors == few_errors(missed.value * 44, 44)
    assert not found.bound_only


def test_an_untested_budget_is_said_in_full():
    found = forecast_open_set(
        SCORES, np.random.default_rng(12), fpir=0.001, sizes=(60,), repetitions=3
    )
    assert (found.observed, found.few_errors) == (None, True)
    assert {model.model for model in found.models} <= set(TAIL_MODELS)
    assert basis_of_forecast(found).endswith(
        " A false-match budget of 0.001 cannot be tested "
        "with 44 people: the threshold itself is extrapolated."
    )
    flat = replace(SCORES, values=np.round(SCORES.values / 40) * (1 - np.eye(44)))
    nothing = forecast_open_set(flat, np.random.default_rng(0), fpir=0.001, sizes=(60,))
    assert nothing == refused(None, 44, 43, "short tail", 0.001)
    only = forecast_open_set(flat, np.random.default_rng(0), fpir=0.1, sizes=(60,), repetitions=3)
    assert [model.model for model in only.models] == ["log-linear"]
