"""Colour and relief of a synthetic person's skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.synthetic.people import zones
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.noise import Noise, smoothstep
from headrisk.types import Float32Array

_FAIR = np.array([0.66, 0.40, 0.29])  # linear albedo without and with full melanin
_DARK = np.array([0.085, 0.040, 0.022])
_BLOOD = np.array([0.10, 0.85, 0.65])  # absorbance of one unit of blood
_MELANIN = np.array([0.45, 0.85, 1.15])  # absorbance of one unit of freckle


@dataclass(frozen=True)
class Day:
    """What changes from one photograph of a person to the next.

    Attributes
    ----------
    tan, flush
        Added melanin and blood.
    stubble
        How dark the beard's shadow is, 0..1.
    makeup
        0 for none, 1 for strong.
    shift
        (3,) mm, moves the patterns that do not stay, such as shine and pores.
    """

    tan: float
    flush: float
    stubble: float
    makeup: float
    shift: Float32Array


def draw_day(look: Appearance, makeup: float, rng: np.random.Generator) -> Day:
    """Draw the day of a photograph; ``makeup`` is the share of women with make-up."""
    painted = look.sex == "F" and rng.random() < makeup
    return Day(
        tan=float(rng.normal(0, 0.04)),
        flush=float(rng.normal(0, 0.12)),
        stubble=float(look.beard_growth * rng.uniform(0, 0.8)),
        makeup=float(rng.uniform(0.3, 1.0)) if painted else 0.0,
        shift=rng.uniform(0, 500, 3).astype(np.float32),
    )


def skin_albedo(
    points: Float32Array, look: Appearance, day: Day, noise: Noise, texture: float
) -> Float32Array:
    """Share of light that the skin sends back.

    Parameters
    ----------
    points
        (n, 3) places on the average head, see :mod:`headrisk.synthetic.people.zones`.
    noise
        Drawn from the person's seed, so that patterns stay with the person.
    texture
        Strength of everything but the tone.

    Returns
    -------
    Float32Array
        (n, 3) linear red, green, blue.
    """
    dark = np.clip(look.melanin + day.tan, 0, 1)
    base = np.exp((1 - dark) * np.log(_FAIR) + dark * np.log(_DARK))
    wide = noise(points, 19.0)
    patch = noise(points + 91, 7.0)
    fine = noise(points + 37, 1.6)
    blood = look.redness - 0.5 + day.flush * texture
    blood = blood + texture * (_redness(points, look, day) + 0.10 * patch + 0.06 * wide)
    pigment = texture * look.uneven * (0.10 * wide + 0.07 * patch + 0.03 * fine)
    pigment += texture * (_spots(points, look, noise) + _shade(points, look))
    depth = 1 - 0.5 * dark  # pigment over dark skin shows less
    absorbed = blood[:, None] * _BLOOD * 0.5 + depth * pigment[:, None] * _MELANIN
    return np.asarray(base * np.exp(-absorbed), np.float32)


def _redness(points: Float32Array, look: Appearance, day: Day) -> Float32Array:
    """Blood near the surface: lips, cheeks, nose, ears, lids."""
    cheek = zones.bump(points, (40.0, 10.0, -32.0), 15.0)
    nose = zones.bump(points, (0.0, 40.0, -36.0), 9.0)
    lids = zones.bump(points, (29.0, 14.0, 0.0), 9.0)
    red = (look.cheek + 0.8 * day.makeup) * 0.5 * cheek + 0.35 * nose + 0.2 * lids
    red += 0.4 * zones.ears(points)
    return np.asarray(red + (1.1 * look.lip + 1.2 * day.makeup) * zones.lips(points), np.float32)


def _shade(points: Float32Array, look: Appearance) -> Float32Array:
    """Pigment that lies where it does in most people: under the eyes, on the lids."""
    under = zones.bump(points, (28.0, 16.0, -11.0), 7.0)
    inner = zones.bump(points, (15.0, 14.0, 0.0), 6.0)
    shade = (0.12 + 0.2 * look.wrinkles) * under + 0.2 * inner + 0.25 * zones.lips(points)
    return np.asarray(shade, np.float32)


def _spots(points: Float32Array, look: Appearance, noise: Noise) -> Float32Array:
    """Freckles and moles."""
    place = noise(points + 11, 2.1) + 0.6 * noise(points + 53, 9.0)
    spots = look.freckles * smoothstep(1.3, 2.2, place)
    draw = np.random.default_rng(look.seed)
    for _ in range(look.moles):
        turn, height = draw.uniform(-75, 75), draw.uniform(-95, 60)
        radius = draw.uniform(0.7, 2.2)
        x = 72 * np.sin(np.radians(turn))
        near = (points[:, 0] - x) ** 2 + (points[:, 2] - height) ** 2
        spots = spots + 1.6 * smoothstep(1.3, 0.8, np.sqrt(near) / np.float32(radius))
    return np.asarray(spots, np.float32)


def skin_relief(
    points: Float32Array, look: Appearance, day: Day, noise: Noise, texture: float
) -> Float32Array:
    """Slope (n, 3) by which pores and wrinkles tilt the normal; subtract it and renormalise."""
    tilt = 0.07 * noise.gradient(points + day.shift, 1.3)
    brow = zones.bump(points, (0.0, 24.0, 45.0), 26.0)
    eye = zones.bump(points, (52.0, -2.0, 0.0), 12.0)
    lines = noise.gradient(points * np.array([0.12, 0.12, 1.0], np.float32), 3.2)[:, 2]
    fans = noise.gradient(points * np.array([0.2, 0.4, 1.0], np.float32) + 77, 2.2)[:, 2]
    tilt[:, 2] += look.wrinkles * (0.45 * brow * lines + 0.35 * eye * fans)
    return np.asarray(texture * tilt, np.float32)


def tilted(normal: Float32Array, slope: Float32Array) -> Float32Array:
    """Unit normals after a relief of the given slope."""
    along = np.einsum("ij,ij->i", slope, normal)[:, None] * normal
    moved: Float32Array = normal - (slope - along)
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), np.float32(1e-6))
    return moved
