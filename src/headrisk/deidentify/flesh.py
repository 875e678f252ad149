"""What to fill a head with: intensity by depth below the skin, its shading, and noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.deidentify.head import coarse_size
from headrisk.deidentify.skin import DENSER, Skin, joined, mm_per_template_mm, to_map
from headrisk.heads.boxes import block_affine, block_mean, linear_at, onto, repeated
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

# ----------------------------------------------------------------------
# The average skin led through what is left of a scan's own, and how far the two lie apart.
# ----------------------------------------------------------------------

# ----------------------------------------------------------------------
# How far a scan's skin lies from the average head's, continued smoothly to where there is none.
# ----------------------------------------------------------------------

_NEAR_MM = 2.5  # a block this near to the scan's skin tells where that lies
_CREDIBLE_MM = 12.0  # skin farther from the average head's is a wound, not skin
_WHOLE_MM = 20.0  # the same where no wound is to be expected
_SMOOTH_MM = (9.0, 30.0)  # over which the offset of the skin goes on where there is none
_FAR_WEIGHT, _MEAN_WEIGHT = 1e-2, 1e-5
_FADE_MM, _FADE_WEIGHT = 6.0, 3e-3  # the same where the offset fades; weight of none at all


def skin_offset(
    skin: Skin, trusted: BoolArray | None = None, *, fades: bool = False
) -> tuple[Float32Array, FloatArray]:
    """How far the scan's skin lies outside the average head's (mm, negative inside), everywhere.

    Measured where the two are less than 12 mm apart, and smoothly continued from there: near skin
    by what is near, farther away by the wider surroundings.

    Parameters
    ----------
    trusted
        Blocks in which the scan's skin may be looked at; all by default.
    fades
        Go over to no offset within about 15 mm of that skin, so that nothing of it is told farther
        away.

    Returns
    -------
    The offset on blocks of about 4 mm, and their index to scanner mm.
    """
    credible = _WHOLE_MM if fades else _CREDIBLE_MM
    known = (np.abs(skin.distance) <= _NEAR_MM) & (np.abs(skin.average) <= credible)
    for axis in range(3):  # the border of the image is no skin
        known[(slice(None),) * axis + ([0, 1, -2, -1],)] = False
    if trusted is not None:
        known &= trusted
    offset = np.where(known, skin.average - skin.distance, np.float32(0))
    return continued(offset, known, skin.affine, fades=fades)


def continued(
    values: Float32Array, known: BoolArray, affine: FloatArray, *, fades: bool = False
) -> tuple[Float32Array, FloatArray]:
    """Values known in some blocks as a smooth field over all, on a grid half as fine.

    Normalised convolution at two widths (Knutsson and Westin, CVPR 1993), then the median.

    Parameters
    ----------
    values
        (x, y, z), 0 where unknown.
    known
        Where they are known.
    affine
        4 x 4, index to mm.
    fades
        Go over to 0 instead, farther away than the first width.
    """
    weight = block_mean(known.astype(np.float32), DENSER)
    total = block_mean(values, DENSER)
    coarse = block_affine(affine, DENSER)
    edge = np.linalg.norm(coarse[:3, :3], axis=0)
    middle = float(np.median(values[known])) if known.any() else 0.0
    far = _FADE_WEIGHT if fades else _MEAN_WEIGHT
    above = np.full(weight.shape, 0.0 if fades else far * middle, np.float32)
    below = np.full(weight.shape, far, np.float32)
    widths = (_FADE_MM,) if fades else _SMOOTH_MM
    for width, share in zip(widths, (1.0, _FAR_WEIGHT), strict=False):
        sigma = width / edge
        above += np.float32(share) * ndimage.gaussian_filter(total, sigma, truncate=3)
        below += np.float32(share) * ndimage.gaussian_filter(weight, sigma, truncate=3)
    return np.asarray(above / below, np.float32), coarse


# ----------------------------------------------------------------------
# The average skin led through what is left of a scan's own, on the image's voxels.
# ----------------------------------------------------------------------

_EXACT_MM = 4.0  # from the led skin: there it is computed on the voxels, not on blocks
_AROUND = np.ones((3, 3, 3), bool)  # a voxel's value comes from blocks next to the one it lies in


@dataclass(frozen=True)
class Led:
    """The average skin led through what is left of a scan's own, on the image's voxels.

    Attributes
    ----------
    box
        Slices of the image in which it was computed.
    distance
        (x, y, z) of the box, signed distance in mm from that skin, negative inside.
    affine
        4 x 4, index in the box to scanner mm.
    """

    box: tuple[slice, slice, slice]
    distance: Float32Array = field(repr=False)
    affine: FloatArray = field(repr=False)

    def onto_box(self, image: Float32Array, affine: FloatArray) -> Float32Array:
        """A smooth map on the image's axes, on the voxels of the box."""
        return onto(image, affine, self.affine, self.distance.shape)


