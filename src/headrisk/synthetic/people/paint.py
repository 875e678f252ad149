"""Light, shadow and colour of everything that stands before the camera."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headrisk.face.render import Camera, Light, Skin, cast, interpolate, radiance
from headrisk.face.render.cast import GBuffer, Scene
from headrisk.heads.view import direction, pixel_rays
from headrisk.synthetic.people import zones
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.figure import CLOTH, EYE, FRAME, SKIN, TEETH, Figure
from headrisk.synthetic.people.hair import Cut, growth, hair_albedo
from headrisk.synthetic.people.noise import Noise, smoothstep
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.skin import Day, skin_albedo, skin_relief, tilted
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# Where the light of a photograph comes from.
# ----------------------------------------------------------------------

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Lamp:
    """One light and its colour; ``shadow`` says whether its shadows are sharp enough to draw."""

    light: Light
    colour: tuple[float, float, float]
    shadow: bool


def draw_lamps(camera: Camera, strength: float, rng: np.random.Generator) -> tuple[Lamp, ...]:
    """Window, ceiling, flash, overcast sky or sun, seen from where the camera stands.

    ``strength`` 0 gives one even light from the camera's side; between 0 and 1 it is mixed in.
    """
    even = Lamp(Light(camera.azimuth, camera.elevation + 15, 0.5, 0.6, 0.5), WHITE, False)
    if strength == 0:
        return (even,)
    kind = rng.choice(
        ["window", "ceiling", "flash", "overcast", "sun"], p=[0.35, 0.2, 0.15, 0.2, 0.1]
    )
    side = float(rng.choice([-1, 1]))
    az, el = camera.azimuth, camera.elevation
    lamps: tuple[Lamp, ...]
    warm, cool = _tint(-1, rng), _tint(1, rng)
    if kind == "window":
        key = Light(az + side * rng.uniform(20, 75), rng.uniform(10, 40), 0.8, 0.5, 0.16)
        fill = Light(az - side * rng.uniform(20, 80), rng.uniform(10, 60), 0.15, 0.7, 0.1)
        lamps = (Lamp(key, cool, True), Lamp(fill, warm, False))
    elif kind == "ceiling":
        key = Light(az + side * rng.uniform(0, 60), rng.uniform(45, 65), 0.6, 0.6, 0.3)
        fill = Light(az - side * rng.uniform(10, 60), rng.uniform(10, 40), 0.2, 0.7, 0.1)
        lamps = (Lamp(key, warm, True), Lamp(fill, warm, False))
    elif kind == "flash":
        key = Light(az + side * 3, el + 4, 0.85, 0.06, 0.08)
        fill = Light(az + side * rng.uniform(20, 70), 50.0, 0.12, 0.7, 0.1)
        lamps = (Lamp(key, WHITE, True), Lamp(fill, warm, False))
    elif kind == "overcast":
        key = Light(az + side * rng.uniform(0, 50), rng.uniform(35, 70), 0.45, 0.9, 0.5)
        lamps = (Lamp(key, cool, False),)
    else:
        key = Light(az + side * rng.uniform(10, 60), rng.uniform(20, 45), 0.9, 0.08, 0.1)
        fill = Light(az - side * rng.uniform(0, 60), 60.0, 0.1, 0.9, 0.3)
        lamps = (Lamp(key, warm, True), Lamp(fill, cool, False))
    if strength >= 1:
        return lamps
    return (*(_scaled(lamp, strength) for lamp in lamps), _scaled(even, 1 - strength))


def _tint(sign: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Colour of a lamp: bluer for +1, redder for -1."""
    amount = sign * rng.uniform(0.0, 0.12)
    return (1 - amount, 1.0, 1 + amount)


def _scaled(lamp: Lamp, by: float) -> Lamp:
    light = lamp.light
    dim = Light(
        light.azimuth, light.elevation, by * light.strength, light.softness, by * light.ambient
    )
    return Lamp(dim, lamp.colour, lamp.shadow)


def tint(colour: tuple[float, float, float]) -> FloatArray:
    """A lamp's colour as an array."""
    return np.asarray(colour, np.float32)


# ----------------------------------------------------------------------
# Shadows that one part of the face casts on another.
# ----------------------------------------------------------------------

_LIFT_MM = 0.6  # off the surface along its normal, so that a point does not shade itself


