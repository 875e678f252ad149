"""How often an attacker would name a person of the data set rightly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headrisk.evaluate.attackers import Attacker
from headrisk.evaluate.forecast.openset import forecast_open_set
from headrisk.evaluate.forecast.rank1 import forecast_rank1
from headrisk.evaluate.forecast.records import Forecast
from headrisk.evaluate.forecast.resample import REPETITIONS
from headrisk.evaluate.openset import fnir_at_fpir, precision_at_prior
from headrisk.evaluate.risk import linkability
from headrisk.linkage.pairs import finite_scores
from headrisk.types import Estimate, PairScores


@dataclass(frozen=True)
class AttackOutcome:
    """Expected success of one attacker against a person drawn from the data set.

    ``success`` is the probability that the person is in the gallery, comes first and passes the
    threshold; its value for a forecast is the highest of the models, its interval the whole range.
    ``precision`` is the share of returned names that are right, where it was measured.
    ``measured`` is False for a forecast, ``beyond`` True for one to more than 100 times the people
    measured, and ``bound_only`` True where nothing but a bound can be given. ``success`` is None
    where no figure can be given; ``sentence`` says why, or how it came about.
    """

    attacker: Attacker
    success: Estimate | None
    precision: float | None
    measured: bool
    beyond: bool
    bound_only: bool
    sentence: str


def evaluate_attacker(
    scores: PairScores,
    attacker: Attacker,
    rng: np.random.Generator,
    *,
    repetitions: int = REPETITIONS,
) -> AttackOutcome:
    """Expected success of an attacker, measured where the data reach, forecast beyond.

    An attacker without a false-match budget names the best match of every search; one with a
    budget only matches above the threshold that keeps to it.

    Parameters
    ----------
    scores
        Similarities of the material that the attacker holds with the data set.
    rng
        Source of the forecast's bootstrap; not used for a measured figure.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    scores = finite_scores(scores)
    size, budget = attacker.gallery_size, attacker.false_match_budget
    if budget is None:
        found = linkability(scores, [size])[size]
        precision = None if found is None else attacker.prior * found.value
        forecast = (
            None if found else forecast_rank1(scores, rng, sizes=(size,), repetitions=repetitions)
        )
    else:
        rates = fnir_at_fpir(scores, budget, size)
        found = None if rates is None or rates.fnir is None else _hits(rates.fnir)
        precision = None if rates is None else precision_at_prior(rates, attacker.prior)
        forecast = (
            None
            if found
            else forecast_open_set(scores, rng, fpir=budget, sizes=(size,), repetitions=repetitions)
        )
    if forecast is None:
        sentence = f"Measured in galleries of {size} people drawn from the data."
        success = None if found is None else _times(found, attacker.prior)
        return AttackOutcome(attacker, success, precision, True, False, False, sentence)
    return _forecast_outcome(attacker, forecast)


def _forecast_outcome(attacker: Attacker, forecast: Forecast) -> AttackOutcome:
    if not forecast.points:
        sentence = forecast.sentence
        if attacker.gallery_size <= forecast.gallery:
            sentence = (
                f"No figure: a false-match budget of {attacker.false_match_budget:g} "
                f"cannot be tested with {forecast.people} people."
            )
        return AttackOutcome(attacker, None, None, False, False, False, sentence)
    point = forecast.points[0]
    success = Estimate(point.most, point.low, point.high, forecast.people, "range over models")
    return AttackOutcome(
        attacker,
        _times(success, attacker.prior),
        None,
        False,
        point.beyond,
        forecast.bound_only,
        forecast.sentence,
    )


def _hits(missed: Estimate) -> Estimate:
    return replace(missed, value=1.0 - missed.value, low=1.0 - missed.high, high=1.0 - missed.low)


def _times(share: Estimate, prior: float) -> Estimate:
    return replace(share, value=prior * share.value, low=prior * share.low, high=prior * share.high)
