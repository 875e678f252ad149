"""From a head volume to the skin as a camera in front would see it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage, sparse

from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.boxes import block_mean, linear_at
from headrisk.face.mesh import Mesh, Triangles, vertex_normals
from headrisk.face.pose import HeadPose, moved
from headrisk.face.solid import TissueField
from headrisk.types import Float32Array, FloatArray

_OPEN_MM = (4.0, 11.0)  # scales of the blur that tells a cavity from the open
_COARSE_MM = 2.0


@dataclass(frozen=True)
class Surface:
    """The skin of a head's front.

    Attributes
    ----------
    mesh
        In the head's frame: upright as the template, RAS+ mm, true size; closed outer surface.
    normals
        (n, 3) unit normals of the vertices, outward.
    occlusion
        (n,) 1 in the open, towards 0 in a cavity.
    pose
        How the head lay in the scanner.
    notes
        What was noted on the way, as sentences.
    """

    mesh: Mesh = field(repr=False)
    normals: Float32Array = field(repr=False)
    occlusion: Float32Array = field(repr=False)
    pose: HeadPose = field(repr=False)
    notes: tuple[str, ...] = ()


def mesh_surface(tissue: TissueField, pose: HeadPose, subject: str) -> Surface:
    """Mesh the outer skin by marching cubes (Lewiner et al., J Graph Tools 8:1, 2003).

    Raises
    ------
    MissingExtraError
        The package scikit-image is not installed.
    ScanError
        The field holds no surface.
    """
    try:
        from skimage.measure import marching_cubes
    except ImportError as error:
        raise MissingExtraError(
            "surfaces of heads",
            found="the package scikit-image is not installed",
            remedy='Install it with: pip install "headrisk[faces]"',
        ) from error
    data = np.pad(tissue.data, 1)
    if not (data.min() < 0.5 < data.max()):
        raise ScanError(
            subject,
            found="no surface of skin",
            expected="a head surrounded by air",
            remedy="Leave this scan out of the face modality.",
        )
    points, triangles, _, _ = marching_cubes(data, 0.5, gradient_direction="ascent")
    points, triangles = _outer(points - 1, triangles)
    occlusion_at = points
    to_head = pose.head_from_scanner @ tissue.affine
    mesh = Mesh(moved(to_head, points).astype(np.float32), triangles)
    if np.linalg.det(to_head[:3, :3]) < 0:
        mesh = Mesh(mesh.vertices, triangles[:, ::-1].copy())
    normals = vertex_normals(mesh)
    return Surface(
        mesh, normals, openness(tissue, occlusion_at, normals, to_head), pose, tissue.notes
    )


def _outer(points: Float32Array, triangles: Triangles) -> tuple[Float32Array, Triangles]:
    """The connected surface that spans the largest box: what lies inside or apart is dropped."""
    n = len(points)
    first = triangles[:, [0, 1]].ravel()
    second = triangles[:, [1, 2]].ravel()
    edges = sparse.coo_matrix((np.ones(len(first), np.int8), (first, second)), (n, n))
    count, label = sparse.csgraph.connected_components(edges, directed=False)
    if count == 1:
        return points, triangles.astype(np.int32)
    span = np.zeros(count)
    for axis in range(3):
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, label, points[:, axis])
        np.maximum.at(high, label, points[:, axis])
        span += (high - low) ** 2
    kept = label == span.argmax()
    number = np.cumsum(kept, dtype=np.int32) - 1
    return points[kept], number[triangles[kept[triangles[:, 0]]]].astype(np.int32)


def openness(
    tissue: TissueField, points: Float32Array, normals: Float32Array, to_head: FloatArray
) -> Float32Array:
    """How much air lies in front of each vertex, 1 in the open, towards 0 in a cavity.

    The tissue is blurred at two scales and looked up at that distance along the normal. In front
    of a plane that gives the same value at every scale, which counts as 1.
    """
    step = np.linalg.norm(tissue.affine[:3, :3], axis=0)
    size = np.maximum(np.round(_COARSE_MM / step), 1).astype(int)
    coarse = block_mean(tissue.data, size)
    back = np.linalg.inv(to_head[:3, :3])
    out = np.ones(len(points), np.float32)
    for mm in _OPEN_MM:
        blurred = ndimage.gaussian_filter(coarse, mm / (step * size), truncate=3, mode="nearest")
        ahead = points + (mm / 2 * normals) @ back.T
        near = linear_at(blurred, (ahead - (size - 1) / 2) / size)
        plane = 0.3085  # Gaussian tail beyond half a standard deviation
        out *= np.clip((1 - near) / np.float32(1 - plane), 0, 1)
    return np.sqrt(out)
