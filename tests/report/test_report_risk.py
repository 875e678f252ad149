"""Sentences, tables and records of the risk part, and the comparison of two reports."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from simulated_report import RUN, SETTINGS, simulated_report

from headrisk.errors import InputError
from headrisk.findings.codec import record, report_as_dict
from headrisk.io.canonical import canonical_json
from headrisk.report.compare import compare_folders
from headrisk.report.html import public_html
from headrisk.report.tsv import parse_table
from headrisk.report.words import risk as risk_words
from headrisk.report.words.boards import boards
from headrisk.report.words.methods import methods_text
from headrisk.report.words.paragraphs import dpia_paragraph
from headrisk.report.write import rebuild_html
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.attackers import CLINICAL_INSIDER, VETTED_RESEARCHER, AttackOutcome
from headrisk.types import Estimate

pytestmark = pytest.mark.usefixtures("drawn_once")

PROMISES = re.compile(r"\b(anonymous|safe|certified|secure)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def risk() -> Assessment:
    found = simulated_report()[0].modalities[0].risk
    assert found is not None
    return found


def outcome(success: Estimate | None, **state: bool) -> AttackOutcome:
    flags = {"measured": False, "beyond": False, "bound_only": False} | state
    return AttackOutcome(
        VETTED_RESEARCHER,
        success,
        None,
        flags["measured"],
        flags["beyond"],
        flags["bound_only"],
        40,
        40,
        "few people",
    )


def test_records_come_back_from_json(risk: Assessment) -> None:
    again = record(Assessment, json.loads(canonical_json(asdict(risk))))
    assert again.attackers[0].attacker == risk.attackers[0].attacker
    assert again.forecast.points[-1].size == 10_000_000
    assert canonical_json(asdict(again)) == canonical_json(asdict(risk))


def test_records_refuse_what_is_missing(risk: Assessment) -> None:
    content = json.loads(canonical_json(asdict(risk)))
    del content["forecast"]["points"]
    with pytest.raises(KeyError, match="points"):
        record(Assessment, content)


def test_an_attacker_is_worded_in_people() -> None:
    seven = Estimate(0.0071, 0.0041, 0.0118, 400)
    assert risk_words.of_attacker(outcome(seven, measured=True)) == (
        "Of 1,000 people whom this attacker looks for, about 7 would be correctly identified "
        "(plausibly 4 to 12)."
    )
    assert "up to 12 would be correctly identified (forecast" in risk_words.of_attacker(
        outcome(seven)
    )
    assert "hardly more than a guess" in risk_words.of_attacker(outcome(seven, beyond=True))
    bound = risk_words.of_attacker(outcome(Estimate(0.08, 0.0, 0.08, 40), bound_only=True))
    assert "at most 8 would be correctly identified: a bound" in bound
    assert risk_words.of_attacker(outcome(None)) == (
        "No figure. No forecast: 40 people could be searched for in a gallery of 40, and at least "
        "20 of each are needed."
    )


def test_attackers_are_described_with_their_odds() -> None:
    text = risk_words.describe(VETTED_RESEARCHER)
    assert "of 1,000 people with their names" in text
    assert "finds the person among them in 1 of 10 cases" in text
    assert "a false-positive identification in 1 of 100 searches" in text
    insider = risk_words.describe(CLINICAL_INSIDER)
    assert "knows that the person is among them, and always names the best match" in insider
    odd = risk_words.describe(replace(VETTED_RESEARCHER, prior=0.003))
    assert "3 of 1,000 cases" in odd


def test_the_upper_end_of_the_forecast_is_the_headline(risk: Assessment) -> None:
    point = risk_words.headline_point(risk.forecast)
    assert point is not None
    assert point.size == 1000
    text = risk_words.forecast_short(risk.forecast).replace("\u00a0", " ")
    said = "it may be up to" if point.said else "it is no more than"
    assert text.startswith(f"among 1,000 people {said} ")
    assert f"{100 * point.high:.0f}" in text or f"{int(100 * point.high) + 1} %" in text


def test_everybody_linked_gives_a_bound_and_no_models(risk: Assessment) -> None:
    bound = replace(risk.forecast, bound_only=True, models=())
    assert "may still be everybody" in risk_words.forecast_short(bound)
    assert "may still be 100 %" in risk_words.forecast(bound)


def test_the_page_holds_all_parts_and_no_promise(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    texts = (written / "texts.html").read_text("utf-8")
    for anchor in (
        "people",
        "larger",
        "attackers",
        "brain-open-set",
        "brain-forecast",
        "boards",
        "signoff",
        "follows",
        "untested",
        "how-forecast",
    ):
        assert f'id="{anchor}"' in page
    for anchor in ("wp216", "recital26", "hipaa", "iso27559", "regulators", "paragraph"):
        assert f'id="{anchor}"' in texts
    assert 'class="beyond"' in page
    text = re.sub(r"<[^>]+>", " ", page)
    assert not PROMISES.search(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))
    assert "about to be" not in page


def test_the_line_of_regulators_and_a_line_of_ones_own() -> None:
    said = []
    for line in (None, 0.09, 0.9):
        report, _ = simulated_report(settings=replace(SETTINGS, risk_line=line))
        questions = {one.key: one for one in boards(report, RUN).questions}
        said.append([point.text for point in questions["regulators"].points])
    assert said[0] == said[1]
    assert len(said[0]) == 1
    assert said[0][0].startswith("Over 0.09: ")
    assert [text.split(":")[0] for text in said[2]] == ["Over 0.09", "Not shown to keep to 0.9"]


def test_the_paragraph_and_the_methods_say_what_ran() -> None:
    report, _ = simulated_report()
    text = " ".join(dpia_paragraph(report))
    assert "84 scans of 42 people" in text
    assert "Attacks not tried: photographs" in text
    assert "[name, role, date]" in text
    methods = methods_text(report, RUN)
    assert "hypergeometric" in methods
    assert "clinical-insider (gallery 100,000, prior 1, no false-match budget)" in methods
    assert text.split(". ")[1] in methods
    assert not PROMISES.search(text + methods)


def test_small_samples_have_no_risk_part_but_say_what_they_could_have_shown() -> None:
    report, _ = simulated_report(people=3, sites=False)
    assert report.modalities[0].risk is None
    assert "smallest risk this sample could have shown is" in report.modalities[0].too_little
    page = public_html(report, RUN, "0")
    assert "Too few people" in page
    assert report_as_dict(report)["modalities"]["brain"]["risk"] is None


def test_forecast_table_has_the_range_first(written: Path) -> None:
    path = written / "tables" / "brain-forecast.tsv"
    table = parse_table(path.read_text("utf-8"), path.name)
    first = [row for row in table.rows if row[0] == 1000]
    assert next(row[1] for row in first) == "range over models"
    assert len(first) == 7
    high = max(row[4] for row in first[1:])
    said = first[0][2] is not None  # else the range ends at the limit of the measured rate
    assert first[0][4] <= high + 1e-6 if said else first[0][4] >= high


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda out: (out / "report.json").unlink(), "without report.json"),
        (lambda out: shutil.rmtree(out / "tables"), "without tables"),
        (lambda out: (out / "tables" / "brain-forecast.tsv").unlink(), "brain-forecast.tsv"),
        (lambda out: (out / "report-run.json").unlink(), "without report-run.json"),
        (lambda out: shutil.rmtree(out), "no such folder"),
        (
            lambda out: (
                [p.unlink() for p in (out / "report.json", out / "report-run.json")]
                + [shutil.rmtree(out / "tables")]
            ),
            "no report",
        ),
        (
            lambda out: _edit(out, '"schema_version": "1.3"', '"schema_version": "1.0"'),
            "schema version '1.0'; expected '1.3'",
        ),
        (lambda out: _edit(out, '"gallery_size": 1000,', '"gallery_size": -1,'), "gallery_size"),
        (lambda out: _edit(out, '"singling_out"', '"singled"'), "singling_out"),
    ],
)
def test_half_deleted_and_old_folders_get_a_sentence(
    written: Path, tmp_path: Path, break_it, words: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(written, out)
    break_it(out)
    for read in (rebuild_html, lambda folder: compare_folders([written, folder])):
        with pytest.raises(InputError) as caught:
            read(out)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def _edit(out: Path, old: str, new: str) -> None:
    path = out / "report.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    (out / "report-files.json").unlink()  # as an earlier version left it, without digests


def test_no_figure_of_an_attacker_is_called_a_bound() -> None:
    """The share of people the attacker knows is an assumption: beside it stands what holds then."""
    outcome = AttackOutcome(
        VETTED_RESEARCHER, Estimate(0.1, 0.0, 0.1, 6), None, False, False, bound_only=True
    )
    text = risk_words.attacker_cell(outcome)
    assert text == "up to 10\u00a0%, as 1 of 10 are assumed to be known; of these up to 100\u00a0%"
    assert "bound" not in text
    assert "at most" not in text
