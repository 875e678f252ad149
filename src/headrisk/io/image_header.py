"""How an image is stored: size, voxels, direction of its axes; and how two files differ in that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headrisk.io.geometry import Shape, format_mm, voxel_sizes
from headrisk.io.headers import open_image
from headrisk.types import FloatArray

_DIRECTIONS = (("L", "R"), ("P", "A"), ("I", "S"))
_SAME_MM = 0.01  # voxel sizes and places closer than this are rounding


@dataclass(frozen=True)
class StoredForm:
    """An image's header, in the order of its stored axes.

    Attributes
    ----------
    shape
        Voxels along each stored axis.
    voxel_mm
        Voxel size along each stored axis.
    axes
        Where each stored axis points, such as ``RAS`` or ``LPI``.
    centre_mm
        Middle of the image, RAS+ mm.
    """

    shape: Shape
    voxel_mm: tuple[float, float, float]
    axes: str
    centre_mm: FloatArray


def stored_form(path: Path) -> StoredForm:
    """Read an image's header.

    Raises
    ------
    ScanError
        The header cannot be used.
    """
    with open_image(path) as (layout, _):
        affine = layout.affine
        centre = affine[:3, :3] @ ((np.array(layout.shape) - 1) / 2) + affine[:3, 3]
        return StoredForm(layout.shape, voxel_sizes(affine), axis_codes(affine), centre)


def axis_codes(affine: FloatArray) -> str:
    """Where each stored axis points, by its largest component; each of the three used once."""
    strength = np.abs(affine[:3, :3]) / np.maximum(np.linalg.norm(affine[:3, :3], axis=0), 1e-30)
    codes = [""] * 3
    for _ in range(3):
        world, stored = np.unravel_index(int(np.argmax(strength)), (3, 3))
        codes[stored] = _DIRECTIONS[world][int(affine[world, stored] > 0)]
        strength[world, :] = strength[:, stored] = -1.0
    return "".join(codes)


@dataclass(frozen=True)
class StoredChange:
    """How a second file differs in form from a first; nothing of it changes what can be compared.

    Attributes
    ----------
    reoriented, resampled, cropped, moved
        Axes stored in another order or direction; another voxel size; another field of view; the
        middle of the image elsewhere in the scanner.
    sentences
        The same in words.
    """

    reoriented: bool = False
    resampled: bool = False
    cropped: bool = False
    moved: bool = False
    sentences: tuple[str, ...] = ()


def stored_change(before: StoredForm, after: StoredForm) -> StoredChange:
    """Compare two files' forms; axes are matched by direction, whatever their order."""
    order = [_place(code, after.axes) for code in before.axes]
    voxel = np.array([after.voxel_mm[k] for k in order])
    shape = np.array([after.shape[k] for k in order])
    said = []
    reoriented = before.axes != after.axes
    if reoriented:
        said.append(f"axes stored as {after.axes}, not {before.axes}")
    resampled = bool(np.any(np.abs(voxel - before.voxel_mm) > _SAME_MM))
    if resampled:
        said.append(f"voxels of {format_mm(voxel)} mm, not {format_mm(before.voxel_mm)} mm")
    size = [s * v for s, v in zip(shape, voxel, strict=True)]
    own = np.array(before.shape) * np.array(before.voxel_mm)
    cropped = bool(np.any(np.abs(np.array(size) - own) > np.maximum(voxel, before.voxel_mm)))
    if cropped:
        said.append(f"a field of view of {format_mm(size)} mm, not {format_mm(own)} mm")
    away = float(np.linalg.norm(after.centre_mm - before.centre_mm))
    moved = away > float(max(voxel.max(), max(before.voxel_mm)))
    if moved:
        said.append(f"its middle {away:.1f} mm away in the scanner")
    return StoredChange(reoriented, resampled, cropped, moved, tuple(said))


def _place(code: str, axes: str) -> int:
    """Position of the axis that runs along the same line as ``code``."""
    pair = next(pair for pair in _DIRECTIONS if code in pair)
    return next(k for k, other in enumerate(axes) if other in pair)
