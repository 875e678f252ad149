"""Named attackers: what each knows and holds, and how often he or she would name a person.

The three named ones are stated assumptions, not findings; a release committee may replace them by
its own in TOML. Their figures are round numbers to think with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from headrisk.errors import UsageError
from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import Forecast, ForecastPoint, Reason
from headrisk.statistics.forecast.searches import REPETITIONS
from headrisk.statistics.openset import fnir_at_fpir, precision_at_prior
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate, PairScores

Knowledge = Literal["scans", "photos", "tables", "metadata", "membership"]
COMPARABLE: tuple[Knowledge, ...] = ("scans", "photos", "tables")


@dataclass(frozen=True)
class Attacker:
    """An attacker who searches his or her own gallery with a person of the data set.

    Attributes
    ----------
    name, title
        Short name for settings, and name in plain words for the report.
    knowledge
        What the attacker holds of named people: "scans", "photos" or "tables" (at least one of
        them, as something must be compared), "metadata" such as age and sex, and "membership" if
        it is known that the person sought is in the gallery.
    gallery_size
        Named people in the gallery.
    prior
        Probability that the person sought is in the gallery; 1 with "membership" only.
    false_match_budget
        Largest accepted share of searches for absent people that return somebody (FPIR). None is
        an attacker who always takes the best match.

    Raises
    ------
    UsageError
        A value is out of range, or values contradict one another.
    """

    name: str
    title: str
    knowledge: tuple[Knowledge, ...]
    gallery_size: int
    prior: float
    false_match_budget: float | None = None

    def __post_init__(self) -> None:
        budget = self.false_match_budget
        known = set(get_args(Knowledge))
        self._require("name", self.name, bool(self.name.strip()), "some text")
        self._require("title", self.title, bool(self.title.strip()), "some text")
        self._require(
            "knowledge", self.knowledge, set(self.knowledge) <= known, ", ".join(sorted(known))
        )
        self._require("gallery_size", self.gallery_size, self.gallery_size >= 2, "2 or more")
        self._require("prior", self.prior, 0 < self.prior <= 1, "above 0 and at most 1")
        self._require(
            "false_match_budget",
            budget,
            budget is None or 0 < budget < 1,
            "between 0 and 1, or no such line",
        )
        self._check_contradictions()

    def _check_contradictions(self) -> None:
        member, budget = "membership" in self.knowledge, self.false_match_budget
        if not set(self.knowledge) & set(COMPARABLE):
            raise self._contradiction(
                f"a gallery of {self.gallery_size} people without scans, photos or tables",
                "something to compare the data with",
                'Add "scans", "photos" or "tables" to knowledge.',
            )
        if member and self.prior < 1:
            raise self._contradiction(
                f"knowledge of membership with a prior of {self.prior:g}",
                "a prior of 1, as the person is known to be in the gallery",
                'Set prior = 1, or leave "membership" out.',
            )
        if not member and self.prior == 1:
            raise self._contradiction(
                "a prior of 1 without knowledge of membership",
                "membership to be known where it is certain",
                'Add "membership" to knowledge, or lower the prior.',
            )
        if member and budget is not None:
            raise self._contradiction(
                f"a false-match budget of {budget:g} where nobody sought is absent",
                "no budget, as an absent person is never searched for",
                'Remove false_match_budget, or leave "membership" out.',
            )

    def _require(self, field: str, value: object, holds: bool, expected: str) -> None:
        if not holds:
            raise UsageError(
                f"attacker {self.name!r}",
                found=f"{field} = {value!r}",
                expected=expected,
                remedy="Correct the value.",
            )

    def _contradiction(self, found: str, expected: str, remedy: str) -> UsageError:
        return UsageError(f"attacker {self.name!r}", found=found, expected=expected, remedy=remedy)


VETTED_RESEARCHER = Attacker(
    name="vetted-researcher",
    title="a vetted researcher who holds another research data set with names",
    knowledge=("scans", "tables", "metadata"),
    gallery_size=1_000,
    prior=0.1,
    false_match_budget=0.01,
)
PUBLIC_INTERNET_USER = Attacker(
    name="public-internet-user",
    title="a member of the public who searches photographs on the internet",
    knowledge=("photos",),
    gallery_size=1_000_000,
    prior=0.1,
    false_match_budget=0.1,
)
CLINICAL_INSIDER = Attacker(
    name="clinical-insider",
    title="an insider who holds the clinical archive that the people come from",
    knowledge=("scans", "tables", "metadata", "membership"),
    gallery_size=100_000,
    prior=1.0,
)
NAMED_ATTACKERS = (VETTED_RESEARCHER, PUBLIC_INTERNET_USER, CLINICAL_INSIDER)


def parse_attackers(text: str, source: str) -> tuple[Attacker, ...]:
    """Read attackers from TOML text: a table ``[attackers.NAME]`` for each.

    A table with the name of a named attacker changes the given fields of that one and keeps the
    others; any other table must give ``title``, ``knowledge``, ``gallery_size`` and ``prior``.

    Parameters
    ----------
    text
        The TOML text.
    source
        Where it comes from, for messages.

    Raises
    ------
    UsageError
        The text is no TOML, or a table has an unknown, missing, wrong or contradictory value.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(source, found=str(error), expected="TOML") from error
    attackers = tables.get("attackers")
    if set(tables) != {"attackers"} or not isinstance(attackers, dict) or not attackers:
        raise UsageError(
            source,
            found=f"tables {', '.join(sorted(tables)) or 'none'}",
            expected="a table [attackers.NAME] for each attacker and nothing else",
        )
    return tuple(_from_table(name, table, source) for name, table in attackers.items())


def _from_table(name: str, table: Any, source: str) -> Attacker:
    subject = f"{source}, attackers.{name}"
    if not isinstance(table, dict):
        raise UsageError(subject, found=repr(table), expected="a table")
    allowed = {field.name for field in fields(Attacker)} - {"name"}
    unknown = sorted(set(table) - allowed)
    if unknown:
        raise UsageError(
            subject,
            found=f"unknown entry {unknown[0]!r}",
            expected=f"one of {', '.join(sorted(allowed))}",
            remedy="Correct the name or remove the line.",
        )
    values = {key: _checked(subject, key, value) for key, value in table.items()}
    for attacker in NAMED_ATTACKERS:
        if attacker.name == name:
            return replace(attacker, **values)
    missing = sorted(allowed - {"false_match_budget"} - set(values))
    if missing:
        raise UsageError(
            subject,
            found=f"no {missing[0]}",
            expected="title, knowledge, gallery_size and prior",
            remedy="Add the missing line.",
        )
    return Attacker(name=name, **values)


def _checked(subject: str, key: str, value: Any) -> Any:
    """The value in the type of its field."""
    expected = {
        "title": "a text",
        "knowledge": "a list of texts",
        "gallery_size": "a whole number",
    }.get(key, "a number")
    right = {
        "a text": isinstance(value, str),
        "a list of texts": isinstance(value, list) and all(isinstance(v, str) for v in value),
        "a whole number": type(value) is int,
        "a number": type(value) in (int, float),
    }[expected]
    if not right:
        raise UsageError(
            subject, found=f"{key} = {value!r}", expected=expected, remedy="Correct the value."
        )
    return tuple(value) if isinstance(value, list) else value


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
