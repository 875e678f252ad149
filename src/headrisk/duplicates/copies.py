"""Is one image stored twice? From file digests, equal voxels, and noise that two files share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats
from scipy.special import expit

from headrisk.duplicates.pairs import SURE, Judgement, judge
from headrisk.types import FloatArray

How = Literal["same bytes", "same voxels", "resampled"]

# Score from which on two scans of one contrast are compared voxel by voxel; copies had 0.74 to 1.
EXAMINE_FROM = 0.7
STORED_AGAIN = 100  # one in so many pairs that are this alike is taken to be a copy beforehand
# Fisher z of the correlation of detail. Copies: shifted, rotated, coarser and isotropic copies of
# public scans, 0.76 to 0.99. Other scans: synthetic scans that share all but noise, up to 0.61,
# and scans of one person on two dates, up to 0.21.
COPY_Z = (1.9, 0.7)
SCAN_Z = (0.25, 0.2)
LEAST_STRENGTH = 0.003  # detail weaker than this, relative to brightness, is no noise to go by


@dataclass(frozen=True)
class CopyFinding:
    """Two files that seem to hold one image; positions are those in the list of all scans.

    ``score`` is the correlation of their noise, 1 for the same bytes.
    """

    first: int
    second: int
    how: How
    score: float
    probability: float
    bound: float
    judgement: Judgement


def same_bytes(digests: Sequence[str]) -> list[CopyFinding]:
    """Pairs of files with one digest; "" stands for a file that could not be read."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            places[digest].append(position)
    return [
        CopyFinding(i, j, "same bytes", 1.0, SURE, 0.0, "certain")
        for group in places.values()
        for i, j in combinations(group, 2)
    ]


def to_examine(score: FloatArray, alike: FloatArray) -> list[tuple[int, int]]:
    """Pairs (i < j) so alike that they may be one image.

    ``score`` is (scans, scans); ``alike`` is True where both scans have one contrast.
    """
    found = np.argwhere(np.triu((score >= EXAMINE_FROM) & alike.astype(bool), 1))
    return [(int(i), int(j)) for i, j in found]


def copy_finding(
    first: int, second: int, *, rewritten: bool, detail: float, strength: float, examined: int
) -> CopyFinding | None:
    """What the comparison of two files says; None where they are two scans.

    Parameters
    ----------
    rewritten, detail, strength
        Equal voxels; correlation of fine detail; how strong that detail is.
    examined
        Number of pairs examined, for the Bonferroni bound.
    """
    if rewritten:
        return CopyFinding(first, second, "same voxels", detail, SURE, 0.0, "certain")
    z = float(np.arctanh(np.clip(detail, -0.9999, 0.9999)))
    inside = float(np.clip(z, SCAN_Z[0], COPY_Z[0]))
    ratio = _log_density(inside, COPY_Z) - _log_density(inside, SCAN_Z)
    probability = min(SURE, float(expit(ratio - np.log(STORED_AGAIN - 1))))
    bound = min(1.0, examined * float(stats.norm.sf((z - SCAN_Z[0]) / SCAN_Z[1])))
    judgement = judge(probability, bound, trusted=strength >= LEAST_STRENGTH)
    if judgement is None:
        return None
    return CopyFinding(first, second, "resampled", detail, probability, bound, judgement)


def _log_density(z: float, normal: tuple[float, float]) -> float:
    return float(stats.norm.logpdf(z, *normal))
