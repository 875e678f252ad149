"""Ways of writing dates, times of day and ages, and which of them holds for a column.

One value such as ``030318`` may be a date in three ways or a number; a column of values tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from headrisk.io.values import parse_age
from headrisk.metadata.people import folded
from headrisk.metadata.words import concepts, field_words

MONTHS = (
    """jan january januar janvier enero gennaio januari janeiro tammi sty styczen stycznia leden
    ledna januara ocak sijecanj januaris янв январь января января січня ιανουαριου""",
    """feb february februar fevrier febrero febbraio februari fevereiro helmi fev lut luty lutego
    unor unora subat фев февраль февраля лютого φεβρουαριου""",
    """mar march marz maerz mars marzo maart marco maalis mrz mrt marzec marca brezen brezna mart
    мар март марта березня μαρτιου""",
    """apr april avril abril aprile huhti avr abr kwi kwiecien kwietnia duben dubna nisan апр апрель
    апреля квітня απριλιου""",
    "may mai mayo maggio mei maj maio touko mag maja kveten kvetna mayis май мая травня μαιου",
    """jun june juni juin junio giugno junho kesa giu cze czerwiec czerwca cerven cervna haziran июн
    июнь июня червня ιουνιου""",
    """jul july juli juillet julio luglio julho heina lug juil lip lipiec lipca cervenec cervence
    temmuz июл июль июля липня ιουλιου""",
    """aug august aout agosto augustus augusti elo ago sie sierpien sierpnia srpen srpna agustos авг
    август августа серпня αυγουστου""",
    """sep sept september septembre septiembre settembre setembro syys set wrz wrzesien wrzesnia
    zari eylul сен сент сентябрь сентября вересня σεπτεμβριου""",
    """oct october oktober octobre octubre ottobre outubro loka okt ott out paz pazdziernik
    pazdziernika rijen rijna ekim окт октябрь октября жовтня οκτωβριου""",
    """nov november novembre noviembre novembro marras lis listopad listopada listopadu kasim ноя
    нояб ноябрь ноября листопада νοεμβριου""",
    """dec december dezember decembre diciembre dicembre dezembro joulu dez dic gru grudzien grudnia
    prosinec prosince aralik дек декабрь декабря грудня δεκεμβριου""",
)  # without accents
_MONTHS = {word: number for number, words in enumerate(MONTHS, start=1) for word in words.split()}
_ROMAN = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "vi": 6,
    "vii": 7,
    "viii": 8,
    "ix": 9,
    "x": 10,
    "xi": 11,
    "xii": 12,
}
_FINNISH = re.compile(r"(kuuta|kuun|kuu)$")
_CLOCK = (
    r"\.?(?: ?(?:r|г|g)\.)?"  # a year's sign in Polish, Russian, Czech
    r"(?:[T ,_-]*(?P<clock>[0-2]?\d[:.h][0-5]\d(?:[:.][0-5]\d(?:[.,]\d+)?)?|[0-2]\d[0-5]\d"
    r"(?:[0-5]\d(?:\.?\d+)?)?)\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|CET|[+-]\d\d:?\d\d)?)?"
)
_WEEKDAY = r"(?:[A-Za-zÀ-ÿ]{2,10}[.,]*\s+)?"
_FORMS = tuple(
    (name, re.compile(pattern + _CLOCK, re.IGNORECASE))
    for name, pattern in (
        ("ymd", r"(?P<y>\d{4})(?P<s>[-/._ ])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"),
        ("ymd", r"(?P<y>\d{4}):(?P<m>\d\d):(?P<d>\d\d)"),  # EXIF
        ("dmy", r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\. (?P<y>\d{4})"),
        ("ymd", r"(?P<y>\d{4})(?P<s>\. )(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})\.?"),
        ("ymd", r"(?P<y>\d{4})[年년] ?(?P<m>\d{1,2})[月월] ?(?P<d>\d{1,2})[日일号]?"),
        ("ymd", r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)[0-2]\d[0-5]\d(?:[0-5]\d)?"),
        ("month", r"(?P<d>\d{1,2})(?P<s>[-/. ]|\. )(?P<r>[IVX]{1,4})(?P=s)(?P<y>\d{4}|\d\d)"),
        ("week", r"(?P<y>(?:19|20)\d\d)-?W(?P<w>[0-5]\d)(?:-?(?P<wd>[1-7]))?"),
        ("yday", r"(?P<y>(?:19|20)\d\d)-(?P<yd>[0-3]\d\d)"),
        ("dmy", r"(?P<d>\d{1,2})(?P<s>[-/._ ]|\. )(?P<m>\d{1,2})(?P=s)(?P<y>\d{4}|\d\d)"),
        ("mdy", r"(?P<m>\d{1,2})(?P<s>[-/._ ])(?P<d>\d{1,2})(?P=s)(?P<y>\d{4}|\d\d)"),
        ("ymd", r"(?P<y>\d\d)(?P<s>[-/._ ])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"),
        ("ymd", r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),
        ("dmy", r"(?P<d>\d\d)(?P<m>\d\d)(?P<y>\d{4})"),
        ("mdy", r"(?P<m>\d\d)(?P<d>\d\d)(?P<y>\d{4})"),
        ("ymd", r"(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d)"),
        ("dmy", r"(?P<d>\d\d)(?P<m>\d\d)(?P<y>\d\d)"),
        ("mdy", r"(?P<m>\d\d)(?P<d>\d\d)(?P<y>\d\d)"),
        (
            "month",
            _WEEKDAY + r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º)?[. /_-]*(?:de |of )?"
            r"(?P<n>[^\W\d_]{3,13})[., /_-]*(?:de |del |of )?(?P<y>\d{4}|'?\d\d)",
        ),
        (
            "month",
            _WEEKDAY + r"(?P<n>[^\W\d_]{3,12})[. /_-]*(?P<d>\d{1,2})(?:st|nd|rd|th)?[, /_-]+"
            r"(?P<y>\d{4}|'?\d\d)",
        ),
        ("month", r"(?P<y>\d{4})[. /_-]*(?P<n>[^\W\d_]{3,12})[. /_-]*(?P<d>\d{1,2})"),
        ("my", r"(?P<n>[^\W\d_]{3,12})[., /_-]*(?P<y>\d{4}|'?\d\d)"),
        ("my", r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
        ("my", r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})"),
    )
)
_TIME_FIRST = re.compile(
    r"(?P<clock>[0-2]?\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)(?:\s*[ap]\.?m\.?)?[ ,T]+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_TIME_OF_DAY = re.compile(
    r"(?P<before>t|klo\.?|kl\.?|ore|godz\.?|um|om|at|à|às|a las|saat|в|klokka|klokken)? ?"
    r"(?P<h>[0-2]?\d) ?[:.h] ?(?P<m>[0-5]\d)"
    r"(?: ?(?:[:.]|min) ?(?P<s>[0-5]\d)(?:[.,]\d+)?s?)?"
    r"\s*(?:(?P<p>[ap]\.?m\.?)|(?P<u>uhr|uur|h|min|godz\.?)|Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_BARE_CLOCK = re.compile(r"T?(?P<h>[01]\d|2[0-3])(?:\.[0-5]\d|[0-5]\d[0-5]\d(?:\.\d+)?)Z?")
_LAST_YEAR = 2039  # two digits up to 39 are of this century


@lru_cache(maxsize=65536)
def notations(text: str) -> frozenset[str]:
    """The notations in which a whole text is a valid date.

    ``ymd``, ``dmy``, ``mdy`` with or without separators and with years of two or four digits;
    ``month``, with a month's name; ``my``, month and year; ``epoch``, seconds or milliseconds since
    1970; ``serial``, the day count of spreadsheets; ``year``.

    >>> sorted(notations("15031961")), sorted(notations("3-Mar-18")), sorted(notations("72.5"))
    (['dmy'], ['month'], [])
    """
    return frozenset(_readings(text.strip().strip("'\"")))


def read_date(text: str, notation: str) -> date | None:
    """The day that a text gives in a notation, None where it gives none, or none to the day."""
    if notation in ("", "my", "year"):
        return None
    return _readings(text.strip().strip("'\"")).get(notation)


def _readings(text: str) -> dict[str, date]:
    if not text or len(text) > 48 or not any(map(str.isdigit, text)):
        return {}
    if (later := _TIME_FIRST.fullmatch(text)) is not None:
        text = later["rest"]
    if text.replace(".", "", 1).isdigit():
        return _numbers(text)
    out: dict[str, date] = {}
    for name, form in _FORMS:
        match = form.fullmatch(text)
        if match and (day := _day(match)) is not None:
            out.setdefault(name, day)
    return out


def _numbers(text: str) -> dict[str, date]:
    """Dates among texts of digits alone, a leading zero that a spreadsheet dropped put back."""
    out: dict[str, date] = {}
    whole = text.partition(".")[0]
    for digits in {text, text.zfill(len(text) + len(text) % 2)} if "." not in text else {text}:
        for name, form in _FORMS:
            match = form.fullmatch(digits)
            if match and (day := _day(match)) is not None:
                out.setdefault(name, day)
    if not whole.isdigit():
        return out
    if len(whole) in (10, 13):
        seconds = int(whole) // (1000 if len(whole) == 13 else 1)
        if 631_152_000 <= seconds < 2_208_988_800:  # 1990 to 2039
            out["epoch"] = datetime.fromtimestamp(seconds, UTC).date()
    if len(whole) == 5 and 7_000 <= int(whole) < 51_000:  # 1919 to 2039
        out["serial"] = date(1899, 12, 30) + timedelta(days=int(whole))
    if len(text) == 4 and text.isdigit() and 1880 <= int(text) <= _LAST_YEAR:
        out["year"] = date(int(text), 1, 1)
    return out


def _day(match: re.Match[str]) -> date | None:
    groups = match.groupdict()
    digits = groups["y"].lstrip("'")
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year <= _LAST_YEAR % 100 else 1900
    try:
        day = _of_year(year, groups)
    except ValueError:
        return None
    return day if 1850 <= year <= _LAST_YEAR + 20 else None


def _of_year(year: int, groups: dict[str, str | None]) -> date:
    """The day of a year by month and day, by week and weekday, or by its number in the year."""
    if week := groups.get("w"):
        return date.fromisocalendar(year, int(week), int(groups.get("wd") or 1))
    if (number := groups.get("yd")) is not None:
        day = date(year, 1, 1) + timedelta(days=int(number) - 1)
        if day.year != year:
            raise ValueError(number)
        return day
    if named := groups.get("n"):
        month = month_of(named)
    elif roman := groups.get("r"):
        month = _ROMAN.get(roman.lower(), 0)
    else:
        month = int(groups.get("m") or 0)
    return date(year, month, int(groups.get("d") or 1))


def month_of(word: str) -> int:
    """The month that a word names in one of some twenty languages, 0 if none.

    >>> month_of("března"), month_of("Ağustos"), month_of("morning")
    (3, 8, 0)
    """
    plain = folded(word).replace("ı", "i")
    return _MONTHS.get(_FINNISH.sub("", plain), _MONTHS.get(plain, 0))


def column_notation(values: Sequence[str], share: float = 0.8) -> str:
    """The notation that holds for most values of a column, "" if none does."""
    if not values:
        return ""
    counts = Counter(name for value in values for name in notations(value))
    order = {name: place for place, name in enumerate(("ymd", "dmy", "mdy", "month", "epoch"))}
    held = [name for name, count in counts.items() if count >= share * len(values)]
    return min(held, key=lambda name: (-counts[name], order.get(name, 9), name), default="")


def sure_notation(name: str, values: Sequence[str]) -> str:
    """The notation by which dates of a column can be shifted; "" where two would hold.

    A name such as ``date_mmddyy`` decides between those that hold.
    """
    held = {
        notation
        for notation in ("ymd", "dmy", "mdy", "month", "week", "yday", "epoch", "serial")
        if sum(notation in notations(value) for value in values) >= 0.8 * len(values)
    }
    lower = name.lower()
    for notation, hint in (
        ("mdy", r"mm?dd?yy|mdy"),
        ("dmy", r"dd?mm?yy|dmy"),
        ("ymd", r"yymm?dd?|ymd"),
    ):
        if notation in held and re.search(hint, lower):
            return notation
    return held.pop() if len(held) == 1 else ""


def is_column_of_dates(values: Sequence[str]) -> bool:
    """Whether values are dates whatever their column is called.

    Separators and a year of four digits or a month's name tell by themselves. Digits alone, and two
    digits for the year, tell if five different values are all valid in one notation, which chance
    does once in ten million columns of six-digit numbers.
    """
    different = set(values)
    notation = column_notation(values, share=1.0)
    if notation == "my" and all(any(map(str.isalpha, value)) for value in different):
        return len(different) > 1  # March 2018
    if notation not in ("ymd", "dmy", "mdy", "month", "week"):
        return False
    if notation in ("month", "week") or all(
        re.search(r"\d{4}", value) and not value.isdigit() for value in different
    ):
        return True
    if len(different) < 5 or len({len(value) for value in different if value.isdigit()}) > 1:
        return False
    years = [_readings(value)[notation].year for value in different]
    return all(1920 <= year <= _LAST_YEAR for year in years)


def hour_of(text: str) -> int | None:
    """The hour of a text that is a time of day or a duration (h:m or h:m:s), else None."""
    match = _TIME_OF_DAY.fullmatch(text.strip())
    marked = match is not None and (match["p"] or match["u"] or match["s"] or match["before"])
    if match is None or (":" not in text and "h" not in text and not marked):
        return None
    hour = int(match["h"])
    if match["p"] and match["p"].lower().startswith("p") and hour < 12:
        hour += 12
    return hour if hour < 24 else None


def clock_of(text: str) -> int | None:
    """The hour of a time of day also as ``14.32``, ``143207`` and ``143207.25``: under a name that
    speaks of time.

    >>> clock_of("14.32"), clock_of("143207"), clock_of("2:07pm"), clock_of("3207")
    (14, 14, 14, None)
    """
    hour = hour_of(text)
    if hour is None and (bare := _BARE_CLOCK.fullmatch(text.strip())):
        hour = int(bare["h"])
    return hour


def are_times_of_day(values: Sequence[str]) -> bool:
    """Whether clock values are times of day rather than durations.

    People are seen by day: half of the values or more lie at 6 h or later. A duration written as
    hours, minutes and seconds hardly ever reaches that.
    """
    hours = [hour for value in values if (hour := clock_of(value)) is not None]
    return 2 * sum(hour >= 6 for hour in hours) >= len(values) > 0


_MONTH_WORDS = frozenset(
    {"mo", "mos", "month", "months", "mois", "monate", "kk", "agemo", "agemos", "agemonths"}
)
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
    number = re.fullmatch(
        r"(?:>=?|~|ca\.? ?|about )?(\d+(?:[.,]\d+)?)(?:\s*(?:-|–|to)\s*(\d+))?"
        r"\s*(?:years?|yrs?|y/?o|jahre|vuotta|ans|anos|a)?(?: old)?",
        text.strip().lower(),
    )
    years = years_of(text)
    if number is not None:
        value = float((number[2] or number[1]).replace(",", "."))
        if words & _MONTH_WORDS and "y" not in words:
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
