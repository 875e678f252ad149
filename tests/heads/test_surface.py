"""The skin of simple heads against their analytic surface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from headrisk.errors import ScanError
from headrisk.heads.boxes import block_mean, linear_steps, outside_air, resampling
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.surface import Surface, head_surface
from headrisk.heads.view import FACE_BOX, head_pose, moved
from headrisk.io.volume import Volume

# A head of half the template's size, so that the tests are quick.
ALIGNMENT = np.array([[0.5, 0, 0, 3], [0, 0.5, 0, -5], [0, 0, 0.5, 7], [0, 0, 0, 1.0]])
RADII, CENTRE = np.array([37.0, 46.0, 55.0]), np.array([3.0, -8.0, -12.0])
THIN, THICK = (1.0, 1.1, 1.2), (1.0, 1.0, 3.0)


def _level(points: np.ndarray) -> np.ndarray:
    """Distance outward from the ellipsoid, mm, exact to first order."""
    q = (points - CENTRE) / RADII
    size = np.linalg.norm(q, axis=-1)
    slope = np.linalg.norm(q / RADII, axis=-1) / np.maximum(size, 1e-9)
    return (size - 1) / np.maximum(slope, 1e-3)


def _points(affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 3)
    return moved(affine, grid.astype(float))


def _head(voxel: tuple[float, ...] = THIN, turn: Rotation | None = None) -> Volume:
    """An ellipsoid of tissue with partial volume at its edge, noise and a bright coil."""
    shape = tuple(int(n / v) for n, v in zip((96, 118, 140), voxel, strict=True))
    affine = np.eye(4)
    affine[:3, :3] = np.diag(voxel)
    affine[:3, 3] = CENTRE - affine[:3, :3] @ (np.array(shape) - 1) / 2
    inside = np.zeros(shape)
    slices = np.linspace(-0.5, 0.5, 2 * int(np.ceil(voxel[2])) + 1)
    for part in slices:  # the mean over the slice's profile
        places = _points(affine, shape) + np.array([0, 0, part * voxel[2]])
        inside += np.clip(0.5 - _level(places), 0, 1).reshape(shape) / len(slices)
    rng = np.random.default_rng(11)
    coil = np.linspace(1.3, 0.8, shape[1])[:, None]
    data = np.abs(400 * inside * coil + rng.normal(0, 6, shape)).astype(np.float32)
    if turn is not None:
        whole = np.eye(4)
        whole[:3, :3] = turn.as_matrix()
        affine = whole @ affine
    return Volume(data, affine)


def _surface(volume: Volume, alignment: np.ndarray = ALIGNMENT, *, ct: bool = False) -> Surface:
    return head_surface(volume, alignment, stripped=False, subject="sub-01", ct=ct)


def _skin(surface: Surface) -> np.ndarray:
    """Which vertices lie off the cut that ends the face's box."""
    points = moved(surface.pose.template_from_head, surface.mesh.vertices.astype(float))
    low, high = np.array(FACE_BOX).T
    return ((points > low + 10) & (points < high - 10)).all(axis=1)


def _distance(surface: Surface) -> np.ndarray:
    back = np.linalg.inv(surface.pose.head_from_scanner)
    return _level(moved(back, surface.mesh.vertices[_skin(surface)].astype(float)))


@pytest.fixture(scope="module")
def plain() -> Surface:
    return _surface(_head())


def test_surface_lies_on_the_ellipsoid(plain: Surface) -> None:
    away = _distance(plain)
    assert len(away) > 5000
    assert abs(np.median(away)) < 0.3
    assert np.quantile(np.abs(away), 0.99) < 0.7


def test_surface_is_closed_and_faces_outward(plain: Surface) -> None:
    triangles = plain.mesh.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    there = {(a, b) for a, b in edges.tolist()}
    assert len(there) == len(edges)
    assert all((b, a) in there for a, b in there)
    back = np.linalg.inv(plain.pose.head_from_scanner)
    places = moved(back, plain.mesh.vertices.astype(float))
    outward = (places - CENTRE) / RADII**2
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    along = (plain.normals @ back[:3, :3].T * outward).sum(axis=1)
    assert along[_skin(plain)].min() > 0.7


