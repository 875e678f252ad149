"""A photograph of a twin: another day, another expression, another light than in the scanner."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headrisk.face.mesh import Mesh
from headrisk.face.render import Camera, Scene, cast
from headrisk.face.render.cast import GBuffer, interpolate
from headrisk.face.render.shade import Skin, box_mean, radiance
from headrisk.face.render.shadow import lit_share
from headrisk.face.twins import zones
from headrisk.face.twins.appearance import Appearance
from headrisk.face.twins.figure import CLOTH, EYE, FRAME, SKIN, TEETH, Figure, PhotoHead, stand
from headrisk.face.twins.hair import draw_cut, hair_albedo
from headrisk.face.twins.identity import Identity, draw_expression, pose_head
from headrisk.face.twins.lamps import Lamp, draw_lamps
from headrisk.face.twins.lens import develop, draw_background
from headrisk.face.twins.noise import Noise, draw_noise
from headrisk.face.twins.photo_settings import PhotoSettings
from headrisk.face.twins.shapes import HeadShapes
from headrisk.face.twins.skin import Day, draw_day, skin_albedo, skin_relief, tilted
from headrisk.types import Float32Array, FloatArray

LIFE = 0.91  # life size over template size
SUPERSAMPLE = 2
_SCLERA, _PUPIL = (0.72, 0.70, 0.68), (0.01, 0.01, 0.01)
_TEETH, _MOUTH = (0.72, 0.66, 0.55), (0.22, 0.05, 0.05)
_HAIR_SKIN = Skin(specular=0.10, shininess=24.0)
_ORIENTATIONS = (3, 6, 8)  # EXIF: turned by 180, 90 and 270 degrees
_ORIENTATION_TAG = 0x0112
_TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class _Sitting:
    """Everything drawn for one photograph."""

    look: Appearance
    day: Day
    noise: Noise
    figure: Figure
    camera: Camera
    lamps: tuple[Lamp, ...]
    iris: Float32Array  # (vertices, 2) how much of iris and pupil each vertex of the head is
    cloth: FloatArray


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
    sitting = _sit(shapes, identity, look, settings, rng)
    colour, filled = _expose(sitting, settings, size, rng)
    scene = draw_background(size, settings.background, rng)
    return develop(colour + (1 - filled[:, :, None]) * scene, settings, rng)


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


def _sit(
    shapes: HeadShapes,
    identity: Identity,
    look: Appearance,
    settings: PhotoSettings,
    rng: np.random.Generator,
) -> _Sitting:
    head = photo_head(shapes, identity, settings, rng)
    noise = draw_noise(np.random.default_rng(look.seed))
    day, cut = draw_day(look, settings.makeup, rng), draw_cut(look, rng)
    if settings.beard == 0:
        cut = replace(cut, beard="none")
    worn = look.glasses >= 0 and bool(rng.random() < 0.75) and settings.glasses > 0
    yaw, pitch, roll = rng.normal(0, 1, 3) * (
        settings.yaw_deg,
        settings.pitch_deg,
        settings.roll_deg,
    )
    near, far = np.log(settings.distance_mm)
    distance = float(np.exp(rng.uniform(near, far)))
    framing = float(rng.uniform(150, 190))  # half of the picture's height at the face, mm
    camera = Camera(
        float(np.clip(yaw, -30, 30)),
        float(np.clip(pitch, -18, 18)),
        float(roll),
        distance,
        float(np.degrees(2 * np.arctan(framing / distance))),
        (float(rng.normal(0, 8)), 10.0, float(rng.normal(-25, 10))),
    )
    figure = stand(
        head, look, cut, noise, hair=settings.hair, clothes=settings.clothes, glasses=worn,
        body_turn=float(rng.normal(0, 12)),
    )  # fmt: skip
    iris = np.stack([shapes.regions[name] for name in ("iris", "pupil")], axis=1)
    grown = np.zeros((len(figure.places), 2), np.float32)
    grown[: len(iris)] = iris
    lamps = draw_lamps(camera, settings.lights, rng)
    cloth = rng.uniform(0.02, 0.5) * rng.uniform(0.5, 1.0, 3)
    return _Sitting(look, day, noise, figure, camera, lamps, grown, cloth)


def photo_head(
    shapes: HeadShapes, identity: Identity, settings: PhotoSettings, rng: np.random.Generator
) -> PhotoHead:
    """The head with the expression of one photograph, in life size, eyes near the origin."""
    expression = draw_expression(shapes, rng, settings.expression)
    closed = 1 - settings.eyes_open * (1 - expression.eyes_closed)
    mesh = pose_head(
        shapes,
        identity,
        expression=replace(expression, eyes_closed=closed),
        surface_error_mm=settings.surface_error_mm,
        rng=rng,
    )
    middle = _eye_middle(shapes)
    ball = len(shapes.ball)
    eyeball = np.zeros(len(mesh.vertices), np.uint8)
    eyeball[shapes.skin_count : shapes.skin_count + ball] = 2  # that on the -x side is the left
    eyeball[shapes.skin_count + ball :] = 1
    places = (LIFE * (shapes.reference - middle)).astype(np.float32)
    points = (LIFE * (mesh.vertices - middle)).astype(np.float32)
    inside = np.clip(shapes.regions["mouth_inside"], 0, 1)
    return PhotoHead(Mesh(points, mesh.triangles), places, eyeball, inside)


def _eye_middle(shapes: HeadShapes) -> FloatArray:
    """Point midway between the average head's eyes, template mm."""
    rows = [shapes.control[side] for side in shapes.eye_rows]
    centres = [(r.min(axis=0) + r.max(axis=0)) / 2 for r in rows]
    return np.asarray((centres[0] + centres[1]) / 2)


