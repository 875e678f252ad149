"""Pages and sentences fall into none of the traps that sentences with figures in them have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_pages import PAGES
from simulated_report import RUN, SETTINGS, random_scores, scan_rows, simulated_report
from simulated_treatment import treatment
from test_report_page import messy

from headrisk.attacks.section import modality_section
from headrisk.dataset.description import DataSetName
from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.records import FacesLeft, ModalitySection, Report
from headrisk.report import html
from headrisk.report.follows import Follow
from headrisk.report.html import public_html
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words import (
    brain,
    deidentified,
    duplicates,
    face,
    first_page,
    metadata,
    phrases,
    presence,
    rescan,
    summary,
    table,
)
from headrisk.report.words.follows import SENTENCES, brief, sentence
from headrisk.report.words.inventory import REASONS
from headrisk.report.words.methods import methods_text
from headrisk.report.words.risk import of_attacker
from headrisk.settings import Settings
from headrisk.statistics.assessment import assess
from headrisk.statistics.attackers import NAMED_ATTACKERS, VETTED_RESEARCHER, AttackOutcome
from headrisk.statistics.intervals import wilson
from headrisk.statistics.summary import summarise
from headrisk.types import Estimate

NOUNS = (
    "people|scans|fields|files|columns|photographs|pairs|records|rows|values|cores|processes|"
    "cases|findings|IDs|sets|quasi-identifiers|direct identifiers|were"
)
TRAPS = {
    "a before a vowel": r"\b[Aa] (?!one\b|once\b|uni|use|eu)[aeio]\w+",
    "an before a consonant": r"\b[Aa]n (?![aeiouhAEIOFLMNRSX8])\w+",
    "two stops": r"(?<![./\w])\w*[a-z)%]\.\.(?![./])|\.,|,,|\. \.|;\.",
    "one of several": rf"(?<!\bto) 1 ({NOUNS})\b",
    "a sentence that starts small": r"(data|search|figure)\. [a-z]",
    "a share within a share": r"\b(all|0 seen), at (least|most)|here are \d",
    "a bound that bounds nothing": r"Of ([\d,]+) people[^.]*(at most|up to) \1 would",
    "nothing to fill in": r"\bNone\b(?! of)|\bnan\b|\(\)|\{|\}",
    "a private term": r"named rightly|\bstranger|false name|\btreated scans|untreated",
}


def caught(text: str) -> list[str]:
    """Every trap that a text falls into, with the place."""
    flat = " ".join(text.replace("\u00a0", " ").split())
    return [
        f"{name}: ...{flat[max(0, found.start() - 50) : found.end() + 30]}..."
        for name, trap in TRAPS.items()
        for found in re.finditer(trap, flat)
    ]


def prose(page: str) -> str:
    """The sentences of a page, one in each line, without style, figures and cells."""
    page = re.sub(r"<(style|svg|code|td|th|caption)\b.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"</(h\d|p|li|dd|dt|div)>", " | ", page)
    return unescape(re.sub(r"<[^>]+>", " ", page))


def section(people: int, separation: float) -> ModalitySection:
    """A brain section of so many people, of whom nobody (0) to everybody (9) is found."""
    settings = replace(SETTINGS, bootstrap=100)
    scores = [random_scores(people, separation, name, 1) for name in settings.measures[:2]]
    rng = np.random.default_rng(1)
    found = [summarise(one, settings=settings, rng=rng) for one in scores]
    risk = assess(
        scores[0], found[0].verdict.smallest_risk, list(NAMED_ATTACKERS), settings=settings, rng=rng
    )
    return modality_section(
        "brain",
        scan_rows([f"{k:03d}" for k in range(people)]),
        scores,
        found,
        compared=summary.compared_scans(["T1w"], 1, 1),
        method=brain.method_sentences(Settings(), {}),
        risk=None if risk is None else risk[0],
    )


@pytest.mark.parametrize("people", [1, 2, 5, 12, 30])
@pytest.mark.parametrize("separation", [0.0, 2.5, 9.0])
def test_pages_of_any_outcome(
    people: int, separation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "section_figures", lambda *_: {})
    report = Report((section(people, separation),), {}, "0")
    for one in (report, withhold_small_cells(report)):
        assert caught(prose(public_html(one, RUN, "0"))) == []
        assert caught(methods_text(one, RUN).split("## Software")[0]) == []


@pytest.mark.parametrize("people", [5, 40])
def test_pages_with_a_de_identification_method(
    people: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "section_figures", lambda *_: {})
    report = replace(simulated_report()[0], treatments=(treatment("template", people),))
    for one in (report, withhold_small_cells(report)):
        assert caught(prose(public_html(one, RUN, "0"))) == []


def test_a_page_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "section_figures", lambda *_: {})
    for one in (messy(), withhold_small_cells(messy())):
        assert caught(prose(public_html(one, RUN, "0"))) == []


def odd(images: int, failed: int, left_out: int, reasons: dict[str, int]) -> Report:
    """A report of so many images in which nobody could be searched for."""
    looked = images - failed - left_out
    rows = (KindRow("anat", "T1w", images, looked, failed, left_out, reasons),) if images else ()
    counts = InventoryCounts(images, looked, failed, left_out, rows, {"archive": 1}, 1, 1)
    answers = {"face": looked, "part": 0, "unclear": 0, "failed": failed, "gone": 0, "outside": 0}
    left = FacesLeft(True, looked + failed, answers, {"T1w": answers}) if images else None
    return Report(
        (section(1, 0.0),) if looked else (),
        {},
        "0",
        title='<b>"A" & {{ b }}</b>',
        inventory=counts,
        faces_left=left,
        data=DataSetName("Heads & <others>"),
    )


@pytest.mark.parametrize(
    ("images", "failed", "left_out", "reasons"),
    [
        (0, 0, 0, {}),
        (1, 0, 0, {}),
        (1, 1, 0, {"empty": 1}),
        (1, 0, 1, {"archive": 1}),
        (7, 7, 0, {"empty": 3, "damaged": 4}),
        (9, 1, 1, {"format": 1, "sourcedata": 1}),
    ],
)
def test_pages_of_odd_data_sets(
    images: int,
    failed: int,
    left_out: int,
    reasons: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No image, one, none that could be used, markup in the title: a page that still reads."""
    monkeypatch.setattr(html, "section_figures", lambda *_: {})
    page = public_html(withhold_small_cells(odd(images, failed, left_out, reasons)), RUN, "0")
    text = prose(page)
    assert caught(text.replace("{{ b }}", "")) == []
    assert "<b>" not in page
    every = ", all" if images > 1 else ","
    said = f"{images}{every} T1w (T1-weighted MRI)." if images else "No image was found."
    flat = " ".join(text.split())
    assert said in flat
    if images:
        assert f"{images - failed - left_out} of {images}" in flat
    for code, count in reasons.items():
        assert f"{count} {REASONS[code]} (T1w)" in flat


