"""Smooth random functions of space, from which skin, hair and backgrounds take their patterns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.types import Float32Array

_SIZE = 48


@dataclass(frozen=True)
class Noise:
    """A periodic random volume of mean 0 and standard deviation 1, without structure below a cell.

    Attributes
    ----------
    values
        (48, 48, 48) float32; neighbours are correlated over about one and a half cells.
    slopes
        (3, 48, 48, 48) float32: its gradient per cell.
    """

    values: Float32Array = field(repr=False)
    slopes: Float32Array = field(repr=False)

    def __call__(self, points: Float32Array, cell: float | Float32Array) -> Float32Array:
        """Noise at points (n, 3); ``cell`` is the length, in their unit, of half a bump.

        ``cell`` may be (3,) for patterns that are longer along one axis, such as hairs.
        """
        return _sample(self.values, points, cell)

    def gradient(self, points: Float32Array, cell: float | Float32Array) -> Float32Array:
        """Gradient of the noise, (n, 3), per cell."""
        return np.stack([_sample(slope, points, cell) for slope in self.slopes], axis=1)


def draw_noise(rng: np.random.Generator) -> Noise:
    """Draw the volume; the same generator state gives the same one."""
    white = rng.standard_normal((_SIZE, _SIZE, _SIZE)).astype(np.float32)
    smooth = ndimage.gaussian_filter(white, 1.0, mode="wrap")
    smooth /= smooth.std()
    slopes = [(np.roll(smooth, -1, k) - np.roll(smooth, 1, k)) / 2 for k in range(3)]
    return Noise(smooth, np.stack(slopes))


def _sample(volume: Float32Array, points: Float32Array, cell: float | Float32Array) -> Float32Array:
    index = np.mod((points / np.asarray(cell, dtype=np.float32)).T, np.float32(_SIZE))
    return np.asarray(
        ndimage.map_coordinates(volume, index, order=1, mode="grid-wrap", output=np.float32)
    )


def smoothstep(
    low: float | Float32Array, high: float | Float32Array, x: NDArray[Any]
) -> Float32Array:
    """0 below ``low``, 1 above ``high`` (or the other way round), smooth between."""
    t = np.clip((x - low) / (np.asarray(high) - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
