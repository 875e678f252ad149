"""Synthetic people: the template's anatomy, made personal.

A person is a smooth displacement of the template, an own folding pattern, a ventricle size, a
head size and tissue brightness. The folding pattern is the zero set of a smooth random field
drawn on the brain's surface and carried inwards along the normal: such sets are sheets, as sulci
are. Grey matter lines them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.fields import sample, smooth_field
from headrisk.synthetic.phantom.atlas import FOLD_SIGMA_MM, Atlas, in_box
from headrisk.synthetic.phantom.settings import PhantomSettings
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# A known-answer image of unequal axes, for tests of geometry.
# ----------------------------------------------------------------------


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


# ----------------------------------------------------------------------
# Synthetic people: the template's anatomy, made personal.
# ----------------------------------------------------------------------

SULCUS_MM = 0.9  # half width of a sulcus
CORTEX_MM = 3.6  # from the middle of a sulcus to white matter
WARP_STEP_MM = 5.0
_WARP_SHAPE = (45, 60, 60)
_WARP_LOW_MM = (-110.0, -150.0, -180.0)


@dataclass(frozen=True)
class Person:
    """What stays with a person from scan to scan.

    ``scale`` is (3,) template to person; ``warp`` is (3, x, y, z) mm on the warp grid; ``fold`` is
    the folding field on the template grid; ``ventricles`` is the volume relative to the template;
    ``tissue`` multiplies the fluid, grey and white means.
    """

    age: float
    sex: str
    scale: FloatArray
    warp: Float32Array
    fold: Float32Array
    ventricles: float
    tissue: FloatArray


def draw_person(atlas: Atlas, settings: PhantomSettings, rng: np.random.Generator) -> Person:
    """Draw one person. With ``settings.identity`` 0 all draws give the same anatomy."""
    strength = settings.identity
    age = float(np.round(rng.uniform(20, 80), 1))
    sex = "F" if rng.random() < 0.5 else "M"
    warp = strength * draw_warp(settings.warp_sigma_mm, settings.warp_rms_mm, rng)
    own = min(1.0, strength * settings.folding)
    personal = smooth_field(rng, atlas.gm.shape, FOLD_SIGMA_MM, 2.0)
    mixed = np.float32(np.sqrt(1 - own**2)) * atlas.folds + np.float32(own) * personal
    logarithm = settings.ventricle_sd * rng.standard_normal()
    logarithm += settings.ventricle_per_year * (age - 50)
    return Person(
        age=age,
        sex=sex,
        scale=settings.head_scale
        * np.exp(strength * settings.head_scale_sd * rng.standard_normal(3)),
        warp=warp.astype(np.float32),
        fold=sample(mixed, atlas.affine, atlas.skinward.reshape(3, -1)).reshape(mixed.shape),
        ventricles=float(np.exp(strength * logarithm)),
        tissue=1 + strength * settings.tissue_sd * rng.standard_normal(3),
    )


def draw_warp(
    sigma_mm: tuple[float, ...], rms_mm: tuple[float, ...], rng: np.random.Generator
) -> Float32Array:
    """Displacement (3, x, y, z) in mm on the warp grid: a sum of smooth fields."""
    warp = np.zeros((3, *_WARP_SHAPE), dtype=np.float32)
    for sigma, rms in zip(sigma_mm, rms_mm, strict=True):
        for axis in range(3):
            warp[axis] += np.float32(rms) * smooth_field(rng, _WARP_SHAPE, sigma, WARP_STEP_MM)
    return warp


def warp_affine() -> FloatArray:
    """Voxel index of the warp grid to template mm."""
    affine = np.diag([WARP_STEP_MM, WARP_STEP_MM, WARP_STEP_MM, 1.0])
    affine[:3, 3] = _WARP_LOW_MM
    return affine


def ventricle_shift(atlas: Atlas, factor: float) -> float:
    """How far, in mm, the ventricles' wall must move outwards for a volume ``factor``."""
    shifts = np.linspace(-2.5, 6.0, 35)
    near = atlas.ventricle[atlas.ventricle < shifts[-1] + 2]
    volumes = [float(np.clip(0.5 + (shift - near) / 2, 0, 1).sum()) for shift in shifts]
    wanted = factor * np.interp(0.0, shifts, volumes)
    return float(np.interp(wanted, volumes, shifts))


def tissue_fractions(
    atlas: Atlas, person: Person, points: Float32Array, *, growth: float, widening_mm: float
) -> Float32Array:
    """Fluid, grey and white fractions (3, n) at points already displaced to template mm.

    Parameters
    ----------
    points
        (3, n) template mm, after the person's warp.
    growth
        Ventricle volume relative to the person's first session.
    widening_mm
        Added half width of the sulci.
    """
    shift = ventricle_shift(atlas, person.ventricles * growth)
    reached = np.flatnonzero(in_box(points, atlas.reach))
    points = points.copy()
    moved = sample(atlas.outward, atlas.affine, points[:, reached])
    points[:, reached] -= np.float32(shift) * moved
    grey = sample(atlas.gm, atlas.affine, points)
    white = sample(atlas.wm, atlas.affine, points)
    cortex = sample(atlas.cortex, atlas.affine, points)
    distance = np.abs(sample(person.fold, atlas.affine, points)) * np.float32(FOLD_SIGMA_MM)
    sulcus = np.exp(-((distance / np.float32(SULCUS_MM + widening_mm)) ** 2))
    core = np.clip(distance / np.float32(CORTEX_MM) - 1, -1, 1)
    solid = _step((grey + white - 0.45 - cortex * (0.75 * sulcus - 0.12)) / 0.1)
    inner = _step((white - 0.5 + 0.42 * cortex * core) / 0.12)
    return np.stack([1 - solid, solid * (1 - inner), solid * inner])


def _step(level: Float32Array) -> Float32Array:
    return np.asarray(0.5 + 0.5 * np.tanh(level), dtype=np.float32)