@pytest.mark.parametrize("name", PAGES)
def test_every_page_that_is_written(all_pages: Path, name: str) -> None:
    assert caught(prose((all_pages / name).read_text())) == []


@pytest.mark.parametrize("code", SENTENCES)
@pytest.mark.parametrize("count", [1, 2, 1204, "0 to 2", "21 to 24"])
def test_what_follows(code: str, count: int | str) -> None:
    rate = Estimate(0.1, 0.02, 0.3, 12)
    of = count if isinstance(count, int) else 30
    for kinds in ((), ("face",), ("brain", "face")):
        one = Follow(code, "brain", count, of, kinds or ("brain",), rate, 59)
        for said in (sentence(one), brief([one])):
            assert caught(said) == []
            assert said.count("(") == said.count(")")


@pytest.mark.parametrize(
    "names", [("brain",), ("face", "face-scans"), ("table", "brain", "metadata")]
)
@pytest.mark.parametrize(
    "answers", [{"face": 1}, {"face": 7}, {"part": 1, "gone": 2}, {"failed": 3}]
)
def test_faces_and_what_defacing_leaves(names: tuple[str, ...], answers: dict[str, int]) -> None:
    """Each attack stands in one sentence of what defacing changes, and every image in the table."""
    made = section(5, 9.0)
    sections = tuple(replace(made, name=name) for name in names)
    images = sum(answers.values())
    left = FacesLeft(True, images, answers, {"T1w": answers}, {"detectors": images})
    report = Report(sections, {}, "0", faces_left=left)
    said = first_page.unmeasured_defacing(report)
    assert all(summary.title_of(name).lower() in said for name in names)
    table = presence.faces_table(report)
    assert all(sum(cells[1:]) == cells[0] for _, cells in table.rows)
    told = (said, presence.faces_by_kind(report), *presence.faces_reasons(report))
    assert [caught(text) for text in told] == [[]] * len(told)


