"""Cut the brain out at working resolution and make its intensities comparable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.brain.resample import sample_axes
from headrisk.brain.strip import BrainMap
from headrisk.errors import ScanError
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

_MARGIN = 6.0  # of the working voxel size, around the brain: room for smoothing
_BIAS_FWHM_MM = 25.0
_FEW_VOXELS = 1_000_000  # of so many every one is looked at
_CONSTANT = 0.25  # share of the voxels that have one value: an empty background
_DARKEST = 0.005  # share of the voxels below the level that is taken for air
_AT_ZERO = 0.02  # of the range of intensities: closer to zero than this is zero
_ALL_BELOW = 0.9  # of the range lies below air where tissue is stored below it
CLIP = 4.0


def with_air_at_zero(volume: Volume) -> Volume:
    """The same picture with air at zero and tissue above, whatever zero and sign it is stored with.

    Images are stored with an offset, scaled around zero (z-scores, MP2RAGE's uniform image), with
    tissue below air, or with a constant background inside the range of the tissue (a brain scaled
    to z-scores on an empty background). Everything that follows takes air for zero, so air is
    estimated: a constant background is air; else the level at the edge of the image tells on which
    side of air tissue lies, and the darkest half per cent is air. Images whose air lies within 2 %
    of zero are left as they are.

    The result does not depend on scale and zero: ``a * x + b`` gives ``a`` times that of ``x``, but
    for what is within those 2 %.
    """
    found = _stored(volume.data)
    if found is None:
        return volume
    moved = (volume.data - np.float32(found.start)) * np.float32(found.sign)
    if found.constant is not None:
        moved[volume.data == np.float32(found.constant)] = 0
        note = f"the background is stored as {found.constant:.4g}: taken for air"
    else:
        note = f"air is stored as about {found.start:.4g}: moved to zero"
    if found.sign < 0:
        note += ", and tissue lies below it: turned round"
    return replace(volume, data=moved, notes=(*volume.notes, note))


def air_level(volume: Volume) -> float:
    """The value that stands for air in an image as it is stored; see :func:`with_air_at_zero`.

    >>> z_scores = np.zeros((8, 8, 8), np.float32)
    >>> z_scores[2:6, 2:6, 2:6] = np.linspace(-2, 3, 64).reshape(4, 4, 4)
    >>> air_level(Volume(z_scores + 7, np.eye(4)))
    7.0
    """
    found = _stored(volume.data)
    if found is None:
        return 0.0
    return found.start if found.constant is None else found.constant


@dataclass(frozen=True)
class _Stored:
    """Where the intensities of an image begin, on which side tissue lies, a constant background."""

    start: float
    sign: int
    constant: float | None


def _stored(data: Float32Array) -> _Stored | None:
    """How an image is stored; None where air is at zero and tissue above."""
    step = 1 if data.size < _FEW_VOXELS else 3
    some = data[::step, ::step, ::step].ravel()
    constant = _constant_level(some)
    tissue = some if constant is None else some[some != constant]
    edge = float(np.median(_edge(data))) if constant is None else constant
    low, high = (float(q) for q in np.quantile(tissue, [_DARKEST, 1 - _DARKEST]))
    below = edge - low
    span = max(high, edge) - min(low, edge)
    if span <= 0:
        return None
    if below > _ALL_BELOW * span:  # tissue is darker than air: the picture is stored negated
        start, sign = max(high, edge) if constant is None else edge, -1
    elif constant is not None and below <= _AT_ZERO * span:
        start, sign = constant, 1
    else:
        start, sign = low, 1
    if sign > 0 and abs(start) <= _AT_ZERO * span and (constant is None or start == constant == 0):
        return None
    return _Stored(start, sign, constant)


def _constant_level(values: Float32Array) -> float | None:
    """The one value that a quarter of the voxels or more have, or None."""
    levels, counts = np.unique(values, return_counts=True)
    place = int(counts.argmax())
    return float(levels[place]) if counts[place] >= _CONSTANT * values.size else None


def _edge(data: Float32Array) -> Float32Array:
    """The voxels on the image's sides and top; the neck runs out at the bottom."""
    faces = (data[0], data[-1], data[:, 0], data[:, -1], data[:, :, -1])
    return np.concatenate([face[::2, ::2].ravel() for face in faces])


def cut_brain(volume: Volume, found: BrainMap, working_mm: float, subject: str) -> Brain:
    """Crop to the brain, average voxels down to about ``working_mm``, and empty the outside.

    Voxels are averaged in whole blocks along each axis, so thick slices stay as they are.

    Raises
    ------
    ScanError
        The brain's intensities are not positive anywhere.
    """
    factor = np.maximum(1, np.round(working_mm / np.array(volume.voxel_mm))).astype(int)
    low, high = _brain_box(found, volume, factor, _MARGIN * working_mm)
    part = volume.data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    data = _block_mean(part, factor)
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * factor
    affine[:3, 3] += volume.affine[:3, :3] @ (low + (factor - 1) / 2)
    mask = _mask_at(found, affine, data.shape)
    data = np.where(mask, np.maximum(data, 0), np.float32(0))
    if not np.any(data > 0):
        raise ScanError(
            subject,
            found="no positive intensity inside the brain",
            expected="a magnitude image",
            remedy="Check that the file is not a phase, label or difference image.",
        )
    return Brain(data=data, mask=mask, affine=affine)


def _brain_box(
    found: BrainMap, volume: Volume, factor: FloatArray, margin_mm: float
) -> tuple[FloatArray, FloatArray]:
    """First and last-plus-one voxel around the brain, a whole number of blocks apart.

    Blocks are counted from the image's corner: a brain found a voxel farther out is cut into the
    same ones.
    """
    thinned = np.argwhere(found.logit[::2, ::2, ::2] > 0) * 2
    to_image = np.linalg.inv(volume.affine) @ found.affine
    where = thinned @ to_image[:3, :3].T + to_image[:3, 3]
    margin = margin_mm / np.array(volume.voxel_mm) + np.abs(to_image[:3, :3]).sum(axis=1)
    low = np.maximum(np.floor(where.min(axis=0) - margin), 0).astype(int)
    low -= low % factor
    high = np.minimum(np.ceil(where.max(axis=0) + margin) + 1, volume.shape).astype(int)
    high -= (high - low) % factor
    return low, high


def _block_mean(data: Float32Array, factor: FloatArray) -> Float32Array:
    if np.all(factor == 1):
        return np.ascontiguousarray(data)
    total = data
    for axis, count in enumerate(int(k) for k in factor):
        lines = np.moveaxis(total, axis, 0)
        added = lines[::count].copy()
        for k in range(1, count):
            added += lines[k::count]
        total = np.moveaxis(added, 0, axis)
    mean: Float32Array = total * np.float32(1 / np.prod(factor))
    return np.ascontiguousarray(mean)


def _mask_at(found: BrainMap, affine: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Where the evidence, interpolated, is positive on the working grid."""
    to_logit = np.linalg.inv(found.affine) @ affine
    steps, start = to_logit[:3, :3], to_logit[:3, 3]
    if np.allclose(steps, np.diag(np.diag(steps)), atol=1e-6):
        along = zip(np.diag(steps), start, shape, strict=True)
        logit = sample_axes(found.logit, [np.arange(n) * step + first for step, first, n in along])
    else:
        logit = ndimage.affine_transform(
            found.logit, steps, start, output_shape=shape, order=1, mode="constant", cval=-1.0
        )
    mask: BoolArray = logit > 0
    return mask


def flatten_bias(brain: Brain, fwhm_mm: float = _BIAS_FWHM_MM) -> Brain:
    """Divide by a smooth brightness field and scale so that the brain's median is 1.

    The field is the Gaussian-smoothed logarithm of the intensities, over the mask only
    (homomorphic filtering). It is meant for alignment: fine shading is taken out later, in
    template space, by :func:`local_normalise`.

    Raises
    ------
    ScanError
        At least half of the mask holds no positive intensity.
    """
    inside = brain.mask & (brain.data > 0)
    if 2 * np.count_nonzero(inside) <= np.count_nonzero(brain.mask):
        raise ScanError(
            "brain",
            found="no positive intensity in half of what looks like a brain",
            expected="a brain brighter than zero",
            remedy="Look at the image: it may be noise, or scaled around zero.",
        )
    level = float(np.median(brain.data[inside]))
    logarithm = np.log(np.maximum(brain.data, 0.02 * level), dtype=np.float32)
    field = _masked_smooth(logarithm, brain.mask, fwhm_mm / 2.355 / brain.voxel_mm)
    data = np.where(brain.mask, brain.data * np.exp(-field), np.float32(0))
    data = np.clip(data / np.float32(np.median(data[brain.mask])), 0, 3)
    return Brain(data=data.astype(np.float32), mask=brain.mask, affine=brain.affine)


def local_normalise(image: Float32Array, inside: BoolArray, sigma: float) -> Float32Array:
    """Subtract the local mean and divide by the local standard deviation, inside a mask.

    ``sigma`` is in voxels. The result has mean 0 and standard deviation 1 over ``inside``, is
    clipped to +-4 and is 0 elsewhere. Removes shading, gain and slow contrast differences between
    scanners, and keeps the folds.
    """
    share = _local_sum(inside.astype(np.float32), sigma)
    share = np.maximum(share, np.float32(1e-3))
    masked = np.where(inside, image, np.float32(0))
    mean = _local_sum(masked, sigma) / share
    centred = np.where(inside, image - mean, np.float32(0))
    variance = _local_sum(centred**2, sigma) / share
    floor = np.float32(1e-3) * max(float(np.var(image[inside])), 1e-12)
    flat = centred / np.sqrt(variance + floor)
    values = flat[inside]
    spread = max(float(values.std()), 1e-6)
    flat = np.clip((flat - values.mean()) / spread, -CLIP, CLIP)
    return np.where(inside, flat, np.float32(0)).astype(np.float32)


def _local_sum(image: Float32Array, sigma: float) -> Float32Array:
    total: Float32Array = ndimage.gaussian_filter(image, sigma, mode="constant", truncate=2.5)
    return total


def _masked_smooth(image: Float32Array, mask: BoolArray, sigma: FloatArray) -> Float32Array:
    """Gaussian mean over the mask; computed on every second voxel where that loses nothing."""
    step = tuple(2 if s > 4 else 1 for s in sigma)
    thin = tuple(slice(None, None, k) for k in step)
    inside = mask[thin].astype(np.float32)
    scaled = [s / k for s, k in zip(sigma, step, strict=True)]
    total = ndimage.gaussian_filter(image[thin] * inside, scaled, mode="constant", truncate=2.5)
    share = ndimage.gaussian_filter(inside, scaled, mode="constant", truncate=2.5)
    mean = (total / np.maximum(share, np.float32(1e-3))).astype(np.float32, copy=False)
    if max(step) == 1:
        return mean
    return sample_axes(mean, [np.arange(n) / k for n, k in zip(image.shape, step, strict=True)])
