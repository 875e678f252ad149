"""Sentences about what the scores mean for people: one for each figure of an assessment."""

from __future__ import annotations

from collections.abc import Sequence

from headrisk.findings.coarse import interval
from headrisk.findings.records import ModalitySection
from headrisk.report.words.phrases import (
    counted,
    frequency_range,
    listed,
    people,
    percent,
    percentage,
    rate,
)
from headrisk.statistics.assessment import Assessment, Exposure
from headrisk.statistics.attackers import Attacker, AttackOutcome
from headrisk.statistics.forecast.records import (
    FEWEST_PEOPLE,
    LARGE_ERROR,
    Forecast,
    ForecastPoint,
)
from headrisk.statistics.intervals import FEW_ERRORS
from headrisk.statistics.intervals import FEWEST_PEOPLE as FEWEST_IN_ARM
from headrisk.statistics.openset import OpenSet
from headrisk.statistics.risk import SinglingOut

HELD = {
    "scans": "other scans",
    "photos": "photographs",
    "tables": "tables of regional measurements",
    "metadata": "facts such as age and sex",
    "membership": "the knowledge that the person is in the data",
}

NEARLY_ALL = (
    "All or nearly all people were linked, so the data do not show how fast the rate falls: it may "
    "stay at 100 %."
)


def of_attacker(outcome: AttackOutcome) -> str:
    """``Of 1,000 people sought, about 7 would be correctly identified (plausibly 4 to 12)``."""
    found = outcome.success
    if found is None:
        return _no_figure(outcome)
    low, middle, high, base = frequency_range(found)
    sought = f"Of {base:,} people whom this attacker looks for"
    everybody = high == f"{base:,}"
    if outcome.bound_only:
        if everybody:
            return (
                "All whom this attacker looks for may be correctly identified: no limit is known."
            )
        return f"{sought}, at most {high} would be correctly identified: a bound, not an estimate."
    if outcome.measured:
        return (
            f"{sought}, about {middle} would be correctly identified (plausibly {low} to {high})."
        )
    far = " Far beyond the data: hardly more than a guess." if outcome.beyond else ""
    most = "all may" if everybody else f"up to {high} would"
    return (
        f"{sought}, {most} be correctly identified (forecast, models and sampling: "
        f"{low} to {high}).{far}"
    )


def how_found(outcome: AttackOutcome) -> tuple[str, ...]:
    """How an attacker's figure came about, or why there is none, in sentences."""
    size, budget = outcome.attacker.gallery_size, outcome.attacker.false_match_budget
    if outcome.measured:
        return (f"Measured in galleries of {people(size)} drawn from the data.",)
    if outcome.success is None:
        return (_no_figure(outcome),)
    if outcome.reason == "nearly all linked":
        return (NEARLY_ALL,)
    if outcome.reason == "few people":  # as told of the forecast for everybody
        return (_AT_HAND,)
    if outcome.reason in ("within the data", "short tail"):
        return (_no_forecast(outcome.reason, outcome.people, outcome.gallery), _AT_HAND)
    if outcome.reason == "budget":
        return (f"{_cannot_test(budget or 0.0, outcome.people)}.", _AT_HAND)
    rests = f"from {people(outcome.people)} in a gallery of {outcome.gallery:,}"
    if outcome.bound_only and outcome.reason != "cannot be said beyond":
        return (f"All were found, {rests}, so the data do not show how fast the rate falls.",)
    untested: tuple[str, ...] = ()
    if budget is not None and outcome.people * budget < 1 - 1e-9:
        untested = (_untested(budget, outcome.people),)
    if outcome.bound_only:
        return (
            "The forecast ends before a gallery as large as the attacker's.",
            _AT_HAND,
            *untested,
        )
    return (f"Forecast {rests}.", *untested)


def larger_range(point: ForecastPoint | None) -> str:
    """A forecast's range with sampling for one gallery size."""
    if point is None:
        return "–"
    return f"{percent(point.low, -1)} to {percent(point.high, 1)}"


