"""MRI volumes of synthetic heads: the surface of a twin around the brain of a phantom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from headrisk.brain.fields import add_rician_noise, receive_field, smooth_field
from headrisk.heads.identity import Identity, pose_head
from headrisk.heads.shapes import HeadShapes
from headrisk.synthetic.people.session import Visit, at_rest
from headrisk.synthetic.people.tissue import ear_pads, tissue_signal, with_full_mouth
from headrisk.synthetic.people.voxelise import occupancy
from headrisk.synthetic.phantom.acquisition import BRAIN_SIGNAL
from headrisk.synthetic.phantom.atlas import Atlas, build_atlas
from headrisk.synthetic.phantom.people import Person, draw_person
from headrisk.synthetic.phantom.render import average_slices
from headrisk.synthetic.phantom.settings import PhantomSettings, require_setting
from headrisk.types import Float32Array, FloatArray

FIELD_OF_VIEW_MM = (190.0, 240.0, 250.0)
CENTRE_MM = (0.0, -4.0, -36.0)  # template point at the middle of the field of view
_THICK_MM = 2.0
_BIAS_SIGMA_MM, _BIAS_STEP_MM = 50.0, 16.0
_GAIN = 1000.0


@dataclass(frozen=True)
class TwinScanSettings:
    """How one scan of a twin is taken. All draws are made for each scan anew.

    Attributes
    ----------
    contrast
        T1w, T2w, FLAIR or another key of ``BRAIN_SIGNAL``.
    voxel_mm
        Voxel size along x, y, z; above 2 mm it is a thick slice, over which signal is averaged.
    noise
        Standard deviation of each channel of the Rician noise, relative to white matter on T1w.
    bias
        Range of the multiplicative receive field over the image.
    sag_mm
        How far soft cheeks hang backwards in somebody who lies on the back.
    ears_pressed
        0 (free) to 1 (flat against the head).
    rotation_deg, shift_mm
        Largest rotation about and shift along each axis.
    ear_pads
        Pads of faint signal beside the ears.
    """

    contrast: str = "T1w"
    voxel_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.03
    bias: float = 0.4
    sag_mm: float = 2.0
    ears_pressed: float = 0.7
    rotation_deg: float = 8.0
    shift_mm: float = 5.0
    ear_pads: bool = False

    def __post_init__(self) -> None:
        _require("contrast", self.contrast, self.contrast in BRAIN_SIGNAL, ", ".join(BRAIN_SIGNAL))
        _require("voxel_mm", self.voxel_mm, min(self.voxel_mm) > 0, "above 0")
        _require("bias", self.bias, 0 <= self.bias < 2, "between 0 and 2")
        pressed = 0 <= self.ears_pressed <= 1
        _require("ears_pressed", self.ears_pressed, pressed, "between 0 and 1")
        for name in ("noise", "sag_mm", "rotation_deg", "shift_mm"):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")


@cache
def twin_atlas() -> Atlas:
    """The anatomy that the brains of all twins share, from the template brain; made once."""
    from headrisk.brain.template import load_template

    return build_atlas(load_template(), np.random.default_rng(0))


def render_twin(
    identity: Identity | None,
    shapes: HeadShapes,
    settings: TwinScanSettings,
    rng: np.random.Generator,
    *,
    atlas: Atlas | None = None,
    person: Person | None = None,
    visit: Visit | None = None,
) -> tuple[Float32Array, FloatArray]:
    """One magnitude image of a twin's head with closed eyes.

    Parameters
    ----------
    identity
        None for the mean head.
    atlas
        Anatomy around and in the brain; ``twin_atlas()`` if not given.
    person
        Whose brain it is; drawn from ``identity.seed`` if not given, so it stays with the twin.
        Of its size only the mean is used: the size of the head is that of the surface.
    visit
        How the person lies there on the day; as ``identity`` and ``settings`` say if not given.

    Returns
    -------
    volume
        (x, y, z) float32.
    affine
        Voxel index to RAS+ mm of the scanner.
    """
    filled = fill_head(identity, shapes, settings, rng, atlas=atlas, person=person, visit=visit)
    signal = filled.signal * filled.share
    if settings.ear_pads:
        signal += (1 - filled.share) * ear_pads(signal.shape, filled.to_template)
    signal = average_slices(signal, filled.parts)
    low_x, low_y, low_z = (int(2 * f / _BIAS_STEP_MM) for f in FIELD_OF_VIEW_MM)
    field = smooth_field(rng, (low_x, low_y, low_z), _BIAS_SIGMA_MM, _BIAS_STEP_MM)
    field = field[: low_x // 2, : low_y // 2, : low_z // 2]  # half of it is not periodic
    signal *= receive_field(field, filled.shape, settings.bias)
    return np.float32(_GAIN) * add_rician_noise(signal, settings.noise, rng), filled.affine


@dataclass(frozen=True)
class Filled:
    """A head on the fine grid of a scan, before what a scanner does to it.

    ``share`` of each voxel inside the skin, ``signal`` of what is inside, index to template mm of
    that grid; shape and affine of the scan, and fine voxels along each axis of one of its voxels.
    """

    share: Float32Array
    signal: Float32Array
    to_template: FloatArray
    shape: tuple[int, int, int]
    affine: FloatArray
    parts: tuple[int, int, int]


def fill_head(
    identity: Identity | None,
    shapes: HeadShapes,
    settings: TwinScanSettings,
    rng: np.random.Generator,
    *,
    atlas: Atlas | None = None,
    person: Person | None = None,
    visit: Visit | None = None,
) -> Filled:
    """Place a twin's head in the scanner and fill it with tissue; see :func:`render_twin`."""
    atlas = atlas or twin_atlas()
    phantom = PhantomSettings()
    if person is None:
        seed = 0 if identity is None else identity.seed
        person = draw_person(atlas, phantom, np.random.default_rng(seed))
    person = replace(person, scale=np.full(3, phantom.head_scale))
    placed = _placement(phantom.head_scale, settings, rng)
    day = visit or at_rest(shapes, identity, settings.sag_mm, settings.ears_pressed)
    mesh = pose_head(
        shapes,
        day.identity,
        expression=day.expression,
        ears_pressed=day.ears_pressed,
        sag_mm=day.sag_mm,
        surface_error_mm=day.surface_error_mm,
        rng=rng,
    )
    shape, affine, fine_affine, parts = scan_grids(settings.voxel_mm)
    fine = (shape[0] * parts[0], shape[1] * parts[1], shape[2] * parts[2])
    share = occupancy(with_full_mouth(mesh, shapes).moved(placed), fine, fine_affine)
    to_template = np.linalg.inv(placed) @ fine_affine
    signal = tissue_signal(share, to_template, atlas, person, settings.contrast)
    return Filled(share, signal, to_template, shape, affine, parts)


