"""The report as canonical JSON, and back.

Numbers are rounded to six significant digits and then written in their shortest form, so that
the same input and seed give the same bytes. What is not a finite number becomes null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.linkage.label_check import LabelCheck
from headrisk.linkage.mates import PeopleCounts
from headrisk.report.model import (
    SCHEMA_VERSION,
    Condition,
    Counts,
    MeasureResult,
    ModalitySection,
    Needs,
    Panel,
    Report,
    Table,
    Threshold,
)
from headrisk.report.records import record
from headrisk.report.treated_json import treatments_dict, treatments_from
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Choice
from headrisk.statistics.label_rates import as_images_say
from headrisk.types import Estimate


def report_as_dict(report: Report) -> dict[str, Any]:
    """The content of ``report.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "headrisk", "version": report.version},
        "title": report.title,
        "attacker": report.attacker,
        "not_tested": list(report.not_tested),
        "notes": list(report.notes),
        "settings": dict(report.settings),
        "inventory": asdict(report.inventory) if report.inventory else None,
        "treatments": treatments_dict(report.treatments),
        "modalities": {section.name: _section_dict(section) for section in report.modalities},
    }


def report_from_dict(content: Mapping[str, Any], tables: Mapping[str, Table]) -> Report:
    """Rebuild a report from ``report.json`` and its tables (named ``<modality>-<table>``)."""
    return Report(
        modalities=tuple(
            _section_from(name, section, tables)
            for name, section in sorted(content["modalities"].items())
        ),
        settings=content["settings"],
        version=content["tool"]["version"],
        title=content["title"],
        attacker=content["attacker"],
        not_tested=tuple(content["not_tested"]),
        notes=tuple(content["notes"]),
        treatments=treatments_from(content["treatments"]),
        inventory=_inventory_from(content.get("inventory")),
    )


def _inventory_from(content: Mapping[str, Any] | None) -> InventoryCounts | None:
    if content is None:
        return None
    kinds = tuple(KindRow(**row) for row in content["kinds"])
    return InventoryCounts(**{**content, "kinds": kinds})


def _section_dict(section: ModalitySection) -> dict[str, Any]:
    return {
        "counts": asdict(section.counts),
        "headline": _headline_dict(section),
        "measure_order": [measure.name for measure in section.measures],
        "measures": {measure.name: _measure_dict(measure) for measure in section.measures},
        "conditions": [_condition_dict(condition) for condition in section.conditions],
        "compared": section.compared,
        "method": list(section.method),
        "references": list(section.references),
        "tables": sorted(section.tables),
        "too_little_data": section.too_little,
        "panels": [vars(panel) for panel in section.panels],
        "simulated": section.simulated,
        "needs": vars(section.needs),
        "risk": asdict(section.risk) if section.risk else None,
        "labels": _labels_dict(section),
    }


def _headline_dict(section: ModalitySection) -> dict[str, Any] | None:
    """The figure that speaks, and how it was chosen; ``figures`` are its other rates."""
    first = section.headline
    if first is None:
        return None
    return {
        "measure": first.name,
        "rank1": estimate_dict(first.rank1) if section.sufficient else None,
        "choice": asdict(section.choice) if section.choice else None,
        "figures": _measure_dict(section.strongest) if section.strongest else None,
    }


def _measure_dict(measure: MeasureResult) -> dict[str, Any]:
    curves = {"auc": measure.auc, "eer": measure.eer, "d_prime": measure.d_prime}
    named: dict[str, float | None] = {"kde": None, "fmr_1e-2": None, "fmr_1e-3": None}
    named |= {name: item.value for name, item in measure.thresholds.items()}
    return {
        **{name: item.value if item else None for name, item in curves.items()},
        "intervals": {name: estimate_dict(item) for name, item in curves.items()},
        "rank1": estimate_dict(measure.rank1),
        "rank5": estimate_dict(measure.rank5),
        "mated_min": measure.mated_min,
        "nonmated_max": measure.nonmated_max,
        "threshold": named,
        "threshold_rates": {
            name: {
                "fmr": estimate_dict(item.fmr),
                "fnmr": estimate_dict(item.fnmr),
                "remark": item.remark,
            }
            for name, item in measure.thresholds.items()
        },
        "control": estimate_dict(measure.control),
        "chance": measure.chance,
        "reading": measure.reading,
        "remark": measure.remark,
        "extra": dict(measure.extra),
        "one_to_one": estimate_dict(measure.one_to_one),
    }


