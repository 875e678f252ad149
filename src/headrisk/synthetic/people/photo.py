"""A photograph of a twin: another day, another expression, another light than in the scanner."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headrisk.face.render import Camera
from headrisk.heads.identity import Identity, draw_expression, pose_head
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import HeadShapes
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.body import PhotoHead
from headrisk.synthetic.people.figure import stand
from headrisk.synthetic.people.haircut import draw_cut
from headrisk.synthetic.people.lamps import draw_lamps
from headrisk.synthetic.people.lens import develop, draw_background, smaller
from headrisk.synthetic.people.noise import draw_noise
from headrisk.synthetic.people.paint import Sitting, expose
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.skin import draw_day
from headrisk.types import FloatArray

LIFE = 0.91  # life size over template size
_UPRIGHT_DEG = 6.0  # a head that looks straight ahead is bent forward by this in template space
_WIDE = 0.35  # lids of somebody who looks into a camera, against the shape data's rest
_FINE_BELOW = 440  # pixels: smaller pictures take four rays for each pixel
_ORIENTATIONS = (3, 6, 8)  # EXIF: turned by 180, 90 and 270 degrees
_ORIENTATION_TAG = 0x0112
_TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def take_photo(
    shapes: HeadShapes,
    identity: Identity,
    look: Appearance,
    settings: PhotoSettings,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """One photograph, (size, size, 3) RGB.

    Parameters
    ----------
    shapes
        One subdivision step is enough at these sizes.
    identity, look
        Shape of the head, and everything else that stays with the person.
    settings
        Strength of every difference from the scan.
    rng
        What changes from photograph to photograph.

    Raises
    ------
    MissingExtraError
        The package embreex is not installed.
    """
    size = int(rng.integers(settings.size[0], settings.size[1] + 1))
    rays = 2 if size < _FINE_BELOW else 1
    sitting = sit(shapes, identity, look, settings, rng)
    light, filled = expose(sitting, size, rays, rng)
    scene = draw_background(size, settings.background, rng)
    scene = scene * (1 - smaller(filled, rays))[:, :, None]
    return develop(smaller(light, rays) + scene, settings, rng)


def empty_photo(settings: PhotoSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A photograph of a wall or a room, (size, size, 3) RGB."""
    size = int(rng.integers(settings.size[0], settings.size[1] + 1))
    return develop(draw_background(size, settings.background, rng), settings, rng)


def photo_jpeg(
    picture: NDArray[np.uint8], settings: PhotoSettings, rng: np.random.Generator
) -> bytes:
    """The picture as a JPEG file, some of them stored turned with a tag that says so."""
    image = Image.fromarray(picture)
    exif = Image.Exif()
    if rng.random() < settings.turned:
        orientation = int(rng.choice(_ORIENTATIONS))
        image = image.transpose(_TURNS[orientation])
        exif[_ORIENTATION_TAG] = orientation
    low, high = settings.jpeg_quality
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(low, high + 1)), exif=exif)
    return buffer.getvalue()


def sit(
    shapes: HeadShapes,
    identity: Identity,
    look: Appearance,
    settings: PhotoSettings,
    rng: np.random.Generator,
) -> Sitting:
    """Draw what changes from photograph to photograph, and put the figure together."""
    of_head, of_day, of_hair, of_camera, of_light, of_clothes = rng.spawn(6)
    head = photo_head(shapes, identity, settings, of_head)
    noise = draw_noise(np.random.default_rng(look.seed))
    cut = draw_cut(look, of_hair)
    if settings.beard == 0:
        cut = replace(cut, beard="none")
    worn = look.glasses >= 0 and bool(of_day.random() < 0.75) and settings.glasses > 0
    day = draw_day(look, settings.makeup, of_day)
    camera = draw_camera(settings, of_camera)
    figure = stand(
        head, look, cut, noise, hair=settings.hair, clothes=settings.clothes, glasses=worn,
        body_turn=float(of_camera.normal(0, 12)),
    )  # fmt: skip
    cloth = of_clothes.uniform(0.01, 0.6, (2, 1)) * of_clothes.uniform(0.35, 1.0, (2, 3))
    striped = of_clothes.random() < 0.25
    return Sitting(
        look=look,
        day=day,
        cut=cut,
        noise=noise,
        figure=figure,
        camera=camera,
        lamps=draw_lamps(camera, settings.lights, of_light),
        cloth=cloth.astype(np.float32),
        stripe_mm=float(of_clothes.uniform(4, 30)) if striped else 0.0,
        pupil_deg=float(of_day.uniform(7, 13)),
        settings=settings,
    )


def draw_camera(settings: PhotoSettings, rng: np.random.Generator) -> Camera:
    """Where the camera stands, and how tightly it frames the head."""
    spread = (settings.yaw_deg, settings.pitch_deg, settings.roll_deg)
    yaw, pitch, roll = np.clip(rng.normal(0, 1, 3), -2.2, 2.2) * spread
    distance = float(np.exp(rng.uniform(*np.log(settings.distance_mm))))
    framing = float(rng.uniform(145, 195))  # half of the picture's height at the face, mm
    return Camera(
        float(yaw),
        float(pitch),
        float(roll),
        distance,
        float(np.degrees(2 * np.arctan(framing / distance))),
        (float(rng.normal(0, 10)), 10.0, float(rng.normal(-30, 10))),
    )


def photo_head(
    shapes: HeadShapes, identity: Identity, settings: PhotoSettings, rng: np.random.Generator
) -> PhotoHead:
    """The head with the expression of one photograph, in life size, eyes near the origin."""
    expression = draw_expression(shapes, rng, settings.expression)
    names = shapes.names[shapes.expression]
    wide = _WIDE * settings.eyes_open * np.char.startswith(names, "eyeWide")
    closed = 1 - settings.eyes_open * (1 - expression.eyes_closed)
    mesh = pose_head(
        shapes,
        identity,
        expression=replace(expression, units=expression.units + wide, eyes_closed=closed),
        surface_error_mm=settings.surface_error_mm,
        rng=rng,
    )
    to_life = upright(shapes)
    ball = len(shapes.ball)
    eyeball = np.zeros(len(mesh.vertices), np.uint8)
    eyeball[shapes.skin_count : shapes.skin_count + ball] = 2  # that on the -x side is the left
    eyeball[shapes.skin_count + ball :] = 1
    places = Mesh(shapes.reference, shapes.triangles).moved(to_life).vertices
    places[eyeball > 0] = shapes.reference[eyeball > 0]
    inside = np.clip(shapes.regions["mouth_inside"], 0, 1)
    return PhotoHead(mesh.moved(to_life), places, eyeball, inside)


def upright(shapes: HeadShapes) -> FloatArray:
    """4 x 4 from template mm to a head in life size that looks along +y, eyes at the origin."""
    rows = [shapes.control[side] for side in shapes.eye_rows]
    middle = np.mean([(r.min(axis=0) + r.max(axis=0)) / 2 for r in rows], axis=0)
    c, s = np.cos(np.radians(_UPRIGHT_DEG)), np.sin(np.radians(_UPRIGHT_DEG))
    affine = np.eye(4)
    affine[:3, :3] = LIFE * np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    affine[:3, 3] = -affine[:3, :3] @ middle
    return affine
