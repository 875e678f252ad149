"""Who is scanned when, in which scanner and under which label, and which mistakes are planted."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from headrisk.errors import UsageError
from headrisk.synthetic.phantom.acquisition import Installed, install
from headrisk.synthetic.phantom.settings import PhantomSettings

_FIRST_DAY = datetime.date(1900, 1, 1)  # BIDS: shifted dates lie before 1925
CopyKind = Literal["rewritten", "resampled"]


@dataclass(frozen=True)
class Plants:
    """How many mistakes of each kind a cohort holds.

    Attributes
    ----------
    two_ids
        People who come again under a second participant label, with scans of their own.
    swapped
        Pairs of participants whose last sessions stand under each other's label.
    rewritten
        Images stored again as one more session of the same participant: same voxels in another
        order and type, with other intensity units.
    resampled
        Images stored again under a new participant label, resampled to 2 mm.
    """

    two_ids: int = 0
    swapped: int = 0
    rewritten: int = 0
    resampled: int = 0


@dataclass(frozen=True)
class Copy:
    """A second file made from the image of a visit."""

    participant: str
    session: str
    kind: CopyKind


@dataclass(frozen=True)
class Visit:
    """One session of one person as it will be stored."""

    participant: str
    session: str
    years: float
    date: datetime.date
    scanner: Installed
    rng: np.random.Generator
    planted: str = ""
    copy: Copy | None = None


@dataclass(frozen=True)
class PersonPlan:
    """One true person, the generator of the anatomy, and the visits."""

    person: int
    rng: np.random.Generator
    visits: tuple[Visit, ...]


def plan_cohort(
    people: int,
    sessions: int,
    settings: PhantomSettings,
    plants: Plants,
    rng: np.random.Generator,
) -> list[PersonPlan]:
    """Draw the visits of every person and plant the mistakes.

    Raises
    ------
    UsageError
        Too few people or sessions for what was asked.
    """
    _check(people, sessions, plants)
    scanners = [install(scanner, rng) for scanner in settings.scanners]
    plans = [
        _person_plan(i, sessions, settings, scanners, child)
        for i, child in enumerate(rng.spawn(people))
    ]
    free = list(range(people))
    for _ in range(plants.swapped):
        _swap_last(plans, free.pop(0), free.pop(0))
    labels = iter(range(people + 1, people + 1 + plants.two_ids + plants.resampled))
    for _ in range(plants.two_ids):
        _second_label(plans, free.pop(0), _label(next(labels)), settings, scanners)
    for _ in range(plants.rewritten):
        _copy_first(plans, free.pop(0), None, str(sessions + 1), "rewritten")
    for _ in range(plants.resampled):
        _copy_first(plans, free.pop(0), _label(next(labels)), "1", "resampled")
    return plans


def _person_plan(
    person: int,
    sessions: int,
    settings: PhantomSettings,
    scanners: list[Installed],
    rng: np.random.Generator,
) -> PersonPlan:
    body, timetable = rng.spawn(2)
    visits = _visits(_label(person + 1), sessions, settings, scanners, timetable)
    if settings.scanner_follows_person:
        own = scanners[int(rng.integers(len(scanners)))]
        visits = tuple(replace(visit, scanner=own) for visit in visits)
    return PersonPlan(person, body, visits)


def _visits(
    participant: str,
    sessions: int,
    settings: PhantomSettings,
    scanners: list[Installed],
    rng: np.random.Generator,
) -> tuple[Visit, ...]:
    years, visits = 0.0, []
    first = _FIRST_DAY + datetime.timedelta(days=int(rng.integers(0, 3650)))
    for number, child in enumerate(rng.spawn(sessions)):
        if number > 0:
            years += float(rng.uniform(*settings.years_between))
        visits.append(
            Visit(
                participant=participant,
                session=str(number + 1),
                years=years,
                date=first + datetime.timedelta(days=round(365.25 * years)),
                scanner=scanners[int(rng.integers(len(scanners)))],
                rng=child,
            )
        )
    return tuple(visits)


def _swap_last(plans: list[PersonPlan], one: int, other: int) -> None:
    first, second = plans[one].visits[-1], plans[other].visits[-1]
    for index, mine, theirs in ((one, first, second), (other, second, first)):
        moved = replace(
            mine, participant=theirs.participant, session=theirs.session, planted="swapped"
        )
        plans[index] = replace(plans[index], visits=(*plans[index].visits[:-1], moved))


def _second_label(
    plans: list[PersonPlan],
    index: int,
    participant: str,
    settings: PhantomSettings,
    scanners: list[Installed],
) -> None:
    plan = plans[index]
    again = _visits(participant, len(plan.visits), settings, scanners, plan.rng.spawn(1)[0])
    if settings.scanner_follows_person:
        again = tuple(replace(visit, scanner=plan.visits[0].scanner) for visit in again)
    marked = tuple(replace(visit, planted="two-ids") for visit in again)
    plans[index] = replace(plan, visits=(*plan.visits, *marked))


def _copy_first(
    plans: list[PersonPlan], index: int, participant: str | None, session: str, kind: CopyKind
) -> None:
    first, *others = plans[index].visits
    copy = Copy(participant or first.participant, session, kind)
    plans[index] = replace(plans[index], visits=(replace(first, copy=copy), *others))


def _label(number: int) -> str:
    return f"{number:03d}"


def _check(people: int, sessions: int, plants: Plants) -> None:
    needed = plants.two_ids + 2 * plants.swapped + plants.rewritten + plants.resampled
    for subject, value, least in (
        ("number of people", people, max(1, needed)),
        ("number of sessions", sessions, 2 if plants.swapped else 1),
    ):
        if value < least:
            raise UsageError(
                f"synthetic cohort, {subject}",
                found=str(value),
                expected=f"at least {least} with the planted mistakes {plants}",
                remedy="Ask for more, or plant fewer mistakes.",
            )
