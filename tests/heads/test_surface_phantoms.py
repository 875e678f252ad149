"""Skin surfaces of phantoms whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import ScanError
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.surface import head_surface
from headrisk.io.volume import Volume
from headrisk.types import FloatArray

RADII = np.array([70.0, 90.0, 105.0])


def ellipsoid(voxel: tuple[float, float, float], noise: float = 0.0) -> Volume:
    """A filled head-sized ellipsoid, hollow inside, at 0 mm, on a grid of unequal sides."""
    size = np.array(voxel)
    shape = tuple(int(n) for n in np.ceil(2 * (RADII + 22) / size))
    affine = np.diag([*voxel, 1.0])
    affine[:3, 3] = -0.5 * size * (np.array(shape) - 1)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    points = index * size + affine[:3, 3]
    level = np.sqrt(((points / RADII) ** 2).sum(-1))
    distance = (level - 1) * RADII.min()
    data = 100 * np.clip(0.5 - distance / max(voxel), 0, 1)
    data[np.sqrt((points**2).sum(-1)) < 25] = 2.0
    data += noise * np.abs(np.random.default_rng(0).normal(size=shape))
    return Volume(data.astype(np.float32), affine)


def off_ellipsoid(points: FloatArray) -> FloatArray:
    """First-order distance of points to the ellipsoid, mm."""
    level = np.sqrt(((points / RADII) ** 2).sum(1))
    slope = np.sqrt(((points / RADII**2) ** 2).sum(1))
    return np.asarray(level * (level - 1) / slope)


@pytest.mark.parametrize("voxel", [(1.5, 2.0, 1.7), (2.0, 2.0, 3.0)])
def test_the_skin_lies_where_the_phantom_has_it(voxel: tuple[float, float, float]) -> None:
    surface = head_surface(ellipsoid(voxel, 2.0), np.eye(4), stripped=False, subject="phantom")
    points = surface.mesh.vertices.astype(np.float64)
    front = (points[:, 1] > 10) & (np.abs(points[:, 2]) < 60)
    assert front.sum() > 1000
    off = off_ellipsoid(points[front])
    assert np.abs(np.median(off)) < 0.5 * max(voxel)
    assert np.quantile(np.abs(off), 0.95) < max(voxel)
    outward = points[front] / RADII**2
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert np.median((surface.normals[front] * outward).sum(1)) > 0.98
    assert np.sqrt((points**2).sum(1)).min() > 40  # the hollow has no surface of its own


def test_a_bare_brain_has_no_skin() -> None:
    with pytest.raises(ScanError, match="stripped"):
        head_surface(ellipsoid((2.0, 2.0, 2.0)), np.eye(4), stripped=True, subject="phantom")


def test_normals_of_a_cube_point_outward_and_survive_a_mirror() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)], np.float32)
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))], np.int32)
    mesh = Mesh(corners, triangles)
    assert ((vertex_normals(mesh) * corners).sum(1) > 0).all()
    mirrored = mesh.moved(np.diag([-1.0, 1.0, 1.0, 1.0]))
    assert ((vertex_normals(mirrored) * mirrored.vertices).sum(1) > 0).all()
