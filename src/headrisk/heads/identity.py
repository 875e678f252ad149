"""Synthetic people: who somebody is, what face they make, and the surface that follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.shapes import HeadShapes, load_shapes
from headrisk.types import Float32Array, FloatArray

# ----------------------------------------------------------------------
# What happens to a head's surface besides its modes: skull, ears, cheeks, eyelids, roughness.
# ----------------------------------------------------------------------

SLACK_MM = 2.5  # skin may come this much closer to the brain than in the mean head
_SOFT_MM = 2.0  # over which the skull's limit sets in
LID_MM = 0.7  # thickness of the lid over the eyeball
_BALL = 0.88  # radius of the eyeball relative to the control points that hold its place
_FORWARD_MM = 0.6  # of the eyeball's centre against theirs
ROUGH_SIGMA_MM = (15.0, 8.0, 4.0)
ROUGH_SHARE = (0.75, 0.55, 0.35)  # of the root mean square at these scales
_WAVES = 96


def fit_skull(shapes: HeadShapes, control: FloatArray) -> FloatArray:
    """Push the skull out where it would come too close to the template brain.

    Ears are carried by the skin around them.
    """
    arm = control - shapes.cover_centre
    radius = np.linalg.norm(arm, axis=1)
    ray = arm / radius[:, None]
    elevation = np.rad2deg(np.arcsin(np.clip(ray[:, 2], -1, 1)))
    azimuth = np.rad2deg(np.arctan2(ray[:, 0], ray[:, 1]))
    rows, columns = shapes.cover.shape
    index = [(elevation + 90) / 180 * (rows - 1), (azimuth + 180) / 360 * (columns - 1)]
    limit = ndimage.map_coordinates(shapes.cover, index, order=1, mode="nearest") - SLACK_MM
    lack = (limit - radius) / _SOFT_MM
    push = _SOFT_MM * np.logaddexp(0, np.clip(lack, -30, 30)) * shapes.control_regions["skull"]
    for side in (-1, 1):
        ear = (shapes.control_regions["ear"] > 0.3) & (side * control[:, 0] > 0)
        base = (shapes.control_regions["ear_base"] > 0.5) & (side * control[:, 0] > 0)
        push[ear] = push[base].mean()
    return np.asarray(control + push[:, None] * ray)


def press_ears(shapes: HeadShapes, control: FloatArray, amount: float) -> FloatArray:
    """Flatten the ears against the head."""
    out = control.copy()
    for side in (-1, 1):
        ear = (shapes.control_regions["ear"] > 0.02) & (side * control[:, 0] > 0)
        base = (shapes.control_regions["ear_base"] > 0.5) & (side * control[:, 0] > 0)
        level = np.abs(control[base, 0]).mean()
        beyond = np.maximum(np.abs(control[ear, 0]) - level - 2.0, 0)
        out[ear, 0] -= side * 0.65 * amount * beyond * shapes.control_regions["ear"][ear]
    return out


def sag(shapes: HeadShapes, control: FloatArray, amount_mm: float) -> FloatArray:
    """Let soft cheeks hang backwards and a little outwards."""
    soft = shapes.control_regions["cheek"][:, None]
    outward = np.sign(control[:, :1]) * np.array([0.35, 0.0, 0.0])
    return np.asarray(control + amount_mm * soft * (outward - [0.0, 1.0, 0.0]))


def eyeballs(
    shapes: HeadShapes, control: FloatArray, gaze_deg: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Vertices of the two eyeballs, turned to the person's right and up."""
    right, up = np.deg2rad(gaze_deg)
    c, s = np.cos(up), np.sin(up)
    lift = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(-right), np.sin(-right)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ lift
    balls = []
    for rows in shapes.eye_rows:
        centre = control[rows].mean(axis=0)
        radius = _BALL * np.linalg.norm(control[rows] - centre, axis=1).mean()
        centre = centre + np.array([0.0, _FORWARD_MM, 0.0])
        balls.append(centre + radius * (shapes.ball @ turn.T))
    return balls[0], balls[1]


