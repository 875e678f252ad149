"""What each pixel of a camera sees: one cast of rays, kept for any number of lights.

The rays run through Embree (Wald et al., ACM Trans Graphics 33:143, 2014) on the processor. What
they hit is kept as a geometry buffer, as in deferred shading (Saito & Takahashi, SIGGRAPH 1990).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import UsageError, missing_extra
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.view import Camera, pixel_rays, project
from headrisk.types import Float32Array, FloatArray


@dataclass(frozen=True)
class Scene:
    """A surface made ready for rays.

    Attributes
    ----------
    mesh
        The surface, mm.
    normals
        (n, 3) unit normals of its vertices.
    occlusion
        (n,) how open each vertex is: 1 in the open, towards 0 in a cavity.
    tree
        Embree's tree of boxes.
    ends
        (2, 3) smallest and largest coordinates of the vertices; zeros where there are none.
    """

    mesh: Mesh = field(repr=False)
    normals: Float32Array = field(repr=False)
    occlusion: Float32Array = field(repr=False)
    tree: Any = field(repr=False)
    ends: Float32Array = field(repr=False)


@dataclass(frozen=True)
class GBuffer:
    """What the pixels of one camera see. Only those that hit the surface are held.

    Attributes
    ----------
    rows, columns
        Size of the final picture.
    supersample
        Rays along each edge of a final pixel.
    index
        (n,) the fine pixels that hit, row by row in a picture of ``supersample`` times the size.
    triangle
        (n,) index of the triangle hit.
    weights
        (n, 3) barycentric weights of the triangle's corners.
    normal
        (n, 3) unit normal, interpolated.
    sight
        (n, 3) unit vector from the surface to the camera.
    occlusion
        (n,) 1 in the open, towards 0 in a cavity.
    depth
        (n,) distance from the camera along its line of sight, mm.
    """

    rows: int
    columns: int
    supersample: int
    index: NDArray[np.int64] = field(repr=False)
    triangle: NDArray[np.int32] = field(repr=False)
    weights: Float32Array = field(repr=False)
    normal: Float32Array = field(repr=False)
    sight: Float32Array = field(repr=False)
    occlusion: Float32Array = field(repr=False)
    depth: Float32Array = field(repr=False)

    @cached_property
    def toward(self) -> Float32Array:
        """(n,) cosine between the normal and the line of sight."""
        cosine: Float32Array = np.einsum("ij,ij->i", self.normal, self.sight)
        return cosine

    @cached_property
    def edge(self) -> Float32Array:
        """(n,) how edge-on the surface is seen: third power of 1 less the cosine, 0 to 1."""
        away = 1 - np.clip(self.toward, 0, 1)
        return away * away * away


def open_scene(
    mesh: Mesh, normals: Float32Array | None = None, occlusion: Float32Array | None = None
) -> Scene:
    """Build the tree of boxes that rays descend.

    Parameters
    ----------
    mesh
        The surface.
    normals
        (n, 3) unit normals of the vertices; by default the mean of the faces around each.
    occlusion
        (n,) how open each vertex is, 0 to 1; by default 1 everywhere.

    Raises
    ------
    MissingExtraError
        The package embreex is not installed.
    """
    try:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene
    except ImportError as error:
        raise missing_extra("renders of faces", "embreex") from error
    tree = EmbreeScene()
    TriangleMesh(
        tree,
        np.ascontiguousarray(mesh.vertices, np.float32),
        np.ascontiguousarray(mesh.triangles, np.int32),
    )
    if normals is None:
        normals = vertex_normals(mesh)
    if occlusion is None:
        occlusion = np.ones(len(mesh.vertices), np.float32)
    return Scene(mesh, normals, occlusion, tree, _ends(mesh))


def _ends(mesh: Mesh) -> Float32Array:
    """Column by column, which is several times as fast as along the first axis."""
    ends = np.zeros((2, 3), np.float32)
    if len(mesh.vertices):
        for axis, column in enumerate(np.ascontiguousarray(mesh.vertices.T, np.float32)):
            ends[:, axis] = column.min(), column.max()
    return ends


def cast(
    scene: Scene, camera: Camera, size: int | tuple[int, int] = 224, supersample: int = 2
) -> GBuffer:
    """Send the rays of one camera.

    Parameters
    ----------
    scene
        From :func:`open_scene`.
    camera
        Where the pinhole stands; see :class:`headrisk.heads.view.Camera`.
    size
        Edge of a square picture, or its rows and columns.
    supersample
        Rays along each edge of a pixel, on a regular grid.

    Raises
    ------
    UsageError
        A size or ``supersample`` below 1.
    """
    rows, columns = (size, size) if isinstance(size, int) else size
    if min(rows, columns, supersample) < 1:
        raise UsageError(
            "size of a render",
            found=f"{rows} x {columns} pixels, {supersample} rays along an edge",
            expected="at least 1 of each",
        )
    fine = _in_sight(scene, camera, rows * supersample, columns * supersample)
    rays = pixel_rays(camera, rows * supersample, columns * supersample, fine)
    starts = np.broadcast_to(camera.position().astype(np.float32), rays.shape)
    if not len(fine):
        return _gathered(scene, (rows, columns, supersample), fine, rays, {})
    hits = scene.tree.run(np.ascontiguousarray(starts), rays, output=1)
    seen = np.flatnonzero(hits["primID"] >= 0)
    found = {name: hits[name][seen] for name in ("primID", "u", "v", "tfar")}
    return _gathered(scene, (rows, columns, supersample), fine[seen], rays[seen], found)


def _gathered(
    scene: Scene,
    shape: tuple[int, int, int],
    index: NDArray[np.int64],
    rays: Float32Array,
    hits: dict[str, NDArray[Any]],
) -> GBuffer:
    none = np.zeros(0, np.float32)
    triangle = hits.get("primID", none).astype(np.int32)
    u, v = hits.get("u", none), hits.get("v", none)
    weights = np.stack([1 - u - v, u, v], axis=1)
    corners = scene.mesh.triangles[triangle]
    normal = _mix(scene.normals, corners, weights)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), np.float32(1e-12))
    sight = -rays[: len(triangle)]
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    return GBuffer(
        *shape,
        index=index,
        triangle=triangle,
        weights=weights,
        normal=normal,
        sight=sight,
        occlusion=_mix(scene.occlusion, corners, weights),
        depth=hits.get("tfar", none),
    )


def interpolate(scene: Scene, seen: GBuffer, values: FloatArray | Float32Array) -> Float32Array:
    """Values of vertices, (vertices,) or (vertices, k), at the points that a camera sees."""
    return _mix(np.asarray(values, np.float32), scene.mesh.triangles[seen.triangle], seen.weights)


def _mix(values: Float32Array, corners: NDArray[np.int32], weights: Float32Array) -> Float32Array:
    share = weights.reshape(*weights.shape, *[1] * (values.ndim - 1))
    mixed: Float32Array = values[corners[:, 0]] * share[:, 0]
    mixed += values[corners[:, 1]] * share[:, 1]
    mixed += values[corners[:, 2]] * share[:, 2]
    return mixed


def _in_sight(scene: Scene, camera: Camera, rows: int, columns: int) -> NDArray[np.int64]:
    """Fine pixels that the projection of the surface's box can reach, row by row."""
    if not len(scene.mesh.vertices):
        return np.zeros(0, np.int64)
    corners = np.stack([scene.ends[[a, b, c], [0, 1, 2]] for a, b, c in product((0, 1), repeat=3)])
    places = project(camera, corners, rows, columns)
    if np.isnan(places).all():
        return np.zeros(0, np.int64)
    low, high = np.zeros(2), np.array([rows, columns], float)
    if not np.isnan(places).any():  # else part of the surface lies behind the pinhole
        low = np.clip(np.floor(places.min(axis=0)) - 1, 0, [rows, columns])
        high = np.clip(np.ceil(places.max(axis=0)) + 1, 0, [rows, columns])
    row = np.arange(int(low[0]), int(high[0]), dtype=np.int64)
    column = np.arange(int(low[1]), int(high[1]), dtype=np.int64)
    return (row[:, None] * columns + column).ravel()
