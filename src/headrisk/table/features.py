"""The form in which a derived table travels, and one name for one measurement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.types import FloatArray

# ----------------------------------------------------------------------
# One name for one measurement, however the column is spelt.
#
# FreeSurfer and the tools around it write the same region in many ways: ``lh_bankssts_volume``
# (aparcstats2table), ``ctx-lh-bankssts`` (mri_segstats), ``L_bankssts_thickavg`` (ENIGMA),
# ``Left-Thalamus-Proper`` (before version 7) and ``Left-Thalamus`` (since),
# ``Left.Hippocampus`` (R).
# ----------------------------------------------------------------------

Kind = Literal["volume", "thickness", "area", "size", "other"]

_KINDS: dict[str, Kind] = {
    "volume": "volume",
    "vol": "volume",
    "grayvol": "volume",
    "greyvol": "volume",
    "gmv": "volume",
    "graymattervolume": "volume",
    "greymattervolume": "volume",
    "thickness": "thickness",
    "thickavg": "thickness",
    "thick": "thickness",
    "meanthickness": "thickness",
    "area": "area",
    "surfarea": "area",
    "surfavg": "area",
    "surfacearea": "area",
    "thickstd": "other",
    "meancurv": "other",
    "gauscurv": "other",
    "foldind": "other",
    "curvind": "other",
    "numvert": "other",
}
_UNITS = ("mm3", "mm2", "mm", "ml", "cm3", "cc")
_SIDES = {"lh": "lh", "left": "lh", "l": "lh", "rh": "rh", "right": "rh", "r": "rh"}
_SIZE = frozenset(
    ("etiv", "icv", "tiv", "intracranial", "estimatedtotalintracranial", "totalintracranial")
)
_STRUCTURES = {  # other spellings of a structure
    "thalamusproper": "thalamus",
    "accumbensarea": "accumbens",
    "accumb": "accumbens",
    "accumbensnc": "accumbens",
    "latvent": "lateralventricle",
    "thal": "thalamus",
    "caud": "caudate",
    "put": "putamen",
    "pal": "pallidum",
    "hippo": "hippocampus",
    "amyg": "amygdala",
    "accumbens": "accumbens",
    "inflatvent": "inflatvent",
    "brainsegnotvent": "brainsegvolnotvent",
    "supratentorialnotvent": "supratentorialvolnotvent",
    "corticalwhitematter": "cerebralwhitematter",
}
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


# ----------------------------------------------------------------------
# The form in which a derived table travels: people and sessions down, measurements across.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Dropped:
    """A column or a file that does not take part, and why.

    ``code`` is the reason without what differs from column to column: ``missing``, ``constant``,
    ``spelling``, ``fact``, ``text`` or ``alone``.
    """

    name: str
    reason: str
    code: str


@dataclass(frozen=True)
class FeatureTable:
    """Measurements of a table's rows.

    Attributes
    ----------
    scans
        One for each row that was found, those that failed included.
    keys, kinds
        What each column measures (see ``names.column``), and of what kind it is.
    spellings
        The column names as they stand in the table.
    values
        (rows, columns) in the table's own units; NaN where a value is missing.
    dropped
        Columns left out while reading.
    software
        What made the table, "" where it does not say.
    notes
        Remarks on the table as a whole.
    texts
        By key of column, the cells of columns that hold text, one for each row; "" where missing.
    """

    scans: tuple[Scan, ...]
    keys: tuple[str, ...]
    kinds: tuple[Kind, ...]
    spellings: tuple[str, ...]
    values: FloatArray = field(repr=False)
    dropped: tuple[Dropped, ...] = ()
    software: str = ""
    notes: tuple[str, ...] = ()
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def usable(self) -> list[int]:
        """Positions of the rows that did not fail."""
        return [k for k, scan in enumerate(self.scans) if scan.status == "ok"]

    def take_rows(self, places: Sequence[int]) -> FeatureTable:
        """The table with some rows only, in this order."""
        return replace(
            self,
            scans=tuple(self.scans[k] for k in places),
            values=self.values[list(places)],
            texts={key: tuple(cells[k] for k in places) for key, cells in self.texts.items()},
        )

    def take_columns(self, places: Sequence[int], dropped: Sequence[Dropped] = ()) -> FeatureTable:
        """The table with some columns only, in this order."""
        return replace(
            self,
            keys=tuple(self.keys[k] for k in places),
            kinds=tuple(self.kinds[k] for k in places),
            spellings=tuple(self.spellings[k] for k in places),
            values=self.values[:, list(places)],
            dropped=(*self.dropped, *dropped),
        )


def feature_table(
    scans: Sequence[Scan],
    rows: Sequence[Mapping[str, float]],
    *,
    dropped: Sequence[Dropped] = (),
    software: str = "",
    notes: Sequence[str] = (),
    texts: Mapping[str, tuple[str, ...]] | None = None,
) -> FeatureTable:
    """A table from one mapping of column name to value for each row.

    Two columns that are spellings of one measurement would count it twice: the first is kept.
    """
    spellings: dict[str, str] = {}
    recognised: dict[str, Column] = {}
    doubled: dict[str, str] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        found = column(name)
        if found.key in spellings:
            doubled[name] = spellings[found.key]
        else:
            spellings[found.key], recognised[found.key] = name, found
    values = np.full((len(rows), len(spellings)), np.nan)
    for place, name in enumerate(spellings.values()):
        values[:, place] = [row.get(name, np.nan) for row in rows]
    return FeatureTable(
        scans=tuple(scans),
        keys=tuple(spellings),
        kinds=tuple(recognised[key].kind for key in spellings),
        spellings=tuple(spellings.values()),
        values=values,
        dropped=(
            *dropped,
            *(
                Dropped(name, f"another spelling of {first}", "spelling")
                for name, first in doubled.items()
            ),
        ),
        software=software,
        notes=tuple(notes),
        texts={column(name).key: cells for name, cells in (texts or {}).items()},
    )
