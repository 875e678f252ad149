"""Forecast of the rank-1 identification rate to galleries of up to ten million people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from headrisk.evaluate.forecast.models import (
    Beta,
    binomial_rates,
    fit_beta,
    fit_pitman_yor,
    log_linear_rates,
    pitman_yor_correctness,
    pitman_yor_grid,
    survive,
)
from headrisk.evaluate.forecast.records import (
    FORECAST_SIZES,
    Forecast,
    HiddenGallery,
    ModelForecast,
    bound_sentence,
    distribution_free_floor,
    forecast_sentence,
    range_over_models,
    refused,
    too_few,
)
from headrisk.evaluate.forecast.searches import (
    Counts,
    Searches,
    dirichlet_weights,
    identification_curve,
    searches_of,
    weighted_counts,
)
from headrisk.evaluate.forecast.tail import TailData, fit_pareto, stranger_chance, tail_data
from headrisk.evaluate.intervals import CONFIDENCE, few_errors
from headrisk.evaluate.risk import linkability
from headrisk.linkage.pairs import finite_scores
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

BINOMIAL, EXTREME_VALUE = "binomial", "extreme-value"
PITMAN_YOR, LOG_LINEAR = "pitman-yor", "log-linear"
HIDDEN_DRAWS = 5
SMALLEST_FITTED = 10
CURVE_POINTS = 12
REPETITIONS = 200
_BLOCK = 50


@dataclass(frozen=True)
class _Work:
    """What all repetitions of the fits share; ``known`` are the sizes of the measured curve."""

    searches: Searches
    known: IntArray
    grid: tuple[FloatArray, FloatArray]
    tail: TailData | None
    prior: Beta | None


def forecast_rank1(
    scores: PairScores,
    rng: np.random.Generator,
    *,
    sizes: Iterable[int] = FORECAST_SIZES,
    repetitions: int = REPETITIONS,
) -> Forecast:
    """Forecast the rank-1 rate to larger galleries by four models.

    Parameters
    ----------
    scores
        Similarities with their people.
    rng
        Source of the bootstrap over people and of the hidden galleries.
    sizes
        Gallery sizes wanted, the mate included; those the data reach are left out.
    repetitions
        Bootstrap repetitions.

    Returns
    -------
    Forecast
        No points, and a sentence, with fewer than 20 people searched for or in the gallery.
        Where everybody is linked only a bound is given. No forecast lies above the upper limit of
        the measured rate, since a larger gallery is never easier, nor below 1 / N.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    scores = finite_scores(scores)
    for_people, for_hidden = rng.spawn(2)
    searches = searches_of(scores)
    people, gallery = searches.people, searches.gallery
    observed = linkability(scores, [gallery])[gallery] if gallery else None
    why = too_few(people, gallery)
    if why or observed is None:
        return refused(observed, people, gallery, why)
    wanted = tuple(sorted({int(size) for size in sizes if size > gallery}))
    if not wanted:
        return refused(observed, people, gallery, f"the data reach {gallery} people themselves")
    floors = tuple(distribution_free_floor(observed.low, gallery, size) for size in wanted)
    if observed.value >= 1.0:
        return _bound(observed, gallery, wanted, floors)
    array = np.array(wanted, dtype=np.int64)
    estimates = _estimates(searches, array, observed, repetitions, for_people)
    hidden = _hidden_galleries(searches, observed.value, for_hidden)
    models = tuple(
        ModelForecast(name, found, hidden.get(name)) for name, found in estimates.items()
    )
    return Forecast(
        observed=observed,
        people=people,
        gallery=gallery,
        models=models,
        points=range_over_models(models, wanted, gallery, floors),
        bound_only=False,
        few_errors=few_errors((1.0 - observed.value) * people, people),
        sentence=forecast_sentence(models, gallery, people),
    )


def _bound(
    observed: Estimate, gallery: int, sizes: tuple[int, ...], floors: tuple[float, ...]
) -> Forecast:
    found = tuple(
        Estimate(1.0, floor, 1.0, observed.n, "bound whatever the distribution") for floor in floors
    )
    models = (ModelForecast("bound", found, None),)
    points = range_over_models(models, sizes, gallery, floors)
    sentence = bound_sentence(observed, gallery)
    return Forecast(observed, observed.n, gallery, (), points, True, True, sentence)


def curve_sizes(gallery: int) -> IntArray:
    """Gallery sizes at which the measured curve is read, evenly spaced in log N."""
    return np.unique(np.round(np.geomspace(2, gallery, CURVE_POINTS))).astype(np.int64)


def predict(
    searches: Searches, weights: FloatArray, sizes: IntArray, prior: Beta | None = None
) -> list[Mapping[str, FloatArray]]:
    """Fit every model under each row of ``weights`` and give its rates at ``sizes``.

    ``prior`` is where the fit of the beta distribution begins. A model that cannot be fitted is
    left out.
    """
    known = curve_sizes(searches.gallery)
    work = _Work(searches, known, pitman_yor_grid(known), tail_data(searches), prior)
    found: list[Mapping[str, FloatArray]] = []
    for begin in range(0, weights.shape[0], _BLOCK):
        block = weights[begin : begin + _BLOCK]
        for row, counts in zip(block, weighted_counts(searches, block), strict=True):
            found.append(_fit_all(work, counts, row, sizes))
    return found


