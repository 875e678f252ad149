"""Forecast of open-set success: the mate comes first and passes a threshold that keeps false
alarms within a budget, in galleries of up to ten million people.

Two models. Extreme value: both the threshold and the chance of being beaten come from the
generalised Pareto tail. Log-linear: a line through the rates measured in smaller galleries, where
the data have enough people to set the threshold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headrisk.errors import UsageError
from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.forecast.hidden import (
    HIDDEN_DRAWS,
    fitted_size,
    hidden_gallery,
    small_gallery,
)
from headrisk.statistics.forecast.models import log_linear_rates
from headrisk.statistics.forecast.open_tail import tail_rates
from headrisk.statistics.forecast.predict import EXTREME_VALUE, LOG_LINEAR, curve_sizes
from headrisk.statistics.forecast.records import (
    FORECAST_SIZES,
    Forecast,
    HiddenGallery,
    ModelForecast,
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
from headrisk.statistics.forecast.searches import Searches, searches_of
from headrisk.statistics.intervals import few_errors
from headrisk.statistics.openset import fnir_at_fpir, largest_open_gallery
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.risk import first_among, linkability
from headrisk.types import Estimate, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class _Question:
    """What both models are asked; no forecast lies above ``top``."""

    fpir: float
    sizes: IntArray
    gallery: int
    observed: Estimate | None
    top: float


def forecast_open_set(
    scores: PairScores,
    rng: np.random.Generator,
    *,
    fpir: float,
    sizes: Iterable[int] = FORECAST_SIZES,
    repetitions: int = REPETITIONS,
) -> Forecast:
    """Forecast 1 - FNIR at the threshold whose FPIR is ``fpir`` in each gallery.

    ``observed`` is the measured rate, None where fewer than 1 / fpir people were searched for;
    its interval takes the threshold as given, though few searches set it, so forecasts are capped
    by the upper limit of the rank-1 rate instead.
    See ``forecast_rank1`` for the other parameters and what is refused. Where everybody is found
    at the threshold, the rate may be anything up to 100 %: a bound with floor 0.

    Raises
    ------
    UsageError
        ``fpir`` is not between 0 and 1.
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    if not 0 < fpir < 1:
        raise UsageError("false-match budget", found=repr(fpir), expected="between 0 and 1")
    scores = finite_scores(scores)
    for_people, for_hidden = rng.spawn(2)
    searches = searches_of(scores)
    people, gallery = searches.people, min(searches.gallery, largest_open_gallery(scores))
    observed = _measured(scores, fpir, gallery)
    why = too_few(people, gallery)
    wanted = tuple(sorted({int(size) for size in sizes if size > gallery}))
    if not why and not wanted:
        why = f"the data reach {gallery} people themselves"
    if why:
        return refused(observed, people, gallery, why)
    if observed is not None and observed.value >= 1.0:
        return _bound(observed, gallery, wanted)
    rank1 = linkability(scores, [gallery])[gallery]
    top = 1.0 if rank1 is None else rank1.high
    question = _Question(fpir, np.array(wanted, dtype=np.int64), gallery, observed, top)
    drawn = dirichlet_weights(searches.persons, repetitions, for_people)
    weights = np.concatenate([np.ones((1, searches.persons)), drawn])
    models = (
        *_extreme_value(searches, weights, question, for_hidden),
        *_log_linear(scores, searches, weights, question),
    )
    if not models:
        return refused(observed, people, gallery, "the tail of the scores is too short")
    sentence = forecast_sentence(models, gallery, people)
    missed = people if observed is None else (1.0 - observed.value) * people
    return Forecast(
        observed=observed,
        people=people,
        gallery=gallery,
        models=models,
        points=range_over_models(models, wanted, gallery, (0.0,) * len(wanted)),
        bound_only=False,
        few_errors=observed is None or few_errors(missed, people),
        sentence=sentence if observed else f"{sentence} {_untested(people, fpir)}",
    )


