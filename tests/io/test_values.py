from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.io.values import known, parse_age, parse_date, parse_sex


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("34", 34.0),
        (" 34.5 ", 34.5),
        ("34,5", 34.5),
        ("034Y", 34.0),
        ("18M", 1.5),
        ("052W", 0.9966),
        ("89+", 89.0),
        ("20 years", 20.0),
        ("", None),
        ("-3", None),
        ("20-25", None),
        ("200", None),
        ("old", None),
        ("1e999", None),
        ("nan", None),
    ],
)
def test_age(text: str, years: float | None) -> None:
    assert parse_age(text) == (None if years is None else pytest.approx(years, abs=1e-3))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-01-31", "2020-01-31"),
        ("20200131", "2020-01-31"),
        ("2020-01-31T10:00:00.5", "2020-01-31"),
        ("2020-01-31 10:00", "2020-01-31"),
        ("20200131101500", "2020-01-31"),
        ("1899-12-01", "1899-12-01"),
        ("2020-02-31", ""),
        ("2020-13-01", ""),
        ("0000-01-01", ""),
        ("31.01.2020", ""),
        ("2020", ""),
        ("202001311", ""),
        ("", ""),
    ],
)
def test_date(text: str, day: str) -> None:
    assert parse_date(text) == day


@given(st.text())
def test_any_text_is_an_age_or_a_date_or_unknown(text: str) -> None:
    age = parse_age(text)
    assert age is None or 0 <= age <= 130
    assert not parse_date(text) or date.fromisoformat(parse_date(text))


def test_known_and_sex() -> None:
    assert [known(v) for v in ("n/a", "NaN", "", None, [], " x ", 3)] == [""] * 5 + ["x", "3"]
    assert [parse_sex(v) for v in ("f", "Female", "MALE", "2")] == ["F", "F", "M", "2"]
