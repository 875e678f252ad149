"""A photograph of a person: another day, expression and light, through a lens, before a wall."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from headrisk.errors import UsageError
from headrisk.face.photo_table import COLUMNS as PHOTO_COLUMNS
from headrisk.face.render import Camera
from headrisk.heads.identity import Identity, draw_expression, pose_head
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import HeadShapes
from headrisk.io.tsv import tsv_text
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.figure import PhotoHead, stand
from headrisk.synthetic.people.hair import draw_cut
from headrisk.synthetic.people.noise import draw_noise
from headrisk.synthetic.people.paint import Sitting, draw_lamps, expose
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.skin import draw_day
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# Which photographs are taken of whom, what they are called, and which are planted mistakes.
# ----------------------------------------------------------------------

EXPIRES, EXPIRED = "2100-01-01", "2001-01-01"
TRUTH_COLUMNS = ("path", "participant_id", "person", "planted")

Planted = Literal["", "no-face", "expired", "no-consent", "stranger", "single"]


@dataclass(frozen=True)
class PhotoPlants:
    """How many mistakes of each kind the photographs hold; each falls on a person of its own.

    Attributes
    ----------
    no_face
        People of whom one photograph, the last, shows nobody.
    expired, no_consent
        People whose last photograph has an expired consent, or none.
    single
        People with one photograph only.
    stranger
        People who are photographed but not scanned.
    """

    no_face: int = 0
    expired: int = 0
    no_consent: int = 0
    single: int = 0
    stranger: int = 0

    @property
    def people(self) -> int:
        """How many scanned people the mistakes need."""
        return self.no_face + self.expired + self.no_consent + self.single


@dataclass(frozen=True)
class PlannedPhoto:
    """One photograph: name of the file, what is wrong with it, consent."""

    name: str
    planted: Planted
    consent: str
    expires: str


@dataclass(frozen=True)
class PersonPlan:
    """One true person, the person's generator and photographs, and whether there are scans."""

    person: int
    scanned: bool
    photos: tuple[PlannedPhoto, ...]
    rng: np.random.Generator = field(repr=False)


def plan_photos(
    people: int,
    photos: int,
    plants: PhotoPlants,
    own: Sequence[np.random.Generator],
    rng: np.random.Generator,
) -> list[PersonPlan]:
    """Plan the photographs of everybody.

    Parameters
    ----------
    people
        How many are scanned.
    photos
        Photographs of each, but for those of whom a mistake wants one only.
    own
        The generators of the scanned people, then of the strangers.
    rng
        Draws the order in which files are numbered.

    Raises
    ------
    UsageError
        Too few people or photographs for what was asked.
    """
    _check(people, photos, plants)
    shares: tuple[tuple[Planted, int], ...] = (
        ("no-face", plants.no_face),
        ("expired", plants.expired),
        ("no-consent", plants.no_consent),
        ("single", plants.single),
        ("", people - plants.people),
        ("stranger", plants.stranger),
    )
    kinds = [kind for kind, count in shares for _ in range(count)]
    counts = [1 if kind == "single" else photos for kind in kinds]
    numbers = iter((rng.permutation(sum(counts)) + 1).tolist())
    return [
        PersonPlan(
            person,
            kind != "stranger",
            tuple(_photo(next(numbers), person, kind, last=k == count - 1) for k in range(count)),
            own[person],
        )
        for person, (kind, count) in enumerate(zip(kinds, counts, strict=True))
    ]


def _photo(number: int, person: int, kind: Planted, *, last: bool) -> PlannedPhoto:
    marked = kind if last or kind in ("single", "stranger") else ""
    return PlannedPhoto(
        name=f"photo-{number:04d}.jpg",
        planted=marked,
        consent="" if marked == "no-consent" else f"SYNTHETIC-{label(person)}",
        expires=EXPIRED if marked == "expired" else EXPIRES,
    )


def label(person: int) -> str:
    """Participant label, without ``sub-``, of the person of this number."""
    return f"{person + 1:03d}"


def write_photo_tables(data: Path, photos: Path, plans: Sequence[PersonPlan]) -> Path:
    """Write ``photos.tsv`` and, into the data set, the truth; returns the former.

    The table names everybody by their participant label, strangers included.
    """
    shown = [
        (f"sub-{label(plan.person)}", photo.name, photo.consent, photo.expires)
        for plan in plans
        for photo in plan.photos
    ]
    truth = [
        (photo.name, f"sub-{label(plan.person)}", str(plan.person), photo.planted or "n/a")
        for plan in plans
        for photo in plan.photos
    ]
    _write_tsv(data / "sourcedata" / "photographs.tsv", TRUTH_COLUMNS, sorted(truth))
    table = photos / "photos.tsv"
    _write_tsv(table, PHOTO_COLUMNS, shown)
    return table


def _write_tsv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tsv_text(columns, rows).encode())


