"""Treatments that remove: the template's face region, quickshear's wedge, all but the brain; and
where that region lies in a scan, clear of its brain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from scipy import ndimage

from headrisk.brain.template import load_template
from headrisk.deidentify.head import Head, brain_distance, brain_mask, coarse_grid, coarse_size
from headrisk.deidentify.skin import DENSER, air_value, mm_per_template_mm, on_scan
from headrisk.errors import ScanError, missing_extra
from headrisk.heads.average import load_average_face, on_grid
from headrisk.heads.boxes import block_affine, block_mean, grown, largest_part, onto
from headrisk.heads.threshold import find_levels, positive
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# The region of a scan that defacing removes, clear of the brain.
# ----------------------------------------------------------------------

BRAIN_MM = 3.0  # kept around the brain that was found in the scan
_DEPTH_MM = 20.0  # of what is replaced below the new skin of the face; what lies deeper stays
_SKIN_MM = 8.0  # the same around the face
_BESIDE_X = 80.0  # template mm, between the head and the ears' outer edge
_BEHIND_Y = -10.0  # template mm: the skin is replaced in front of this
_COVER_MM, _COVER_SMOOTH_MM = 8.0, 4.0  # of tissue over the template's brain; template mm
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
    coarse = block_affine(affine, DENSER)
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


_COARSE_MM = 2.0
_PLATE_MM = np.float32(4.0)  # thickness of the smooth plate that covers the cut
_EARS_Y = np.float32(2.0)  # their front, template mm; no plate behind it
_PLATE_SHARE = 0.6  # its brightness, of tissue
_BESIDE_BLOCKS = 3  # from the region within which a loose piece belonged to what was emptied
_SHEAR_MM = 10.0  # quickshear's default buffer, which counts voxels of 1 mm
NOTHING_LEFT = "already skull-stripped: left as it is"


@dataclass(frozen=True)
class Treated:
    """A treated scan, and which of its voxels the treatment set.

    ``changed`` is (x, y, z) in the order of ``volume.data``.
    """

    volume: Volume = field(repr=False)
    changed: BoolArray = field(repr=False)


def remove_face(head: Head, subject: str, rng: np.random.Generator) -> Treated:
    """Empty face and ears as the template has them; no voxel within 3 mm of the brain.

    The cut is covered by a smooth plate, 4 mm thick: the cavities and bones behind it belong to the
    person too, and detectors of faces took them for eyes and a nose.

    Parameters
    ----------
    subject
        The scan's name for error messages.
    rng
        Not used: nothing is drawn.
    """
    if head.stripped:
        return untouched(head)
    volume = head.volume
    air = np.float32(air_value(volume))
    data = volume.data.copy()
    changed = np.zeros(volume.shape, bool)
    box, share, plate = _removal(head, subject)
    inside = share > 0
    changed[box] = inside
    part = data[box]
    level = plate[inside] * np.float32(_PLATE_SHARE * _tissue(volume, subject))
    part[inside] += share[inside] * (level + air - part[inside])
    brain = changed & brain_mask(head)
    data[brain] = volume.data[brain]
    changed &= ~brain
    return Treated(replace(volume, data=data), changed)


def _removal(head: Head, subject: str) -> tuple[tuple[slice, ...], Float32Array, Float32Array]:
    """The box of the removed region; share of its voxels that is removed, and is plate instead.

    Both shares run from 0 to 1 over a voxel, so that there are no stairs at the edges.
    """
    volume = head.volume
    shape, affine = coarse_grid(volume)
    region = face_region(head, shape, affine)
    loose = _loose(volume, region, subject)
    region = replace(region, cut=np.where(loose, np.maximum(region.cut, _COARSE_MM), region.cut))
    found = ndimage.find_objects((region.cut > -_COARSE_MM).astype(np.int8))
    limits = [slice(0, 1)] * 3
    if found and found[0] is not None:
        size = coarse_size(volume)
        limits = [
            slice(int(one.start * k), min(int(one.stop * k), n))
            for one, k, n in zip(found[0], size, volume.shape, strict=True)
        ]
    target = volume.affine.copy()
    target[:3, 3] += volume.affine[:3, :3] @ [one.start for one in limits]
    wanted = tuple(one.stop - one.start for one in limits)
    edge = np.float32(max(volume.voxel_mm))
    half = np.float32(0.5)
    share = onto(region.cut, affine, target, wanted)
    plate = np.minimum(_PLATE_MM - region.cut, -region.skin - 1)
    depth = onto(np.minimum(plate, _ahead(head, shape, affine)), affine, target, wanted)
    np.clip(share / edge + half, 0, 1, out=share)
    np.clip(depth / edge + half, 0, 1, out=depth)
    return tuple(limits), share, depth


def _loose(volume: Volume, region: Region, subject: str) -> BoolArray:
    """Blocks of what would float beside the head once the region is emptied, with their rims.

    An ear that stands out farther than the region reaches is cut from the head and left in the air.
    """
    data = positive(volume.data)[0]
    levels = find_levels(data, subject)
    solid = block_mean(data, coarse_size(volume)) > levels.skin
    left = solid & (region.cut < 0)
    apart = left & ~largest_part(left)
    labels, count = ndimage.label(apart, np.ones((3, 3, 3), bool))
    touched = np.zeros(count + 1, bool)
    touched[np.unique(labels[grown(region.cut >= 0, _BESIDE_BLOCKS)])] = True
    touched[0] = False
    rims: BoolArray = grown(touched[labels], 1) & ~(left & ~apart) & (region.brain > BRAIN_MM)
    return rims


def _ahead(head: Head, shape: tuple[int, int, int], affine: FloatArray) -> Float32Array:
    """How far in front of the ears a point lies, template mm, (x, y, z) of a grid."""
    row = (np.linalg.inv(head.alignment.affine) @ affine)[1].astype(np.float32)
    x, y, z = np.ogrid[: shape[0], : shape[1], : shape[2]]
    out: Float32Array = row[0] * x + row[1] * y + (row[2] * z + (row[3] - _EARS_Y))
    return out.astype(np.float32)


def _tissue(volume: Volume, subject: str) -> float:
    """How much brighter tissue is than air."""
    levels = find_levels(positive(volume.data)[0], subject)
    return levels.tissue - levels.air


def strip_skull(head: Head, subject: str, rng: np.random.Generator) -> Treated:
    """Empty everything that is not brain; parameters as in :func:`remove_face`."""
    return untouched(head) if head.stripped else emptied(head.volume, ~brain_mask(head))


def shear(head: Head, subject: str, rng: np.random.Generator) -> Treated:
    """Quickshear (Schimke and Hale, HealthSec 2011), with this package's brain mask.

    A plane along the lower front of the brain, 10 mm in front of it; everything beyond is emptied.
    Parameters as in :func:`remove_face`.

    Raises
    ------
    MissingExtraError
        The package quickshear is not installed.
    ScanError
        No plane was found.
    """
    try:
        from quickshear import quickshear
    except ImportError as error:
        raise missing_extra("the tool quickshear", "quickshear", "deface") from error
    if head.stripped:
        return untouched(head)
    mask = brain_mask(head)
    # It takes as many columns from the front as the image has slices: add what is lacking behind.
    lack = max(mask.shape[2] - mask.shape[1], 0)
    padded = np.pad(mask, ((0, 0), (lack, 0), (0, 0)))
    buffer = _SHEAR_MM / head.volume.voxel_mm[2]
    plain = np.diag([*head.volume.voxel_mm, 1.0])
    whole = Plain(np.ones(padded.shape, np.uint8), plain)
    try:
        kept = quickshear(whole, Plain(padded.astype(np.uint8), plain), buffer)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        raise ScanError(
            subject,
            found=f"quickshear stopped ({error})",
            expected="a brain with a lower front edge",
            remedy="Use another tool for this scan.",
        ) from error
    return emptied(head.volume, np.asarray(kept.dataobj[:, lack:] == 0, bool))


@dataclass(frozen=True)
class Plain:
    """As much of an image as quickshear looks at: its voxels in RAS order and their affine."""

    dataobj: np.ndarray[Any, np.dtype[Any]]
    affine: FloatArray
    header: None = None


def emptied(volume: Volume, changed: BoolArray) -> Treated:
    """The volume with air where ``changed`` is True."""
    data: Float32Array = volume.data.copy()
    data[changed] = np.float32(air_value(volume))
    return Treated(replace(volume, data=data), changed)


def untouched(head: Head) -> Treated:
    """The scan as it is, with a note that it holds nothing but a brain."""
    volume = replace(head.volume, notes=(*head.volume.notes, NOTHING_LEFT))
    return Treated(volume, np.zeros(volume.shape, bool))
