"""A second scan of a person, simulated from the first.

The head is moved, sampled on other voxels, slightly warped as by another scanner's gradients,
given another contrast, receive field and noise, and its tissue is thinned a little. What a real
second scan adds beyond this (another scanner's contrast and artefacts, growth, disease, years) is
not in it. docs/simulated-rescans.md compares simulated and true second scans of the same people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.fields import add_rician_noise, receive_field, smooth_field, spread
from headrisk.io.volume import Volume
from headrisk.settings import Strength
from headrisk.types import Float32Array, FloatArray

_BIAS_SIGMA_MM = 50.0
_WARP_SIGMA_MM = 20.0
_STEP_MM = 12.0  # of the coarse grids that fields and points are computed on
_PEAK_PERCENTILE = 99.0
_STRIPPED_ZEROS = 0.3  # share of voxels at exactly 0 from which the background is kept empty
BRIGHT_FLUID = ("T2w", "T2star", "T2starw")


@dataclass(frozen=True)
class Rescan:
    """How far a second scan may differ from the first.

    Attributes
    ----------
    rotation_deg, shift_mm
        Largest turn about each axis and largest shift along each.
    voxel
        Voxel size of the second scan relative to the first.
    warp_mm
        Root mean square of a smooth warp along each axis (scanner distortion).
    bias
        Range of the receive field: from 1 - bias / 2 to 1 + bias / 2.
    contrast
        Standard deviation of the logarithm of the exponent (gamma) put on intensities.
    noise
        Rician noise relative to the brightest tissue.
    atrophy_mm
        By how much the border between tissue and fluid moves into the tissue.
    """

    rotation_deg: float
    shift_mm: float
    voxel: float
    warp_mm: float
    bias: float
    contrast: float
    noise: float
    atrophy_mm: float


STRENGTHS: dict[Strength, Rescan] = {
    "mild": Rescan(3, 4, 1.0, 0.2, 0.1, 0.05, 0.01, 0.0),
    "moderate": Rescan(8, 10, 1.2, 0.5, 0.3, 0.15, 0.03, 0.1),
    "strong": Rescan(15, 15, 1.6, 1.0, 0.5, 0.3, 0.06, 0.3),
}


def simulate_rescan(volume: Volume, how: Rescan, contrast: str, rng: np.random.Generator) -> Volume:
    """Simulate a second scan.

    Parameters
    ----------
    volume
        The first scan.
    how
        Strengths.
    contrast
        BIDS suffix of the scan: fluid is bright in T2w and dark in the others.
    rng
        Source of the movement, fields and noise.

    Returns
    -------
    Volume
        On a grid of its own, in scanner coordinates of its own; the person's head is where the
        second scan's movement puts it.
    """
    data = np.maximum(volume.data, 0)
    stripped = float(np.mean(data == 0)) > _STRIPPED_ZEROS
    positive = data[data > 0]
    peak = float(np.percentile(positive, _PEAK_PERCENTILE)) if positive.size else 1.0
    data = _thin(data, volume, how.atrophy_mm, contrast)
    voxel = np.array(volume.voxel_mm)
    if how.voxel > 1:
        data = ndimage.gaussian_filter(data, np.sqrt(how.voxel**2 - 1) / 2.355)
    shape = _shape(volume.shape, how.voxel)
    affine = volume.affine @ _zoom(volume.shape, shape, how.voxel)
    where = _points(volume, shape, affine, how, rng)
    moved = ndimage.map_coordinates(data, where, order=1, mode="grid-constant", prefilter=False)
    gamma = float(np.exp(how.contrast * rng.standard_normal()))
    signal = (peak * (moved / peak) ** gamma).astype(np.float32)
    signal *= receive_field(_field(rng, shape, voxel * how.voxel, _BIAS_SIGMA_MM), shape, how.bias)
    seen = add_rician_noise(signal, how.noise * peak, rng)
    if stripped:
        seen[moved <= 0] = 0
    return Volume(np.ascontiguousarray(seen), affine, (*volume.notes, "a simulated re-scan"))


def _thin(data: Float32Array, volume: Volume, width_mm: float, contrast: str) -> Float32Array:
    """Move the border between tissue and fluid into the tissue by a part of a voxel.

    To first order the image moves by its gradient times the width; it never leaves the range of
    its neighbours.
    """
    if width_mm <= 0:
        return data
    squared = np.zeros_like(data)
    for axis, step in enumerate(volume.voxel_mm):
        squared += (np.gradient(data, axis=axis) / np.float32(step)) ** 2
    change = np.float32(width_mm) * np.sqrt(squared)
    if contrast in BRIGHT_FLUID:
        grown: Float32Array = np.minimum(data + change, ndimage.maximum_filter(data, 3))
        return grown
    thinned: Float32Array = np.maximum(data - change, ndimage.minimum_filter(data, 3))
    return thinned


def _shape(shape: tuple[int, int, int], zoom: float) -> tuple[int, int, int]:
    x, y, z = (max(2, int(np.ceil(n / zoom))) for n in shape)
    return x, y, z


def _zoom(old: tuple[int, int, int], new: tuple[int, int, int], zoom: float) -> FloatArray:
    """New voxel index to old voxel index; the middles of both grids meet."""
    matrix = np.diag([zoom, zoom, zoom, 1.0])
    matrix[:3, 3] = (np.array(old) - 1) / 2 - zoom * (np.array(new) - 1) / 2
    return matrix


def _points(
    volume: Volume,
    shape: tuple[int, int, int],
    affine: FloatArray,
    how: Rescan,
    rng: np.random.Generator,
) -> Float32Array:
    """Old voxel coordinates (3, x, y, z) of every new voxel; coarse points are spread linearly."""
    angles = rng.uniform(-how.rotation_deg, how.rotation_deg, 3)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = rng.uniform(-how.shift_mm, how.shift_mm, 3)
    middle = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
    voxel = np.linalg.norm(affine[:3, :3], axis=0)
    coarse = _coarse(shape, voxel)
    lines = [np.linspace(0, n - 1, m) for n, m in zip(shape, coarse, strict=True)]
    index = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    there = affine[:3, :3] @ index + affine[:3, 3:]
    back = turn.T @ (there - middle[:, None] - shift[:, None]) + middle[:, None]
    for axis in range(3):
        field = _field(rng, shape, voxel, _WARP_SIGMA_MM)
        back[axis] += how.warp_mm * field.ravel()
    inverse = np.linalg.inv(volume.affine)
    old = (inverse[:3, :3] @ back + inverse[:3, 3:]).astype(np.float32)
    return spread(old.reshape(3, *coarse), shape)


def _coarse(shape: tuple[int, int, int], voxel: FloatArray) -> tuple[int, int, int]:
    x, y, z = (int(np.ceil(n * s / _STEP_MM)) + 1 for n, s in zip(shape, voxel, strict=True))
    return x, y, z


def _field(
    rng: np.random.Generator, shape: tuple[int, int, int], voxel: FloatArray, sigma_mm: float
) -> Float32Array:
    """A smooth field of variance 1 on the coarse grid: half of a periodic one."""
    x, y, z = _coarse(shape, voxel)
    return smooth_field(rng, (2 * x, 2 * y, 2 * z), sigma_mm, _STEP_MM)[:x, :y, :z]
