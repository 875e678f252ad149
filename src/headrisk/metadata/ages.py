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


def years_of(text: str) -> float | None:
    """Years of an age in any common notation; None where a text is no age.

    >>> years_of("90;11"), years_of("101 yr 6 mo"), years_of("P93Y"), years_of("830 months")
    (90.0, 101.0, 93.0, 69.16666666666667)
    >>> years_of("17y4m"), years_of("39 Jahre"), years_of("1;2;3"), years_of("T1w")
    (17.0, 39.0, None, None)
    """
    plain = text.strip().lower()
    if (match := _YEARS_AND_MONTHS.fullmatch(plain)) is not None:
        years = float(match[match.lastindex or 1])
        return years if years <= _OLDEST else None
    if (match := _IN_MONTHS.fullmatch(plain)) is not None:
        years = float(match[1].replace(",", ".")) / 12
        return years if years <= _OLDEST else None
    return parse_age(plain)


_OLDEST = 130
_YEAR = (
    r"(?:y(?:ears?|rs?|/o|\.?o\.?)?|yo|jahren?|j\.?|ans?|a[nñ]os?|anos?|anni|jaar|år|ar|vuotta|v"
    r"|lat|let|rok[uyi]?|year old|years old)"
)
_MONTH = r"(?:m(?:o(?:nths?|s|is|n)?|ånader|aanden|eses?|esi)?|monaten?|kk|mies\w*|mesic\w*)"
# 17y4m, 101 yr 6 mo, 90;11 (years and months of psychologists), P93Y2M (ISO 8601), 39 Jahre
_YEARS_AND_MONTHS = re.compile(
    rf"(\d{{1,3}}) ?{_YEAR}\.?(?:,? (?:and |und |et |y |e )?|)(?:\d{{1,2}} ?{_MONTH}\.?)?(?: old)?"
    rf"|(?:p)(\d{{1,3}})y(?:\d{{1,2}}m)?(?:\d{{1,2}}d)?|(\d{{1,3}});\d{{1,2}}"
)
_IN_MONTHS = re.compile(rf"(\d{{1,4}}(?:[.,]\d+)?) ?{_MONTH}\.?")
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
    years = years_of(text)
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
