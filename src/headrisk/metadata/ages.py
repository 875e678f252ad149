"""Ages of people: which fields hold them, and which are of 89 years and more."""

from __future__ import annotations

import re

from headrisk.io.values import parse_age
from headrisk.metadata.words import concepts, field_words

_MONTHS = frozenset({"mo", "mos", "month", "months", "mois", "monate", "kk", "agemo",
                     "agemos", "agemonths"})  # fmt: skip
_DAYS = frozenset({"day", "days", "agedays", "tage", "dni", "pv"})
_YEAR_WORDS = frozenset({"years", "yrs", "year", "yr"})
_WEEKS = frozenset({"week", "weeks", "wk", "wks"})


def is_age(name: str) -> bool:
    """Whether a field holds ages of people: by its words, not a score corrected for age.

    >>> is_age("AgeMRI_W1"), is_age("image"), is_age("age_adjusted_score")
    (True, False, False)
    """
    said = concepts(name)
    if frozenset(field_words(name)) & {"old"} and _YEAR_WORDS & frozenset(field_words(name)):
        return True
    return "age" in said and "measure" not in said and "kor" not in field_words(name)


_TOP_CODED = frozenset({"89+", "90+", "090Y", ">89", "> 89", ">=90", "≥90", "≥89"})


def is_over_89(name: str, text: str) -> bool:
    """Whether a field called ``name`` gives an age of 89 years or more.

    Units are taken from the name (``age_months``); numbers beyond any age in years are months up to
    1,560 and days beyond.
    """
    if not is_age(name) or text.strip() in _TOP_CODED:
        return False
    words = frozenset(field_words(name))
    number = re.fullmatch(r"(?:>=?|~|ca\.? ?|about )?(\d+(?:[.,]\d+)?)(?:\s*(?:-|–|to)\s*(\d+))?"
                          r"\s*(?:years?|yrs?|y/?o|jahre|vuotta|ans|anos|a)?(?: old)?",
                          text.strip().lower())  # fmt: skip
    years = parse_age(re.sub(r"^P(\d+)Y.*", r"\1", text.strip()))  # ISO 8601: P93Y
    if number is not None:
        value = float((number[2] or number[1]).replace(",", "."))
        if words & _MONTHS and "y" not in words:
            years = value / 12
        elif words & _WEEKS:
            years = value * 7 / 365.25
        elif words & _DAYS:
            years = value / 365.25
        elif value <= 130:
            years = value
        elif value <= 1560 and not words & {"years", "yrs", "year", "y"}:
            years = value / 12
        elif 20_000 < value < 48_000:
            years = value / 365.25
    return years is not None and 89 <= years <= 130