def _condition_dict(condition: Condition) -> dict[str, Any]:
    return {
        "name": condition.name,
        "level": condition.level,
        "persons": "<5" if condition.withheld else condition.persons,
        "mated_pairs": condition.mated_pairs,
        "rank1": estimate_dict(condition.rank1),
        "auc": condition.auc,
    }


def estimate_dict(estimate: Estimate | None) -> dict[str, Any] | None:
    """An estimate as {value, low, high, n, method}, or None."""
    return vars(estimate) if estimate else None


def _estimate_from(content: Mapping[str, Any] | None) -> Estimate | None:
    return Estimate(**content) if content else None


def _section_from(
    name: str, content: Mapping[str, Any], tables: Mapping[str, Table]
) -> ModalitySection:
    return ModalitySection(
        name=name,
        counts=_counts_from(content["counts"]),
        measures=tuple(
            _measure_from(measure, content["measures"][measure])
            for measure in content["measure_order"]
        ),
        conditions=tuple(_condition_from(item) for item in content["conditions"]),
        tables={table: tables[f"{name}-{table}"] for table in content["tables"]},
        compared=content["compared"],
        method=tuple(content["method"]),
        references=tuple(content["references"]),
        too_little=content["too_little_data"],
        panels=tuple(Panel(**panel) for panel in content.get("panels", ())),
        simulated=content.get("simulated", False),
        needs=Needs(**content.get("needs", {})),
        risk=record(Assessment, content["risk"]) if content["risk"] else None,
        labels=_labels_from(content.get("labels")),
        strongest=_strongest_from(content["headline"]),
        choice=_choice_from(content["headline"]),
    )


def _labels_dict(section: ModalitySection) -> dict[str, Any] | None:
    """What the images say of the labels, with the rates either way."""
    if section.labels is None:
        return None
    labelled = section.headline.rank1 if section.headline else None
    return {
        **asdict(section.labels),
        "as_labels_say": estimate_dict(labelled),
        "as_images_say": estimate_dict(as_images_say(section.labels)),
    }


def _labels_from(content: Mapping[str, Any] | None) -> LabelCheck | None:
    if content is None:
        return None
    return LabelCheck(**{one.name: content[one.name] for one in fields(LabelCheck)})


def _counts_from(content: Mapping[str, Any]) -> Counts:
    people = content.get("people")
    return Counts(**{**content, "people": PeopleCounts(**people) if people else None})


def _strongest_from(content: Mapping[str, Any] | None) -> MeasureResult | None:
    if content is None or content["figures"] is None:
        return None
    return _measure_from(content["measure"], content["figures"])


def _choice_from(content: Mapping[str, Any] | None) -> Choice | None:
    if content is None or content["choice"] is None:
        return None
    return record(Choice, content["choice"])


def _measure_from(name: str, content: Mapping[str, Any]) -> MeasureResult:
    rates = content["threshold_rates"]
    return MeasureResult(
        name=name,
        auc=_estimate_from(content["intervals"]["auc"]),
        eer=_estimate_from(content["intervals"]["eer"]),
        d_prime=_estimate_from(content["intervals"]["d_prime"]),
        rank1=_estimate_from(content["rank1"]),
        rank5=_estimate_from(content["rank5"]),
        mated_min=content["mated_min"],
        nonmated_max=content["nonmated_max"],
        thresholds={
            rule: Threshold(
                content["threshold"][rule],
                _estimate_from(rates[rule]["fmr"]),
                _estimate_from(rates[rule]["fnmr"]),
                rates[rule]["remark"],
            )
            for rule in rates
        },
        control=_estimate_from(content["control"]),
        chance=content["chance"],
        reading=content["reading"],
        remark=content["remark"],
        extra=content["extra"],
        one_to_one=_estimate_from(content["one_to_one"]),
    )


def _condition_from(content: Mapping[str, Any]) -> Condition:
    withheld = content["persons"] == "<5"
    return Condition(
        name=content["name"],
        level=content["level"],
        persons=None if withheld else content["persons"],
        mated_pairs=content["mated_pairs"],
        rank1=_estimate_from(content["rank1"]),
        auc=content["auc"],
        withheld=withheld,
    )
