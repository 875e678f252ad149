"""The head around the brain, drawn analytically: skull, scalp, face, eyes, airways, neck.

It is there so that a brain-extraction network meets a whole head. It belongs to nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.types import BoolArray, Float32Array, FloatArray

Labels = NDArray[np.uint8]
AIR, SKIN, FAT, MUSCLE, BONE, MARROW, FLUID, EYE, TONGUE, CORD = range(10)

HEAD_LOW_MM = (-104.0, -136.0, -176.0)
HEAD_SHAPE = (105, 135, 141)
HEAD_STEP_MM = 2.0

FLUID_MM, BONE_MM, FAT_MM, SKIN_MM = 2.5, 9.0, 13.5, 16.0  # outer edges, from the brain's hull
_HULL_MM = 14.0  # gaps of the brain narrower than twice this belong to the hull


def head_affine() -> FloatArray:
    """Voxel index of the head grid to template mm."""
    affine = np.diag([HEAD_STEP_MM, HEAD_STEP_MM, HEAD_STEP_MM, 1.0])
    affine[:3, 3] = HEAD_LOW_MM
    return affine


def hull_distance(mask: BoolArray, affine: FloatArray) -> Float32Array:
    """Signed distance in mm to the closed hull of the brain, on the head grid, negative inside.

    Parameters
    ----------
    mask, affine
        Brain mask on a grid that shares the head grid's step and phase.
    """
    start = np.round((affine[:3, 3] - HEAD_LOW_MM) / HEAD_STEP_MM).astype(int)
    brain = np.zeros(HEAD_SHAPE, dtype=bool)
    inside = tuple(slice(s, s + n) for s, n in zip(start, mask.shape, strict=True))
    brain[inside] = mask
    grown = ndimage.distance_transform_edt(~brain, sampling=HEAD_STEP_MM) <= _HULL_MM
    hull = ndimage.distance_transform_edt(grown, sampling=HEAD_STEP_MM) > _HULL_MM
    hull |= brain
    outside = ndimage.distance_transform_edt(~hull, sampling=HEAD_STEP_MM)
    depth = ndimage.distance_transform_edt(hull, sampling=HEAD_STEP_MM)
    return ndimage.gaussian_filter((outside - depth).astype(np.float32), 1.0)


def head_labels(hull: Float32Array) -> tuple[Labels, Float32Array]:
    """Tissue of every voxel of the head grid outside the brain, and distance to the skin.

    Returns
    -------
    labels
        uint8, values ``AIR`` to ``CORD``. Inside the brain's hull it is ``FLUID``.
    surface
        Approximate signed distance to the head's surface in mm, negative inside.
    """
    x, y, z = np.ogrid[tuple(slice(0, n) for n in HEAD_SHAPE)]
    x, y, z = (
        (HEAD_STEP_MM * index + low).astype(np.float32)
        for index, low in zip((x, y, z), HEAD_LOW_MM, strict=True)
    )
    surface = _surface(x, y, z, hull)
    texture = np.sin(x / 5 + y / 11) + np.sin(y / 6 - z / 13) + np.sin(z / 7 + np.abs(x) / 9)
    labels = np.where(texture > 0.9, FAT, MUSCLE).astype(np.uint8)
    labels[surface > -7] = FAT
    _face(labels, x, y, z)
    _neck(labels, x, y, z)
    labels[(hull < FAT_MM) & (z > -40)] = FAT
    labels[hull < BONE_MM] = BONE
    labels[(np.abs(hull - 5.5) < 1.3) & (z > -30)] = MARROW
    labels[surface > -2.2] = SKIN
    labels[hull < FLUID_MM] = FLUID
    opening = _ellipse(x, y, 0, -47, 10, 10) + np.zeros_like(z)
    labels[(opening < 1) & (z < -68) & (hull > FLUID_MM)] = FLUID
    cord = _ellipse(x, y, 0, -47, 6.5, 5.5) + np.zeros_like(z)
    labels[(cord < 1) & (z < -68) & (hull > FLUID_MM)] = CORD
    labels[surface > 0] = AIR
    return labels, surface


def _surface(x: Float32Array, y: Float32Array, z: Float32Array, hull: Float32Array) -> Float32Array:
    surface = hull - np.float32(SKIN_MM)
    face = _ellipsoid(x, y, z, (0, 36, -72), (64, 54, 70))
    jaw = _ellipsoid(x, y, z, (0, 50, -116), (46, 42, 28))
    neck = 52 * (np.sqrt(_ellipse(x, y + 0.15 * (z + 120), 0, -32, 56, 52)) - 1)
    neck = np.maximum(neck, z + 50)
    nose = _ellipsoid(x, y + 0.45 * (z + 60), z, (0, 88, -62), (13, 20, 24))
    for part, blend in ((face, 14), (jaw, 12), (neck, 18), (nose, 6)):
        surface = _smooth_union(surface, part, blend)
    return np.asarray(surface, dtype=np.float32)


def _face(labels: Labels, x: Float32Array, y: Float32Array, z: Float32Array) -> None:
    side = np.abs(x)
    for centre, radii, tissue in (
        ((26, 46, -36), (16, 30, 16), FAT),  # orbit
        ((32, 62, -36), (12.5, 12.5, 12.5), EYE),
        ((0, 60, -96), (30, 30, 5), BONE),  # palate
        ((0, 40, -113), (24, 32, 15), TONGUE),
        ((30, 58, -72), (12, 16, 16), AIR),  # maxillary sinus
        ((6, 58, -70), (5, 34, 22), AIR),  # nasal cavity
        ((6, 22, -40), (8, 11, 8), AIR),  # sphenoid sinus
        ((10, 76, -22), (8, 4, 7), AIR),  # frontal sinus
        ((44, 42, -118), (5, 40, 14), BONE),  # mandible
        ((62, -30, -52), (14, 20, 16), BONE),  # mastoid
    ):
        labels[_ellipsoid(side, y, z, centre, radii) < 0] = tissue


def _neck(labels: Labels, x: Float32Array, y: Float32Array, z: Float32Array) -> None:
    low = z < -72
    everywhere = np.zeros_like(z)
    labels[(_ellipse(x, y, 0, 4, 8, 6) + everywhere < 1) & (z < -64)] = AIR  # airway
    labels[(_ellipse(x, y, 0, -47, 20, 17) + everywhere < 1) & low] = BONE
    body = _ellipse(x, y, 0, -24, 15, 12) + everywhere
    labels[(body < 1) & low] = MARROW
    labels[(body < 1) & low & (np.mod(z, 18) < 4)] = BONE  # discs


def _ellipse(
    x: Float32Array, y: Float32Array, cx: float, cy: float, rx: float, ry: float
) -> Float32Array:
    return np.asarray(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2, dtype=np.float32)


def _ellipsoid(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
) -> Float32Array:
    """First-order distance to an ellipsoid: level over the length of its gradient."""
    parts = [(p - c) / r for p, c, r in zip((x, y, z), centre, radii, strict=True)]
    level = np.sqrt(sum(part**2 for part in parts))
    slope = np.sqrt(sum((part / r) ** 2 for part, r in zip(parts, radii, strict=True)))
    return np.asarray(level * (level - 1) / np.maximum(slope, 1e-6), dtype=np.float32)


def _smooth_union(a: Float32Array, b: Float32Array, blend: float) -> Float32Array:
    """Union of two distance fields whose seam is rounded over ``blend`` mm."""
    near = np.maximum(blend - np.abs(a - b), 0) / blend
    return np.asarray(np.minimum(a, b) - near * near * blend / 4, dtype=np.float32)