@given(n=st.integers(1, 400), share=st.floats(0, 1), ranges=st.booleans())
def test_rates(n: int, share: float, ranges: bool) -> None:
    hits = round(share * n)
    found = wilson(hits, n)
    assert found is not None
    if ranges:
        found = replace(found, fewest=hits, most=min(hits + 2, n))
    said = (phrases.rate(found), phrases.share(found), phrases.percentage(found))
    assert all(text.count("(") == 1 for text in said)
    assert [caught(f"They are {text}.") for text in said] == [[], [], []]
    assert caught(f"{phrases.capital(phrases.natural_frequency(found))}.") == []


@given(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans())
def test_attackers(low: float, high: float, bound: bool, measured: bool) -> None:
    low, high = min(low, high), max(low, high)
    success = Estimate((low + high) / 2, low, high, 40)
    outcome = AttackOutcome(VETTED_RESEARCHER, success, None, measured, False, bound)
    assert caught(of_attacker(outcome)) == []


COUNTED: tuple[Callable[[int], str], ...] = (
    lambda n: metadata.summary_sentence(metadata.Files(n, n, 0, 0), {"direct identifier": n}),
    lambda n: metadata.unread_answer(metadata.Files(2 * n, 0, n, n)),
    lambda n: metadata.copy_sentence(metadata.Copy(n, 0, n, n, n, n, n, n)),
    lambda n: metadata.copy_sentence(metadata.Copy(0, n, n, n, n, n, 0, n)),
    lambda n: metadata.fields_answer(n, "EchoTime", 0.9, 0.1),
    lambda n: metadata.people_answer("5 to 7", 8, ["age"][:n], 0),
    lambda n: table.columns_answer(n, n, ["FreeSurfer"]),
    lambda n: table.identifiers_answer(n, n, enough=True),
    lambda n: table.compared_sentence(2, n, 0),
    lambda n: face.photographs_answer(n, "0 to 2"),
    lambda n: face.compared_sentence(n, n),
    lambda n: presence.presence_answer(n, n, [("hog", n)], dict.fromkeys(presence.LEFT, n)),
    lambda n: presence.coverage_answer(n, n),
    lambda n: presence.claims_answer(n, n, n),
    lambda n: duplicates.summary_sentence(n, n, compared=n, counts={"two-ids": n}),
    lambda n: deidentified.sidecar_line(n),
    lambda n: deidentified.look_line(n),
    lambda n: rescan.compared_sentence("mild", n),
    lambda n: summary.sample_sentence(summary.Sample(n, n, 0.5)),
    lambda n: summary.compared_scans(["T1w"], 2, n),
)


@pytest.mark.parametrize("say", COUNTED)
def test_sentences_with_counts(say: Callable[[int], str]) -> None:
    assert [caught(say(n)) for n in (0, 1, 2, 1204)] == [[], [], [], []]


@pytest.mark.parametrize("alignment", ["affine", "rigid"])
def test_the_methods_of_brains(alignment: str) -> None:
    said = brain.method_sentences(replace(Settings(), alignment=alignment), {})  # type: ignore[arg-type]
    assert caught(" ".join(said)) == []
    assert any(f"by {phrases.a(alignment)} (" in text for text in said)


@pytest.mark.parametrize(
    "wrong",
    [
        "by a affine transform",
        "are found..",
        "1 fields differ",
        "comes first in all, at least 74 %",
        "Too little data. nobody",
        "needs 300 people; here are 12.",
        "and 1 were left out",
        "Of 10 people whom he seeks, at most 10 would be named.",
    ],
)
def test_the_traps_catch(wrong: str) -> None:
    assert caught(f"It is so, {wrong}") != []
