"""Named attackers: what each knows and holds, and how often he or she would name a person.

The three named ones are stated assumptions, not findings; a release committee may replace them by
its own in TOML. Their figures are round numbers to think with.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from headrisk.errors import UsageError

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