def _check(people: int, photos: int, plants: PhotoPlants) -> None:
    for subject, value, least in (
        ("number of people", people, max(1, plants.people)),
        ("number of photographs", photos, 1 if plants.people + plants.stranger else 0),
    ):
        if value < least:
            raise UsageError(
                f"twins, {subject}",
                found=str(value),
                expected=f"at least {least} with the planted mistakes {plants}",
                remedy="Ask for more, or plant fewer mistakes.",
            )


# ----------------------------------------------------------------------
# What lens, sensor and camera software do to a picture, and what stands behind the person.
# ----------------------------------------------------------------------

GAMMA = 2.2
_WALL = 0.35  # linear grey of a plain wall


def draw_background(size: int, strength: float, rng: np.random.Generator) -> Float32Array:
    """Linear colours (size, size, 3) of a wall with a gradient, or of a blurred room.

    ``strength`` 0 gives a plain grey wall.
    """
    wall = np.full((size, size, 3), _WALL, np.float32)
    if strength == 0:
        return wall
    colour = rng.uniform(0.05, 0.7) * rng.uniform(0.7, 1.0, 3)
    slope = rng.normal(0, 0.4, 2)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    scene = colour * np.exp(slope[0] * x + slope[1] * y)[:, :, None]
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(8, 30))):  # things on the wall, out of focus
            low, edge = rng.uniform(-0.1, 1.0, 2), rng.gamma(2.0, 0.12, 2)
            a, b = np.clip(np.array([low, low + edge]) * size, 0, size).astype(int)
            thing = rng.uniform(0.02, 0.9) * rng.uniform(0.6, 1.0, 3)
            scene[a[0] : b[0], a[1] : b[1]] = thing
        blur = size * rng.uniform(0.006, 0.03)
        scene = ndimage.gaussian_filter(scene, (blur, blur, 0), mode="nearest")
    return np.asarray((1 - strength) * wall + strength * scene, dtype=np.float32)


def smaller(fine: Float32Array, factor: int) -> Float32Array:
    """Mean over blocks of ``factor`` by ``factor`` pixels; channels, if any, come last."""
    rows, columns, *more = fine.shape
    blocks = fine.reshape(rows // factor, factor, columns // factor, factor, *more)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def develop(
    linear: Float32Array, settings: PhotoSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """From linear light (size, size, 3) to the picture that a camera stores, RGB 8 bit."""
    size = linear.shape[0]
    bent = distort(linear, float(rng.uniform(0, settings.distortion)))
    sigma = settings.blur * size / 640 * float(rng.gamma(2.0, 0.35))
    if sigma > 0:
        motion = settings.blur * size / 640 * float(rng.gamma(1.0, 0.4))
        bent = ndimage.gaussian_filter(bent, (sigma, sigma + motion, 0), mode="nearest")
    middle = float(np.quantile(bent[size // 4 : 3 * size // 4, size // 4 : 3 * size // 4], 0.75))
    exposure = 0.45 / max(middle, 1e-3) * np.exp(settings.white_balance * rng.normal(0, 0.2))
    cast = np.exp(settings.white_balance * rng.normal(0, 0.05, 3))
    light = np.maximum(bent * np.float32(exposure) * cast.astype(np.float32), 0)
    light = light / (1 + 0.25 * light)  # shoulder of the tone curve
    grain = settings.noise * 0.015 * float(rng.gamma(2.0, 0.5))
    stored = np.clip(light, 0, 1) ** (1 / GAMMA)
    stored = stored + grain * rng.standard_normal(stored.shape)
    return np.asarray(255 * np.clip(stored, 0, 1) + 0.5, dtype=np.uint8)


def distort(picture: Float32Array, barrel: float) -> Float32Array:
    """Barrel distortion: the corner moves towards the middle by this fraction of its distance.

    Brown's model with the first radial term alone: r' = r (1 - barrel r^2), r = 1 at the corner.
    """
    if barrel == 0:
        return picture
    size = picture.shape[0]
    middle = (size - 1) / 2
    y, x = (np.mgrid[0:size, 0:size] - middle) / (middle * np.sqrt(2))
    stored = np.hypot(y, x)
    radius = stored.copy()
    for _ in range(6):  # invert r' = r (1 - barrel r^2) by fixed-point steps
        radius = stored / (1 - barrel * radius**2)
    scale = np.where(stored > 0, radius / np.maximum(stored, 1e-9), 1.0)
    where = [middle + middle * np.sqrt(2) * scale * axis for axis in (y, x)]
    channels = [
        ndimage.map_coordinates(picture[:, :, k], where, order=1, mode="nearest") for k in range(3)
    ]
    return np.stack(channels, axis=-1).astype(np.float32)


# ----------------------------------------------------------------------
# A photograph of a person: another day, another expression, another light than in the scanner.
# ----------------------------------------------------------------------

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
        head,
        look,
        cut,
        noise,
        hair=settings.hair,
        clothes=settings.clothes,
        glasses=worn,
        body_turn=float(of_camera.normal(0, 12)),
    )
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
