"""What a search for duplicates and wrong labels found. It names people and stays internal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.dataset.description import DataSetName
from headrisk.dataset.inventory import InventoryCounts
from headrisk.findings.records import ScanRow, Table


@dataclass(frozen=True)
class Suspicion:
    """One finding in words and pictures.

    Attributes
    ----------
    what
        ``same-image``, ``two-ids``, ``two-persons`` or ``mirrored``.
    first, second
        The scans on either side.
    bound
        Bonferroni bound on the chance of such a score anywhere in the data set.
    belongs_to
        The scan under another label that the odd one matches, or "".
    shown, names
        Scan ids of the two scans pictured, and their labels in words.
    picture
        (rows, columns, 3) uint8, or None with ``problem`` saying why.
    """

    what: str
    judgement: str
    probability: float
    bound: float
    measure: str
    score: float
    first: tuple[ScanRow, ...]
    second: tuple[ScanRow, ...]
    belongs_to: str
    explanation: str
    shown: tuple[str, str]
    names: tuple[str, str]
    picture: NDArray[np.uint8] | None = field(default=None, repr=False)
    problem: str = ""


@dataclass(frozen=True)
class DuplicatesReport:
    """All that a search for duplicates found.

    ``models`` are rows of text about the score distributions used; ``priors`` sentences on what
    was assumed beforehand; ``inventory`` counts the images of the data set and what became of them
    (None where it came as fingerprints), ``images`` lists them. ``data`` names the data set.
    """

    suspicions: tuple[Suspicion, ...]
    scans: tuple[ScanRow, ...]
    compared: int
    examined: int
    models: tuple[tuple[str, ...], ...]
    priors: tuple[str, ...]
    notes: tuple[str, ...]
    settings: dict[str, Any]
    version: str
    title: str = ""
    inventory: InventoryCounts | None = None
    images: Table | None = None
    data: DataSetName | None = None

    @property
    def failed(self) -> int:
        """Number of scans that could not be used."""
        return sum(row.status == "failed" for row in self.scans)
