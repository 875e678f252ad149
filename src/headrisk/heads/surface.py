"""From a head volume to the skin as a camera in front would see it.

The steps of its voxels are smoothed out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage, sparse

from headrisk.errors import ScanError, missing_extra
from headrisk.heads.boxes import block_mean, linear_at
from headrisk.heads.mesh import Mesh, Triangles, vertex_normals
from headrisk.heads.solid import STEP_MM, TissueField, tissue_field
from headrisk.heads.view import HeadPose, head_pose, moved
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

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


_OPEN_MM = (4.0, 11.0)  # scales of the blur that tells a cavity from the open
_COARSE_MM = 2.0
_NOSE_BOX = ((-25.0, 25.0), (70.0, 140.0), (-112.0, -40.0))  # x, y, z in template mm
_CUT_VERTICES = 20


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
    scanner_from_index
        4 x 4, voxel index of the whole image to scanner RAS+ mm.
    image_shape
        Number of voxels of the whole image: with the affine, where its field of view ends.
    notes
        What was noted on the way, as sentences.
    """

    mesh: Mesh = field(repr=False)
    normals: Float32Array = field(repr=False)
    occlusion: Float32Array = field(repr=False)
    pose: HeadPose = field(repr=False)
    scanner_from_index: FloatArray = field(repr=False)
    image_shape: tuple[int, int, int]
    notes: tuple[str, ...] = ()


def head_surface(
    volume: Volume,
    alignment: FloatArray,
    *,
    stripped: bool,
    subject: str,
    ct: bool = False,
    level: tuple[float, float] | None = None,
    step_mm: float = STEP_MM,
) -> Surface:
    """The skin of a head in a raw scan.

    A head whose face was removed or lies outside the field of view has a surface too: see
    :func:`headrisk.heads.coverage.coverage` for what is left of its face.

    Parameters
    ----------
    volume
        The whole head.
    alignment
        4 x 4, template mm to scanner RAS+ mm, from :func:`headrisk.brain.prepare.align_head`.
    stripped
        Whether the image holds nothing but a brain.
    subject
        The scan's name for error messages.
    ct
        Whether it is a CT, where bone must not outweigh skin. CTs with air near -1000 are known
        without being told.
    level
        Intensities of air and skin, instead of seeking them.
    step_mm
        About the voxel size in which the skin is followed.

    Raises
    ------
    ScanError
        There is no skin: the image is stripped, does not reach the head's front, or is not a head
        in air.
    MissingExtraError
        The package scikit-image is not installed.
    """
    if stripped:
        raise ScanError(
            subject,
            found="already skull-stripped, no skin in the image",
            expected="a whole head",
            remedy="Leave this scan out of the face modality; its brain can still be matched.",
        )
    pose = head_pose(np.asarray(alignment, np.float64))
    tissue = tissue_field(volume, pose, subject, ct=ct, level=level, step_mm=step_mm)
    return mesh_surface(volume, tissue, pose, subject)


def mesh_surface(volume: Volume, tissue: TissueField, pose: HeadPose, subject: str) -> Surface:
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
        raise missing_extra("surfaces of heads", "scikit-image") from error
    data = np.pad(tissue.data, 1)
    if not (data.min() < 0.5 < data.max()):
        raise ScanError(
            subject,
            found="no surface of skin",
            expected="a head surrounded by air",
            remedy="Leave this scan out of the face modality.",
        )
    mesher: Any = marching_cubes
    points, triangles, _, _ = mesher(data, 0.5, gradient_direction="ascent")
    points, triangles = outer_surface(points - 1, triangles)
    to_head = pose.head_from_scanner @ tissue.affine
    mesh = Mesh(points, triangles).moved(to_head)
    normals = vertex_normals(mesh)
    notes = tissue.notes
    if _nose_cut(mesh, pose, volume):
        notes += ("the field of view cuts the tip of the nose",)
    return Surface(
        mesh,
        normals,
        openness(tissue, points, normals, to_head),
        pose,
        volume.affine,
        volume.shape,
        notes,
    )


def _nose_cut(mesh: Mesh, pose: HeadPose, volume: Volume) -> bool:
    """Whether skin in the region of the nose lies on the border of the image."""
    points = mesh.moved(pose.template_from_head).vertices
    near = np.ones(len(points), bool)
    for axis, (low, high) in enumerate(_NOSE_BOX):
        near &= (points[:, axis] > low) & (points[:, axis] < high)
    to_index = np.linalg.inv(pose.head_from_scanner @ volume.affine)
    index = moved(np.asarray(to_index, np.float64), mesh.vertices[near].astype(np.float64))
    last = np.array(volume.shape) - 1
    on_border = ((index < 0) | (index > last)).any(axis=1)
    return int(np.count_nonzero(on_border)) > _CUT_VERTICES


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