def lit_share(
    scene: Scene, camera: Camera, seen: GBuffer, light: Light, rays: int, rng: np.random.Generator
) -> Float32Array:
    """Share of the lamp that each hit sees, (n,), 1 where nothing stands between.

    Parameters
    ----------
    scene, camera, seen
        The surface, the camera, and what :func:`headrisk.face.render.cast.cast` gave for both.
    light
        Its softness sets how wide the lamp is: the sine of its half angle is half the softness.
    rays
        Rays per hit, each to another place on the lamp; one costs as much as a cast.
    rng
        Where on the lamp each ray goes; with one seed the same shadows come out.
    """
    if not len(seen.index):
        return np.zeros(0, np.float32)
    k = seen.supersample
    sight = pixel_rays(camera, seen.rows * k, seen.columns * k, seen.index)
    starts = camera.position() + sight * seen.depth[:, None] + _LIFT_MM * seen.normal
    starts = np.ascontiguousarray(starts, np.float32)
    lamp = direction(light.azimuth, light.elevation)
    side = np.cross(lamp, np.eye(3)[np.argmin(np.abs(lamp))])
    side /= np.linalg.norm(side)
    other = np.cross(lamp, side)
    share = np.zeros(len(starts), np.float32)
    for _ in range(rays):
        radius = light.softness / 2 * np.sqrt(rng.random(len(starts)))
        turn = 2 * np.pi * rng.random(len(starts))
        ways = lamp + (radius * np.cos(turn))[:, None] * side
        ways += (radius * np.sin(turn))[:, None] * other
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        share += scene.tree.run(starts, ways.astype(np.float32)) < 0
    return share / np.float32(rays)


# ----------------------------------------------------------------------
# Light and colour of everything that stands before the camera.
# ----------------------------------------------------------------------

_MATERIALS = {
    SKIN: Skin(specular=0.09, shininess=16.0),
    EYE: Skin(scatter=(0.1, 0.1, 0.1), specular=0.9, shininess=350.0),
    TEETH: Skin(scatter=(0.1, 0.1, 0.1), specular=0.25, shininess=60.0),
    CLOTH: Skin(scatter=(0.0, 0.0, 0.0), specular=0.0),
    FRAME: Skin(scatter=(0.0, 0.0, 0.0), specular=0.5, shininess=50.0),
}
_HAIR = Skin(scatter=(0.1, 0.1, 0.1), specular=0.03, shininess=12.0)
_GLASS = Skin(specular=0.6, shininess=90.0)
_SCLERA, _TEETH_COLOUR = (0.60, 0.55, 0.52), (0.62, 0.56, 0.46)
_MOUTH = (0.20, 0.055, 0.05)
_IRIS_DEG = 26.0  # polar angle of the iris' rim on the eyeball
_SHADOW_RAYS = 3


@dataclass(frozen=True)
class Sitting:
    """Everything drawn for one photograph."""

    look: Appearance
    day: Day
    cut: Cut
    noise: Noise = field(repr=False)
    figure: Figure = field(repr=False)
    camera: Camera
    lamps: tuple[Lamp, ...]
    cloth: Float32Array  # (2, 3) two colours
    stripe_mm: float  # width of the stripes of the clothes; 0 for none
    pupil_deg: float
    settings: PhotoSettings


def _f32(*values: float) -> Float32Array:
    return np.array(values, np.float32)


def expose(
    sitting: Sitting, size: int, supersample: int, rng: np.random.Generator
) -> tuple[Float32Array, Float32Array]:
    """Linear light (fine, fine, 3) of the figure, and how much of each pixel it fills.

    ``fine`` is ``size`` times ``supersample``. Light is not divided by the share filled.
    """
    figure, camera = sitting.figure, sitting.camera
    fine = size * supersample
    picture = np.zeros((fine * fine, 3), np.float32)
    filled = np.zeros(fine * fine, np.float32)
    depth = np.full(fine * fine, np.inf, np.float32)
    seen = cast(figure.solid, camera, size, supersample)
    picture[seen.index] = _solid(sitting, seen, rng)
    filled[seen.index], depth[seen.index] = 1.0, seen.depth
    if figure.lens_scene is not None:
        glass = cast(figure.lens_scene, camera, size, supersample)
        glass = _only(glass, glass.depth < depth[glass.index])
        picture[glass.index] = 0.94 * picture[glass.index] + _mirrored(sitting, glass)
    if figure.hair is not None and figure.hair_scene is not None:
        over = cast(figure.hair_scene, camera, size, supersample)
        over = _only(over, over.depth < depth[over.index] + 0.3)
        light, opacity = _hair(sitting, over)
        share = opacity[:, None]
        picture[over.index] = share * light + (1 - share) * picture[over.index]
        filled[over.index] = opacity + (1 - opacity) * filled[over.index]
    return picture.reshape(fine, fine, 3), filled.reshape(fine, fine)


