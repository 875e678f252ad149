"""Where voxels are: layout of an image, orientation to RAS+, sanity of an affine, distances.

An affine is 4 x 4 and takes a voxel index (i, j, k) to RAS+ millimetres.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from nibabel import orientations
from numpy.typing import NDArray

from headrisk.errors import ScanError
from headrisk.types import FloatArray

# ----------------------------------------------------------------------
# What an image file's header says about the voxels that follow it, whatever the format.
# ----------------------------------------------------------------------

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


def three_dimensions(sizes: Sequence[int], subject: str, *, series: bool = False) -> Shape:
    """Accept the stored sizes as one three-dimensional image, or refuse them with the reason.

    Trailing axes of length 1 are dropped; with ``series`` longer ones are, too: the sizes are then
    those of the first volume.

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
    if any(size > 1 for size in sizes[3:]) and not series:
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


# ----------------------------------------------------------------------
# Where voxels are: orientation to RAS+, sanity of an affine, distance between two affines.
# ----------------------------------------------------------------------

SMALLEST_VOXEL_MM = 0.1
LARGEST_VOXEL_MM = 20.0
LARGEST_FIELD_MM = 1000.0
FARTHEST_CORNER_MM = 100_000.0
SMALLEST_SKEW = 0.2  # |det| / product of voxel sizes; 1 for perpendicular axes

Shape = tuple[int, int, int]
Element = TypeVar("Element", bound=np.generic)


def voxel_sizes(affine: FloatArray) -> tuple[float, float, float]:
    """Length in mm of one voxel step along each array axis."""
    x, y, z = np.linalg.norm(affine[:3, :3], axis=0)
    return float(x), float(y), float(z)


def affine_problem(affine: FloatArray, shape: Shape) -> str:
    """What makes an affine unusable for a head image of this shape, or "" if nothing does.

    Checked: finite; voxel sizes from 0.1 to 20 mm; axes that span space; a field of view of at
    most 1 m; corners within 100 m of the origin. A lower limit on the field of view would refuse
    small test images, so ``field_note`` only remarks on it.
    """
    if not np.isfinite(affine).all():
        return "values that are not finite"
    if np.abs(affine).max() > FARTHEST_CORNER_MM:
        return f"a value of {np.abs(affine).max():.3g} mm"
    sizes = np.array(voxel_sizes(affine))
    if sizes.min() < SMALLEST_VOXEL_MM or sizes.max() > LARGEST_VOXEL_MM:
        return f"voxel size {format_mm(sizes)} mm"
    if abs(np.linalg.det(affine[:3, :3])) < SMALLEST_SKEW * sizes.prod():
        return "axes that lie (almost) in one plane"
    field_of_view = sizes * np.array(shape)
    if field_of_view.max() > LARGEST_FIELD_MM:
        return f"field of view {format_mm(field_of_view)} mm"
    return ""


def field_note(affine: FloatArray, shape: Shape) -> str:
    """A remark where the field of view is too small to hold a head, or ""."""
    field_of_view = np.array(voxel_sizes(affine)) * np.array(shape)
    if field_of_view.min() >= 60.0:
        return ""
    return f"field of view {format_mm(field_of_view)} mm is smaller than a head"


def corner_displacement(first: FloatArray, second: FloatArray, shape: Shape) -> float:
    """Largest distance in mm between the places two affines give to a corner of the image.

    The difference of two affine maps is affine, so no voxel inside moves farther than a corner.
    """
    corners = np.array([(*c, 1) for c in itertools.product(*((0, n - 1) for n in shape))])
    moved = corners @ (first - second).T
    return float(np.linalg.norm(moved[:, :3], axis=1).max())


def to_ras(data: NDArray[Element], affine: FloatArray) -> tuple[NDArray[Element], FloatArray]:
    """Permute and flip array axes so that they run closest to right, anterior, superior.

    Parameters
    ----------
    data
        (i, j, k) in stored order.
    affine
        4 x 4 for that order; must be sound (``affine_problem`` is "").

    Returns
    -------
    A view of the data and its new affine. Every voxel keeps its place in millimetres.
    """
    nibabel_orientations: Any = orientations  # its functions carry no types
    orientation = nibabel_orientations.io_orientation(affine)
    view: NDArray[Element] = nibabel_orientations.apply_orientation(data, orientation)
    return view, affine @ nibabel_orientations.inv_ornt_aff(orientation, data.shape)


def format_mm(values: Any) -> str:
    """Numbers as ``1 x 1 x 1.2`` for messages."""
    return " x ".join(f"{float(value):.4g}" for value in values)
