"""National identity numbers, told by their form and their check digits.

Sources of the rules: Finland, Digital and Population Data Services Agency (the rest of the nine
digits by 31; separators of 2023); Sweden, SKV 704 (Luhn); China, GB 11643-1999 (ISO 7064 MOD
11-2); UK, NHS Data Dictionary (MOD 11); Norway, Skatteetaten (two MOD 11 digits); Denmark, CPR
(date alone, since check digits ran out); Spain, Ministerio del Interior (letter by 23); Italy, DM
23.12.1976 (form alone); Poland, PESEL (weights 1 3 7 9).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_CHINESE = "10X98765432"


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each national identity number in a text."""
    if sum(map(str.isdigit, text)) < 6:
        return
    for pattern, holds in _RULES:
        for match in pattern.finditer(text):
            if holds(match[0]):
                yield match.span()


def _digits(text: str) -> list[int]:
    return [int(char) for char in text if char.isdigit()]


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def _finnish(text: str) -> bool:
    day, month = int(text[:2]), int(text[2:4])
    return _day(day, month) and _FINNISH[int(text[:6] + text[7:10]) % 31] == text[10]


def _swedish(text: str) -> bool:
    digits = _digits(text)[-10:]
    doubled = [digit * (2 - place % 2) for place, digit in enumerate(digits)]
    return _day(digits[4] * 10 + digits[5], digits[2] * 10 + digits[3]) and (
        sum(value // 10 + value % 10 for value in doubled) % 10 == 0
    )


def _chinese(text: str) -> bool:
    weights = tuple(2 ** (17 - place) % 11 for place in range(17))
    return _day(int(text[12:14]), int(text[10:12])) and (
        _CHINESE[_weighted(_digits(text[:17]), weights) % 11] == text[17].upper()
    )


def _british(text: str) -> bool:
    digits = _digits(text)
    return _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0 and len(set(digits)) > 1


def _norwegian(text: str) -> bool:
    digits = _digits(text)
    return (
        _day(int(text[:2]), int(text[2:4]))
        and _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _danish(text: str) -> bool:
    return _day(int(text[:2]), int(text[2:4]))


def _spanish(text: str) -> bool:
    return _SPANISH[int(text[:8]) % 23] == text[-1]


def _italian(text: str) -> bool:
    return 1 <= int(text[9:11]) % 40 <= 31


def _polish(text: str) -> bool:
    digits = _digits(text)
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    return _day(int(text[4:6]), int(text[2:4]) % 20) and _weighted(digits, weights) % 10 == 0


_RULES: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-]|\.\d)"), holds)
    for pattern, holds in (
        (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", _finnish),
        (r"(?:19|20)?\d{6}[-+]\d{4}", _swedish),
        (r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]", _chinese),
        (r"\d{3}[ -]\d{3}[ -]\d{4}", _british),
        (r"\d{6} ?\d{5}", _norwegian),
        (r"\d{6}-\d{4}", _danish),
        (r"\d{8}-?[A-HJ-NP-TV-Z]", _spanish),
        (r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]", _italian),
        (r"\d{11}", _polish),
    )
)
