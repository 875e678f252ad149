"""Is one image stored twice? From file digests, equal voxels, and noise that two files share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage, stats
from scipy.special import expit

from headrisk.brain.align import Brain
from headrisk.brain.prepare import PrepareTask, align_head
from headrisk.brain.resample import sample_axes
from headrisk.brain.template import load_template
from headrisk.duplicates.pairs import SURE, Judgement, judge
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# Do two scans share their noise? Then they are one image stored twice, not two scans.
#
# Two scans of one person have the same anatomy, however soon one follows the other, but each has
# its own noise. A copy that was rotated, shifted or resampled keeps the noise of the original. So
# the two brains are registered to each other, brought to one resolution, and their fine detail
# (difference of Gaussians) is correlated where there is next to no anatomy: deep in white matter.
# Interpolation weakens and smears a copy's detail; the detail of one image is therefore predicted
# from the other's at the point and its six neighbours before it is correlated.
# ----------------------------------------------------------------------

_SHADING_MM = 8.0  # Gaussian sigma of the local brightness that is divided out
_MARGIN_MM = 12.0
_FIRST_BLURS_MM = (4.0, 2.0)  # FWHM of the first two levels of the registration
_WHITE = 0.85  # probability of white matter, smoothed, of the points where detail is compared
_CALMEST = 0.6  # share of those points kept: the ones with the least slope
_CLIP = 4.0  # standard deviations of detail
_SAME_VOXELS = 0.9995  # correlation of voxels from which on two arrays hold one image


@dataclass(frozen=True)
class Posed:
    """A scan and the 4 x 4 affine from template RAS+ mm to its scanner RAS+ mm."""

    volume: Volume
    affine: FloatArray


@dataclass(frozen=True)
class Detail:
    """What two registered scans have in common beyond anatomy.

    Attributes
    ----------
    correlation
        Of fine detail in white matter: near 0 for two scans, near 1 for two files of one image.
    strength
        Standard deviation of that detail in the weaker image, relative to local brightness.
    affine
        Template mm to scanner mm of the second scan, refined to fit the first.
    """

    correlation: float
    strength: float
    affine: FloatArray


@dataclass(frozen=True)
class _Field:
    """An image around the brain, free of shading and gain, at one smoothness."""

    data: Float32Array
    affine: FloatArray

    @property
    def voxel_mm(self) -> FloatArray:
        lengths: FloatArray = np.linalg.norm(self.affine[:3, :3], axis=0)
        return lengths

    @property
    def axes(self) -> FloatArray:
        """Unit vectors along the array's axes, as columns."""
        directions: FloatArray = self.affine[:3, :3] / self.voxel_mm
        return directions

    def blurred(self, sigma_mm: FloatArray | float) -> _Field:
        """A Gaussian of this standard deviation added, along each array axis."""
        sigma = np.broadcast_to(sigma_mm, 3) / self.voxel_mm
        if np.all(sigma < 0.05):
            return self
        return _Field(ndimage.gaussian_filter(self.data, sigma, truncate=3.5), self.affine)

    def at(self, pose: FloatArray, points: FloatArray, *, spline: bool = False) -> FloatArray:
        """Values at ``pose @ points``; points are (n, 3) template mm.

        Trilinear; with ``spline`` the data are cubic spline coefficients.
        """
        matrix = np.linalg.inv(self.affine) @ pose
        where = matrix[:3, :3] @ points.T + matrix[:3, 3:]
        values: Float32Array = ndimage.map_coordinates(
            self.data, where, order=3 if spline else 1, mode="nearest", prefilter=False
        )
        return values.astype(np.float64)


def same_voxels(first: Volume, second: Volume) -> bool:
    """Whether two arrays hold the same values up to gain, offset and rounding.

    Volumes are in RAS+ order, so the order and direction of storage do not matter; where the
    voxels lie in space, voxel type, compression and header do not matter either.
    """
    if first.shape != second.shape:
        return False
    a, b = (v.data.ravel() - np.float32(v.data.mean(dtype=np.float64)) for v in (first, second))
    product = float(np.dot(a, b)) / max(float(np.sqrt(np.dot(a, a) * np.dot(b, b))), 1e-30)
    return product > _SAME_VOXELS


