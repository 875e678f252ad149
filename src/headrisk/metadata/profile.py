"""The rule list of DICOM PS3.15 Annex E: which attributes identify, and what becomes of them.

The table is that of the Basic Application Level Confidentiality Profile (PS3.15, Table E.1-1,
edition 2026c; see ``data/NOTICE-dicom``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Step = Literal["remove", "empty", "dummy", "uid", "keep"]

# A compound code leaves the choice to the object's type; the one taken keeps every object valid.
_STEPS: dict[str, Step] = {
    "X": "remove",
    "Z": "empty",
    "D": "dummy",
    "U": "uid",
    "X/Z": "empty",
    "X/D": "dummy",
    "Z/D": "empty",
    "X/Z/D": "dummy",
    "X/Z/U*": "uid",
}


@dataclass(frozen=True)
class Rule:
    """One attribute of the profile.

    Attributes
    ----------
    vr
        Value representation by PS3.6, which implicit-VR files do not tell.
    action
        Code of the table, for example ``X/Z``.
    name
        Attribute name.
    """

    vr: str
    action: str
    name: str

    @property
    def step(self) -> Step:
        """What a de-identifier does with the attribute."""
        return _STEPS[self.action]


_CURVE = Rule("UN", "X", "Curve Data")
_OVERLAY = Rule("OW", "X", "Overlay Data")
_OVERLAY_COMMENT = Rule("LT", "X", "Overlay Comments")
PRIVATE = Rule("UN", "X", "Private Attribute")
# Not in the table: what programs put into the file's own header (PS3.10, 7.1).
_FILE_META = {
    0x00020016: Rule("AE", "X", "Source Application Entity Title"),
    0x00020017: Rule("AE", "X", "Sending Application Entity Title"),
    0x00020018: Rule("AE", "X", "Receiving Application Entity Title"),
    0x00020026: Rule("UR", "X", "Source Presentation Address"),
    0x00020027: Rule("UR", "X", "Sending Presentation Address"),
    0x00020028: Rule("UR", "X", "Receiving Presentation Address"),
    0x00020100: Rule("UI", "X", "Private Information Creator UID"),
    0x00020102: Rule("OB", "X", "Private Information"),
}


@cache
def profile_table() -> dict[int, Rule]:
    """Rules by tag (group in the upper 16 bits)."""
    source = resources.files("headrisk.metadata") / "data" / "ps3_15_table_e1_1.tsv"
    lines = source.read_text("utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {int(tag, 16): Rule(vr, action, name) for tag, vr, action, name in rows}


def rule_for(tag: int) -> Rule | None:
    """The rule of an attribute, None where the profile leaves it alone."""
    group, element = tag >> 16, tag & 0xFFFF
    if group == 2 and tag in _FILE_META:
        return _FILE_META[tag]
    if group % 2:
        return PRIVATE
    if group >> 8 == 0x50:
        return _CURVE
    if group >> 8 == 0x60 and element in (0x3000, 0x4000):
        return _OVERLAY if element == 0x3000 else _OVERLAY_COMMENT
    return profile_table().get(tag)
