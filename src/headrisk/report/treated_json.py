"""Treatments in ``report.json`` and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from headrisk.report.treated_model import (
    Arrival,
    Change,
    CostFigure,
    Effect,
    FaceLeft,
    OwnScan,
    Treatment,
)
from headrisk.types import Estimate


def treatments_dict(treatments: tuple[Treatment, ...]) -> dict[str, Any]:
    """The ``treatments`` of ``report.json`` by name."""
    found = {}
    for one in treatments:
        content = asdict(one)
        del content["name"]
        found[one.name] = content
    return found


def treatments_from(content: Mapping[str, Any]) -> tuple[Treatment, ...]:
    """Treatments from ``report.json``, in order of name."""
    return tuple(_treatment(name, one) for name, one in sorted(content.items()))


def _treatment(name: str, content: Mapping[str, Any]) -> Treatment:
    own, left = content["own_scan"], content["face_left"]
    return Treatment(
        name,
        Arrival(**content["arrival"]),
        tuple(_effect(effect) for effect in content["effects"]),
        None if own is None else OwnScan(**{**own, "found": _estimate(own["found"])}),
        None
        if left is None
        else FaceLeft(
            left["scans"],
            left["verdicts"],
            {detector: (pair[0], pair[1]) for detector, pair in left["seen"].items()},
        ),
        tuple(CostFigure(**{**cost, "mean": _estimate(cost["mean"])}) for cost in content["cost"]),
    )


def _effect(content: Mapping[str, Any]) -> Effect:
    bounds = content["bounds"]
    return Effect(
        **{
            **content,
            "failure_share": _estimate(content["failure_share"]),
            "rank1": _change(content["rank1"]),
            "linkability": {
                int(size): _known(change)
                for size, change in sorted(
                    content["linkability"].items(), key=lambda item: int(item[0])
                )
            },
            "fnir": _change(content["fnir"]),
            "untreated": _estimate(content["untreated"]),
            "found": _estimate(content["found"]),
            "bounds": None if bounds is None else (bounds[0], bounds[1]),
        }
    )


def _change(content: Mapping[str, Any] | None) -> Change | None:
    return None if content is None else _known(content)


def _known(content: Mapping[str, Any]) -> Change:
    parts = {name: Estimate(**content[name]) for name in ("before", "after", "difference")}
    return Change(**{**content, **parts})


def _estimate(content: Mapping[str, Any] | None) -> Estimate | None:
    return None if content is None else Estimate(**content)
