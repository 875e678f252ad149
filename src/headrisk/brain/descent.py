"""Descend from a start to the best pose: weighted Gauss-Newton steps on affine generators."""

from __future__ import annotations

from functools import cache

import numpy as np

from headrisk.brain.levels import Field, Level
from headrisk.settings import Alignment as Freedom
from headrisk.types import Float32Array, FloatArray

_LONGEST_STEP_MM = 60.0


def descend(
    field: Field, level: Level, affine: FloatArray, freedom: Freedom, *, steps: int
) -> FloatArray:
    """Follow at most ``steps`` steps from an affine (template mm to scanner mm)."""
    for _ in range(steps):
        values = field.at(affine, level.points)
        change = _step(values, level, affine, freedom)
        affine = affine @ exponential(-change)
        if _motion(change) < 0.01:
            break
    return affine


def exponential(generator: FloatArray) -> FloatArray:
    """Matrix exponential of a small matrix (norm below about 16): scaling, Taylor, squaring."""
    term, total = np.eye(len(generator)), np.eye(len(generator))
    for k in range(1, 9):
        term = term @ generator / (16 * k)
        total += term
    for _ in range(4):
        total = total @ total
    return total.astype(np.float64)


def _step(values: Float32Array, level: Level, affine: FloatArray, freedom: Freedom) -> FloatArray:
    """One weighted Gauss-Newton step: a 4 x 4 generator whose exponential is undone."""
    fit, *_ = np.linalg.lstsq(level.maps, values, rcond=None)
    residual = values - level.maps @ fit
    spread = 1.4826 * float(np.median(np.abs(residual))) + 1e-6
    weight = 1.0 / (1.0 + (residual / (2.5 * spread)) ** 2)
    weighted_maps = level.maps * weight[:, None]
    fit = np.linalg.solve(
        weighted_maps.T @ level.maps + 1e-6 * np.eye(level.maps.shape[1]), weighted_maps.T @ values
    )
    residual = values - level.maps @ fit
    slopes = np.tensordot(fit[1:].astype(np.float32), level.slopes, axes=1)
    if freedom == "rigid":
        slopes = slopes @ _rigid_generators()
    design = slopes * weight[:, None]
    normal = (design.T @ slopes).astype(np.float64)
    diagonal = np.diag_indices_from(normal)
    normal[diagonal] += 1e-6 * normal[diagonal] + 1e-9 * normal[diagonal].max() + 1e-12
    solution = np.linalg.solve(normal, (design.T @ residual).astype(np.float64))
    if freedom == "rigid":
        solution = _rigid_generators().astype(np.float64) @ solution
    change = np.zeros((4, 4))
    change[:3] = solution.reshape(3, 4)
    return change * min(1.0, _LONGEST_STEP_MM / max(_motion(change), 1e-12))


def _motion(change: FloatArray) -> float:
    """About how far, in mm, a generator moves a point 80 mm from the centre."""
    return float(np.abs(change[:3, :3] * 80).max() + np.abs(change[:3, 3]).max())


@cache
def _rigid_generators() -> Float32Array:
    """(12, 6): three rotations and three shifts among the 12 affine parameters."""
    return generators("rigid")[:, :3].reshape(6, 12).T.astype(np.float32)


def generators(freedom: Freedom) -> FloatArray:
    """Directions in which a pose can change, (12 or 6, 4, 4), for :func:`exponential`."""
    if freedom == "affine":
        every = np.zeros((12, 4, 4))
        every.reshape(12, 16)[np.arange(12), np.arange(12)] = 1.0
        return every
    turns = np.zeros((6, 4, 4))
    for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        turns[k, j, i] = 1.0
        turns[k, i, j] = -1.0
    turns[3 + np.arange(3), np.arange(3), 3] = 1.0
    return turns