def lead(
    volume: Volume,
    skin: Skin,
    offset: tuple[Float32Array, FloatArray],
    wanted: BoolArray,
    cover: Float32Array | None = None,
    exact: BoolArray | None = None,
) -> Led | None:
    """The average skin plus its offset, exact near the skin, on the voxels around ``wanted``.

    Parameters
    ----------
    wanted
        Blocks; None is returned where there are none.
    cover
        Signed distance from a surface within which the skin must not lie, in blocks; ``average`` of
        ``skin`` already has it.
    exact
        Blocks in and next to which the distance is computed on the voxels; ``wanted`` by default.
        Elsewhere it is interpolated between blocks.
    """
    found = ndimage.find_objects(wanted.astype(np.int8))
    if not found or found[0] is None:
        return None
    size = coarse_size(volume)
    limits = [
        (max(int((one.start - 1) * k), 0), min(int((one.stop + 1) * k), n))
        for one, k, n in zip(found[0], size, volume.shape, strict=True)
    ]
    low = np.array([a for a, _ in limits])
    shape = tuple(b - a for a, b in limits)
    affine = volume.affine.copy()
    affine[:3, 3] += volume.affine[:3, :3] @ low
    led = skin.average - onto(*offset, skin.affine, skin.shape)
    distance = onto(led, skin.affine, affine, shape)
    face = skin.face
    asked = ndimage.binary_dilation(wanted if exact is None else exact, _AROUND)
    asked = asked[tuple(slice(a // k, None) for (a, _), k in zip(limits, size, strict=True))]
    near = np.flatnonzero((np.abs(distance) < _EXACT_MM) & repeated(asked, size, shape))
    index = np.stack(np.unravel_index(near, shape), axis=1).astype(np.float64)
    to_skin = np.linalg.inv(skin.affine) @ affine
    to_index = to_map(face, skin.placing, affine)
    skin_mm = linear_at(face.skin, moved(to_index, index))
    skin_mm *= np.float32(mm_per_template_mm(skin.placing))
    if cover is not None:
        skin_mm = joined(skin_mm, linear_at(cover, moved(to_skin, index)))
    shift, grid = offset
    skin_mm -= linear_at(shift, moved(np.linalg.inv(grid) @ affine, index))
    distance.ravel()[near] = skin_mm
    a, b, c = (slice(first, last) for first, last in limits)
    return Led((a, b, c), distance, affine)


_DEPTHS_MM = np.arange(2.0, 26.0, 2.0)
_FINE_MM = 0.25  # of the table of intensities
_HALF_MM = 1.5  # of a layer
_FEWEST = 40  # blocks behind a median
_SHADING_MM = (2.0, 14.0)  # depth of the tissue that tells the shading
_MOST_SHADING = 0.7  # of the logarithm
_RAYLEIGH_MEDIAN = 1.1774  # of the spread of its two channels


@dataclass(frozen=True)
class Flesh:
    """Intensities of a scan's soft tissue and air.

    Attributes
    ----------
    by_depth
        Median intensity at :data:`_DEPTHS_MM` below the skin.
    shading
        Logarithm of the local gain on blocks of about 4 mm, and their index to mm.
    noise
        Standard deviation of each of the two channels of the noise.
    air
        Intensity of air in the image, without noise.
    """

    by_depth: FloatArray
    shading: tuple[Float32Array, FloatArray] = field(repr=False)
    noise: float
    air: float


def flesh_of(skin: Skin, of: BoolArray, beside: BoolArray, brain_mm: Float32Array) -> Flesh:
    """Learn how a scan shows its soft tissue.

    Parameters
    ----------
    of
        Blocks whose medians by depth are taken.
    beside
        Blocks that tell the shading: those that stay, next to those that are filled.
    brain_mm
        Distance of every block from the brain; brain and what touches it never count.
    """
    outer = brain_mm > 6
    depth = -skin.distance
    inner = _medians(skin, depth, of & outer)
    if np.isnan(inner).any():
        inner = np.where(np.isnan(inner), _medians(skin, depth, outer), inner)
    by_depth = np.where(np.isnan(inner), skin.levels.tissue - skin.levels.air, inner)
    known = beside & outer & (depth > _SHADING_MM[0]) & (depth < _SHADING_MM[1])
    plain = np.interp(depth[known], _DEPTHS_MM, by_depth)
    ratio = np.zeros(skin.shape, np.float32)
    ratio[known] = np.log(np.maximum(skin.value[known], 1e-6) / np.maximum(plain, 1e-6))
    np.clip(ratio, -_MOST_SHADING, _MOST_SHADING, out=ratio)
    return Flesh(
        by_depth,
        continued(ratio, known, skin.affine),
        skin.levels.air / _RAYLEIGH_MEDIAN,
        skin.air,
    )


def _medians(skin: Skin, depth: Float32Array, of: BoolArray) -> FloatArray:
    """Median intensity of some blocks at each depth; NaN where there are too few."""
    reached = (depth > _DEPTHS_MM[0] - _HALF_MM - 1) & (depth < _DEPTHS_MM[-1] + _HALF_MM + 1)
    chosen = np.flatnonzero(of & reached)
    deep, value = depth.ravel()[chosen], skin.value.ravel()[chosen]
    layers = [value[np.abs(deep - mm) <= _HALF_MM] for mm in _DEPTHS_MM]
    return np.array([float(np.median(v)) if v.size >= _FEWEST else np.nan for v in layers])


def filled(
    led: Led, flesh: Flesh, voxel_mm: float, where: IntArray, rng: np.random.Generator
) -> Float32Array:
    """Intensities of a head whose skin is the led one: tissue within, air outside, noise on both.

    Parameters
    ----------
    voxel_mm
        Over which tissue and air mix at the skin.
    where
        (voxels,) flat indices into the box of those that are wanted.

    Returns
    -------
    (voxels,) in the order of ``where``.
    """
    distance = led.distance.ravel()[where]
    fine = np.arange(0, _DEPTHS_MM[-1] + 1, _FINE_MM)
    table = np.interp(fine, _DEPTHS_MM, flesh.by_depth).astype(np.float32)
    place = np.clip(distance * np.float32(-1 / _FINE_MM), 0, len(table) - 1).astype(np.int32)
    out = table[place]
    out *= np.exp(led.onto_box(*flesh.shading).ravel()[where])
    out *= np.clip(np.float32(0.5) - distance / np.float32(voxel_mm), 0, 1)
    if flesh.noise > 0:
        sigma = np.float32(flesh.noise)
        out += sigma * rng.standard_normal(out.shape, np.float32)
        out = np.hypot(out, sigma * rng.standard_normal(out.shape, np.float32))
    out += np.float32(flesh.air)
    return np.asarray(out, np.float32)


def air_noise(count: int, flesh: Flesh, rng: np.random.Generator) -> Float32Array:
    """Noise of empty space, Rayleigh distributed (Gudbjartsson and Patz 1995)."""
    if flesh.noise <= 0:
        return np.full(count, flesh.air, np.float32)
    drawn = rng.standard_exponential(count, np.float32)
    out: Float32Array = np.sqrt(2 * drawn) * np.float32(flesh.noise) + np.float32(flesh.air)
    return out