def compare_detail(first: Posed, second: Posed) -> Detail:
    """Register two scans of what seems one brain and correlate their noise."""
    points, white = _points()
    a, b = (_around_brain(posed, points) for posed in (first, second))
    pose = second.affine
    for fwhm in _FIRST_BLURS_MM:
        low_a, low_b = (
            field.blurred(np.sqrt(np.maximum(fwhm**2 - field.voxel_mm**2, 0)) / 2.355)
            for field in (a, b)
        )
        pose = _refine(low_a, first.affine, low_b, pose, points[::16])
    a, b = _one_resolution(a, first.affine, b, pose)
    pose = _refine(a, first.affine, b, pose, points[::6])
    fine_mm = 1.5 / 2.355 * float(max(a.voxel_mm.min(), b.voxel_mm.min())) * np.sqrt(2)
    slope = ndimage.gaussian_gradient_magnitude(a.data, 1.5 * fine_mm / a.voxel_mm)
    steepness = _Field(slope.astype(np.float32), a.affine).at(first.affine, points[white])
    calm = points[white][steepness < np.quantile(steepness, _CALMEST)]
    detail_a, detail_b = (
        _Field(field.data - field.blurred(fine_mm).data, field.affine) for field in (a, b)
    )
    near_a, near_b = _near(detail_a, first.affine, calm), _near(detail_b, pose, calm)
    found = max(_predicted(near_a, near_b[:, 0]), _predicted(near_b, near_a[:, 0]))
    strength = min(float(near_a[:, 0].std()), float(near_b[:, 0].std()))
    return Detail(found, strength, pose)


@cache
def _points() -> tuple[FloatArray, BoolArray]:
    """Points inside the template brain, off its voxel lattice, and which lie in white matter."""
    template = load_template()
    index = np.argwhere(ndimage.binary_erosion(template.mask, iterations=3))
    scattered = index + np.random.default_rng(0).uniform(-0.5, 0.5, index.shape)
    white = ndimage.map_coordinates(
        ndimage.gaussian_filter(template.wm, 0.7), scattered.T, order=1, prefilter=False
    )
    return scattered @ template.affine[:3, :3].T + template.affine[:3, 3], white > _WHITE


def _around_brain(posed: Posed, points: FloatArray) -> _Field:
    """The part of a scan around the brain, divided by its local brightness."""
    volume = posed.volume
    matrix = np.linalg.inv(volume.affine) @ posed.affine
    where = points @ matrix[:3, :3].T + matrix[:3, 3]
    margin = _MARGIN_MM / np.array(volume.voxel_mm)
    low = np.clip(np.floor(where.min(axis=0) - margin), 0, np.array(volume.shape) - 2).astype(int)
    high = np.minimum(np.ceil(where.max(axis=0) + margin) + 1, volume.shape).astype(int)
    high = np.maximum(high, low + 2)
    affine = volume.affine.copy()
    affine[:3, 3] += volume.affine[:3, :3] @ low
    data = volume.data[tuple(slice(i, j) for i, j in zip(low, high, strict=True))]
    raw = _Field(data - np.float32(min(0.0, float(data.min()))), affine)
    local = _shading(raw)
    floor = np.float32(0.05 * float(local.max()) + 1e-30)
    flat = (raw.data / np.maximum(local, floor)).astype(np.float32, copy=False)
    return _Field(flat, affine)


def _shading(raw: _Field) -> Float32Array:
    """The brightness around each voxel, computed on a coarser grid where that loses nothing."""
    step = np.maximum(1, np.floor(_SHADING_MM / 3 / raw.voxel_mm)).astype(int)
    thin = raw.data[tuple(slice(None, None, int(k)) for k in step)]
    smooth = ndimage.gaussian_filter(thin, _SHADING_MM / raw.voxel_mm / step, truncate=2.5)
    places = [np.arange(n) / k for n, k in zip(raw.data.shape, step, strict=True)]
    return sample_axes(smooth, places)


def _refine(
    a: _Field, pose_a: FloatArray, b: _Field, pose_b: FloatArray, points: FloatArray
) -> FloatArray:
    """Gauss-Newton over the twelve parameters of ``pose_b``, gain and offset refitted, robust."""
    centre = points.mean(axis=0)
    place = np.column_stack([(points - centre) / 50.0, np.ones(len(points))])
    target = a.at(pose_a, points)
    for _ in range(12):
        now = b.at(pose_b, points)
        residual = now - np.polyval(np.polyfit(target, now, 1), target)
        weight = 1 / (1 + (residual / (1.5 * np.median(np.abs(residual)) + 1e-9)) ** 2)
        slopes = [b.at(pose_b, points + h) - b.at(pose_b, points - h) for h in 0.5 * np.eye(3)]
        jacobian = np.hstack([slope[:, None] * place for slope in slopes])
        weighted = jacobian * weight[:, None]
        normal = weighted.T @ jacobian
        normal += 1e-9 * (np.trace(normal) + 1e-30) * np.eye(12)
        step = np.linalg.solve(normal, -weighted.T @ residual).reshape(3, 4)
        move = np.eye(4)
        move[:3, :3] += step[:, :3] / 50.0
        move[:3, 3] = step[:, 3] - step[:, :3] @ centre / 50.0
        pose_b = pose_b @ move
        if np.abs(step).max() < 2e-3:  # mm
            break
    return pose_b


