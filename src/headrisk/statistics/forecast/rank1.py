"""Forecast of the rank-1 identification rate to galleries of up to ten million people."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.forecast.hidden import (
    HIDDEN_DRAWS,
    fitted_size,
    hidden_gallery,
    small_gallery,
)
from headrisk.statistics.forecast.models import fit_beta
from headrisk.statistics.forecast.predict import predict
from headrisk.statistics.forecast.records import (
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
from headrisk.statistics.forecast.resample import (
    REPETITIONS,
    dirichlet_weights,
    percentile_estimates,
)
from headrisk.statistics.forecast.searches import Searches, searches_of, weighted_counts
from headrisk.statistics.intervals import few_errors
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate, IntArray, PairScores


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


def _hidden_galleries(
    searches: Searches, observed: float, rng: np.random.Generator
) -> dict[str, HiddenGallery]:
    """Fit on random small galleries, predict the largest. Empty where that is too small."""
    gallery, fitted = searches.gallery, fitted_size(searches.gallery)
    if not fitted:
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
