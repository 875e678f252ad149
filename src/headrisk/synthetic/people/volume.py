"""MRI volumes of synthetic heads: surface, tissue and brain of a person put into voxels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from scipy import ndimage

from headrisk.brain.fields import add_rician_noise, receive_field, sample, smooth_field, spread
from headrisk.heads.boxes import near_distance
from headrisk.heads.identity import Identity, pose_head
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import HeadShapes
from headrisk.synthetic.people.session import Visit, at_rest
from headrisk.synthetic.phantom import head
from headrisk.synthetic.phantom.acquisition import BRAIN_SIGNAL
from headrisk.synthetic.phantom.atlas import Atlas, build_atlas
from headrisk.synthetic.phantom.people import Person, draw_person, tissue_fractions, warp_affine
from headrisk.synthetic.phantom.render import HEAD_SIGNAL, average_slices
from headrisk.synthetic.phantom.settings import PhantomSettings, require_setting
from headrisk.types import Float32Array, FloatArray, IntArray

# ----------------------------------------------------------------------
# Closed triangle surfaces to the share of each voxel that they fill.
# ----------------------------------------------------------------------

_OFFSET = 0.0137  # of the rays against a regular grid, so that none meets an edge of round numbers


def occupancy(
    mesh: Mesh, shape: tuple[int, int, int], affine: FloatArray, rays: int = 2
) -> Float32Array:
    """Share 0..1 of every voxel that lies inside a closed surface.

    Rays run along the third axis, ``rays`` by ``rays`` for each column of voxels. Along a ray the
    share is exact. Every crossing counts with its direction, so parts of the surface may overlap.

    Parameters
    ----------
    mesh
        Triangles counter-clockwise seen from outside; any space.
    shape, affine
        The grid, and voxel index to the mesh's space.

    Returns
    -------
    (x, y, z) float32.
    """
    inverse = np.linalg.inv(affine)
    points = mesh.vertices.astype(np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    points[:, :2] = (points[:, :2] + 0.5) * rays - 0.5 + _OFFSET
    corners = points[mesh.triangles]
    limit = np.array(shape[:2]) * rays
    column, depth, sign = _crossings(corners, limit)
    sign *= np.sign(np.linalg.det(affine[:3, :3]))
    row = (column[:, 0] // rays * shape[1] + column[:, 1] // rays) * (shape[2] + 1)
    depth = np.clip(depth + 0.5, 0, shape[2] - 1e-6)
    voxel = np.floor(depth).astype(np.int64)
    part = depth - voxel
    size = shape[0] * shape[1] * (shape[2] + 1)
    steps: FloatArray = np.asarray(np.bincount(row + voxel + 1, sign * part, size), np.float64)
    steps += np.bincount(row + voxel, sign * (1 - part), size)
    steps = steps.reshape(shape[0], shape[1], shape[2] + 1)
    np.cumsum(steps[:, :, ::-1], axis=2, out=steps[:, :, ::-1])
    filled = steps[:, :, 1:]
    filled /= rays**2
    np.clip(filled, 0, 1, out=filled)
    return filled.astype(np.float32)


def _crossings(corners: FloatArray, limit: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Ray (n, 2), depth and direction (+1 where the ray leaves) of all crossings."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    low = np.clip(np.ceil(corners[..., :2].min(axis=1)), 0, limit).astype(np.int64)
    high = np.clip(np.floor(corners[..., :2].max(axis=1)) + 1, 0, limit).astype(np.int64)
    span = np.where(area[:, None] != 0, np.maximum(high - low, 0), 0)
    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(corners)), count)
    order = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    wide = span[which, 1]
    ray = low[which] + np.stack([order // wide, order % wide], axis=1)
    weight = np.empty((len(which), 3))
    for k, (p, q) in enumerate(((b, c), (c, a), (a, b))):
        side, arm = (q - p)[which, :2], ray - p[which, :2]
        weight[:, k] = side[:, 0] * arm[:, 1] - side[:, 1] * arm[:, 0]
    weight /= area[which, None]
    hit = np.all(weight > 0, axis=1)
    which, ray, weight = which[hit], ray[hit], weight[hit]
    depth = (weight * corners[which, :, 2]).sum(axis=1)
    return ray, depth, np.sign(area[which])


# ----------------------------------------------------------------------
# What a person's head is made of: skin, fat, muscle and skull around a phantom's brain.
# ----------------------------------------------------------------------

_SKIN_MM, _FAT_MM = 2.0, 5.0  # depth of their inner edge
_PAD_SIGNAL = 0.12


def with_full_mouth(mesh: Mesh, shapes: HeadShapes) -> Mesh:
    """The head without the hollow behind its lips, which tongue and gums fill in a closed mouth.

    The hollow's triangles give way to a fan across its rim.
    """
    inner = (shapes.regions["mouth_inside"] > 0.5)[mesh.triangles].all(axis=1)
    hollow, count = mesh.triangles[inner], len(mesh.vertices)
    edges = np.stack([hollow, np.roll(hollow, -1, axis=1)], axis=-1).reshape(-1, 2)
    there, back = edges @ np.array([count, 1]), edges @ np.array([1, count])
    rim = edges[~np.isin(back, there)]
    middle = mesh.vertices[rim[:, 0]].mean(axis=0, dtype=np.float64)
    fan = np.column_stack([rim, np.full(len(rim), count)])
    return Mesh(
        np.vstack([mesh.vertices, middle.astype(np.float32)]),
        np.concatenate([mesh.triangles[~inner], fan]).astype(np.int32),
    )


def tissue_signal(
    filled: Float32Array, to_template: FloatArray, atlas: Atlas, person: Person, contrast: str
) -> Float32Array:
    """Noise-free signal of the voxels that the head fills, wholly or in part.

    Parameters
    ----------
    filled
        (x, y, z) share of each voxel inside the skin.
    to_template
        4 x 4, voxel index to template mm.
    contrast
        T1w, T2w or FLAIR.
    """
    out = np.zeros(filled.size, dtype=np.float32)
    near = np.flatnonzero(filled > 0)
    depth = np.take(_depth_mm(filled, to_template), near)
    index = np.stack(np.unravel_index(near, filled.shape)).astype(np.float32)
    points = to_template[:3, :3].astype(np.float32) @ index
    points += to_template[:3, 3:].astype(np.float32)
    points += sample(person.warp, warp_affine(), points)
    hull = sample(atlas.hull, atlas.head, points)
    strength = np.asarray(HEAD_SIGNAL[contrast], dtype=np.float32)
    outer = ndimage.gaussian_filter(strength[_deep_labels(atlas)], 0.6)
    values = sample(outer, atlas.head, points)
    shallow = np.where(depth < _SKIN_MM, strength[head.SKIN], strength[head.FAT])
    cover = np.clip(_FAT_MM + 0.5 - depth, 0, 1) * np.clip(hull - head.FLUID_MM, 0, 1)
    values += cover * (shallow - values)
    inside = np.flatnonzero(hull < head.FLUID_MM)
    fractions = tissue_fractions(atlas, person, points[:, inside], growth=1.0, widening_mm=0.0)
    means = (np.array(BRAIN_SIGNAL[contrast]) * person.tissue).astype(np.float32)
    weight = np.clip(head.FLUID_MM - hull[inside], 0, 1)
    values[inside] += weight * (means @ fractions - values[inside])
    out[near] = values
    return out.reshape(filled.shape)


def _deep_labels(atlas: Atlas) -> head.Labels:
    """Labels of the phantom's head without its own air and skin outside: muscle goes on there."""
    labels = atlas.labels.copy()
    labels[(atlas.surface > -7) & (atlas.hull > head.FAT_MM)] = head.MUSCLE
    return labels