def _one_resolution(
    a: _Field, pose_a: FloatArray, b: _Field, pose_b: FloatArray
) -> tuple[_Field, _Field]:
    """Blur each image by the other's voxel, turned into its own axes."""
    turn = b.axes.T @ pose_b[:3, :3] @ np.linalg.inv(pose_a[:3, :3]) @ a.axes
    onto_a = np.sqrt((turn**2).T @ b.voxel_mm**2) / 2.355
    onto_b = np.sqrt((turn**2) @ a.voxel_mm**2) / 2.355
    return a.blurred(onto_a), b.blurred(onto_b)


def _near(detail: _Field, pose: FloatArray, points: FloatArray) -> FloatArray:
    """(n, 7) detail at the points and one voxel away along each axis, clipped."""
    coefficients = ndimage.spline_filter(detail.data, 3, output=np.float32, mode="nearest")
    spline = _Field(coefficients, detail.affine)
    to_template = np.linalg.inv(pose[:3, :3])
    steps = [np.zeros(3)]
    for vector in detail.affine[:3, :3].T:
        steps += [to_template @ vector, -(to_template @ vector)]
    values = np.column_stack([spline.at(pose, points + step, spline=True) for step in steps])
    limit = _CLIP * values.std(axis=0) + 1e-30
    return np.asarray(np.clip(values, -limit, limit), dtype=np.float64)


def _predicted(near: FloatArray, detail: FloatArray) -> float:
    """Correlation of detail with its best prediction from the other image's neighbourhood."""
    design = np.column_stack([near, np.ones(len(near))])
    weights, *_ = np.linalg.lstsq(design, detail, rcond=None)
    predicted = design @ weights
    if predicted.std() < 1e-12 or detail.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(predicted, detail)[0, 1])


# ----------------------------------------------------------------------
# Look at two scan files closely: one image stored twice? And pictures of the two brains.
# ----------------------------------------------------------------------

PLANES_MM = ((0, 12.0), (1, -20.0), (2, 12.0))  # axis and place of the pictured template planes
_EXTENT_MM = ((-78.0, 78.0), (-112.0, 78.0), (-72.0, 86.0))
_PICTURE_MM = 1.0


@dataclass(frozen=True)
class PairTask:
    """Two scans to look at; with ``compare`` their noise is compared too."""

    first: PrepareTask
    second: PrepareTask
    compare: bool


@dataclass(frozen=True)
class PairLook:
    """What looking at two scans gave.

    Attributes
    ----------
    problem
        Why the images could not be looked at, or "".
    rewritten
        Both files hold the same voxels, up to gain, offset and rounding.
    detail
        Correlation of fine detail; None if it was not asked for.
    strength
        How strong that detail is, relative to brightness; 0 if it was not asked for.
    slices
        For each scan, pictures of three planes in template space, 0..1.
    """

    problem: str = ""
    rewritten: bool = False
    detail: float | None = None
    strength: float = 0.0
    slices: tuple[tuple[Float32Array, ...], ...] = field(default=(), repr=False)


def look_at(task: PairTask) -> PairLook:
    """Align both scans, compare them and take pictures. Failures become a ``problem``."""
    try:
        first, second = (load_volume(Path(one.path)) for one in (task.first, task.second))
        a, b = align_head(first, task.first), align_head(second, task.second)
        pose, detail, strength, rewritten = b.alignment.affine, None, 0.0, False
        if task.compare:
            rewritten = same_voxels(first, second)
            found = compare_detail(
                Posed(first, a.alignment.affine), Posed(second, b.alignment.affine)
            )
            pose, detail, strength = found.affine, found.correlation, found.strength
    except ScanError as error:
        return PairLook(problem=str(error))
    slices = template_slices(a.brain, a.alignment.affine), template_slices(b.brain, pose)
    return PairLook("", rewritten, detail, strength, slices)


