"""Synthetic scans: a person in a scanner, with its contrast, field, noise and voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from headrisk.imaging.phantom import head
from headrisk.imaging.phantom.anatomy import Atlas, Person, draw_warp, tissue_fractions, warp_affine
from headrisk.imaging.phantom.fields import sample, smooth_field
from headrisk.imaging.phantom.settings import PhantomSettings, Scanner
from headrisk.types import Float32Array, FloatArray

# Signal of each tissue relative to white matter on T1w. First fluid, grey and white matter of the
# brain, then the labels of head.py in their order.
BRAIN_SIGNAL = {
    "T1w": (0.20, 0.66, 1.00),
    "T2w": (1.45, 0.72, 0.50),
    "FLAIR": (0.12, 0.78, 0.62),
}
HEAD_SIGNAL = {
    "T1w": (0.0, 0.55, 1.15, 0.50, 0.06, 0.80, 0.18, 0.22, 0.60, 0.95),
    "T2w": (0.0, 0.45, 0.85, 0.25, 0.05, 0.60, 1.40, 1.50, 0.40, 0.50),
    "FLAIR": (0.0, 0.50, 0.70, 0.35, 0.05, 0.50, 0.15, 0.20, 0.50, 0.60),
}
FIELD_OF_VIEW_MM = (184.0, 240.0, 232.0)
CENTRE_MM = (0.0, -16.0, -28.0)  # template point at the middle of the field of view
_BIAS_SIGMA_MM = 50.0
_BIAS_STEP_MM = 16.0
_THICK_MM = 2.0


@dataclass(frozen=True)
class Acquisition:
    """Everything about one scan that is not the person.

    ``rotation`` (3 x 3) and ``shift`` (3,) mm place the head in the scanner; ``warp`` is the
    displacement of this session; ``growth`` and ``widening_mm`` are the ageing since the first
    session; ``field`` is the receive field on a coarse grid over the field of view.
    """

    scanner: Scanner
    contrast: str
    rotation: FloatArray
    shift: FloatArray
    gain: float
    warp: Float32Array
    growth: float
    widening_mm: float
    field: Float32Array


def draw_acquisition(
    settings: PhantomSettings,
    scanner: Scanner,
    contrast: str,
    years: float,
    rng: np.random.Generator,
) -> Acquisition:
    """Draw one scan ``years`` after the first session.

    Half of the variance of the receive field belongs to the scanner, half to the scan.
    """
    angles = np.deg2rad(rng.uniform(-settings.rotation_deg, settings.rotation_deg, 3))
    aged = settings.ageing * years
    serial = int.from_bytes(scanner.serial.encode(), "big")
    coil = _coarse_field(np.random.default_rng(serial))
    return Acquisition(
        scanner=scanner,
        contrast=contrast,
        rotation=_rotation(angles),
        shift=rng.uniform(-settings.shift_mm, settings.shift_mm, 3),
        gain=float(rng.uniform(*settings.gain)),
        warp=draw_warp((20.0,), (settings.session_warp_mm,), rng),
        growth=float((1 + settings.ventricle_growth) ** aged),
        widening_mm=settings.sulcal_widening_mm * aged,
        field=coil + _coarse_field(rng),
    )


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
    signal = _average_slices(signal, parts)
    signal *= receive_field(acquisition.field, shape, settings.bias)
    noise = settings.noise * acquisition.scanner.noise
    volume = np.float32(acquisition.gain) * add_rician_noise(signal, noise, rng)
    return reorder(volume, affine, acquisition.scanner.axes)


def head_to_scanner(person: Person, acquisition: Acquisition) -> FloatArray:
    """The true affine (4 x 4) from template mm to scanner mm, leaving out the smooth warps."""
    matrix = np.eye(4)
    matrix[:3, :3] = acquisition.rotation @ np.diag(person.scale)
    middle = np.asarray(CENTRE_MM) * person.scale
    matrix[:3, 3] = acquisition.shift - acquisition.rotation @ middle
    return matrix


def scan_grid(scanner: Scanner) -> tuple[tuple[int, int, int], FloatArray]:
    """Shape and RAS+ affine of a scanner's image, its field of view centred on 0 mm."""
    x, y, z = (round(f / v) for f, v in zip(FIELD_OF_VIEW_MM, scanner.voxel_mm, strict=True))
    affine = np.diag([*scanner.voxel_mm, 1.0])
    affine[:3, 3] = -0.5 * np.array(scanner.voxel_mm) * (np.array([x, y, z]) - 1)
    return (x, y, z), affine


