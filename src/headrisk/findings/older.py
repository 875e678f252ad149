"""Findings as an earlier version wrote them, brought into today's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil
from typing import Any

READABLE = ("1.1", "1.2")
"""Earlier schema versions that :func:`upgraded` reads."""

_FEWEST = 20  # people from whom a forecast was made in schema version 1.1


def upgraded(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``report.json`` of schema version 1.1 or 1.2 as of today's.

    These held sentences where reasons stand now. Of 1.1 the reasons follow from the numbers beside
    them; only where several are possible do the sentences tell. What 1.2 said is taken as it
    stands, as a reason of its own.

    Raises
    ------
    KeyError, TypeError, AttributeError
        A field is missing, or of another kind.
    """
    if content["schema_version"] == "1.1":
        content = _of_1_1(content)
    return {
        **content,
        "inventory": content["inventory"] and _inventory(content["inventory"]),
        "modalities": {name: _section(one) for name, one in content["modalities"].items()},
    }


_KINDS = re.compile(r"Every (.+?) scan (?:was|of)\b")
_FEW = {
    "false matches rest on fewer than 30 errors": "false matches",
    "missed matches rest on fewer than 30 errors": "missed matches",
}


def _inventory(counts: Mapping[str, Any]) -> dict[str, Any]:
    others = [{**one, "kinds": list(map(_kind, one["kinds"]))} for one in counts.get("others", ())]
    return {**counts, "kinds": list(map(_kind, counts["kinds"])), "others": others}


def _kind(row: Mapping[str, Any]) -> dict[str, Any]:
    """Reasons as ``3 why; 1 other why`` held them; which attack compared what was not told."""
    told = (part.partition(" ") for part in row["reason"].split("; ") if part)
    reasons = {why: int(count) for count, _, why in told if count.isdecimal()}
    return {**row, "reasons": reasons, "compared": {}, "apart": {}, "faces": {}}


def _section(section: Mapping[str, Any]) -> dict[str, Any]:
    told = _KINDS.match(section["compared"])
    headline = section["headline"]
    figures = headline and headline["figures"]
    return {
        **section,
        "contrasts": re.split(r", | and ", told[1]) if told else [],
        "headline": {**headline, "figures": _measure(figures)} if figures else headline,
        "measures": {name: _measure(one) for name, one in section["measures"].items()},
    }


def _measure(measure: Mapping[str, Any]) -> dict[str, Any]:
    rules = {name: _threshold(one) for name, one in measure["threshold_rates"].items()}
    return {**measure, "threshold_rates": rules}


def _threshold(found: Mapping[str, Any]) -> dict[str, Any]:
    parts = [part for part in found["remark"].split("; ") if part]
    held = [part for part in parts if part.startswith("withheld: ")]
    rest = [part for part in parts if part not in _FEW and part not in held]
    why = "; ".join(rest)
    missing = {"why": why, "needed": 0, "have": None, "prior": 0.0, "held_out": False}
    return {
        **found,
        "missing": missing if why else None,
        "few": [_FEW[part] for part in parts if part in _FEW],
        "withheld": bool(held),
    }


def _of_1_1(content: Mapping[str, Any]) -> dict[str, Any]:
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
