"""Where air ends and skin begins, in the image's own intensities.

Otsu's method (IEEE Trans Syst Man Cybern 9:62, 1979) splits air from tissue over the whole image.
A part of the whole image's mean is too high for thin, dark skin and too low where a coil shines, so
the level that the surface follows is a part of the tissue just below the skin, place by place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from headrisk.errors import ScanError
from headrisk.heads.boxes import block_mean, outside_air
from headrisk.io.volume import Volume
from headrisk.types import MAD_TO_SD, BoolArray, Float32Array, FloatArray, IntArray

_CT_AIR, _CT_TOP = -1000.0, 200.0  # HU; air, and a ceiling so that bone weighs as soft tissue
_BINS = 256  # of the histogram
_SHELL_MM, _SPREAD_MM = 8.0, 12.0  # depth of the tissue below the skin; smoothness of its level
_SKIN_SHARE = 0.4  # of the tissue below; 0.5 cut 0.5 mm off synthetic heads, whose skin is darker


CT_SUFFIXES = frozenset({"ct", "ctac", "ldct"})
_PADDING_HU = -1900.0  # scanners fill what they did not see with -2000 or -3024
_LEAST_TISSUE_HU = -200.0  # median of what is no air in a CT of much fat
_TO_TISSUE = (800.0, 1500.0)  # units of a CT from air to the mean of tissue and bone


def is_ct(suffix: str) -> bool:
    """Whether a suffix (BIDS, or the modality of DICOM) says that an image is a CT."""
    return suffix.lower() in CT_SUFFIXES


def hounsfield(volume: Volume, suffix: str, subject: str) -> Volume | None:
    """A CT in Hounsfield units; None for any other image.

    Values tell where air is near -1000. An image that is called a CT and was stored without its
    rescale intercept (air at 0 or 24) is moved there, unless its tissue is not as far from its air
    as in Hounsfield units: then its values are another scale, and it is read as any image is.
    """
    if positive(volume.data)[1]:
        return volume
    if not is_ct(suffix):
        return None
    try:
        levels = find_levels(volume.data, subject)
    except ScanError:
        return None
    if not _TO_TISSUE[0] <= levels.tissue - levels.air <= _TO_TISSUE[1]:
        return None
    note = f"a CT whose air is stored as {levels.air:.0f}: moved to -1000 HU"
    data = volume.data - np.float32(levels.air - _CT_AIR)
    return replace(volume, data=data, notes=(*volume.notes, note))


@dataclass(frozen=True)
class Levels:
    """Mean and spread of air, mean of tissue, and the level that parts them, in intensities."""

    air: float
    air_spread: float
    tissue: float
    skin: float


def positive(data: Float32Array, *, ct: bool = False) -> tuple[Float32Array, bool]:
    """Intensities with air near 0; says whether they were Hounsfield units.

    An image with air near -1000 and tissue near 0 counts as a CT, whatever ``ct`` says: an MR that
    was stored from -1024 on has its tissue far below. A CT is cut off above soft tissue; one that
    was stored with air at 0 stays in its own units.
    """
    sample = data[::4, ::4, ::4]
    dark = sample[sample < -500]
    if dark.size > 0.1 * sample.size and _is_air(dark) and _has_soft_tissue(sample):
        return np.clip(data, _CT_AIR, _CT_TOP) - np.float32(_CT_AIR), True
    return (np.clip(data, 0, _CT_TOP - _CT_AIR) if ct else data), False


def _is_air(dark: Float32Array) -> bool:
    """Whether dark values are air or padding; in an MR stored negated they are tissue."""
    air = (dark > _CT_AIR - 150) & (dark < _CT_AIR + 150)
    return float(np.mean(air | (dark < _PADDING_HU))) > 0.6


def _has_soft_tissue(sample: Float32Array) -> bool:
    """Whether what is not air lies where fat, muscle, brain and bone lie in Hounsfield units."""
    tissue = sample[sample > -500]
    return tissue.size > 0 and float(np.median(tissue)) > _LEAST_TISSUE_HU


def find_levels(data: Float32Array, subject: str) -> Levels:
    """Split air from tissue.

    Parameters
    ----------
    data
        (x, y, z) intensities with air near 0.
    subject
        The scan's name for error messages.

    Raises
    ------
    ScanError
        The image holds no two classes.
    """
    step = tuple(max(1, n // 96) for n in data.shape)
    sample = np.sort(data[:: step[0], :: step[1], :: step[2]], axis=None)
    top = _quantile(sample, 0.995)
    edges = np.linspace(min(float(sample[0]), top), top, _BINS + 1)
    ends = np.searchsorted(sample, edges[1:-1])
    counts = np.diff(ends, prepend=0, append=sample.size)
    middles = (edges[1:] + edges[:-1]) / 2
    below, total = np.cumsum(counts), np.cumsum(counts * middles)
    share = below / below[-1]
    mean = total[-1] / below[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (mean * share - total / below[-1]) ** 2 / (share * (1 - share))
    two = np.isfinite(between).any()  # an almost constant image has one class
    cut = edges[1 + int(np.nanargmax(between))] if two else top
    parting = int(np.searchsorted(sample, cut, side="right"))
    air, tissue = sample[:parting], sample[parting:]
    if not two or not len(air) or not len(tissue):
        raise ScanError(
            subject,
            found="intensities that do not part air from tissue",
            expected="a head surrounded by air",
            remedy="Leave this scan out.",
        )
    low, high = _quantile(air, 0.5), float(np.minimum(tissue, np.float64(top)).mean())
    spread = float(MAD_TO_SD * np.median(np.abs(air - np.float64(low))))
    return Levels(low, spread, high, max(low + 0.25 * (high - low), low + 4 * spread))


def _quantile(ordered: Float32Array, share: float) -> float:
    """Quantile of sorted values, by a straight line between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    low, high = (float(ordered[min(k, len(ordered) - 1)]) for k in (below, below + 1))
    return low + (high - low) * (place - below)


def skin_level(
    data: Float32Array, levels: Levels, voxel_mm: FloatArray, size: IntArray
) -> tuple[Float32Array, BoolArray]:
    """Level that parts air from skin, smooth in space, and which blocks are outside the head.

    The level is a share of the mean intensity of the tissue within 8 mm of the outside air, held
    between 0.6 and 2.2 times the level of the whole image. Both come on blocks of ``size`` voxels;
    see :func:`headrisk.heads.boxes.block_mean`.
    """
    solid = (data > levels.skin).astype(np.float32)
    weight = block_mean(solid, size)
    value = block_mean(np.minimum(data, np.float32(3 * levels.tissue)) * solid, size)
    edge = voxel_mm * size
    outside = outside_air(weight < 0.5)
    reach = ndimage.distance_transform_edt(~outside, sampling=edge)
    shell = (reach <= _SHELL_MM) & ~outside
    sigma = _SPREAD_MM / edge
    above = ndimage.gaussian_filter(np.where(shell, value, np.float32(0)), sigma, truncate=3)
    below = ndimage.gaussian_filter(np.where(shell, weight, np.float32(0)), sigma, truncate=3)
    default = np.float32(levels.tissue)
    floor = np.float32(1e-3)
    tissue = (above + floor * default) / (below + floor)
    part = levels.air + _SKIN_SHARE * (tissue - levels.air)
    low = max(0.6 * levels.skin, levels.air + 3 * levels.air_spread)
    out: Float32Array = np.clip(part, low, max(2.2 * levels.skin, low)).astype(np.float32)
    return out, outside
