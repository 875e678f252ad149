"""How often an attacker would name a person of the data set rightly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.attackers import Attacker
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import Forecast, ForecastPoint, Reason
from headrisk.statistics.forecast.resample import REPETITIONS
from headrisk.statistics.openset import fnir_at_fpir, precision_at_prior
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate, PairScores


@dataclass(frozen=True)
class AttackOutcome:
    """Expected success of one attacker against a person drawn from the data set.

    ``success`` is the probability that the person is in the gallery, comes first and passes the
    threshold; its value and interval for a forecast are those of the mixture of models.
    ``precision`` is the share of returned names that are right, where it was measured.
    ``measured`` is False for a forecast, ``beyond`` True for one to more than 100 times the people
    measured, and ``bound_only`` True where nothing but a bound can be given. ``success`` is None
    where no figure can be given. What is not measured rests on ``people`` searched for in a
    ``gallery``; ``reason`` is that of the forecast, or "budget" where so few people cannot test
    the attacker's false-match budget.
    """

    attacker: Attacker
    success: Estimate | None
    precision: float | None
    measured: bool
    beyond: bool
    bound_only: bool
    people: int = 0
    gallery: int = 0
    reason: Reason | Literal["budget"] = ""


def evaluate_attackers(
    scores: PairScores,
    attackers: Sequence[Attacker],
    rng: np.random.Generator,
    *,
    rank1: Forecast | None = None,
    repetitions: int = REPETITIONS,
) -> tuple[AttackOutcome, ...]:
    """Expected success of each attacker, measured where the data reach, forecast beyond.

    An attacker without a false-match budget names the best match of every search; one with a
    budget only matches above the threshold that keeps to it. Attackers with one budget share one
    forecast. Where no forecast can be made, the upper limit of the rank-1 rate in the gallery at
    hand is a bound, since a larger gallery is never easier.

    Parameters
    ----------
    scores
        Similarities of the material that the attackers hold with the data set.
    rng
        Source of the forecasts' bootstrap; not used for measured figures.
    rank1
        Rank-1 forecast of the same scores, where there is one: it serves the attackers without a
        budget whose gallery sizes it holds.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    scores = finite_scores(scores)
    measured = {one: _measured(scores, one) for one in attackers}
    missing = [one for one in attackers if measured[one] is None]
    forecasts: dict[float | None, Forecast] = {} if rank1 is None else {None: rank1}
    budgets = [
        b for b in dict.fromkeys(a.false_match_budget for a in missing) if b not in forecasts
    ]
    for budget, child in zip(budgets, rng.spawn(len(budgets)), strict=True):
        sizes = [one.gallery_size for one in missing if one.false_match_budget == budget]
        forecasts[budget] = (
            forecast_rank1(scores, child, sizes=sizes, repetitions=repetitions)
            if budget is None
            else forecast_open_set(scores, child, fpir=budget, sizes=sizes, repetitions=repetitions)
        )
    ceiling = _highest_rank1(scores)
    return tuple(
        measured[one] or _outcome(one, forecasts[one.false_match_budget], ceiling)
        for one in attackers
    )


def _measured(scores: PairScores, attacker: Attacker) -> AttackOutcome | None:
    """The outcome in galleries drawn from the data, None where they do not reach."""
    size, budget = attacker.gallery_size, attacker.false_match_budget
    if budget is None:
        found = linkability(scores, [size])[size]
        precision = None if found is None else attacker.prior * found.value
    else:
        rates = fnir_at_fpir(scores, budget, size)
        found = None if rates is None or rates.fnir is None else _hits(rates.fnir)
        precision = None if rates is None else precision_at_prior(rates, attacker.prior)
    if found is None:
        return None
    success = _times(found, attacker.prior)
    return AttackOutcome(attacker, success, precision, True, False, False)


def _highest_rank1(scores: PairScores) -> Estimate | None:
    """Rank-1 rate in the smallest gallery any probe met: its upper end bounds larger ones."""
    ranks = mate_ranks(scores)
    most = int(ranks.gallery.min()) if ranks.gallery.size else 0
    return linkability(scores, [most])[most] if most > 1 else None


def _outcome(attacker: Attacker, forecast: Forecast, ceiling: Estimate | None) -> AttackOutcome:
    point = next((p for p in forecast.points if p.size == attacker.gallery_size), None)
    if point is None:
        return _bounded(attacker, forecast, ceiling)
    if not point.said:
        return _beyond_reach(attacker, forecast, point)
    value = point.most if point.value is None else point.value
    success = Estimate(value, point.low, point.high, forecast.people, "range over models")
    return AttackOutcome(
        attacker,
        _times(success, attacker.prior),
        None,
        False,
        point.beyond,
        forecast.bound_only,
        forecast.people,
        forecast.gallery,
        forecast.reason,
    )


def _beyond_reach(attacker: Attacker, forecast: Forecast, point: ForecastPoint) -> AttackOutcome:
    """Past the reach of the forecast: no more than at its end."""
    most = Estimate(point.high, point.floor, point.high, forecast.people, "end of the forecast")
    return AttackOutcome(
        attacker,
        _times(most, attacker.prior),
        None,
        False,
        True,
        True,
        forecast.people,
        forecast.gallery,
        forecast.reason,
    )


def _bounded(attacker: Attacker, forecast: Forecast, ceiling: Estimate | None) -> AttackOutcome:
    """No forecast: an attacker with a larger gallery finds no more than were found here."""
    rests = (forecast.people, forecast.gallery)
    reason = forecast.reason if attacker.gallery_size > forecast.gallery else "budget"
    if ceiling is None or attacker.gallery_size < forecast.gallery:
        return AttackOutcome(attacker, None, None, False, False, False, *rests, reason)
    most = Estimate(ceiling.high, 0.0, ceiling.high, ceiling.n, "rank-1 rate of a smaller gallery")
    success = _times(most, attacker.prior)
    return AttackOutcome(attacker, success, None, False, False, True, *rests, reason)


def _hits(missed: Estimate) -> Estimate:
    return replace(missed, value=1.0 - missed.value, low=1.0 - missed.high, high=1.0 - missed.low)


def _times(share: Estimate, prior: float) -> Estimate:
    return replace(share, value=prior * share.value, low=prior * share.low, high=prior * share.high)
