"""What facts about a person add to a search: site, sex, and age within a year.

Somebody who knows them of a named person looks among people of whom they are told too, and forgives
a few errors: a fact that agrees counts by how rare it is to agree by chance, one that does not
counts against by how seldom facts are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.types import BoolArray, FloatArray

WRONG = 0.01  # share of facts that are wrong in either source
YEARS = 1.0
NAMES = ("site", "sex", "age")


def fact_evidence(
    probes: Sequence[Scan], gallery: Sequence[Scan], usable: BoolArray
) -> tuple[FloatArray, tuple[str, ...]]:
    """Log likelihood ratio of every pair from facts alone, and which facts told people apart.

    A fact that is unknown on either side says nothing.
    """
    total, told = np.zeros(usable.shape), []
    for name in NAMES:
        agrees, known = _agreement(name, probes, gallery)
        known &= usable
        if not known.any():
            continue
        chance = float(agrees[known].mean())
        if not 0 < chance < 1:
            continue
        told.append(name)
        yes, no = np.log((1 - WRONG) / chance), np.log(WRONG / (1 - chance))
        total += np.where(known, np.where(agrees, yes, no), 0.0)
    return total, tuple(told)


def _agreement(
    name: str, probes: Sequence[Scan], gallery: Sequence[Scan]
) -> tuple[BoolArray, BoolArray]:
    """(probes, gallery) whether the fact agrees, and whether it is known of both."""
    if name == "age":
        ages = [
            np.array([np.nan if s.age is None else s.age for s in side], dtype=np.float64)
            for side in (probes, gallery)
        ]
        gap = np.abs(ages[0][:, None] - ages[1][None, :])
        return np.nan_to_num(gap, nan=np.inf) <= YEARS, np.isfinite(gap)
    first, second = (
        np.array([getattr(s, name) for s in side], dtype=np.str_) for side in (probes, gallery)
    )
    known: BoolArray = (first != "")[:, None] & (second != "")[None, :]
    return first[:, None] == second[None, :], known
