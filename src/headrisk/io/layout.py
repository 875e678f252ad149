"""What an image file's header says about the voxels that follow it, whatever the format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import Shape
from headrisk.types import FloatArray

SMALLEST_AXIS = 4
LARGEST_AXIS = 4096


@dataclass(frozen=True)
class ImageLayout:
    """A checked header.

    Attributes
    ----------
    form
        Name of the file format, for messages.
    shape
        Voxels along the stored axes; the first runs fastest on disk.
    dtype
        Stored type with its byte order.
    offset
        Bytes of the (decompressed) file before the first voxel.
    slope, intercept
        Value = slope x stored + intercept.
    affine
        4 x 4, stored voxel index to RAS+ mm.
    tail_bytes
        Bytes that the format allows after the last voxel (tags); anything more is remarked on.
    header
        The bytes of a NIfTI header, b"" for other formats.
    notes
        Repairs and warnings made while reading the header.
    """

    form: str
    shape: Shape
    dtype: np.dtype[Any]
    offset: int
    affine: FloatArray
    slope: float = 1.0
    intercept: float = 0.0
    tail_bytes: int = 0
    header: bytes = field(default=b"", repr=False)
    notes: tuple[str, ...] = ()

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        x, y, z = self.shape
        return x * y * z

    @property
    def data_bytes(self) -> int:
        """Bytes of voxel data."""
        return self.voxels * self.dtype.itemsize


def three_dimensions(sizes: Sequence[int], subject: str) -> Shape:
    """Accept the stored sizes as one three-dimensional image, or refuse them with the reason.

    Trailing axes of length 1 are dropped.

    Raises
    ------
    ScanError
        Fewer than three axes, an axis of zero or negative length, an axis shorter than 4 or
        longer than 4096 voxels, or more than one volume.
    """
    label = " x ".join(str(size) for size in sizes)
    expected = f"one volume with {SMALLEST_AXIS} to {LARGEST_AXIS} voxels along x, y and z"
    if any(size < 1 for size in sizes):
        raise ScanError(
            subject,
            found=f"image size {label}",
            expected=expected,
            remedy="The header is damaged: export the scan again.",
        )
    if any(size > 1 for size in sizes[3:]):
        raise ScanError(
            subject,
            found=f"a series of images, size {label}",
            expected=expected,
            remedy="Extract one volume (or list another image of this person).",
        )
    if len(sizes) < 3 or min(sizes[:3]) < SMALLEST_AXIS:
        raise ScanError(
            subject,
            found=f"image size {label}, which is a slice or a localiser",
            expected=expected,
            remedy="List the person's structural head scan instead.",
        )
    if max(sizes[:3]) > LARGEST_AXIS:
        raise ScanError(
            subject,
            found=f"image size {label}",
            expected=expected,
            remedy="The header is damaged: export the scan again.",
        )
    return sizes[0], sizes[1], sizes[2]
