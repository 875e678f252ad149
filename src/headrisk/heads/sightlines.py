"""The skin of a head at every level of intensity, along lines that leave a template head.

One level between air and tissue misses skin where the scalp is dim beside a bright brain (PET,
FLAIR, suppressed fat, a coil that shines). So the image is sampled once along lines that cross a
template's skin at right angles, and the outermost tissue of each line is sought at several levels,
from where air ends to half of the brightness of tissue. A level at which air shows tissue far
outside the head is flooded and shows nothing. A level is *good* where the scalp, which no defacing
removes, lies where the template has it: that vouches for the alignment and for the level at once.

What a part of a face comes to is the most that any level shows. A part counts as *removed* only
where the good levels, the lowest among them, find air in its place and the next tissue deep behind
it: deeper than any head that was tried is thinner than the template. Whether somebody emptied that
place is another question: signal that drops out, or fat that is suppressed, leaves the noise of
air, and a tool that removes a face leaves one value. Where the air all around the head has one
value too, that tells nothing; then only tissue behind the place, cut open, does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from headrisk.heads.average import (
    _CHEEK_MM,
    _EYES_Z,
    _MOUTH_X,
    _MOUTH_Z,
    _TOLERANCE_MM,
    _vertex_area,
)
from headrisk.heads.boxes import block_affine, block_mean, linear
from headrisk.heads.identity import template_face
from headrisk.heads.mesh import vertex_normals
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

FRONT = ("upper face", "nose", "mouth and chin")
# Regions of each side of a face, and the share of each from which it was left standing: little of
# eyes and cheeks does; temples and the angle of the jaw lie behind the region that tools remove.
LEFT_STANDING = {"eye": 0.5, "cheek": 0.3, "side": 0.85, "jaw": 0.75}
_ONE_SIDE_MORE = 0.2  # of a jaw; what lies behind the region stands on both sides alike
_PUPILS_Z = -42.0  # template mm; the lids above them may stand before the frontal lobe
_REGION_LINES = 120  # of each region and side
_STANDS_MM = 10.0  # behind the template's skin; a wound begins deeper
_STEP_MM = 2.0
_OUTWARD_MM, _INWARD_MM = 44.0, 70.0
_BLOCK_MM = 2.0
_LINES = {"upper face": 500, "nose": 250, "mouth and chin": 350, "scalp": 700, "sides": 500}
_FORWARD = 0.5  # lines of a face that point forward; others meet cheeks, nostrils and airways
_SCALP_Z = -10.0  # template mm; the scalp above it and behind the forehead vouches for a level
_SIDES_Z, _SIDES_Y = -85.0, 25.0  # template mm; lowest and foremost of the sides
_SCALP_MM = (-14.0, 14.0)  # where a level must show the scalp, beside the template's
_FLOOD_MM = 18.0  # tissue this far outside the scalp is noise or another thing
MOST_FLOODED = 0.25
FEWEST_SCALP = 0.6  # share of the scalp in the image that a good level shows
_LEAST_SCALP_SEEN = 0.25  # share of the scalp that must lie in the image at all
REMOVED_MM = 30.0  # deeper behind the template's skin than whole faces lie
_EMPTY_MM = 24.0
_IN_FRONT_MM = 14.0  # air before the place of a face that must have the same one value
_SAME = 1e-3  # of the spread of tissue: voxels that differ less have one value
_EXACTLY = 1e-6  # of it: what a constant differs from itself by rounding
_HALF = 0.5
_FINE_STEP_MM = 0.7  # no voxel of 1 mm lies between two samples
_LEFT_OVER_MM = 20.0  # behind the skin; deeper a wound may begin
_LEVELS = 9
_TIE = 0.03
_NOISE_SPREADS = 6.0


Shown = tuple[float, dict[str, float], dict[str, float], float]
"""A level, what is there and what is air of each part, and the scalp in its place."""


@dataclass(frozen=True)
class Lines:
    """Lines through a template's skin.

    Attributes
    ----------
    points, normals
        (n, 3) template mm, and unit vectors outward.
    tolerance
        (n,) mm by which the skin of a whole face may lie behind the template's.
    parts
        Which lines belong to each of :data:`FRONT`, to ``scalp``, and to the ``sides`` below it:
        temples, occiput and neck, which only an alignment looks at.
    """

    points: FloatArray
    normals: FloatArray
    tolerance: FloatArray
    parts: dict[str, BoolArray]

    def chosen(self, which: BoolArray) -> Lines:
        """Some of the lines."""
        parts = {name: own[which] for name, own in self.parts.items()}
        return Lines(self.points[which], self.normals[which], self.tolerance[which], parts)


@cache
def template_lines() -> Lines:
    """Lines spread evenly over face and scalp of the mean head, made once."""
    mesh, face = template_face()
    normals = vertex_normals(mesh)
    regions = load_shapes().regions
    inner = (regions["mouth_inside"] > 0.5) | (regions["socket"] > 0.5) | (regions["eyeball"] > 0.5)
    points = mesh.vertices.astype(np.float64)
    height = points[:, 2]
    skin = (face > 0.5) & ~inner
    nose = skin & (regions["nose"] > 0.5)
    other = ~skin & ~inner & (regions["ear"] < 0.1)
    where = {
        "upper face": skin & ~nose & (height > _EYES_Z),
        "nose": nose,
        "mouth and chin": skin & (height < _MOUTH_Z) & (np.abs(points[:, 0]) < _MOUTH_X),
        "scalp": other & (height > _SCALP_Z),
        "sides": other & (height <= _SCALP_Z) & (height > _SIDES_Z) & (points[:, 1] < _SIDES_Y),
    }
    rng = np.random.default_rng(0)
    chosen, parts = [], []
    for number, (name, count) in enumerate(_LINES.items()):
        own = np.flatnonzero(where[name] & ((name not in FRONT) | (normals[:, 1] > _FORWARD)))
        chosen.append(rng.permutation(own)[:count])
        parts.append(np.full(len(chosen[-1]), number))
    rows, part = np.concatenate(chosen), np.concatenate(parts)
    tolerance = np.full(len(rows), _CHEEK_MM)
    for number, name in enumerate(FRONT):
        tolerance[part == number] = _TOLERANCE_MM[name]
    return Lines(
        points[rows],
        normals[rows].astype(np.float64),
        tolerance,
        {name: part == number for number, name in enumerate(_LINES)},
    )


@cache
def region_lines() -> Lines:
    """Lines spread evenly over each region of :data:`LEFT_STANDING`, left and right, made once."""
    mesh, face = template_face()
    normals = vertex_normals(mesh)
    regions = load_shapes().regions
    inner = (regions["mouth_inside"] > 0.5) | (regions["socket"] > 0.5) | (regions["eyeball"] > 0.5)
    skin = (face > 0.5) & ~inner & (regions["ear"] < 0.1)
    points = mesh.vertices.astype(np.float64)
    aside, ahead, height = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    front = normals[:, 1] > _FORWARD
    where = {
        "eye": (regions["eyelid"] > 0.5) & (height < _PUPILS_Z),
        "cheek": front & (aside > 16) & (height < _EYES_Z) & (height > -105),
        "side": ~front & (ahead > 15) & (height < -50) & (height > -110),
        "jaw": (aside > 25) & (height < -105),
    }
    area = _vertex_area(mesh)
    rng = np.random.default_rng(0)
    chosen, names = [], []
    for name in LEFT_STANDING:
        for side, half in (("left", points[:, 0] < 0), ("right", points[:, 0] > 0)):
            own = np.flatnonzero(skin & where[name] & half)
            share = area[own] / area[own].sum()
            chosen.append(rng.choice(own, min(_REGION_LINES, len(own)), replace=False, p=share))
            names += [f"{side} {name}"] * len(chosen[-1])
    rows, called = np.concatenate(chosen), np.array(names)
    return Lines(
        points[rows],
        normals[rows].astype(np.float64),
        np.full(len(rows), _STANDS_MM),
        {name: called == name for name in dict.fromkeys(names)},
    )


@dataclass(frozen=True)
class SkinLevels:
    """What the lines show.

    Attributes
    ----------
    there
        For each of :data:`FRONT` the most of it that any level shows, 0 to 1, of what lies in the
        image.
    removed
        Share of each that is air at the lowest good level and every other, with the next tissue
        deep behind it; 0 where no level is good.
    emptied
        For each, where it is air, the share of that air which has one value; 0 where the air before
        it has another single value, so that a step between the two draws the face.
    wound
        For each, the share of its lines that are air and meet tissue behind it.
    left_over
        For each, the share of its lines in emptied air that meet something else there: a thin line
        or dust that is lost in the mean over blocks.
    background
        Share of the air around the scalp that has one value; 0 where none lies in the image.
    standing
        Of each region in the image, such as ``left eye``, the most that any good level shows where
        a face has it; empty where neither nose nor mouth was removed.
    outside
        Share of each that lies outside the image.
    scalp
        The most of the scalp that any level shows in its place.
    good
        The good levels, ascending, in the image's units.
    best
        The level at which most of the face is there; NaN where all are flooded.
    air
        Intensity of air.
    """

    there: dict[str, float]
    removed: dict[str, float]
    emptied: dict[str, float]
    outside: dict[str, float]
    scalp: float
    scalp_seen: float
    wound: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FRONT, 0.0))
    background: float = 0.0
    good: tuple[float, ...] = field(default=())
    best: float = float("nan")
    air: float = 0.0
    left_over: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FRONT, 0.0))
    standing: dict[str, float] = field(default_factory=dict)

    @property
    def side_left(self) -> bool:
        """Eye, cheek, side or jaw of one half of the face stands where it was."""
        left, right = (self.standing.get(f"{side} jaw", 0.0) for side in ("left", "right"))
        one_jaw = max(left, right) >= _HALF and abs(left - right) >= _ONE_SIDE_MORE
        return one_jaw or any(
            share >= LEFT_STANDING[name.rpartition(" ")[2]] for name, share in self.standing.items()
        )

    @property
    def vouched(self) -> bool:
        """The head was found where the alignment says: its scalp lies there at some level."""
        return bool(self.good)


def skin_levels(
    volume: Volume,
    alignment: FloatArray,
    *,
    air_hint: float | None = None,
    levels: tuple[float, ...] = (),
    stored: Volume | None = None,
) -> SkinLevels:
    """Sample an image along the lines of a template head and judge its skin at several levels.

    Parameters
    ----------
    volume
        The whole image; air need not be at zero.
    alignment
        4 x 4, template mm to scanner RAS+ mm.
    air_hint
        Intensity of air, where the units tell it (Hounsfield units).
    levels
        Levels to try instead of those between air and tissue.
    stored
        The image as it was, where ``volume`` lacks something (a CT's table, and with it whatever is
        not joined to the head): what lies in the place of a removed face is looked for in it.
    """
    lines = template_lines()
    size = np.maximum(np.round(_BLOCK_MM / np.array(volume.voxel_mm)), 1).astype(int)
    blocks = block_mean(volume.data, size)
    affine = block_affine(volume.affine, size)
    offsets = np.arange(_OUTWARD_MM, -_INWARD_MM - 1e-6, -_STEP_MM)
    values, inside = _sampled(blocks, affine, alignment, lines, offsets)
    air, found = _levels(values, inside, offsets, blocks, air_hint)
    levels = levels or found
    within = inside[:, np.argmin(np.abs(offsets))]
    outside = {name: float(np.mean(~within[lines.parts[name]])) for name in FRONT}
    scalp = lines.parts["scalp"]
    scalp_seen = float(within[scalp].mean())
    shown: list[Shown] = []
    for level in levels:
        depth = _outermost(values, inside, offsets, level)
        own = depth[scalp & within]
        if not len(own):
            break
        flooded = float(np.mean(own > _FLOOD_MM))
        if flooded > MOST_FLOODED:
            continue
        low, high = _SCALP_MM
        in_place = float(np.mean((own >= low) & (own <= high)))
        there, gone = {}, {}
        for name in FRONT:
            mine = lines.parts[name] & within
            there[name] = float(np.mean(depth[mine] >= -lines.tolerance[mine])) if mine.any() else 0
            gone[name] = float(np.mean(~(depth[mine] > -REMOVED_MM))) if mine.any() else 0
        shown.append((level, there, gone, in_place))
    if not shown:
        nothing = dict.fromkeys(FRONT, 0.0)
        return SkinLevels(nothing, nothing, nothing, outside, 0.0, scalp_seen, air=air)
    good = [one for one in shown if one[3] >= FEWEST_SCALP and scalp_seen >= _LEAST_SCALP_SEEN]
    lowest = good[0][0] if good else np.inf
    emptied = _emptied(stored or volume, alignment, lowest, values, inside, offsets)
    removed = {
        name: min((one[2][name] for one in shown[: _last_good(shown, good)]), default=0.0)
        if good
        else 0.0
        for name in FRONT
    }
    total = np.array([sum(one[1].values()) for one in shown])
    most = int(np.flatnonzero(total >= total.max() - _TIE)[-1])  # higher levels are less noisy
    return SkinLevels(
        {name: max(one[1][name] for one in shown) for name in FRONT},
        removed,
        emptied.share,
        outside,
        max(one[3] for one in shown),
        scalp_seen,
        emptied.wound,
        emptied.background,
        tuple(one[0] for one in good),
        shown[most][0],
        air,
        emptied.left_over,
        _standing(blocks, affine, alignment, [one[0] for one in good])
        if max(removed["nose"], removed["mouth and chin"]) >= _HALF
        else {},
    )


def _standing(
    blocks: Float32Array, affine: FloatArray, alignment: FloatArray, levels: list[float]
) -> dict[str, float]:
    """Of each region in the image the most that any level shows where a face has it."""
    lines = region_lines()
    offsets = np.arange(_FLOOD_MM, -_STANDS_MM - 1e-6, -1.0)
    values, inside = _sampled(blocks, affine, alignment, lines, offsets)
    within = inside[:, np.argmin(np.abs(offsets))]
    there = [(values > level) & inside for level in levels]
    out = {}
    for name, own in lines.parts.items():
        mine = own & within
        if mine.any():
            out[name] = max(float(np.mean(one[mine].any(axis=1))) for one in there)
    return out


def bone_behind_scalp(volume: Volume, alignment: FloatArray, level: float, depth: float) -> float:
    """Share of the scalp's lines that meet something denser than a level behind the skin.

    Parameters
    ----------
    volume, alignment
        A CT in Hounsfield units; 4 x 4, template mm to scanner RAS+ mm.
    level
        Hounsfield units from which it is bone.
    depth
        How far behind the template's skin it is looked for, mm.

    Returns
    -------
    float
        0 to 1, of the lines that begin in the image; 0 where there is none.
    """
    lines = template_lines()
    offsets = np.arange(_SCALP_MM[1], -depth - 1e-6, -1.0)
    values, inside = _sampled(volume.data, volume.affine, alignment, lines, offsets, nearest=True)
    own = lines.parts["scalp"] & inside[:, np.argmin(np.abs(offsets))]
    if not own.any():
        return 0.0
    return float(np.mean(((values > level) & inside)[own].any(axis=1)))


@dataclass(frozen=True)
class _Emptied:
    """Whose air has one value; fields as those of :class:`SkinLevels`."""

    share: dict[str, float]
    wound: dict[str, float]
    background: float
    left_over: dict[str, float]


def _emptied(
    volume: Volume,
    alignment: FloatArray,
    level: float,
    values: Float32Array,
    inside: BoolArray,
    offsets: FloatArray,
) -> _Emptied:
    """By part of the face the share of voxels that have one value, where a line meets air alone.

    The voxels lie between the template's skin and ``_EMPTY_MM`` behind it, and are taken as they
    are stored: a mean over blocks would hide their noise.
    """
    nothing = dict.fromkeys(FRONT, 0.0)
    if not np.isfinite(level):
        return _Emptied(nothing, nothing, 0.0, nothing)
    lines = template_lines()
    depth = _outermost(values, inside, offsets, level)
    stored, within = _sampled(volume.data, volume.affine, alignment, lines, offsets, nearest=True)
    behind = (offsets <= 0) & (offsets >= -_EMPTY_MM)
    before = (offsets > 0) & (offsets <= _IN_FRONT_MM)
    tissue = values[inside & (offsets < -16.0)[None, :]]
    spread = float(np.ptp(np.quantile(tissue, [0.01, 0.99]))) if len(tissue) else 0.0
    share, wound, left_over = {}, {}, {}
    for name in FRONT:
        own = lines.parts[name]
        mine = own & ~(depth > -REMOVED_MM)
        wound[name] = float((mine & np.isfinite(depth)).sum() / max(own.sum(), 1))
        air = stored[np.ix_(mine, behind)][within[np.ix_(mine, behind)]]
        front = stored[np.ix_(mine, before)][within[np.ix_(mine, before)]]
        share[name] = _one_value(air, _SAME * spread)
        stepped = _one_value(front, _EXACTLY * spread) >= _HALF and len(air) > 0
        if stepped and abs(np.median(front) - np.median(air)) > _EXACTLY * spread:
            share[name] = 0.0
        left_over[name] = 0.0
        if len(air):
            begin = _IN_FRONT_MM if _one_value(front, _SAME * spread) >= _HALF else 0.0
            fine = np.arange(begin, -_LEFT_OVER_MM - 1e-6, -_FINE_STEP_MM)
            left_over[name] = _met(volume, alignment, lines.chosen(mine), fine, air, spread)
    far = (within & (offsets > _FLOOD_MM)[None, :])[lines.parts["scalp"]]
    around = stored[lines.parts["scalp"]][far]
    return _Emptied(share, wound, _one_value(around, _SAME * spread), left_over)


def _met(
    volume: Volume,
    alignment: FloatArray,
    lines: Lines,
    offsets: FloatArray,
    air: Float32Array,
    spread: float,
) -> float:
    """Share of lines that meet, about the template's skin, what is not the one value of air."""
    stored, within = _sampled(volume.data, volume.affine, alignment, lines, offsets, nearest=True)
    other = within & (np.abs(stored - np.median(air)) > _SAME * spread)
    return float(np.mean(other.any(axis=1)))


