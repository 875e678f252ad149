"""Coarse grids, finer grids, and what counts as outside."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

_POINTS = 65_536  # interpolated at once, so that what is worked on stays in the cache

_SLAB = 8  # voxels of an axis that are worked on at a time


def block_mean(image: Float32Array, size: IntArray) -> Float32Array:
    """Means over blocks of ``size`` voxels; the last block of an axis is filled up by its edge."""
    out = image
    for axis, width in enumerate(size):
        if width == 1:
            continue
        lack = -out.shape[axis] % int(width)
        if lack:
            pad = [(0, 0)] * out.ndim
            pad[axis] = (0, lack)
            out = np.pad(out, pad, mode="edge")
        every = (slice(None),) * axis
        if width == 2:  # the same numbers in half of the time
            out = np.add(out[(*every, np.s_[::2])], out[(*every, np.s_[1::2])], dtype=np.float32)
            out *= np.float32(0.5)
            continue
        shape = (*out.shape[:axis], out.shape[axis] // width, width, *out.shape[axis + 1 :])
        out = out.reshape(shape).mean(axis=axis + 1, dtype=np.float32)
    return out


def repeated(blocks: BoolArray, size: IntArray, shape: tuple[int, ...]) -> BoolArray:
    """Each block's value for all of its voxels, on a grid of ``shape`` that starts with a block."""
    out = blocks
    for axis, (width, count) in enumerate(zip(size, shape, strict=True)):
        every = (slice(None),) * axis
        out = np.repeat(out[(*every, slice(-(-count // width)))], width, axis=axis)
        out = out[(*every, slice(count))]
    return out


def grown(solid: BoolArray, steps: int) -> BoolArray:
    """The blocks within so many steps along the axes: quicker than SciPy."""
    out = solid
    for _ in range(steps):
        last, out = out, out.copy()
        for axis in range(out.ndim):
            every = (slice(None),) * axis
            out[(*every, np.s_[1:])] |= last[(*every, np.s_[:-1])]
            out[(*every, np.s_[:-1])] |= last[(*every, np.s_[1:])]
    return out


def near_distance(solid: BoolArray, edge: FloatArray, most: float) -> Float32Array:
    """Distance from the nearest solid voxel, true up to ``most`` and never less beyond.

    One axis after the other (Saito & Toriwaki, Pattern Recognition 27:1551, 1994), over as many
    voxels as the distance asked for spans: a small part of the time of a full distance transform.

    Parameters
    ----------
    solid
        (x, y, z).
    edge
        (3,) edge lengths of a voxel, in the unit of the distance.
    most
        The largest distance that must be true.
    """
    far = np.float32((most + float(np.max(edge))) ** 2)
    out = np.where(solid, np.float32(0), far)
    for axis, length in enumerate(edge):
        slab_axis = int(axis == 0)  # slab by slab, so that what is added up stays in the cache
        for begin in range(0, out.shape[slab_axis], _SLAB):
            slab = out[(slice(None),) * slab_axis + (np.s_[begin : begin + _SLAB],)]
            last, shifted = slab.copy(), np.empty_like(slab)
            every = (slice(None),) * axis
            for steps in range(1, min(int(np.ceil(most / length)), last.shape[axis] - 1) + 1):
                np.add(last, np.float32((steps * float(length)) ** 2), out=shifted)
                ahead, behind = (*every, np.s_[steps:]), (*every, np.s_[:-steps])
                np.minimum(slab[ahead], shifted[behind], out=slab[ahead])
                np.minimum(slab[behind], shifted[ahead], out=slab[behind])
    distance: Float32Array = np.sqrt(out)
    return distance


def outside_air(air: BoolArray, seeds: BoolArray | None = None) -> BoolArray:
    """Air that is connected with ``seeds``, by default with the border of the box.

    Where the border cuts the head, as through the neck, the airways reach it too. Air that a slice
    of the border encloses by tissue is therefore no seed. Where the border cuts the head at two
    sides, that does not help: then give seeds from a larger box.
    """
    walls = _border_air(air) if seeds is None else air & seeds
    labels, count = ndimage.label(air)
    reached = np.zeros(count + 1, bool)
    reached[np.unique(labels[walls])] = True
    reached[0] = False
    out: BoolArray = reached[labels]
    return out


def _border_air(air: BoolArray) -> BoolArray:
    walls = np.zeros_like(air)
    for axis in range(3):
        for end in (0, -1):
            index = [slice(None)] * 3
            index[axis] = end  # type: ignore[call-overload]
            face = air[tuple(index)]
            walls[tuple(index)] |= face & ~ndimage.binary_fill_holes(~face)
    return walls


def block_affine(affine: FloatArray, size: IntArray) -> FloatArray:
    """Index to mm of blocks of ``size`` voxels, from that of the voxels."""
    out = affine.copy()
    out[:3, 3] += affine[:3, :3] @ ((size - 1) / 2)
    out[:3, :3] *= size
    return out


def largest_part(solid: BoolArray) -> BoolArray:
    """The largest connected part; all False if there is none."""
    labels, count = ndimage.label(solid)
    if count < 2:
        return solid
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    out: BoolArray = labels == sizes.argmax()
    return out


def resampling(count: int, first: float, step: float, number: int) -> Float32Array:
    """Matrix (number, count) that takes samples along an axis to other places along it.

    Output ``k`` lies at input place ``first + step * k``. Cubic convolution (Keys, IEEE Trans
    Acoust Speech Signal Process 29:1153, 1981), widened where the step is longer than 1 so that
    nothing is aliased. Places outside take the value at the border.
    """
    where = first + step * np.arange(number)
    wide = max(step, 1.0)
    reach = int(np.ceil(2 * wide)) + 1
    near = np.floor(where).astype(int)[:, None] + np.arange(-reach, reach + 1)
    x = np.abs(where[:, None] - near) / wide
    weight = np.where(
        x <= 1,
        1.5 * x**3 - 2.5 * x**2 + 1,
        np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0),
    )
    weight /= weight.sum(axis=1, keepdims=True)
    matrix = np.zeros((number, count))
    np.add.at(matrix, (np.arange(number)[:, None], np.clip(near, 0, count - 1)), weight)
    return matrix.astype(np.float32)


def along_axes(image: Float32Array, matrices: list[Float32Array | None]) -> Float32Array:
    """The image after one matrix along each axis; None leaves an axis as it is."""
    out = np.ascontiguousarray(image)
    for axis, matrix in enumerate(matrices):
        if matrix is None:
            continue
        before, after = out.shape[:axis], out.shape[axis + 1 :]
        if after:  # each product is written where it belongs: no axis is moved
            rows = out.reshape(math.prod(before), out.shape[axis], math.prod(after))
            out = np.matmul(matrix, rows).reshape(*before, len(matrix), *after)
        else:
            out = out @ matrix.T
    return out


def linear_at(image: Float32Array, places: FloatArray) -> Float32Array:
    """Trilinear values (n,) at voxel coordinates (n, 3); the border's value outside."""
    return linear(image, list(places.T))


def linear(image: Float32Array, places: list[FloatArray]) -> Float32Array:
    """Trilinear values at voxel coordinates, one array for each axis; the border's value outside.

    In a third of the time of SciPy's, which finds its way through an image of any rank and order.
    """
    flat = np.ascontiguousarray(image, np.float32).ravel()
    shape = places[0].shape
    rows = [place.reshape(-1) for place in places]
    out = np.empty(rows[0].shape, np.float32)
    for start in range(0, out.size, _POINTS):
        block = slice(start, start + _POINTS)
        out[block] = _linear(flat, image.shape, [row[block] for row in rows])
    return out.reshape(shape)


def _linear(flat: Float32Array, shape: tuple[int, ...], places: list[FloatArray]) -> Float32Array:
    """Values at (n,) places of an image of this shape that lies flat."""
    corner = np.zeros(places[0].shape, np.int64)
    beyond, parts = [], []
    for place, count, step in zip(places, shape, _strides(shape), strict=True):
        inside = np.clip(place, 0, count - 1)
        below = np.minimum(inside.astype(np.int64), max(count - 2, 0))
        parts.append((inside - below).astype(np.float32))
        below *= step
        corner += below
        beyond.append(step if count > 1 else 0)

    def along(axis: int, offset: int) -> Float32Array:
        """Values between this corner and the next ones along an axis and all axes after it."""
        if axis == len(parts):
            return flat.take(corner + offset) if offset else flat.take(corner)
        low = along(axis + 1, offset)
        high = along(axis + 1, offset + beyond[axis])
        high -= low
        high *= parts[axis]
        high += low
        return high

    return along(0, 0)


def _strides(shape: tuple[int, ...]) -> list[int]:
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def linear_steps(count: int, first: float, step: float, number: int) -> Float32Array:
    """As :func:`resampling`, by straight lines between the samples; for smooth fields."""
    where = np.clip(first + step * np.arange(number), 0, count - 1)
    below = np.minimum(where.astype(int), max(count - 2, 0))
    part = where - below
    matrix = np.zeros((number, count))
    matrix[np.arange(number), below] = 1 - part
    matrix[np.arange(number), np.minimum(below + 1, count - 1)] += part
    return matrix.astype(np.float32)


def onto(
    image: Float32Array, affine: FloatArray, target: FloatArray, shape: tuple[int, ...]
) -> Float32Array:
    """A smooth image on another grid with parallel axes, by straight lines; its border outside.

    ``affine`` and ``target`` (4, 4) take voxel indices of the image and of the grid to the same mm.
    """
    step = np.linalg.inv(affine) @ target
    return along_axes(
        image,
        [
            linear_steps(have, float(step[axis, 3]), float(step[axis, axis]), want)
            for axis, (have, want) in enumerate(zip(image.shape, shape, strict=True))
        ],
    )
