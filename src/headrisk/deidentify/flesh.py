"""What to fill a head with: intensity by depth below the skin, its shading, and noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headrisk.deidentify.led import Led, continued
from headrisk.deidentify.skin import Skin
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

_DEPTHS_MM = np.arange(2.0, 26.0, 2.0)
_FINE_MM = 0.25  # of the table of intensities
_HALF_MM = 1.5  # of a layer
_FEWEST = 40  # blocks behind a median
_SHADING_MM = (2.0, 14.0)  # depth of the tissue that tells the shading
_MOST_SHADING = 0.7  # of the logarithm
_RAYLEIGH_MEDIAN = 1.1774  # of the spread of its two channels


@dataclass(frozen=True)
class Flesh:
    """Intensities of a scan's soft tissue and air.

    Attributes
    ----------
    by_depth
        Median intensity at :data:`_DEPTHS_MM` below the skin.
    shading
        Logarithm of the local gain on blocks of about 4 mm, and their index to mm.
    noise
        Standard deviation of each of the two channels of the noise.
    air
        Intensity of air in the image, without noise.
    """

    by_depth: FloatArray
    shading: tuple[Float32Array, FloatArray] = field(repr=False)
    noise: float
    air: float


def flesh_of(skin: Skin, of: BoolArray, beside: BoolArray, brain_mm: Float32Array) -> Flesh:
    """Learn how a scan shows its soft tissue.

    Parameters
    ----------
    of
        Blocks whose medians by depth are taken.
    beside
        Blocks that tell the shading: those that stay, next to those that are filled.
    brain_mm
        Distance of every block from the brain; brain and what touches it never count.
    """
    outer = brain_mm > 6
    depth = -skin.distance
    inner = _medians(skin, depth, of & outer)
    if np.isnan(inner).any():
        inner = np.where(np.isnan(inner), _medians(skin, depth, outer), inner)
    by_depth = np.where(np.isnan(inner), skin.levels.tissue - skin.levels.air, inner)
    known = beside & outer & (depth > _SHADING_MM[0]) & (depth < _SHADING_MM[1])
    plain = np.interp(depth[known], _DEPTHS_MM, by_depth)
    ratio = np.zeros(skin.shape, np.float32)
    ratio[known] = np.log(np.maximum(skin.value[known], 1e-6) / np.maximum(plain, 1e-6))
    np.clip(ratio, -_MOST_SHADING, _MOST_SHADING, out=ratio)
    return Flesh(
        by_depth,
        continued(ratio, known, skin.affine),
        skin.levels.air / _RAYLEIGH_MEDIAN,
        skin.air,
    )


def _medians(skin: Skin, depth: Float32Array, of: BoolArray) -> FloatArray:
    """Median intensity of some blocks at each depth; NaN where there are too few."""
    reached = (depth > _DEPTHS_MM[0] - _HALF_MM - 1) & (depth < _DEPTHS_MM[-1] + _HALF_MM + 1)
    chosen = np.flatnonzero(of & reached)
    deep, value = depth.ravel()[chosen], skin.value.ravel()[chosen]
    layers = [value[np.abs(deep - mm) <= _HALF_MM] for mm in _DEPTHS_MM]
    return np.array([float(np.median(v)) if v.size >= _FEWEST else np.nan for v in layers])


def filled(
    led: Led, flesh: Flesh, voxel_mm: float, where: IntArray, rng: np.random.Generator
) -> Float32Array:
    """Intensities of a head whose skin is the led one: tissue within, air outside, noise on both.

    Parameters
    ----------
    voxel_mm
        Over which tissue and air mix at the skin.
    where
        (voxels,) flat indices into the box of those that are wanted.

    Returns
    -------
    (voxels,) in the order of ``where``.
    """
    distance = led.distance.ravel()[where]
    fine = np.arange(0, _DEPTHS_MM[-1] + 1, _FINE_MM)
    table = np.interp(fine, _DEPTHS_MM, flesh.by_depth).astype(np.float32)
    place = np.clip(distance * np.float32(-1 / _FINE_MM), 0, len(table) - 1).astype(np.int32)
    out = table[place]
    out *= np.exp(led.onto_box(*flesh.shading).ravel()[where])
    out *= np.clip(np.float32(0.5) - distance / np.float32(voxel_mm), 0, 1)
    if flesh.noise > 0:
        sigma = np.float32(flesh.noise)
        out += sigma * rng.standard_normal(out.shape, np.float32)
        out = np.hypot(out, sigma * rng.standard_normal(out.shape, np.float32))
    out += np.float32(flesh.air)
    return np.asarray(out, np.float32)


def air_noise(count: int, flesh: Flesh, rng: np.random.Generator) -> Float32Array:
    """Noise of empty space, Rayleigh distributed (Gudbjartsson and Patz 1995)."""
    if flesh.noise <= 0:
        return np.full(count, flesh.air, np.float32)
    drawn = rng.standard_exponential(count, np.float32)
    out: Float32Array = np.sqrt(2 * drawn) * np.float32(flesh.noise) + np.float32(flesh.air)
    return out