def _only(seen: GBuffer, chosen: NDArray[np.bool_]) -> GBuffer:
    """The chosen hits."""
    return replace(
        seen,
        **{
            name: getattr(seen, name)[chosen]
            for name in (
                "index",
                "triangle",
                "weights",
                "normal",
                "sight",
                "occlusion",
                "depth",
            )
        },
    )


def _solid(sitting: Sitting, seen: GBuffer, rng: np.random.Generator) -> Float32Array:
    """Light (n, 3) of everything but hair and lenses."""
    figure = sitting.figure
    part = figure.part[seen.triangle]
    places = interpolate(figure.solid, seen, figure.places)
    shares = [_share(sitting, lamp, seen, rng) for lamp in sitting.lamps]
    light = np.zeros((len(part), 3), np.float32)
    for kind, material in _MATERIALS.items():
        mine = part == kind
        if not mine.any():
            continue
        own = _only(seen, mine)
        albedo, normal = _surface(sitting, kind, own, places[mine])
        own = replace(own, normal=normal)
        for lamp, share in zip(sitting.lamps, shares, strict=True):
            lit = None if share is None else share[mine]
            light[mine] += radiance(own, lamp.light, albedo, material, lit) * tint(lamp.colour)
    return light


def _share(
    sitting: Sitting, lamp: Lamp, seen: GBuffer, rng: np.random.Generator
) -> Float32Array | None:
    """Share of a lamp that each hit sees past the head, the clothes and the hair."""
    if not lamp.shadow:
        return None
    figure, camera = sitting.figure, sitting.camera
    share = lit_share(figure.solid, camera, seen, lamp.light, _SHADOW_RAYS, rng)
    if figure.hair_shade is not None:
        share *= 0.3 + 0.7 * lit_share(figure.hair_shade, camera, seen, lamp.light, 1, rng)
    return share


