"""The part of a head that a camera in front can see, as a smooth field of how much is tissue."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy import ndimage

from headrisk.errors import ScanError
from headrisk.face.boxes import along_axes, block_mean, linear_steps, outside_air, resampling
from headrisk.face.pose import FACE_BOX, HeadPose, moved
from headrisk.face.threshold import find_levels, positive, skin_level
from headrisk.imaging.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

_STEP_MM = 1.0
_KEPT_MM = (0.75, 1.25)  # voxels of this size are not interpolated
_THIN_MM, _THICK_SHARE = 0.7, 0.4  # smoothing: standard deviation, and its share of a thick slice
_CLOSED_MM = 5.0  # openings up to twice this are bridged: nostrils, lips, ear canals
_DEPTH_MM = 3.5  # below the bridged outline everything is solid
_COARSE_MM = 2.0
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


def tissue_field(volume: Volume, pose: HeadPose, subject: str, *, ct: bool = False) -> TissueField:
    """Part air from tissue, fill what no camera can see, and smooth the steps of thick slices.

    ``ct`` says that the image is a CT; see :func:`headrisk.face.threshold.positive`.

    Raises
    ------
    ScanError
        The image does not reach the face, or holds no tissue that parts from air.
    """
    data, hounsfield = positive(volume.data, ct=ct)
    levels = find_levels(data, subject)
    voxel = np.array(volume.voxel_mm)
    size = np.maximum(np.round(4.0 / voxel), 1).astype(int)
    level = skin_level(data, levels, voxel)
    low, high = _box(volume, pose, subject)
    part = data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    level = along_axes(
        level,
        [
            linear_steps(n, (a - (k - 1) / 2) / k, 1 / k, b - a)
            for n, k, a, b in zip(level.shape, size, low, high, strict=True)
        ],
    )
    share = part - np.float32(levels.air)
    level -= np.float32(levels.air)
    level *= 2
    share /= level
    np.clip(share, 0, 1, out=share)
    share, affine = _even(share, volume.affine, low)
    notes = ("read as Hounsfield units",) if hounsfield else ()
    return TissueField(_filled(share, affine, voxel), affine, notes)


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
    share: Float32Array, affine: FloatArray, low: IntArray
) -> tuple[Float32Array, FloatArray]:
    """The field in voxels of about 1 mm, and its affine."""
    voxel = np.linalg.norm(affine[:3, :3], axis=0)
    matrices: list[Float32Array | None] = []
    scale, first = np.ones(3), low.astype(float)
    for axis, mm in enumerate(voxel):
        if _KEPT_MM[0] <= mm <= _KEPT_MM[1]:
            matrices.append(None)
            continue
        number = int(np.round(share.shape[axis] * mm / _STEP_MM))
        scale[axis] = share.shape[axis] / number
        start = scale[axis] / 2 - 0.5
        matrices.append(resampling(share.shape[axis], start, scale[axis], number))
        first[axis] += start
    moved_affine = affine.copy()
    moved_affine[:3, :3] *= scale
    moved_affine[:3, 3] += affine[:3, :3] @ first
    order = along_axes(share, matrices)
    return np.clip(order, 0, 1), moved_affine


def _filled(share: Float32Array, affine: FloatArray, voxel: FloatArray) -> Float32Array:
    """Smoothed field that is solid below the skin."""
    step = np.linalg.norm(affine[:3, :3], axis=0)
    sigma = np.maximum(_THIN_MM, np.where(voxel > _KEPT_MM[1], _THICK_SHARE * voxel, 0)) / step
    for axis, width in enumerate(sigma):
        ndimage.gaussian_filter1d(share, width, axis=axis, output=share, truncate=3, mode="nearest")
    size = np.maximum(np.round(_COARSE_MM / step), 1).astype(int)
    deep = _deep(block_mean(share, size) > 0.5, step * size)
    matrices: list[Float32Array | None] = [
        linear_steps(n, -(k - 1) / 2 / k, 1 / k, m)
        for n, k, m in zip(deep.shape, size, share.shape, strict=True)
    ]
    np.maximum(share, along_axes(deep, matrices), out=share)
    return share


def _deep(solid: BoolArray, edge: FloatArray) -> Float32Array:
    """1 well below the outline that bridges small openings, 0 above, a ramp between."""
    pad = int(np.ceil(2 * _CLOSED_MM / edge.min()))
    outside = outside_air(~solid)
    grown = np.pad(~outside, pad, mode="edge")
    away = ndimage.distance_transform_edt(~grown, sampling=edge)
    open_air = outside_air(away > _CLOSED_MM)
    below = ndimage.distance_transform_edt(~open_air, sampling=edge)
    inner = tuple(slice(pad, -pad) for _ in range(3))
    depth = below[inner] - _CLOSED_MM - _DEPTH_MM
    ramp: Float32Array = np.clip(depth / 2 + 0.5, 0, 1).astype(np.float32)
    return ramp