def attacker_cell(outcome: AttackOutcome | None) -> str:
    """An attacker's figure by one attack, what it rests on, and how many names are right."""
    if outcome is None:
        return "–"
    found = outcome.success
    if found is None:
        return basis(outcome)
    prior = outcome.attacker.prior
    known = percent(min(found.high / prior, 1.0), 1)
    ahead = "" if outcome.measured or outcome.bound_only else " (forecast)"
    if prior < 1:
        text = percentage(found) if outcome.measured else f"up to {percent(found.high, 1)}"
        text += f"{ahead}, as {_odds(prior)} are assumed to be known; of these up to {known}"
    else:
        text = percentage(found) if outcome.measured else f"up to {known}{ahead}"
    right = outcome.precision
    return text if right is None else f"{text}; of the names {percent(right)} are right"


_AT_HAND = (
    "The figure is the most that the gallery at hand allows, for this attack alone; further "
    "knowledge may raise it."
)


def _untested(budget: float, searched: int) -> str:
    return f"{_cannot_test(budget, searched)}: the threshold itself is extrapolated."


def _cannot_test(budget: float, searched: int) -> str:
    return f"A false-match budget of {budget:g} cannot be tested with {people(searched)}"


def _no_figure(outcome: AttackOutcome) -> str:
    """Why an attacker has no figure."""
    budget = outcome.attacker.false_match_budget
    if outcome.reason == "budget" and budget is not None:
        return (
            f"No figure: a false-match budget of {budget:g} cannot be tested with "
            f"{people(outcome.people)}."
        )
    return f"No figure. {_no_forecast(outcome.reason, outcome.people, outcome.gallery)}"


def everybody(sections: Sequence[ModalitySection]) -> list[Attacker]:
    """The attackers of all modalities, each once."""
    found = (item.attacker for one in sections if one.risk for item in one.risk.attackers)
    return list(dict.fromkeys(found))


def describe(attacker: Attacker) -> str:
    """What an attacker holds and does, in a sentence."""
    held = [HELD[item] for item in attacker.knowledge if item != "membership"]
    known = (
        "knows that the person is among them"
        if "membership" in attacker.knowledge
        else f"finds the person among them in {_odds(attacker.prior)} cases"
    )
    budget = attacker.false_match_budget
    careful = (
        "always names the best match"
        if budget is None
        else f"puts up with a false-positive identification in {_odds(budget)} searches for people "
        "who are not there"
    )
    return (
        f"Holds {listed(held)} of {people(attacker.gallery_size)} with their names, {known}, "
        f"and {careful}."
    )


def _odds(share: float) -> str:
    """``1 of 10``, ``3 of 1,000``."""
    base = 10
    while share * base < 0.95 or abs(share * base - round(share * base)) > 0.02 * share * base:
        base *= 10
        if base > 10**7:
            return f"a share of {share:g} of"
    return f"{round(share * base):,} of {base:,}"


def basis(outcome: AttackOutcome) -> str:
    """What the figure rests on, in a word or two."""
    if outcome.success is None:
        return "no figure"
    if outcome.bound_only:
        return "bound"
    return "measured" if outcome.measured else "forecast"


def sample(risk: Assessment) -> str:
    """How much the sample could have shown, and whether the rate rests on few errors."""
    smallest = "" if risk.smallest_risk is None else percent(risk.smallest_risk, 1)
    said = []
    if smallest:
        said.append(
            f"{people(risk.people)} were searched for; the smallest risk that so many people could "
            f"have shown is {smallest} (rule of three)."
        )
    if risk.few_errors:
        hits = (risk.exposure.mean.value if risk.exposure.mean else 0.0) * risk.people
        few = "linked" if hits < FEW_ERRORS else "not linked"
        said.append(
            f"The rate rests on fewer than {FEW_ERRORS} people who were {few}, so another sample "
            "may well give another figure."
        )
    return " ".join(said)


