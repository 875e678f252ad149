"""An image and the template at one smoothness, ready to be compared at the template's points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.brain.template import load_template
from headrisk.types import BoolArray, Float32Array, FloatArray

T1_MAPS = ("t1",)
TISSUE_MAPS = ("gm", "wm", "mask")
_REACH_MM = 8.0  # template points are taken up to this far outside the brain
_TEMPLATE_MM = 2.0


@dataclass(frozen=True)
class Level:
    """The template at one smoothness, on a regular lattice of points in and around the brain."""

    points: FloatArray  # (n, 3) template mm
    maps: Float32Array  # (n, 1 + k): a constant and the template maps
    slopes: Float32Array  # (k, n, 12): derivative of each map by the 12 affine parameters
    basis: Float32Array  # (n, 1 + k) orthonormal basis of the maps
    inner: BoolArray  # (n,) points at least 4 mm inside the brain
    tissue: NDArray[np.int8]  # (n,) 1 where grey matter, 2 where white, 0 mixed or neither


@dataclass(frozen=True)
class Field:
    """An image made ready for sampling at one smoothness."""

    data: Float32Array
    to_voxel: FloatArray  # scanner mm to voxel index

    def at(self, affine: FloatArray, points: FloatArray) -> Float32Array:
        """Trilinear values at ``affine @ points``; 0 outside the image."""
        m = self.to_voxel @ affine
        where = m[:3, :3] @ points.T + m[:3, 3:]
        values: Float32Array = ndimage.map_coordinates(
            self.data, where, order=1, mode="constant", cval=0.0, prefilter=False
        )
        return values


def smoothed(data: Float32Array, affine: FloatArray, fwhm: float) -> Field:
    """An image (x, y, z) smoothed to a width at half maximum in mm; its voxels count as smooth."""
    voxel = np.linalg.norm(affine[:3, :3], axis=0)
    sigma = np.sqrt(np.maximum((fwhm / 2.355) ** 2 - (voxel / 2.355) ** 2, 0.0)) / voxel
    if np.any(sigma > 0.1):
        smooth = ndimage.gaussian_filter(data, sigma, mode="constant", truncate=3.0)
        data = smooth.astype(np.float32, copy=False)
    return Field(data, np.linalg.inv(affine).astype(np.float64))


@cache
def template_level(fwhm: float, spacing: int, names: tuple[str, ...]) -> Level:
    """The template's ``names`` maps smoothed to ``fwhm`` mm, at points ``spacing`` mm apart."""
    template = load_template()
    step, voxel = spacing // 2, _TEMPLATE_MM
    near = ndimage.distance_transform_edt(~template.mask, sampling=voxel) <= _REACH_MM
    keep = np.zeros_like(near)
    keep[::step, ::step, ::step] = near[::step, ::step, ::step]
    index = np.argwhere(keep)
    points = index @ template.affine[:3, :3].T + template.affine[:3, 3]
    homogeneous = np.hstack([points, np.ones((len(points), 1))])
    maps = [np.ones(len(points), np.float32)]
    slopes = []
    for name in names:
        image = getattr(template, name).astype(np.float32)
        sigma = np.sqrt(max((fwhm / 2.355) ** 2 - (voxel / 2.355) ** 2, 0.0)) / voxel
        if sigma > 0:
            image = ndimage.gaussian_filter(image, sigma, mode="constant", truncate=3.0)
        maps.append(image[keep])
        gradient = np.stack([g[keep] for g in np.gradient(image, voxel)], axis=1)
        outer = gradient[:, :, None] * homogeneous[:, None, :]
        slopes.append(outer.reshape(len(points), 12))
    stacked = np.stack(maps, axis=1)
    basis, _ = np.linalg.qr(stacked.astype(np.float64))
    return Level(
        points,
        stacked,
        np.asarray(slopes, np.float32),
        np.ascontiguousarray(basis, np.float32),
        ndimage.binary_erosion(template.mask, iterations=2)[keep],
        ((template.gm > 0.7) + 2 * (template.wm > 0.9))[keep].astype(np.int8),
    )


def explained(field: Field, level: Level, affine: FloatArray) -> float:
    """Share of the image's variance at the level's points that the template maps explain."""
    values = field.at(affine, level.points)
    centred = values - values.mean()
    total = float(centred @ centred)
    if total <= 0:
        return 0.0
    fitted = level.basis.T @ centred
    return float(fitted @ fitted) / total


def explained_each(field: Field, level: Level, affines: FloatArray) -> FloatArray:
    """As :func:`explained`, for many affines (n, 4, 4) at once."""
    m = field.to_voxel @ affines
    where = m[:, :3, :3] @ level.points.T + m[:, :3, 3:]
    values = ndimage.map_coordinates(
        field.data,
        where.transpose(1, 0, 2),
        order=1,
        mode="constant",
        cval=0.0,
        prefilter=False,
        output=np.float32,
    )
    centred = values - values.mean(axis=1, keepdims=True)
    share: FloatArray = ((centred @ level.basis) ** 2).sum(axis=1) / np.maximum(
        (centred**2).sum(axis=1), 1e-12
    )
    return share


def template_points(fwhm: float, spacing: int) -> tuple[FloatArray, Float32Array]:
    """Template points (n, 3) in mm, in the brain and 8 mm around it, and the smoothed T1 there."""
    level = template_level(fwhm, spacing, T1_MAPS)
    return level.points, level.maps[:, 1]
