"""Brain extraction: which voxels of a head belong to the brain.

The networks are those of deepbet (Fisch et al. 2024, see ``data/NOTICE-networks.txt``). The small
one sees the whole image at 128 x 128 x 128 and is nearly indifferent to orientation; the large one
sees the box around the brain at 256 x 256 x 256.

The small one looks twice. Its layers are normalised over the whole image (instance normalisation),
so what is far from the brain moves the brain's border everywhere: a removed face changed 1 % of the
mask, up to 10 cm away. The first look, mostly on a coarser grid, says roughly where the brain is;
the second sees only what lies within 16 mm of that. What the first misses by more is lost, so a
caller who doubts the result looks once, at everything, along axes of its own choice.

The networks ship with the package and are opened only if their digests are the recorded ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import onnxruntime
from scipy import ndimage

from headrisk.brain.resample import sample_axes
from headrisk.errors import ScanError
from headrisk.io.volume import Volume
from headrisk.io.weights import session, shipped_bytes
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


DIGESTS = {
    "brain_small.onnx": "be3d77d8c86717ea2531b258af44063d8c2d443511202f31b5d886b7343f6834",
    "brain_large.onnx": "9d586b6ee28917891d6a383768d879d6f9603755c6a1f75e0513cf293c3d962a",
}


@cache
def network(name: str) -> onnxruntime.InferenceSession:
    """Open a shipped network for one thread of a CPU; later calls return the same session.

    Raises
    ------
    StoreError
        The file is missing or its SHA-256 is not the recorded one.
    """
    return session(shipped_bytes("headrisk.brain", name, DIGESTS))


_LEAST_ML = 50.0  # of brain; the network sees some in almost any image
_AROUND_MM = 16.0  # that is seen around the brain when the small network looks again
_STRIPPED_LITRES = (0.2, 2.4)  # an image with no more than this above background is a bare brain
_STRIPPED_OVERLAP = 0.85  # Dice of network and non-zero region that confirms it


@dataclass(frozen=True)
class BrainMap:
    """Evidence for brain on a grid of its own.

    Attributes
    ----------
    logit
        (x, y, z) float32, positive inside the brain.
    affine
        4 x 4, index of ``logit`` to scanner RAS+ mm.
    volume_ml
        Volume of the brain in millilitres.
    already_stripped
        The image held nothing but a brain, which is kept as it is.
    """

    logit: Float32Array
    affine: FloatArray
    volume_ml: float
    already_stripped: bool


def find_brain(
    volume: Volume, subject: str, *, accurate: bool = False, view: FloatArray | None = None
) -> BrainMap:
    """Find the brain in a head of any contrast and orientation.

    Parameters
    ----------
    volume
        The head, in RAS+ order.
    subject
        The scan's name for error messages.
    accurate
        Refine with the larger network (about 2.7 s instead of 0.4 s, and 0.9 GB).
    view
        Grid on which the small network shall see the head, 4 x 4, index (0..127 along each axis) to
        scanner RAS+ mm; see :func:`headrisk.brain.strip.upright_view`. There it looks once, at all
        that is there. By default it looks twice, in the image's own field of view.

    Raises
    ------
    ScanError
        No brain was found.
    """
    grid = field_of_view(volume) if view is None else view
    if view is None:
        first = _first_look(volume, grid, subject)
        if (bare := _bare_brain(volume, first)) is not None:
            return bare
        logit = _second_look(volume, grid, first)
    else:
        logit = _evidence(_scaled(sampled(volume, grid, (SMALL,) * 3)), "brain_small.onnx")
    inside = _largest(logit > 0)
    if inside is None or np.count_nonzero(inside) * _voxel_ml(grid) < _LEAST_ML:
        raise _no_brain(subject)
    if accurate:
        grid = close_up(inside, grid)
        logit = _evidence(_scaled(sampled(volume, grid, (LARGE,) * 3)), "brain_large.onnx")
        inside = _largest(logit > 0)
        if inside is None:
            raise _no_brain(subject)
    logit = np.where(inside | (logit <= 0), logit, np.float32(-1))
    return BrainMap(
        logit=logit.astype(np.float32, copy=False),
        affine=grid,
        volume_ml=float(np.count_nonzero(inside)) * _voxel_ml(grid),
        already_stripped=False,
    )


def _first_look(volume: Volume, grid: FloatArray, subject: str) -> tuple[BoolArray, FloatArray]:
    """Roughly where the brain is, and the index of that grid to scanner mm."""
    coarse, shape = coarser(grid)
    image = _scaled(sampled(volume, coarse, tuple(int(n) for n in shape)))
    inside = _largest(_evidence(image, "brain_small.onnx") > 0)
    if inside is None or np.count_nonzero(inside) * _voxel_ml(coarse) < _LEAST_ML:
        raise _no_brain(subject)
    return inside, coarse


def _second_look(
    volume: Volume, grid: FloatArray, first: tuple[BoolArray, FloatArray]
) -> Float32Array:
    """Evidence on the small network's grid, from what lies near the brain alone."""
    inside, coarse = first
    edge = 2 * np.linalg.norm(coarse[:3, :3], axis=0)
    away = ndimage.distance_transform_edt(~inside[::2, ::2, ::2], sampling=edge)
    near = _on_cube(away.astype(np.float32), 2, first) <= _AROUND_MM
    image = _scaled(sampled(volume, grid, (SMALL,) * 3), near)
    return _evidence(image * near, "brain_small.onnx")