def _one_value(air: Float32Array, same: float) -> float:
    """Share of values that lie within ``same`` of their median; 0 where there is none."""
    return float(np.mean(np.abs(air - np.median(air)) <= same)) if len(air) else 0.0


def _last_good(shown: list[Shown], good: list[Shown]) -> int:
    """Levels up to the highest good one: above it the skin itself is lost."""
    return max(k for k, one in enumerate(shown) if one[0] == good[-1][0]) + 1


def _sampled(
    blocks: Float32Array,
    affine: FloatArray,
    alignment: FloatArray,
    lines: Lines,
    offsets: FloatArray,
    *,
    nearest: bool = False,
) -> tuple[Float32Array, BoolArray]:
    """Values (lines, offsets) of the image, and which of them lie in it."""
    turn = alignment[:3, :3]
    here = moved(alignment, lines.points)
    ahead = lines.normals @ np.linalg.inv(turn)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    places = here[:, None, :] + offsets[None, :, None] * ahead[:, None, :]
    index = moved(np.asarray(np.linalg.inv(affine), np.float64), places.reshape(-1, 3))
    shape = np.array(blocks.shape)
    within = ((index > -0.5) & (index < shape - 0.5)).all(axis=1)
    inside: BoolArray = np.asarray(within, np.bool_).reshape(places.shape[:2])
    if nearest:
        index = np.clip(np.round(index), 0, shape - 1)
    values: Float32Array = linear(blocks, list(index.T)).reshape(places.shape[:2])
    return values, inside


