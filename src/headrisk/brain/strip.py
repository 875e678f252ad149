"""Brain extraction: which voxels of a head belong to the brain.

The networks are those of deepbet (Fisch et al. 2024, see ``data/NOTICE-networks.txt``). The small
one sees the whole image at 128 x 128 x 128 and is nearly indifferent to orientation; the large one
sees the box around the brain at 256 x 256 x 256.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.brain.weights import network
from headrisk.errors import ScanError
from headrisk.imaging.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

Element = TypeVar("Element", bound=np.generic)

_SMALL, _LARGE = 128, 256
_BOX_MARGIN = 0.1  # of the brain's extent, on each side, for the large network
_STRIPPED_LITRES = (0.4, 2.4)  # an image with no more than this above background is a bare brain
_STRIPPED_OVERLAP = 0.85  # Dice of network and non-zero region that confirms it


@dataclass(frozen=True)
class BrainMap:
    """Evidence for brain on a grid that spans the image's field of view.

    Attributes
    ----------
    logit
        (x, y, z) float32, positive inside the brain.
    to_image
        Scale and offset, (3,) each, from an index of ``logit`` to a voxel index of the image.
    volume_ml
        Volume of the brain in millilitres.
    already_stripped
        The image held nothing but a brain, which is kept as it is.
    """

    logit: Float32Array
    to_image: tuple[FloatArray, FloatArray]
    volume_ml: float
    already_stripped: bool


def find_brain(volume: Volume, subject: str, *, accurate: bool = False) -> BrainMap:
    """Find the brain in a head of any contrast and orientation.

    Parameters
    ----------
    volume
        The head, in RAS+ order.
    subject
        The scan's name for error messages.
    accurate
        Refine with the larger network (about 2.5 s instead of 0.3 s, and 0.9 GB).

    Raises
    ------
    ScanError
        No brain was found.
    """
    small = _run(volume.data, "brain_small.onnx", _SMALL)
    inside = _largest(small > 0)
    if inside is None:
        raise _no_brain(subject)
    bare = _bare_brain(volume, inside)
    if bare is not None:
        return bare
    box = (np.zeros(3), np.array(volume.shape, float))
    logit = small
    if accurate:
        box = _box(inside, volume.shape)
        slices = tuple(slice(int(a), int(b)) for a, b in zip(*box, strict=True))
        logit = _run(volume.data[slices], "brain_large.onnx", _LARGE, whole=volume.data)
        inside = _largest(logit > 0)
        if inside is None:
            raise _no_brain(subject)
    logit = np.where(inside | (logit <= 0), logit, np.float32(-1))
    scale = (box[1] - box[0]) / logit.shape
    voxel_ml = float(np.prod(volume.voxel_mm) * np.prod(scale)) / 1000
    return BrainMap(
        logit=logit.astype(np.float32),
        to_image=(scale, box[0] + scale / 2 - 0.5),
        volume_ml=float(np.count_nonzero(inside)) * voxel_ml,
        already_stripped=False,
    )


def _run(
    data: Float32Array, name: str, size: int, whole: Float32Array | None = None
) -> Float32Array:
    """Evidence of one network for an image squeezed to ``size`` voxels along each axis."""
    image = _nearest(data, size)
    levels = image if whole is None else _nearest(whole, _SMALL)
    low, high = np.quantile(levels[::2, ::2, ::2], [0.005, 0.995])
    image = np.clip((image - low) / max(float(high - low), 1e-12), 0.0, 1.0)
    spread = float(image.std())
    image = 0.226 * (image - image.mean()) / max(spread, 1e-6) + 0.449
    feed = {"image": image[None, None].astype(np.float32)}
    logit: Float32Array = network(name).run(None, feed)[0][0, 0]
    return logit


def _nearest(data: NDArray[Element], size: int) -> NDArray[Element]:
    index = [((np.arange(size) + 0.5) * n / size).astype(int) for n in data.shape]
    return data[np.ix_(*index)]


def _largest(inside: BoolArray) -> BoolArray | None:
    labels, count = ndimage.label(inside)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: BoolArray = labels == sizes.argmax()
    return largest


def _bare_brain(volume: Volume, inside: BoolArray) -> BrainMap | None:
    """The non-zero region, if the image holds a brain on an empty background and nothing else."""
    filled = volume.data != 0
    voxel_ml = float(np.prod(volume.voxel_mm)) / 1000
    litres = np.count_nonzero(filled) * voxel_ml / 1000
    if not _STRIPPED_LITRES[0] <= litres <= _STRIPPED_LITRES[1]:
        return None
    region = _largest(_nearest(filled, _SMALL))
    if region is None:
        return None
    region = ndimage.binary_fill_holes(region)
    shared = 2 * np.count_nonzero(region & inside)
    if shared < _STRIPPED_OVERLAP * (np.count_nonzero(region) + np.count_nonzero(inside)):
        return None
    scale = np.array(volume.shape) / _SMALL
    count = float(np.count_nonzero(region))
    return BrainMap(
        logit=np.where(region, np.float32(1), np.float32(-1)),
        to_image=(scale, scale / 2 - 0.5),
        volume_ml=count * voxel_ml * float(np.prod(scale)),
        already_stripped=True,
    )


def _box(inside: BoolArray, shape: tuple[int, int, int]) -> tuple[FloatArray, FloatArray]:
    """First and last-plus-one voxel of the image around the brain, with a margin."""
    index: IntArray = np.argwhere(inside)
    scale = np.array(shape) / inside.shape
    low, high = index.min(axis=0) * scale, (index.max(axis=0) + 1) * scale
    margin = _BOX_MARGIN * (high - low)
    return (
        np.floor(np.maximum(low - margin, 0)),
        np.ceil(np.minimum(high + margin, np.array(shape))),
    )


def _no_brain(subject: str) -> ScanError:
    return ScanError(
        subject,
        found="no brain found in the image",
        expected="a head or a brain, at least 4 cm of it",
        remedy="Look at the image: it may be another body part, a localiser, or empty.",
    )
