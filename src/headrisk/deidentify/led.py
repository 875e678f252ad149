"""The average skin led through what is left of a scan's own, on the image's voxels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from headrisk.deidentify.head import coarse_size
from headrisk.deidentify.skin import Skin, joined, mm_per_template_mm, to_map
from headrisk.heads.boxes import linear_at, onto, repeated
from headrisk.heads.pose import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

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
