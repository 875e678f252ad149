"""The shape model: what is shipped, who is drawn from it, and how heads are posed and filled."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from headrisk.brain.prepare import PrepareTask, align_head
from headrisk.errors import StoreError, UsageError
from headrisk.face.render.cast import cast, open_scene
from headrisk.heads.identity import draw_identity, neutral, pose_head, template_face
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.shapes import load_shapes, read_shapes, unit_ball
from headrisk.heads.view import Camera
from headrisk.io.geometry import to_ras
from headrisk.io.volume import Volume
from headrisk.synthetic.people.volume import PersonScanSettings, occupancy, render_person
from headrisk.synthetic.phantom.render import average_slices

SHAPES = load_shapes(1)


def head(seed: int, spread: float = 1.0, closed: float = 0.0) -> Mesh:
    person = draw_identity(SHAPES, np.random.default_rng(seed), spread)
    return pose_head(SHAPES, person, expression=neutral(SHAPES, eyes_closed=closed))


def test_an_altered_or_missing_file_is_refused(tmp_path: Path) -> None:
    folder = resources.files("headrisk.heads") / "data"
    with pytest.raises(StoreError, match="cannot be read"):
        read_shapes(tmp_path)
    for name in ("head_shapes.npz", "head_shapes.npz.sha256"):
        with resources.as_file(folder / name) as path:
            shutil.copy(path, tmp_path)
    content = bytearray((tmp_path / "head_shapes.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "head_shapes.npz").write_bytes(content)
    with pytest.raises(StoreError, match="SHA-256"):
        read_shapes(tmp_path)


def test_people_are_drawn_the_same_from_one_seed_and_apart_from_two() -> None:
    one, again, other = head(1), head(1), head(2)
    np.testing.assert_array_equal(one.vertices, again.vertices)
    apart = np.linalg.norm(one.vertices - other.vertices, axis=1)
    assert 1.0 < np.sqrt((apart**2).mean()) < 15.0


def test_without_spread_everybody_has_one_shape() -> None:
    np.testing.assert_allclose(head(1, 0.0).vertices, head(2, 0.0).vertices, atol=1e-4)


def test_the_surface_faces_outward() -> None:
    mesh = head(3)
    skin = mesh.vertices[: SHAPES.skin_count]
    forehead = (skin[:, 1] > 60) & (skin[:, 2] > 0)
    normals = vertex_normals(mesh)[: SHAPES.skin_count][forehead]
    assert forehead.sum() > 20
    assert (normals[:, 1] > 0).mean() > 0.95


def test_closed_lids_hide_the_eyes() -> None:
    """Seen from the front no eyeball shows once the lids are closed."""
    shown = []
    for closed in (0.0, 1.0):
        mesh = head(4, closed=closed)
        seen = cast(open_scene(mesh), Camera(), 200, 1)
        shown.append(int((mesh.triangles[seen.triangle].min(axis=1) >= SHAPES.skin_count).sum()))
    assert shown[0] > 40
    assert shown[1] <= 2


def test_the_template_face_is_the_front_of_the_mean_head() -> None:
    mesh, share = template_face()
    face = mesh.vertices[share > 0.5]
    assert share.shape == (len(mesh.vertices),)
    assert face[:, 1].min() > -40
    assert np.ptp(face[:, 2]) > 90


@pytest.mark.parametrize("rays", [1, 2, 3])
def test_a_filled_ellipsoid_has_its_volume(rays: int) -> None:
    ball, triangles = unit_ball(48, 64)
    radii, middle = np.array([3.1, 4.2, 5.3]), np.array([0.3, -0.2, 0.1])
    mesh = Mesh((ball * radii + middle).astype(np.float32), triangles.astype(np.int32))
    shape, size = (14, 18, 11), np.array([0.6, 0.7, 1.2])
    affine = np.diag([*size, 1.0])
    affine[:3, 3] = -0.5 * size * (np.array(shape) - 1)
    filled = occupancy(mesh, shape, affine, rays)
    assert filled.min() >= 0
    assert filled.max() == pytest.approx(1.0, abs=1e-5)
    volume = 4 / 3 * np.pi * radii.prod()
    assert filled.sum() * size.prod() == pytest.approx(volume, rel=0.03)
    centre = [
        np.average(np.arange(n), weights=filled.sum(o))
        for n, o in zip(shape, ((1, 2), (0, 2), (0, 1)), strict=True)
    ]
    np.testing.assert_allclose(np.array(centre) * size + affine[:3, 3], middle, atol=0.05)


def test_thick_slices_are_means_of_thin_ones() -> None:
    thin = np.random.default_rng(0).random((4, 6, 10)).astype(np.float32)
    thick = average_slices(thin, (1, 2, 5))
    expected = [
        [[thin[i, 2 * j : 2 * j + 2, 5 * k : 5 * k + 5].mean() for k in range(2)] for j in range(3)]
        for i in range(4)
    ]
    np.testing.assert_allclose(thick, expected, rtol=1e-5)


@pytest.mark.slow
def test_the_brain_of_a_twin_is_found_and_scans_of_one_seed_are_equal() -> None:
    person = draw_identity(SHAPES, np.random.default_rng(5))
    settings = PersonScanSettings(voxel_mm=(2.5, 2.5, 2.5))
    scans = [
        render_person(person, SHAPES, settings, np.random.default_rng(seed)) for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(scans[0][0], scans[1][0])
    assert not np.array_equal(scans[0][0], scans[2][0])
    data, affine = to_ras(*scans[0])
    volume = Volume(np.ascontiguousarray(data, dtype=np.float32), affine)
    found = align_head(volume, PrepareTask("twin", "", "T1w", 4, "affine", False))
    assert found.alignment.score > 0.65
    assert not found.stripped


@pytest.mark.parametrize(
    ("name", "value"), [("contrast", "T9w"), ("bias", 2.0), ("ears_pressed", 1.5), ("noise", -1)]
)
def test_scan_settings_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name):
        PersonScanSettings(**{name: value})  # type: ignore[arg-type]
