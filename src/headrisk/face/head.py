"""From a head scan to what can be recognised in it: surface, coverage, renders, templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headrisk.brain.prepare import AlignedBrain, PrepareTask, align_head
from headrisk.brain.quality import judge
from headrisk.errors import ScanError
from headrisk.face.packed import Packed, pack
from headrisk.face.presence import best_scores
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.cast import Scene
from headrisk.face.render.protocols import PRESENCE, protocol_of, render_scene, scene_of
from headrisk.heads.coverage import Coverage, coverage
from headrisk.heads.surface import Surface, head_surface
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import FloatArray, Status

VERSION = 3  # raise when any result of this module changes: stored results are then renewed
SUPERSAMPLE = 2


@dataclass(frozen=True)
class HeadTask:
    """What a worker needs to look at one head."""

    scan_id: str
    path: str
    suffix: str
    accurate: bool
    protocol: str
    pixels: int
    seed: int
    recognisers: tuple[str, ...]
    weights: tuple[tuple[str, str], ...] = ()
    donor: tuple[str, str] | None = None  # path and suffix of an image that still has the face


Repair = Callable[[Volume, AlignedBrain, HeadTask], Volume]
"""What an attacker does to a scan before looking at it."""


@dataclass(frozen=True)
class HeadResult:
    """What one head gave.

    Attributes
    ----------
    status, reason
        ``failed`` where no recogniser can use the scan: nothing to compare, which is not the same
        as protected.
    seconds
        CPU time.
    coverage
        Skin left in the face region; None where there is no head surface at all.
    seen
        For each detector its score in each presence render, minus infinity where it saw nothing.
    templates
        For each recogniser the templates of the renders, in the protocol's order.
    picture
        One render from the front, grey (y, x).
    """

    scan_id: str
    status: Status
    reason: str
    seconds: float
    notes: tuple[str, ...] = ()
    voxel_mm: tuple[float, float, float] | None = None
    coverage: Coverage | None = None
    seen: Mapping[str, FloatArray] = field(default_factory=dict)
    templates: Mapping[str, Packed] = field(default_factory=dict, repr=False)
    picture: NDArray[np.uint8] | None = field(default=None, repr=False)


def look_at_head(task: HeadTask, repair: Repair | None = None) -> HeadResult:
    """Render a head, ask every detector and recogniser; a scan that cannot be used says why.

    With ``repair`` the head is looked at as an attacker would make it first.
    """
    begin = time.process_time()
    try:
        surface, notes, voxel_mm = _surface(task, repair)
    except ScanError as error:
        return HeadResult(task.scan_id, "failed", str(error), time.process_time() - begin)
    left = coverage(surface)
    scene, centre = scene_of(surface), surface.pose.face_centre
    presence = render_scene(scene, PRESENCE, task.pixels, SUPERSAMPLE, centre)
    seen = best_scores(presence)
    status, reason, templates = _recognise(task, scene, centre, left)
    if status == "ok" and left.verdict != "full":
        notes += (left.reason,)
    return HeadResult(
        task.scan_id,
        status,
        reason,
        time.process_time() - begin,
        notes,
        voxel_mm,
        left,
        seen,
        templates,
        presence[0],
    )


def _surface(
    task: HeadTask, repair: Repair | None
) -> tuple[Surface, tuple[str, ...], tuple[float, float, float]]:
    volume = load_volume(Path(task.path))
    prepare = PrepareTask(task.scan_id, task.path, task.suffix, 4, "affine", task.accurate)
    aligned = align_head(volume, prepare)
    quality = judge(aligned.volume_ml, aligned.alignment)
    if quality.verdict == "failed":
        raise ScanError(
            task.scan_id,
            found=f"the head could not be aligned: {'; '.join(quality.reasons)}",
            expected="a head whose brain can be found",
            remedy="Look at the image, or leave it out of the face modality.",
        )
    if repair is not None:
        volume = repair(volume, aligned, task)
    surface = head_surface(
        volume, aligned.alignment.affine, stripped=aligned.stripped, subject=task.scan_id
    )
    return surface, volume.notes + aligned.notes + surface.notes, volume.voxel_mm


def _recognise(
    task: HeadTask, scene: Scene, centre: tuple[float, float, float], left: Coverage
) -> tuple[Status, str, dict[str, Packed]]:
    """Templates of the protocol's renders, or why there are none."""
    if left.verdict in ("none", "cropped"):
        return "failed", left.reason, {}
    protocol = protocol_of(task.protocol, np.random.default_rng(task.seed))
    renders = list(render_scene(scene, protocol, task.pixels, SUPERSAMPLE, centre))
    paths = {name: Path(path) for name, path in task.weights}
    templates = {
        one.name: pack(one.describe(renders)) for one in recognisers(task.recognisers, paths)
    }
    if not any(packed.found.size for packed in templates.values()):
        reason = "no face was found in any render"
        return "failed", f"{reason}; {left.reason}" if left.reason else reason, {}
    return "ok", "", templates
