"""A scan made ready for treatment: where its brain is, and coarse grids to compute on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Alignment, Brain
from headrisk.brain.prepare import AlignedBrain, PrepareTask, align_head
from headrisk.brain.quality import judge
from headrisk.brain.template import load_template
from headrisk.errors import ScanError
from headrisk.face.placing import place_head
from headrisk.heads.average import on_grid
from headrisk.heads.boxes import block_affine, block_mean, onto
from headrisk.heads.threshold import positive
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

_COARSE_MM = 2.0
_FAR_MM = 1e3
_BRAIN_TOP_HU = 80.0


@dataclass(frozen=True)
class Head:
    """A scan, its brain, and how the two lie.

    Attributes
    ----------
    volume
        The whole image.
    brain
        The brain at about 2 mm, bias-flattened, in a box of its own.
    alignment
        Template mm to scanner mm, and how well it fits.
    brain_ml
        Volume of the brain, mL.
    stripped
        The image holds nothing but a brain.
    """

    volume: Volume = field(repr=False)
    brain: Brain = field(repr=False)
    alignment: Alignment
    brain_ml: float
    stripped: bool
    notes: tuple[str, ...] = ()


def find_head(volume: Volume, subject: str, *, suffix: str = "T1w", accurate: bool = False) -> Head:
    """Find the brain and align it to the template.

    Parameters
    ----------
    subject
        The scan's name for error messages.
    suffix
        BIDS suffix, which tells the contrast.
    accurate
        Use the larger brain-extraction network.

    Raises
    ------
    ScanError
        No brain was found, or it could not be aligned.
    """
    task = PrepareTask(subject, "", suffix, 4, "affine", accurate)
    if positive(volume.data)[1]:
        return _by_skin(volume, task)
    try:
        aligned = align_head(volume, task)
    except ScanError:
        return _by_skin(volume, task)
    quality = judge(aligned.volume_ml, aligned.alignment)
    if quality.verdict == "failed":
        try:
            return _by_skin(volume, task)
        except ScanError:
            raise ScanError(
                subject,
                found=f"the head could not be aligned: {'; '.join(quality.reasons)}",
                expected="a head whose brain or skin can be found",
                remedy="Look at the image; de-identify it by hand or leave it out.",
            ) from None
    return head_of(volume, aligned)


def _by_skin(volume: Volume, task: PrepareTask) -> Head:
    """A head aligned by its outline, with the template's brain where its own was not found.

    Raises
    ------
    ScanError
        No head was found.
    """
    placed = place_head(volume, task)
    if placed.brain is not None:
        return head_of(volume, placed.brain)
    template = load_template()
    shape, affine = coarse_grid(volume)
    to_template = np.linalg.inv(placed.alignment @ template.affine) @ affine
    padded = np.pad(template.mask.astype(np.float32), 1)  # nothing beyond the template's box
    to_template[:3, 3] += 1
    mask = on_grid(padded, to_template, shape) > 0.5
    value = block_mean(volume.data, coarse_size(volume))
    if placed.hounsfield:
        value = np.clip(value, 0, _BRAIN_TOP_HU)
    brain = Brain(np.where(mask, value, np.float32(0)), mask, affine)
    litres = float(np.count_nonzero(mask) * abs(np.linalg.det(affine[:3, :3])) / 1000)
    score = 0.0 if placed.skin is None else placed.skin.scalp
    alignment = Alignment(placed.alignment, score, 0.0, 0.0)
    notes = (*placed.notes, "the brain's place is that of a template head fitted to the skin")
    return Head(volume, brain, alignment, litres, stripped=False, notes=notes)


def head_of(volume: Volume, aligned: AlignedBrain) -> Head:
    """The same from a brain that has been aligned already."""
    return Head(
        volume,
        aligned.brain,
        aligned.alignment,
        aligned.volume_ml,
        aligned.stripped,
        aligned.notes,
    )


def coarse_size(volume: Volume) -> IntArray:
    """Voxels along each axis that make a block of about 2 mm."""
    return np.maximum(np.round(_COARSE_MM / np.array(volume.voxel_mm)), 1).astype(np.int64)


def coarse_grid(volume: Volume) -> tuple[tuple[int, int, int], FloatArray]:
    """Shape and affine of the image in blocks of about 2 mm."""
    size = coarse_size(volume)
    x, y, z = (int(-(-n // k)) for n, k in zip(volume.shape, size, strict=True))
    return (x, y, z), block_affine(volume.affine, size)


def brain_mask(head: Head) -> BoolArray:
    """The brain on the image's own voxels, (x, y, z)."""
    brain, volume = head.brain, head.volume
    to_image = np.linalg.inv(volume.affine) @ brain.affine
    corner = to_image[:3, :3] @ np.array(brain.mask.shape) + to_image[:3, 3]
    low = np.clip(np.floor(to_image[:3, 3]), 0, np.array(volume.shape) - 1).astype(int)
    high = np.clip(np.ceil(corner), low + 1, volume.shape).astype(int)
    target = volume.affine.copy()
    target[:3, 3] += volume.affine[:3, :3] @ low
    share = onto(
        brain.mask.astype(np.float32),
        brain.affine,
        target,
        tuple(int(n) for n in high - low),
    )
    out = np.zeros(volume.shape, bool)
    out[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = share > 0.5
    return out


def brain_distance(head: Head, shape: tuple[int, int, int], affine: FloatArray) -> Float32Array:
    """Distance in mm from the brain on a grid with the image's axes, 0 inside.

    True up to about 12 mm, the margin of the box in which the brain was cut out; never less than
    that farther away.
    """
    brain = head.brain
    if not brain.mask.any():
        return np.full(shape, _FAR_MM, np.float32)
    away = ndimage.distance_transform_edt(~brain.mask, sampling=brain.voxel_mm)
    return onto(away.astype(np.float32), brain.affine, affine, shape)
