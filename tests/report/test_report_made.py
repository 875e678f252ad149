"""What an attack made of several draws and says; what outputs say of where they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_report import RUN, SETTINGS, random_scores, simulated_report

from headrisk.dataset.description import DataSetName, doi_in
from headrisk.findings.records import Internal, Report
from headrisk.findings.risk_tables import risk_tables
from headrisk.report.html import section_figures
from headrisk.report.withhold import withhold_section
from headrisk.report.words.follows import Said, together
from headrisk.report.write import described, write_report

MIXTURE = "by-contrast-pair"


def mixed() -> Report:
    """A report in which the attack that speaks is none of the measures, but a mixture of them."""
    report = simulated_report()[0]
    (section,) = report.modalities
    first, risk = section.headline, section.risk
    assert first is not None
    assert risk is not None
    risk = replace(risk, measure=MIXTURE)
    scores = [random_scores(40, 2.5, name, 1) for name in SETTINGS.measures[:2]]
    tables = {**section.tables, **risk_tables(risk, scores)}
    strongest = replace(first, name=MIXTURE)
    return replace(
        report, modalities=(replace(section, strongest=strongest, risk=risk, tables=tables),)
    )


def test_the_linkability_of_a_mixture_is_in_the_table_and_drawn() -> None:
    section = withhold_section(mixed().modalities[0])
    rows = [row for row in section.tables["linkability"].rows if row[0] == MIXTURE]
    assert section.risk is not None
    assert [row[1] for row in rows] == [point.size for point in section.risk.linkability]
    assert all(row[2] is not None for row in rows)
    assert section.headline is not None
    assert "forecast" in section_figures(section, section.headline)


def test_a_table_without_the_attack_that_speaks_is_not_drawn_and_stops_nothing() -> None:
    section = withhold_section(mixed().modalities[0])
    table = section.tables["linkability"]
    others = replace(table, rows=tuple(row for row in table.rows if row[0] != MIXTURE))
    section = replace(section, tables={**section.tables, "linkability": others})
    assert section.headline is not None
    assert "forecast" not in section_figures(section, section.headline)


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (None, None),
        (DataSetName("heads"), None),
        (DataSetName("heads", "1.2.0"), {"Version": "1.2.0"}),
        (DataSetName("h", "1.2.0", (), "10.1/x"), {"DOI": "doi:10.1/x", "Version": "1.2.0"}),
        (DataSetName("h", "doi:10.1/x", (), "10.1/x"), {"DOI": "doi:10.1/x"}),
    ],
)
def test_outputs_name_their_source_by_doi_and_version(
    data: DataSetName | None, source: dict[str, str] | None
) -> None:
    found = described("Title", "0.1.0", "what", data)
    assert found.get("SourceDatasets") == (None if source is None else [source])
    assert found["DatasetType"] == "derivative"
    assert found["GeneratedBy"][0]["Version"] == "0.1.0"


def test_the_source_stands_in_the_output_folder_and_its_name_does_not(tmp_path: Path) -> None:
    data = DataSetName("Heads of all", "2.0.0", (), "10.18112/openneuro.ds000001.v2.0.0")
    write_report(Report((), {}, "0.1.0", data=data), Internal(), tmp_path / "out", RUN)
    told = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert told["SourceDatasets"] == [
        {"DOI": "doi:10.18112/openneuro.ds000001.v2.0.0", "Version": "2.0.0"}
    ]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["data"]["doi"] == data.doi


@given(st.text(max_size=40))
def test_a_doi_is_found_whatever_stands_around_it(text: str) -> None:
    assert doi_in(f"{text} https://doi.org/10.5281/zenodo.42") or "10." in text
    assert doi_in(text) == "" or doi_in(text).startswith("10.")


def test_a_rule_that_applies_twice_says_once_what_to_do() -> None:
    look = "Look at it."
    said = together(
        [Said("a: 1 of 9 failed.", (look,)), Said("b: 2 of 9 failed.", (look, "Or drop it."))]
    )
    assert said == "a: 1 of 9 failed. b: 2 of 9 failed. Look at it. Or drop it."
