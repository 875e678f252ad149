"""The average skin led through what is left of a scan's own, and how far the two lie apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.deidentify.head import coarse_size
from headrisk.deidentify.skin import DENSER, Skin, joined, mm_per_template_mm, to_map
from headrisk.heads.boxes import block_affine, block_mean, linear_at, onto, repeated
from headrisk.heads.pose import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# How far a scan's skin lies from the average head's, continued smoothly to where there is none.
# ----------------------------------------------------------------------

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


# ----------------------------------------------------------------------
# The average skin led through what is left of a scan's own, on the image's voxels.
# ----------------------------------------------------------------------

_EXACT_MM = 4.0  # from the led skin: there it is computed on the voxels, not on blocks
_AROUND = np.ones((3, 3, 3), bool)  # a voxel's value comes from blocks next to the one it lies in


@dataclass(frozen=True)
class Led:
    """The average skin led through what is left of a scan's own, on the image's voxels.

    Attributes
    ----------
    box
        Slices of the image in which it was computed.
    distance
        (x, y, z) of the box, signed distance in mm from that skin, negative inside.
    affine
        4 x 4, index in the box to scanner mm.
    """

    box: tuple[slice, slice, slice]
    distance: Float32Array = field(repr=False)
    affine: FloatArray = field(repr=False)

    def onto_box(self, image: Float32Array, affine: FloatArray) -> Float32Array:
        """A smooth map on the image's axes, on the voxels of the box."""
        return onto(image, affine, self.affine, self.distance.shape)


def lead(
    volume: Volume,
    skin: Skin,
    offset: tuple[Float32Array, FloatArray],
    wanted: BoolArray,
    cover: Float32Array | None = None,
    exact: BoolArray | None = None,
) -> Led | None:
    """The average skin plus its offset, exact near the skin, on the voxels around ``wanted``.

    Parameters
    ----------
    wanted
        Blocks; None is returned where there are none.
    cover
        Signed distance from a surface within which the skin must not lie, in blocks; ``average`` of
        ``skin`` already has it.
    exact
        Blocks in and next to which the distance is computed on the voxels; ``wanted`` by default.
        Elsewhere it is interpolated between blocks.
    """
    found = ndimage.find_objects(wanted.astype(np.int8))
    if not found or found[0] is None:
        return None
    size = coarse_size(volume)
    limits = [
        (max(int((one.start - 1) * k), 0), min(int((one.stop + 1) * k), n))
        for one, k, n in zip(found[0], size, volume.shape, strict=True)
    ]
    low = np.array([a for a, _ in limits])
    shape = tuple(b - a for a, b in limits)
    affine = volume.affine.copy()
    affine[:3, 3] += volume.affine[:3, :3] @ low
    led = skin.average - onto(*offset, skin.affine, skin.shape)
    distance = onto(led, skin.affine, affine, shape)
    face = skin.face
    asked = ndimage.binary_dilation(wanted if exact is None else exact, _AROUND)
    asked = asked[tuple(slice(a // k, None) for (a, _), k in zip(limits, size, strict=True))]
    near = np.flatnonzero((np.abs(distance) < _EXACT_MM) & repeated(asked, size, shape))
    index = np.stack(np.unravel_index(near, shape), axis=1).astype(np.float64)
    to_skin = np.linalg.inv(skin.affine) @ affine
    to_index = to_map(face, skin.placing, affine)
    skin_mm = linear_at(face.skin, moved(to_index, index))
    skin_mm *= np.float32(mm_per_template_mm(skin.placing))
    if cover is not None:
        skin_mm = joined(skin_mm, linear_at(cover, moved(to_skin, index)))
    shift, grid = offset
    skin_mm -= linear_at(shift, moved(np.linalg.inv(grid) @ affine, index))
    distance.ravel()[near] = skin_mm
    a, b, c = (slice(first, last) for first, last in limits)
    return Led((a, b, c), distance, affine)
