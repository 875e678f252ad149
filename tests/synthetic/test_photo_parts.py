"""Parts of a photograph: noise, zones of the face, hair, spectacles, material, camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from headrisk.face.render.cast import cast, open_scene
from headrisk.heads.identity import draw_identity
from headrisk.heads.mesh import vertex_normals
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import Camera, project
from headrisk.synthetic.people import zones
from headrisk.synthetic.people.appearance import Appearance, draw_appearance
from headrisk.synthetic.people.figure import PhotoHead, wear
from headrisk.synthetic.people.hair import draw_cut, grow, growth
from headrisk.synthetic.people.noise import Noise, draw_noise
from headrisk.synthetic.people.photo import draw_camera, photo_head, smaller, take_photo
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.skin import draw_day, skin_albedo, tilted

STILL = PhotoSettings(
    size=(96, 96),
    expression=0,
    surface_error_mm=0,
    yaw_deg=0,
    pitch_deg=0,
    roll_deg=0,
    makeup=0,
    distance_mm=(900, 900),
    distortion=0,
    lights=0,
    background=0,
    blur=0,
    noise=0,
    white_balance=0,
    turned=0,
)


def looks(sex: str = "M", seed: int = 3, **changes: object) -> Appearance:
    drawn = draw_appearance("F" if sex == "F" else "M", 40, STILL, np.random.default_rng(seed))
    plain = {"hair_style": "short", "hairline_mm": 0.0, "beard": "none", "glasses": -1}
    return replace(drawn, **(plain | changes))  # type: ignore[arg-type]


def head(seed: int = 5) -> PhotoHead:
    shapes = load_shapes(1)
    identity = draw_identity(shapes, np.random.default_rng(seed))
    return photo_head(shapes, identity, STILL, np.random.default_rng(0))


def shoot(look: Appearance, settings: PhotoSettings = STILL) -> NDArray[np.float64]:
    """A photograph under an exposure that the parts to compare hardly change."""
    shapes = load_shapes(1)
    identity = draw_identity(shapes, np.random.default_rng(5))
    picture = take_photo(shapes, identity, look, settings, np.random.default_rng(9))
    return picture.astype(float).mean(axis=2)


@pytest.fixture(scope="module")
def noise() -> Noise:
    return draw_noise(np.random.default_rng(1))


def test_noise_is_periodic_standard_and_its_gradient_is_its_slope(noise: Noise) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-300, 300, (20000, 3)).astype(np.float32)
    values = noise(points, 2.0)
    assert abs(values.mean()) < 0.05
    assert 0.7 < values.std() < 1.05  # interpolation between cells takes some away
    np.testing.assert_allclose(noise(points + 96, 2.0), values, atol=2e-2)
    grid = rng.integers(0, 48, (300, 3)).astype(np.float32)
    for axis in range(3):
        step = np.zeros(3, np.float32)
        step[axis] = 1
        slope = (noise(grid + step, 1.0) - noise(grid - step, 1.0)) / 2
        np.testing.assert_allclose(noise.gradient(grid, 1.0)[:, axis], slope, atol=1e-4)


def test_zones_lie_where_the_shape_model_says() -> None:
    """Lips, ears and scalp against the labels that come with the shapes."""
    shapes, own = load_shapes(1), head()
    skin = own.eyeball == 0
    outside = skin & (own.inside < 0.1)
    for zone, region in ((zones.lips(own.places), "lips"), (zones.ears(own.places), "ear")):
        mine, theirs = (zone > 0.5)[outside], (shapes.regions[region] > 0.5)[outside]
        overlap = 2 * (mine & theirs).sum() / (mine.sum() + theirs.sum())
        assert overlap > 0.6, region
    above = zones.scalp(own.places, looks(), 0.0) > 0
    bare = (shapes.regions["nose"] > 0.5) | (shapes.regions["chin"] > 0.5)
    assert not above[skin & bare].any()
    assert above[skin & (own.places[:, 2] > 85)].all()
    brow = zones.brows(own.places, looks()) > 0.3
    label = shapes.regions["eyebrow"]
    assert label[brow & skin].mean() > 0.35 > 10 * label[~brow & skin].mean()


def test_the_head_is_upright_in_life_size_with_eyes_in_front() -> None:
    own = head()
    right, left = own.eye_centres()
    assert right[0] > 0 > left[0]
    assert np.linalg.norm(right - left) == pytest.approx(58, abs=6)
    assert np.abs((right + left) / 2).max() < 12
    points = own.mesh.vertices[own.eyeball == 0]
    tip = points[points[:, 1].argmax()]
    assert abs(tip[0]) < 6
    assert -60 < tip[2] < -15  # the nose stands out most


def test_spectacles_are_before_the_eyes_and_clear_of_the_skin() -> None:
    own = head()
    skin = own.eyeball == 0
    for number in range(6):
        worn = wear(number, own.mesh.vertices[skin], own.places[skin])
        assert worn.lenses.vertices[:, 1].min() > own.eye_centres()[:, 1].max()
        scene = open_scene(own.mesh)
        camera = Camera(0, 0, 0, 900, 20, (0, 0, 0))
        seen = cast(scene, camera, 200, 1)
        depth = np.full(200 * 200, np.inf)
        depth[seen.index] = seen.depth
        glass = cast(open_scene(worn.lenses), camera, 200, 1)
        hidden = glass.depth > depth[glass.index]
        assert len(glass.index) > 500
        assert hidden.mean() < 0.02
        places = project(camera, worn.lenses.vertices, 200, 200)
        assert 40 < np.ptp(places[:, 1]) < 120


@pytest.mark.parametrize("style", ["short", "fringe", "parted", "long", "curly", "shaved", "bald"])
def test_hair_lies_outside_the_skull_and_leaves_the_eyes_free(style: str, noise: Noise) -> None:
    own, look = head(), looks("F", hair_style=style)
    cut = replace(draw_cut(look, np.random.default_rng(2)), beard="full", beard_mm=5.0)
    hair = grow(own.mesh, own.places, look, cut, noise, 1.0)
    assert hair is not None
    surely = hair.strands[:, 2] > 0.5
    around = np.abs(np.abs(hair.mesh.vertices[:, 0]) - 28.5) < 12
    eyes = around & (np.abs(hair.mesh.vertices[:, 2]) < 8) & (hair.mesh.vertices[:, 1] > 0)
    assert not (eyes & surely).any()
    assert np.isfinite(vertex_normals(hair.mesh)).all()
    assert grow(own.mesh, own.places, look, cut, noise, 0.0) is None
    scalp, beard = growth(own.places, look, cut, 1.0)
    assert scalp[own.places[:, 2] < -100].max() < 0.5
    assert beard[own.places[:, 2] > 0].max() == 0
    assert scalp.max() > 0.9


def test_spectacles_and_beard_change_their_own_rows() -> None:
    black = (0.01, 0.01, 0.01)
    bare = shoot(looks(hair_colour=black))
    glasses = shoot(looks(hair_colour=black, glasses=4), replace(STILL, glasses=1.0))
    stubbly = replace(STILL, beard=0.0)
    np.testing.assert_array_equal(shoot(looks(beard="full"), stubbly), shoot(looks(), stubbly))
    rows = np.nonzero((np.abs(bare - glasses) > 30).sum(axis=1) > 2)[0]
    assert len(rows) > 4
    assert np.ptp(rows) < 30
    bearded = shoot(looks(beard="full", hair_colour=black))
    changed = (np.abs(bare - bearded) > 30).sum(axis=1)
    assert changed[:30].sum() < 0.1 * changed.sum()
    assert rows.mean() < np.average(np.arange(96), weights=changed) - 8


def test_the_tone_and_the_texture_of_skin(noise: Noise) -> None:
    own = head()
    day = draw_day(looks(), 0.0, np.random.default_rng(1))
    fair, dark = (
        skin_albedo(own.places, looks(melanin=value), day, noise, 1.0) for value in (0.05, 0.95)
    )
    assert fair.mean() > 3 * dark.mean()
    assert 0 < dark.min() < fair.max() < 1
    smooth = skin_albedo(own.places, looks(), day, noise, 0.0)
    assert np.ptp(smooth, axis=0).max() < 1e-6
    lips = zones.lips(own.places) > 0.9
    redness = fair[:, 0] / fair[:, 1]
    assert redness[lips].mean() > 1.2 * redness[~lips].mean()


def test_a_relief_turns_normals_against_the_slope() -> None:
    normal = np.array([[0, 1, 0], [0, 0, 1]], np.float32)
    slope = np.array([[0.5, 9, 0], [0, 0, 3]], np.float32)
    bent = tilted(normal, slope)
    np.testing.assert_allclose(bent[0], np.array([-0.5, 1, 0]) / np.hypot(0.5, 1), rtol=1e-5)
    np.testing.assert_allclose(bent[1], normal[1])


def test_block_means_and_cameras() -> None:
    fine = np.random.default_rng(0).random((6, 8, 3)).astype(np.float32)
    coarse = smaller(fine, 2)
    assert coarse.shape == (3, 4, 3)
    assert coarse[1, 2, 0] == pytest.approx(fine[2:4, 4:6, 0].mean())
    cameras = [draw_camera(PhotoSettings(), np.random.default_rng(seed)) for seed in range(300)]
    assert max(abs(c.azimuth) for c in cameras) <= 2.2 * 9 + 1e-6
    distance = np.array([c.distance_mm for c in cameras])
    assert 450 <= distance.min() < 500
    assert 2200 < distance.max() <= 2500
    tall = 2 * distance * np.tan(np.radians([c.field_of_view for c in cameras]) / 2)
    assert 289 < tall.min() < tall.max() < 391  # the head fills a like part of every picture
