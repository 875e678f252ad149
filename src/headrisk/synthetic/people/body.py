"""Head, teeth and shoulders of somebody who is photographed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrisk.heads.mesh import Mesh
from headrisk.types import Float32Array, FloatArray


@dataclass(frozen=True)
class PhotoHead:
    """A twin's head with one expression, upright, in life size.

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
        [-112, 58, 50, -78], [-128, 62, 55, -78], [-142, 80, 60, -80], [-156, 122, 68, -82],
        [-176, 172, 82, -85], [-205, 203, 98, -87], [-260, 214, 110, -85], [-420, 218, 118, -80],
    ],
    dtype=float,
)  # fmt: skip


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
