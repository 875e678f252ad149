"""From a raw head to a fingerprint: read, strip, flatten, align, normalise, sample."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from headrisk.brain.align import Alignment, Brain, align
from headrisk.brain.mutual import refine
from headrisk.brain.normalise import cut_brain, flatten_bias, local_normalise, with_air_at_zero
from headrisk.brain.quality import judge, mosaic
from headrisk.brain.resample import resample
from headrisk.brain.rescan import STRENGTHS, simulate_rescan
from headrisk.brain.strip import field_of_view, find_brain, upright_view
from headrisk.brain.template import template_grid
from headrisk.errors import ScanError
from headrisk.heads.threshold import is_ct, positive
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.settings import Alignment as Freedom
from headrisk.settings import Strength
from headrisk.types import Float32Array, FloatArray, ScanResult

VERSION = 5  # raise when any result of this module changes: stored fingerprints are then renewed
T1_LIKE = ("T1w", "MPRAGE", "T1rho", "UNIT1", "T1wCE")
_NORMALISE_FWHM_MM = 6.0 * 2.355
_GOOD_SCORE = 0.70  # alignment score above which one upright look at the head is enough
_POOR_SCORE = 0.62  # alignment score below which other views are tried
_OTHER_VIEWS = (  # turns of the image's axes, degrees about right, anterior and superior
    (180, 0, 0),
    (90, 0, 0),
    (0, 0, 90),
    (40, 0, 0),
    (-40, 0, 0),
    (0, 40, 0),
    (0, -40, 0),
    (0, 0, 40),
    (0, 0, -40),
)
_UPRIGHT_DEGREES = 20.0  # turn of the head against the image's axes that the network takes well
TEMPLATE_CENTRE_MM = (0.0, -18.0, 8.0)
_CLEARLY = 0.03  # by which tissue maps, with more freedom, must explain more than the T1
CT_NOT_COMPARED = "a CT, in which grey and white matter hardly differ: not compared by the brain"
_ALIGN_MM = 2.0  # voxel size for alignment; fine fingerprints are sampled from finer voxels


@dataclass(frozen=True)
class PrepareTask:
    """What a worker needs to prepare one scan; the part of the settings that matters here."""

    scan_id: str
    path: str
    suffix: str
    resolution_mm: int
    alignment: Freedom
    accurate: bool
    rescan: Strength | None = None  # prepare a simulated re-scan in the scan's place
    rescan_seed: tuple[int, ...] = ()
    mutual_information: bool = False  # refine by it; see headrisk.brain.mutual for when it helps


@dataclass(frozen=True)
class AlignedBrain:
    """A brain cut out at 2 mm, where it lies, and what was noted on the way.

    ``fine`` is the brain at the fingerprint's resolution; the same as ``brain`` for 3 and 4 mm.
    ``stripped`` says that the image held nothing but a brain.
    """

    brain: Brain
    fine: Brain
    alignment: Alignment
    volume_ml: float
    notes: tuple[str, ...]
    stripped: bool = False


def prepare(task: PrepareTask) -> ScanResult:
    """Prepare one scan. A scan that cannot be used gives a result with status and reason."""
    begin = time.process_time()
    try:
        volume = load_volume(Path(task.path))
        refuse_ct(volume, task)
        volume = with_air_at_zero(volume)
        if task.rescan is not None:
            rng = np.random.default_rng(task.rescan_seed)
            volume = simulate_rescan(volume, STRENGTHS[task.rescan], task.suffix, rng)
    except ScanError as error:
        return failed_brain(task, error, begin)
    return describe_brain(BrainLooks(volume, task), begin)


def describe_brain(looks: BrainLooks, begin: float) -> ScanResult:
    """The fingerprint of a head that was read; ``begin`` is the process time when work began."""
    task, volume = looks.task, looks.volume
    try:
        aligned = looks.aligned()
        quality = judge(aligned.volume_ml, aligned.alignment, t1_like=task.suffix in T1_LIKE)
        vector = fingerprint(aligned, task.resolution_mm)
    except ScanError as error:
        return failed_brain(task, error, begin)
    return ScanResult(
        scan_id=task.scan_id,
        status="failed" if quality.verdict == "failed" else "ok",
        reason="; ".join(quality.reasons),
        seconds=time.process_time() - begin,
        verdict=quality.verdict,
        quality=quality.value,
        notes=volume.notes + aligned.notes,
        voxel_mm=volume.voxel_mm,
        vector=vector,
        mosaic=mosaic(aligned.brain, aligned.alignment.affine),
    )


def refuse_ct(volume: Volume, task: PrepareTask) -> None:
    """Refuse an image in Hounsfield units, or one that is called a CT.

    Raises
    ------
    ScanError
        It is a CT.
    """
    if is_ct(task.suffix) or positive(volume.data)[1]:
        raise ScanError(
            task.scan_id,
            found=CT_NOT_COMPARED,
            expected="an image in which the tissues of the brain differ",
            remedy="Its face is looked for all the same; compare other images of the person.",
        )


def failed_brain(task: PrepareTask, error: ScanError, begin: float) -> ScanResult:
    """A scan that gives no fingerprint."""
    return ScanResult(
        scan_id=task.scan_id,
        status="failed",
        reason=str(error),
        seconds=time.process_time() - begin,
        verdict="failed",
        quality=0.0,
    )


@dataclass(frozen=True)
class BrainLooks:
    """The brain in one image, sought when first asked for and then kept.

    Fingerprint, skin and face all begin with the brain's alignment, which takes longer than
    anything else that is done with most images.

    Attributes
    ----------
    volume
        The head, with air at zero.
    task
        How it is sought.
    """

    volume: Volume = field(repr=False)
    task: PrepareTask

    @cached_property
    def _as_it_lies(self) -> AlignedBrain | ScanError:
        try:
            return _one_pass(self.volume, self.task, None)
        except ScanError as error:
            return error

    @cached_property
    def _in_any_pose(self) -> AlignedBrain | ScanError:
        first = self._as_it_lies
        if isinstance(first, ScanError) or first.stripped:
            return first
        return _seek_pose(self.volume, self.task, first)

    def aligned(self, *, once: bool = False) -> AlignedBrain:
        """The brain, cut out and aligned; with ``once`` in the image as it lies and no further.

        Raises
        ------
        ScanError
            No brain was found, or it holds no positive intensity.
        """
        found = self._as_it_lies if once else self._in_any_pose
        if isinstance(found, ScanError):
            raise found
        return found


def align_head(volume: Volume, task: PrepareTask, *, once: bool = False) -> AlignedBrain:
    """Strip and align a head in any pose.

    The network finds the brain best where the head is upright in what it sees. So where the first
    alignment shows a head that lies across the image's axes, the network looks again along the
    head's own axes; and where the first alignment is poor, it looks from several tilts. The image
    itself is never turned, so nothing is interpolated twice. With ``once`` the network looks at the
    image as it lies and no further.

    Raises
    ------
    ScanError
        No brain was found, or it holds no positive intensity.
    """
    return BrainLooks(with_air_at_zero(volume), task).aligned(once=once)


def _seek_pose(volume: Volume, task: PrepareTask, first: AlignedBrain) -> AlignedBrain:
    """The best look that can be had, from the first on."""
    axes = volume.affine[:3, :3] / np.array(volume.voxel_mm)
    seen = _nearest_rotation(axes)
    if not _is_fine(first, seen):  # what the first look missed was not shown to the second
        whole = _seen(volume, task, field_of_view(volume))
        if whole is not None and whole.alignment.score > first.alignment.score:
            first = whole
    best = _settle(volume, task, first, seen)
    for turn in _OTHER_VIEWS:
        if best.alignment.score > _POOR_SCORE:
            break
        pose = _nearest_rotation(axes) @ Rotation.from_rotvec(turn, degrees=True).as_matrix()
        again = _look(volume, task, pose, first)
        if again is not None and again.alignment.score > best.alignment.score:
            best = _settle(volume, task, again, pose)
    if best is first:
        return best
    note = "the head lies tilted or across the image's axes: the brain was sought along its own"
    return replace(best, notes=(*best.notes, note))


def _settle(volume: Volume, task: PrepareTask, one: AlignedBrain, seen: FloatArray) -> AlignedBrain:
    """Look again along the head's own axes, as long as that is needed and helps.

    ``seen`` (3, 3) holds the axes, in scanner directions, along which the network saw the image.
    """
    for _ in range(3):
        pose = _nearest_rotation(one.alignment.affine[:3, :3])
        if _is_fine(one, seen):
            break
        again = _look(volume, task, pose, one)
        if again is None or again.alignment.score <= one.alignment.score:
            break
        one, seen = again, pose
    return one


def _is_fine(one: AlignedBrain, seen: FloatArray) -> bool:
    """The head lies along the axes in which the network saw it, and is well aligned."""
    pose = _nearest_rotation(one.alignment.affine[:3, :3])
    turn = np.degrees(Rotation.from_matrix(seen.T @ pose).magnitude())
    return bool(turn < _UPRIGHT_DEGREES and one.alignment.score > _GOOD_SCORE)


def _look(
    volume: Volume, task: PrepareTask, pose: FloatArray, last: AlignedBrain
) -> AlignedBrain | None:
    """Strip along these axes, about where the last look placed the brain; None if none is seen."""
    centre = last.alignment.affine @ np.array([*TEMPLATE_CENTRE_MM, 1.0])
    return _seen(volume, task, upright_view(pose, centre[:3]))


def _seen(volume: Volume, task: PrepareTask, view: FloatArray) -> AlignedBrain | None:
    """Strip on this grid; None if no brain is seen."""
    try:
        return _one_pass(volume, task, view)
    except ScanError:
        return None


def _one_pass(volume: Volume, task: PrepareTask, view: FloatArray | None) -> AlignedBrain:
    found = find_brain(volume, task.scan_id, accurate=task.accurate, view=view)
    flat = flatten_bias(cut_brain(volume, found, _ALIGN_MM, task.scan_id))
    alignment = align(flat, t1_like=task.suffix in T1_LIKE, freedom=task.alignment)
    notes: tuple[str, ...] = ()
    if found.already_stripped:
        notes = ("already skull-stripped: kept as it is",)
    if task.suffix in T1_LIKE and alignment.score < _GOOD_SCORE:
        other = align(flat, t1_like=False, freedom=task.alignment)
        if other.score > alignment.score + _CLEARLY:
            alignment = other
            notes += ("aligned by tissues: its contrast is not an adult's T1w",)
    if task.mutual_information:
        alignment = refine(flat, alignment, task.alignment)
    fine = flat
    if task.resolution_mm <= _ALIGN_MM:
        fine = cut_brain(volume, found, task.resolution_mm / 2, task.scan_id)
    return AlignedBrain(flat, fine, alignment, found.volume_ml, notes, found.already_stripped)


def _nearest_rotation(matrix: FloatArray) -> FloatArray:
    left, _, right = np.linalg.svd(matrix)
    rotation: FloatArray = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    return rotation


def fingerprint(aligned: AlignedBrain, resolution_mm: int) -> Float32Array:
    """Locally normalised intensities of an aligned brain on the grid, (voxels,) float32."""
    grid = template_grid(resolution_mm)
    image, inside = resample(aligned.fine, aligned.alignment.affine, grid)
    if not inside.any():
        return np.zeros(grid.size, np.float32)
    flat = local_normalise(image, inside, _NORMALISE_FWHM_MM / 2.355 / resolution_mm)
    return flat[grid.mask]
