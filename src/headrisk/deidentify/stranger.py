"""The face that refacing puts in: another synthetic one for every scan, drawn by the scan itself.

One average face for everybody would leave each person's rest (whatever shines through at the
borders) as the only difference between treated heads, and a search ranks by differences. A face
drawn at random for each scan is to bury that rest, in the manner of k-same de-identification
(Newton, Sweeney and Malin, IEEE Trans Knowl Data Eng 17:232, 2005).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np
from scipy import ndimage

from headrisk.heads.average import AverageFace, load_average_face
from headrisk.heads.boxes import linear_at, onto
from headrisk.heads.identity import Identity, draw_identity, neutral, pose_head
from headrisk.heads.pose import moved
from headrisk.heads.shapes import HeadShapes, load_shapes
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

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