def _surface(
    sitting: Sitting, kind: int, own: GBuffer, places: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Albedo and normals, (n, 3) each, of one part."""
    figure = sitting.figure
    if kind == SKIN:
        return _skin(sitting, own, places)
    if kind == EYE:
        return _eye(sitting, places, own.occlusion), own.normal
    if kind == TEETH:
        gaps = 0.75 + 0.25 * smoothstep(0.0, 0.12, np.abs((places[:, 0] / 7.5) % 1 - 0.5))
        return np.asarray(_TEETH_COLOUR, np.float32) * gaps[:, None], own.normal
    if kind == CLOTH:
        folds = 0.15 * sitting.noise.gradient(places, _f32(22, 22, 60))
        if sitting.stripe_mm == 0:
            return np.broadcast_to(sitting.cloth[0], places.shape), tilted(own.normal, folds)
        band = (np.floor(places[:, 2] / sitting.stripe_mm) % 2).astype(np.int64)
        return sitting.cloth[band], tilted(own.normal, folds)
    colour = (0.0, 0.0, 0.0) if figure.glasses is None else figure.glasses.colour
    return np.broadcast_to(np.asarray(colour, np.float32), places.shape), own.normal


def _skin(
    sitting: Sitting, own: GBuffer, places: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Skin with brows, lashes and the shadow of shaved or thick hair; the inside of the mouth."""
    look, day, settings = sitting.look, sitting.day, sitting.settings
    albedo = skin_albedo(places, look, day, sitting.noise, settings.texture)
    hair = np.asarray(look.hair_colour, np.float32)
    fibre = sitting.noise(places, _f32(1.6, 1.6, 0.7))
    brow = zones.brows(places, look)
    brow = settings.brows * look.brow_density * smoothstep(0.15, 0.6, brow * (1 + 0.3 * fibre))
    head, beard = growth(places, look, sitting.cut, settings.hair)
    root = 0.85 * smoothstep(0.45, 0.8, head) + 0.7 * settings.beard * smoothstep(0.3, 0.8, beard)
    if settings.beard > 0 and day.stubble > 0:
        dots = 0.75 + 0.25 * sitting.noise(places + 3, 0.9)
        root = root + 0.45 * settings.beard * day.stubble * zones.beard(places, "full") * dots
    for cover, colour in ((np.clip(brow, 0, 0.95), 0.6 * hair), (np.clip(root, 0, 0.9), hair)):
        albedo += cover[:, None] * (colour - albedo)
    upper, lower = zones.lash_line(places)
    lash = np.clip((0.75 + 0.25 * day.makeup) * upper + 0.3 * (1 + day.makeup) * lower, 0, 1)
    albedo *= 1 - settings.brows * 0.85 * np.minimum(lash, 1)[:, None]
    mouth = np.clip(interpolate(sitting.figure.solid, own, sitting.figure.inside), 0, 1)
    albedo += mouth[:, None] * (np.asarray(_MOUTH, np.float32) - albedo)
    slope = skin_relief(places, look, day, sitting.noise, settings.texture)
    slope += 0.25 * brow[:, None] * sitting.noise.gradient(places, _f32(1.6, 1.6, 0.7))
    return albedo, tilted(own.normal, slope)


def _eye(sitting: Sitting, places: Float32Array, open_sky: Float32Array) -> Float32Array:
    """Albedo (n, 3) of eyeballs, whose places lie on the unit sphere with the pupil at +y."""
    length = np.maximum(np.linalg.norm(places, axis=1), 1e-6)
    polar = np.degrees(np.arccos(np.clip(places[:, 1] / length, -1, 1))).astype(np.float32)
    turn = np.arctan2(places[:, 0], places[:, 2])
    rays = sitting.noise(np.stack([3 * turn, polar / 9, 0 * turn], axis=1).astype(np.float32), 0.5)
    iris = np.asarray(sitting.look.iris, np.float32) * (1 + 0.25 * rays)[:, None]
    iris = iris * (1 - 0.6 * smoothstep(_IRIS_DEG - 7, _IRIS_DEG, polar))[:, None]
    white = np.asarray(_SCLERA, np.float32) * np.exp(
        -smoothstep(30, 75, polar)[:, None] * _f32(0.25, 0.6, 0.6)
    )
    edge = smoothstep(_IRIS_DEG - 1, _IRIS_DEG + 2, polar)[:, None]
    colour = edge * white + (1 - edge) * np.maximum(iris, 0)
    colour *= smoothstep(sitting.pupil_deg - 1, sitting.pupil_deg + 1, polar)[:, None]
    return np.asarray(colour * (0.45 + 0.55 * open_sky[:, None]), np.float32)


def _mirrored(sitting: Sitting, glass: GBuffer) -> Float32Array:
    """Light that the lenses of spectacles mirror."""
    light = np.full((len(glass.index), 3), 0.008, np.float32)
    black = np.zeros((len(glass.index), 3), np.float32)
    for lamp in sitting.lamps:
        light += radiance(glass, lamp.light, black, _GLASS) * tint(lamp.colour)
    return light


def _hair(sitting: Sitting, over: GBuffer) -> tuple[Float32Array, Float32Array]:
    """Light (n, 3) and opacity (n,) of hits on hair."""
    scene, hair = sitting.figure.hair_scene, sitting.figure.hair
    if scene is None or hair is None:
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    strands = interpolate(scene, over, hair.strands)
    albedo, opacity, slope = hair_albedo(strands, sitting.look, sitting.noise)
    side = _across(over)
    bent = replace(over, normal=tilted(_towards(over), 0.45 * slope[:, None] * side))
    light = np.zeros_like(albedo)
    for lamp in sitting.lamps:
        light += radiance(bent, lamp.light, albedo, _HAIR) * tint(lamp.colour)
    return light, opacity


def _towards(over: GBuffer) -> Float32Array:
    """Normals turned to the camera: hair hangs in many layers and is seen from both sides."""
    facing = np.einsum("ij,ij->i", over.normal, over.sight)
    normal = over.normal * np.where(facing < 0, -1, 1)[:, None] + np.float32(0.4) * over.sight
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(normal, np.float32)


def _across(over: GBuffer) -> Float32Array:
    """A direction across the hairs, roughly: horizontal and in the surface."""
    up = _f32(0.2, 0.3, 1.0)
    side = np.cross(over.normal, up)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), np.float32(1e-6))
    return np.asarray(side, np.float32)
