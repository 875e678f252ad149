"""Treatments in the report: small cells, schema, round trip, figures, page; unkept claims."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

sys.path.append(str(Path(__file__).parents[1] / "report"))
from simulated_report import RUN, simulated_report
from simulated_treatment import treatment

from headrisk.attacks.face_panels import claims_panel, claims_table
from headrisk.dataset.scans import Scan
from headrisk.face.head import HeadResult
from headrisk.face.presence import FaceVerdict, Sight
from headrisk.findings.codec import treatments_dict, treatments_from
from headrisk.findings.records import Report
from headrisk.io.canonical import plain
from headrisk.report.figures import before_after_figure, trade_figure
from headrisk.report.treated_part import (
    before_after_table,
    trade_table,
    treatment_tables,
)
from headrisk.report.withhold import withhold_small_cells, withhold_treatment
from headrisk.report.words.deidentified import answer, brief, points
from headrisk.report.write import public_files


@pytest.fixture
def report() -> Report:
    base, _ = simulated_report()
    return replace(base, treatments=(treatment("refaced"), treatment("cut")))


def test_public_files_keep_the_schema_and_come_back(report: Report) -> None:
    files = public_files(withhold_small_cells(report), RUN)
    content = json.loads(files["report.json"])
    schema = resources.files("headrisk.report") / "schema" / "report.schema.json"
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(content)
    again = treatments_from(content["treatments"])
    assert [one.name for one in again] == ["cut", "refaced"]
    assert plain(treatments_dict(again)) == content["treatments"]
    page = files["report.html"].decode()
    assert "Not tested: no de-identified copy" not in page
    assert page.count("<figcaption>") >= 2
    assert "tables/treatments-trade.tsv" in page
    assert {f"tables/{name}.tsv" for name in treatment_tables(report.treatments)} <= files.keys()
    assert "Bonett" in files["methods.md"].decode()


def test_small_cells_are_withheld(report: Report) -> None:
    public = withhold_treatment(report.treatments[0])
    assert public.arrival.scans == 44
    assert (public.arrival.missing, public.arrival.extra) == ("0 to 3", "0 to 3")
    assert public.arrival.by_entities == "40 to 42"
    first = public.effects[0]
    assert first.failed == "2 to 4"
    assert first.rank1 is not None
    assert (first.rank1.lost, first.rank1.gained) == ("withheld", "withheld")
    assert first.rank1.p_value == 0.01
    assert public.face_left is not None
    assert public.face_left.verdicts == {"face": "0 to 2", "gone": "41 to 43"}
    few = withhold_treatment(treatment("few", people=4))
    assert all(e.rank1 is None and e.found is None and not e.linkability for e in few.effects)
    assert all(figure.mean is None and figure.worst is None for figure in few.cost)
    assert few.own_scan is not None
    assert few.own_scan.found is None
    assert not before_after_table((few,)).rows
    assert not trade_table((few,)).rows


def test_sentences_tell_naive_and_adaptive_apart(report: Report) -> None:
    said = " ".join(answer(withhold_treatment(report.treatments[0])))
    assert "in the de-identified scans as they are" in said
    assert "after filling in the face" in said
    assert "the very scan it was made from" in said
    assert "failed afterwards, which protects nobody" in said
    short = brief(withhold_treatment(report.treatments[0]))
    assert short.startswith("Photographs find")
    assert "once the face is filled in" in short
    assert points(-0.004) == "0"
    for word in ("anonymous", "safe", "certified"):
        assert word not in said


def test_the_plot_takes_the_stronger_attacker(report: Report) -> None:
    rows = [
        dict(zip(t.columns, row, strict=True))
        for t in [trade_table(report.treatments)]
        for row in t.rows
    ]
    faces = [row for row in rows if row["modality"] == "face"]
    assert [row["found"] for row in faces] == [0.35, 0.35]
    assert faces[0]["overlap_lost"] == pytest.approx(0.01)
    assert faces[0]["overlap_lost_low"] == pytest.approx(0.005)


def test_figures_are_the_same_for_the_same_table(report: Report) -> None:
    for draw, table in (
        (before_after_figure, before_after_table(report.treatments)),
        (trade_figure, trade_table(report.treatments)),
    ):
        first = draw(table)
        assert first == draw(table)
        assert "style=" not in first
        assert "refaced" in first


def head(verdict: FaceVerdict) -> HeadResult:
    seen = {name: np.full(9, -np.inf) for name in ("hog", "centerface", "mtcnn")}
    return HeadResult("x", "ok", "", 0.0, seen=seen, sight=Sight(verdict, "removed"))


def test_scans_called_defaced_that_show_a_face_are_listed() -> None:
    claim = "DeidentificationMethod: pydeface"
    told = [
        (claim, head("face"), True),
        (claim, head("part"), True),
        (claim, head("unclear"), True),
        (claim, head("gone"), False),
        ("DeidentificationMethod: mri_reface", head("face"), False),
        ("", head("face"), False),
        (claim, HeadResult("x", "failed", "torn", 0.0), True),
    ]
    scans = [
        Scan(f"scan-{k}", f"p{k}", f"/data/{k}.nii", face_claim=c)
        for k, (c, _, _) in enumerate(told)
    ]
    heads = [h for _, h, _ in told]
    listed = [row[0] for row in claims_table(scans, heads)["not-defaced"].rows]
    assert listed == [f"scan-{k}" for k, (_, _, wanted) in enumerate(told) if wanted]
    ((panel, table),) = claims_panel(scans, heads).items()
    assert "6 of 7 scans" in panel.answer
    assert "In 4 of them" in panel.answer, "scans are counted exactly, as on the first page"
    assert not any("scan-" in str(cell) for row in table.rows for cell in row)
    plain_scans = [replace(scan, face_claim="") for scan in scans]
    assert claims_panel(plain_scans, heads) == {}
    assert claims_table(plain_scans, heads) == {}
