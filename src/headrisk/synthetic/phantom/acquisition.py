"""What distinguishes one scan of a person from the next: scanner, position, contrast, ageing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.fields import smooth_field
from headrisk.synthetic.phantom.people import Person, draw_warp
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner
from headrisk.types import Float32Array, FloatArray

# Signal of fluid, grey and white matter, relative to white matter on T1w.
BRAIN_SIGNAL = {
    "T1w": (0.20, 0.66, 1.00),
    "T2w": (1.45, 0.72, 0.50),
    "FLAIR": (0.12, 0.78, 0.62),
}
FIELD_OF_VIEW_MM = (186.0, 240.0, 240.0)
CENTRE_MM = (0.0, -14.0, -20.0)  # template point at the middle of the field of view
_DISTORTION_SIGMA_MM = 20.0
_BIAS_SIGMA_MM = 50.0
_BIAS_STEP_MM = 16.0


@dataclass(frozen=True)
class Installed:
    """A scanner in its place: with the receive field and distortion that all its scans share.

    ``field`` is on a coarse grid over the field of view, ``warp`` on the warp grid in units of
    its root mean square.
    """

    scanner: Scanner
    field: Float32Array
    warp: Float32Array


@dataclass(frozen=True)
class Acquisition:
    """Everything about one scan that is not the person.

    ``rotation`` (3 x 3) and ``shift`` (3,) mm place the head in the scanner; ``means`` are the
    signals of fluid, grey and white matter; ``warp`` is the displacement of this scan; ``growth``
    and ``widening_mm`` are the ageing since the first session; ``field`` is the receive field on
    a coarse grid over the field of view.
    """

    scanner: Scanner
    contrast: str
    rotation: FloatArray
    shift: FloatArray
    gain: float
    means: FloatArray
    warp: Float32Array
    growth: float
    widening_mm: float
    field: Float32Array


def install(scanner: Scanner, rng: np.random.Generator) -> Installed:
    """Draw what a scanner adds to all of its scans."""
    return Installed(scanner, _coarse_field(rng), draw_warp((_DISTORTION_SIGMA_MM,), (1.0,), rng))


def draw_acquisition(
    settings: PhantomSettings,
    installed: Installed,
    contrast: str,
    years: float,
    rng: np.random.Generator,
) -> Acquisition:
    """Draw one scan ``years`` after the first session."""
    limit = np.deg2rad(settings.rotation_deg)
    aged = settings.ageing * years
    means = np.array(BRAIN_SIGNAL[contrast])
    means[1] *= 1 + installed.scanner.grey
    means[:2] *= 1 + settings.contrast_sd * rng.standard_normal(2)
    own = draw_warp((_DISTORTION_SIGMA_MM,), (1.0,), rng)
    share = np.float32(settings.session_warp_mm * np.sqrt(0.5))
    return Acquisition(
        scanner=installed.scanner,
        contrast=contrast,
        rotation=_rotation(rng.uniform(-limit, limit, 3)),
        shift=rng.uniform(-settings.shift_mm, settings.shift_mm, 3),
        gain=float(rng.uniform(*settings.gain)),
        means=means,
        warp=share * (installed.warp + own),
        growth=float((1 + settings.ventricle_growth) ** aged),
        widening_mm=settings.sulcal_widening_mm * aged,
        field=installed.field + _coarse_field(rng),
    )


def head_to_scanner(person: Person, acquisition: Acquisition) -> FloatArray:
    """The true affine (4 x 4) from template mm to scanner mm, leaving out the smooth warps."""
    matrix = np.eye(4)
    matrix[:3, :3] = acquisition.rotation @ np.diag(person.scale)
    middle = np.asarray(CENTRE_MM) * person.scale
    matrix[:3, 3] = acquisition.shift - acquisition.rotation @ middle
    return matrix


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
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float64)
