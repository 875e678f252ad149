"""Rays, cameras, light and protocols against analytic results and naive loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headrisk.errors import UsageError
from headrisk.face.render import (
    Camera,
    GBuffer,
    Light,
    Scene,
    Skin,
    alpha,
    box_mean,
    cast,
    interpolate,
    open_scene,
    radiance,
    shade,
)
from headrisk.face.render.protocols import (
    NAMES,
    SCANS,
    mayo2024_protocol,
    protocol_of,
    render_scene,
)
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import unit_ball
from headrisk.heads.view import direction, pixel_rays, project
from headrisk.synthetic.people.paint import lit_share

RADIUS, CENTRE = 60.0, (5.0, 70.0, -50.0)


@pytest.fixture(scope="module")
def ball() -> Scene:
    points, triangles = unit_ball(160, 320)
    return open_scene(Mesh((points * RADIUS + CENTRE).astype(np.float32), triangles))


def test_silhouette_and_depth_of_a_sphere(ball: Scene) -> None:
    """A sphere's outline is a cone of half angle asin(r/d), wherever the camera stands."""
    for azimuth, elevation in ((0, 0), (35, -20)):
        camera = Camera(azimuth, elevation, distance_mm=500, field_of_view=20, look_at=CENTRE)
        seen = cast(ball, camera, (90, 110), 3)
        radius = np.tan(np.arcsin(RADIUS / 500)) / (2 * np.tan(np.radians(10)) / 90)
        assert np.sqrt(alpha(seen).sum() / np.pi) == pytest.approx(radius, rel=2e-3)
        assert seen.depth.min() == pytest.approx(500 - RADIUS, abs=0.1)


def test_hits_lie_where_a_line_meets_the_sphere(ball: Scene) -> None:
    camera = Camera(20, 10, 30, 400, 25, CENTRE)
    seen = cast(ball, camera, (31, 47), 1)
    rays = pixel_rays(camera, 31, 47, np.arange(31 * 47)).astype(float)
    from_centre = camera.position() - CENTRE
    a, b = (rays**2).sum(1), rays @ from_centre
    inner = b**2 - a * (from_centre @ from_centre - RADIUS**2)
    hit = np.flatnonzero(inner > 30 * a)  # clear of the faceted rim
    assert set(hit) <= set(seen.index)
    where = np.searchsorted(seen.index, hit)
    expected = (-b[hit] - np.sqrt(inner[hit])) / a[hit]
    np.testing.assert_allclose(seen.depth[where], expected, atol=0.4)
    normal = (from_centre + rays[hit] * expected[:, None]) / RADIUS
    np.testing.assert_allclose(seen.normal[where], normal, atol=0.03)


def test_projection_agrees_with_the_rays() -> None:
    camera = Camera(-40, 25, 15, 700, 18, (3.0, 60.0, -40.0))
    index = np.arange(7 * 9)
    points = camera.position() + pixel_rays(camera, 7, 9, index) * 650.0
    places = project(camera, points.astype(np.float32), 7, 9)
    row, column = np.divmod(index, 9)
    np.testing.assert_allclose(places, np.stack([row, column], 1) + 0.5, atol=1e-3)
    behind = camera.position() - 10 * camera.axes()[2]
    assert np.isnan(project(camera, behind[None].astype(np.float32), 7, 9)).all()


def test_the_persons_right_is_on_the_left_of_the_picture() -> None:
    place = project(Camera(), np.array([[50, 75, 0]], np.float32), 100, 100)[0]
    assert place[0] < 50
    assert place[1] < 50


def test_shading_equals_a_naive_loop(ball: Scene) -> None:
    seen = cast(ball, Camera(10, 5, look_at=CENTRE), 12, 1)
    light = Light(-30, 50, 0.8, 0.3, 0.2, 0.1)
    skin = Skin(0.6, (0.3, 0.2, 0.1), 0.2, 12.0)
    rng = np.random.default_rng(1)
    seen = replace(seen, occlusion=rng.uniform(0.2, 1, len(seen.index)).astype(np.float32))
    albedo = rng.uniform(0, 1, (len(seen.index), 3)).astype(np.float32)
    lit = rng.uniform(0, 1, len(seen.index)).astype(np.float32)
    expected = [_naive(seen, k, light, skin, albedo[k], lit[k]) for k in range(len(albedo))]
    np.testing.assert_allclose(radiance(seen, light, albedo, skin, lit), expected, atol=2e-5)


def _naive(
    seen: GBuffer, k: int, light: Light, skin: Skin, albedo: np.ndarray, lit: float
) -> list[float]:
    a, e = np.radians(light.azimuth), np.radians(light.elevation)
    lamp = np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])
    normal, sight = seen.normal[k].astype(float), seen.sight[k].astype(float)
    facing, toward = normal @ lamp, normal @ sight
    direct = light.strength * np.sqrt(seen.occlusion[k]) * lit
    sky = light.ambient / 1.5 * seen.occlusion[k] * (1 + 0.5 * normal[2])
    edge = (1 - min(max(toward, 0), 1)) ** 3
    half = (lamp + sight) / np.linalg.norm(lamp + sight)
    peak = max(normal @ half, 0) ** skin.shininess * skin.specular * (1 + 4 * edge) * (facing > 0)
    gloss = peak * direct + light.rim * edge * seen.occlusion[k]
    colours = []
    for channel in range(3):
        wide = min(light.softness + 2 * skin.scatter[channel], 1)
        terms = [max(facing + w, 0) / (1 + w) / 2 for w in (light.softness, wide)]
        colours.append((sum(terms) * direct + sky) * albedo[channel] + gloss)
    return colours


