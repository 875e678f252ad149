"""Triangle meshes: the skin of a head, scanned or synthetic."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrisk.types import Float32Array, FloatArray

Triangles = NDArray[np.int32]


@dataclass(frozen=True)
class Mesh:
    """A surface in RAS+ mm.

    Attributes
    ----------
    vertices
        (n, 3) float32, RAS+ mm: +x is the person's right, +y anterior, +z superior when the frame
        is that of an upright head.
    triangles
        (m, 3) int32, indices of vertices, counter-clockwise seen from outside.
    """

    vertices: Float32Array = field(repr=False)
    triangles: Triangles = field(repr=False)

    def moved(self, affine: FloatArray) -> Mesh:
        """The same surface after a 4 x 4 transform of its points; a reflection keeps the outside.

        Parameters
        ----------
        affine
            4 x 4, from this mesh's frame to the new one, mm.
        """
        points = self.vertices @ affine[:3, :3].T.astype(np.float32)
        points += affine[:3, 3].astype(np.float32)
        flipped = np.linalg.det(affine[:3, :3]) < 0
        return Mesh(points, self.triangles[:, ::-1].copy() if flipped else self.triangles)


def vertex_normals(mesh: Mesh) -> Float32Array:
    """Unit normals of the vertices (n, 3), outward; the mean of the faces around, by area."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    normals = np.stack(
        [
            sum(
                np.bincount(mesh.triangles[:, k], across[:, axis], minlength=len(mesh.vertices))
                for k in range(3)
            )
            for axis in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.maximum(length, 1e-12), dtype=np.float32)