def linkability(risk: Assessment) -> str:
    """How the rate falls with the gallery, within the data."""
    points = risk.linkability
    if len(points) > 3:
        points = (points[0], points[len(points) // 2], points[-1])
    if not points:
        return "Too little data."
    said = listed([f"{rate(point.rate)} among {point.size:,}" for point in points])
    return f"In random galleries the right person comes first for {said} people."


def above_luck(found: SinglingOut, start: str = "; ") -> str:
    """That singling out cannot be told from luck among so few, after ``start``; "" where it was."""
    rate = found.rate
    if rate is None:
        return ""
    low = rate.low if rate.most is None else interval(rate.most, rate.n)[0]
    return "" if low > found.baseline else f"{start}too few to tell from luck"


def singling_out(found: SinglingOut) -> str:
    """Whether a rule about a person fires on that person's record alone."""
    if found.rate is None:
        return (
            f"Singling out among {found.size} records: no figure, since this needs {found.needed} "
            f"other people in the gallery, the data have {found.others}."
        )
    one_in = round(1 / found.weight)
    return (
        f"A rule made from one scan of a person, set to fire on 1 of {one_in:,} other people, "
        f"fires on that person's record alone among {found.size} records in "
        f"{percentage(found.rate)} of cases. A rule that knows nothing of the person reaches "
        f"{percent(found.baseline)}."
    )


def open_set(found: OpenSet) -> list[str]:
    """What happens where the person sought may be absent."""
    said = []
    point = found.strictest
    if point is not None and point.fnir is not None and found.budget is not None:
        alarm = round(1 / found.budget)
        said.append(
            f"With at most 1 false-positive identification in {alarm:,} searches for people who "
            f"are not there (FPIR), {percentage(point.fnir)} of searches for people who are there "
            f"end in a missed identification (FNIR), in a gallery of "
            f"{people(point.size)}."
        )
        if point.precision is not None:
            said.append(
                f"If {percent(found.prior)} of the people sought are in the gallery, "
                f"{percent(point.precision)} of the names returned are right."
            )
    if found.target is None:
        said.append(
            f"The usual figure, missed identifications at 3 false-positive ones in 1,000 searches "
            f"(FNIR at FPIR 0.003), "
            f"needs {people(found.needed)}; {people(found.people)} could be searched for."
        )
    return said


def exposure(found: Exposure) -> list[str]:
    """How the risk is spread over people."""
    said = [
        f"The risk of a person to be linked at rank 1 among {people(found.gallery)} is "
        f"{percentage(found.mean)} on average and {percent(found.highest)} for the most exposed."
    ]
    if found.without is not None and found.mean is not None:
        gone = found.mean.value - found.without.value
        said.append(
            f"Without the {found.left_out} most exposed people the rate is "
            f"{percentage(found.without)}: "
            + (
                "the risk is not theirs alone, so leaving them out does little."
                if gone < 0.05
                else "much of the risk is theirs."
            )
        )
    if found.share_above is not None and found.level is not None:
        said.append(
            f"Above the chosen line of {found.level:g} are {percentage(found.share_above)} of "
            "people."
        )
    else:
        said.append("No line was chosen above which a person's risk counts as too high.")
    return said


def untested_arms(names: Sequence[str], reason: str) -> str:
    """Why people who share a site, a scanner or a family were not compared with others."""
    if reason == "not known":
        return f"Not tested, as the scan table names none that two scans share: {listed(names)}."
    return (
        f"Not tested, as fewer than {FEWEST_IN_ARM} people share one with somebody else here: "
        f"{listed(names)}."
    )


def headline_point(forecast: Forecast) -> ForecastPoint | None:
    """The largest gallery within 100 times the data, else the smallest that was asked for."""
    near = [point for point in forecast.points if not point.beyond]
    return near[-1] if near else forecast.points[0] if forecast.points else None


def forecast(found: Forecast) -> str:
    """Rank 1 in a large gallery; the upper end comes first."""
    point = headline_point(found)
    if point is None:
        return basis_of_forecast(found)
    if found.bound_only:
        return (
            f"Among {people(point.size)} the rate may still be 100 % and is at least "
            f"{percent(point.floor, -1)}. {basis_of_forecast(found)}"
        )
    if not point.said:
        return (
            f"Among {people(point.size)} no more than {percent(point.high, 1)} would be linked at "
            f"rank 1. {basis_of_forecast(found)}"
        )
    return (
        f"Among {people(point.size)} up to {percent(point.high, 1)} would be linked at rank 1; "
        f"models give {percent(point.least)} to {percent(point.most)}, with sampling "
        f"{percent(point.low, -1)} to {percent(point.high, 1)}. {basis_of_forecast(found)}"
    )


def basis_of_forecast(found: Forecast) -> str:
    """What a forecast rests on, or why there is none."""
    if not found.points:
        return _no_forecast(found.reason, found.people, found.gallery)
    if found.reason == "nearly all linked":
        return NEARLY_ALL
    if found.bound_only:
        return _bound(found)
    ends = "" if found.reach is None else _reach(found.reach, found.gallery)
    untested = ""
    if found.budget is not None and found.observed is None:
        untested = f" {_untested(found.budget, found.people)}"
    return f"{_models(found)}{ends}{untested}"


def _no_forecast(reason: str, searched: int, gallery: int) -> str:
    if reason == "within the data":
        return f"No forecast: the data reach {gallery} people themselves."
    if reason == "short tail":
        return "No forecast: the tail of the scores is too short."
    return (
        f"No forecast: {people(searched)} could be searched for in a gallery of {gallery}, "
        f"and at least {FEWEST_PEOPLE} of each are needed."
    )


def _bound(found: Forecast) -> str:
    """What is said where every person was linked."""
    searched = found.people if found.observed is None else found.observed.n
    if found.budget is not None:
        return (
            f"All {searched} people were found within the false-match budget in a gallery of "
            f"{found.gallery}, so the data do not show how fast the rate falls: it may stay at "
            "100 %."
        )
    low = 0.0 if found.observed is None else found.observed.low
    return (
        f"All {searched} people were linked in a gallery of {found.gallery}, so the data do not "
        f"show how fast the rate falls: it may stay at 100 %. The lower limit there is "
        f"{100 * low:.3g} %; larger galleries have at least the stated bound."
    )


def _models(found: Forecast) -> str:
    """How many models made the forecast, and how they did on hidden galleries."""
    number = "1 model" if len(found.models) == 1 else f"{len(found.models)} models"
    start = f"Forecast by {number} from {people(found.people)} in a gallery of {found.gallery}"
    tested = [(one.model, one.hidden) for one in found.models if one.hidden is not None]
    if not tested:
        return f"{start}; the gallery is too small to test the models on hidden galleries."
    fitted = tested[0][1].fitted_size
    far = [name for name, hidden in tested if hidden.rms > LARGE_ERROR]
    dropped = f" Left out, as they failed there: {listed(found.refuted)}." if found.refuted else ""
    points = f"{100 * LARGE_ERROR:.0f} points"
    if not far:
        return (
            f"{start}. Fitted on galleries of {fitted} people, every model used predicted "
            f"the rate at {found.gallery} within {points}.{dropped}"
        )
    missed = f"{len(far)} of {counted(len(tested), 'model')}"
    return (
        f"{start}. Fitted on galleries of {fitted} people, {missed} missed the rate at "
        f"{found.gallery} by more than {points}.{dropped}"
    )


def _reach(reach: int, gallery: int) -> str:
    """Where a forecast ends."""
    if reach <= gallery:
        return " How many would be linked in galleries larger than that cannot be said."
    return (
        f" How many would be linked among more than {reach:,} people cannot be said from these "
        "data: no more than there, but how many fewer is open."
    )


def forecast_short(found: Forecast) -> str:
    """A sentence that follows a colon; the upper end alone."""
    point = headline_point(found)
    if point is None:
        why = basis_of_forecast(found)
        return f"how many are found in larger galleries cannot be said. {why}"
    if found.bound_only:
        return f"among {people(point.size)} it may still be everybody: the data do not show a fall."
    if not point.said:
        return (
            f"among {people(point.size)} it is no more than {percent(point.high, 1)}; how many "
            "fewer cannot be said."
        )
    far = " That is far beyond the data." if point.beyond else ""
    return f"among {people(point.size)} it may be up to {percent(point.high, 1)} (forecast).{far}"
