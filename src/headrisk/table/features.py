"""The form in which a derived table travels: people and sessions down, measurements across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.table.names import Column, Kind, column
from headrisk.types import FloatArray


@dataclass(frozen=True)
class Dropped:
    """A column or a file that does not take part, and why."""

    name: str
    reason: str


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
    """

    scans: tuple[Scan, ...]
    keys: tuple[str, ...]
    kinds: tuple[Kind, ...]
    spellings: tuple[str, ...]
    values: FloatArray = field(repr=False)
    dropped: tuple[Dropped, ...] = ()
    software: str = ""
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> list[int]:
        """Positions of the rows that did not fail."""
        return [k for k, scan in enumerate(self.scans) if scan.status == "ok"]

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
            *(Dropped(name, f"another spelling of {first}") for name, first in doubled.items()),
        ),
        software=software,
        notes=tuple(notes),
    )
