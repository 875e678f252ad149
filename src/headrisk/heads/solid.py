"""The part of a head that a camera in front can see, as a smooth field of how much is tissue."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy import ndimage

from headrisk.errors import ScanError
from headrisk.heads.boxes import (
    along_axes,
    block_affine,
    block_mean,
    largest_part,
    near_distance,
    onto,
    outside_air,
    resampling,
)
from headrisk.heads.threshold import find_levels, positive, skin_level
from headrisk.heads.view import FACE_BOX, HeadPose, moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

STEP_MM = 1.0
_KEPT = (0.75, 1.25)  # voxels of this share of a step are not interpolated
_THIN_MM = 0.7  # smoothing: least standard deviation, and where slices are thick
_THICK_SHARE, _ACROSS_SHARE = 0.4, 0.25  # its share of their thickness, along and across them
# Openings up to twice the first number are bridged, and everything deeper than the second below
# the bridge is solid: cracks in thin skin; nostrils, lips and ear canals.
_BRIDGES_MM = ((2.5, 1.5), (5.0, 3.5))
_COARSE_MM = 2.0
_BLOCK_MM = 4.0  # on which the level of the skin is found
_TOP = 1.25  # of the field; higher, bright fat would draw the skin outward
_LEAST_SHARE = 0.15  # of the box that must lie in the image


@dataclass(frozen=True)
class TissueField:
    """Share of tissue around a face.

    Attributes
    ----------
    data
        (x, y, z) float32, 0 in air to 1 in tissue; the skin is at 0.5.
    affine
        4 x 4, index to scanner RAS+ mm.
    notes
        What was noted on the way, as sentences.
    """

    data: Float32Array = field(repr=False)
    affine: FloatArray
    notes: tuple[str, ...] = ()


def tissue_field(
    volume: Volume,
    pose: HeadPose,
    subject: str,
    *,
    ct: bool = False,
    level: tuple[float, float] | None = None,
    step_mm: float = STEP_MM,
) -> TissueField:
    """Part air from tissue, fill what no camera can see, and smooth the steps of thick slices.

    ``ct`` says that the image is a CT; see :func:`headrisk.heads.threshold.positive`. ``level``
    gives the intensities of air and of the skin for the whole image instead of seeking them;
    ``step_mm`` is about the voxel size of the field.

    Raises
    ------
    ScanError
        The image does not reach the face, or holds no tissue that parts from air.
    """
    voxel = np.array(volume.voxel_mm)
    size = np.maximum(np.round(_BLOCK_MM / voxel), 1).astype(int)
    low, high = _box(volume, pose, subject)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    blocks = block_affine(volume.affine, size)
    if level is not None:
        air, skin = level
        hounsfield = False
        share = (volume.data[box] - np.float32(air)) / np.float32(2 * (skin - air))
        outside = outside_air(block_mean(volume.data, size) < skin)
    else:
        data, hounsfield = positive(volume.data, ct=ct)
        levels = find_levels(data, subject)
        local, outside = skin_level(data, levels, voxel, size)
        part = data[box]
        local = onto(local, blocks, _corner(volume.affine, low), part.shape)
        share = part - np.float32(levels.air)
        local -= np.float32(levels.air)
        local *= 2
        share /= local
    np.clip(share, 0, _TOP, out=share)
    share, affine = _even(share, volume.affine, low, step_mm)
    fill_below(share, affine, outside, blocks, max(_COARSE_MM, 1.5 * step_mm))
    _smooth(share, affine, voxel, step_mm)
    notes = ("read as Hounsfield units",) if hounsfield else ()
    return TissueField(share, affine, notes)


def _corner(affine: FloatArray, low: IntArray) -> FloatArray:
    """Index to mm of a box that starts at voxel ``low``."""
    out = affine.copy()
    out[:3, 3] += affine[:3, :3] @ low
    return out


def _box(volume: Volume, pose: HeadPose, subject: str) -> tuple[IntArray, IntArray]:
    """First and past-the-last voxel of the face's box in the image."""
    corners = np.array(list(product(*FACE_BOX)))
    to_voxel = np.linalg.inv(volume.affine) @ np.linalg.inv(pose.head_from_scanner)
    places = moved(to_voxel @ np.linalg.inv(pose.template_from_head), corners)
    wanted_low, wanted_high = np.floor(places.min(axis=0)), np.ceil(places.max(axis=0)) + 1
    low = np.clip(wanted_low, 0, volume.shape).astype(int)
    high = np.clip(wanted_high, 0, volume.shape).astype(int)
    share = np.prod(np.maximum(high - low, 0) / (wanted_high - wanted_low))
    if share < _LEAST_SHARE or (high - low).min() < 4:
        raise ScanError(
            subject,
            found=f"only {100 * share:.0f} % of the space around the face in the field of view",
            expected="a head from the forehead to the chin",
            remedy="Leave this scan out of the face modality.",
        )
    return low, high


