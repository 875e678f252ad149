"""Forecast of open-set success: the mate comes first and passes a threshold that keeps false
alarms within a budget, in galleries of up to ten million people.

Both the threshold and the chance of being beaten come from the fitted tails; models that failed on
hidden galleries at rank 1 are dropped here too. Where the scores have no tail, a line in log N
through the rates measured in smaller galleries stands in, if the data have enough people to set
the threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from headrisk.errors import UsageError
from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.forecast.models import (
    LOG_LINEAR,
    FittedTail,
    curve_sizes,
    log_linear_rates,
    sizes_between,
    tail_models,
)
from headrisk.statistics.forecast.rank1 import assemble, hidden_galleries
from headrisk.statistics.forecast.records import (
    FORECAST_SIZES,
    Forecast,
    ModelForecast,
    points_of,
    refused,
    too_few,
)
from headrisk.statistics.forecast.searches import (
    REPETITIONS,
    Searches,
    dirichlet_weights,
    searches_of,
)
from headrisk.statistics.forecast.tail import nobody_above, stranger_chance
from headrisk.statistics.openset import fnir_at_fpir, largest_open_gallery
from headrisk.statistics.rates import first_among, mate_ranks
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate, FloatArray, IntArray, PairScores


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
    forecasts are capped by the upper limit of the rank-1 rate.
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
    wanted = tuple(sorted({int(size) for size in sizes if size > gallery}))
    if too_few(people, gallery):
        return refused(observed, people, gallery, "few people", fpir)
    if not wanted:
        return refused(observed, people, gallery, "within the data", fpir)
    if observed is not None and observed.value >= 1.0:
        return _bound(observed, gallery, wanted, fpir)
    rank1 = linkability(scores, [gallery])[gallery]
    grid = sizes_between(gallery, wanted)
    weights = dirichlet_weights(searches.persons, repetitions, for_people)
    weights = np.concatenate([np.ones((1, searches.persons)), weights])
    fitted = tail_models(searches, weights)
    drawn = {name: open_rates(searches, one, grid, fpir) for name, one in fitted.items()}
    if not drawn and observed is not None:
        drawn = {LOG_LINEAR: _log_linear(scores, searches, weights, grid, fpir, gallery)}
    if not drawn:
        return refused(observed, people, gallery, "short tail", fpir)
    hidden = hidden_galleries(searches, 0.0 if rank1 is None else rank1.value, for_hidden)
    return assemble(
        drawn,
        {name: one for name, one in hidden.items() if name in fitted},
        wanted,
        grid,
        np.zeros(grid.size),
        observed=observed,
        top=1.0 if rank1 is None else rank1.high,
        people=people,
        gallery=gallery,
        budget=fpir,
    )


def _measured(scores: PairScores, fpir: float, gallery: int) -> Estimate | None:
    rates = fnir_at_fpir(scores, fpir, gallery) if gallery else None
    if rates is None or rates.fnir is None:
        return None
    miss = rates.fnir
    return Estimate(1.0 - miss.value, 1.0 - miss.high, 1.0 - miss.low, miss.n, miss.method)


def _bound(observed: Estimate, gallery: int, sizes: tuple[int, ...], fpir: float) -> Forecast:
    everything = tuple(Estimate(1.0, 0.0, 1.0, observed.n, "no model") for _ in sizes)
    ranges = dict(zip(sizes, everything, strict=True))
    models = (ModelForecast("bound", everything, None),)
    points = points_of(models, ranges, sizes, gallery, (0.0,) * len(sizes), sizes[-1])
    return Forecast(observed, observed.n, gallery, (), points, True, True, budget=fpir)


def _log_linear(
    scores: PairScores,
    searches: Searches,
    weights: FloatArray,
    sizes: IntArray,
    fpir: float,
    gallery: int,
) -> FloatArray:
    """Thresholds stay those of the whole data in the bootstrap; only people are weighted."""
    known = curve_sizes(gallery)
    shares = np.stack([searches.probe_weights(row) for row in weights])
    curves = shares @ np.stack([_success(scores, int(n), fpir) for n in known]).T
    drawn = [log_linear_rates(known, curve, sizes) for curve in curves]
    return np.clip(np.array(drawn), 0.0, 1.0)


def _success(scores: PairScores, size: int, fpir: float) -> FloatArray:
    """(probes,) probability that each probe's mate is first and passes, in galleries of a size."""
    rates, ranks = fnir_at_fpir(scores, fpir, size), mate_ranks(scores)
    searches = searches_of(scores)
    if rates is None:
        return np.zeros(ranks.probe.size)
    return np.where(searches.mate >= rates.threshold, first_among(ranks, size), 0.0)


_BISECTIONS = 40


def open_rates(searches: Searches, model: FittedTail, sizes: IntArray, fpir: float) -> FloatArray:
    """(repetitions, sizes) share of people whose mate is first and passes the threshold."""
    chance = stranger_chance(model.tail, model.fit, searches.mate)
    columns = []
    for size in sizes:
        limit = threshold(model, float(size), fpir)
        first = nobody_above(model.fit, chance, float(size) - 1.0)
        passed = searches.mate[None, :] >= limit[:, None]
        columns.append(np.einsum("bi,bi->b", model.probe_weights, first * passed))
    rates = np.clip(model.kept[:, None] * np.stack(columns, axis=1), 0.0, 1.0)
    return np.asarray(rates, dtype=np.float64)


def threshold(model: FittedTail, size: float, fpir: float) -> FloatArray:
    """(repetitions,) score that one of ``size`` strangers reaches with probability ``fpir``."""
    tail, fit = model.tail, model.fit

    def alarm(score: FloatArray) -> FloatArray:
        everywhere = np.broadcast_to(score[:, None], (score.size, tail.searches))
        none = nobody_above(fit, stranger_chance(tail, fit, everywhere), size)
        return np.asarray(1.0 - np.einsum("bi,bi->b", model.probe_weights, none), np.float64)

    number = fit.shape.size
    low = np.full(number, float(tail.centre.min()))
    step = np.full(number, float(tail.spread.max()))
    high = np.full(number, float(tail.centre.max()) + tail.threshold * float(tail.spread.max()))
    for _ in range(_BISECTIONS):
        over = alarm(high) > fpir
        if not over.any():
            break
        low, high = np.where(over, high, low), np.where(over, high + step, high)
        step = np.where(over, 2.0 * step, step)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        over = alarm(middle) > fpir
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high