def _fit_all(
    work: _Work, counts: Counts, weights: FloatArray, sizes: IntArray
) -> Mapping[str, FloatArray]:
    curve = identification_curve(counts, work.known)
    rates = {BINOMIAL: binomial_rates(counts, fit_beta(counts, work.prior), sizes)}
    law = fit_pareto(work.tail, weights, counts.pair_weight) if work.tail else None
    if law is not None and work.tail is not None:
        chance = stranger_chance(work.tail, law, work.searches.mate)
        first = survive(chance, np.asarray(sizes, dtype=np.float64) - 1.0)
        rates[EXTREME_VALUE] = first @ counts.probe_weight
    process = fit_pitman_yor(work.known, curve, work.grid)
    rates[PITMAN_YOR] = pitman_yor_correctness(process, sizes.astype(np.float64))
    rates[LOG_LINEAR] = log_linear_rates(work.known, curve, sizes)
    return {name: np.clip(rate, 1.0 / sizes, 1.0) for name, rate in rates.items()}


def _estimates(
    searches: Searches,
    sizes: IntArray,
    observed: Estimate,
    repetitions: int,
    rng: np.random.Generator,
) -> dict[str, tuple[Estimate, ...]]:
    """Point forecasts with percentiles of the bootstrap, by model."""
    everybody = np.ones((1, searches.persons))
    values = predict(searches, everybody, sizes)[0]
    prior = fit_beta(weighted_counts(searches, everybody)[0])
    weights = dirichlet_weights(searches.persons, repetitions, rng)
    draws = predict(searches, weights, sizes, prior)
    return {
        name: percentile_estimates(
            value,
            np.array([draw[name] for draw in draws if name in draw]),
            observed.high,
            sizes,
            searches.people,
        )
        for name, value in values.items()
    }


def percentile_estimates(
    values: FloatArray, draws: FloatArray, top: float, sizes: IntArray, people: int
) -> tuple[Estimate, ...]:
    """Values (sizes,) with percentiles of the bootstrap (repetitions, sizes).

    Nothing lies above ``top``, the upper limit of the measured rate, as a larger gallery is never
    easier; chance, 1 / N, is never cut. An interval always holds its value.
    """
    tail = 50 * (1 - CONFIDENCE)
    limit = np.maximum(top, 1.0 / sizes)
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    values = np.minimum(values, limit)
    low, high = np.minimum(low, values), np.clip(high, values, limit)
    method = f"Bayesian bootstrap over people, {draws.shape[0]} repetitions"
    return tuple(
        Estimate(float(v), float(a), float(b), people, method)
        for v, a, b in zip(values, low, high, strict=True)
    )


def _hidden_galleries(
    searches: Searches, observed: float, rng: np.random.Generator
) -> dict[str, HiddenGallery]:
    """Fit on random small galleries, predict the largest. Empty where that is too small."""
    gallery = searches.gallery
    fitted = gallery // 4 if gallery // 4 >= SMALLEST_FITTED else gallery // 2
    if fitted < SMALLEST_FITTED:
        return {}
    everybody, size = np.ones((1, searches.persons)), np.array([gallery], dtype=np.int64)
    predicted: dict[str, list[float]] = {}
    for _ in range(HIDDEN_DRAWS):
        part = small_gallery(searches, fitted, rng)
        for name, rate in predict(part, everybody, size)[0].items():
            predicted.setdefault(name, []).append(float(rate[0]))
    return {
        name: hidden_gallery(fitted, gallery, np.array(rates), observed)
        for name, rates in predicted.items()
    }


def hidden_gallery(
    fitted: int, gallery: int, predicted: FloatArray, observed: float
) -> HiddenGallery:
    """Compare predictions from several small galleries with what was observed."""
    gap = predicted - observed
    return HiddenGallery(
        fitted,
        gallery,
        float(predicted.mean()),
        observed,
        float(gap.mean()),
        float(np.sqrt((gap**2).mean())),
    )


def small_gallery(searches: Searches, size: int, rng: np.random.Generator) -> Searches:
    """Each probe's mate and a random ``size`` - 1 of its own other people.

    One random order of the people serves all probes; a probe passes over people it cannot be
    compared with.
    """
    order = rng.permutation(searches.column.size)
    place = np.cumsum(searches.comparable[:, order], axis=1)
    keep = np.zeros(searches.values.shape, dtype=bool)
    keep[:, order] = place <= size - 1
    values = np.where(keep, searches.values, -np.inf)
    return replace(searches, values=values).only_columns(np.flatnonzero(keep.any(axis=0)))