def _untested(people: int, fpir: float) -> str:
    return (
        f"A false-match budget of {fpir:g} cannot be tested with {people} people: "
        f"the threshold itself is extrapolated."
    )


def _measured(scores: PairScores, fpir: float, gallery: int) -> Estimate | None:
    rates = fnir_at_fpir(scores, fpir, gallery) if gallery else None
    if rates is None or rates.fnir is None:
        return None
    miss = rates.fnir
    return Estimate(1.0 - miss.value, 1.0 - miss.high, 1.0 - miss.low, miss.n, miss.method)


def _bound(observed: Estimate, gallery: int, sizes: tuple[int, ...]) -> Forecast:
    everything = tuple(Estimate(1.0, 0.0, 1.0, observed.n, "no model") for _ in sizes)
    points = range_over_models(
        (ModelForecast("bound", everything, None),), sizes, gallery, (0.0,) * len(sizes)
    )
    sentence = (
        f"All {observed.n} people were found within the false-match budget in a gallery of "
        f"{gallery}, so the data do not show how fast the rate falls: it may stay at 100 %."
    )
    return Forecast(observed, observed.n, gallery, (), points, True, True, sentence)


def _extreme_value(
    searches: Searches, weights: FloatArray, question: _Question, rng: np.random.Generator
) -> tuple[ModelForecast, ...]:
    drawn = tail_rates(searches, weights, question.sizes, question.fpir)
    if drawn is None:
        return ()
    estimates = percentile_estimates(
        drawn[0], drawn[1:], question.top, question.sizes, searches.people
    )
    hidden = _hidden_tail(searches, weights[:1], question, rng)
    return (ModelForecast(EXTREME_VALUE, estimates, hidden),)


def _hidden_tail(
    searches: Searches, everybody: FloatArray, question: _Question, rng: np.random.Generator
) -> HiddenGallery | None:
    gallery, fitted = question.gallery, fitted_size(question.gallery)
    if not fitted or question.observed is None:
        return None
    size = np.array([gallery], dtype=np.int64)
    parts = [small_gallery(searches, fitted, rng) for _ in range(HIDDEN_DRAWS)]
    found = [tail_rates(part, everybody, size, question.fpir) for part in parts]
    rates = np.array([rate[0, 0] for rate in found if rate is not None])
    if not rates.size:
        return None
    return hidden_gallery(fitted, gallery, rates, question.observed.value)


def _log_linear(
    scores: PairScores, searches: Searches, weights: FloatArray, question: _Question
) -> tuple[ModelForecast, ...]:
    """Thresholds stay those of the whole data in the bootstrap; only people are weighted."""
    if question.observed is None:
        return ()
    gallery, known = question.gallery, curve_sizes(question.gallery)
    shares = np.stack([searches.probe_weights(row) for row in weights])
    curves = shares @ np.stack([_success(scores, int(n), question.fpir) for n in known]).T
    drawn = [log_linear_rates(known, curve, question.sizes) for curve in curves]
    rates = np.clip(np.array(drawn), 0.0, 1.0)
    estimates = percentile_estimates(
        rates[0], rates[1:], question.top, question.sizes, searches.people
    )
    fitted, hidden = fitted_size(gallery), None
    part = known <= fitted
    if np.count_nonzero(part) > 1:
        size = np.array([gallery], dtype=np.int64)
        rate = np.clip(log_linear_rates(known[part], curves[0, part], size), 0.0, 1.0)
        hidden = hidden_gallery(fitted, gallery, rate, question.observed.value)
    return (ModelForecast(LOG_LINEAR, estimates, hidden),)


def _success(scores: PairScores, size: int, fpir: float) -> FloatArray:
    """(probes,) probability that each probe's mate is first and passes, in galleries of a size."""
    rates, ranks = fnir_at_fpir(scores, fpir, size), mate_ranks(scores)
    searches = searches_of(scores)
    if rates is None:
        return np.zeros(ranks.probe.size)
    return np.where(searches.mate >= rates.threshold, first_among(ranks, size), 0.0)