def lids_over_eyes(
    shapes: HeadShapes, skin: FloatArray, balls: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Move the two layers of the lids that lie inside an eyeball to just over it."""
    out = skin.copy()
    lid = np.clip(shapes.regions["eyelid"][: len(skin)], 0, 1)
    for ball in balls:
        centre = ball.mean(axis=0)
        radius = np.linalg.norm(ball - centre, axis=1).mean()
        arm = skin - centre
        distance = np.linalg.norm(arm, axis=1)
        wanted = radius + 0.05 + LID_MM * lid
        inside = (distance < wanted) & (arm[:, 1] > 0.1 * distance)
        out[inside] = centre + arm[inside] * (wanted / distance)[inside, None]
    return out


def rough(shapes: HeadShapes, mesh: Mesh, rms_mm: float, rng: np.random.Generator) -> Mesh:
    """Displace the skin along its normals by a smooth random field of several scales.

    Each scale is a sum of plane waves with Gaussian wave vectors, so its correlation is Gaussian.
    """
    points = shapes.reference
    level = np.zeros(len(points))
    for sigma, share in zip(ROUGH_SIGMA_MM, ROUGH_SHARE, strict=True):
        waves = rng.normal(0, 1 / sigma, (3, _WAVES)).astype(np.float32)
        phase = rng.uniform(0, 2 * np.pi, _WAVES).astype(np.float32)
        level += share * np.sqrt(2 / _WAVES) * np.cos(points @ waves + phase).sum(axis=1)
    level *= rms_mm / np.sqrt(np.square(ROUGH_SHARE).sum())
    still = ("mouth_inside", "socket", "eyeball", "eyelid")  # thin lids would tear from the eyes
    inner = np.sum([shapes.regions[name] for name in still], axis=0)
    level *= np.clip(1 - inner, 0, 1)
    moved = mesh.vertices + level.astype(np.float32)[:, None] * vertex_normals(mesh)
    return Mesh(moved.astype(np.float32), mesh.triangles)


# ----------------------------------------------------------------------
# Synthetic people and their faces: who somebody is, what face they make, and the surface of it.
# ----------------------------------------------------------------------

# Standard deviation of the strength of local targets, by the first word of their name.
LOCAL_SD = {
    "head": 0.14,
    "neck": 0.20,
    "eye": 0.24,
    "nose": 0.26,
    "mouth": 0.22,
    "chin": 0.26,
    "cheek": 0.26,
    "forehead": 0.28,
    "eyebrows": 0.28,
    "ear": 0.28,
    "asym": 0.08,
}
SIDE_SHARE = 0.15  # standard deviation of the difference between sides, relative to LOCAL_SD
LIMIT_SD = 2.2  # draws farther out are cut to this: targets are caricatures at their full strength
AGES = (20.0, 80.0)
_OLD_AGE, _YOUNG_AGE = 90.0, 22.0  # years that the macro shapes "old" and "young" stand for
_OPPOSITES = {
    "decr": "incr",
    "down": "up",
    "in": "out",
    "backward": "forward",
    "concave": "convex",
    "compress": "uncompress",
}
_ANCESTRIES = ("african", "asian", "caucasian")
# Units of the faces that people make for a photograph: strengths at full expression.
_FACES: tuple[dict[str, float], ...] = (
    {},
    {"mouthSmile": 0.7, "cheekSquint": 0.4, "eyeSquint": 0.2},
    {"mouthSmile": 0.6, "mouthUpperUp": 0.3, "jawOpen": 0.12, "cheekSquint": 0.5},
    {"mouthPress": 0.4, "browDown": 0.3},
    {"browInnerUp": 0.5, "browOuterUp": 0.5, "eyeWide": 0.3},
    {"mouthFrown": 0.4, "browDown": 0.4},
    {"jawOpen": 0.18, "mouthFunnel": 0.2},
    {"mouthStretch": 0.3, "mouthDimple": 0.4},
)
_NEVER = ("eyeBlink", "eyeLook", "tongueOut", "mouthClose", "jawOpen", "jawForward")


@dataclass(frozen=True)
class Identity:
    """One synthetic person.

    Attributes
    ----------
    coefficients
        (k,) strength of every mode of identity (macro shapes, then local targets); 0 is the mean.
    age
        Years.
    sex
        ``"F"`` or ``"M"``.
    ancestry
        (3,) shares of the macro shapes African, Asian, Caucasian; they sum to 1.
    seed
        For whatever else belongs to the person: tone and texture of the skin, hair, eyes.
    """

    coefficients: FloatArray = field(repr=False)
    age: float
    sex: str
    ancestry: FloatArray
    seed: int


@dataclass(frozen=True)
class Expression:
    """What a face does: strengths of the units, eyelids, and where the eyes look.

    ``units`` is (u,) for ``shapes.names[shapes.expression]``; ``eyes_closed`` is 0 (open) to 1;
    ``gaze_deg`` turns the eyeballs to the person's right and up.
    """

    units: FloatArray = field(repr=False)
    eyes_closed: float = 0.0
    gaze_deg: tuple[float, float] = (0.0, 0.0)


def neutral(shapes: HeadShapes, *, eyes_closed: float = 0.0) -> Expression:
    """A face at rest."""
    count = shapes.expression.stop - shapes.expression.start
    return Expression(np.zeros(count), eyes_closed)


def draw_identity(shapes: HeadShapes, rng: np.random.Generator, spread: float = 1.0) -> Identity:
    """Draw an adult.

    Parameters
    ----------
    spread
        Multiplies every departure from the mean head. 0 gives everybody the same shape (age, sex
        and the rest are still drawn); 1 is set to look like the variety of adults.
    """
    age = float(np.round(rng.uniform(*AGES), 1))
    sex = "F" if rng.random() < 0.5 else "M"
    ancestry = rng.dirichlet(np.full(3, 0.5))
    macro = _macro_weights(shapes, age, sex, ancestry, rng)
    local = _local_strengths(shapes, rng)
    coefficients = np.concatenate([macro - shapes.mean_weights[shapes.macro], local])
    return Identity(spread * coefficients, age, sex, ancestry, int(rng.integers(2**31)))


def _macro_weights(
    shapes: HeadShapes, age: float, sex: str, ancestry: FloatArray, rng: np.random.Generator
) -> FloatArray:
    male = rng.uniform(0.0, 0.25)
    male = 1 - male if sex == "M" else male
    old = np.clip((age - _YOUNG_AGE) / (_OLD_AGE - _YOUNG_AGE), 0, 1)
    fat, strong = np.clip(rng.normal(0.0, (0.35, 0.3)), -0.7, 0.7)
    build = {
        "averagemuscle-averageweight": 1 - abs(fat) - abs(strong),
        "averagemuscle-minweight": max(-fat, 0.0),
        "averagemuscle-maxweight": max(fat, 0.0),
        "minmuscle-averageweight": max(-strong, 0.0),
        "maxmuscle-averageweight": max(strong, 0.0),
    }
    share = {"female": 1 - male, "male": male, "young": 1 - old, "old": old, **build}
    share |= dict(zip(_ANCESTRIES, ancestry, strict=True))
    weights = []
    for name in shapes.names[shapes.macro]:
        first, second, third, *rest = name.split("-")
        if first == "universal":
            weights.append(share[second] * share[third] * share["-".join(rest)])
        else:
            weights.append(share[first] * share[second] * share[third])
    return np.array(weights)


def _local_strengths(shapes: HeadShapes, rng: np.random.Generator) -> FloatArray:
    """One draw for each pair of opposite targets, shared by the two sides but for a little."""
    names = shapes.names[shapes.local]
    place = {name: k for k, name in enumerate(names)}
    strengths = np.zeros(len(names))
    for name in names:
        stem, _, end = name.rpartition("-")
        if name.startswith("r-") or end in _OPPOSITES.values():
            continue
        word = stem.removeprefix("l-").split("-")[0]
        sd = LOCAL_SD[word]
        common = np.clip(rng.standard_normal(), -LIMIT_SD, LIMIT_SD)
        for side in _sides(name):
            value = sd * (common + SIDE_SHARE * rng.standard_normal() * (side != name))
            opposite = f"{side.rpartition('-')[0]}-{_OPPOSITES.get(end, '')}"
            if end in _OPPOSITES and opposite in place:
                strengths[place[opposite if value > 0 else side]] = abs(value)
            else:
                strengths[place[side]] = max(value, 0.0)
    return strengths


def _sides(name: str) -> tuple[str, ...]:
    return (name, f"r-{name[2:]}") if name.startswith("l-") else (name,)


def draw_expression(
    shapes: HeadShapes, rng: np.random.Generator, strength: float = 1.0
) -> Expression:
    """Draw the face that somebody makes for a photograph: one of a few, plus small movements."""
    face = _FACES[rng.integers(len(_FACES))]
    amount = strength * rng.uniform(0.4, 1.0)
    units = []
    for name in shapes.names[shapes.expression]:
        whole = name.removesuffix("Left").removesuffix("Right")
        small = 0.0 if whole.startswith(_NEVER) else 0.06 * strength * abs(rng.standard_normal())
        units.append(amount * face.get(whole, 0.0) * rng.uniform(0.85, 1.0) + small)
    gaze = strength * rng.normal(0, (5.0, 3.0))
    closed = min(1.0, strength * abs(rng.normal(0, 0.08)))
    return Expression(np.array(units), closed, (float(gaze[0]), float(gaze[1])))


def pose_head(
    shapes: HeadShapes,
    identity: Identity | None,
    *,
    expression: Expression,
    ears_pressed: float = 0.0,
    sag_mm: float = 0.0,
    surface_error_mm: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Mesh:
    """The surface of somebody's head, eyeballs included.

    Parameters
    ----------
    identity
        None for the mean head.
    ears_pressed
        0 (free) to 1 (flat against the head, as under headphones).
    sag_mm
        How far soft cheeks and jowls hang backwards in somebody who lies on the back.
    surface_error_mm
        Root mean square of a smooth random displacement along the normals, at several scales, so
        that two surfaces of one person are not the same geometry. Needs ``rng``.

    Returns
    -------
    Mesh
        Vertices in the order of ``shapes.regions``; RAS+ mm in the space of the template brain.
    """
    rows = shapes.expression
    amount = np.zeros(len(shapes.names))
    if identity is not None:
        amount[: rows.start] = identity.coefficients
    amount[rows] = expression.units
    for k, name in enumerate(shapes.names[rows]):
        if name.startswith("eyeBlink"):
            amount[rows.start + k] = max(amount[rows.start + k], expression.eyes_closed)
    control = shapes.control + (amount @ shapes.modes).reshape(-1, 3)
    control = fit_skull(shapes, control)
    control = press_ears(shapes, control, ears_pressed)
    control = sag(shapes, control, sag_mm)
    skin = shapes.subdivision @ control
    balls = eyeballs(shapes, control, expression.gaze_deg)
    skin = lids_over_eyes(shapes, skin, balls)
    mesh = Mesh(np.concatenate([skin, *balls]).astype(np.float32), shapes.triangles)
    if surface_error_mm > 0 and rng is not None:
        mesh = rough(shapes, mesh, surface_error_mm, rng)
    return mesh


def template_face() -> tuple[Mesh, Float32Array]:
    """The mean head with closed eyes, template mm, and 0..1 for each vertex: is it face?

    The face is the skin from below the hairline to the chin, and from ear to ear.
    """
    shapes = load_shapes()
    mesh = pose_head(shapes, None, expression=neutral(shapes, eyes_closed=1.0))
    return mesh, shapes.regions["face"]