def test_thick_slices_leave_no_steps() -> None:
    """3 mm slices: the normals of the smooth ellipsoid are kept, terraces would turn them."""
    surface = _surface(_head(THICK))
    away = _distance(surface)
    assert np.quantile(np.abs(away), 0.95) < 1.0
    back = np.linalg.inv(surface.pose.head_from_scanner)
    places = moved(back, surface.mesh.vertices.astype(float))
    outward = (places - CENTRE) / RADII**2
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    along = (surface.normals @ back[:3, :3].T * outward).sum(axis=1)[_skin(surface)]
    assert np.quantile(along, 0.01) > np.cos(np.radians(15))


def test_inner_air_and_narrow_openings_are_closed() -> None:
    """A sinus that a canal joins to the outside leaves a dimple, no inner surface."""
    volume = _head()
    places = _points(volume.affine, volume.shape)
    sinus = np.linalg.norm(places - CENTRE, axis=1) < 15
    canal = (places[:, 1] > CENTRE[1]) & (
        np.linalg.norm((places - CENTRE)[:, [0, 2]], axis=1) < 2.5
    )
    data = volume.data.copy()
    data[(sinus | canal).reshape(volume.shape)] = 0
    away = _distance(_surface(replace(volume, data=data)))
    assert away.min() > -12


def test_what_lies_apart_is_dropped() -> None:
    """Skin that wraps around, or a pad beside the head, is no part of the surface."""
    volume = _head()
    places = _points(volume.affine, volume.shape)
    pad = np.linalg.norm(places - CENTRE - [33, 42, 30], axis=1) < 7
    data = volume.data.copy()
    data[pad.reshape(volume.shape)] = 400
    surface = _surface(replace(volume, data=data))
    assert _distance(surface).max() < 1.5


def test_the_head_frame_does_not_depend_on_the_scanners(plain: Surface) -> None:
    turn = Rotation.from_euler("xyz", [25, -14, 40], degrees=True)
    whole = np.eye(4)
    whole[:3, :3] = turn.as_matrix()
    surface = _surface(_head(turn=turn), whole @ ALIGNMENT)
    for axis, edge in ((0, "max"), (0, "min"), (1, "max"), (2, "max")):
        first, second = (getattr(one.mesh.vertices[:, axis], edge)() for one in (plain, surface))
        assert first == pytest.approx(second, abs=0.4)


