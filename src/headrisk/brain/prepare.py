"""From a raw head to a fingerprint: read, strip, flatten, align, normalise, sample."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from headrisk.brain.align import Alignment, Brain, align
from headrisk.brain.grid import template_grid
from headrisk.brain.normalise import cut_brain, flatten_bias, local_normalise
from headrisk.brain.quality import judge, mosaic
from headrisk.brain.resample import resample
from headrisk.brain.strip import find_brain
from headrisk.errors import ScanError
from headrisk.imaging.nifti import load_volume
from headrisk.imaging.volume import Volume
from headrisk.settings import Alignment as Freedom
from headrisk.types import Float32Array, ScanResult

VERSION = 1  # raise when any result of this module changes: stored fingerprints are then renewed
T1_LIKE = ("T1w", "MPRAGE", "T1rho", "UNIT1", "T1wCE")
_NORMALISE_FWHM_MM = 6.0 * 2.355
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


@dataclass(frozen=True)
class AlignedBrain:
    """A brain cut out at 2 mm, where it lies, and what was noted on the way.

    ``fine`` is the brain at the fingerprint's resolution; the same as ``brain`` for 3 and 4 mm.
    """

    brain: Brain
    fine: Brain
    alignment: Alignment
    volume_ml: float
    notes: tuple[str, ...]


def prepare(task: PrepareTask) -> ScanResult:
    """Prepare one scan. A scan that cannot be used gives a result with status and reason."""
    begin = time.process_time()
    try:
        volume = load_volume(Path(task.path))
        aligned = align_head(volume, task)
        quality = judge(aligned.volume_ml, aligned.alignment)
        vector = fingerprint(aligned, task.resolution_mm)
    except ScanError as error:
        return ScanResult(
            scan_id=task.scan_id,
            status="failed",
            reason=str(error),
            seconds=time.process_time() - begin,
            verdict="failed",
            quality=0.0,
        )
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


def align_head(volume: Volume, task: PrepareTask) -> AlignedBrain:
    """Strip and align a head; a head that lies far from its header's axes is done twice.

    The first pass works in any orientation, but the network is best on upright heads. Where the
    first alignment shows that the stored axes are wrong, the second pass starts from the
    corrected axes.

    Raises
    ------
    ScanError
        No brain was found, or it holds no positive intensity.
    """
    first = _one_pass(volume, task)
    turned = _upright(volume, first.alignment)
    if turned is None:
        return first
    second = _one_pass(turned, task)
    best = max(first, second, key=lambda one: one.alignment.score)
    note = "the head lies across the axes that the header states: turned upright"
    return replace(best, notes=(*best.notes, note))


def _one_pass(volume: Volume, task: PrepareTask) -> AlignedBrain:
    found = find_brain(volume, task.scan_id, accurate=task.accurate)
    flat = flatten_bias(cut_brain(volume, found, _ALIGN_MM, task.scan_id))
    alignment = align(flat, t1_like=task.suffix in T1_LIKE, freedom=task.alignment)
    notes = ("already skull-stripped: kept as it is",) if found.already_stripped else ()
    fine = flat
    if task.resolution_mm <= _ALIGN_MM:
        fine = cut_brain(volume, found, task.resolution_mm / 2, task.scan_id)
    return AlignedBrain(flat, fine, alignment, found.volume_ml, notes)


def _upright(volume: Volume, alignment: Alignment) -> Volume | None:
    """The same head with its voxel axes nearest to the anatomy's, or None if they are already."""
    left, _, right = np.linalg.svd(alignment.affine[:3, :3])
    cube = Rotation.create_group("O").as_matrix()
    pose = left @ right
    nearest = cube[np.argmax(np.einsum("aij,ij->a", cube, pose))]
    if np.allclose(nearest, np.eye(3)):
        return None
    axes = np.argmax(np.abs(nearest), axis=0)
    signs = nearest[axes, np.arange(3)]
    data = volume.data.transpose(axes)
    step = np.zeros((4, 4))
    step[3, 3] = 1.0
    for new, old in enumerate(axes):
        step[old, new] = signs[new]
        if signs[new] < 0:
            step[old, 3] = volume.data.shape[old] - 1
    data = data[tuple(slice(None, None, int(sign)) for sign in signs)]
    return Volume(np.ascontiguousarray(data), volume.affine @ step, volume.notes)


def fingerprint(aligned: AlignedBrain, resolution_mm: int) -> Float32Array:
    """Locally normalised intensities of an aligned brain on the grid, (voxels,) float32."""
    grid = template_grid(resolution_mm)
    image, inside = resample(aligned.fine, aligned.alignment.affine, grid)
    if not inside.any():
        return np.zeros(grid.size, np.float32)
    flat = local_normalise(image, inside, _NORMALISE_FWHM_MM / 2.355 / resolution_mm)
    return flat[grid.mask]
