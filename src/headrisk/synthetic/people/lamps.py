"""Where the light of a photograph comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.face.render import Camera, Light
from headrisk.types import FloatArray

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Lamp:
    """One light and its colour; ``shadow`` says whether its shadows are sharp enough to draw."""

    light: Light
    colour: tuple[float, float, float]
    shadow: bool


def draw_lamps(camera: Camera, strength: float, rng: np.random.Generator) -> tuple[Lamp, ...]:
    """Window, ceiling, flash, overcast sky or sun, seen from where the camera stands.

    ``strength`` 0 gives one even light from the camera's side; between 0 and 1 it is mixed in.
    """
    even = Lamp(Light(camera.azimuth, camera.elevation + 15, 0.5, 0.6, 0.5), WHITE, False)
    if strength == 0:
        return (even,)
    kind = rng.choice(
        ["window", "ceiling", "flash", "overcast", "sun"], p=[0.35, 0.2, 0.15, 0.2, 0.1]
    )
    side = float(rng.choice([-1, 1]))
    az, el = camera.azimuth, camera.elevation
    lamps: tuple[Lamp, ...]
    warm, cool = _tint(-1, rng), _tint(1, rng)
    if kind == "window":
        key = Light(az + side * rng.uniform(20, 75), rng.uniform(10, 40), 0.8, 0.5, 0.16)
        fill = Light(az - side * rng.uniform(20, 80), rng.uniform(10, 60), 0.15, 0.7, 0.1)
        lamps = (Lamp(key, cool, True), Lamp(fill, warm, False))
    elif kind == "ceiling":
        key = Light(az + side * rng.uniform(0, 60), rng.uniform(45, 65), 0.6, 0.6, 0.3)
        fill = Light(az - side * rng.uniform(10, 60), rng.uniform(10, 40), 0.2, 0.7, 0.1)
        lamps = (Lamp(key, warm, True), Lamp(fill, warm, False))
    elif kind == "flash":
        key = Light(az + side * 3, el + 4, 0.85, 0.06, 0.08)
        fill = Light(az + side * rng.uniform(20, 70), 50.0, 0.12, 0.7, 0.1)
        lamps = (Lamp(key, WHITE, True), Lamp(fill, warm, False))
    elif kind == "overcast":
        key = Light(az + side * rng.uniform(0, 50), rng.uniform(35, 70), 0.45, 0.9, 0.5)
        lamps = (Lamp(key, cool, False),)
    else:
        key = Light(az + side * rng.uniform(10, 60), rng.uniform(20, 45), 0.9, 0.08, 0.1)
        fill = Light(az - side * rng.uniform(0, 60), 60.0, 0.1, 0.9, 0.3)
        lamps = (Lamp(key, warm, True), Lamp(fill, cool, False))
    if strength >= 1:
        return lamps
    return (*(_scaled(lamp, strength) for lamp in lamps), _scaled(even, 1 - strength))


def _tint(sign: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Colour of a lamp: bluer for +1, redder for -1."""
    amount = sign * rng.uniform(0.0, 0.12)
    return (1 - amount, 1.0, 1 + amount)


def _scaled(lamp: Lamp, by: float) -> Lamp:
    light = lamp.light
    dim = Light(
        light.azimuth, light.elevation, by * light.strength, light.softness, by * light.ambient
    )
    return Lamp(dim, lamp.colour, lamp.shadow)


def tint(colour: tuple[float, float, float]) -> FloatArray:
    """A lamp's colour as an array."""
    return np.asarray(colour, np.float32)
