"""Is one image stored twice? From file digests, equal voxels, and noise that two files share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage, stats
from scipy.special import expit

from headrisk.brain.align import Brain
from headrisk.brain.detail import Posed, compare_detail, same_voxels
from headrisk.brain.prepare import PrepareTask, align_head
from headrisk.duplicates.pairs import SURE, Judgement, judge
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# Look at two scan files closely: one image stored twice? And pictures of the two brains.
# ----------------------------------------------------------------------

PLANES_MM = ((0, 12.0), (1, -20.0), (2, 12.0))  # axis and place of the pictured template planes
_EXTENT_MM = ((-78.0, 78.0), (-112.0, 78.0), (-72.0, 86.0))
_PICTURE_MM = 1.0


@dataclass(frozen=True)
class PairTask:
    """Two scans to look at; with ``compare`` their noise is compared too."""

    first: PrepareTask
    second: PrepareTask
    compare: bool


@dataclass(frozen=True)
class PairLook:
    """What looking at two scans gave.

    Attributes
    ----------
    problem
        Why the images could not be looked at, or "".
    rewritten
        Both files hold the same voxels, up to gain, offset and rounding.
    detail
        Correlation of fine detail (see ``headrisk.brain.detail``); None if it was not asked for.
    strength
        How strong that detail is, relative to brightness; 0 if it was not asked for.
    slices
        For each scan, pictures of three planes in template space, 0..1.
    """

    problem: str = ""
    rewritten: bool = False
    detail: float | None = None
    strength: float = 0.0
    slices: tuple[tuple[Float32Array, ...], ...] = field(default=(), repr=False)


def look_at(task: PairTask) -> PairLook:
    """Align both scans, compare them and take pictures. Failures become a ``problem``."""
    try:
        first, second = (load_volume(Path(one.path)) for one in (task.first, task.second))
        a, b = align_head(first, task.first), align_head(second, task.second)
        pose, detail, strength, rewritten = b.alignment.affine, None, 0.0, False
        if task.compare:
            rewritten = same_voxels(first, second)
            found = compare_detail(
                Posed(first, a.alignment.affine), Posed(second, b.alignment.affine)
            )
            pose, detail, strength = found.affine, found.correlation, found.strength
    except ScanError as error:
        return PairLook(problem=str(error))
    slices = template_slices(a.brain, a.alignment.affine), template_slices(b.brain, pose)
    return PairLook("", rewritten, detail, strength, slices)


def template_slices(brain: Brain, affine: FloatArray) -> tuple[Float32Array, ...]:
    """Sagittal, coronal and axial slice of an aligned brain at 1 mm, as pictures.

    Rows run downward. Anterior is to the right in the sagittal slice, superior is up; the person's
    right is on the right of coronal and axial slices. Brightness is scaled to the brain's 99th
    percentile.
    """
    white = max(float(np.percentile(brain.data[brain.mask], 99)), 1e-6)
    to_voxel = np.linalg.inv(brain.affine) @ affine
    pictures = []
    for axis, place in PLANES_MM:
        across, up = (k for k in range(3) if k != axis)
        lines = [np.arange(low, high + 0.5, _PICTURE_MM) for low, high in _EXTENT_MM]
        points = np.empty((3, lines[up].size, lines[across].size))
        points[axis] = place
        points[across] = lines[across][None, :]
        points[up] = lines[up][::-1, None]
        where = np.einsum("ij,jrc->irc", to_voxel[:3, :3], points) + to_voxel[:3, 3, None, None]
        values = ndimage.map_coordinates(brain.data, where, order=1, prefilter=False)
        pictures.append(np.clip(values / white, 0, 1).astype(np.float32))
    return tuple(pictures)


# ----------------------------------------------------------------------
# Is one image stored twice? From file digests, equal voxels, and noise that two files share.
# ----------------------------------------------------------------------

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
