"""A report of schema version 1.1 says the same as today's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from simulated_report import simulated_report

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.codec import report_as_dict, report_from_dict
from headrisk.findings.older import upgraded
from headrisk.findings.records import Report, RunRecord
from headrisk.io.canonical import canonical_json
from headrisk.report.html import public_html
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words import summary
from headrisk.report.words.inventory import REASONS
from headrisk.report.words.summary import compared_scans


def _of_1_2(today: dict[str, Any]) -> dict[str, Any]:
    """The same report as schema version 1.2 wrote it: sentences in the place of codes."""
    older = json.loads(json.dumps(today)) | {"schema_version": "1.2"}
    for row in (older["inventory"] or {}).get("kinds", ()):
        reasons = row.pop("reasons")
        row["reason"] = "; ".join(f"{n} {REASONS[code]}" for code, n in reasons.items())
        del row["compared"], row["apart"], row["faces"]
    for section in older["modalities"].values():
        kinds = section.pop("contrasts")
        section["compared"] = compared_scans(kinds, 1, 0)
        headline = (section["headline"] or {}).get("figures")
        for measure in (*section["measures"].values(), *([headline] if headline else [])):
            for one in measure["threshold_rates"].values():
                few = [f"{rates} rest on fewer than 30 errors" for rates in one.pop("few")]
                missing = one.pop("missing")
                why = [summary.WHY_NO_THRESHOLD[missing["why"]]] if missing else []
                held = ["withheld: fewer than 10 people stand behind it"] * one.pop("withheld")
                one["remark"] = "; ".join((*why, *few, *held))
    return older


def _report() -> Report:
    report = simulated_report()[0]
    kinds = (KindRow("anat", "T1w", 9, 5, 1, 3, {"archive": 3, "empty": 1}),)
    sections = tuple(replace(one, contrasts=("T1w", "FLAIR")) for one in report.modalities)
    return withhold_small_cells(
        replace(report, modalities=sections, inventory=InventoryCounts(9, 5, 1, 3, kinds))
    )


def test_what_version_1_2_said_is_read_as_reasons() -> None:
    report = _report()
    today = json.loads(canonical_json(report_as_dict(report)))
    again = report_from_dict(
        upgraded(_of_1_2(today)),
        {f"{one.name}-{n}": t for one in report.modalities for n, t in one.tables.items()},
    )
    assert again.inventory is not None
    assert dict(again.inventory.kinds[0].reasons) == {"inside an archive": 3, "an empty file": 1}
    for mine, one in zip(again.modalities, report.modalities, strict=True):
        assert mine.contrasts == one.contrasts
        for found, measure in zip(mine.measures, one.measures, strict=True):
            for rule, threshold in measure.thresholds.items():
                assert found.thresholds[rule].few == threshold.few
                assert found.thresholds[rule].withheld == threshold.withheld
                assert bool(found.thresholds[rule].missing) == bool(threshold.missing)
        assert summary.threshold_remarks(mine.measures[0])
    run = RunRecord("2026-03-01T08:00:00Z")
    assert "3 inside an archive (T1w)" in public_html(again, run, "0")


def test_a_report_of_version_1_1_is_brought_into_todays_form() -> None:
    today = json.loads(canonical_json(report_as_dict(withhold_small_cells(simulated_report()[0]))))
    older = json.loads(json.dumps(_of_1_2(today) | {"schema_version": "1.1"}))
    for section in older["modalities"].values():
        risk = section["risk"]
        if risk is None:
            continue
        del risk["forecast"]["budget"]
        risk["forecast"]["sentence"] = "Forecast."
        for one in risk["attackers"]:
            for name in ("people", "gallery", "reason"):
                del one[name]
            one["sentence"] = "Measured."
        for one in risk["singling_out"]:
            del one["needed"], one["others"]
            one["reason"] = ""
        for one in risk["arms"]:
            one["reason"] = {
                "": "",
                "not known": "The scan table names no site that two scans share.",
                "few people": "Fewer than 5 people share a site with somebody else here.",
            }[one["reason"]]
    again = upgraded(older)
    assert [name for name, one in again["modalities"].items() if one["risk"]]
    for name, section in today["modalities"].items():
        mine = again["modalities"][name]["risk"]
        if section["risk"] is None:
            continue
        assert mine["arms"] == section["risk"]["arms"]
        for kind in ("forecast", "attackers"):
            found = mine[kind] if kind == "attackers" else [mine[kind]]
            wanted = section["risk"][kind] if kind == "attackers" else [section["risk"][kind]]
            for one, other in zip(found, wanted, strict=True):
                assert {key: one[key] for key in other if key not in ("people", "gallery")} == {
                    key: other[key] for key in other if key not in ("people", "gallery")
                }
