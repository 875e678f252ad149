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
_WORDS = re.compile(r"[^\W\d_]+")
# Words of programs that scanners put into comments: "Unaliased MB4/PE3/LB SENSE1".
_PROGRAM_WORDS = frozenset(
    """unaliased mb pe lb sense fake moco reference volume dico applied motion correction
        corrected for single band sbref noise scan phase magnitude distortion raw ice grappa
        smash accel recon reconstruction adc trace fa map maps diffusion mean average averaged
        echo combined norm normalized filter filtered slice slices series original primary
        derived image images bias field shim ref calibration t pf ipat r x y z of to and the
        smoothed stdev subtraction mip""".split()  # noqa: SIM905
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z?)?")
_OLDEST_SHIFTED = 1600
_YEAR_2000, _YEAR_2036 = 946_684_800, 2_082_758_400


def says_nothing(remark: str) -> bool:
    """Whether a remark is a rating, a single sign, a number or a program's own."""
    plain = remark.strip().lower().rstrip(".!")
    words = _WORDS.findall(plain)
    return (
        len(plain.encode()) < 3  # two Chinese characters are a word
        or plain in _ORDINARY_REMARKS
        or not words
        or (len(words) > 1 and _PROGRAM_WORDS.issuperset(words))
    )


def is_ordinary_remark(kind: str, text: str) -> bool:
    """Whether a field for remarks, known by its kind, holds one that says nothing."""
    if kind == "institution":  # two letters may be a university
        return text.strip().lower() in _ORDINARY_REMARKS
    return kind == "free-text" and says_nothing(text)


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