def receive_field(field: Float32Array, shape: tuple[int, int, int], bias: float) -> Float32Array:
    """Scale a coarse field to the range 1 - bias / 2 .. 1 + bias / 2 and spread it over a grid."""
    low, high = float(field.min()), float(field.max())
    scaled = 1 + np.float32(bias) * ((field - low) / max(high - low, 1e-9) - 0.5)
    zoom = [n / m for n, m in zip(shape, field.shape, strict=True)]
    spread = ndimage.zoom(scaled, zoom, order=1, mode="nearest", grid_mode=False)
    return np.asarray(spread, dtype=np.float32)


def add_rician_noise(
    signal: Float32Array, deviation: float, rng: np.random.Generator
) -> Float32Array:
    """Magnitude of the signal with Gaussian noise of ``deviation`` in both channels."""
    real = signal + np.float32(deviation) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(deviation) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, imaginary), dtype=np.float32)


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
    inverse = np.linalg.inv(head_to_scanner(person, acquisition)) @ affine
    to_head = np.linalg.inv(atlas.head) @ inverse
    near = ndimage.affine_transform(
        atlas.surface < 16, to_head[:3, :3], to_head[:3, 3], output_shape=shape, order=0
    )
    index = np.stack(np.nonzero(near)).astype(np.float32)
    points = inverse[:3, :3].astype(np.float32) @ index + inverse[:3, 3:].astype(np.float32)
    points += sample(person.warp + acquisition.warp, warp_affine(), points)
    outer = np.asarray(HEAD_SIGNAL[acquisition.contrast], dtype=np.float32)[atlas.labels]
    values = sample(ndimage.gaussian_filter(outer, 0.6), atlas.head, points)
    hull = sample(atlas.hull, atlas.head, points)
    inside = np.flatnonzero(hull < head.FLUID_MM)
    fractions = tissue_fractions(
        atlas,
        person,
        points[:, inside],
        growth=acquisition.growth,
        widening_mm=acquisition.widening_mm,
    )
    means = np.array(BRAIN_SIGNAL[acquisition.contrast]) * person.tissue
    means[1] *= 1 + acquisition.scanner.grey_to_white
    brain = means.astype(np.float32) @ fractions
    weight = np.clip(0.5 + (head.FLUID_MM - 0.5 - hull[inside]) / 1.0, 0, 1)
    values[inside] = weight * brain + (1 - weight) * values[inside]
    out = np.zeros(shape, dtype=np.float32)
    out[near] = values
    return out


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


def _average_slices(volume: Float32Array, parts: tuple[int, int, int]) -> Float32Array:
    for axis, count in enumerate(parts):
        if count > 1:
            split = (*volume.shape[:axis], -1, count, *volume.shape[axis + 1 :])
            volume = volume.reshape(split).mean(axis=axis + 1, dtype=np.float32)
    return volume


def _coarse_field(rng: np.random.Generator) -> Float32Array:
    shape = tuple(int(2 * f / _BIAS_STEP_MM) for f in FIELD_OF_VIEW_MM)
    field = smooth_field(rng, (shape[0], shape[1], shape[2]), _BIAS_SIGMA_MM, _BIAS_STEP_MM)
    x, y, z = (n // 2 for n in shape)
    return field[:x, :y, :z]  # half of a periodic field is not periodic


def _rotation(angles: FloatArray) -> FloatArray:
    """Rotation about x, then y, then z, radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
