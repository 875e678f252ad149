"""A control attack that never looks at an image: age, sex, site and scanner alone.

Record linkage after Fellegi and Sunter (1969), JASA 64:1183-1210: a field on which two records
agree adds log(m / u), one on which they differ log((1 - m) / (1 - u)), with m the chance that two
records of one person agree and u that two of different people do. Fields that are unknown on a
side add nothing. m is stated, not fitted; u is the share of pairs of scans that agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.types import BoolArray, FloatArray, PairScores

AGREEMENT = 0.95
AGE_YEARS = 2.0
FIELDS = ("age", "sex", "site", "scanner")


def metadata_attack(
    probes: Sequence[Scan], gallery: Sequence[Scan], scores: PairScores
) -> tuple[tuple[str, ...], PairScores] | None:
    """Scores of the same search by metadata, with the fields that told anybody apart.

    Ages agree where they differ by at most two years. None where no field differs between two
    scans: there is then nothing to attack with.
    """
    total: FloatArray = np.zeros(scores.values.shape)
    used = []
    for field in FIELDS:
        known, equal = _agreement(probes, gallery, field)
        known = known & scores.usable
        share = float(equal[known].mean()) if known.any() else 1.0
        if not 0.0 < share < 1.0:
            continue
        used.append(field)
        weight = np.where(equal, np.log(AGREEMENT / share), np.log((1 - AGREEMENT) / (1 - share)))
        total += np.where(known, weight, 0.0)
    if not used:
        return None
    attack = PairScores(
        "metadata", total, scores.usable, scores.probe_person, scores.gallery_person
    )
    return tuple(used), attack


def _agreement(
    probes: Sequence[Scan], gallery: Sequence[Scan], field: str
) -> tuple[BoolArray, BoolArray]:
    """(probes, gallery) where a field is known of both scans, and where it is alike."""
    if field == "age":
        first, second = _ages(probes)[:, None], _ages(gallery)[None, :]
        known = np.isfinite(first) & np.isfinite(second)
        gap = np.abs(np.nan_to_num(first) - np.nan_to_num(second))
        return known, known & (gap <= AGE_YEARS)
    one, two = (np.array([getattr(s, field) for s in side], dtype=np.str_)
                for side in (probes, gallery))  # fmt: skip
    known = (one != "")[:, None] & (two != "")[None, :]
    return known, known & (one[:, None] == two[None, :])


def _ages(scans: Sequence[Scan]) -> FloatArray:
    return np.array([np.nan if scan.age is None else scan.age for scan in scans], dtype=np.float64)
