"""Catmull-Clark subdivision of closed quad meshes as a matrix, and the sphere of an eyeball."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headrisk.types import FloatArray, IntArray

Quads = NDArray[np.int64]


def catmull_clark(quads: Quads, count: int) -> tuple[sparse.csr_array, Quads]:
    """One step of Catmull and Clark (1978): every quad becomes four.

    Parameters
    ----------
    quads
        (m, 4) vertices of a closed surface, every edge of which two quads share.
    count
        Number of vertices; those in no quad get an empty row.

    Returns
    -------
    matrix
        (count + edges + m, count): new vertices from old ones, in the order vertex, edge and
        face points. Its rows that are not empty sum to 1.
    quads
        (4 m, 4), with the orientation of the old ones.
    """
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, edge_of_side = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    edge_of_side = edge_of_side.reshape(len(quads), 4)
    n_edges, n_faces = len(edges), len(quads)
    face = _rows(np.repeat(np.arange(n_faces), 4), quads.ravel(), 0.25, (n_faces, count))
    around = _rows(edge_of_side.ravel(), np.repeat(np.arange(n_faces), 4), 0.25, (n_edges, n_faces))
    ends = _rows(np.repeat(np.arange(n_edges), 2), edges.ravel(), 0.25, (n_edges, count))
    middle = 2 * ends
    edge = ends + around @ face
    valence = np.bincount(quads.ravel(), minlength=count)
    scale = sparse.diags_array(1 / np.maximum(valence, 1))
    faces_of = _rows(quads.ravel(), np.repeat(np.arange(n_faces), 4), 1.0, (count, n_faces))
    edges_of = _rows(edges.ravel(), np.repeat(np.arange(n_edges), 2), 1.0, (count, n_edges))
    own = sparse.diags_array(np.where(valence > 0, (valence - 3) / np.maximum(valence, 1), 0.0))
    vertex = scale @ scale @ (faces_of @ face + 2 * edges_of @ middle) + own
    matrix = sparse.vstack([vertex, edge, face]).tocsr()
    at_edge, at_face = count + edge_of_side, count + n_edges + np.arange(n_faces)[:, None]
    finer = [
        np.stack([quads[:, k], at_edge[:, k], at_face[:, 0], at_edge[:, k - 1]], axis=1)
        for k in range(4)
    ]
    return sparse.csr_array(matrix), np.concatenate(finer)


def subdivide(quads: Quads, count: int, levels: int) -> tuple[sparse.csr_array, Quads]:
    """Several steps at once, without the vertices that belong to no quad."""
    used, compact = np.unique(quads, return_inverse=True)
    quads = compact.reshape(quads.shape)
    matrix = _rows(np.arange(len(used)), used, 1.0, (len(used), count))
    for _ in range(levels):
        step, quads = catmull_clark(quads, matrix.shape[0])
        matrix = step @ matrix
    return sparse.csr_array(matrix.astype(np.float32)), quads


def as_triangles(quads: Quads) -> NDArray[np.int32]:
    """Two triangles for each quad, with its orientation."""
    halves = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return halves.astype(np.int32)


def unit_ball(rings: int, sectors: int) -> tuple[FloatArray, NDArray[np.int32]]:
    """A closed unit sphere whose pole is +y, with rings that lie closer near that pole."""
    polar = np.pi * np.linspace(0, 1, rings + 1)[1:-1] ** 1.4
    azimuth = 2 * np.pi * np.arange(sectors) / sectors
    ring = np.stack([np.sin(azimuth), np.zeros(sectors), np.cos(azimuth)], axis=1)
    points = np.sin(polar)[:, None, None] * ring
    points[..., 1] = np.cos(polar)[:, None]
    vertices = np.concatenate([points.reshape(-1, 3), [[0, 1, 0], [0, -1, 0]]])
    front, back = len(vertices) - 2, len(vertices) - 1
    here, after = np.arange(sectors), np.roll(np.arange(sectors), -1)
    triangles = [np.stack([np.full(sectors, front), here, after], axis=1)]
    for k in range(rings - 2):
        a, b = k * sectors + here, k * sectors + after
        triangles += [np.stack([a, a + sectors, b], axis=1)]
        triangles += [np.stack([b, a + sectors, b + sectors], axis=1)]
    last = (rings - 2) * sectors
    triangles.append(np.stack([np.full(sectors, back), last + after, last + here], axis=1))
    return vertices, np.concatenate(triangles).astype(np.int32)


def _rows(
    rows: IntArray, columns: IntArray, value: float, shape: tuple[int, int]
) -> sparse.csr_array:
    return sparse.csr_array((np.full(len(rows), value), (rows, columns)), shape=shape)
