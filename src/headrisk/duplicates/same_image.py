"""Look at two scan files closely: one image stored twice? And pictures of the two brains."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.brain.detail import Posed, compare_detail, same_voxels
from headrisk.brain.prepare import PrepareTask, align_head
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume
from headrisk.types import Float32Array, FloatArray

PLANES_MM = ((0, 12.0), (1, -20.0), (2, 12.0))  # axis and place of the pictured template planes
_EXTENT_MM = ((-78.0, 78.0), (-112.0, 78.0), (-72.0, 86.0))
_PICTURE_MM = 1.0


@dataclass(frozen=True)
class PairTask:
    """Two scans to look at; with ``compare`` their noise is compared too."""

    first: PrepareTask
    second: PrepareTask
    compare: bool


@dataclass(frozen=True)
class PairLook:
    """What looking at two scans gave.

    Attributes
    ----------
    problem
        Why the images could not be looked at, or "".
    rewritten
        Both files hold the same voxels, up to gain, offset and rounding.
    detail
        Correlation of fine detail (see ``headrisk.brain.detail``); None if it was not asked for.
    strength
        How strong that detail is, relative to brightness; 0 if it was not asked for.
    slices
        For each scan, pictures of three planes in template space, 0..1.
    """

    problem: str = ""
    rewritten: bool = False
    detail: float | None = None
    strength: float = 0.0
    slices: tuple[tuple[Float32Array, ...], ...] = field(default=(), repr=False)


def look_at(task: PairTask) -> PairLook:
    """Align both scans, compare them and take pictures. Failures become a ``problem``."""
    try:
        first, second = (load_volume(Path(one.path)) for one in (task.first, task.second))
        a, b = align_head(first, task.first), align_head(second, task.second)
        pose, detail, strength, rewritten = b.alignment.affine, None, 0.0, False
        if task.compare:
            rewritten = same_voxels(first, second)
            found = compare_detail(
                Posed(first, a.alignment.affine), Posed(second, b.alignment.affine)
            )
            pose, detail, strength = found.affine, found.correlation, found.strength
    except ScanError as error:
        return PairLook(problem=str(error))
    slices = template_slices(a.brain, a.alignment.affine), template_slices(b.brain, pose)
    return PairLook("", rewritten, detail, strength, slices)


def template_slices(brain: Brain, affine: FloatArray) -> tuple[Float32Array, ...]:
    """Sagittal, coronal and axial slice of an aligned brain at 1 mm, as pictures.

    Rows run downward. Anterior is to the right in the sagittal slice, superior is up; the person's
    right is on the right of coronal and axial slices. Brightness is scaled to the brain's 99th
    percentile.
    """
    white = max(float(np.percentile(brain.data[brain.mask], 99)), 1e-6)
    to_voxel = np.linalg.inv(brain.affine) @ affine
    pictures = []
    for axis, place in PLANES_MM:
        across, up = (k for k in range(3) if k != axis)
        lines = [np.arange(low, high + 0.5, _PICTURE_MM) for low, high in _EXTENT_MM]
        points = np.empty((3, lines[up].size, lines[across].size))
        points[axis] = place
        points[across] = lines[across][None, :]
        points[up] = lines[up][::-1, None]
        where = np.einsum("ij,jrc->irc", to_voxel[:3, :3], points) + to_voxel[:3, 3, None, None]
        values = ndimage.map_coordinates(brain.data, where, order=1, prefilter=False)
        pictures.append(np.clip(values / white, 0, 1).astype(np.float32))
    return tuple(pictures)
