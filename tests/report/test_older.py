"""A report of schema version 1.1 says the same as today's."""

from __future__ import annotations

import json

from simulated_report import simulated_report

from headrisk.findings.codec import report_as_dict
from headrisk.findings.older import upgraded
from headrisk.io.canonical import canonical_json
from headrisk.report.withhold import withhold_small_cells


def test_a_report_of_version_1_1_is_brought_into_todays_form() -> None:
    today = json.loads(canonical_json(report_as_dict(withhold_small_cells(simulated_report()[0]))))
    older = json.loads(json.dumps(today))
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