def test_pose_keeps_sizes_and_finds_the_template() -> None:
    turn = Rotation.from_rotvec([0.3, -0.2, 0.5]).as_matrix()
    alignment = np.eye(4)
    alignment[:3, :3] = turn @ np.diag([0.95, 1.1, 1.02])
    alignment[:3, 3] = 4, -3, 9
    pose = head_pose(alignment)
    rigid = pose.head_from_scanner[:3, :3]
    np.testing.assert_allclose(rigid @ rigid.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(
        pose.template_from_head @ pose.head_from_scanner @ alignment, np.eye(4), atol=1e-9
    )


def test_ct_gives_the_same_skin_in_either_unit(plain: Surface) -> None:
    """Bone as bright as in CT does not move the skin; air at -1000 or at 0 makes no difference."""
    volume = _head()
    places = _points(volume.affine, volume.shape).reshape(*volume.shape, 3)
    tissue = np.clip(volume.data / 400, 0, 1) * 1040
    hounsfield = (tissue - 1000).astype(np.float32)
    hounsfield[_level(places) < -6] = 1100
    one = _surface(replace(volume, data=hounsfield))
    other = _surface(replace(volume, data=hounsfield + 1000), ct=True)
    assert np.quantile(np.abs(_distance(one)), 0.95) < 1.0
    np.testing.assert_allclose(one.mesh.vertices, other.mesh.vertices, atol=0.05)
    assert one.notes
    assert not plain.notes


def test_the_same_image_gives_the_same_bytes(plain: Surface) -> None:
    again = _surface(_head())
    np.testing.assert_array_equal(plain.mesh.vertices, again.mesh.vertices)
    np.testing.assert_array_equal(plain.occlusion, again.occlusion)


def test_cavities_are_darker_than_the_open() -> None:
    volume = _head()
    places = _points(volume.affine, volume.shape)
    groove = (places[:, 1] > CENTRE[1] + 38) & (np.abs(places[:, 2] - CENTRE[2]) < 5)
    data = volume.data.copy()
    data[groove.reshape(volume.shape)] = 0
    surface = _surface(replace(volume, data=data))
    back = moved(np.linalg.inv(surface.pose.head_from_scanner), surface.mesh.vertices.astype(float))
    inside = _skin(surface) & (_level(back) < -3)
    assert inside.sum() > 100
    smooth = _skin(surface) & (np.abs(back[:, 2] - CENTRE[2]) > 25)
    assert np.median(surface.occlusion[inside]) < 0.8 * np.median(surface.occlusion[smooth])


def test_a_stripped_brain_has_no_skin() -> None:
    with pytest.raises(ScanError, match="already skull-stripped"):
        head_surface(_head(), ALIGNMENT, stripped=True, subject="sub-01")


def test_a_field_of_view_without_the_face_is_said() -> None:
    away = ALIGNMENT.copy()
    away[:3, 3] += 0, 0, 170
    with pytest.raises(ScanError, match="field of view"):
        _surface(_head(), away)


def test_vertex_normals_equal_a_naive_loop_and_turn_with_a_reflection() -> None:
    rng = np.random.default_rng(3)
    mesh = Mesh(rng.normal(size=(9, 3)).astype(np.float32), rng.integers(0, 9, (14, 3), np.int32))
    total = np.zeros((9, 3))
    for a, b, c in mesh.triangles:
        p, q, r = (mesh.vertices[k].astype(float) for k in (a, b, c))
        for k in (a, b, c):
            total[k] += np.cross(q - p, r - p)
    size = np.linalg.norm(total, axis=1, keepdims=True)
    expected = total / np.maximum(size, 1e-12)
    np.testing.assert_allclose(vertex_normals(mesh), expected, atol=1e-5)
    mirrored = mesh.moved(np.diag([-1.0, 1, 1, 1]))
    np.testing.assert_allclose(vertex_normals(mirrored), expected * [-1, 1, 1], atol=1e-5)


def test_block_means_and_lines_between_them() -> None:
    image = np.random.default_rng(1).random((7, 8, 9)).astype(np.float32)
    means = block_mean(image, np.array([2, 1, 3]))
    assert means.shape == (4, 8, 3)
    assert means[1, 5, 2] == pytest.approx(image[2:4, 5, 6:9].mean())
    assert means[3, 2, 0] == pytest.approx(image[6, 2, :3].mean())
    matrix = linear_steps(5, -0.3, 0.7, 9)
    values = np.array([2.0, 5, 1, 7, 3])
    expected = np.interp(-0.3 + 0.7 * np.arange(9), np.arange(5), values)
    np.testing.assert_allclose(matrix @ values, expected, atol=1e-5)


def test_resampling_keeps_straight_lines_and_does_not_alias() -> None:
    fine = resampling(40, 5.0, 0.4, 60)
    np.testing.assert_allclose(fine @ np.arange(40.0), 5 + 0.4 * np.arange(60), atol=1e-4)
    coarse = resampling(40, 5.0, 2.0, 15)
    assert np.abs(coarse @ np.cos(np.pi * np.arange(40))).max() < 0.1


def test_air_that_only_a_cut_opens_is_inside() -> None:
    air = np.ones((9, 10, 11), bool)
    air[2:7, 2:8, :8] = False
    air[4, 5, :5] = True  # a windpipe that the lower border cuts
    air[3, 3, 6] = True
    outside = outside_air(air)
    assert not outside[4, 5, :5].any()
    assert not outside[3, 3, 6]
    assert outside[0].all()
    assert outside[:, :, 9].all()
