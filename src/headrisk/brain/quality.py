"""Was the brain found and aligned well enough to be compared? A value, a verdict and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.brain.align import Alignment, Brain
from headrisk.brain.template import load_template
from headrisk.types import BoolArray, FloatArray, Verdict

# Alignment score: share of variance explained at 4 mm. Of 42 real T1w scans the lowest has 0.72, of
# 7 T2w and 8 FLAIR 0.71; balls, noise and wrong poses have up to 0.62.
# Agreement within the brain: T1w from 0.18 (6.5 mm slices, tumour; 0.46 without those), T2w and
# FLAIR from 0.35. Contrast of white to grey matter: T1w from 0.30 standard deviations, T2w at most
# -0.83, FLAIR at most -0.39.
_SCORE = {"doubtful": 0.65, "failed": 0.40}
_WITHIN = {"doubtful": 0.12, "failed": 0.04}
_VOLUME_ML = {"doubtful": (900.0, 2100.0), "failed": (450.0, 2600.0)}
_STRETCH = {"doubtful": (0.75, 1.30), "failed": (0.60, 1.60)}
# Newborns' brains have 350 to 450 mL (Knickmeyer et al., J Neurosci 28:12176, 2008), those born
# early less: a size outside an adult's is no failure where the brain aligns as well as adults' do
# and is stretched evenly. Below the smaller limits it is another thing.
_ALIGNED_WELL = {"score": 0.70, "within": 0.18, "uneven": 1.35}
_LEAST_ML = 100.0
_LEAST_STRETCH = 0.35
_TILES_MM = {0: (-34, -10, 14), 1: (-60, -20, 20), 2: (-24, 4, 32)}  # template x, y and z
_TEMPLATE_MM = 2.0
_OUTLINE = np.array([230, 159, 0], np.uint8)


@dataclass(frozen=True)
class Quality:
    """How far a prepared scan can be trusted.

    ``value`` is the alignment score, 0..1; ``reasons`` says what is doubtful or failed.
    """

    value: float
    verdict: Verdict
    reasons: tuple[str, ...]


def judge(volume_ml: float, alignment: Alignment, *, t1_like: bool = True) -> Quality:
    """Compare volume, alignment, contrast and stretch with what living heads show.

    Small brains (newborns, infants) are judged by how well they align: those that do are doubtful
    at most.

    ``t1_like`` says that the scan's label promises white matter brighter than grey.
    """
    stretch = np.linalg.svd(alignment.affine[:3, :3], compute_uv=False)
    fits = (
        alignment.score >= _ALIGNED_WELL["score"]
        and abs(alignment.within) >= _ALIGNED_WELL["within"]
        and stretch.max() <= _ALIGNED_WELL["uneven"] * stretch.min()
        and volume_ml >= _LEAST_ML
        and stretch.min() >= _LEAST_STRETCH
    )
    worst: Verdict = "ok"
    reasons = []
    for verdict in ("doubtful", "failed"):
        low, high = _VOLUME_ML[verdict]
        found = []
        may_be_small = fits and verdict == "failed"
        if (volume_ml < low and not may_be_small) or volume_ml > high:
            found.append(f"brain volume {volume_ml:.0f} mL outside {low:.0f} to {high:.0f} mL")
        if alignment.score < _SCORE[verdict]:
            found.append(f"alignment score {alignment.score:.2f} below {_SCORE[verdict]:.2f}")
        if abs(alignment.within) < _WITHIN[verdict]:
            found.append(f"agreement inside the brain {alignment.within:.2f}: hardly a brain")
        if verdict == "doubtful" and t1_like and alignment.contrast < 0:
            found.append("white matter is darker than grey: the contrast is not that of T1w")
        low, high = _STRETCH[verdict]
        if (stretch.min() < low and not may_be_small) or stretch.max() > high:
            found.append(
                f"stretch {stretch.min():.2f} to {stretch.max():.2f}, "
                f"outside {low:.2f} to {high:.2f}"
            )
        if found:
            worst, reasons = verdict, found
    return Quality(round(float(alignment.score), 4), worst, tuple(reasons))


def mosaic(brain: Brain, affine: FloatArray) -> NDArray[np.uint8]:
    """Nine slices of the aligned brain at 1 mm with the template's outline, RGB uint8.

    The array is (rows, columns, 3). Rows are sagittal, coronal and axial; anterior is to the right
    in sagittal slices, superior is up, and the person's right is on the right of coronal and axial
    slices.
    """
    to_voxel = np.linalg.inv(brain.affine) @ affine
    white = max(float(np.percentile(brain.data[brain.mask], 99)), 1e-6)
    rows = []
    for axis in range(3):
        tiles = [_tile(brain, to_voxel, white, axis, mm) for mm in _TILES_MM[axis]]
        rows.append(np.concatenate(tiles, axis=1))
    width = max(row.shape[1] for row in rows)
    return np.concatenate(
        [np.pad(row, ((0, 4), (0, width - row.shape[1]), (0, 0))) for row in rows], axis=0
    )


def _tile(
    brain: Brain, to_voxel: FloatArray, white: float, axis: int, mm: int
) -> NDArray[np.uint8]:
    points, outline = _plane(axis, mm)
    where = to_voxel[:3, :3] @ points + to_voxel[:3, 3:]
    values = ndimage.map_coordinates(brain.data, where, order=1, mode="constant", prefilter=False)
    grey = np.clip(values * (255 / white), 0, 255).astype(np.uint8).reshape(outline.shape)
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    picture[outline] = _OUTLINE
    return np.ascontiguousarray(picture.transpose(1, 0, 2)[::-1])


@cache
def _plane(axis: int, mm: int) -> tuple[FloatArray, BoolArray]:
    """Points (3, n) of one template plane, 1 mm apart, and the brain's outline on it (2-D)."""
    template = load_template()
    place = round((mm - template.affine[axis, 3]) / _TEMPLATE_MM)
    section = np.take(template.mask, place, axis=axis).astype(np.float32)
    shape = [int(_TEMPLATE_MM) * (n - 1) + 1 for n in section.shape]
    fine = ndimage.zoom(
        section, [m / n for m, n in zip(shape, section.shape, strict=True)], order=1
    )
    inside = ndimage.gaussian_filter(fine, 1.0) > 0.5
    index = np.indices(shape).reshape(2, -1) / _TEMPLATE_MM
    points = np.insert(index, axis, place, axis=0)
    return (
        template.affine[:3, :3] @ points + template.affine[:3, 3:],
        inside & ~ndimage.binary_erosion(inside),
    )