def scan_grids(
    voxel_mm: tuple[float, float, float],
) -> tuple[tuple[int, int, int], FloatArray, FloatArray, tuple[int, int, int]]:
    """Shape and affine of a scan, affine of the finer grid for thick slices, splits per axis."""
    x, y, z = (round(f / v) for f, v in zip(FIELD_OF_VIEW_MM, voxel_mm, strict=True))
    size = np.array(voxel_mm)
    px, py, pz = (int(np.ceil(v)) if v > _THICK_MM else 1 for v in voxel_mm)
    affine = np.diag([*voxel_mm, 1.0])
    affine[:3, 3] = -0.5 * size * (np.array([x, y, z]) - 1)
    step = size / [px, py, pz]
    fine = np.diag([*step, 1.0])
    fine[:3, 3] = affine[:3, 3] - 0.5 * size + 0.5 * step
    return (x, y, z), affine, fine, (px, py, pz)


def _placement(scale: float, settings: TwinScanSettings, rng: np.random.Generator) -> FloatArray:
    """Template mm to scanner mm (4 x 4)."""
    from scipy.spatial.transform import Rotation

    angles = rng.uniform(-1, 1, 3) * settings.rotation_deg
    matrix = np.eye(4)
    matrix[:3, :3] = scale * Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = rng.uniform(-1, 1, 3) * settings.shift_mm
    matrix[:3, 3] = shift - matrix[:3, :3] @ np.asarray(CENTRE_MM)
    return matrix


_require = partial(require_setting, "twin scan setting")
