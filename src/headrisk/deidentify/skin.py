"""Where a scan's skin lies beside the average head's."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.brain.normalise import air_level
from headrisk.deidentify.head import coarse_grid, coarse_size
from headrisk.heads.average import AverageFace, load_average_face, on_grid
from headrisk.heads.boxes import block_affine, block_mean, grown, largest_part, onto, outside_air
from headrisk.heads.threshold import Levels, find_levels, positive, skin_level
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

_BRIDGE_MM = 4.0  # half of the widest opening (nostril, mouth, ear) that air does not pass
_FAR_MM = np.float32(1e3)
_JOINT_MM = np.float32(8.0)
DENSER = np.array([2, 2, 2])  # blocks along an edge on which offsets are smoothed


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
    """The intensity that stands for air: -1000 in a CT, else 0 unless air is stored elsewhere.

    What is emptied must look like the air around it, whatever offset and sign an image has.
    """
    return -1000.0 if positive(volume.data)[1] else air_level(volume)


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
    level, _ = skin_level(value, levels, edge, DENSER)
    level = onto(level, block_affine(affine, DENSER), affine, shape)
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
    open_air = outside_air(~grown(solid, steps))
    return largest_part(~grown(open_air, steps))


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
    to_index = to_map(average, alignment, affine)
    x, y, z = np.ogrid[: shape[0], : shape[1], : shape[2]]
    out = np.ones(shape, bool)
    for row, count in zip(to_index[:3], average.skin.shape, strict=True):
        place = row[0] * x + row[1] * y + (row[2] * z + row[3])
        out &= (place >= 0) & (place <= count - 1)
    return out


def to_map(face: AverageFace, placing: FloatArray, affine: FloatArray) -> FloatArray:
    """4 x 4, index of a grid of the scan to index of a head's maps that are put at ``placing``."""
    out: FloatArray = np.linalg.inv(face.affine) @ np.linalg.inv(placing) @ affine
    return out


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
    to_index = to_map(average, alignment, affine)
    return on_grid(image, to_index, shape) * np.float32(mm_per_template_mm(alignment))


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
