"""``report.json`` keeps the published schema, and the schema keeps the contract's names."""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

sys.path.append(str(Path(__file__).parents[1] / "report"))
from simulated_report import RUN, SETTINGS, simulated_report

from headrisk.findings.records import SCHEMA_VERSION, Counts, ModalitySection, Report
from headrisk.report.write import public_files

COUNTS = {"persons", "scans", "failed", "mated_pairs", "nonmated_pairs", "gallery_size"}
MEASURE = {"auc", "eer", "d_prime", "rank1", "rank5", "mated_min", "nonmated_max", "threshold"}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    folder = resources.files("headrisk.report") / "schema"
    schema = json.loads((folder / "report.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema_version"]["const"] == SCHEMA_VERSION
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    report, _ = simulated_report()
    loaded: dict[str, Any] = json.loads(public_files(report, RUN)["report.json"])
    return loaded


def test_report_keeps_the_schema(validator: Draft202012Validator, content: dict[str, Any]) -> None:
    validator.validate(content)


def test_internal_report_and_small_reports_keep_the_schema(
    validator: Draft202012Validator,
) -> None:
    empty = Report((), SETTINGS.as_dict(), "0.1.0")
    failed = ModalitySection("brain", Counts(3, 3, 3, 0, 0, 0))
    few, _ = simulated_report(people=3, sites=False)
    for report in (empty, Report((failed,), SETTINGS.as_dict(), "0.1.0"), few):
        validator.validate(json.loads(public_files(report, RUN)["report.json"]))


def test_contract_names_are_there(content: dict[str, Any]) -> None:
    brain = content["modalities"]["brain"]
    assert brain["counts"].keys() >= COUNTS
    assert brain["measures"]["residual-correlation"].keys() >= MEASURE
    measure = brain["measures"]["residual-correlation"]
    assert measure["rank1"].keys() >= {"value", "low", "high", "n"}
    assert measure["threshold"].keys() >= {"kde", "fmr_1e-2", "fmr_1e-3"}
    assert isinstance(measure["auc"], float)
    assert isinstance(measure["threshold"]["kde"], float)
    assert {row["name"] for row in brain["conditions"]} == {"site", "age"}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schema_version",), "0.9"),
        (("modalities", "brain", "counts", "persons"), -1),
        (("modalities", "brain", "measures", "mae", "auc"), 1.2),
        (("modalities", "brain", "measures", "mae", "rank1"), 0.5),
        (("modalities", "brain", "measures", "mae", "threshold"), {"kde": 1.0}),
    ],
)
def test_schema_notices_a_broken_report(
    validator: Draft202012Validator, content: dict[str, Any], place: tuple[str, ...], value: object
) -> None:
    broken = json.loads(json.dumps(content))
    inner = broken
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValidationError):
        validator.validate(broken)


def test_small_condition_counts_never_fit_the_schema(
    validator: Draft202012Validator, content: dict[str, Any]
) -> None:
    broken = json.loads(json.dumps(content))
    broken["modalities"]["brain"]["conditions"][0]["persons"] = 4
    with pytest.raises(ValidationError):
        validator.validate(broken)
