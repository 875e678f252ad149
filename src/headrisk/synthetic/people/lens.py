"""What lens, sensor and camera software do to a picture, and what stands behind the person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.types import Float32Array

GAMMA = 2.2
_WALL = 0.35  # linear grey of a plain wall


def draw_background(size: int, strength: float, rng: np.random.Generator) -> Float32Array:
    """Linear colours (size, size, 3) of a wall with a gradient, or of a blurred room.

    ``strength`` 0 gives a plain grey wall.
    """
    wall = np.full((size, size, 3), _WALL, np.float32)
    if strength == 0:
        return wall
    colour = rng.uniform(0.05, 0.7) * rng.uniform(0.7, 1.0, 3)
    slope = rng.normal(0, 0.4, 2)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    scene = colour * np.exp(slope[0] * x + slope[1] * y)[:, :, None]
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(8, 30))):  # things on the wall, out of focus
            low, edge = rng.uniform(-0.1, 1.0, 2), rng.gamma(2.0, 0.12, 2)
            a, b = np.clip(np.array([low, low + edge]) * size, 0, size).astype(int)
            thing = rng.uniform(0.02, 0.9) * rng.uniform(0.6, 1.0, 3)
            scene[a[0] : b[0], a[1] : b[1]] = thing
        blur = size * rng.uniform(0.006, 0.03)
        scene = ndimage.gaussian_filter(scene, (blur, blur, 0), mode="nearest")
    return np.asarray((1 - strength) * wall + strength * scene, dtype=np.float32)


def smaller(fine: Float32Array, factor: int) -> Float32Array:
    """Mean over blocks of ``factor`` by ``factor`` pixels; channels, if any, come last."""
    rows, columns, *more = fine.shape
    blocks = fine.reshape(rows // factor, factor, columns // factor, factor, *more)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def develop(
    linear: Float32Array, settings: PhotoSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """From linear light (size, size, 3) to the picture that a camera stores, RGB 8 bit."""
    size = linear.shape[0]
    bent = distort(linear, float(rng.uniform(0, settings.distortion)))
    sigma = settings.blur * size / 640 * float(rng.gamma(2.0, 0.35))
    if sigma > 0:
        motion = settings.blur * size / 640 * float(rng.gamma(1.0, 0.4))
        bent = ndimage.gaussian_filter(bent, (sigma, sigma + motion, 0), mode="nearest")
    middle = float(np.quantile(bent[size // 4 : 3 * size // 4, size // 4 : 3 * size // 4], 0.75))
    exposure = 0.45 / max(middle, 1e-3) * np.exp(settings.white_balance * rng.normal(0, 0.2))
    cast = np.exp(settings.white_balance * rng.normal(0, 0.05, 3))
    light = np.maximum(bent * np.float32(exposure) * cast.astype(np.float32), 0)
    light = light / (1 + 0.25 * light)  # shoulder of the tone curve
    grain = settings.noise * 0.015 * float(rng.gamma(2.0, 0.5))
    stored = np.clip(light, 0, 1) ** (1 / GAMMA)
    stored = stored + grain * rng.standard_normal(stored.shape)
    return np.asarray(255 * np.clip(stored, 0, 1) + 0.5, dtype=np.uint8)


def distort(picture: Float32Array, barrel: float) -> Float32Array:
    """Barrel distortion: the corner moves towards the middle by this fraction of its distance.

    Brown's model with the first radial term alone: r' = r (1 - barrel r^2), r = 1 at the corner.
    """
    if barrel == 0:
        return picture
    size = picture.shape[0]
    middle = (size - 1) / 2
    y, x = (np.mgrid[0:size, 0:size] - middle) / (middle * np.sqrt(2))
    stored = np.hypot(y, x)
    radius = stored.copy()
    for _ in range(6):  # invert r' = r (1 - barrel r^2) by fixed-point steps
        radius = stored / (1 - barrel * radius**2)
    scale = np.where(stored > 0, radius / np.maximum(stored, 1e-9), 1.0)
    where = [middle + middle * np.sqrt(2) * scale * axis for axis in (y, x)]
    channels = [
        ndimage.map_coordinates(picture[:, :, k], where, order=1, mode="nearest") for k in range(3)
    ]
    return np.stack(channels, axis=-1).astype(np.float32)
