"""How far a scan's skin lies from the average head's, continued smoothly to where there is none."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.deidentify.skin import DENSER, Skin
from headrisk.heads.boxes import block_affine, block_mean
from headrisk.types import BoolArray, Float32Array, FloatArray

_NEAR_MM = 2.5  # a block this near to the scan's skin tells where that lies
_CREDIBLE_MM = 12.0  # skin farther from the average head's is a wound, not skin
_WHOLE_MM = 20.0  # the same where no wound is to be expected
_SMOOTH_MM = (9.0, 30.0)  # over which the offset of the skin goes on where there is none
_FAR_WEIGHT, _MEAN_WEIGHT = 1e-2, 1e-5
_FADE_MM, _FADE_WEIGHT = 6.0, 3e-3  # the same where the offset fades; weight of none at all


def skin_offset(
    skin: Skin, trusted: BoolArray | None = None, *, fades: bool = False
) -> tuple[Float32Array, FloatArray]:
    """How far the scan's skin lies outside the average head's (mm, negative inside), everywhere.

    Measured where the two are less than 12 mm apart, and smoothly continued from there: near skin
    by what is near, farther away by the wider surroundings.

    Parameters
    ----------
    trusted
        Blocks in which the scan's skin may be looked at; all by default.
    fades
        Go over to no offset within about 15 mm of that skin, so that nothing of it is told farther
        away.

    Returns
    -------
    The offset on blocks of about 4 mm, and their index to scanner mm.
    """
    credible = _WHOLE_MM if fades else _CREDIBLE_MM
    known = (np.abs(skin.distance) <= _NEAR_MM) & (np.abs(skin.average) <= credible)
    for axis in range(3):  # the border of the image is no skin
        known[(slice(None),) * axis + ([0, 1, -2, -1],)] = False
    if trusted is not None:
        known &= trusted
    offset = np.where(known, skin.average - skin.distance, np.float32(0))
    return continued(offset, known, skin.affine, fades=fades)


def continued(
    values: Float32Array, known: BoolArray, affine: FloatArray, *, fades: bool = False
) -> tuple[Float32Array, FloatArray]:
    """Values known in some blocks as a smooth field over all, on a grid half as fine.

    Normalised convolution at two widths (Knutsson and Westin, CVPR 1993), then the median.

    Parameters
    ----------
    values
        (x, y, z), 0 where unknown.
    known
        Where they are known.
    affine
        4 x 4, index to mm.
    fades
        Go over to 0 instead, farther away than the first width.
    """
    weight = block_mean(known.astype(np.float32), DENSER)
    total = block_mean(values, DENSER)
    coarse = block_affine(affine, DENSER)
    edge = np.linalg.norm(coarse[:3, :3], axis=0)
    middle = float(np.median(values[known])) if known.any() else 0.0
    far = _FADE_WEIGHT if fades else _MEAN_WEIGHT
    above = np.full(weight.shape, 0.0 if fades else far * middle, np.float32)
    below = np.full(weight.shape, far, np.float32)
    widths = (_FADE_MM,) if fades else _SMOOTH_MM
    for width, share in zip(widths, (1.0, _FAR_WEIGHT), strict=False):
        sigma = width / edge
        above += np.float32(share) * ndimage.gaussian_filter(total, sigma, truncate=3)
        below += np.float32(share) * ndimage.gaussian_filter(weight, sigma, truncate=3)
    return np.asarray(above / below, np.float32), coarse
