"""Values that say nothing about a person, shifted dates, and whole numbers that are dates."""

from __future__ import annotations

import re
from datetime import datetime

from headrisk.metadata.patterns import EARLIEST_REAL_YEAR

# What people and programs put into fields for remarks without saying anything about a person.
_ORDINARY_REMARKS = frozenset(
    """ok okay good great fine bad poor fair moderate excellent acceptable usable unusable pass
    passed fail failed failure yes no true false normal included excluded include exclude complete
    completed incomplete done missing rejected accepted motion artifact artefact noisy clean skip
    skipped used unused valid invalid right left first second repeat repeated test department
    hospital""".split()  # noqa: SIM905
)
_REMARKS = frozenset({"free-text", "institution"})  # kinds of fields that people put ratings into
_PROGRAM_REMARK = re.compile(r"Unaliased_MB\d[\w.]*", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z?)?")
_OLDEST_SHIFTED = 1600
_YEAR_2000, _YEAR_2036 = 946_684_800, 2_082_758_400


def says_nothing(remark: str) -> bool:
    """Whether a remark is a rating, a single sign or a program's own."""
    plain = remark.strip().lower().rstrip(".!")
    return len(plain) < 3 or plain in _ORDINARY_REMARKS or bool(_PROGRAM_REMARK.fullmatch(plain))


def is_ordinary_remark(kind: str, text: str) -> bool:
    """Whether a field for remarks, known by its kind, holds one that says nothing."""
    return kind in _REMARKS and says_nothing(text)


def is_shifted(date: str) -> bool:
    """Whether a text is a valid ISO 8601 date of 1600 to 1924, as BIDS wants shifted dates to be.

    No other way of writing a date is believed: of ``15031961`` and ``180303`` the first four
    digits are no year, and ``0018-03-03`` is a year that a spreadsheet cut short.

    >>> is_shifted("1877-06-15T13:45:30"), is_shifted("15031961"), is_shifted("1877-13-15")
    (True, False, False)
    """
    if not _ISO.fullmatch(date.strip()):
        return False
    try:
        year = datetime.fromisoformat(date.strip()[:19].removesuffix("Z")).year
    except ValueError:
        return False
    return _OLDEST_SHIFTED <= year < EARLIEST_REAL_YEAR


def is_moment(text: str) -> bool:
    """Whether a whole number is a day (20190314) or counts seconds since 1970 (1552569131).

    Days from 1925 on, seconds and milliseconds from 2000 to 2035.
    """
    if not text.isdigit():
        return False
    if len(text) == 8:
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
        return EARLIEST_REAL_YEAR <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31
    seconds = {10: int(text), 13: int(text) // 1000}.get(len(text), 0)
    return _YEAR_2000 <= seconds < _YEAR_2036
