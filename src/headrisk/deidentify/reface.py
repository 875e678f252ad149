"""The method that replaces: another synthetic face for the person's own, blended at the borders.

The new face is a stranger's, of a size and place that fit the head but not of its proportions. Its
skin is led through the skin that stays (scalp, behind the ears, neck), so that the two meet without
a step; a little way from there nothing of the person's own shape is left. Tissue below it gets the
scan's own intensities by depth, and all air outside the head is drawn anew, ghosts included. Deep
structures, more than 20 mm below the new face or 8 mm below the skin around it, stay.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np
from scipy import ndimage

from headrisk.deidentify.deface import (
    BRAIN_MM,
    Treated,
    covering,
    face_region,
    untouched,
    wide_region,
)
from headrisk.deidentify.flesh import Led, air_noise, filled, flesh_of, lead, skin_offset
from headrisk.deidentify.head import Head, brain_mask, coarse_size
from headrisk.deidentify.skin import Skin, find_skin, joined
from headrisk.heads.average import AverageFace, load_average_face
from headrisk.heads.boxes import grown, linear_at, onto, repeated
from headrisk.heads.identity import Identity, draw_identity, neutral, pose_head
from headrisk.heads.shapes import HeadShapes, load_shapes
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# The face that refacing puts in: another synthetic one for every scan, drawn by the scan itself.
#
# One average face for everybody would leave each person's rest (whatever shines through at the
# borders) as the only difference between treated heads, and a search ranks by differences. A face
# drawn at random for each scan is to bury that rest, in the manner of k-same de-identification
# (Newton, Sweeney and Malin, IEEE Trans Knowl Data Eng 17:232, 2005).
# ----------------------------------------------------------------------

_EVERY = 2  # every second voxel along each axis decides the draw
_BLOCK_MM = 6.0  # of the grid of displacements
_WIDTHS_MM, _SHARES = (6.0, 15.0, 40.0), (1.0, 1e-2, 1e-4)
_INNER = ("mouth_inside", "socket", "eyeball")  # surfaces behind the skin
# Skin that meets what stays of a scan, ears, which are thin, and half of what covers the brain.
_HELD = {"scalp": 1.0, "neck": 1.0, "ear": 1.0, "ear_base": 1.0, "forehead": 0.6}
_FITTED = ("scalp", "ear", "ear_base")  # where a drawn head is laid over the average one
_BAND_MM = 24.0  # from the average skin; farther away its map knows no distances
# The face is placed by the average skin in this box, template mm: from the brows to the hairline.
_NEAR_MM, _PLACED = 4.0, ((-200.0, 200.0), (-20.0, 200.0), (-40.0, 65.0))


def draw_seed(volume: Volume, rng: np.random.Generator) -> np.random.Generator:
    """A generator from the scan's own voxels and from ``rng``.

    Who has the treated scan alone cannot repeat the draw: the digest takes the untreated voxels.
    """
    some = volume.data[::_EVERY, ::_EVERY, ::_EVERY].tobytes()
    words = np.frombuffer(hashlib.sha256(some).digest(), "<u4")
    return np.random.default_rng([*words.tolist(), *rng.integers(2**32, size=4).tolist()])


def strange_face(rng: np.random.Generator) -> AverageFace:
    """The average face's maps with the skin of a person drawn from the shape model, eyes closed.

    The average skin is moved by the smooth field that takes the average head to the drawn one. It
    does not move at scalp and neck, where the face has to meet what stays of a scan.
    """
    average = load_average_face()
    to_mean, affine = _field(rng)
    shape = average.skin.shape
    near = np.flatnonzero(np.abs(average.skin) < _BAND_MM)
    places = np.stack(np.unravel_index(near, shape)).astype(np.float32)
    for axis, one in enumerate(to_mean):
        shift = onto(one, affine, average.affine, shape).ravel()[near]
        places[axis] += shift / np.float32(average.affine[axis, axis])
    skin = average.skin.copy()
    skin.ravel()[near] = linear_at(average.skin, places.T.astype(np.float64))
    skin.flags.writeable = False
    return replace(average, skin=skin)


def _field(rng: np.random.Generator) -> tuple[Float32Array, FloatArray]:
    """Where a point of the drawn head lies in the average one: (3, x, y, z) mm, and its affine."""
    shapes = load_shapes(0)
    mean, used, free, fitted = _mean_head()
    drawn = _vertices(shapes, draw_identity(shapes, rng))
    drawn = moved(similarity(drawn[fitted], mean[fitted]), drawn)
    back = (mean - drawn) * free[:, None]
    places = (mean - back)[used]
    average = load_average_face()
    span = (np.array(average.skin.shape) - 1) * np.diag(average.affine)[:3]
    shape = np.ceil(span / _BLOCK_MM).astype(int) + 1
    affine = np.diag([_BLOCK_MM] * 3 + [1.0])
    affine[:3, 3] = average.affine[:3, 3]
    block = np.round((places - affine[:3, 3]) / _BLOCK_MM).astype(int)
    inside = ((block >= 0) & (block < shape)).all(axis=1)
    flat = np.ravel_multi_index(tuple(block[inside].T), tuple(shape))
    columns = [np.ones(len(flat)), *back[used][inside].T]
    sums = [np.bincount(flat, one, int(shape.prod())).reshape(shape) for one in columns]
    smooth = [
        sum(
            share * ndimage.gaussian_filter(one.astype(np.float32), width / _BLOCK_MM, truncate=3)
            for width, share in zip(_WIDTHS_MM, _SHARES, strict=True)
        )
        for one in sums
    ]
    weight = smooth[0] + np.float32(1e-9)
    return np.stack([one / weight for one in smooth[1:]]).astype(np.float32), affine


def _vertices(shapes: HeadShapes, identity: Identity | None) -> FloatArray:
    """(n, 3) a head as it lies in a scanner, eyes closed, ears pressed; None for the mean head."""
    closed = neutral(shapes, eyes_closed=1.0)
    head = pose_head(shapes, identity, expression=closed, ears_pressed=0.5, sag_mm=1.0)
    return head.vertices.astype(np.float64)


@cache
def _mean_head() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The mean head's vertices; which are skin; how free each is to move; which are fitted."""
    shapes = load_shapes(0)
    mean = _vertices(shapes, None)
    some = {name: shapes.regions[name] for name in (*_INNER, *_HELD, *_FITTED)}
    used = np.max([some[name] for name in _INNER], axis=0) < 0.2
    held = np.sum([share * some[name] for name, share in _HELD.items()], axis=0)
    free = 1 - np.clip(held, 0, 1)
    fitted = np.max([some[name] for name in _FITTED], axis=0) > 0.5
    return mean, used, free.astype(np.float64), fitted & (mean[:, 1] > -60)


