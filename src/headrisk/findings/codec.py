"""Findings as JSON content, and back.

Any frozen record goes through ``dataclasses.asdict`` and comes back by ``record``, which reads the
types of its fields. Only what ``report.json`` arranges otherwise than the records do stands here by
name: modalities and measures go by their names, a measure's intervals lie beside its values, and a
section names its tables, whose rows are files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from headrisk.dataset.description import DataSetName
from headrisk.dataset.inventory import InventoryCounts
from headrisk.findings.deidentified import Treatment
from headrisk.findings.records import (
    SCHEMA_VERSION,
    Condition,
    Counts,
    FacesLeft,
    MeasureResult,
    ModalitySection,
    Needs,
    Panel,
    Report,
    Table,
)
from headrisk.linkage.label_check import LabelCheck
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Choice
from headrisk.statistics.risk import as_images_say

Record = TypeVar("Record")
_CURVES = ("auc", "eer", "d_prime")
_ALWAYS_NAMED = ("kde", "fmr_1e-2", "fmr_1e-3")  # thresholds that readers of the JSON may rely on
_WITHHELD = "<5"
_SINCE: Mapping[str, Mapping[str, Any]] = {  # fields that reports of this version once lacked
    "inventory": {"unused": {}, "others": [], "listed": True},
    "labels": {"labelled": 0, "confirmed": 0},
}


def record(kind: type[Record], content: Mapping[str, Any]) -> Record:
    """Rebuild a frozen dataclass, and those inside it, from what ``asdict`` and JSON made of it.

    Parameters
    ----------
    kind
        The dataclass. Its fields may be numbers, text, other dataclasses, tuples and mappings of
        these, and any of them or None.
    content
        Field name to value. Mappings come back in the order of their keys.

    Raises
    ------
    KeyError, TypeError
        A field is missing, or of another kind than the record's.
    """
    hints = get_type_hints(kind)
    return kind(
        **{field.name: _value(hints[field.name], content[field.name]) for field in fields(kind)}  # type: ignore[arg-type]
    )


def _value(kind: Any, content: Any) -> Any:
    """A field's value from its JSON, by the field's type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if content is None and NoneType in inner:
            return None
        if isinstance(content, str) and str in inner:
            return content
        return _value(next(one for one in inner if one is not NoneType), content)
    if origin is tuple:
        each = inner[:1] * len(content) if inner[1:] == (...,) else inner
        return tuple(_value(one, item) for one, item in zip(each, content, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        named = {inner[0](key): _value(inner[1], item) for key, item in content.items()}
        return dict(sorted(named.items()))
    if is_dataclass(kind):
        return record(kind, content)  # type: ignore[arg-type]
    if kind is float and content is None:
        return float("nan")  # JSON has no such number
    return float(content) if kind is float else content


def _content(one: Any) -> dict[str, Any] | None:
    """A record as JSON content, None where there is none."""
    return None if one is None else asdict(one)


def _optional(kind: type[Record], content: Mapping[str, Any] | None) -> Record | None:
    return None if content is None else record(kind, content)


def _over(
    lacking: Mapping[str, Any], content: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    return None if content is None else {**lacking, **content}


def report_as_dict(report: Report) -> dict[str, Any]:
    """The content of ``report.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "headrisk", "version": report.version},
        "title": report.title,
        "data": _data_dict(report),
        "attacker": report.attacker,
        "not_tested": list(report.not_tested),
        "notes": list(report.notes),
        "settings": dict(report.settings),
        "inventory": _content(report.inventory),
        "treatments": treatments_dict(report.treatments),
        "faces_left": _faces_left_dict(report.faces_left),
        "not_asked": list(report.not_asked),
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
        inventory=_optional(InventoryCounts, _over(_SINCE["inventory"], content["inventory"])),
        faces_left=_faces_left_from(content.get("faces_left")),
        not_asked=tuple(content.get("not_asked", ())),
        data=_data_from(content.get("data")),
    )


def _data_dict(report: Report) -> dict[str, Any] | None:
    """Name and release of the data set, and how many images it holds where they were counted."""
    if report.data is None:
        return None
    images = None if report.inventory is None else report.inventory.images
    return {**asdict(report.data), "images": images}


def _data_from(content: Mapping[str, Any] | None) -> DataSetName | None:
    return None if content is None else record(DataSetName, {"doi": "", **content})


def _faces_left_dict(left: FacesLeft | None) -> dict[str, Any] | None:
    """Counts of images by answer, or None where faces were not looked for."""
    if left is None:
        return None
    rest = {name: value for name, value in asdict(left).items() if name != "counts"}
    return {**left.counts, **rest}


def _faces_left_from(content: Mapping[str, Any] | None) -> FacesLeft | None:
    if content is None:
        return None
    rest = {name: content[name] for name in ("looked", "images", "by_suffix", "codes")}
    counts = {name: count for name, count in content.items() if name not in rest}
    return FacesLeft(counts=counts, **rest)


def treatments_dict(treatments: tuple[Treatment, ...]) -> dict[str, Any]:
    """What was compared before and after, by the name of the de-identification."""
    return {
        one.name: {name: value for name, value in asdict(one).items() if name != "name"}
        for one in treatments
    }


def treatments_from(content: Mapping[str, Any]) -> tuple[Treatment, ...]:
    """The same from ``report.json``, in order of name."""
    return tuple(record(Treatment, {"name": name, **one}) for name, one in sorted(content.items()))


def _section_dict(section: ModalitySection) -> dict[str, Any]:
    return {
        "counts": asdict(section.counts),
        "headline": _headline_dict(section),
        "measure_order": [measure.name for measure in section.measures],
        "measures": {measure.name: _measure_dict(measure) for measure in section.measures},
        "conditions": [_condition_dict(condition) for condition in section.conditions],
        "compared": section.compared,
        "contrasts": list(section.contrasts),
        "method": list(section.method),
        "references": list(section.references),
        "tables": sorted(section.tables),
        "too_little_data": section.too_little,
        "panels": [asdict(panel) for panel in section.panels],
        "simulated": section.simulated,
        "needs": asdict(section.needs),
        "risk": _content(section.risk),
        "labels": _labels_dict(section),
    }


def _headline_dict(section: ModalitySection) -> dict[str, Any] | None:
    """The figure that speaks, and how it was chosen; ``figures`` are its other rates."""
    first = section.headline
    if first is None:
        return None
    return {
        "measure": first.name,
        "rank1": _content(first.rank1) if section.sufficient else None,
        "choice": _content(section.choice),
        "figures": _measure_dict(section.strongest) if section.strongest else None,
    }


def _labels_dict(section: ModalitySection) -> dict[str, Any] | None:
    """What the images say of the labels, with the rates either way."""
    if section.labels is None:
        return None
    labelled = section.headline.rank1 if section.headline else None
    return {
        **asdict(section.labels),
        "as_labels_say": _content(labelled),
        "as_images_say": _content(as_images_say(section.labels)),
    }


def _section_from(
    name: str, content: Mapping[str, Any], tables: Mapping[str, Table]
) -> ModalitySection:
    headline = content["headline"] or {"choice": None, "figures": None}
    figures = headline["figures"]
    return ModalitySection(
        name=name,
        counts=record(Counts, content["counts"]),
        measures=tuple(
            _measure_from(measure, content["measures"][measure])
            for measure in content["measure_order"]
        ),
        conditions=tuple(_condition_from(item) for item in content["conditions"]),
        tables={table: tables[f"{name}-{table}"] for table in content["tables"]},
        compared=content["compared"],
        contrasts=tuple(content["contrasts"]),
        method=tuple(content["method"]),
        references=tuple(content["references"]),
        too_little=content["too_little_data"],
        panels=tuple(record(Panel, panel) for panel in content["panels"]),
        simulated=content["simulated"],
        needs=record(Needs, content["needs"]),
        risk=_optional(Assessment, content["risk"]),
        labels=_optional(LabelCheck, _over(_SINCE["labels"], content["labels"])),
        strongest=None if figures is None else _measure_from(headline["measure"], figures),
        choice=_optional(Choice, headline["choice"]),
    )


def _measure_dict(measure: MeasureResult) -> dict[str, Any]:
    content = asdict(measure)
    del content["name"]
    rules = content.pop("thresholds")
    intervals = {name: content[name] for name in _CURVES}
    return {
        **content,
        **{name: item["value"] if item else None for name, item in intervals.items()},
        "intervals": intervals,
        "threshold": dict.fromkeys(_ALWAYS_NAMED)
        | {rule: item["value"] for rule, item in rules.items()},
        "threshold_rates": {
            rule: {name: item[name] for name in ("fmr", "fnmr", "missing", "few", "withheld")}
            for rule, item in rules.items()
        },
    }


def _measure_from(name: str, content: Mapping[str, Any]) -> MeasureResult:
    rules = {
        rule: {"value": content["threshold"][rule], **rates}
        for rule, rates in content["threshold_rates"].items()
    }
    return record(
        MeasureResult, {**content, **content["intervals"], "name": name, "thresholds": rules}
    )


def _condition_dict(condition: Condition) -> dict[str, Any]:
    content = asdict(condition)
    if content.pop("withheld"):
        content["persons"] = _WITHHELD
    return content


def _condition_from(content: Mapping[str, Any]) -> Condition:
    withheld = content["persons"] == _WITHHELD
    persons = None if withheld else content["persons"]
    return record(Condition, {**content, "persons": persons, "withheld": withheld})
