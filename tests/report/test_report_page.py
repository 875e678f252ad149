"""What there is to read: two short pages first, little repeated, plain words, nothing lost."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import readability
from hypothesis import given
from hypothesis import strategies as st
from simulated_report import RUN, SETTINGS, random_scores, scan_rows, simulated_report
from simulated_treatment import treatment

from headrisk.attacks.section import modality_section
from headrisk.dataset.description import DataSetName
from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.records import FacesLeft, ModalitySection, Report
from headrisk.report import html
from headrisk.report.html import labelled, public_html
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words.follows import follows_rows
from headrisk.statistics.assessment import assess
from headrisk.statistics.attackers import NAMED_ATTACKERS
from headrisk.statistics.summary import summarise

MOST_WORDS, MOST_FIRST, MOST_REPEATED, LEAST_EASE = 4500, 700, 0.02, 55.0
MOST_MESSY = 5400  # three attacks, two de-identification methods, 25 rules that apply


def second_attack(name: str, people: int = 40) -> ModalitySection:
    """Another attack of the same people, weaker and with figures about people of its own."""
    rng = np.random.default_rng(1)
    scores = [random_scores(people, 1.2, "distance", seed=9)]
    found = [summarise(scores[0], settings=SETTINGS, rng=rng)]
    risk = assess(
        scores[0], found[0].verdict.smallest_risk, list(NAMED_ATTACKERS), settings=SETTINGS, rng=rng
    )
    return modality_section(
        name,
        scan_rows([f"{i:03d}" for i in range(people)]),
        scores,
        found,
        (),
        compared="All were searched for among all.",
        risk=None if risk is None else risk[0],
    )


KINDS = (
    ("anat", "T1w"),
    ("anat", "T2w"),
    ("anat", "FLAIR"),
    ("func", "bold"),
    ("dwi", "dwi"),
    ("fmap", "phasediff"),
    ("pet", "pet"),
    ("ct", "ct"),
)


@cache
def messy() -> Report:
    """A release in which much is wrong, so that many rules apply."""
    report = simulated_report()[0]
    rows = tuple(
        KindRow(kind, suffix, 9, 5, 1, 3, {"contrast": 3, "empty": 1}) for kind, suffix in KINDS
    )
    counts = InventoryCounts(72, 40, 8, 24, rows, {"archive": 2, "picture": 1}, 3, 1)
    answers = {"face": 20, "part": 3, "unclear": 2, "failed": 1, "gone": 14, "outside": 0}
    return replace(
        report,
        modalities=(*report.modalities, second_attack("face"), second_attack("face-scans")),
        treatments=(treatment("refaced"), treatment("cut", 30)),
        data=DataSetName("A study of many heads", "2.1.0", ("another study",)),
        inventory=counts,
        faces_left=FacesLeft(True, 40, answers, {"T1w": answers}),
        not_asked=("tables",),
    )


@cache
def pages() -> dict[str, str]:
    reports = {
        "messy": messy(),
        "plain": simulated_report()[0],
        "two attacks": replace(
            simulated_report()[0],
            modalities=(*simulated_report()[0].modalities, second_attack("face")),
        ),
        "few": simulated_report(people=4, sites=False)[0],
        "empty": Report((), {}, "0.1.0"),
    }
    return {
        name: public_html(withhold_small_cells(report), RUN, "0a1b2c3d4e5f")
        for name, report in reports.items()
    }


def first(page: str) -> str:
    """The pages to decide by: all that comes before the contents of the annex."""
    return page[: page.index('<nav class="contents"')]


@pytest.mark.parametrize("name", ["messy", "plain", "few", "empty"])
def test_the_first_pages_are_short_and_plain(name: str) -> None:
    page = first(pages()[name])
    assert len(readability.words(page)) <= MOST_FIRST
    suffixes = {suffix for _, suffix in KINDS}
    explained = {word for word in suffixes if f"{word} (" in page}
    others = {"MRI"}  # which this reader knows: the data are of that kind
    assert readability.abbreviations(page) <= explained | others
    assert readability.reading_ease(page) >= LEAST_EASE


@pytest.mark.parametrize("name", ["messy", "two attacks", "plain", "few", "empty"])
def test_the_whole_page(name: str) -> None:
    page = pages()[name]
    assert len(readability.words(page)) <= (MOST_MESSY if name == "messy" else MOST_WORDS)
    assert readability.repeated(page) < MOST_REPEATED
    assert readability.reading_ease(page) >= LEAST_EASE


def test_the_first_pages_say_which_data_and_what_was_found() -> None:
    text = " ".join(readability.words(first(pages()["messy"])))
    for said in (
        "A study of many heads",
        "2.1.0",
        "another study",
        "2026-03-01",
        "0a1b2c3d4e5f",
        "FLAIR (MRI in which fluid appears dark)",
        "and 45 of other kinds",
        "40 of 72",
        "24 of a kind that no attack was asked to compare",
        "texts.html",
        "What follows",
        "exceeded with shuffled names once in 20 tries",
        "or guessing if higher",
        "What was not tested",
        "Date and signature",
        "Ask for what was left out: tables",
    ):
        assert said in text, said


def test_every_rule_that_applies_stands_in_the_annex_and_its_answer_in_front() -> None:
    page = pages()["messy"]
    found = " ".join(re.findall(r'<li data-codes="([a-z_ ]+)"', page)).split()
    assert {
        "images_not_looked_at",
        "deidentified_still_links",
        "images_copied",
        "scans_doubtful",
    } <= set(found)
    assert sorted(found) == sorted(r["code"] for r in follows_rows(withhold_small_cells(messy())))
    for said in ("Remove the faces in", "Ask for what was left out", "Repair, unpack"):
        assert said in first(page)


def test_no_two_things_on_a_page_bear_one_name() -> None:
    page = pages()["messy"]
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(names)) == len(names)
    referred = {*re.findall(r'href="#([^"]+)"', page), *re.findall(r"url\(#([^)]+)\)", page)}
    assert referred <= set(names)


def test_titles_of_any_kind_stay_text() -> None:
    hostile = '<script>alert("x")</script>&amp;{{ 7 * 7 }}'
    page = public_html(replace(Report((), {}, "0"), title=hostile), RUN, "0")
    assert "<script" not in page
    assert "{{ 7 * 7 }}" in page
    assert len(re.findall("<h1>", page)) == 1


def test_every_cell_of_a_table_bears_its_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "section_figures", lambda *_: {})
    page = public_html(withhold_small_cells(messy()), RUN, "0")
    for table in re.findall(r"<table.*?</table>", page, flags=re.DOTALL):
        headings = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table, flags=re.DOTALL)
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table.split("<tbody>")[1], flags=re.DOTALL):
            labels = re.findall(r'data-label="([^"]*)"', row)
            plain = [re.sub(r"<[^>]+>", "", heading) for heading in headings]
            assert labels == plain[: len(labels)]
            assert labels


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_labelling_changes_no_text(cells: list[str]) -> None:
    from markupsafe import escape

    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in cells)
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    table = f"<table><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>"
    assert re.sub(r' data-label="[^"]*"', "", labelled(table)) == table


@pytest.mark.parametrize(
    ("word", "count"),
    [("make", 1), ("people", 2), ("identification", 6), ("searched", 1), ("rate", 1), ("scans", 1)],
)
def test_syllables(word: str, count: int) -> None:
    assert readability.syllables(word) == count


def test_the_measures_can_fail() -> None:
    twice = "<p>One and the same sentence stands here twice.</p>" * 2
    assert readability.repeated(twice) == 0.5
    assert readability.abbreviations("<p>The FPIR of MRI (MRI) is high.</p>") == {"FPIR"}
    hard = "<p>Institutional identifiability considerations necessitate authorisation.</p>"
    assert readability.reading_ease(hard) < 0


def test_warnings_are_no_numbered_steps_and_texts_are_linked() -> None:
    page = pages()["plain"]
    for part in (first(page), page[len(first(page)) :]):
        steps = "".join(re.findall(r'<ol class="follows">.*?</ol>', part, flags=re.DOTALL))
        assert "contract" in steps
        assert "forecast_ends" not in steps
        assert "Do not count on" not in steps
    for page in pages().values():
        plain = re.sub(r'<a href="texts\.html">texts\.html</a>', "", page)
        assert "texts.html" not in plain
