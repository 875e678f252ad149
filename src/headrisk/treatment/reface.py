"""The treatment that replaces: an average face for the person's own, blended at the borders.

The average head's skin is led through the skin that stays (forehead, temples, jaw, neck), so that
the two meet without a step; tissue below it gets the scan's own intensities by depth, and all air
outside the head is drawn anew, ghosts included. Deep structures, more than 20 mm below the average
skin, stay.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from headrisk.imaging.volume import Volume
from headrisk.treatment.deface import Treated, untouched
from headrisk.treatment.flesh import air_noise, filled, flesh_of
from headrisk.treatment.head import Head, brain_mask, coarse_size
from headrisk.treatment.region import BRAIN_MM, face_region
from headrisk.treatment.skin import Skin, find_skin, lead, skin_offset
from headrisk.types import BoolArray, Float32Array

_DEPTH_MM = 20.0  # below the average skin; what lies deeper stays
_BLEND_MM = 2.5
# Just below the new skin there is flesh, also a little beyond the region: where the new skin lies
# deeper than the person's own, dark bone would show through it as holes.
_LAYER_MM, _LAYER_AROUND_MM = 5.0, 6.0
_BESIDE_MM = (1.0, 10.0)  # distance from the region of the tissue that tells the shading
_CLEAR_MM = 4.0  # air so far from the head is drawn anew


def replace_face(head: Head, subject: str, rng: np.random.Generator) -> Treated:
    """Replace face, ears and the air around the head; no voxel within 3 mm of the brain.

    Parameters
    ----------
    subject
        The scan's name for error messages.
    rng
        Of the noise in what is replaced.

    Raises
    ------
    ScanError
        The image does not part head from air.
    """
    if head.stripped:
        return untouched(head)
    volume, alignment = head.volume, head.alignment.affine
    skin = find_skin(volume, alignment, subject)
    face = face_region(head, skin.shape, skin.affine, skin.average)
    region = np.minimum(face.cut, face.skin + np.float32(_DEPTH_MM))
    beside = (region < -_BESIDE_MM[0]) & (region > -_BESIDE_MM[1])
    flesh = flesh_of(skin, region > 0, beside, face.brain)
    offset = skin_offset(skin, trusted=region < -_BESIDE_MM[0])
    data = volume.data.copy()
    changed = np.zeros(volume.shape, bool)
    led = lead(volume, alignment, skin, offset, region > 0)
    if led is not None:
        weight = led.onto_box(region, skin.affine)
        weight /= np.float32(_BLEND_MM)
        np.clip(weight, 0, 1, out=weight)
        reach = np.minimum(region + np.float32(_LAYER_AROUND_MM), face.brain - np.float32(BRAIN_MM))
        layer = np.abs(led.distance + _LAYER_MM / 2) < _LAYER_MM / 2
        layer &= led.onto_box(reach, skin.affine) > 0
        inside = (weight > 0) | layer
        flesh_there = filled(led, flesh, min(volume.voxel_mm), inside, rng)
        part = data[led.box]
        mixed = part[inside] + weight[inside] * (flesh_there - part[inside])
        part[inside] = np.where(layer[inside], np.maximum(mixed, flesh_there), mixed)
        changed[led.box] = inside
    open_air = _voxels(_empty(skin, region), volume)
    open_air &= ~changed
    data[open_air] = air_noise(int(np.count_nonzero(open_air)), flesh, rng)
    changed |= open_air
    kept = changed & brain_mask(head)
    changed &= ~kept
    data[kept] = volume.data[kept]
    return Treated(replace(volume, data=data), changed)


def _empty(skin: Skin, region: Float32Array) -> BoolArray:
    """Blocks of air that are clear of the head and of the region's blended border."""
    head = skin.distance < 0
    step = float(np.linalg.norm(skin.affine[:3, :3], axis=0).min())
    near = ndimage.binary_dilation(head, iterations=max(round(_CLEAR_MM / step), 1))
    return np.asarray(~near & (region < -_BLEND_MM), bool)


def _voxels(blocks: BoolArray, volume: Volume) -> BoolArray:
    """Each block's value for all of its voxels."""
    out = blocks
    for axis, (width, count) in enumerate(zip(coarse_size(volume), volume.shape, strict=True)):
        out = np.repeat(out, width, axis=axis)
        out = out[(slice(None),) * axis + (slice(count),)]
    return out
