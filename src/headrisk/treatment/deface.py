"""Treatments that remove: the template's face region, quickshear's wedge, all but the brain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.boxes import onto
from headrisk.imaging.volume import Volume
from headrisk.treatment.head import Head, brain_mask, coarse_grid
from headrisk.treatment.region import face_region
from headrisk.treatment.skin import air_value
from headrisk.types import BoolArray, Float32Array, FloatArray

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

    Parameters
    ----------
    subject
        The scan's name for error messages.
    rng
        Not used: nothing is drawn.
    """
    if head.stripped:
        return untouched(head)
    shape, affine = coarse_grid(head.volume)
    region, _ = face_region(head, shape, affine)
    volume = head.volume
    changed = onto(region, affine, volume.affine, volume.shape) > 0
    changed &= ~brain_mask(head)
    return emptied(volume, np.asarray(changed, bool))


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
        raise MissingExtraError(
            "the tool quickshear",
            found="the package quickshear is not installed",
            remedy='Install it with: pip install "headrisk[deface]"',
        ) from error
    if head.stripped:
        return untouched(head)
    mask = brain_mask(head)
    # It takes as many columns from the front as the image has slices: add what is lacking behind.
    lack = max(mask.shape[2] - mask.shape[1], 0)
    padded = np.pad(mask, ((0, 0), (lack, 0), (0, 0)))
    buffer = _SHEAR_MM / head.volume.voxel_mm[2]
    plain = np.diag([*head.volume.voxel_mm, 1.0])
    whole = _Image(np.ones(padded.shape, np.uint8), plain)
    try:
        kept = quickshear(whole, _Image(padded.astype(np.uint8), plain), buffer)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        raise ScanError(
            subject,
            found=f"quickshear stopped ({error})",
            expected="a brain with a lower front edge",
            remedy="Use another tool for this scan.",
        ) from error
    return emptied(head.volume, np.asarray(kept.dataobj[:, lack:] == 0, bool))


@dataclass(frozen=True)
class _Image:
    """As much of an image as quickshear looks at, in RAS order."""

    dataobj: np.ndarray[Any, np.dtype[np.uint8]]
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
