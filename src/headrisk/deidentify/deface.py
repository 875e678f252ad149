"""Treatments that remove: the template's face region, quickshear's wedge, all but the brain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import ndimage

from headrisk.deidentify.head import Head, brain_mask, coarse_grid, coarse_size
from headrisk.deidentify.region import BRAIN_MM, Region, face_region
from headrisk.deidentify.skin import air_value
from headrisk.errors import ScanError, missing_extra
from headrisk.heads.boxes import block_mean, grown, largest_part, onto
from headrisk.heads.threshold import find_levels, positive
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

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
