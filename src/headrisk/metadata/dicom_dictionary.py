"""The data dictionary of DICOM (PS3.6): value representation and keyword of each attribute.

Implicit-VR files do not say what an element holds; without the dictionary pixels cannot be told
from text. The table is kept as a file because reading it takes milliseconds; a test compares it
with the one that pydicom ships.

The rule list of DICOM PS3.15 Annex E: which attributes identify, and what becomes of them.

The table is that of the Basic Application Level Confidentiality Profile (PS3.15, Table E.1-1,
edition 2026c; see ``data/NOTICE-dicom``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
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


# Kinds of value that are text to a reader; all others are numbers or opaque bytes.
TEXT_VRS = frozenset(
    {
        "AE",
        "AS",
        "CS",
        "DA",
        "DS",
        "DT",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "ST",
        "TM",
        "UC",
        "UI",
        "UR",
        "UT",
    }
)
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


@cache
def _table() -> tuple[dict[int, tuple[str, str]], dict[str, tuple[str, str]], dict[str, int]]:
    """Plain attributes, repeating ones by their mask, and tags by keyword."""
    source = resources.files("headrisk.metadata") / "data" / "ps3_6_dictionary.tsv"
    plain: dict[int, tuple[str, str]] = {}
    masked: dict[str, tuple[str, str]] = {}
    tags: dict[str, int] = {}
    for line in source.read_text("utf-8").splitlines()[1:]:
        tag, vr, keyword = line.split("\t")
        if "x" in tag:
            masked[tag] = (vr, keyword)
        else:
            plain[int(tag, 16)] = (vr, keyword)
            if keyword:
                tags[keyword.lower()] = int(tag, 16)
    return plain, masked, tags


@lru_cache(maxsize=16384)
def dictionary_entry(tag: int) -> tuple[str, str] | None:
    """Value representation and keyword of a standard attribute; None where PS3.6 has none.

    Where the standard leaves a choice (``OB/OW``) all of it is given.

    >>> dictionary_entry(0x00100010)
    ('PN', 'PatientName')
    >>> dictionary_entry(0x60020022)
    ('LO', 'OverlayDescription')
    >>> dictionary_entry(0x00091001) is None
    True
    """
    if tag >> 16 & 1:
        return None
    if tag & 0xFFFF == 0:
        return "UL", "GroupLength"
    plain, masked, _ = _table()
    if tag in plain:
        return plain[tag]
    digits = f"{tag:08X}"
    return next(
        (
            entry
            for mask, entry in masked.items()
            if all(m in ("x", d) for m, d in zip(mask, digits, strict=True))
        ),
        None,
    )


def dictionary_vr(tag: int) -> str:
    """The value representation to read an element of an implicit-VR file by; UN if unknown.

    A choice between numbers is settled in favour of words (``OW``), which no reader takes for text.
    """
    if 0x0010 <= tag & 0xFFFF <= 0x00FF and tag >> 16 & 1:
        return "LO"  # private creator (PS3.5, 7.8.1)
    entry = dictionary_entry(tag)
    if entry is None:
        return "UN"
    vr = entry[0]
    return ("OW" if "OW" in vr else vr.split("/")[0]) if "/" in vr else vr or "UN"


def tag_of_keyword(keyword: str) -> int | None:
    """The tag of a keyword in any case, None where PS3.6 has none."""
    return _table()[2].get(keyword.lower())


def is_pixels(tag: int) -> bool:
    """Whether an attribute holds the voxels of an image, in any of the standard's forms."""
    return tag in _PIXELS or (tag >> 24 == 0x7F and tag >> 16 & 1 == 0 and tag & 0xFFFF == 0x0010)
