"""Hair of the head and beards: how they are worn, where they grow, and their shells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.synthetic.people import zones
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.noise import Noise, smoothstep
from headrisk.types import Float32Array

# ----------------------------------------------------------------------
# How somebody wears hair and beard in one photograph, and where they grow.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """The hair of one photograph.

    Attributes
    ----------
    hair_mm, end_mm
        Thickness of the hair, and height of the lower end of hanging hair.
    hairline_mm
        Added to the person's hairline: how the hair is combed.
    opening_deg
        Where hanging hair begins, degrees from the front.
    beard, beard_mm
        Kind and length of the beard.
    parting_mm
        Place of the parting, to the person's right.
    """

    hair_mm: float
    end_mm: float
    hairline_mm: float
    opening_deg: float
    beard: str
    beard_mm: float
    parting_mm: float


def draw_cut(look: Appearance, rng: np.random.Generator) -> Cut:
    """Draw how a person wears the hair in one photograph."""
    parting = np.random.default_rng(look.seed).choice([-28.0, 28.0])
    end = {"long": rng.uniform(-190, -70), "parted": rng.uniform(-90, -25)}
    worn_long = look.hair_style == "long" or (look.hair_style == "parted" and look.sex == "F")
    shaved = look.beard != "none" and rng.random() < 0.2
    grown = look.beard == "none" and look.sex == "M" and rng.random() < 0.05
    kind = "none" if shaved else ("stubble" if grown else look.beard)
    return Cut(
        hair_mm=look.hair_mm * float(np.exp(np.clip(rng.normal(0, 0.25), -0.5, 0.5))),
        end_mm=float(end.get(look.hair_style, -60.0)) if worn_long else 0.0,
        hairline_mm=float(rng.normal(0, 3)),
        opening_deg=float(rng.choice([66.0, 72.0, 100.0]) + rng.uniform(-3, 3)),
        beard=kind,
        beard_mm=float({"full": rng.uniform(2, 9), "goatee": 3, "moustache": 3}.get(kind, 0.4)),
        parting_mm=float(parting + rng.normal(0, 4)),
    )


def growth(
    places: Float32Array, look: Appearance, cut: Cut, strength: float
) -> tuple[Float32Array, Float32Array]:
    """How surely hair of the head and beard grow at places, each 0 to 1, 0.5 at the edge."""
    none = np.zeros(len(places), np.float32)
    if strength == 0:
        return none, none
    raised: float | Float32Array = look.hairline_mm + cut.hairline_mm
    if look.hair_style == "fringe":
        x = places[:, 0]
        raised = np.asarray(raised - 40 + 6 * np.sin(x / 25 + cut.parting_mm) ** 2, np.float32)
    elif look.hair_style == "parted":
        away = np.abs(places[:, 0] - cut.parting_mm)
        raised = np.asarray(raised - 14 * smoothstep(-10, 45, away), np.float32)
    line = zones.scalp(places, look, raised)
    if look.hair_style == "bald":
        ring = smoothstep(58, 72, zones.azimuth(places)) * smoothstep(60, 40, places[:, 2])
        line = np.minimum(line, 16 * ring - 8)
    head = smoothstep(-8, 8, line) * (1 - zones.ears(places))
    return head, zones.beard(places, cut.beard) if cut.beard != "none" else none


# ----------------------------------------------------------------------
# Hair of the head and beards: shells over the skin, and a sheet for hair that hangs.
# ----------------------------------------------------------------------

_CROWN = np.array([0, -95, 108], np.float32)
_TURNS, _ROWS = 96, 48


@dataclass(frozen=True)
class Hair:
    """Triangles that carry hair, with the coordinates that their pattern needs.

    Attributes
    ----------
    mesh
        Shell and sheet, mm, in the frame of the skin it was made from.
    places
        (n, 3) places on the average head; of the sheet, made-up ones.
    strands
        (n, 3) mm across hairs, mm along hairs, and how surely hair grows (0.5 is the edge).
    """

    mesh: Mesh = field(repr=False)
    places: Float32Array = field(repr=False)
    strands: Float32Array = field(repr=False)


def grow(
    skin: Mesh, places: Float32Array, look: Appearance, cut: Cut, noise: Noise, strength: float
) -> Hair | None:
    """Shell over scalp and beard, and hanging hair. None if there is none.

    Parameters
    ----------
    skin
        Posed head, upright, with the eyes near the origin.
    places
        (n, 3) of its vertices.
    strength
        Multiplies the thickness; 0 for no hair at all.
    """
    head, beard = growth(places, look, cut, strength)
    thick = {"bald": 0.25, "shaved": 0.2, "curly": 1.5, "fringe": 0.9}.get(look.hair_style, 1.0)
    behind = smoothstep(100, 120, zones.azimuth(places))  # beside the ears hair lies close
    close = 0.6 if cut.end_mm < 0 else 0.12
    side = close + (1 - close) * smoothstep(-5, 75, places[:, 2])
    line = smoothstep(0.5, 1.0, head) * np.maximum(side, 0.3 * behind)
    uneven = 0.35 if look.hair_style == "curly" else 0.15
    lift = cut.hair_mm * thick * line * (1 + uneven * noise(places, 9.0))
    lift = np.maximum(lift, cut.beard_mm * smoothstep(0.2, 1.0, beard))
    lift = strength * np.maximum(lift, 0.3)
    grows = np.maximum(head, beard)
    kept = (grows[skin.triangles] > 0.02).any(axis=1)
    if not kept.any():
        return None
    used, triangles = np.unique(skin.triangles[kept], return_inverse=True)
    shell = skin.vertices[used] + lift[used, None] * vertex_normals(skin)[used]
    strands = np.stack([*_combed(places[used], look, cut), grows[used]], axis=1)
    parts = [(shell, triangles.reshape(-1, 3), places[used], strands)]
    if cut.end_mm < 0:
        parts.append(_sheet(skin.vertices, places, cut, noise, strength))
    return _joined(parts)


def _combed(places: Float32Array, look: Appearance, cut: Cut) -> tuple[Float32Array, Float32Array]:
    """Coordinates across and along the hairs of the shell."""
    if look.hair_style == "parted":
        return places[:, 1], np.abs(places[:, 0] - cut.parting_mm) + 0.5 * places[:, 2]
    off = places - _CROWN
    across = 70 * np.arctan2(off[:, 0], off[:, 1] + 1e-3)
    return np.asarray(across, np.float32), np.linalg.norm(off, axis=1)


def _sheet(
    skin: Float32Array, places: Float32Array, cut: Cut, noise: Noise, strength: float
) -> tuple[Float32Array, np.ndarray, Float32Array, Float32Array]:
    """Hair that hangs from the widest part of the head above it."""
    turn = np.radians(np.linspace(cut.opening_deg, 360 - cut.opening_deg, _TURNS))
    height = np.linspace(60, cut.end_mm, _ROWS)
    radius = _widest(skin, places, turn, height)
    inner = np.minimum(np.arange(_TURNS), np.arange(_TURNS)[::-1]) / 14
    lift = strength * (2 + cut.hair_mm * np.clip(inner, 0, 1))
    lift = lift[None] * np.clip((80 - height) / 60, 0.2, 1)[:, None]  # under the shell at the top
    t, h = np.meshgrid(turn, height)
    grid = np.stack([90 * t, h, 0 * h], axis=-1).astype(np.float32).reshape(-1, 3)
    wave = noise(grid, np.array([14, 45, 1], np.float32)).reshape(h.shape) * np.clip(
        (60 - h) / 60, 0, 1
    )
    r = radius + lift + 2.5 * wave
    points = np.stack([r * np.sin(t), r * np.cos(t) - 75, h], axis=-1)
    edge = np.clip(inner * 14 / 3, 0, 1) * np.clip((60 - h) / 15, 0, 1)
    tips = np.clip((h - cut.end_mm) / 18, 0, 1)
    sure = (0.35 + 0.65 * edge) * (0.3 + 0.7 * tips) * np.clip((60 - h) / 10, 0, 1)
    strands = np.stack([90 * t, h, sure], axis=-1)
    corner = np.arange(_TURNS * _ROWS).reshape(_ROWS, _TURNS)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    flat = points.reshape(-1, 3).astype(np.float32)
    return flat, triangles, flat, strands.reshape(-1, 3).astype(np.float32)


def _widest(
    skin: Float32Array, places: Float32Array, turn: np.ndarray, height: np.ndarray
) -> np.ndarray:
    """Radius (rows, turns) of the head around the axis through the ears, never less than above."""
    above = (places[:, 2] > -75) & (places[:, 2] < 75)
    x, y, z = skin[above].T
    angle = np.arctan2(x, y + 75) % (2 * np.pi)
    row = np.clip(np.searchsorted(-height, -z), 0, len(height) - 1)
    column = np.clip(np.searchsorted(turn, angle), 0, len(turn) - 1)
    radius = np.zeros((len(height), len(turn)))
    np.maximum.at(radius, (row, column), np.hypot(x, y + 75))
    radius = ndimage.maximum_filter(radius, (3, 3), mode="nearest")
    radius = np.maximum.accumulate(radius, axis=0)
    return np.asarray(ndimage.gaussian_filter(radius, (2, 3), mode="nearest"))


def _joined(parts: list[tuple[Float32Array, np.ndarray, Float32Array, Float32Array]]) -> Hair:
    first = np.cumsum([0, *(len(part[0]) for part in parts)])
    triangles = np.concatenate([part[1] + n for part, n in zip(parts, first, strict=False)])
    points, places, strands = (
        np.concatenate([part[k] for part in parts]).astype(np.float32) for k in (0, 2, 3)
    )
    return Hair(Mesh(points, triangles.astype(np.int32)), places, strands)


def hair_albedo(
    strands: Float32Array, look: Appearance, noise: Noise
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Albedo (n, 3), opacity (n,), and slope across the hairs (n,) at points of a shell."""
    across, along = strands[:, 0], strands[:, 1]
    cell = (
        np.array([3.0, 4.0, 1], np.float32)
        if look.hair_style == "curly"
        else np.array([0.9, 16.0, 1], np.float32)
    )
    grid = np.stack([across, along, np.zeros_like(along)], axis=1)
    grid[:, 0] += 4 * noise(grid, np.array([40, 30, 1], np.float32))
    lock = noise(grid, cell * 4)
    hair = noise(grid + 17, cell)
    frayed = np.clip(2.5 * (1 - strands[:, 2]), 0.1, 1)  # gaps only near the edge
    sure = strands[:, 2] + frayed * (0.16 * hair + 0.12 * lock)
    tone = np.exp(0.38 * hair + 0.25 * lock)
    albedo = np.asarray(look.hair_colour, np.float32) * tone[:, None]
    return albedo, smoothstep(0.28, 0.58, sure), 0.6 * hair + 0.12 * lock
