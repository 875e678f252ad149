"""One name for one measurement, however the column is spelt.

FreeSurfer and the tools around it write the same region in many ways: ``lh_bankssts_volume``
(aparcstats2table), ``ctx-lh-bankssts`` (mri_segstats), ``L_bankssts_thickavg`` (ENIGMA),
``Left-Thalamus-Proper`` (before version 7) and ``Left-Thalamus`` (since), ``Left.Hippocampus`` (R).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["volume", "thickness", "area", "size", "other"]

_KINDS: dict[str, Kind] = {
    "volume": "volume", "vol": "volume", "grayvol": "volume", "greyvol": "volume",
    "gmv": "volume", "graymattervolume": "volume", "greymattervolume": "volume",
    "thickness": "thickness", "thickavg": "thickness", "thick": "thickness",
    "meanthickness": "thickness", "area": "area", "surfarea": "area", "surfavg": "area",
    "surfacearea": "area", "thickstd": "other", "meancurv": "other", "gauscurv": "other",
    "foldind": "other", "curvind": "other", "numvert": "other",
}  # fmt: skip
_UNITS = ("mm3", "mm2", "mm", "ml", "cm3", "cc")
_SIDES = {"lh": "lh", "left": "lh", "l": "lh", "rh": "rh", "right": "rh", "r": "rh"}
_SIZE = frozenset(
    ("etiv", "icv", "tiv", "intracranial", "estimatedtotalintracranial", "totalintracranial")
)
_STRUCTURES = {  # other spellings of a structure
    "thalamusproper": "thalamus", "accumbensarea": "accumbens", "accumb": "accumbens",
    "accumbensnc": "accumbens", "latvent": "lateralventricle", "thal": "thalamus",
    "caud": "caudate", "put": "putamen", "pal": "pallidum", "hippo": "hippocampus",
    "amyg": "amygdala", "accumbens": "accumbens", "inflatvent": "inflatvent",
    "brainsegnotvent": "brainsegvolnotvent", "supratentorialnotvent": "supratentorialvolnotvent",
    "corticalwhitematter": "cerebralwhitematter",
}  # fmt: skip
_SHORT = re.compile(r"([lr])(latvent|thal|caud|put|pal|hippo|amyg|accumb)")  # ENIGMA
_GLUED = re.compile(r"(lh|rh)((?:cortex|cerebralwhitematter|corticalwhitematter)(?:vol)?)")
_SEGMENTED = re.compile(  # structures that FreeSurfer's volume tables name without "volume"
    r"hippocampus|amygdala|thalamus|caudate|putamen|pallidum|accumbens|ventricle|inflatvent|"
    r"ventraldc|vessel|choroidplexus|cerebellum|cerebral|brainstem|csf|^cc|opticchiasm|"
    r"hypointensities|brainseg|supratentorial|subcort|totalgray|cortex$|^mask"
)


@dataclass(frozen=True)
class Column:
    """What a column measures: ``key`` is equal for all spellings of one measurement."""

    key: str
    kind: Kind


def column(name: str) -> Column:
    """Recognise a column by its name.

    A name that is not recognised keeps its words as key and has kind ``other``; it still matches
    the same name in another table.
    """
    words = re.findall(r"[a-z0-9]+", name.lower())
    if len(words) > 1 and words[-1] in _UNITS:
        words = words[:-1]
    cortical = words[:1] == ["ctx"]
    if cortical:
        words = words[1:]
    side, words = _side(words)
    kind, words = _kind(words)
    structure = _joined(words)
    if structure[:1] == "x" and structure[1:2].isdigit():
        structure = structure[1:]  # R puts an X before a name that starts with a digit
    if structure.endswith("vol") and len(structure) > 3:
        kind, structure = kind or "volume", structure[:-3]
    if structure in _SIZE:
        return Column("etiv", "size")
    structure = _STRUCTURES.get(structure, structure)
    if kind is None and (cortical or _SEGMENTED.search(structure)):
        kind = "volume"
    label = "" if kind in (None, "other") else str(kind)
    return Column(" ".join(part for part in (side, structure, label) if part), kind or "other")


def _joined(words: list[str]) -> str:
    """Words as one, with a hyphen where two numbers would become another one (1_12 and 11_2)."""
    found = ""
    for word in words:
        found += "-" if found[-1:].isdigit() and word[0].isdigit() else ""
        found += word
    return found


def _side(words: list[str]) -> tuple[str, list[str]]:
    """The hemisphere, and the words without it."""
    short = _SHORT.fullmatch(words[0]) if words else None
    if short:
        return _SIDES[short[1]], [short[2], *words[1:]]
    glued = _GLUED.fullmatch(words[0]) if words else None
    if glued:
        return glued[1], [glued[2], *words[1:]]
    if len(words) > 1 and words[0] in _SIDES:
        return _SIDES[words[0]], words[1:]
    for place in (-1, -2):  # hippocampus_left, hippocampus_left_volume
        if len(words) > -place and words[place] in _SIDES:
            rest = [word for k, word in enumerate(words) if k != len(words) + place]
            return _SIDES[words[place]], rest
    return "", words


def _kind(words: list[str]) -> tuple[Kind | None, list[str]]:
    """What is measured, and the words without it; "accumbens area" is a structure."""
    if len(words) < 2 or words[-2:] == ["accumbens", "area"]:
        return (_KINDS[words[0]], words) if words and words[0] == "meanthickness" else (None, words)
    kind = _KINDS.get(words[-1])
    if kind is None:
        return None, words
    return kind, words if kind == "other" or words[-1] == "meanthickness" else words[:-1]
