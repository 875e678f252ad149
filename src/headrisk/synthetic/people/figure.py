"""What stands before the camera: head, eyeballs, teeth, clothes, spectacles and hair."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headrisk.face.render import Scene, open_scene
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.hair import Cut, Hair, grow
from headrisk.synthetic.people.noise import Noise, smoothstep
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# Head, teeth and shoulders of somebody who is photographed.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class PhotoHead:
    """A person's head with one expression, upright, in life size.

    Attributes
    ----------
    mesh
        Skin, inner mouth and eyeballs; mm, origin midway between the average head's eyes.
    places
        (n, 3) place of each vertex on the average head, see :mod:`headrisk.synthetic.people.zones`.
    eyeball
        (n,) 0 for skin, 1 and 2 for the vertices of the right and left eyeball.
    inside
        (n,) 1 in the mouth, 0 outside.
    """

    mesh: Mesh = field(repr=False)
    places: Float32Array = field(repr=False)
    eyeball: NDArray[np.uint8] = field(repr=False)
    inside: Float32Array = field(repr=False)

    def eye_centres(self) -> FloatArray:
        """Centres of the right and the left eyeball, (2, 3) mm."""
        balls = [self.mesh.vertices[self.eyeball == k] for k in (1, 2)]
        return np.stack([(b.min(axis=0) + b.max(axis=0)) / 2 for b in balls]).astype(np.float64)


def _near(head: PhotoHead, place: tuple[float, float, float], radius: float) -> FloatArray:
    """Mean displacement of the skin near a place of the average head."""
    weight = np.exp(
        -0.5 * ((head.places - np.asarray(place, np.float32)) ** 2).sum(axis=1) / radius**2
    )
    weight = weight * (head.eyeball == 0) * (1 - head.inside)
    moved = (weight[:, None] * (head.mesh.vertices - head.places)).sum(axis=0)
    return np.asarray(moved / weight.sum(), np.float64)


def teeth(head: PhotoHead) -> Mesh:
    """The upper row, which hangs from the base of the nose."""
    x = np.linspace(-21, 21, 15)
    rows = [np.stack([x, 17.0 - x**2 / 30, np.full_like(x, z)], axis=1) for z in (-56.0, -68.5)]
    points = np.stack(rows).reshape(-1, 3) + _near(head, (0.0, 28.0, -50.0), 5.0)
    corner = np.arange(30).reshape(2, 15)
    a, b, c, d = corner[0, :-1], corner[0, 1:], corner[1, 1:], corner[1, :-1]
    triangles = np.concatenate([np.stack([a, c, d], -1), np.stack([a, b, c], -1)])
    return Mesh(points.astype(np.float32), triangles.astype(np.int32))


_TORSO = np.array(  # height, half width, half depth, how far back the middle lies
    [
        [-112, 58, 50, -78],
        [-128, 62, 55, -78],
        [-142, 80, 60, -80],
        [-156, 122, 68, -82],
        [-176, 172, 82, -85],
        [-205, 203, 98, -87],
        [-260, 214, 110, -85],
        [-420, 218, 118, -80],
    ],
    dtype=float,
)


def torso(head: PhotoHead, turn_deg: float) -> Mesh:
    """Dressed shoulders below the neck, wide enough for it."""
    neck = head.mesh.vertices[(head.places[:, 2] < -112) & (head.eyeball == 0)]
    wide = max(float(np.quantile(np.abs(neck[:, 0]), 0.98)) / 56.0, 0.8) if len(neck) else 1.0
    height = np.linspace(_TORSO[0, 0], _TORSO[-1, 0], 60)
    a, b, back = (np.interp(height, _TORSO[::-1, 0], _TORSO[::-1, k]) for k in (1, 2, 3))
    share = np.clip((height + 150) / 38, 0, 1)
    a, b = a * (1 + (wide - 1) * share), b * (1 + (wide - 1) * share)
    t = np.linspace(0, 2 * np.pi, 49)[None]
    drop = 14 * np.cos(t) * share[:, None]  # the collar is lower in front
    x, y = a[:, None] * np.sin(t), b[:, None] * np.cos(t)
    turn = np.radians(turn_deg)
    points = np.stack(
        [
            np.cos(turn) * x - np.sin(turn) * y,
            np.sin(turn) * x + np.cos(turn) * y + back[:, None],
            height[:, None] - drop,
        ],
        axis=-1,
    )
    corner = np.arange(points[..., 0].size).reshape(points.shape[:2])
    p, q, r, s = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    triangles = np.concatenate([np.stack([p, r, q], -1), np.stack([p, s, r], -1)]).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3).astype(np.float32), triangles.astype(np.int32))


# ----------------------------------------------------------------------
# Spectacles: a frame of thin tubes, and two lenses that mirror a little light.
# ----------------------------------------------------------------------

_AROUND = 8
_COLOURS = ((0.02, 0.02, 0.02), (0.10, 0.05, 0.02), (0.35, 0.30, 0.22), (0.05, 0.02, 0.03))


@dataclass(frozen=True)
class Glasses:
    """One pair of spectacles on one face.

    Attributes
    ----------
    frame, lenses
        Meshes in the frame of the face, mm.
    colour
        Linear albedo of the frame.
    """

    frame: Mesh = field(repr=False)
    lenses: Mesh = field(repr=False)
    colour: tuple[float, float, float]


def wear(number: int, skin: Float32Array, places: Float32Array) -> Glasses:
    """Put the frame of this number on a face.

    Parameters
    ----------
    number
        Seed of the frame's shape; a person keeps it.
    skin
        (n, 3) vertices of the skin, upright, eyes near the origin, mm.
    places
        (n, 3) their places on the average head.
    """
    draw = np.random.default_rng(number)
    thin = draw.random() < 0.4
    tube = draw.uniform(0.7, 1.0) if thin else draw.uniform(1.3, 2.4)
    wide, high = draw.uniform(22, 25.5), draw.uniform(15.5, 20.5)
    power = draw.uniform(2.0, 4.0)
    middle = wide + draw.uniform(7.5, 9.0)  # half the bridge between the rims
    drop = -3.0 + draw.uniform(-1.5, 1)
    front = _clearance(skin, places)
    curves: list[FloatArray] = []
    lenses: list[tuple[FloatArray, np.ndarray]] = []
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    for side in (-1, 1):
        x = middle + wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power)
        z = drop + high * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power)
        rim = np.stack([side * x, front - 0.0022 * x**2, z], axis=1)
        curves.append(np.vstack([rim, rim[:1]]))
        lenses.append(_fan(rim))
        hinge = np.array([side * (middle + wide), front - 0.0022 * (middle + wide) ** 2, drop + 6])
        curves.append(_temple(hinge, side, skin, places))
    across = np.linspace(-1, 1, 9)
    x = across * (middle - wide + 1)
    arc = np.stack([x, front + 1.5 - 0.0022 * x**2, drop + 5 + 2 * (1 - across**2)], axis=1)
    curves.append(arc)
    colour = _COLOURS[int(draw.integers(len(_COLOURS)))]
    return Glasses(_joined([_tube(c, tube) for c in curves]), _joined(lenses), colour)


def _clearance(skin: Float32Array, places: Float32Array) -> float:
    """How far in front of the eyes the frame sits: clear of brow and cheeks, on the nose."""
    x, z = np.abs(places[:, 0]), places[:, 2]
    around = (z > -14) & (z < 16) & (places[:, 1] > -5)
    brow = skin[around & (x > 12) & (x < 50)]
    bridge = skin[around & (x < 6) & (z < 3)]
    return float(max((brow[:, 1] + 0.0022 * brow[:, 0] ** 2).max() + 1.5, bridge[:, 1].max() + 0.5))


def _temple(hinge: FloatArray, side: int, skin: Float32Array, places: Float32Array) -> FloatArray:
    """The arm from the rim over the ear."""
    near = (np.abs(places[:, 1] + 60) < 8) & (np.abs(places[:, 2] - 8) < 8)
    near &= places[:, 0] * side > 40
    ear = skin[near]
    out = float(np.abs(ear[:, 0]).max()) + 1.0 if len(ear) else 74.0
    top = np.array([side * out, -66.0, 6.0])
    corner = np.array([side * (abs(hinge[0]) + 2), hinge[1] - 3, hinge[2]])
    hook = top + np.array([0, -20.0, -18.0])
    way = np.linspace(0, 1, 8)[:, None]
    return np.vstack([hinge, corner + way * (top - corner), hook])


def _fan(rim: FloatArray) -> tuple[FloatArray, np.ndarray]:
    n = len(rim)
    centre = rim.mean(axis=0) + np.array([0, 1.2, 0])
    ring = np.arange(n)
    fan = np.stack([ring, np.roll(ring, -1), np.full(n, n)], axis=1)
    return np.vstack([rim, centre]), fan


def _tube(curve: FloatArray, radius: float) -> tuple[FloatArray, np.ndarray]:
    """A tube of constant radius around a polygon."""
    along = np.gradient(curve, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    up = np.where(np.abs(along[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]])
    one = np.cross(along, up)
    one /= np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-9)
    two = np.cross(along, one)
    turn = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    ring = np.cos(turn)[None, :, None] * one[:, None] + np.sin(turn)[None, :, None] * two[:, None]
    points = (curve[:, None] + radius * ring).reshape(-1, 3)
    corner = np.arange(len(points)).reshape(len(curve), _AROUND)
    a, b = corner[:-1], corner[1:]
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    return points, np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)


def _joined(parts: list[tuple[FloatArray, np.ndarray]]) -> Mesh:
    first = np.cumsum([0, *(len(points) for points, _ in parts)])
    return Mesh(
        np.concatenate([points for points, _ in parts]).astype(np.float32),
        np.concatenate([t + n for (_, t), n in zip(parts, first, strict=False)]).astype(np.int32),
    )


# ----------------------------------------------------------------------
# What stands before the camera: head, eyeballs, teeth, clothes, spectacles and hair.
# ----------------------------------------------------------------------

SKIN, EYE, TEETH, CLOTH, FRAME = range(5)
_AO_RAYS = 24


@dataclass(frozen=True)
class Figure:
    """Scenes to cast rays at, and what each triangle or vertex is.

    Attributes
    ----------
    solid
        Everything but hair and lenses.
    part
        (triangles of ``solid``,) SKIN, EYE, TEETH, CLOTH or FRAME.
    places, inside
        (vertices of ``solid``, 3) and (vertices,): see :class:`PhotoHead`.
    hair, hair_scene, glasses, lens_scene
        None where there are none.
    hair_shade
        The part of the hair that is thick enough to cast a shadow.
    """

    solid: Scene
    part: NDArray[np.uint8] = field(repr=False)
    places: Float32Array = field(repr=False)
    inside: Float32Array = field(repr=False)
    eyes: FloatArray
    hair: Hair | None
    hair_scene: Scene | None
    hair_shade: Scene | None
    glasses: Glasses | None
    lens_scene: Scene | None


def stand(
    head: PhotoHead,
    look: Appearance,
    cut: Cut,
    noise: Noise,
    *,
    hair: float,
    clothes: float,
    glasses: bool,
    body_turn: float,
) -> Figure:
    """Put a figure together.

    Parameters
    ----------
    hair
        Multiplies the thickness of hair; 0 for none.
    clothes
        Above 0 the shoulders are dressed; at 0 they are left out.
    glasses
        Whether the person wears them.
    body_turn
        How far the shoulders are turned against the head, degrees.
    """
    skin = head.eyeball == 0
    grown = grow(head.mesh, head.places, look, cut, noise, hair)
    worn = wear(look.glasses, head.mesh.vertices[skin], head.places[skin]) if glasses else None
    ball = head.eyeball[head.mesh.triangles].max(axis=1) > 0
    pieces = [(head.mesh, np.where(ball, EYE, SKIN)), _as_part(teeth(head), TEETH)]
    if clothes > 0:
        pieces.append(_as_part(torso(head, body_turn), CLOTH))
    if worn is not None:
        pieces.append(_as_part(worn.frame, FRAME))
    first = np.cumsum([0, *(len(mesh.vertices) for mesh, _ in pieces)])
    points = np.concatenate([mesh.vertices for mesh, _ in pieces])
    mesh = Mesh(
        points,
        np.concatenate([m.triangles + n for (m, _), n in zip(pieces, first, strict=False)]).astype(
            np.int32
        ),
    )
    places, inside = points.copy(), np.zeros(len(points), np.float32)
    places[: len(head.places)] = head.places
    inside[: len(head.inside)] = head.inside
    return Figure(
        solid=_open(mesh),
        part=np.concatenate([part for _, part in pieces]).astype(np.uint8),
        places=places,
        inside=inside,
        eyes=head.eye_centres(),
        hair=grown,
        hair_scene=None if grown is None else _open_hair(grown),
        hair_shade=_thick(grown),
        glasses=worn,
        lens_scene=None if worn is None else open_scene(worn.lenses),
    )


def _open_hair(hair: Hair) -> Scene:
    """A scene in which thin hair, near its edges, is darker: less of it meets the light."""
    return open_scene(hair.mesh, None, 0.35 + 0.65 * smoothstep(0.3, 1.0, hair.strands[:, 2]))


def _thick(hair: Hair | None) -> Scene | None:
    """The triangles where hair surely grows."""
    if hair is None:
        return None
    kept = (hair.strands[hair.mesh.triangles, 2] > 0.6).all(axis=1)
    return open_scene(Mesh(hair.mesh.vertices, hair.mesh.triangles[kept])) if kept.any() else None


def _as_part(mesh: Mesh, part: int) -> tuple[Mesh, NDArray[np.int64]]:
    return mesh, np.full(len(mesh.triangles), part)


def _open(mesh: Mesh) -> Scene:
    """A scene whose vertices know how much of the sky they see: rays spread by a golden spiral."""
    normals = vertex_normals(mesh)
    scene = open_scene(mesh, normals)
    k = np.arange(_AO_RAYS) + 0.5
    height, turn = 1 - 2 * k / _AO_RAYS, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - height**2)
    ways = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1).astype(np.float32)
    starts = np.ascontiguousarray(mesh.vertices + 0.5 * normals)
    seen, whole = np.zeros(len(starts), np.float32), np.zeros(len(starts), np.float32)
    for way in ways:
        facing = normals @ way
        up = np.flatnonzero(facing > 0.05)
        ray = np.ascontiguousarray(np.broadcast_to(way, (len(up), 3)))
        free = scene.tree.run(np.ascontiguousarray(starts[up]), ray) < 0
        seen[up] += facing[up] * free
        whole[up] += facing[up]
    openness = 0.15 + 0.85 * seen / np.maximum(whole, np.float32(1e-6))
    return replace(scene, occlusion=openness.astype(np.float32))
