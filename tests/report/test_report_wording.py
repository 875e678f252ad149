"""Sentences say no more than the figures do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.findings.coarse import interval
from headrisk.findings.records import Counts, MeasureResult, ModalitySection
from headrisk.io.canonical import canonical_json
from headrisk.report.withhold import withhold_section
from headrisk.report.words import phrases, summary
from headrisk.statistics.intervals import share_of_people, wilson
from headrisk.types import Estimate


def estimate(hits: int, n: int) -> Estimate:
    found = wilson(hits, n)
    assert found is not None
    return found


def test_frequency_names_people_not_decimals() -> None:
    text = phrases.natural_frequency(estimate(14, 20))
    assert text == (
        "14 of the 20 people searched for were linked; of people like these, 4 to 9 in 10 "
        "plausibly would be linked"
    )
    text = phrases.natural_frequency(estimate(14, 2000))
    assert text.startswith("14 of the 2,000 people searched for")


def test_nothing_seen_is_an_upper_bound() -> None:
    text = phrases.natural_frequency(Estimate(0.0, 0.0, 0.127, 22))
    assert text.startswith("none of the 22 people searched for were linked")
    assert "up to 13 in 100 plausibly would be linked" in text
    assert phrases.rate(Estimate(0.0, 0.0, 0.127, 22)) == "0 of 22 (0 to 13\u00a0%)"


def test_everybody_found_is_a_lower_bound() -> None:
    text = phrases.natural_frequency(Estimate(1.0, 0.873, 1.0, 22))
    assert text.startswith("all 22 people searched for were linked")
    assert "at least 87 in 100 would be linked" in text
    assert phrases.rate(Estimate(1.0, 0.873, 1.0, 22)) == "22 of 22 (87 to 100\u00a0%)"


@given(n=st.integers(1, 3000), share=st.floats(0, 1))
def test_stated_range_holds_the_interval(n: int, share: float) -> None:
    hits = round(share * n)
    figure = estimate(hits, n)
    text = phrases.natural_frequency(figure).replace(",", "")
    if 0 < hits < n:
        found = re.match(r"(\d+) of the (\d+) people .* these (\d+) to (\d+) in (\d+) ", text)
        assert found is not None
        count, searched, low, high, base = map(int, found.groups())
        assert (count, searched) == (hits, n)
        assert low / base <= figure.low + 1e-9
        assert high / base >= figure.high - 1e-9
    else:
        assert re.search(r"(up to|at least) \d+ in \d+", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.0004, "< 0.1 %"),
        (0.9995, "> 99.9 %"),
        (0.025, "2.5 %"),
        (0.433, "43 %"),
        (0.995, "99.5 %"),
    ],
)
def test_percentages_are_as_precise_as_small_samples_allow(value: float, text: str) -> None:
    assert phrases.percent(value).replace("\u00a0", " ") == text


def test_failures_count_both_ways() -> None:
    counts = Counts(12, 24, 2, 10, 90, 10, searched=10, unsearched=2)
    text = summary.failures_sentence(estimate(5, 10), counts).replace("\u00a0", " ")
    assert "42 %" in text  # 5 of 12
    assert "58 %" in text  # 7 of 12


def test_person_means_are_worded_with_the_number_of_people() -> None:
    figure = share_of_people(np.array([1.0, 0.5, 0.0, 1.0, 1.0]))
    assert figure is not None
    text = phrases.natural_frequency(figure)  # three and a half of five
    assert text.startswith("about 4 of the 5 people searched for were linked")


def test_json_holds_no_number_that_json_does_not_know() -> None:
    text = canonical_json({"b": float("nan"), "a": (1.23456789, -0.0), "c": float("inf")})
    assert text == '{\n  "a": [\n    1.23457,\n    0.0\n  ],\n  "b": null,\n  "c": null\n}\n'


@given(n=st.integers(5, 400), share=st.floats(0, 1), luck=st.floats(0.01, 0.9))
def test_the_badge_agrees_with_the_figures_beside_it(n: int, share: float, luck: float) -> None:
    """Whoever holds the printed interval of the highest count against luck finds the badge."""
    hits = round(share * n)
    rate = Estimate(hits / n, *interval(hits, n), n)
    control = Estimate(luck / 2, 0.0, luck, n)
    made = MeasureResult("mae", rank1=rate, control=control, chance=1 / n, reading="links")
    section = withhold_section(ModalitySection("brain", Counts(n, 2 * n, 0, n, n, n), (made,)))
    public = section.headline
    assert public is not None
    text = summary.against_luck(public).replace("\u00a0", " ")
    if public.reading == "unclear" and text.startswith("lowest"):
        assert public.rank1 is not None
        assert public.rank1.fewest is not None
        assert public.rank1.fewest / n <= (public.luck or 0.0) + 1e-9
        return
    said = re.fullmatch(
        r"highest count(?:, ([\d.<> ]+) %,)? ([\d.<> ]+?) to ([\d.<> ]+?) ?%; luck ([\d.]+) %", text
    )
    assert said is not None, text
    low, top = (float((said[i] or "0").strip(" <>%")) for i in (2, 4))
    if public.reading == "links":
        assert low > top
    else:
        assert low <= top
    assert (said[1] is not None) == (public.reading == "does not link")
