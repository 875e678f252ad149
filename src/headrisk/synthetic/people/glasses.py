"""Spectacles: a frame of thin tubes, and two lenses that mirror a little light."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headrisk.heads.mesh import Mesh
from headrisk.types import Float32Array, FloatArray

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
