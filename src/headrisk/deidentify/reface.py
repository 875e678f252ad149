"""The treatment that replaces: another synthetic face for the person's own, blended at the borders.

The new face is a stranger's, of a size and place that fit the head but not of its proportions. Its
skin is led through the skin that stays (scalp, behind the ears, neck), so that the two meet without
a step; a little way from there nothing of the person's own shape is left. Tissue below it gets the
scan's own intensities by depth, and all air outside the head is drawn anew, ghosts included. Deep
structures, more than 20 mm below the new face or 8 mm below the skin around it, stay.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrisk.deidentify.deface import Treated, untouched
from headrisk.deidentify.flesh import air_noise, filled, flesh_of
from headrisk.deidentify.head import Head, brain_mask, coarse_size
from headrisk.deidentify.led import Led, lead
from headrisk.deidentify.offset import skin_offset
from headrisk.deidentify.region import BRAIN_MM, covering, face_region, wide_region
from headrisk.deidentify.skin import Skin, find_skin, joined
from headrisk.deidentify.stranger import draw_seed, placed, strange_face
from headrisk.heads.boxes import grown, repeated
from headrisk.types import BoolArray, Float32Array

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
        Of the face that is put in, together with the scan's own voxels, and of the noise.

    Raises
    ------
    ScanError
        The image does not part head from air.
    """
    if head.stripped:
        return untouched(head)
    volume, alignment = head.volume, head.alignment.affine
    rng = draw_seed(volume, rng)
    skin = find_skin(volume, placed(alignment), subject, strange_face(rng), outside=False)
    cover = covering(alignment, skin.shape, skin.affine)
    skin = replace(skin, average=joined(skin.average, cover))
    face = face_region(head, skin.shape, skin.affine, skin.average)
    region, front = wide_region(face, skin.distance, alignment, skin.affine)
    beside = (region < -_BESIDE_MM[0]) & (region > -_BESIDE_MM[1])
    flesh = flesh_of(skin, region > 0, beside, face.brain)
    offset = skin_offset(skin, trusted=front < -_BESIDE_MM[0], fades=True)
    reach = np.minimum(region + np.float32(_LAYER_AROUND_MM), face.brain - np.float32(BRAIN_MM))
    led = lead(volume, skin, offset, region > 0, cover, exact=reach > 0)
    data = volume.data.copy()
    changed = np.zeros(volume.shape, bool)
    if led is not None:
        share, inside, below = _what(led, skin, region, reach)
        new = filled(led, flesh, min(volume.voxel_mm), np.flatnonzero(inside), rng)
        part = data[led.box]
        mixed = part[inside]
        mixed += share * (new - mixed)
        part[inside] = np.where(below, np.maximum(mixed, new), mixed)
        changed[led.box] = inside
    open_air = repeated(_empty(skin, region), coarse_size(volume), volume.shape)
    open_air &= ~changed
    data[open_air] = air_noise(int(np.count_nonzero(open_air)), flesh, rng)
    changed |= open_air
    kept = changed & brain_mask(head)
    changed &= ~kept
    data[kept] = volume.data[kept]
    return Treated(replace(volume, data=data), changed)


def _what(
    led: Led, skin: Skin, region: Float32Array, reach: Float32Array
) -> tuple[Float32Array, BoolArray, BoolArray]:
    """Voxels of the box that get flesh; how much of it each gets, and which lie below the skin."""
    weight = led.onto_box(region, skin.affine)
    below = (led.distance < 0) & (led.distance > -_LAYER_MM)
    below &= led.onto_box(reach, skin.affine) > 0
    inside = (weight > 0) | below
    where = np.flatnonzero(inside)
    share = weight.ravel()[where]
    share /= np.float32(_BLEND_MM)
    return np.clip(share, 0, 1, out=share), inside, below.ravel()[where]


def _empty(skin: Skin, region: Float32Array) -> BoolArray:
    """Blocks of air that are clear of the head and of the region's blended border."""
    head = skin.distance < 0
    step = float(np.linalg.norm(skin.affine[:3, :3], axis=0).min())
    near = grown(head, max(round(_CLEAR_MM / step), 1))
    return np.asarray(~near & (region < -_BLEND_MM), bool)
