"""The anatomy that all synthetic people share, derived from a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import ndimage

from headrisk.brain.fields import sample, smooth_field
from headrisk.errors import InputError
from headrisk.synthetic.phantom.head import Labels, head_affine, head_labels, hull_distance
from headrisk.types import BoolArray, Float32Array, FloatArray

FOLD_SIGMA_MM = 3.5  # the folding field's autocorrelation falls to 1/e at twice this
FOLD_DEPTH_MM = 18.0  # how deep sulci reach
VENTRICLE_REACH_MM = 22.0  # how far the growth of a ventricle pushes tissue
_VENTRICLE_BOX_MM = ((-40.0, -56.0, -16.0), (40.0, 40.0, 34.0))


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

    On the template grid ``affine``: ``gm``, ``wm``; ``cortex``, 0..1, where folds are personal;
    ``ventricle``, signed distance in mm; ``outward`` (3, x, y, z), the direction in which
    ventricles grow, fading with distance, and the box of template mm (2, 3) that it ``reach``-es;
    ``skinward`` (3, x, y, z), the point of the surface above each voxel in mm; ``folds``, the
    folding field of the average person. On the head grid ``head``: ``labels``, ``surface`` and
    ``hull`` (see head.py).
    """

    affine: FloatArray
    gm: Float32Array
    wm: Float32Array
    cortex: Float32Array
    ventricle: Float32Array
    outward: Float32Array
    reach: FloatArray
    skinward: Float32Array
    folds: Float32Array
    head: FloatArray
    labels: Labels
    surface: Float32Array
    hull: Float32Array


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
    depth = _cortical_depth(depth.reshape(template.mask.shape), affine)
    ventricle = _ventricle_distance(template)
    slope = np.asarray(np.gradient(ndimage.gaussian_filter(ventricle, 1.0), 2.0))
    slope /= np.maximum(np.sqrt(np.square(slope).sum(axis=0)), 0.3)
    away = np.abs(ventricle) / VENTRICLE_REACH_MM
    outward = (slope * np.clip(1 - away, 0, 1) ** 2).astype(np.float32)
    return Atlas(
        affine=affine,
        gm=np.asarray(template.gm, dtype=np.float32),
        wm=np.asarray(template.wm, dtype=np.float32),
        cortex=_cortex(template, ventricle, depth),
        ventricle=ventricle,
        outward=outward,
        reach=_box(np.any(outward != 0, axis=0), affine),
        skinward=_skinward(depth, affine),
        folds=smooth_field(rng, template.mask.shape, FOLD_SIGMA_MM, 2.0),
        head=head_affine(),
        labels=labels,
        surface=surface,
        hull=hull,
    )


def _grid_points(shape: tuple[int, ...], affine: FloatArray) -> Float32Array:
    index = np.indices(shape, dtype=np.float32).reshape(3, -1)
    return np.asarray(
        index * np.diag(affine)[:3, None].astype(np.float32) + affine[:3, 3:].astype(np.float32),
        dtype=np.float32,
    )


def _ventricle_distance(template: TissueMaps) -> Float32Array:
    """Signed distance to the lateral and third ventricles: deep fluid of the brain mask."""
    points = _grid_points(template.mask.shape, template.affine)
    box = in_box(points, np.array(_VENTRICLE_BOX_MM)).reshape(template.mask.shape)
    deep = ndimage.distance_transform_edt(template.mask, sampling=2.0) > 14
    labels, count = ndimage.label(box & deep & (template.gm + template.wm < 0.5))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    fluid = np.isin(labels, np.flatnonzero(sizes * 8 > 500))  # pieces above 0.5 mL
    if not fluid.any():
        raise InputError("template of the phantom", found="no ventricles", expected="a brain")
    outside = ndimage.distance_transform_edt(~fluid, sampling=2.0)
    inside = ndimage.distance_transform_edt(fluid, sampling=2.0)
    half = np.where(fluid, 1.0, -1.0)  # the wall lies between voxel centres
    distance = (outside - inside + half).astype(np.float32)
    return ndimage.gaussian_filter(distance, 0.5)


def _cortex(template: TissueMaps, ventricle: Float32Array, depth: Float32Array) -> Float32Array:
    """Weight 0..1 of personal folding: the cortical band of the cerebrum."""
    points = _grid_points(template.mask.shape, template.affine).reshape(3, *template.mask.shape)
    x, y, z = points
    weight = np.clip((FOLD_DEPTH_MM + 4 - depth) / 8, 0, 1) * np.clip((ventricle - 6) / 6, 0, 1)
    central = ((x / 34) ** 2 + ((y + 8) / 46) ** 2 + (z / 32) ** 2) < 1
    below = (z < -14) & (y < -30) & (z < -0.35 * (y + 30) - 22)
    stem = (np.abs(x) < 24) & (z < -14) & (y < 10)
    weight = np.where(central | below | stem, 0, weight)
    return ndimage.gaussian_filter(weight.astype(np.float32), 1.2)


def _cortical_depth(depth: Float32Array, affine: FloatArray) -> Float32Array:
    """Depth under the hull or, if less, from the cleft between the hemispheres, mm."""
    middle = np.abs(_grid_points(depth.shape, affine)[0].reshape(depth.shape)) + 1.5
    return np.asarray(np.minimum(depth, middle), dtype=np.float32)


def _skinward(depth: Float32Array, affine: FloatArray) -> Float32Array:
    """The point 4 mm under the brain's surface above each voxel (3, x, y, z), template mm."""
    smooth = ndimage.gaussian_filter(depth, 2.0)
    normal = np.asarray(np.gradient(smooth, 2.0))
    normal /= np.maximum(np.sqrt(np.square(normal).sum(axis=0)), 0.3)
    points = _grid_points(depth.shape, affine).reshape(3, *depth.shape)
    travel = np.clip(smooth - 4, -4, FOLD_DEPTH_MM)
    return np.asarray(points - 0.85 * normal * travel, dtype=np.float32)


def _box(mask: BoolArray, affine: FloatArray) -> FloatArray:
    """Lowest and highest corner (2, 3) of a mask, mm."""
    index = np.argwhere(mask)
    corners = np.stack([index.min(axis=0), index.max(axis=0)])
    return np.asarray(corners * np.diag(affine)[:3] + affine[:3, 3], dtype=np.float64)


def in_box(points: Float32Array, box: FloatArray) -> BoolArray:
    low, high = box[0][:, None], box[1][:, None]
    return np.asarray(np.all((points > low) & (points < high), axis=0))
