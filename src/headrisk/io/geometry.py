"""Where voxels are: orientation to RAS+, sanity of an affine, distance between two affines.

An affine is 4 x 4 and takes a voxel index (i, j, k) to RAS+ millimetres.
"""

from __future__ import annotations

import itertools
from typing import Any, TypeVar

import numpy as np
from nibabel import orientations
from numpy.typing import NDArray

from headrisk.types import FloatArray

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