def test_box_mean_equals_the_mean_of_blocks(ball: Scene) -> None:
    seen = cast(ball, Camera(look_at=CENTRE), (14, 18), 3)
    values = np.random.default_rng(2).random(len(seen.index)).astype(np.float32)
    fine = np.full(42 * 54, 0.25)
    fine[seen.index] = values
    expected = fine.reshape(14, 3, 18, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(box_mean(seen, values, 0.25), expected, atol=1e-6)


def test_interpolated_places_are_where_the_rays_end(ball: Scene) -> None:
    camera = Camera(15, look_at=CENTRE)
    seen = cast(ball, camera, 20, 2)
    ends = camera.position() + pixel_rays(camera, 40, 40, seen.index) * seen.depth[:, None]
    np.testing.assert_allclose(interpolate(ball, seen, ball.mesh.vertices), ends, atol=0.01)


def test_relighting_equals_a_new_render(ball: Scene) -> None:
    camera, second = Camera(12, look_at=CENTRE), Light(50, 10)
    seen = cast(ball, camera, 40, 2)
    shade(seen, Light(-60, 60))
    again = open_scene(ball.mesh)
    np.testing.assert_array_equal(shade(seen, second), shade(cast(again, camera, 40, 2), second))


def test_light_from_the_persons_right_brightens_the_left_of_the_picture(ball: Scene) -> None:
    picture = shade(cast(ball, Camera(look_at=CENTRE), 40, 2), Light(60, 0)).astype(float)
    assert picture[:, :20].mean() > 1.3 * picture[:, 20:].mean()


def test_one_part_shades_another() -> None:
    """A small ball between the lamp and a large one leaves a dark spot on the large one only."""
    points, triangles = unit_ball(40, 80)
    lamp = direction(0, 40)
    both = np.concatenate([points * 50, points * 8 + 90 * lamp])
    scene = open_scene(
        Mesh(both.astype(np.float32), np.concatenate([triangles, triangles + len(points)]))
    )
    camera = Camera(60, 0, look_at=(0, 0, 0))
    seen = cast(scene, camera, 60, 2)
    lit = lit_share(scene, camera, seen, Light(0, 40, softness=0.01), 4, np.random.default_rng(3))
    place = interpolate(scene, seen, scene.mesh.vertices)
    big = (seen.triangle < len(triangles)) & (place @ lamp > 10)
    across = np.linalg.norm(np.cross(place, lamp), axis=1)
    assert (big & (across < 6)).sum() > 5
    assert lit[big & (across < 6)].max() == 0
    assert lit[big & (across > 12)].min() == 1


@pytest.mark.parametrize(("name", "count"), [("headrisk", 21), ("mayo2024", 81), ("nejm2019", 10)])
def test_protocols_have_their_number_of_renders(name: str, count: int, ball: Scene) -> None:
    protocol = protocol_of(name, np.random.default_rng(5))
    assert protocol.name == name
    pictures = render_scene(ball, protocol, 16, 1)
    assert pictures.shape == (count, 16, 16)
    assert len(np.unique(pictures.reshape(count, -1), axis=0)) == count


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(ball: Scene) -> None:
    one, same, other = (
        render_scene(ball, protocol_of("nejm2019", np.random.default_rng(k)), 24, 2)
        for k in (7, 7, 8)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_views_move_with_the_face(ball: Scene) -> None:
    """Renders of a head that was shifted are the same when the face's centre is told."""
    shift = np.array([4.0, -8.0, 16.0])
    away = open_scene(Mesh((ball.mesh.vertices + shift).astype(np.float32), ball.mesh.triangles))
    centre = np.array(CENTRE)
    first = render_scene(ball, SCANS, 32, 2, centre).astype(int)
    second = render_scene(away, SCANS, 32, 2, centre + shift).astype(int)
    assert np.abs(first - second).max() <= 2


def test_scans_are_compared_from_the_front() -> None:
    assert SCANS.count == 9
    assert all(abs(camera.azimuth) <= 15 for camera, _ in SCANS.views)


def test_mayo_renders_every_lamp_from_every_camera() -> None:
    views = mayo2024_protocol().views
    assert len(views) == len({(camera.azimuth, camera.elevation) for camera, _ in views}) == 9
    assert all(len(set(lights)) == 9 for _, lights in views)


def test_a_surface_out_of_sight_gives_a_black_picture(ball: Scene) -> None:
    seen = cast(ball, Camera(look_at=(5000.0, 70.0, 0.0)), 12, 2)
    assert len(seen.index) == 0
    assert not shade(seen, Light()).any()


def test_what_cannot_be_rendered_is_said(ball: Scene) -> None:
    with pytest.raises(UsageError, match="0 x 5"):
        cast(ball, Camera(), (0, 5))
    with pytest.raises(UsageError, match=NAMES[0]):
        protocol_of("other", np.random.default_rng(0))
