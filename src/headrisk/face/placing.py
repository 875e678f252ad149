"""Where the head lies in an image of any kind: by its brain, else by its skin."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from headrisk.brain.normalise import with_air_at_zero
from headrisk.brain.prepare import AlignedBrain, BrainLooks, PrepareTask
from headrisk.brain.quality import judge
from headrisk.errors import ScanError
from headrisk.heads.boxes import block_mean, grown
from headrisk.heads.sightlines import SkinLevels, bone_behind_scalp, skin_levels
from headrisk.heads.skin_align import HEAD_HU, align_by_skin, head_of_ct
from headrisk.heads.threshold import hounsfield
from headrisk.io.nifti import load_first_volume
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

CT_LEVELS = (-600.0, -400.0, HEAD_HU, -150.0)  # the lowest for walls thinner than a voxel
_NOISY = 1.5  # local spread of air beside that of tissue from which the background is noise
_CONSTANT = 1e-3
_SKIN_TRIES = 4
_LEAST_SIZE = 0.84  # of a head beside the template: what is smaller may be a brain without skin
_FINE = 0.65  # alignment score that needs no second look
_HIDDEN = 0.5  # share of a part of the face outside the image from which a poor score is doubted
_SURE_SCALP = 0.85  # share of the scalp in its place that vouches for a poorer score
# What is surely a brain: alignment scores and agreement within it, either pair. Synthetic and real
# heads of 17 kinds have (0.59, 0.42) or (0.70, 0.18) at least; balls, eggs with shells and a
# scanner's phantoms at most (0.62, 0.13) or (0.60, 0.21).
_SURELY = ((0.65, 0.12), (0.50, 0.30))
_BONE_HU, _BONE_MM = 150.0, 30.0  # no soft tissue is as dense
_BLOCK_MM = 2.0
_HALF = 0.5
_THIN, _NEAR = 1, 4  # blocks that are worn off a brain, and those around it that belong to it
_STRAY_ML = 2.0  # away from a brain; a stripped brain has less
_END_MM = 4.0  # at the end of an image
_FOLDED = 0.004  # share of tissue there from which something may be folded in
_FEWEST_BONE = 0.5  # share of the scalp's lines that meet bone


@dataclass(frozen=True)
class Placed:
    """A head found in an image.

    Attributes
    ----------
    volume
        The image with air near zero, or a CT without its table.
    alignment
        4 x 4, template mm to scanner mm.
    skin
        What the lines of a template show of its skin; None for a bare brain.
    stripped
        The image holds nothing but a brain.
    by
        What it was aligned by: ``brain``, ``skin``, or another image that ``lent`` its place.
    hounsfield
        The image is in Hounsfield units.
    brain
        The brain, where it was found.
    beside
        Apart from a brain on an empty background something else is there, too little or too thin
        for a head: a line along the skin, dust of a scalp below a threshold.
    """

    volume: Volume = field(repr=False)
    alignment: FloatArray = field(repr=False)
    skin: SkinLevels | None
    stripped: bool
    by: str
    hounsfield: bool
    brain: AlignedBrain | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    beside: bool = False

    @property
    def sure(self) -> bool:
        """Whether this is surely a head: by its brain or skull, or as another image has it."""
        if self.brain is not None:
            found = self.brain.alignment
            return any(
                found.score >= score and abs(found.within) >= within for score, within in _SURELY
            )
        if self.hounsfield:
            bone = bone_behind_scalp(self.volume, self.alignment, _BONE_HU, _BONE_MM)
            return bone >= _FEWEST_BONE
        return self.by == "lent"


def place_head(volume: Volume, task: PrepareTask, looks: BrainLooks | None = None) -> Placed:
    """Find the head in an image of any kind.

    The brain aligns best. Where its alignment is poor and the skin does not confirm it, and in
    every CT, the outline of the head is fitted instead.

    Parameters
    ----------
    volume
        The image as it was read.
    task
        What it is called, and its contrast.
    looks
        What looks for the brain in the same image gave already. They are used unless the image's
        background is noise, which is made dark here and there it is not.

    Raises
    ------
    ScanError
        No head was found.
    """
    ct = hounsfield(volume, task.suffix, task.scan_id)
    if ct is not None:
        return _by_skin(head_of_ct(ct), CT_LEVELS, task, units=True, stored=ct)
    quiet = with_quiet_air(volume)
    if looks is None or quiet is not volume:
        looks = BrainLooks(with_air_at_zero(quiet), task)
    volume = looks.volume
    failed = ""
    for once in (True, False):  # a second, dearer look only where the skin did not vouch for it
        try:
            aligned = looks.aligned(once=once)
        except ScanError:
            break
        if aligned.stripped:
            placing = aligned.alignment.affine
            if not more_than_a_brain(volume):
                return Placed(volume, placing, None, True, "brain", False, aligned)
            skin = skin_levels(volume, placing)
            return Placed(volume, placing, skin, False, "brain", False, aligned, beside=True)
        quality = judge(aligned.volume_ml, aligned.alignment)
        skin = skin_levels(volume, aligned.alignment.affine)
        fine = aligned.alignment.score > _FINE or (skin.vouched and skin.scalp > _SURE_SCALP)
        if (fine and quality.verdict != "failed") or (skin.vouched and not once):
            placing = aligned.alignment.affine
            found = Placed(volume, placing, skin, False, "brain", False, aligned, aligned.notes)
            if aligned.alignment.score > _FINE or not _face_out_of_view(skin):
                return found
            return with_more_face(found, task)
        failed = "; ".join(quality.reasons) if quality.verdict == "failed" else ""
        if once and not skin.vouched:
            try:
                return _by_skin(volume, (), task, units=False)
            except ScanError:
                continue
    else:
        if not failed:
            placing = aligned.alignment.affine
            return Placed(volume, placing, skin, False, "brain", False, aligned, aligned.notes)
        raise ScanError(
            task.scan_id,
            found=f"the head could not be aligned: {failed}",
            expected="a head whose brain or skin can be found",
            remedy="Look at the image, or leave it out of the face modality.",
        )
    return _by_skin(volume, (), task, units=False)


def more_than_a_brain(volume: Volume) -> bool:
    """Whether an image of a brain on an empty background shows something away from that brain.

    What is thin is no brain: the largest solid body is, and all within 8 mm of it. A face drawn by
    one voxel along its skin is about 30 mL.
    """
    size = np.maximum(np.round(_BLOCK_MM / np.array(volume.voxel_mm)), 1).astype(np.int64)
    share = block_mean((volume.data != 0).astype(np.float32), size)
    body = ndimage.binary_erosion(share > _HALF, iterations=_THIN)
    labels, count = ndimage.label(body)
    if not count:
        return True
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    near = grown(labels == sizes.argmax(), _THIN + _NEAR)
    block_ml = float(np.prod(size * np.array(volume.voxel_mm))) / 1000
    return float(share[~near].sum(dtype=np.float64)) * block_ml > _STRAY_ML


def ends_in_tissue_behind(placed: Placed) -> bool:
    """Whether the image shows tissue at its end behind the head, where a nose may be folded to.

    What lies beyond the field of view along the phase direction is folded to its other end.
    """
    if placed.skin is None or not placed.skin.good:
        return False
    data, level = placed.volume.data, placed.skin.good[0]
    ahead = np.linalg.inv(placed.volume.affine[:3, :3]) @ placed.alignment[:3, 1]
    ahead *= np.array(placed.volume.voxel_mm)
    axis = int(np.abs(ahead).argmax())
    width = max(1, round(_END_MM / placed.volume.voxel_mm[axis]))
    last = data.shape[axis] - width
    end = data.take(range(width) if ahead[axis] > 0 else range(last, data.shape[axis]), axis)
    return float(np.mean(end > level)) > _FOLDED


def _face_out_of_view(skin: SkinLevels) -> bool:
    """Whether most of a part of the face lies outside the image, as the alignment has it."""
    return max(skin.outside.values()) >= _HIDDEN


def with_more_face(placed: Placed, task: PrepareTask) -> Placed:
    """The head aligned by its outline where that shows more of a face; else as it was.

    A scalp is round: it confirms a poor alignment by the brain that turned the face out of the
    image too.
    """
    try:
        other = _by_skin(placed.volume, (), task, units=False)
    except ScanError:
        return placed
    shown = [sum(one.skin.there.values()) if one.skin else 0.0 for one in (placed, other)]
    return other if shown[1] > shown[0] else placed


def lent_place(
    volume: Volume, task: PrepareTask, lenders: tuple[tuple[str, str], ...]
) -> Placed | None:
    """The head where another image of the session has it; None where the skin does not confirm it.

    A PET of little uptake shows neither brain nor outline well enough to be aligned, but lies in
    the frame of the CT or MR that was made with it. Whether it does is seen from its scalp.

    Parameters
    ----------
    lenders
        Path and suffix of the other images.
    """
    still = with_air_at_zero(with_quiet_air(volume))
    for path, suffix in lenders:
        own = replace(task, scan_id=path, path=path, suffix=suffix)
        try:
            lender = place_head(load_first_volume(Path(path)), own)
        except ScanError:
            continue
        skin = skin_levels(still, lender.alignment)
        if skin.vouched:
            notes = (*still.notes, f"aligned as the {suffix} of the session is")
            return Placed(still, lender.alignment, skin, False, "lent", False, None, notes)
    return None


def _by_skin(
    volume: Volume,
    levels: tuple[float, ...],
    task: PrepareTask,
    *,
    units: bool,
    stored: Volume | None = None,
) -> Placed:
    """The head aligned by its outline at the level that shows most of the scalp in its place."""
    best: tuple[FloatArray, SkinLevels] | None = None
    tries = (HEAD_HU,) if units else _tries(volume.data)
    for level in tries:
        alignment = align_by_skin(volume, level)
        if alignment is None or _size(alignment) < _LEAST_SIZE:
            continue
        hint = -1000.0 if units else None
        skin = skin_levels(volume, alignment, air_hint=hint, levels=levels, stored=stored)
        if best is None or skin.scalp > best[1].scalp:
            best = alignment, skin
        if units and skin.vouched:
            break
    if best is None or not best[1].vouched:
        raise ScanError(
            task.scan_id,
            found="no head: neither a brain nor the outline of a head was found",
            expected="a head",
            remedy="Look at the image, or leave it out of the face modality.",
        )
    notes = ("aligned by the outline of the head",)
    return Placed(volume, best[0], best[1], False, "skin", units, None, volume.notes + notes)


def _size(alignment: FloatArray) -> float:
    """How long a mm of the template is in the scan."""
    return float(np.cbrt(abs(np.linalg.det(alignment[:3, :3]))))


def _tries(data: Float32Array) -> tuple[float, ...]:
    """Levels from dim skin to bright skin, where air is near zero."""
    sample = data[::3, ::3, ::3]
    bright = float(np.quantile(sample, 0.99))
    return tuple(bright * share for share in np.geomspace(0.02, 0.25, _SKIN_TRIES))


def with_quiet_air(volume: Volume) -> Volume:
    """The image with a background of noise made dark; any other image as it is.

    A ratio of images (the uniform image of MP2RAGE) is noise as bright as tissue where there is no
    signal. There, and only there, neighbours differ more outside the head than inside.
    """
    data = volume.data
    if min(data.shape) < 12:
        return volume
    edge = np.median([_local_spread(part) for part in (data[:4], data[-4:], data[:, :, -4:])])
    middle = tuple(slice(n // 3, 2 * n // 3) for n in data.shape)
    core = _local_spread(data[middle])
    if not edge > _NOISY * core > 0:
        return volume
    mean = ndimage.uniform_filter(data, 3)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(np.square(data), 3) - mean * mean, 0))
    solid = np.clip((0.8 * edge - spread) / (0.4 * edge), 0, 1).astype(np.float32)
    solid[spread < _CONSTANT * edge] = 0  # one value: emptied by a tool, whatever that value is
    low = np.float32(np.quantile(data[::3, ::3, ::3], 0.005))
    height = np.float32(0.15) * (np.float32(np.quantile(data[::3, ::3, ::3], 0.995)) - low)
    quiet = solid * (data - low + height)
    note = "the background is noise: taken for air where neighbours differ as much"
    return Volume(quiet, volume.affine, (*volume.notes, note))


def _local_spread(part: Float32Array) -> float:
    """Median standard deviation of 2 x 2 x 2 neighbours."""
    x, y, z = (n - n % 2 for n in part.shape)
    cells = part[:x, :y, :z].reshape(x // 2, 2, y // 2, 2, z // 2, 2)
    return float(np.median(cells.std(axis=(1, 3, 5))))