def _levels(
    values: Float32Array,
    inside: BoolArray,
    offsets: FloatArray,
    blocks: Float32Array,
    air_hint: float | None,
) -> tuple[float, tuple[float, ...]]:
    """Air, and levels from the end of air to half of tissue, evenly spaced in their logarithm."""
    far = inside & (offsets > 24.0)[None, :]
    air_values = values[far]
    if air_hint is not None:
        air, spread = air_hint, 0.0
    elif len(air_values) >= 200:
        air = float(np.median(air_values))
        spread = float(1.4826 * np.median(np.abs(air_values - air)))
        spread = max(spread, float(np.quantile(air_values, 0.9) - air) / 1.2816)
    else:
        air, spread = float(np.quantile(blocks, 0.05)), 0.0
    deep = values[inside & (offsets < -16.0)[None, :]]
    if not len(deep):
        return air, ()
    tissue = float(np.quantile(deep, 0.75)) - air
    if tissue <= 0:
        return air, ()
    low = max(_NOISE_SPREADS * spread, 0.01 * tissue)
    high = max(0.5 * tissue, 1.01 * low)
    return air, tuple(float(air + level) for level in np.geomspace(low, high, _LEVELS))


def _outermost(
    values: Float32Array, inside: BoolArray, offsets: FloatArray, level: float
) -> FloatArray:
    """Offset of the outermost tissue of each line, mm, minus infinity where there is none.

    One sample is enough: the wall of a nose before its cavity is thin.
    """
    solid = (values > level) & inside
    first = solid.argmax(axis=1)
    return np.where(solid.any(axis=1), offsets[first], -np.inf)