def _even(
    share: Float32Array, affine: FloatArray, low: IntArray, step_mm: float
) -> tuple[Float32Array, FloatArray]:
    """The field in voxels of about one step, and its affine."""
    voxel = np.linalg.norm(affine[:3, :3], axis=0)
    matrices: list[Float32Array | None] = []
    scale, first = np.ones(3), low.astype(float)
    for axis, mm in enumerate(voxel):
        if _KEPT[0] <= mm / step_mm <= _KEPT[1]:
            matrices.append(None)
            continue
        number = int(np.round(share.shape[axis] * mm / step_mm))
        scale[axis] = share.shape[axis] / number
        start = scale[axis] / 2 - 0.5
        matrices.append(resampling(share.shape[axis], start, scale[axis], number))
        first[axis] += start
    moved_affine = affine.copy()
    moved_affine[:3, :3] *= scale
    moved_affine[:3, 3] += affine[:3, :3] @ first
    order = along_axes(share, matrices)
    return np.clip(order, 0, _TOP), moved_affine


def _smooth(share: Float32Array, affine: FloatArray, voxel: FloatArray, step_mm: float) -> None:
    """Gaussian smoothing in place, more where slices are thick, along them and across."""
    step = np.linalg.norm(affine[:3, :3], axis=0)
    thick = np.where(voxel > _KEPT[1] * step_mm, voxel, 0)
    sigma = np.maximum(np.maximum(_THIN_MM, _THICK_SHARE * thick), _ACROSS_SHARE * thick.max())
    for axis, width in enumerate(sigma / step):
        ndimage.gaussian_filter1d(share, width, axis=axis, output=share, truncate=3, mode="nearest")


def fill_below(
    share: Float32Array,
    affine: FloatArray,
    outside: BoolArray,
    blocks: FloatArray,
    coarse_mm: float = _COARSE_MM,
) -> None:
    """Make the field solid below the skin, in place.

    Parameters
    ----------
    share, affine
        The field and its index to mm.
    outside, blocks
        Blocks of the whole image that lie outside the head, and their index to mm.
    coarse_mm
        Size of the blocks in which depth is measured.
    """
    step = np.linalg.norm(affine[:3, :3], axis=0)
    size = np.maximum(np.round(coarse_mm / step), 1).astype(int)
    solid = block_mean(share, size) > 0.5
    coarse = block_affine(affine, size)
    far = onto(outside.astype(np.float32), blocks, coarse, solid.shape) > 0.99
    head = largest_part(~outside_air(~solid, far))
    deep = _deep(head, step * size)
    filled = onto(deep, coarse, affine, share.shape)
    filled *= np.float32(_TOP)
    np.maximum(share, filled, out=share)


def _deep(head: BoolArray, edge: FloatArray) -> Float32Array:
    """1 well below the outline that bridges small openings, 0 above, a ramp between."""
    pad = int(np.ceil(2 * max(_BRIDGES_MM)[0] / edge.min()))
    widest = max(_BRIDGES_MM)[0]
    away = near_distance(np.pad(head, pad, mode="edge"), edge, widest)
    inner = tuple(slice(pad, -pad) for _ in range(3))
    ramp = np.zeros(head.shape, np.float32)
    for bridge, depth in _BRIDGES_MM:
        open_air = outside_air(away > bridge)
        start = bridge + depth - 1
        below = near_distance(open_air, edge, start + 2)[inner]
        np.maximum(ramp, np.clip((below - np.float32(start)) / 2, 0, 1), out=ramp)
    return ramp
