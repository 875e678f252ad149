"""What the networks for brain extraction see of an image: grids, and intensities on them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

SMALL, LARGE = 128, 256  # voxels along the edges of the cubes that the two networks see
_VIEW_MM = 256.0  # edge of the cube that the small network sees of a head turned upright
_FIRST, _FIRST_MM = 96, 2.7  # of a first look, where the voxels stay as small as this
_BOX_MARGIN = 0.1  # of the brain's extent, on each side, for the large network


def field_of_view(volume: Volume) -> FloatArray:
    """Index of a cube of :data:`SMALL` voxels, squeezed over the whole image, to scanner mm."""
    return volume.affine @ _squeezed(np.array(volume.shape), np.array(SMALL))


def upright_view(rotation: FloatArray, centre: FloatArray) -> FloatArray:
    """Grid of the small network that lies along the head's own axes.

    ``rotation`` (3, 3) takes the head's right, anterior and superior to scanner directions;
    ``centre`` is a point in the brain in scanner mm.
    """
    view = np.eye(4)
    view[:3, :3] = rotation * (_VIEW_MM / SMALL)
    view[:3, 3] = centre - view[:3, :3] @ np.full(3, (SMALL - 1) / 2)
    return view


def coarser(view: FloatArray) -> tuple[FloatArray, IntArray]:
    """A cheaper grid over the same cube, and its number of voxels along each axis.

    ``view`` is a grid of :data:`SMALL` voxels along each axis.
    """
    edge = np.linalg.norm(view[:3, :3], axis=0) * SMALL
    shape = np.where(edge <= _FIRST * _FIRST_MM, _FIRST, SMALL)
    return view @ _squeezed(np.array(SMALL), shape), shape


def close_up(inside: BoolArray, view: FloatArray) -> FloatArray:
    """Grid of the large network: the box around the brain, with a margin."""
    index: IntArray = np.argwhere(inside)
    low, high = index.min(axis=0), index.max(axis=0) + 1.0
    margin = _BOX_MARGIN * (high - low)
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, inside.shape)
    zoom = _squeezed(high - low, np.array(LARGE))
    zoom[:3, 3] += low
    return view @ zoom


def _squeezed(count: FloatArray | IntArray, size: IntArray) -> FloatArray:
    """Index of ``size`` voxels, laid over ``count`` voxels, to index of those."""
    scale = np.broadcast_to(count / size, 3)
    out = np.diag([*scale, 1.0])
    out[:3, 3] = scale / 2 - 0.5
    return out


def sampled(volume: Volume, view: FloatArray, shape: tuple[int, ...]) -> Float32Array:
    """Intensities on a grid; the nearest where its axes are the image's."""
    to_image = np.linalg.inv(volume.affine) @ view
    steps = to_image[:3, :3]
    if np.allclose(steps, np.diag(np.diag(steps)), atol=1e-6):
        index = [
            np.clip(np.floor(step * np.arange(n) + first + 0.5 + 1e-6), 0, count - 1).astype(int)
            for step, first, n, count in zip(
                np.diag(steps), to_image[:3, 3], shape, volume.shape, strict=True
            )
        ]
        return volume.data[np.ix_(*index)]
    turned: Float32Array = ndimage.affine_transform(
        volume.data, steps, to_image[:3, 3], output_shape=shape, order=1
    )
    return turned