def similarity(points: FloatArray, targets: FloatArray) -> FloatArray:
    """The rotation, scale and shift (4 x 4) that bring points (n, 3) nearest to targets.

    Least squares (Umeyama, IEEE Trans Pattern Anal Mach Intell 13:376, 1991).
    """
    first, second = points.mean(axis=0), targets.mean(axis=0)
    left, size, right = np.linalg.svd((targets - second).T @ (points - first))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = (size * sign).sum() / np.square(points - first).sum()
    out = np.eye(4)
    out[:3, :3] = scale * (left * sign) @ right
    out[:3, 3] = second - out[:3, :3] @ first
    return out


def placed(alignment: FloatArray) -> FloatArray:
    """An alignment without stretch or shear: the similarity nearest to it around the forehead.

    An affine alignment gives the new face the proportions of the person's own head.
    """
    points = _face_points()
    return similarity(points, moved(alignment, points))


@cache
def _face_points() -> FloatArray:
    """Template mm of the average skin that decides the place: forehead, temples, brows, ears."""
    average = load_average_face()
    near = np.argwhere(np.abs(average.skin) < _NEAR_MM)[::7].astype(np.float64)
    points = moved(average.affine, near)
    low, high = np.array(_PLACED).T
    chosen: FloatArray = points[((points > low) & (points < high)).all(axis=1)]
    return chosen