def _depth_mm(filled: Float32Array, to_template: FloatArray) -> Float32Array:
    """Depth under the skin in template mm, from a grid of about 2 mm; true as deep as fat lies."""
    step = np.linalg.norm(to_template[:3, :3], axis=0)
    stride = np.maximum(np.round(2 / step).astype(int), 1)
    i, j, k = (
        np.unique(np.r_[0 : n : int(s), n - 1]) for n, s in zip(filled.shape, stride, strict=True)
    )
    coarse = filled[np.ix_(i, j, k)] > 0.5
    most = _FAT_MM + 1 + float(np.linalg.norm(step * stride))  # of all that is mixed with fat
    distance = near_distance(~coarse, step * stride, most)
    return spread(
        (distance - 0.5).astype(np.float32), (filled.shape[0], filled.shape[1], filled.shape[2])
    )


def ear_pads(shape: tuple[int, int, int], to_template: FloatArray) -> Float32Array:
    """Faint signal of pads beside the ears, (x, y, z), as without the head."""
    x, y, z = np.ogrid[tuple(slice(0, n) for n in shape)]
    place = [
        row[0] * x + row[1] * y + row[2] * z + row[3] for row in to_template[:3].astype(np.float32)
    ]
    level = ((np.abs(place[0]) - 98) / 14) ** 2 + ((place[1] + 12) / 34) ** 2
    pads = _PAD_SIGNAL * (level + ((place[2] + 46) / 38) ** 2 < 1)
    return np.asarray(pads, dtype=np.float32)


