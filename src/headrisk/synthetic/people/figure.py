"""What stands before the camera: head, eyeballs, teeth, clothes, spectacles and hair."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrisk.face.render import Scene, open_scene
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.body import PhotoHead, teeth, torso
from headrisk.synthetic.people.glasses import Glasses, wear
from headrisk.synthetic.people.hair import Hair, grow
from headrisk.synthetic.people.haircut import Cut
from headrisk.synthetic.people.noise import Noise, smoothstep
from headrisk.types import Float32Array, FloatArray

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
    return open_scene(mesh, normals, openness.astype(np.float32))
