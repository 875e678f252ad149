"""Synthetic people: the template's anatomy, made personal.

A person is a smooth displacement of the template, an own folding pattern, a ventricle size, a
head size and tissue brightness. The folding pattern is the zero set of a smooth random field
drawn on the brain's surface and carried inwards along the normal: such sets are sheets, as sulci
are. Grey matter lines them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import ndimage

from headrisk.errors import InputError
from headrisk.imaging.phantom.fields import sample, smooth_field
from headrisk.imaging.phantom.head import head_affine, head_labels, hull_distance
from headrisk.imaging.phantom.settings import PhantomSettings
from headrisk.types import BoolArray, Float32Array, FloatArray

FOLD_SIGMA_MM = 3.5  # the folding field's autocorrelation falls to 1/e at twice this
FOLD_DEPTH_MM = 18.0  # how deep sulci reach
SULCUS_MM = 0.9  # half width of a sulcus
CORTEX_MM = 3.6  # from the middle of a sulcus to white matter
VENTRICLE_DECAY_MM = 12.0  # how far the growth of a ventricle pushes tissue
WARP_STEP_MM = 5.0
_WARP_SHAPE = (45, 60, 60)
_WARP_LOW_MM = (-110.0, -150.0, -180.0)
_VENTRICLE_LOW_MM, _VENTRICLE_HIGH_MM = (-40.0, -56.0, -16.0), (40.0, 40.0, 34.0)


class TissueMaps(Protocol):
    """What the phantom needs of a template: 0..1 maps on one RAS+ grid of 2 mm."""

    @property
    def gm(self) -> Float32Array: ...
    @property
    def wm(self) -> Float32Array: ...
    @property
    def mask(self) -> BoolArray: ...
    @property
    def affine(self) -> FloatArray: ...


@dataclass(frozen=True)
class Atlas:
    """The anatomy that all synthetic people share.

    ``gm``, ``wm``, ``cortex`` (0..1, where folds are personal), ``ventricle`` (signed distance,
    mm), ``outward`` (3, x, y, z: direction in which ventricles grow, decaying with distance) and
    ``skinward`` (3, x, y, z: the point of the surface above each voxel, mm) and ``folds`` (the
    folding field of the average person) lie on the template grid ``affine``; ``labels``, ``surface`` and ``hull`` on the head grid ``head``.
    """

    affine: FloatArray
    gm: Float32Array
    wm: Float32Array
    cortex: Float32Array
    ventricle: Float32Array
    outward: Float32Array
    skinward: Float32Array
    folds: Float32Array
    head: FloatArray
    labels: np.ndarray
    surface: Float32Array
    hull: Float32Array


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


def build_atlas(template: TissueMaps, rng: np.random.Generator) -> Atlas:
    """Derive everything that people share from a template, and draw their common folds.

    Raises
    ------
    InputError
        The grid is not RAS+ with 2 mm steps.
    """
    affine = np.asarray(template.affine, dtype=np.float64)
    if not np.allclose(affine[:3, :3], 2 * np.eye(3)):
        raise InputError(
            "template of the phantom", found=f"affine {affine.tolist()}", expected="RAS+, 2 mm"
        )
    hull = hull_distance(template.mask, affine)
    labels, surface = head_labels(hull)
    depth = -sample(hull, head_affine(), _grid_points(template.mask.shape, affine))
    depth = depth.reshape(template.mask.shape)
    ventricle = _ventricle_distance(template)
    slope = np.stack(np.gradient(ndimage.gaussian_filter(ventricle, 1.0), 2.0))
    slope /= np.maximum(np.sqrt(np.square(slope).sum(axis=0)), 0.3)
    return Atlas(
        affine=affine,
        gm=np.asarray(template.gm, dtype=np.float32),
        wm=np.asarray(template.wm, dtype=np.float32),
        cortex=_cortex(template, ventricle, depth),
        ventricle=ventricle,
        outward=(slope * np.exp(-np.abs(ventricle) / VENTRICLE_DECAY_MM)).astype(np.float32),
        skinward=_skinward(depth, affine),
        folds=smooth_field(rng, template.mask.shape, FOLD_SIGMA_MM, 2.0),
        head=head_affine(),
        labels=labels,
        surface=surface,
        hull=hull,
    )


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
    volumes = [np.count_nonzero(atlas.ventricle < shift) for shift in shifts]
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
    points = points - np.float32(shift) * sample(atlas.outward, atlas.affine, points)
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


def _grid_points(shape: tuple[int, ...], affine: FloatArray) -> Float32Array:
    index = np.indices(shape, dtype=np.float32).reshape(3, -1)
    return np.asarray(
        index * np.diag(affine)[:3, None].astype(np.float32) + affine[:3, 3:].astype(np.float32),
        dtype=np.float32,
    )


def _ventricle_distance(template: TissueMaps) -> Float32Array:
    """Signed distance to the lateral and third ventricles: deep fluid of the brain mask."""
    points = _grid_points(template.mask.shape, template.affine)
    low, high = np.array(_VENTRICLE_LOW_MM)[:, None], np.array(_VENTRICLE_HIGH_MM)[:, None]
    box = np.all((points > low) & (points < high), axis=0).reshape(template.mask.shape)
    deep = ndimage.distance_transform_edt(template.mask, sampling=2.0) > 14
    labels, count = ndimage.label(box & deep & (template.gm + template.wm < 0.5))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    fluid = np.isin(labels, np.flatnonzero(sizes * 8 > 500))  # pieces above 0.5 mL
    if not fluid.any():
        raise InputError("template of the phantom", found="no ventricles", expected="a brain")
    outside = ndimage.distance_transform_edt(~fluid, sampling=2.0)
    inside = ndimage.distance_transform_edt(fluid, sampling=2.0)
    return np.asarray(outside - inside, dtype=np.float32)


def _cortex(template: TissueMaps, ventricle: Float32Array, depth: Float32Array) -> Float32Array:
    """Weight 0..1 of personal folding: the cortical band of the cerebrum."""
    points = _grid_points(template.mask.shape, template.affine).reshape(3, *template.mask.shape)
    x, y, z = points
    weight = np.clip((FOLD_DEPTH_MM + 4 - depth) / 8, 0, 1) * np.clip((ventricle - 6) / 6, 0, 1)
    central = ((x / 34) ** 2 + ((y + 8) / 36) ** 2 + ((z + 4) / 24) ** 2) < 1
    below = (z < -14) & (y < -30) & (z < -0.35 * (y + 30) - 22)
    stem = (np.abs(x) < 24) & (z < -14) & (y < 10)
    weight = np.where(central | below | stem, 0, weight)
    return ndimage.gaussian_filter(weight.astype(np.float32), 1.2)


def _skinward(depth: Float32Array, affine: FloatArray) -> Float32Array:
    """The point 4 mm under the brain's surface above each voxel (3, x, y, z), template mm."""
    smooth = ndimage.gaussian_filter(depth, 2.0)
    normal = np.stack(np.gradient(smooth, 2.0))
    normal /= np.maximum(np.sqrt(np.square(normal).sum(axis=0)), 0.3)
    points = _grid_points(depth.shape, affine).reshape(3, *depth.shape)
    travel = np.clip(smooth - 4, -4, FOLD_DEPTH_MM)
    return np.asarray(points - 0.85 * normal * travel, dtype=np.float32)
