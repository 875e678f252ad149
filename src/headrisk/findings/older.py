"""Findings as an earlier version wrote them, brought into today's form."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

READABLE = ("1.1",)
"""Earlier schema versions that :func:`upgraded` reads."""

_FEWEST = 20  # people from whom a forecast was made in schema version 1.1


def upgraded(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``report.json`` of schema version 1.1 as of today's.

    It held sentences where reasons stand now. The reasons follow from the numbers beside them;
    only where several are possible do the sentences tell.

    Raises
    ------
    KeyError, TypeError, AttributeError
        A field is missing, or of another kind.
    """
    return {
        **content,
        "treatments": {name: _treatment(one) for name, one in content["treatments"].items()},
        "modalities": {
            name: {**section, "risk": section["risk"] and _risk(section["risk"])}
            for name, section in content["modalities"].items()
        },
    }


def _risk(risk: Mapping[str, Any]) -> dict[str, Any]:
    forecast = _forecast(risk["forecast"])
    others = max(risk["exposure"]["gallery"] - 1, 0)
    return {
        **risk,
        "forecast": forecast,
        "attackers": [_outcome(one, forecast) for one in risk["attackers"]],
        "singling_out": [_singled(one, others) for one in risk["singling_out"]],
        "arms": [{**one, "reason": _arm(one["reason"])} for one in risk["arms"]],
    }


def _forecast(found: Mapping[str, Any]) -> dict[str, Any]:
    reason = found.get("reason", "")
    if not found["points"]:
        few = min(found["people"], found["gallery"]) < _FEWEST
        reason = "few people" if few else "within the data"
    elif found["bound_only"]:
        reason = "nearly all linked"
    return {"reach": None, "refuted": [], **found, "reason": reason, "budget": None}


def _outcome(found: Mapping[str, Any], forecast: Mapping[str, Any]) -> dict[str, Any]:
    people, gallery = forecast["people"], forecast["gallery"]
    larger = found["attacker"]["gallery_size"] > gallery
    reason = forecast["reason"] if larger else "budget"
    if found["measured"]:
        reason = ""
    return {**found, "people": people, "gallery": gallery, "reason": reason}


def _singled(found: Mapping[str, Any], others: int) -> dict[str, Any]:
    needed = 2 * max(ceil(1.0 / found["weight"] - 1e-9), found["size"] - 1)
    return {**found, "needed": needed, "others": others}


def _arm(reason: str) -> str:
    if not reason:
        return ""
    return "few people" if reason.startswith("Fewer") else "not known"


def _treatment(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "effects": [_effect(one) for one in found["effects"]]}


def _effect(found: Mapping[str, Any]) -> dict[str, Any]:
    reason = found["reason"]
    told = "withheld" if reason.startswith("fewer than five") else "few people"
    return {**found, "reason": told if reason else ""}
