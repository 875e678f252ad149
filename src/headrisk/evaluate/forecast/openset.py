"""Forecast of open-set success: the mate comes first and passes a threshold that keeps false
alarms within a budget, in galleries of up to ten million people.

Two models. Extreme value: both the threshold and the chance of being beaten come from the
generalised Pareto tail. Log-linear: a line through the rates measured in smaller galleries, where
the data have enough people to set the threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from headrisk.errors import UsageError
from headrisk.evaluate.forecast.models import log_linear_rates, survive
from headrisk.evaluate.forecast.rank1 import (
    EXTREME_VALUE,
    HIDDEN_DRAWS,
    LOG_LINEAR,
    REPETITIONS,
    SMALLEST_FITTED,
    curve_sizes,
    hidden_gallery,
    percentile_estimates,
    small_gallery,
)
from headrisk.evaluate.forecast.records import (
    FORECAST_SIZES,
    Forecast,
    ModelForecast,
    forecast_sentence,
    range_over_models,
    refused,
    too_few,
)
from headrisk.evaluate.forecast.searches import (
    Searches,
    dirichlet_weights,
    searches_of,
    weighted_counts,
)
from headrisk.evaluate.forecast.tail import (
    Pareto,
    TailData,
    fit_pareto,
    stranger_chance,
    tail_data,
)
from headrisk.evaluate.intervals import few_errors
from headrisk.evaluate.openset import fnir_at_fpir, largest_open_gallery
from headrisk.evaluate.rates import mate_ranks
from headrisk.evaluate.risk import first_among, linkability
from headrisk.linkage.pairs import finite_scores
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

_BISECTIONS = 60


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
    array = np.array(wanted, dtype=np.int64)
    weights = np.concatenate(
        [
            np.ones((1, searches.persons)),
            dirichlet_weights(searches.persons, repetitions, for_people),
        ]
    )
    rank1 = linkability(scores, [gallery])[gallery]
    top = 1.0 if rank1 is None else rank1.high
    models = (
        *_extreme_value(searches, weights, array, fpir, top, (gallery, observed, for_hidden)),
        *_log_linear(scores, searches, weights, array, fpir, top, (gallery, observed)),
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
    searches: Searches,
    weights: FloatArray,
    sizes: IntArray,
    fpir: float,
    top: float,
    truth: tuple[int, Estimate | None, np.random.Generator],
) -> tuple[ModelForecast, ...]:
    drawn = _tail_rates(searches, weights, sizes, fpir)
    if drawn is None:
        return ()
    estimates = percentile_estimates(drawn[0], drawn[1:], top, sizes, searches.people)
    gallery, observed, rng = truth
    fitted, hidden = _fitted_size(gallery), None
    if fitted and observed is not None:
        size, once = np.array([gallery], dtype=np.int64), weights[:1]
        parts = [small_gallery(searches, fitted, rng) for _ in range(HIDDEN_DRAWS)]
        found = [_tail_rates(part, once, size, fpir) for part in parts]
        rates = np.array([rate[0, 0] for rate in found if rate is not None])
        if rates.size:
            hidden = hidden_gallery(fitted, gallery, rates, observed.value)
    return (ModelForecast(EXTREME_VALUE, estimates, hidden),)


def _fitted_size(gallery: int) -> int:
    """Size of the small galleries that models are tested on; 0 where the data are too small."""
    fitted = gallery // 4 if gallery // 4 >= SMALLEST_FITTED else gallery // 2
    return fitted if fitted >= SMALLEST_FITTED else 0


def _tail_rates(
    searches: Searches, weights: FloatArray, sizes: IntArray, fpir: float
) -> FloatArray | None:
    """(repetitions, sizes) success by the extreme value model; None where no tail can be fitted."""
    tail = tail_data(searches)
    if tail is None:
        return None
    rows = []
    for row, counts in zip(weights, weighted_counts(searches, weights), strict=True):
        law = fit_pareto(tail, row, counts.pair_weight)
        if law is None:
            continue
        chance = stranger_chance(tail, law, searches.mate)
        first = survive(chance, np.asarray(sizes, dtype=np.float64) - 1.0)
        limits = [_threshold(tail, law, counts.probe_weight, int(n), fpir) for n in sizes]
        passed = searches.mate[None, :] >= np.array(limits)[:, None]
        rows.append((first * passed) @ counts.probe_weight)
    return np.array(rows) if rows else None


def _threshold(
    tail: TailData, law: Pareto, probe_weight: FloatArray, size: int, fpir: float
) -> float:
    """Score that one of ``size`` strangers reaches with probability ``fpir``, over all probes."""

    def alarm(score: float) -> float:
        chance = stranger_chance(tail, law, np.full(tail.centre.size, score))
        return 1.0 - float(survive(chance, np.array([float(size)]))[0] @ probe_weight)

    low, step = float(tail.centre.min()), float(tail.spread.max())
    high = float(tail.centre.max()) + tail.threshold * step
    while alarm(high) > fpir:
        low, high, step = high, high + step, 2.0 * step
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if alarm(middle) > fpir else (low, middle)
    return high


def _log_linear(
    scores: PairScores,
    searches: Searches,
    weights: FloatArray,
    sizes: IntArray,
    fpir: float,
    top: float,
    truth: tuple[int, Estimate | None],
) -> tuple[ModelForecast, ...]:
    """Thresholds stay those of the whole data in the bootstrap; only people are weighted."""
    gallery, observed = truth
    if observed is None:
        return ()
    known = curve_sizes(gallery)
    shares = np.stack([searches.probe_weights(row) for row in weights])
    curves = shares @ np.stack([_success(scores, int(size), fpir) for size in known]).T
    drawn = np.array([log_linear_rates(known, curve, sizes) for curve in curves])
    drawn = np.clip(drawn, 0.0, 1.0)
    estimates = percentile_estimates(drawn[0], drawn[1:], top, sizes, searches.people)
    fitted, hidden = _fitted_size(gallery), None
    part = known <= fitted
    if np.count_nonzero(part) > 1:
        size = np.array([gallery], dtype=np.int64)
        rate = np.clip(log_linear_rates(known[part], curves[0, part], size), 0.0, 1.0)
        hidden = hidden_gallery(fitted, gallery, rate, observed.value)
    return (ModelForecast(LOG_LINEAR, estimates, hidden),)


def _success(scores: PairScores, size: int, fpir: float) -> FloatArray:
    """(probes,) probability that each probe's mate is first and passes, in galleries of a size."""
    rates, ranks = fnir_at_fpir(scores, fpir, size), mate_ranks(scores)
    searches = searches_of(scores)
    if rates is None:
        return np.zeros(ranks.probe.size)
    return np.where(searches.mate >= rates.threshold, first_among(ranks, size), 0.0)
