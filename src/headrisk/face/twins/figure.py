"""What stands before the camera: head, eyeballs, teeth, clothes, spectacles and hair."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrisk.face.mesh import Mesh, vertex_normals
from headrisk.face.render import Scene, open_scene
from headrisk.face.twins.appearance import Appearance
from headrisk.face.twins.glasses import Glasses, wear
from headrisk.face.twins.hair import Cut, Hair, grow
from headrisk.face.twins.noise import Noise, smoothstep
from headrisk.types import Float32Array, FloatArray

SKIN, EYE, TEETH, CLOTH, FRAME = range(5)
_AO_RAYS = 24


@dataclass(frozen=True)
class PhotoHead:
    """A twin's head with one expression, upright, in life size.

    Attributes
    ----------
    mesh
        Skin, inner mouth and eyeballs; mm, origin midway between the average head's eyes.
    places
        (n, 3) place of each vertex on the average head, see :mod:`headrisk.face.twins.zones`.
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
    pieces = [(head.mesh, np.where(ball, EYE, SKIN)), _as_part(_teeth(head), TEETH)]
    if clothes > 0:
        pieces.append(_as_part(_torso(head, body_turn), CLOTH))
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
    return open_scene(mesh, normals, openness.astype(np.float32))


def _near(head: PhotoHead, place: tuple[float, float, float], radius: float) -> FloatArray:
    """Mean displacement of the skin near a place of the average head."""
    weight = np.exp(
        -0.5 * ((head.places - np.asarray(place, np.float32)) ** 2).sum(axis=1) / radius**2
    )
    weight = weight * (head.eyeball == 0) * (1 - head.inside)
    moved = (weight[:, None] * (head.mesh.vertices - head.places)).sum(axis=0)
    return np.asarray(moved / weight.sum(), np.float64)


def _teeth(head: PhotoHead) -> Mesh:
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
        [-112, 58, 50, -78], [-128, 62, 55, -78], [-142, 80, 60, -80], [-156, 122, 68, -82],
        [-176, 172, 82, -85], [-205, 203, 98, -87], [-260, 214, 110, -85], [-420, 218, 118, -80],
    ],
    dtype=float,
)  # fmt: skip


def _torso(head: PhotoHead, turn_deg: float) -> Mesh:
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
