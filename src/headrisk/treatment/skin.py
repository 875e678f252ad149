"""Where a scan's skin lies beside the average head's, and the average skin led through it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.face.boxes import block_affine, block_mean, largest_part, linear_at, onto, outside_air
from headrisk.face.pose import moved
from headrisk.face.threshold import Levels, find_levels, positive, skin_level
from headrisk.imaging.volume import Volume
from headrisk.treatment.average import AverageFace, load_average_face, on_grid
from headrisk.treatment.head import coarse_grid, coarse_size
from headrisk.types import BoolArray, Float32Array, FloatArray

_NEAR_MM = 2.5  # a block this near to the scan's skin tells where that lies
_CREDIBLE_MM = 12.0  # skin farther from the average head's is a wound, not skin
_WHOLE_MM = 20.0  # the same where no wound is to be expected
_SMOOTH_MM = (9.0, 30.0)  # over which the offset of the skin goes on where there is none
_FAR_WEIGHT, _MEAN_WEIGHT = 1e-2, 1e-5
_FADE_MM, _FADE_WEIGHT = 6.0, 3e-3  # the same where the offset fades; weight of none at all
_BRIDGE_MM = 4.0  # half of the widest opening (nostril, mouth, ear) that air does not pass
_FAR_MM = np.float32(1e3)
_JOINT_MM = np.float32(8.0)
_EXACT_MM = 4.0  # from the led skin: there it is computed on the voxels, not on blocks
_DENSER = np.array([2, 2, 2])  # blocks along an edge on which offsets are smoothed


@dataclass(frozen=True)
class Skin:
    """The skin of a scan in blocks of about 2 mm.

    Attributes
    ----------
    distance
        (x, y, z) signed distance in mm from the scan's outer skin, negative inside the head; 1000
        where the map of the average head does not reach.
    average
        The same from the average head's skin, brought into the scan by the alignment.
    value
        Mean intensity of each block, air near 0.
    affine
        4 x 4, index to scanner mm.
    mapped
        (x, y, z) blocks in the box around the face in which ``average`` is more than a guess.
    levels
        Of air and tissue, for the whole image.
    air
        What an intensity of 0 in ``value`` is in the image: 0, or -1000 for a CT.
    face, placing
        The maps that ``average`` is from, and template mm to scanner mm (4 x 4).
    """

    distance: Float32Array = field(repr=False)
    average: Float32Array = field(repr=False)
    value: Float32Array = field(repr=False)
    affine: FloatArray = field(repr=False)
    mapped: BoolArray = field(repr=False)
    levels: Levels
    air: float
    face: AverageFace = field(repr=False)
    placing: FloatArray = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of blocks along x, y and z."""
        x, y, z = self.value.shape
        return x, y, z


def air_value(volume: Volume) -> float:
    """The intensity that stands for air: 0, or -1000 where the image is a CT."""
    return -1000.0 if positive(volume.data)[1] else 0.0


def find_skin(
    volume: Volume,
    placing: FloatArray,
    subject: str,
    face: AverageFace | None = None,
    *,
    outside: bool = True,
) -> Skin:
    """Part the head from the air around it and measure distances from its skin.

    Parameters
    ----------
    placing
        4 x 4, template mm to scanner mm: where the average head is put.
    subject
        The scan's name for error messages.
    face
        Maps of another head to take the place of the average one.
    outside
        Measure distances in the air, too, beyond the blocks next to the skin; else they are 1000.

    Raises
    ------
    ScanError
        The image holds no two classes of intensity.
    """
    data, hounsfield = positive(volume.data)
    levels = find_levels(data, subject)
    value = block_mean(data, coarse_size(volume))
    shape, affine = coarse_grid(volume)
    edge = np.linalg.norm(affine[:3, :3], axis=0)
    level, _ = skin_level(value, levels, edge, _DENSER)
    level = onto(level, block_affine(affine, _DENSER), affine, shape)
    head = _closed(value > level, edge)
    face = face or load_average_face()
    mapped = _in_box(face, placing, affine, shape)
    return Skin(
        _signed_distance(head, mapped, edge, outside=outside),
        on_scan(face.skin, face, placing, affine, shape),
        value,
        affine,
        mapped,
        levels,
        -1000.0 if hounsfield else 0.0,
        face,
        placing,
    )


def _closed(solid: BoolArray, edge: FloatArray) -> BoolArray:
    """The head with its airways: what air from outside reaches through wide openings only."""
    steps = max(round(_BRIDGE_MM / float(edge.mean())), 1)
    open_air = outside_air(~ndimage.binary_dilation(solid, iterations=steps))
    return largest_part(~ndimage.binary_dilation(open_air, iterations=steps))


