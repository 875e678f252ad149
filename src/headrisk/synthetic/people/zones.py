"""Where lips, brows, scalp, beard and clothes lie on the average head.

Every point of a person's skin is named by its place on the average head (x the person's right, y
anterior, z superior, origin midway between the eyes, 57.8 mm between their centres), so what is
painted there follows the shape and the expression of the person.
"""

from __future__ import annotations

import numpy as np

from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.noise import smoothstep
from headrisk.types import Float32Array

EYE_MM = (28.9, 0.0, -0.1)  # centre of the right eyeball; the left one is its mirror image
_HAIRLINE = np.array(  # degrees from the front, around a vertical axis through the ears; height
    [
        [0, 76],
        [25, 75],
        [40, 66],
        [50, 56],
        [56, 40],
        [61, 15],
        [65, -8],
        [75, -14],
        [85, 0],
        [97, 0],
        [104, -28],
        [120, -48],
        [145, -68],
        [180, -76],
    ]
).T
_CHEEK_LINE = np.array(
    [[0, -46], [18, -46], [28, -56], [36, -64], [46, -62], [56, -52], [63, -38], [68, -12]]
).T
_UPPER_LID = np.array([[-11.5, -4.0], [-6, 1.2], [0, 2.6], [6, 2.0], [11, -0.8], [14, -1.5]]).T
_LOWER_LID = np.array([[-11.5, -4.6], [-5, -5.2], [0, -5.5], [6, -4.4], [11, -1.2], [14, -1.5]]).T


def bump(points: Float32Array, centre: tuple[float, float, float], radius: float) -> Float32Array:
    """Gaussian around a point and its mirror image, 1 in the middle."""
    away = points - np.asarray(centre, np.float32)
    across = np.abs(points[:, 0]) - abs(centre[0])
    square = across**2 + away[:, 1] ** 2 + away[:, 2] ** 2
    return np.asarray(np.exp(square * np.float32(-0.5 / radius**2)), np.float32)


def lips(points: Float32Array) -> Float32Array:
    """1 on the red of the lips."""
    x, z = np.abs(points[:, 0]), points[:, 2]
    top = np.interp(x, [0, 4.5, 10, 18, 24], [-60.0, -58.5, -60.5, -65.0, -67.5])
    bottom = np.interp(x, [0, 11, 18, 24], [-79.5, -78.5, -74.0, -68.0])
    inside = smoothstep(0.8, -0.8, z - top) * smoothstep(-1.0, 1.0, z - bottom)
    return np.asarray(inside * smoothstep(24.5, 22.5, x) * (points[:, 1] > 5), np.float32)


def brows(points: Float32Array, look: Appearance) -> Float32Array:
    """How much of the skin the brows hide, 0 to 1."""
    x, z = np.abs(points[:, 0]), points[:, 2]
    along = (x - 9.0) / (41.0 + look.brow_length)
    lift = look.brow_arch * np.sin(np.pi * np.clip(along, 0, 1) ** 1.5)
    middle = 14.5 + look.brow_height + lift - 3.0 * np.clip(along - 0.6, 0, 1)
    half = look.brow_thickness / 2 * np.clip(1.1 - 0.75 * np.clip(along, 0, 1) ** 1.5, 0, 1)
    cover = smoothstep(1.25, 0.55, np.abs(z - middle) / np.maximum(half, 0.3))
    ends = smoothstep(-0.04, 0.08, along) * smoothstep(1.02, 0.85, along)
    return np.asarray(cover * ends * (points[:, 1] > -15), np.float32)


def scalp(points: Float32Array, look: Appearance, raised_mm: float | Float32Array) -> Float32Array:
    """Signed distance above the hairline, mm, roughly; ``raised_mm`` moves the line up."""
    turn = azimuth(points)
    line = np.interp(turn, _HAIRLINE[0], _HAIRLINE[1])
    front = smoothstep(65, 45, turn)
    return np.asarray(points[:, 2] - line - raised_mm * front, np.float32)


def azimuth(points: Float32Array) -> Float32Array:
    """Degrees from the front, 0 to 180, around a vertical axis through the ears."""
    return np.asarray(np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 1] + 75)), np.float32)


def ears(points: Float32Array) -> Float32Array:
    """1 on the ears, which stand out from the side of the head."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    side = np.interp(z, [-50, -40, -20, 5], [67.5, 69.0, 71.0, 73.0])
    box = (y > -93) & (y < -56) & (z > -49) & (z < 8)
    return smoothstep(-0.5, 1.0, x - side) * box


def beard(points: Float32Array, kind: str) -> Float32Array:
    """How fully a beard of this kind grows at a point, 0 to 1."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    line = np.interp(x, _CHEEK_LINE[0], _CHEEK_LINE[1])
    grown = smoothstep(2, -5, z - line) * smoothstep(-64, -56, y) * smoothstep(-124, -108, z)
    grown *= (1 - smoothstep(-0.1, 0.4, lips(points))) * (1 - smoothstep(66, 69.5, x))
    grown *= 1 - 0.8 * bump(points, (12.0, 24.0, -82.0), 5.0)
    mouth = smoothstep(31, 25, x) * smoothstep(-66, -58, z)
    if kind == "moustache":
        grown *= mouth
    elif kind == "goatee":
        grown *= np.maximum(mouth, smoothstep(31, 25, x) * smoothstep(0, 8, y))
    return np.asarray(grown, np.float32)


def lash_line(points: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Edges of the upper and of the lower lid, 1 where the lashes grow."""
    x, y, z = np.abs(points[:, 0]) - EYE_MM[0], points[:, 1], points[:, 2]
    top = np.interp(x, _UPPER_LID[0], _UPPER_LID[1])
    bottom = np.interp(x, _LOWER_LID[0], _LOWER_LID[1])
    across = smoothstep(-11.5, -7.0, x) * smoothstep(14.0, 10.5, x) * (y > -2)
    upper = smoothstep(1.5, 0.3, z - top) * smoothstep(-4.0, -3.0, z - top) * across
    lower = smoothstep(-1.1, -0.1, z - bottom) * smoothstep(2.5, 1.5, z - bottom) * across
    return np.asarray(upper, np.float32), np.asarray(lower * (1 - upper), np.float32)
