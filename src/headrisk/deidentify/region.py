"""The region of a scan that defacing removes, clear of the brain."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import ndimage

from headrisk.brain.template import load_template
from headrisk.deidentify.head import Head, brain_distance
from headrisk.deidentify.skin import mm_per_template_mm, on_scan
from headrisk.heads.average import load_average_face, on_grid
from headrisk.heads.boxes import block_affine, onto
from headrisk.types import Float32Array, FloatArray

BRAIN_MM = 3.0  # kept around the brain that was found in the scan
_DEPTH_MM = 20.0  # of what is replaced below the new skin of the face; what lies deeper stays
_SKIN_MM = 8.0  # the same around the face
_BESIDE_X = 80.0  # template mm, between the head and the ears' outer edge
_BEHIND_Y = -10.0  # template mm: the skin is replaced in front of this
_COVER_MM, _COVER_SMOOTH_MM = 8.0, 4.0  # of tissue over the template's brain; template mm
_DENSER = np.array([2, 2, 2])  # blocks along an edge on which that is computed
_HAIRLINE = (5.0, 0.47)  # and below this z there, rising so much with y


@dataclass(frozen=True)
class Region:
    """Distances in mm on a grid of the scan, (x, y, z) each.

    Attributes
    ----------
    cut
        From the border of face and ears as the average head has them, positive in them; no nearer
        to the scan's own brain than 3 mm.
    brain
        From the brain.
    skin
        From the skin of the average head, negative inside.
    """

    cut: Float32Array = field(repr=False)
    brain: Float32Array = field(repr=False)
    skin: Float32Array = field(repr=False)


def face_region(
    head: Head,
    shape: tuple[int, int, int],
    affine: FloatArray,
    skin: Float32Array | None = None,
) -> Region:
    """Where the face of a scan is, clear of its brain.

    Parameters
    ----------
    shape, affine
        Of the grid wanted, whose axes are the image's.
    skin
        Distance from the average head's skin on that grid, where it is known already.
    """
    average = load_average_face()
    alignment = head.alignment.affine
    cut = on_scan(_outward(), average, alignment, affine, shape)
    brain = brain_distance(head, shape, affine)
    if skin is None:
        skin = on_scan(average.skin, average, alignment, affine, shape)
    return Region(np.minimum(cut, brain - np.float32(BRAIN_MM)), brain, skin)


@cache
def _outward() -> Float32Array:
    """The average head's cut with everything that lies farther out beside its ears.

    Ears that stand out farther than the average ones reach beyond the region around those.
    """
    average = load_average_face()
    cut = average.cut.copy()
    across = average.affine[0, 0] * np.arange(len(cut)) + average.affine[0, 3]
    for side in (-1, 1):
        beyond = np.flatnonzero(side * across >= _BESIDE_X)
        outward = beyond[np.argsort(side * across[beyond])]
        cut[outward] = np.maximum.accumulate(cut[outward], axis=0)
    cut.flags.writeable = False
    return cut


def wide_region(
    region: Region, own: Float32Array, alignment: FloatArray, affine: FloatArray
) -> tuple[Float32Array, Float32Array]:
    """What refacing replaces, (x, y, z): positive inside, about mm from the border.

    The face as :func:`face_region` has it, 20 mm deep, and around it the skin of the whole front of
    the head, 8 mm deep: temples, forehead to the hairline, cheeks to behind the ears, jaw.

    Parameters
    ----------
    own
        Distance from the scan's own skin, negative inside: what lies between it and the new skin is
        filled as well.

    Returns
    -------
    The region, and the same as if it had no depth: negative beside it, not below it.
    """
    rows = (np.linalg.inv(alignment) @ affine)[1:3].astype(np.float32)
    x, y, z = np.ogrid[tuple(slice(n) for n in region.cut.shape)]
    ahead, up = (row[0] * x + row[1] * y + (row[2] * z + row[3]) for row in rows)
    ahead = (ahead - np.float32(_BEHIND_Y)).astype(np.float32)
    below = np.float32(_HAIRLINE[0]) + np.float32(_HAIRLINE[1]) * ahead - up.astype(np.float32)
    below *= np.float32(1 / np.hypot(1, _HAIRLINE[1]))
    front = np.minimum(ahead, below)
    skin = np.maximum(region.skin, np.clip(own, -_DEPTH_MM, 0)) + np.float32(_SKIN_MM)
    shell = np.minimum(np.minimum(front, skin), region.brain - np.float32(BRAIN_MM))
    face = np.minimum(region.cut, region.skin + np.float32(_DEPTH_MM))
    out: Float32Array = np.maximum(face, shell)
    return out, np.maximum(region.cut, front)


def covering(
    alignment: FloatArray, shape: tuple[int, int, int], affine: FloatArray
) -> Float32Array:
    """Signed distance in mm from a smooth cover of the brain, 8 mm thick, negative inside.

    The template's brain is covered, laid over the scan's: a new skin must not lie deeper.
    """
    cover, own = _cover()
    coarse = block_affine(affine, _DENSER)
    to_cover = np.linalg.inv(own) @ np.linalg.inv(alignment) @ coarse
    half = tuple(-(-n // 2) for n in shape)
    smooth = on_grid(cover, to_cover, half) * np.float32(mm_per_template_mm(alignment))
    return onto(smooth, coarse, affine, shape)


@cache
def _cover() -> tuple[Float32Array, FloatArray]:
    template = load_template()
    edge = np.linalg.norm(template.affine[:3, :3], axis=0)
    margin = np.ceil(4 * _COVER_MM / edge).astype(int)
    solid = np.pad(template.mask, [(n, n) for n in margin])
    affine = template.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ margin
    away = ndimage.distance_transform_edt(~solid, sampling=edge).astype(np.float32)
    smooth = ndimage.gaussian_filter(away, _COVER_SMOOTH_MM / edge, truncate=3)
    return smooth - np.float32(_COVER_MM), affine
