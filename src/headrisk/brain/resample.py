"""Bring an aligned brain onto a grid in template space."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid


def resample(brain: Brain, affine: FloatArray, grid: Grid) -> tuple[Float32Array, BoolArray]:
    """Intensity and brain mask of an aligned brain on a template grid.

    Parameters
    ----------
    brain
        Brain in scanner space.
    affine
        Template RAS+ mm to scanner RAS+ mm.
    grid
        Where to sample; smoothing to its voxel size prevents aliasing.

    Returns
    -------
    image, inside
        Volumes of the grid's shape. The intensity is the mean over the brain's own voxels, so the
        edge is not darkened by the background. ``inside`` is where the person has brain.
    """
    target = float(np.linalg.norm(grid.affine[:3, 0]))
    voxel = brain.voxel_mm
    sigma = np.sqrt(np.maximum(target**2 - voxel**2, 0.0)) / 2.355 / voxel
    share = brain.mask.astype(np.float32)
    data = brain.data
    if np.any(sigma > 0.1):
        data = ndimage.gaussian_filter(data, sigma, mode="constant", truncate=2.5)
        share = ndimage.gaussian_filter(share, sigma, mode="constant", truncate=2.5)
    points = np.argwhere(grid.mask) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    to_voxel = np.linalg.inv(brain.affine) @ affine
    where = to_voxel[:3, :3] @ points.T + to_voxel[:3, 3:]
    weight = ndimage.map_coordinates(share, where, order=1, prefilter=False)
    total = ndimage.map_coordinates(data, where, order=1, prefilter=False)
    value = total / np.maximum(weight, np.float32(0.2))
    image = np.zeros(grid.mask.shape, np.float32)
    inside = np.zeros(grid.mask.shape, bool)
    inside[grid.mask] = weight > 0.5
    image[grid.mask] = np.where(weight > 0.5, value, np.float32(0))
    return image, inside