def _signed_distance(
    head: BoolArray, mapped: BoolArray, edge: FloatArray, *, outside: bool
) -> Float32Array:
    """Distance from the outline of the head, negative inside; measured around the face only."""
    out = np.where(head, -_FAR_MM, _FAR_MM).astype(np.float32)
    found = ndimage.find_objects(mapped.astype(np.int8))
    if found and found[0] is not None:
        part = head[found[0]]
        beyond = ndimage.distance_transform_edt(~part, sampling=edge) if outside else None
        out[found[0]] = _next_to(part, edge) if beyond is None else beyond
        out[found[0]] -= ndimage.distance_transform_edt(part, sampling=edge)
    return out


def _next_to(head: BoolArray, edge: FloatArray) -> Float32Array:
    """Distance from the head for the blocks beside it, 0 inside, 1000 for all others."""
    out = np.where(head, np.float32(0), _FAR_MM)
    for axis in np.argsort(-edge):
        for first, second in ((np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:])):
            to, of = ((slice(None),) * int(axis) + (part,) for part in (first, second))
            out[to][head[of] & ~head[to]] = edge[axis]
    return out


def _in_box(
    average: AverageFace, alignment: FloatArray, affine: FloatArray, shape: tuple[int, int, int]
) -> BoolArray:
    to_map = _to_map(average, alignment, affine)
    x, y, z = np.ogrid[: shape[0], : shape[1], : shape[2]]
    out = np.ones(shape, bool)
    for row, count in zip(to_map[:3], average.skin.shape, strict=True):
        place = row[0] * x + row[1] * y + (row[2] * z + row[3])
        out &= (place >= 0) & (place <= count - 1)
    return out


def _to_map(face: AverageFace, placing: FloatArray, affine: FloatArray) -> FloatArray:
    """4 x 4, index of a grid of the scan to index of a head's maps that are put at ``placing``."""
    to_map: FloatArray = np.linalg.inv(face.affine) @ np.linalg.inv(placing) @ affine
    return to_map


def on_scan(
    image: Float32Array,
    average: AverageFace,
    alignment: FloatArray,
    affine: FloatArray,
    shape: tuple[int, ...],
) -> Float32Array:
    """A map of distances of the average face on a grid of a scan, in the scan's mm.

    Parameters
    ----------
    image
        One of the two maps of ``average``.
    alignment
        Template mm to scanner mm.
    affine, shape
        Of the grid, to scanner mm.
    """
    to_map = _to_map(average, alignment, affine)
    return on_grid(image, to_map, shape) * np.float32(mm_per_template_mm(alignment))


def joined(first: Float32Array, second: Float32Array) -> Float32Array:
    """Signed distance from what two surfaces enclose together, rounded where they meet.

    The quadratic smooth minimum (Quilez, "Smooth minimum", 2013), 8 mm wide.
    """
    blend = np.maximum(_JOINT_MM - np.abs(first - second), 0)
    out: Float32Array = np.minimum(first, second) - np.square(blend) / np.float32(4 * _JOINT_MM)
    return out


def mm_per_template_mm(alignment: FloatArray) -> float:
    """How long a mm of the template is in the scan, on average over directions."""
    return float(np.cbrt(abs(np.linalg.det(alignment[:3, :3]))))


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
    weight = block_mean(known.astype(np.float32), _DENSER)
    total = block_mean(values, _DENSER)
    coarse = block_affine(affine, _DENSER)
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
) -> Led | None:
    """The average skin plus its offset, exact near the skin, on the voxels around ``wanted``.

    Parameters
    ----------
    wanted
        Blocks; None is returned where there are none.
    cover
        Signed distance from a surface within which the skin must not lie, in blocks; ``average`` of
        ``skin`` already has it.
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
    near = np.flatnonzero(np.abs(distance) < _EXACT_MM)
    index = np.stack(np.unravel_index(near, shape), axis=1).astype(np.float64)
    to_skin = np.linalg.inv(skin.affine) @ affine
    to_map = _to_map(face, skin.placing, affine)
    exact = linear_at(face.skin, moved(to_map, index))
    exact *= np.float32(mm_per_template_mm(skin.placing))
    if cover is not None:
        exact = joined(exact, linear_at(cover, moved(to_skin, index)))
    shift, grid = offset
    exact -= linear_at(shift, moved(np.linalg.inv(grid) @ affine, index))
    distance.ravel()[near] = exact
    a, b, c = (slice(first, last) for first, last in limits)
    return Led((a, b, c), distance, affine)
