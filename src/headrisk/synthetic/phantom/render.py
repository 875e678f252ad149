"""Synthetic images: a person in a scanner, with its receive field, voxels and noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.brain.fields import add_rician_noise, receive_field, sample, spread
from headrisk.synthetic.phantom import head
from headrisk.synthetic.phantom.acquisition import FIELD_OF_VIEW_MM, Acquisition, head_to_scanner
from headrisk.synthetic.phantom.atlas import Atlas
from headrisk.synthetic.phantom.people import Person, tissue_fractions, warp_affine
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner
from headrisk.types import Float32Array, FloatArray

# Signal of the labels of head.py in their order, relative to white matter on T1w.
HEAD_SIGNAL = {
    "T1w": (0.0, 0.55, 1.15, 0.50, 0.06, 0.80, 0.18, 0.22, 0.60, 0.95),
    "T2w": (0.0, 0.45, 0.85, 0.25, 0.05, 0.60, 1.40, 1.50, 0.40, 0.50),
    "FLAIR": (0.0, 0.50, 0.70, 0.35, 0.05, 0.50, 0.15, 0.20, 0.50, 0.60),
}
_NEAR_MM = 14.0  # voxels farther than this from the undeformed head are air
_THICK_MM = 2.0
_WARP_SAMPLE_MM = 5.0


def render(
    atlas: Atlas,
    person: Person,
    acquisition: Acquisition,
    settings: PhantomSettings,
    rng: np.random.Generator,
) -> tuple[Float32Array, FloatArray]:
    """One magnitude image of a person's head.

    Returns
    -------
    volume
        (x, y, z) float32, stored in the voxel order of the scanner.
    affine
        Voxel index to RAS+ mm of the scanner. The head lies rotated and shifted in it.
    """
    shape, affine = scan_grid(acquisition.scanner)
    fine, parts = _thin_slices(shape, affine)
    signal = _signal(atlas, person, acquisition, *fine)
    signal = average_slices(signal, parts)
    signal *= receive_field(acquisition.field, shape, settings.bias)
    noise = settings.noise * acquisition.scanner.noise
    volume = np.float32(acquisition.gain) * add_rician_noise(signal, noise, rng)
    return reorder(volume, affine, acquisition.scanner.axes)


def scan_grid(scanner: Scanner) -> tuple[tuple[int, int, int], FloatArray]:
    """Shape and RAS+ affine of a scanner's image, its field of view centred on 0 mm."""
    x, y, z = (round(f / v) for f, v in zip(FIELD_OF_VIEW_MM, scanner.voxel_mm, strict=True))
    affine = np.diag([*scanner.voxel_mm, 1.0])
    affine[:3, 3] = -0.5 * np.array(scanner.voxel_mm) * (np.array([x, y, z]) - 1)
    return (x, y, z), affine


def reorder(volume: Float32Array, affine: FloatArray, axes: str) -> tuple[Float32Array, FloatArray]:
    """Store a RAS+ volume with other voxel axes, such as ``"PSR"``; world positions stay."""
    order = [next(i for i, pair in enumerate(("RL", "AP", "SI")) if c in pair) for c in axes]
    out = volume.transpose(order)
    matrix = np.eye(4)
    matrix[:3, :3] = affine[:3, :3][:, order]
    matrix[:3, 3] = affine[:3, 3]
    for axis, code in enumerate(axes):
        if code in "LPI":
            out = np.flip(out, axis)
            matrix[:3, 3] += matrix[:3, axis] * (out.shape[axis] - 1)
            matrix[:3, axis] *= -1
    return np.ascontiguousarray(out), matrix


def _signal(
    atlas: Atlas,
    person: Person,
    acquisition: Acquisition,
    shape: tuple[int, int, int],
    affine: FloatArray,
) -> Float32Array:
    """Noise-free signal on a RAS+ grid."""
    to_template = np.linalg.inv(head_to_scanner(person, acquisition)) @ affine
    to_head = np.linalg.inv(atlas.head) @ to_template
    close = ndimage.affine_transform(
        atlas.surface < _NEAR_MM, to_head[:3, :3], to_head[:3, 3], output_shape=shape, order=0
    )
    near = np.flatnonzero(close)
    points = _displaced(person.warp + acquisition.warp, to_template, shape)
    points = np.take(points.reshape(3, -1), near, axis=1)
    hull = sample(atlas.hull, atlas.head, points)
    inside, outside = np.flatnonzero(hull < head.FLUID_MM), np.flatnonzero(hull > head.FLUID_MM - 1)
    outer = np.asarray(HEAD_SIGNAL[acquisition.contrast], dtype=np.float32)[atlas.labels]
    outer = ndimage.gaussian_filter(outer, 0.6)
    values = np.zeros(hull.shape, dtype=np.float32)
    values[outside] = sample(outer, atlas.head, points[:, outside])
    fractions = tissue_fractions(
        atlas,
        person,
        points[:, inside],
        growth=acquisition.growth,
        widening_mm=acquisition.widening_mm,
    )
    brain = (acquisition.means * person.tissue).astype(np.float32) @ fractions
    weight = np.clip(0.5 + (head.FLUID_MM - 0.5 - hull[inside]) / 1.0, 0, 1)
    values[inside] = weight * brain + (1 - weight) * values[inside]
    out = np.zeros(close.size, dtype=np.float32)
    out[near] = values
    return out.reshape(shape)


def _displaced(
    warp: Float32Array, to_template: FloatArray, shape: tuple[int, int, int]
) -> Float32Array:
    """Template mm (3, x, y, z) of every voxel: the warp is taken on a coarse grid and spread."""
    step = np.linalg.norm(to_template[:3, :3], axis=0)
    coarse = tuple(
        int(np.ceil(n * s / _WARP_SAMPLE_MM)) + 1 for n, s in zip(shape, step, strict=True)
    )
    lines = [np.linspace(0, n - 1, m) for n, m in zip(shape, coarse, strict=True)]
    index = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    points = (to_template[:3, :3] @ index + to_template[:3, 3:]).astype(np.float32)
    points += sample(warp, warp_affine(), points)
    return spread(points.reshape(3, *coarse), shape)


def _thin_slices(
    shape: tuple[int, int, int], affine: FloatArray
) -> tuple[tuple[tuple[int, int, int], FloatArray], tuple[int, int, int]]:
    """A finer grid that splits every voxel edge above ``_THICK_MM``, and the splits per axis."""
    size = np.diag(affine)[:3]
    parts = np.ceil(size / _THICK_MM - 1e-9).astype(int)
    fine = affine.copy()
    fine[:3, :3] = np.diag(size / parts)
    fine[:3, 3] += -0.5 * size + 0.5 * size / parts
    nx, ny, nz = (int(n * p) for n, p in zip(shape, parts, strict=True))
    return ((nx, ny, nz), fine), (int(parts[0]), int(parts[1]), int(parts[2]))


def average_slices(volume: Float32Array, parts: tuple[int, int, int]) -> Float32Array:
    """Mean over blocks of ``parts`` voxels."""
    for axis, count in enumerate(parts):
        if count > 1:
            split = (*volume.shape[:axis], -1, count, *volume.shape[axis + 1 :])
            volume = volume.reshape(split).mean(axis=axis + 1, dtype=np.float32)
    return volume
