"""Smooth random fields, a receive field and noise, and the sampling of volumes at points."""

from __future__ import annotations

import numpy as np
from scipy import fft

from headrisk.heads.boxes import linear
from headrisk.types import Float32Array, FloatArray


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, int, int], sigma_mm: float, step_mm: float
) -> Float32Array:
    """White noise smoothed by a Gaussian of ``sigma_mm``, scaled to expected variance 1.

    The filter is applied in the Fourier domain, so the field is periodic over the grid.

    Parameters
    ----------
    shape
        Voxels along x, y, z.
    sigma_mm, step_mm
        Width of the Gaussian and voxel size, mm. The field's autocorrelation falls to 1/e at
        ``2 * sigma_mm``.
    """
    squared = np.zeros((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.float32)
    for axis, n in enumerate(shape):
        frequency = (fft.rfftfreq if axis == 2 else fft.fftfreq)(n, step_mm)
        line = [1, 1, 1]
        line[axis] = -1
        squared += np.square(frequency).astype(np.float32).reshape(line)
    transfer = np.exp(-2 * np.float32(np.pi * sigma_mm) ** 2 * squared)
    noise = rng.standard_normal(shape, dtype=np.float32)
    field = fft.irfftn(fft.rfftn(noise) * transfer, s=shape)
    return np.asarray(field / _deviation(shape, sigma_mm, step_mm), dtype=np.float32)


def _deviation(shape: tuple[int, int, int], sigma_mm: float, step_mm: float) -> float:
    """Expected standard deviation of the smoothed noise: root mean of the squared transfer."""
    product = 1.0
    for n in shape:
        line = np.exp(-2 * (np.pi * sigma_mm * fft.fftfreq(n, step_mm)) ** 2)
        product *= float(np.mean(line**2))
    return float(np.sqrt(product))


def spread(volume: Float32Array, shape: tuple[int, int, int]) -> Float32Array:
    """Enlarge a volume (or a stack of them) to ``shape`` by linear interpolation.

    The first and last sample of each axis keep their place at its ends. One small matrix product
    per axis, which is many times faster than a general interpolator.

    Parameters
    ----------
    volume
        (..., x, y, z).
    """
    *stack, x, y, z = volume.shape
    wide = _weights(x, shape[0]) @ volume.reshape(-1, x, y * z)
    tall = _weights(y, shape[1]) @ wide.reshape(-1, y, z)
    deep = tall.reshape(-1, z) @ _weights(z, shape[2]).T
    return np.asarray(deep, dtype=np.float32).reshape(*stack, *shape)


def _weights(few: int, many: int) -> Float32Array:
    """Matrix (many, few) of linear interpolation between samples that share their ends."""
    position = np.linspace(0, few - 1, many)
    weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(few)))
    return np.asarray(weights, dtype=np.float32)


def sample(volume: Float32Array, affine: FloatArray, points: Float32Array) -> Float32Array:
    """Trilinear values of a volume at points; outside, the value of the nearest edge voxel.

    Parameters
    ----------
    volume
        (x, y, z), or (channels, x, y, z) for several at once.
    affine
        Voxel index to mm. Axis-parallel, as the grids of the phantom are.
    points
        (3, n) in mm.

    Returns
    -------
    (n,) or (channels, n) float32.
    """
    scale = 1 / np.diag(affine)[:3]
    offset = scale * affine[:3, 3]
    voxels = scale.astype(np.float32)[:, None] * points - offset.astype(np.float32)[:, None]
    if volume.ndim == 4:
        return np.stack([linear(channel, list(voxels)) for channel in volume])
    return linear(volume, list(voxels))


def receive_field(field: Float32Array, shape: tuple[int, int, int], bias: float) -> Float32Array:
    """Scale a coarse field to the range 1 - bias / 2 .. 1 + bias / 2 and spread it over a grid."""
    low, high = float(field.min()), float(field.max())
    scaled = 1 + np.float32(bias) * ((field - low) / max(high - low, 1e-9) - 0.5)
    return spread(scaled.astype(np.float32), shape)


def add_rician_noise(
    signal: Float32Array, deviation: float, rng: np.random.Generator
) -> Float32Array:
    """Magnitude of the signal with Gaussian noise of ``deviation`` in both channels."""
    real = signal + np.float32(deviation) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(deviation) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, imaginary), dtype=np.float32)
