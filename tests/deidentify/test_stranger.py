"""The face that refacing puts in: nobody's, drawn for each scan, and clear of the brain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrisk.deidentify.deface import covering, face_region, wide_region
from headrisk.deidentify.flesh import continued
from headrisk.deidentify.head import Head, brain_mask
from headrisk.deidentify.reface import draw_seed, placed, similarity, strange_face
from headrisk.deidentify.skin import find_skin
from headrisk.deidentify.tools import tool_of
from headrisk.heads.average import load_average_face
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import FloatArray


def turned(degrees: float, scale: float, shift: tuple[float, float, float]) -> FloatArray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    out = np.eye(4)
    out[:3, :3] = scale * np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    out[:3, 3] = shift
    return out


def test_a_similarity_is_found_again() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(0, 40, (50, 3))
    wanted = turned(25, 1.1, (3, -8, 20))
    np.testing.assert_allclose(similarity(points, moved(wanted, points)), wanted, atol=1e-9)
    mirrored = points * [-1, 1, 1]
    assert np.linalg.det(similarity(points, mirrored)[:3, :3]) > 0


def test_no_other_similarity_fits_better() -> None:
    rng = np.random.default_rng(4)
    points = rng.normal(0, 40, (50, 3))
    targets = points * [1.2, 0.9, 1.0] + rng.normal(0, 3, points.shape)
    best = similarity(points, targets)
    least = np.square(moved(best, points) - targets).sum()
    for _ in range(30):
        other = turned(rng.normal(0, 2), 1 + rng.normal(0, 0.02), tuple(rng.normal(0, 1, 3)))
        assert np.square(moved(other @ best, points) - targets).sum() >= least


def test_the_face_is_placed_without_the_heads_proportions() -> None:
    alignment = turned(12, 0.93, (4, 30, -7)) @ np.diag([1.08, 0.95, 1.0, 1.0])
    part = placed(alignment)[:3, :3]
    size = np.cbrt(np.linalg.det(part))
    np.testing.assert_allclose(part @ part.T, size**2 * np.eye(3), atol=1e-9)
    plain = turned(12, 0.93, (4, 30, -7))
    np.testing.assert_allclose(placed(plain), plain, atol=1e-6)


def test_each_draw_is_another_face_on_the_same_head() -> None:
    average = load_average_face()
    faces = [strange_face(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(faces[0].skin, faces[1].skin)
    points = moved(average.affine, np.argwhere(np.abs(average.skin) < 3).astype(float))
    near = np.abs(average.skin) < 3
    apart = np.abs(faces[0].skin - faces[2].skin)[near]
    from_average = np.abs(faces[0].skin - average.skin)[near]
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    face = (y > 60) & (x < 40) & (z < -50) & (z > -150)
    crown = (z > 60) & (y < 40)
    assert apart[face].mean() > 1
    assert from_average[face].mean() > 1
    assert apart[crown].max() < 0.5 * apart[face].mean()


def test_the_scan_decides_the_draw_and_can_repeat_it(head: Head) -> None:
    def drawn(volume: Volume, seed: int) -> int:
        return int(draw_seed(volume, np.random.default_rng(seed)).integers(2**62))

    assert drawn(head.volume, 5) == drawn(head.volume, 5)
    assert drawn(head.volume, 5) != drawn(head.volume, 6)
    data = head.volume.data.copy()
    data[10, 10, 10] += 1
    assert drawn(replace(head.volume, data=data), 5) != drawn(head.volume, 5)


def test_an_offset_that_fades_tells_nothing_far_from_the_skin_that_stays() -> None:
    known = np.zeros((40, 36, 30), bool)
    known[:, :4] = True
    values = np.where(known, np.float32(7), np.float32(0))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    goes_on, _ = continued(values, known, affine)
    fades, _ = continued(values, known, affine, fades=True)
    assert goes_on[10, -1, 7] > 6.5
    assert abs(fades[10, -1, 7]) < 0.01
    assert abs(fades[10, 0, 7] - 7) < 0.3


def test_the_replaced_skin_reaches_the_forehead_and_keeps_clear_of_the_brain(head: Head) -> None:
    alignment = head.alignment.affine
    skin = find_skin(head.volume, placed(alignment), "twin")
    face = face_region(head, skin.shape, skin.affine, skin.average)
    region, front = wide_region(face, skin.distance, alignment, skin.affine)
    assert (front >= region).all()
    assert region[face.brain < 3].max() <= 0
    inverse = np.linalg.inv(alignment) @ skin.affine
    points = moved(inverse, np.argwhere(np.abs(skin.average) < 2).astype(float))
    inside = region[np.abs(skin.average) < 2] > 0
    forehead = (points[:, 1] > 70) & (points[:, 2] > 5) & (points[:, 2] < 30)
    behind = points[:, 1] < -65
    assert inside[forehead].mean() > 0.95
    assert not inside[behind].any()


def test_the_cover_lies_outside_of_the_brain(head: Head) -> None:
    skin = find_skin(head.volume, head.alignment.affine, "twin")
    cover = covering(head.alignment.affine, skin.shape, skin.affine)
    deep = face_region(head, skin.shape, skin.affine).brain == 0
    assert np.mean(cover[deep] < 0) > 0.999
    assert np.mean(cover[skin.distance > 0] > 0) > 0.99


def test_faces_of_two_seeds_differ_and_the_brain_does_not(head: Head) -> None:
    first = tool_of("reface").apply(head, "twin", np.random.default_rng(0))
    second = tool_of("reface").apply(head, "twin", np.random.default_rng(10))
    mask = brain_mask(head)
    np.testing.assert_array_equal(first.volume.data[mask], second.volume.data[mask])
    solid = [one.volume.data > 100 for one in (first, second)]
    moved_skin = np.count_nonzero(solid[0] != solid[1])
    assert moved_skin * float(np.prod(head.volume.voxel_mm)) > 20_000  # mm3
