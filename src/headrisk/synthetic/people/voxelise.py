"""Closed triangle surfaces to the share of each voxel that they fill."""

from __future__ import annotations

import numpy as np

from headrisk.heads.mesh import Mesh
from headrisk.types import Float32Array, FloatArray, IntArray

_OFFSET = 0.0137  # of the rays against a regular grid, so that none meets an edge of round numbers


def occupancy(
    mesh: Mesh, shape: tuple[int, int, int], affine: FloatArray, rays: int = 2
) -> Float32Array:
    """Share 0..1 of every voxel that lies inside a closed surface.

    Rays run along the third axis, ``rays`` by ``rays`` for each column of voxels. Along a ray the
    share is exact. Every crossing counts with its direction, so parts of the surface may overlap.

    Parameters
    ----------
    mesh
        Triangles counter-clockwise seen from outside; any space.
    shape, affine
        The grid, and voxel index to the mesh's space.

    Returns
    -------
    (x, y, z) float32.
    """
    inverse = np.linalg.inv(affine)
    points = mesh.vertices.astype(np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    points[:, :2] = (points[:, :2] + 0.5) * rays - 0.5 + _OFFSET
    corners = points[mesh.triangles]
    limit = np.array(shape[:2]) * rays
    column, depth, sign = _crossings(corners, limit)
    sign *= np.sign(np.linalg.det(affine[:3, :3]))
    row = (column[:, 0] // rays * shape[1] + column[:, 1] // rays) * (shape[2] + 1)
    depth = np.clip(depth + 0.5, 0, shape[2] - 1e-6)
    voxel = np.floor(depth).astype(np.int64)
    part = depth - voxel
    size = shape[0] * shape[1] * (shape[2] + 1)
    steps: FloatArray = np.asarray(np.bincount(row + voxel + 1, sign * part, size), np.float64)
    steps += np.bincount(row + voxel, sign * (1 - part), size)
    steps = steps.reshape(shape[0], shape[1], shape[2] + 1)
    np.cumsum(steps[:, :, ::-1], axis=2, out=steps[:, :, ::-1])
    filled = steps[:, :, 1:]
    filled /= rays**2
    np.clip(filled, 0, 1, out=filled)
    return filled.astype(np.float32)


def _crossings(corners: FloatArray, limit: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Ray (n, 2), depth and direction (+1 where the ray leaves) of all crossings."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    low = np.clip(np.ceil(corners[..., :2].min(axis=1)), 0, limit).astype(np.int64)
    high = np.clip(np.floor(corners[..., :2].max(axis=1)) + 1, 0, limit).astype(np.int64)
    span = np.where(area[:, None] != 0, np.maximum(high - low, 0), 0)
    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(corners)), count)
    order = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    wide = span[which, 1]
    ray = low[which] + np.stack([order // wide, order % wide], axis=1)
    weight = np.empty((len(which), 3))
    for k, (p, q) in enumerate(((b, c), (c, a), (a, b))):
        side, arm = (q - p)[which, :2], ray - p[which, :2]
        weight[:, k] = side[:, 0] * arm[:, 1] - side[:, 1] * arm[:, 0]
    weight /= area[which, None]
    hit = np.all(weight > 0, axis=1)
    which, ray, weight = which[hit], ray[hit], weight[hit]
    depth = (weight * corners[which, :, 2]).sum(axis=1)
    return ray, depth, np.sign(area[which])