# ----------------------------------------------------------------------
# MRI volumes of synthetic heads: the surface of a person around the brain of a phantom.
# ----------------------------------------------------------------------

FIELD_OF_VIEW_MM = (190.0, 240.0, 250.0)
CENTRE_MM = (0.0, -4.0, -36.0)  # template point at the middle of the field of view
_THICK_MM = 2.0
_BIAS_SIGMA_MM, _BIAS_STEP_MM = 50.0, 16.0
_GAIN = 1000.0


@dataclass(frozen=True)
class PersonScanSettings:
    """How one scan of a synthetic person is taken. All draws are made for each scan anew.

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
def people_atlas() -> Atlas:
    """The anatomy that all synthetic brains share, from the template brain; made once."""
    from headrisk.brain.template import load_template

    return build_atlas(load_template(), np.random.default_rng(0))


def render_person(
    identity: Identity | None,
    shapes: HeadShapes,
    settings: PersonScanSettings,
    rng: np.random.Generator,
    *,
    atlas: Atlas | None = None,
    person: Person | None = None,
    visit: Visit | None = None,
) -> tuple[Float32Array, FloatArray]:
    """One magnitude image of a synthetic person's head with closed eyes.

    Parameters
    ----------
    identity
        None for the mean head.
    atlas
        Anatomy around and in the brain; ``people_atlas()`` if not given.
    person
        Whose brain it is; drawn from ``identity.seed`` if not given, so it stays with the person.
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
    settings: PersonScanSettings,
    rng: np.random.Generator,
    *,
    atlas: Atlas | None = None,
    person: Person | None = None,
    visit: Visit | None = None,
) -> Filled:
    """Place a person's head in the scanner and fill it with tissue; see :func:`render_person`."""
    atlas = atlas or people_atlas()
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


def _placement(scale: float, settings: PersonScanSettings, rng: np.random.Generator) -> FloatArray:
    """Template mm to scanner mm (4 x 4)."""
    from scipy.spatial.transform import Rotation

    angles = rng.uniform(-1, 1, 3) * settings.rotation_deg
    matrix = np.eye(4)
    matrix[:3, :3] = scale * Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = rng.uniform(-1, 1, 3) * settings.shift_mm
    matrix[:3, 3] = shift - matrix[:3, :3] @ np.asarray(CENTRE_MM)
    return matrix


_require = partial(require_setting, "setting of a synthetic scan")
