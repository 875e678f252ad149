"""Affine alignment of a brain to the template by robust inverse-compositional Gauss-Newton.

The image is modelled at template points x as

    I(A x)  ~  sum_k  c_k B_k(x)

with a constant and one or more template maps B_k. For T1-like contrast the map is the template's
T1; for any other contrast the maps are grey matter, white matter and brain, so that no contrast has
to be assumed. Coefficients c are refitted at each step, outliers (lesions, resected tissue, mask
errors) are weighed down by Cauchy weights, and because the derivatives are taken on the template
they are computed once (Baker & Matthews, Int J Comput Vision 56:221, 2004).

Starts: the mask's centroid and volume, and rotations that cover SO(3), scored by how much of the
image's variance the template maps explain. So any axis-aligned wrong orientation and any tilt is
within reach of a start. Affines map template RAS+ mm to scanner RAS+ mm.

A mirrored head cannot be told: the template is symmetric, and both orders of left and right fit
equally well (scores 0.853 and 0.850 on one head). Its fingerprint then correlates with the right
one at about 0.5 only, so a header with left and right exchanged hides a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.template import load_template
from headrisk.settings import Alignment as Freedom
from headrisk.types import MAD_TO_SD, BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# Descend from a start to the best pose: weighted Gauss-Newton steps on affine generators.
#
# Image and template are compared at one smoothness, at the template's points.
# ----------------------------------------------------------------------

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


_LONGEST_STEP_MM = 60.0


def descend(
    field: Field, level: Level, affine: FloatArray, freedom: Freedom, *, steps: int
) -> FloatArray:
    """Follow at most ``steps`` steps from an affine (template mm to scanner mm)."""
    for _ in range(steps):
        values = field.at(affine, level.points)
        change = _step(values, level, freedom)
        affine = affine @ exponential(-change)
        if _motion(change) < 0.01:
            break
    return affine


def exponential(generator: FloatArray) -> FloatArray:
    """Matrix exponential of a small matrix (norm below about 16): scaling, Taylor, squaring."""
    term, total = np.eye(len(generator)), np.eye(len(generator))
    for k in range(1, 9):
        term = term @ generator / (16 * k)
        total += term
    for _ in range(4):
        total = total @ total
    return total.astype(np.float64)


def _step(values: Float32Array, level: Level, freedom: Freedom) -> FloatArray:
    """One weighted Gauss-Newton step: a 4 x 4 generator whose exponential is undone."""
    fit, *_ = np.linalg.lstsq(level.maps, values, rcond=None)
    residual = values - level.maps @ fit
    spread = MAD_TO_SD * float(np.median(np.abs(residual))) + 1e-6
    weight = 1.0 / (1.0 + (residual / (2.5 * spread)) ** 2)
    weighted_maps = level.maps * weight[:, None]
    fit = np.linalg.solve(
        weighted_maps.T @ level.maps + 1e-6 * np.eye(level.maps.shape[1]), weighted_maps.T @ values
    )
    residual = values - level.maps @ fit
    slopes = np.tensordot(fit[1:].astype(np.float32), level.slopes, axes=1)
    if freedom == "rigid":
        slopes = slopes @ _rigid_generators()
    design = slopes * weight[:, None]
    normal = (design.T @ slopes).astype(np.float64)
    diagonal = np.diag_indices_from(normal)
    normal[diagonal] += 1e-6 * normal[diagonal] + 1e-9 * normal[diagonal].max() + 1e-12
    solution = np.linalg.solve(normal, (design.T @ residual).astype(np.float64))
    if freedom == "rigid":
        solution = _rigid_generators().astype(np.float64) @ solution
    change = np.zeros((4, 4))
    change[:3] = solution.reshape(3, 4)
    return change * min(1.0, _LONGEST_STEP_MM / max(_motion(change), 1e-12))


def _motion(change: FloatArray) -> float:
    """About how far, in mm, a generator moves a point 80 mm from the centre."""
    return float(np.abs(change[:3, :3] * 80).max() + np.abs(change[:3, 3]).max())


@cache
def _rigid_generators() -> Float32Array:
    """(12, 6): three rotations and three shifts among the 12 affine parameters."""
    return generators("rigid")[:, :3].reshape(6, 12).T.astype(np.float32)


def generators(freedom: Freedom) -> FloatArray:
    """Directions in which a pose can change, (12 or 6, 4, 4), for :func:`exponential`."""
    if freedom == "affine":
        every = np.zeros((12, 4, 4))
        every.reshape(12, 16)[np.arange(12), np.arange(12)] = 1.0
        return every
    turns = np.zeros((6, 4, 4))
    for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        turns[k, j, i] = 1.0
        turns[k, i, j] = -1.0
    turns[3 + np.arange(3), np.arange(3), 3] = 1.0
    return turns


_TRIED = 10  # best starting rotations that are followed by a few steps


@dataclass(frozen=True)
class Brain:
    """A brain cut out of its head: intensity inside the mask, 0 outside.

    ``data`` and ``mask`` are (x, y, z); ``affine`` is voxel index to scanner RAS+ mm.
    """

    data: Float32Array
    mask: BoolArray
    affine: FloatArray

    @property
    def voxel_mm(self) -> FloatArray:
        """Voxel edge lengths in mm."""
        lengths: FloatArray = np.linalg.norm(self.affine[:3, :3], axis=0)
        return lengths


@dataclass(frozen=True)
class Alignment:
    """Where the template's points lie in the scanner, and how well the two agree.

    ``affine`` maps template RAS+ mm to scanner RAS+ mm. ``score`` is the share of the image's
    variance (0..1) that the template explains at 4 mm, in the brain and 8 mm around it; much of it
    comes from the brain's outline. ``within`` is the correlation (-1..1) of image and template
    inside the brain only, so it tells a brain from another thing of its shape. ``contrast`` is the
    difference of white and grey matter in standard deviations, positive for T1-like images.
    """

    affine: FloatArray
    score: float
    within: float = 1.0
    contrast: float = 1.0


def align(brain: Brain, *, t1_like: bool = True, freedom: Freedom = "affine") -> Alignment:
    """Align a stripped brain to the template.

    Parameters
    ----------
    brain
        Stripped and bias-flattened brain at about 2 mm.
    t1_like
        Use the template's T1; otherwise its tissue maps, for any contrast.
    freedom
        ``affine`` for 12 parameters, ``rigid`` for 6 (head size is kept). A rigid alignment
        starts from the affine one, whose scores it carries: heads of another size than the
        template's fit it badly in the right pose too, so a rigid fit cannot judge itself.
    """
    names = T1_MAPS if t1_like else TISSUE_MAPS
    fields = {mm: smoothed(brain.data, brain.affine, mm) for mm in (8.0, 4.0, 2.0)}
    affine = _pyramid(fields, names, _first_guess(brain, fields[8.0], names), "affine")
    level = template_level(4.0, 6, names)
    score = explained(fields[4.0], level, affine)
    within, contrast = _agreement_within(fields[4.0], level, affine)
    if freedom == "rigid":
        affine = _pyramid(fields, names, _unstretched(affine), "rigid")
    return Alignment(affine, score, within, contrast)


def _pyramid(
    fields: dict[float, Field], names: tuple[str, ...], start: FloatArray, freedom: Freedom
) -> FloatArray:
    """Descend at 8, 4 and 2 mm of smoothness."""
    affine = descend(fields[8.0], template_level(8.0, 8, names), start, freedom, steps=12)
    affine = descend(fields[4.0], template_level(4.0, 6, names), affine, freedom, steps=12)
    return descend(fields[2.0], template_level(2.0, 4, names), affine, freedom, steps=8)


def _unstretched(affine: FloatArray) -> FloatArray:
    """The affine's rotation alone, with the template's centre at the same place in the scanner."""
    template = load_template()
    centre = np.append(_centroid(template.mask, template.affine), 1.0)
    left, _, right = np.linalg.svd(affine[:3, :3])
    rigid = np.eye(4)
    rigid[:3, :3] = left @ right
    rigid[:3, 3] = (affine @ centre)[:3] - rigid[:3, :3] @ centre[:3]
    return rigid


def _agreement_within(field: Field, level: Level, affine: FloatArray) -> tuple[float, float]:
    """Correlation with the template (or its best mix of tissues) inside the brain, and contrast."""
    values = field.at(affine, level.points[level.inner])
    maps = level.maps[level.inner]
    seen = values > 0
    values, maps, tissue = values[seen], maps[seen], level.tissue[level.inner][seen]
    spread = float(values.std()) if len(values) > 100 else 0.0
    if spread < 1e-6 or min(np.count_nonzero(tissue == k) for k in (1, 2)) < 20:
        return 0.0, 0.0
    contrast = float(np.median(values[tissue == 2]) - np.median(values[tissue == 1])) / spread
    fitted = maps[:, 1]
    if maps.shape[1] > 2:
        fitted = maps @ np.linalg.lstsq(maps, values, rcond=None)[0]
    if float(fitted.std()) < 1e-6:
        return 0.0, contrast
    return float(np.corrcoef(values, fitted)[0, 1]), contrast


@cache
def _rotations() -> FloatArray:
    """Rotations that cover SO(3): the 24 of the cube times tilts of 30 degrees."""
    cube = Rotation.create_group("O").as_matrix()
    tilts = [np.zeros(3)]
    tilts += [sign * np.radians(30) * axis for axis in np.eye(3) for sign in (-1, 1)]
    corners = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    tilts += [np.radians(40) * corner / np.sqrt(3) for corner in corners]
    tilted = Rotation.from_rotvec(np.array(tilts)).as_matrix()
    covered: FloatArray = np.einsum("aij,bjk->abik", cube, tilted).reshape(-1, 3, 3)
    return covered


def _first_guess(brain: Brain, field: Field, names: tuple[str, ...]) -> FloatArray:
    template = load_template()
    centre = _centroid(template.mask, template.affine)
    target = _centroid(brain.mask, brain.affine)
    volumes = [
        np.count_nonzero(mask) * abs(np.linalg.det(affine[:3, :3]))
        for mask, affine in ((brain.mask, brain.affine), (template.mask, template.affine))
    ]
    scale = float(np.clip(np.cbrt(volumes[0] / volumes[1]), 0.6, 1.5))
    sparse, coarse = template_level(8.0, 16, names), template_level(8.0, 12, names)
    rotations = _rotations()
    starts: FloatArray = np.tile(np.eye(4), (len(rotations), 1, 1))
    starts[:, :3, :3] = scale * rotations
    starts[:, :3, 3] = target - starts[:, :3, :3] @ centre
    order = np.argsort(-explained_each(field, sparse, starts), kind="stable")
    best: tuple[float, FloatArray] = (-1.0, starts[order[0]])
    for start in starts[order[:_TRIED]]:
        moved = descend(field, coarse, start, "affine", steps=6)
        best = max(best, (explained(field, coarse, moved), moved), key=lambda pair: pair[0])
    return best[1]


def _centroid(mask: BoolArray, affine: FloatArray) -> FloatArray:
    centre = np.array(ndimage.center_of_mass(mask))
    moved: FloatArray = affine[:3, :3] @ centre + affine[:3, 3]
    return moved