# ----------------------------------------------------------------------
# The treatment that replaces: another synthetic face for the person's own, blended at the borders.
# ----------------------------------------------------------------------

_BLEND_MM = 2.5
# Just below the new skin there is flesh, also a little beyond the region: where the new skin lies
# deeper than the person's own, dark bone would show through it as holes.
_LAYER_MM, _LAYER_AROUND_MM = 5.0, 6.0
_BESIDE_MM = (1.0, 10.0)  # distance from the region of the tissue that tells the shading
_CLEAR_MM = 4.0  # air so far from the head is drawn anew


def replace_face(head: Head, subject: str, rng: np.random.Generator) -> Treated:
    """Replace face, ears and the air around the head; no voxel within 3 mm of the brain.

    Parameters
    ----------
    subject
        The scan's name for error messages.
    rng
        Of the face that is put in, together with the scan's own voxels, and of the noise.

    Raises
    ------
    ScanError
        The image does not part head from air.
    """
    if head.stripped:
        return untouched(head)
    volume, alignment = head.volume, head.alignment.affine
    rng = draw_seed(volume, rng)
    skin = find_skin(volume, placed(alignment), subject, strange_face(rng), outside=False)
    cover = covering(alignment, skin.shape, skin.affine)
    skin = replace(skin, average=joined(skin.average, cover))
    face = face_region(head, skin.shape, skin.affine, skin.average)
    region, front = wide_region(face, skin.distance, alignment, skin.affine)
    beside = (region < -_BESIDE_MM[0]) & (region > -_BESIDE_MM[1])
    flesh = flesh_of(skin, region > 0, beside, face.brain)
    offset = skin_offset(skin, trusted=front < -_BESIDE_MM[0], fades=True)
    reach = np.minimum(region + np.float32(_LAYER_AROUND_MM), face.brain - np.float32(BRAIN_MM))
    led = lead(volume, skin, offset, region > 0, cover, exact=reach > 0)
    data = volume.data.copy()
    changed = np.zeros(volume.shape, bool)
    if led is not None:
        share, inside, below = _what(led, skin, region, reach)
        new = filled(led, flesh, min(volume.voxel_mm), np.flatnonzero(inside), rng)
        part = data[led.box]
        mixed = part[inside]
        mixed += share * (new - mixed)
        part[inside] = np.where(below, np.maximum(mixed, new), mixed)
        changed[led.box] = inside
    open_air = repeated(_empty(skin, region), coarse_size(volume), volume.shape)
    open_air &= ~changed
    data[open_air] = air_noise(int(np.count_nonzero(open_air)), flesh, rng)
    changed |= open_air
    kept = changed & brain_mask(head)
    changed &= ~kept
    data[kept] = volume.data[kept]
    return Treated(replace(volume, data=data), changed)


def _what(
    led: Led, skin: Skin, region: Float32Array, reach: Float32Array
) -> tuple[Float32Array, BoolArray, BoolArray]:
    """Voxels of the box that get flesh; how much of it each gets, and which lie below the skin."""
    weight = led.onto_box(region, skin.affine)
    below = (led.distance < 0) & (led.distance > -_LAYER_MM)
    below &= led.onto_box(reach, skin.affine) > 0
    inside = (weight > 0) | below
    where = np.flatnonzero(inside)
    share = weight.ravel()[where]
    share /= np.float32(_BLEND_MM)
    return np.clip(share, 0, 1, out=share), inside, below.ravel()[where]


def _empty(skin: Skin, region: Float32Array) -> BoolArray:
    """Blocks of air that are clear of the head and of the region's blended border."""
    head = skin.distance < 0
    step = float(np.linalg.norm(skin.affine[:3, :3], axis=0).min())
    near = grown(head, max(round(_CLEAR_MM / step), 1))
    return np.asarray(~near & (region < -_BLEND_MM), bool)