def _expose(
    sitting: _Sitting, settings: PhotoSettings, size: int, rng: np.random.Generator
) -> tuple[Float32Array, Float32Array]:
    """Linear light (size, size, 3) of the figure, and the share of each pixel that it fills."""
    figure, camera = sitting.figure, sitting.camera
    seen = cast(figure.solid, camera, size, SUPERSAMPLE)
    albedo, normal = _surface(sitting, seen, settings)
    light = _lit(figure.solid, sitting, replace(seen, normal=normal), albedo, Skin(), rng)
    fine = SUPERSAMPLE * size
    picture = np.zeros((fine * fine, 3), np.float32)
    filled = np.zeros(fine * fine, np.float32)
    depth = np.full(fine * fine, np.inf, np.float32)
    picture[seen.index], filled[seen.index], depth[seen.index] = light, 1.0, seen.depth
    if figure.hair is not None and figure.hair_scene is not None:
        over = cast(figure.hair_scene, camera, size, SUPERSAMPLE)
        front = over.depth < depth[over.index] + 0.3
        hair, opacity = _hair(sitting, over, rng)
        opacity = np.where(front, opacity, 0).astype(np.float32)
        place = over.index
        picture[place] += opacity[:, None] * (hair - picture[place])
        filled[place] += opacity * (1 - filled[place])
        bare = depth[place] == np.inf
        picture[place[bare]] = opacity[bare, None] * hair[bare]
    whole = replace(seen, index=np.arange(fine * fine))
    return box_mean(whole, picture), box_mean(whole, filled)


def _surface(
    sitting: _Sitting, seen: GBuffer, settings: PhotoSettings
) -> tuple[Float32Array, Float32Array]:
    """Albedo (n, 3) and normal (n, 3) of everything but hair."""
    figure, look = sitting.figure, sitting.look
    part = figure.part[seen.triangle]
    places = interpolate(figure.solid, seen, figure.places)
    albedo = np.empty((len(part), 3), np.float32)
    normal = seen.normal.copy()
    skin = part == SKIN
    own = places[skin]
    painted = skin_albedo(own, look, sitting.day, sitting.noise, settings.texture)
    painted = _brows_and_shadow(painted, own, sitting, settings)
    mouth = np.clip(interpolate(figure.solid, seen, figure.inside)[skin], 0, 1)[:, None]
    albedo[skin] = (1 - mouth) * painted + mouth * np.asarray(_MOUTH, np.float32)
    slope = skin_relief(own, look, sitting.day, sitting.noise, settings.texture)
    normal[skin] = tilted(normal[skin], slope)
    eye = part == EYE
    iris = interpolate(figure.solid, seen, sitting.iris)[eye]
    ball = np.asarray(_SCLERA, np.float32) + iris[:, :1] * (
        np.asarray(look.iris, np.float32) - np.asarray(_SCLERA, np.float32)
    )
    albedo[eye] = ball + iris[:, 1:] * (np.asarray(_PUPIL, np.float32) - ball)
    albedo[part == TEETH] = _TEETH
    albedo[part == CLOTH] = sitting.cloth
    albedo[part == FRAME] = figure.glasses.colour if figure.glasses is not None else (0, 0, 0)
    return albedo, normal


def _brows_and_shadow(
    albedo: Float32Array, places: Float32Array, sitting: _Sitting, settings: PhotoSettings
) -> Float32Array:
    """Eyebrows and the shadow of a shaved beard on the skin."""
    look = sitting.look
    hair = np.asarray(look.hair_colour, np.float32)
    fibre = 1 + 0.35 * sitting.noise(places, np.array([1.6, 1.6, 0.8], np.float32))
    brow = settings.brows * look.brow_density * zones.brows(places, look) * fibre
    brow = np.clip(brow, 0, 0.95)[:, None]
    grown = np.zeros((len(places), 1), np.float32)
    if look.beard_growth > 0 and settings.beard > 0:
        amount = settings.beard * 0.35 * sitting.day.stubble
        grown[:, 0] = np.clip(amount * zones.beard(places, "full"), 0, 0.6)
    dark = np.float32(0.75) * hair
    mixed = albedo + brow * (dark - albedo)
    return np.asarray(mixed + grown * (hair - mixed), np.float32)


def _hair(
    sitting: _Sitting, over: GBuffer, rng: np.random.Generator
) -> tuple[Float32Array, Float32Array]:
    """Light (n, 3) and opacity (n,) of the hits on hair."""
    figure = sitting.figure
    if figure.hair is None or figure.hair_scene is None:
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    strands = interpolate(figure.hair_scene, over, figure.hair.strands)
    albedo, opacity, slope = hair_albedo(strands, sitting.look, sitting.noise)
    across = np.array([1.0, 0.0, 0.0], np.float32) * slope[:, None] * np.float32(0.5)
    bent = replace(over, normal=tilted(over.normal, across))
    return _lit(figure.hair_scene, sitting, bent, albedo, _HAIR_SKIN, rng, shadows=False), opacity


def _lit(
    scene: Scene,
    sitting: _Sitting,
    seen: GBuffer,
    albedo: Float32Array,
    skin: Skin,
    rng: np.random.Generator,
    *,
    shadows: bool = True,
) -> Float32Array:
    """Light (n, 3) under all lamps."""
    total = np.zeros((len(albedo), 3), np.float32)
    for lamp in sitting.lamps:
        share = None
        if shadows and lamp.shadow:
            share = lit_share(scene, sitting.camera, seen, lamp.light, 1, rng)
        total += radiance(seen, lamp.light, albedo, skin, share) * np.asarray(
            lamp.colour, np.float32
        )
    return total
