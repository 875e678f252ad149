"""The conditions that a scan table knows, as strata of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headrisk.dataset.people import day_gaps
from headrisk.dataset.scans import Scan
from headrisk.statistics.baselines import same_label
from headrisk.statistics.strata import (
    UNKNOWN,
    Condition,
    by_bins,
    by_label_pair,
    by_probe,
    same_or_different,
)
from headrisk.types import BoolArray

TIME_GAP_DAYS = (1, 31, 183, 366, 1827)
AGE_YEARS = (18, 40, 60, 80)
VOXEL_MM = (1.25, 2.0, 4.0)

VoxelSizes = Sequence[tuple[float, float, float] | None]


def known_conditions(
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    probe_voxels: VoxelSizes,
    gallery_voxels: VoxelSizes,
) -> tuple[Condition, ...]:
    """Strata of all pairs by everything that is known of at least some of them.

    Time between the scans, same or different site and scanner, the thicker of the two scans'
    slices, the pair of contrasts, and the age band of the person searched for. A condition that
    does not tell any two pairs apart is left out.
    """
    gaps = day_gaps([scan.acq_date for scan in probes], [scan.acq_date for scan in gallery])
    thick = np.maximum(_largest(probe_voxels)[:, None], _largest(gallery_voxels)[None, :])
    ages = np.array([np.nan if scan.age is None else scan.age for scan in probes], dtype=float)
    bands = np.where(np.isnan(ages), UNKNOWN, np.searchsorted(AGE_YEARS, ages, side="right"))
    names = ("under 18", "18 to 39", "40 to 59", "60 to 79", "80 and over")
    found = (
        by_bins("time between scans", gaps, TIME_GAP_DAYS, "days", strangers="all"),
        same_or_different("site", _labels(probes, "site"), _labels(gallery, "site")),
        same_or_different("scanner", _labels(probes, "scanner"), _labels(gallery, "scanner")),
        by_bins("largest voxel side", thick, VOXEL_MM, "mm", strangers="within"),
        by_label_pair("contrast", _labels(probes, "suffix"), _labels(gallery, "suffix")),
        by_probe("age", bands.astype(np.int64), names, len(gallery)),
    )
    return tuple(condition for condition in found if _tells_apart(condition))


def contrast_pairs(probes: Sequence[Scan], gallery: Sequence[Scan]) -> Condition | None:
    """Pairs of scans by their contrasts, such as "T1w - FLAIR"; None where all are alike."""
    found = by_label_pair("contrast", _labels(probes, "suffix"), _labels(gallery, "suffix"))
    return found if found.codes.size and _tells_apart(found) else None


def shared_labels(probes: Sequence[Scan], gallery: Sequence[Scan]) -> dict[str, BoolArray]:
    """(probes, gallery) where two scans are known to share a scanner, a site or a family."""
    return {
        name: same_label(_labels(probes, field), _labels(gallery, field))
        for name, field in (("scanner", "scanner"), ("site", "site"), ("family", "family_id"))
    }


def _labels(scans: Sequence[Scan], field: str) -> NDArray[np.str_]:
    return np.array([getattr(scan, field) for scan in scans], dtype=np.str_)


def _largest(voxels: VoxelSizes) -> NDArray[np.float64]:
    return np.array([np.nan if mm is None else max(mm) for mm in voxels], dtype=np.float64)


def _tells_apart(condition: Condition) -> bool:
    return np.unique(condition.codes[condition.codes != UNKNOWN]).size > 1