def template_slices(brain: Brain, affine: FloatArray) -> tuple[Float32Array, ...]:
    """Sagittal, coronal and axial slice of an aligned brain at 1 mm, as pictures.

    Rows run downward. Anterior is to the right in the sagittal slice, superior is up; the person's
    right is on the right of coronal and axial slices. Brightness is scaled to the brain's 99th
    percentile.
    """
    white = max(float(np.percentile(brain.data[brain.mask], 99)), 1e-6)
    to_voxel = np.linalg.inv(brain.affine) @ affine
    pictures = []
    for axis, place in PLANES_MM:
        across, up = (k for k in range(3) if k != axis)
        lines = [np.arange(low, high + 0.5, _PICTURE_MM) for low, high in _EXTENT_MM]
        points = np.empty((3, lines[up].size, lines[across].size))
        points[axis] = place
        points[across] = lines[across][None, :]
        points[up] = lines[up][::-1, None]
        where = np.einsum("ij,jrc->irc", to_voxel[:3, :3], points) + to_voxel[:3, 3, None, None]
        values = ndimage.map_coordinates(brain.data, where, order=1, prefilter=False)
        pictures.append(np.clip(values / white, 0, 1).astype(np.float32))
    return tuple(pictures)


# ----------------------------------------------------------------------
# Is one image stored twice? From file digests, equal voxels, and noise that two files share.
# ----------------------------------------------------------------------

How = Literal["same bytes", "same voxels", "resampled"]

# Score from which on two scans of one contrast are compared voxel by voxel; copies had 0.74 to 1.
EXAMINE_FROM = 0.7
STORED_AGAIN = 100  # one in so many pairs that are this alike is taken to be a copy beforehand
# Fisher z of the correlation of detail. Copies: shifted, rotated, coarser and isotropic copies of
# public scans, 0.76 to 0.99. Other scans: synthetic scans that share all but noise, up to 0.61,
# and scans of one person on two dates, up to 0.21.
COPY_Z = (1.9, 0.7)
SCAN_Z = (0.25, 0.2)
LEAST_STRENGTH = 0.003  # detail weaker than this, relative to brightness, is no noise to go by


@dataclass(frozen=True)
class CopyFinding:
    """Two files that seem to hold one image; positions are those in the list of all scans.

    ``score`` is the correlation of their noise, 1 for the same bytes.
    """

    first: int
    second: int
    how: How
    score: float
    probability: float
    bound: float
    judgement: Judgement


def same_bytes(digests: Sequence[str]) -> list[CopyFinding]:
    """Pairs of files with one digest; "" stands for a file that could not be read."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            places[digest].append(position)
    return [
        CopyFinding(i, j, "same bytes", 1.0, SURE, 0.0, "certain")
        for group in places.values()
        for i, j in combinations(group, 2)
    ]


def to_examine(score: FloatArray, alike: FloatArray) -> list[tuple[int, int]]:
    """Pairs (i < j) so alike that they may be one image.

    ``score`` is (scans, scans); ``alike`` is True where both scans have one contrast.
    """
    found = np.argwhere(np.triu((score >= EXAMINE_FROM) & alike.astype(bool), 1))
    return [(int(i), int(j)) for i, j in found]


def copy_finding(
    first: int, second: int, *, rewritten: bool, detail: float, strength: float, examined: int
) -> CopyFinding | None:
    """What the comparison of two files says; None where they are two scans.

    Parameters
    ----------
    rewritten, detail, strength
        Equal voxels; correlation of fine detail; how strong that detail is.
    examined
        Number of pairs examined, for the Bonferroni bound.
    """
    if rewritten:
        return CopyFinding(first, second, "same voxels", detail, SURE, 0.0, "certain")
    z = float(np.arctanh(np.clip(detail, -0.9999, 0.9999)))
    inside = float(np.clip(z, SCAN_Z[0], COPY_Z[0]))
    ratio = _log_density(inside, COPY_Z) - _log_density(inside, SCAN_Z)
    probability = min(SURE, float(expit(ratio - np.log(STORED_AGAIN - 1))))
    bound = min(1.0, examined * float(stats.norm.sf((z - SCAN_Z[0]) / SCAN_Z[1])))
    judgement = judge(probability, bound, trusted=strength >= LEAST_STRENGTH)
    if judgement is None:
        return None
    return CopyFinding(first, second, "resampled", detail, probability, bound, judgement)


def _log_density(z: float, normal: tuple[float, float]) -> float:
    return float(stats.norm.logpdf(z, *normal))
