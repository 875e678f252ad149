"""Skin surfaces of synthetic heads against the surface that the volumes were made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from twin_heads import STILL, TwinHead, twin_head

from headrisk.heads.mesh import vertex_normals
from headrisk.heads.surface import Surface, head_surface
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.synthetic.people.volume import occupancy
from headrisk.types import FloatArray


def surface_of(head: TwinHead, *, ct: bool = False) -> Surface:
    return head_surface(head.volume, head.placed, stripped=False, subject="twin", ct=ct)


def distances(surface: Surface, head: TwinHead) -> FloatArray:
    """From each vertex of the true face to the surface found, (n,) mm; far ones in a line."""
    back = np.linalg.inv(surface.pose.head_from_scanner)
    found = moved(back, surface.mesh.vertices.astype(float))
    normals = surface.normals @ back[:3, :3].T
    true = head.skin.vertices[head.face].astype(float)
    straight, nearest = cKDTree(found).query(true)
    across = np.abs(((true - found[nearest]) * normals[nearest]).sum(axis=1))
    return np.asarray(np.where(straight < 4, np.minimum(across, straight), straight))


def ahead(surface: Surface, head: TwinHead) -> FloatArray:
    """How far vertices found in front of the face lie off the true skin, (n,) mm."""
    back = np.linalg.inv(surface.pose.head_from_scanner)
    found = moved(back, surface.mesh.vertices.astype(float))
    front = found[:, 1] > np.quantile(head.skin.vertices[head.face, 1], 0.3)
    high = found[:, 2] > head.skin.vertices[head.face, 2].min()
    straight, nearest = cKDTree(head.skin.vertices).query(found[front & high])
    normals = vertex_normals(head.skin)[nearest]
    across = np.abs(((found[front & high] - head.skin.vertices[nearest]) * normals).sum(axis=1))
    return np.asarray(np.where(straight < 6, np.minimum(across, straight), straight))


def assert_near(surface: Surface, head: TwinHead, median: float, most: float) -> None:
    for away in (distances(surface, head), ahead(surface, head)):
        assert len(away) > 1000
        assert np.median(away) < median
        assert np.quantile(away, 0.95) < most


@pytest.mark.parametrize(
    ("contrast", "voxel", "median", "most"),
    [
        ("T1w", (2.0, 2.0, 2.0), 0.5, 1.5),
        pytest.param("T1w", (1.0, 1.0, 1.0), 0.4, 1.2, marks=pytest.mark.slow),
        pytest.param("T2w", (2.0, 2.0, 2.0), 0.7, 2.0, marks=pytest.mark.slow),
        ("FLAIR", (2.0, 2.0, 2.0), 0.7, 2.0),
        pytest.param("FLAIR", (1.0, 1.0, 5.0), 0.9, 3.0, marks=pytest.mark.slow),
    ],
)
def test_the_skin_lies_where_the_head_has_it(
    contrast: str, voxel: tuple[float, float, float], median: float, most: float
) -> None:
    head = twin_head(100, replace(STILL, contrast=contrast, voxel_mm=voxel))
    assert_near(surface_of(head), head, median, most)


def test_a_ct_gives_the_same_skin() -> None:
    """Hounsfield units: air, soft tissue, bone and a head rest that the head does not touch."""
    head = twin_head()
    filled = occupancy(head.skin, head.volume.shape, head.volume.affine)
    hounsfield = -1000 + 1040 * filled + np.random.default_rng(2).normal(0, 15, filled.shape)
    deep = ndimage.binary_erosion(filled > 0.99, iterations=4)
    dark = head.volume.data < 0.3 * np.median(head.volume.data[deep])
    hounsfield[deep & dark] = 1100  # bone
    hounsfield[:, :3, :] = 100
    ct = replace(head, volume=Volume(hounsfield.astype(np.float32), head.volume.affine))
    surface = surface_of(ct)
    assert "read as Hounsfield units" in surface.notes
    assert_near(surface, head, 0.8, 2.5)


def test_a_nose_that_wrapped_around_does_not_move_the_face() -> None:
    """The field of view ends before the nose, whose tip comes back behind the head."""
    head = twin_head()
    tip = int((head.volume.shape[1] - 1) - 22)
    data = head.volume.data.copy()
    lost = data[:, tip:, :].copy()
    data = data[:, :tip, :]
    data[:, : lost.shape[1], :] = np.maximum(data[:, : lost.shape[1], :], lost)
    wrapped = replace(head, volume=Volume(np.ascontiguousarray(data), head.volume.affine))
    plain = head.cropped(1, 0, tip)
    one, other = (surface_of(each).mesh for each in (plain, wrapped))
    front = [mesh.vertices[mesh.vertices[:, 1] > 20] for mesh in (one, other)]
    away = cKDTree(front[0]).query(front[1])[0]
    assert np.quantile(away, 0.99) < 0.5


@pytest.mark.slow
def test_pads_beside_the_ears_and_the_cut_neck_leave_the_face_alone() -> None:
    head = twin_head(100, replace(STILL, ear_pads=True))
    places = head.places()
    block = (np.abs(np.abs(places[..., 0]) - 112) < 10) & (np.abs(places[..., 2] + 40) < 40)
    data = head.volume.data.copy()
    data[block & (np.abs(places[..., 1]) < 40)] = 0.5 * np.quantile(data, 0.9)
    padded = replace(head, volume=Volume(data, head.volume.affine))
    assert_near(surface_of(padded), head, 0.5, 1.5)


def test_a_closed_mouth_holds_no_air() -> None:
    """Tongue and gums fill it: between the lips and the throat the signal is that of tissue."""
    head = twin_head()
    x, y, z = np.moveaxis(head.places(), -1, 0)
    mouth = (np.abs(x) < 12) & (y > 40) & (y < 62) & (np.abs(z + 112) < 10)
    assert mouth.sum() > 300
    assert (head.volume.data[mouth] < 0.25 * np.median(head.volume.data[mouth])).mean() < 0.02
