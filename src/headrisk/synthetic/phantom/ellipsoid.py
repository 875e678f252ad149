"""A known-answer image of unequal axes, for tests of geometry."""

from __future__ import annotations

import numpy as np

from headrisk.types import Float32Array, FloatArray


def ellipsoid_phantom(
    shape: tuple[int, int, int] = (7, 8, 9),
    voxel_mm: tuple[float, float, float] = (1.0, 1.5, 2.0),
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    radii_mm: tuple[float, float, float] = (2.5, 4.0, 6.5),
) -> tuple[Float32Array, FloatArray]:
    """An ellipsoid whose signal tells the axes apart.

    The three radii differ, and the signal inside is ``100 + x + 2 y + 4 z`` of the position in mm
    relative to the centre, so that a swapped or flipped axis changes the image. Outside it is 0.

    Returns
    -------
    volume
        ``shape``, float32.
    affine
        Voxel index to RAS+ mm; the middle of the grid lies at 0 mm.
    """
    affine = np.diag([*voxel_mm, 1.0])
    affine[:3, 3] = -0.5 * np.array(voxel_mm) * (np.array(shape) - 1)
    index = np.indices(shape).reshape(3, -1)
    offset = affine[:3, :3] @ index + affine[:3, 3:] - np.array(centre_mm)[:, None]
    inside = np.square(offset / np.array(radii_mm)[:, None]).sum(axis=0) < 1
    signal = 100 + np.array([1.0, 2.0, 4.0]) @ offset
    return np.where(inside, signal, 0).reshape(shape).astype(np.float32), affine
