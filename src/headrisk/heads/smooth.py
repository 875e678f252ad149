"""The outer surface of a mesh, without the steps of its voxels."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from headrisk.heads.mesh import Triangles
from headrisk.types import Float32Array

_SMOOTHINGS, _IN_OUT = 20, (0.6, -0.64)  # of the mesh, and the two weights of each


def outer_surface(points: Float32Array, triangles: Triangles) -> tuple[Float32Array, Triangles]:
    """The connected surface that spans the largest box, smoothed.

    What lies inside it or apart is dropped.
    """
    edges = _neighbours(triangles, len(points))
    count, label = sparse.csgraph.connected_components(edges, directed=False)
    if count > 1:
        span = np.zeros(count)
        for axis in range(3):
            low, high = np.full(count, np.inf), np.full(count, -np.inf)
            np.minimum.at(low, label, points[:, axis])
            np.maximum.at(high, label, points[:, axis])
            span += (high - low) ** 2
        kept = label == span.argmax()
        number = np.cumsum(kept, dtype=np.int32) - 1
        triangles = number[triangles[kept[triangles[:, 0]]]]
        points = points[kept]
        edges = _neighbours(triangles, len(points))
    return _without_steps(points, edges), triangles.astype(np.int32)


def _neighbours(triangles: Triangles, count: int) -> sparse.csr_array:
    """1 where two vertices share an edge, (count, count)."""
    first, second = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    return sparse.csr_array((np.ones(len(first), np.float32), (first, second)), (count, count))


def _without_steps(points: Float32Array, edges: sparse.csr_array) -> Float32Array:
    """Vertices smoothed by steps in and out that keep the volume.

    Taubin (SIGGRAPH 1995): waves of the mesh's own step vanish, longer ones stay.
    """
    count = np.maximum(edges.sum(axis=1), 1).astype(np.float32)[:, None]
    for _ in range(_SMOOTHINGS):
        for weight in _IN_OUT:
            step: Float32Array = edges @ points
            step /= count
            step -= points
            step *= np.float32(weight)
            points = points + step
    return points
