"""Bring an aligned brain onto a grid in template space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid

_MOST_TO_NEIGHBOUR = 0.3  # of a voxel's value in one three-voxel average


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
        data, share = smooth(data, sigma), smooth(share, sigma)
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


def smooth(image: Float32Array, sigma: FloatArray) -> Float32Array:
    """Smooth by repeated three-voxel averages with the variance of a Gaussian, 0 outside.

    ``sigma`` is in voxels, one for each axis. Several times as fast as
    :func:`scipy.ndimage.gaussian_filter` for the small widths that prevent aliasing.
    """
    out = image.astype(np.float32, copy=True)
    for axis, width in enumerate(sigma):
        repeats = int(np.ceil(width**2 / 2 / _MOST_TO_NEIGHBOUR))
        out = np.moveaxis(out, axis, 0)
        for _ in range(repeats):
            share = np.float32(width**2 / 2 / repeats)
            given = out * share
            out *= 1 - 2 * share
            out[1:] += given[:-1]
            out[:-1] += given[1:]
        out = np.moveaxis(out, 0, axis)
    return out


def sample_axes(image: Float32Array, where: Sequence[FloatArray]) -> Float32Array:
    """Trilinear values on a grid that is parallel to the image's axes.

    ``where`` holds the voxel coordinates along each axis. Coordinates outside the image take the
    value at its border.
    """
    out = image
    for axis, place in enumerate(where):
        last = image.shape[axis] - 1
        place = np.clip(place, 0, last)
        below = np.minimum(place.astype(int), max(last - 1, 0))
        shape = [1, 1, 1]
        shape[axis] = -1
        part = (place - below).astype(np.float32).reshape(shape)
        low = np.take(out, below, axis=axis)
        out = low + part * (np.take(out, np.minimum(below + 1, last), axis=axis) - low)
    return out
