"""What the scores of one measure mean for the people behind them, from every side.

``assess`` puts the open set, linkability, singling out, the risk of single people, controls,
forecasts and named attackers together; each has a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headrisk.linkage.pairs import finite_scores
from headrisk.settings import Settings
from headrisk.statistics.attackers import Attacker, AttackOutcome, evaluate_attackers
from headrisk.statistics.baselines import ArmComparison, compare_arm
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import FORECAST_SIZES, Forecast
from headrisk.statistics.forecast.searches import REPETITIONS
from headrisk.statistics.intervals import FEWEST_PEOPLE, few_errors
from headrisk.statistics.openset import OpenSet, open_set
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.risk import (
    PersonRisk,
    SinglingOut,
    linkability,
    person_risk,
    singling_out,
    without_people,
)
from headrisk.types import BoolArray, Estimate, PairScores

LARGEST_SINGLED = 100
NARROWER = 5
EXPOSED_SHARE = 0.1
CURVE = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True)
class SizedRate:
    """Share of people linked at rank 1 in random galleries of ``size`` people."""

    size: int
    rate: Estimate


@dataclass(frozen=True)
class Exposure:
    """How the risk is spread over people.

    ``mean`` and ``highest`` are of each person's probability to be linked at rank 1 among
    ``gallery`` people, ``share_above`` the share of people above ``level``, where one was chosen.
    ``without`` is the rank-1 rate once the ``left_out`` most exposed people are taken out of
    probes and gallery; None where too few would be left.
    """

    gallery: int
    mean: Estimate | None
    highest: float
    level: float | None
    share_above: Estimate | None
    left_out: int
    without: Estimate | None


@dataclass(frozen=True)
class Arm:
    """A control arm: people who share something, such as a scanner or a family.

    ``comparison`` is None where no two scans are known to share it, or fewer than five people do.
    """

    name: str
    comparison: ArmComparison | None
    reason: Literal["", "not known", "few people"] = ""


@dataclass(frozen=True)
class Assessment:
    """Every figure about people that a report shows of its headline measure.

    ``few_errors`` flags a rank-1 rate with fewer than 30 people linked, or not linked.
    ``smallest_risk`` is the smallest share of linkable people that a sample of this size would
    have shown (rule of three). ``singling_out`` holds a rule that fires on 1 in N, and a narrower
    one where the data have enough people. ``forecast`` is of the rank-1 rate.
    """

    measure: str
    people: int
    gallery: int
    smallest_risk: float | None
    few_errors: bool
    linkability: tuple[SizedRate, ...]
    open_set: OpenSet
    singling_out: tuple[SinglingOut, ...]
    exposure: Exposure
    arms: tuple[Arm, ...]
    forecast: Forecast
    attackers: tuple[AttackOutcome, ...]


def assess(
    scores: PairScores,
    smallest_risk: float | None,
    attackers: Sequence[Attacker],
    *,
    settings: Settings,
    rng: np.random.Generator,
    shared: Mapping[str, BoolArray] | None = None,
) -> tuple[Assessment, PersonRisk] | None:
    """Assess one measure.

    Parameters
    ----------
    scores
        Similarities with their people.
    smallest_risk
        Of the sample's verdict.
    attackers
        Those whose knowledge fits the scores.
    settings
        ``risk_line``, ``membership_prior`` and ``bootstrap`` are used.
    rng
        Source of random splits and bootstraps.
    shared
        By name, (probes, gallery) where the two people share a scanner, a site, a family.

    Returns
    -------
    Assessment and PersonRisk, or None
        The second is for the internal report only. None where nobody has a mate in a gallery of
        at least two people.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    scores = finite_scores(scores)
    ranks = mate_ranks(scores)
    gallery = int(ranks.gallery.min()) if ranks.gallery.size else 0
    exposed = person_risk(scores, level=settings.risk_line)
    if exposed is None or exposed.mean is None or gallery < 2:
        return None
    for_singling, for_forecast, for_attackers = rng.spawn(3)
    repetitions = min(REPETITIONS, settings.bootstrap // 10)
    closed = [a.gallery_size for a in attackers if a.false_match_budget is None]
    forecast = forecast_rank1(
        scores, for_forecast, sizes=(*FORECAST_SIZES, *closed), repetitions=repetitions
    )
    people, rate = exposed.people.size, exposed.mean.value
    return Assessment(
        measure=scores.measure,
        people=int(people),
        gallery=gallery,
        smallest_risk=smallest_risk,
        few_errors=few_errors(rate * people, people),
        linkability=_curve(scores, gallery),
        open_set=open_set(scores, settings.membership_prior),
        singling_out=_singled(scores, gallery, for_singling),
        exposure=_exposure(scores, exposed, gallery),
        arms=tuple(_arm(scores, name, pairs) for name, pairs in (shared or {}).items()),
        forecast=forecast,
        attackers=evaluate_attackers(
            scores, attackers, for_attackers, rank1=forecast, repetitions=repetitions
        ),
    ), exposed


def _curve(scores: PairScores, gallery: int) -> tuple[SizedRate, ...]:
    sizes = sorted({size for size in CURVE if size < gallery} | {gallery})
    found = linkability(scores, sizes)
    return tuple(SizedRate(size, rate) for size, rate in found.items() if rate is not None)


def _singled(scores: PairScores, gallery: int, rng: np.random.Generator) -> tuple[SinglingOut, ...]:
    """A wide rule, 1 in N, whose baseline is 37 %, and a narrow one in fewer records.

    Even a perfect attack stays near the baseline with the wide rule, since a stranger often fires
    too; the narrow rule leaves room to be better than luck.
    """
    half = (gallery - 1) // 2
    wide = max(2, min(half, LARGEST_SINGLED))
    found = [singling_out(scores, wide, rng)]
    narrow = min(half // NARROWER, LARGEST_SINGLED)
    if narrow >= 2:
        weight = 1.0 / (NARROWER * narrow)
        found.append(singling_out(scores, narrow, rng, weight=weight))
    return tuple(found)


def _exposure(scores: PairScores, exposed: PersonRisk, gallery: int) -> Exposure:
    """At least five people are left out, so that the difference is no figure of a single one."""
    people = exposed.people.size
    left_out = max(FEWEST_PEOPLE, int(np.ceil(EXPOSED_SHARE * people)))
    without = None
    if people - left_out >= FEWEST_PEOPLE:
        rest = person_risk(without_people(scores, exposed.people[:left_out]))
        without = None if rest is None else rest.mean
    return Exposure(
        gallery=gallery,
        mean=exposed.mean,
        highest=exposed.highest,
        level=exposed.level,
        share_above=exposed.share_above,
        left_out=left_out if without is not None else 0,
        without=without,
    )


def _arm(scores: PairScores, name: str, shared: BoolArray) -> Arm:
    if not shared.any():
        return Arm(name, None, "not known")
    found = compare_arm(scores, shared)
    if found.people < FEWEST_PEOPLE:
        return Arm(name, None, "few people")
    return Arm(name, found)