def _on_cube(image: Float32Array, every: int, first: tuple[BoolArray, FloatArray]) -> Float32Array:
    """What was computed on every n-th voxel of the first look, on the small network's grid."""
    places = [(np.arange(SMALL) + 0.5) * n / SMALL - 0.5 for n in first[0].shape]
    return sample_axes(image, [place / every for place in places])


def _scaled(image: Float32Array, among: BoolArray | None = None) -> Float32Array:
    """Intensities between 0 and 1, by quantiles of all voxels or of some."""
    some = image[::2, ::2, ::2]
    low, high = np.quantile(some if among is None else some[among[::2, ::2, ::2]], [0.005, 0.995])
    out: Float32Array = (image - low) / max(float(high - low), 1e-12)
    return np.clip(out, 0.0, 1.0, out=out)


def _evidence(image: Float32Array, name: str) -> Float32Array:
    """Evidence of one network for scaled intensities."""
    spread = float(image.std())
    image = 0.226 * (image - image.mean()) / max(spread, 1e-6) + 0.449
    feed = {"image": image[None, None].astype(np.float32)}
    logit: Float32Array = network(name).run(None, feed)[0][0, 0]
    return logit


def _largest(inside: BoolArray) -> BoolArray | None:
    labels, count = ndimage.label(inside)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: BoolArray = labels == sizes.argmax()
    return largest


def _bare_brain(volume: Volume, first: tuple[BoolArray, FloatArray]) -> BrainMap | None:
    """The non-zero region, if the image holds a brain on an empty background and nothing else."""
    filled = volume.data != 0
    litres = np.count_nonzero(filled) * float(np.prod(volume.voxel_mm)) / 1e6
    if not _STRIPPED_LITRES[0] <= litres <= _STRIPPED_LITRES[1]:
        return None
    grid = field_of_view(volume)
    image = Volume(filled.astype(np.float32), volume.affine)
    region = _largest(sampled(image, grid, (SMALL,) * 3) > 0)
    if region is None:
        return None
    region = ndimage.binary_fill_holes(region)
    inside = _on_cube(first[0].astype(np.float32), 1, first) > 0.5
    shared = 2 * np.count_nonzero(region & inside)
    if shared < _STRIPPED_OVERLAP * (np.count_nonzero(region) + np.count_nonzero(inside)):
        return None
    return BrainMap(
        logit=np.where(region, np.float32(1), np.float32(-1)),
        affine=grid,
        volume_ml=float(np.count_nonzero(region)) * _voxel_ml(grid),
        already_stripped=True,
    )


def _voxel_ml(affine: FloatArray) -> float:
    return abs(float(np.linalg.det(affine[:3, :3]))) / 1000


def _no_brain(subject: str) -> ScanError:
    return ScanError(
        subject,
        found="no brain found in the image",
        expected="a head or a brain, at least 4 cm of it",
        remedy="Look at the image: it may be another body part, a localiser, or empty.",
    )
