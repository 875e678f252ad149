"""The adaptive attacker: a removed face is filled in again before it is searched for.

Nothing that was removed comes back. The filling is the average head's face, led through the skin
that is left, so that recognisers that need a whole face can use what remains: forehead, temples,
jaw, ears, proportions. Where another image of the same person still has the face, the attacker
takes that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from headrisk.brain.prepare import TEMPLATE_CENTRE_MM
from headrisk.deidentify.flesh import Led, filled, flesh_of, lead, skin_offset
from headrisk.deidentify.skin import Skin, find_skin
from headrisk.heads.average import on_grid
from headrisk.heads.boxes import onto
from headrisk.heads.threshold import find_levels, positive
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

_MISSING_MM = 5.0  # what lies so far within the led skin, and in air, was removed
_OUTSIDE_MM = 2.0
_LEAST_LITRES = 0.008  # a smaller hollow is the person's own
_ROUND_MM = 9.0  # what is filled around that, to meet the skin that is left
_DONOR_ROUND_MM = 16.0  # and where another image of the person is taken: noses stand out


@dataclass(frozen=True)
class Donor:
    """Another image of the same person, with its face, and its alignment (template to scanner)."""

    volume: Volume = field(repr=False)
    alignment: FloatArray


def repair_face(
    volume: Volume,
    alignment: FloatArray,
    *,
    subject: str,
    donor: Donor | None = None,
    seed: int = 0,
) -> Volume:
    """Fill in a face that was removed.

    Parameters
    ----------
    volume
        The defaced scan.
    alignment
        4 x 4, template mm to scanner RAS+ mm of the scan.
    subject
        The scan's name for error messages.
    donor
        An undefaced image of the same person, of any contrast: the missing part is taken from it,
        rigidly aligned by the two brains, instead of from the average head.
    seed
        Of the noise of the filling.

    Returns
    -------
    The scan with a face, on the same grid; the same voxels wherever nothing was missing. A note
    says what was done.

    Raises
    ------
    ScanError
        The image does not part head from air.
    """
    skin = find_skin(volume, alignment, subject)
    offset = skin_offset(skin)
    missing = missing_part(skin, offset)
    around = _DONOR_ROUND_MM if donor else _ROUND_MM
    led = None
    if missing.any():
        edge = np.linalg.norm(skin.affine[:3, :3], axis=0)
        near = ndimage.distance_transform_edt(~missing, sampling=edge).astype(np.float32)
        led = lead(volume, skin, offset, near <= around)
    if led is None:
        return _noted(volume, "no missing face found: nothing filled in")
    inside = led.onto_box(near, skin.affine) <= around
    own = led.onto_box(np.clip(skin.distance, -_ROUND_MM, _ROUND_MM), skin.affine)
    data = volume.data.copy()
    if donor is not None:
        values = _from_donor(donor, alignment, led, skin, subject)
        taken = inside & (own > 0)
        said = "the missing face was taken from another image of the person"
    else:
        everywhere = np.ones(skin.shape, bool)
        depth = np.full(skin.shape, np.inf, np.float32)
        flesh = flesh_of(skin, everywhere, skin.average < 8, depth)
        taken = inside & (own > -1) & (led.distance < 1)
        values = np.zeros(taken.shape, np.float32)
        rng = np.random.default_rng(seed)
        where = np.flatnonzero(taken)
        values.ravel()[where] = filled(led, flesh, min(volume.voxel_mm), where, rng)
        said = "the missing face was filled in from an average head"
    part = data[led.box]
    part[taken] = np.maximum(part, values)[taken]
    return _noted(replace(volume, data=data), said)


def missing_part(skin: Skin, offset: tuple[Float32Array, FloatArray]) -> BoolArray:
    """Blocks that should hold tissue, if the skin went on as it begins, but are air."""
    expected = skin.average - onto(*offset, skin.affine, skin.shape)
    gone = (expected < -_MISSING_MM) & (skin.distance > _OUTSIDE_MM) & skin.mapped
    labels, count = ndimage.label(gone)
    if not count:
        return gone
    litres = np.bincount(labels.ravel()) * abs(float(np.linalg.det(skin.affine[:3, :3]))) / 1e6
    litres[0] = 0
    return np.asarray((litres > _LEAST_LITRES)[labels], bool)


def _from_donor(
    donor: Donor, alignment: FloatArray, led: Led, skin: Skin, subject: str
) -> Float32Array:
    """The donor's intensities in the box, scaled so that its tissue is as bright as the scan's."""
    data, _ = positive(donor.volume.data)
    levels = find_levels(data, f"{subject}, other image")
    to_donor = _rigid(donor.alignment @ np.linalg.inv(alignment), alignment)
    to_voxel = np.linalg.inv(donor.volume.affine) @ to_donor @ led.affine
    values = on_grid(data, to_voxel, led.distance.shape)
    own = skin.levels
    gain = (own.tissue - own.air) / max(levels.tissue - levels.air, 1e-6)
    return (values - np.float32(levels.air)) * np.float32(gain) + np.float32(own.air + skin.air)


def _rigid(matrix: FloatArray, alignment: FloatArray) -> FloatArray:
    """The nearest rotation, with the brain's centre brought to the same place."""
    centre = moved(alignment, np.array([TEMPLATE_CENTRE_MM]))
    left, _, right = np.linalg.svd(matrix[:3, :3])
    out = np.eye(4)
    out[:3, :3] = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    out[:3, 3] = (moved(matrix, centre) - centre @ out[:3, :3].T)[0]
    return out


def _noted(volume: Volume, note: str) -> Volume:
    return replace(volume, notes=(*volume.notes, note))
