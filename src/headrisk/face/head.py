"""From a head scan to what can be recognised in it: surface, coverage, renders, templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headrisk.brain.prepare import AlignedBrain, BrainLooks, PrepareTask
from headrisk.errors import ScanError
from headrisk.face.packed import Packed
from headrisk.face.placing import Placed, ends_in_tissue_behind, lent_place, place_head
from headrisk.face.presence import Look, Sight, look_for_face
from headrisk.face.recognise.protocol import templates_of_views
from headrisk.face.recognise.registry import Described, describe_by_each, recognisers
from headrisk.face.render.cast import Scene
from headrisk.face.render.protocols import PORTRAIT, protocol_of, render_scene, scene_of
from headrisk.heads.coverage import Coverage, coverage
from headrisk.heads.sightlines import FRONT
from headrisk.heads.skin_align import AIR_HU, HEAD_HU
from headrisk.heads.surface import Surface, head_surface
from headrisk.io.nifti import load_mean, load_volume
from headrisk.io.volume import Volume
from headrisk.types import FloatArray, Status

VERSION = 11  # raise when any result of this module changes: stored results are then renewed
SUPERSAMPLE = 2
PET = "pet"  # whose series are looked at in their mean
PHASE = "phase"  # and maps of a field: nothing in them is tissue
_MORE = 0.5  # of the three parts, that another level must show beyond the common one


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
    lenders: tuple[tuple[str, str], ...] = ()  # the same of images that may tell where the head is


@dataclass(frozen=True)
class SightTask:
    """An image to look for a face in; ``lenders`` as in :class:`HeadTask`."""

    name: str
    path: str
    suffix: str
    accurate: bool = False
    lenders: tuple[tuple[str, str], ...] = ()


Repair = Callable[[Volume, AlignedBrain, HeadTask], Volume]
"""What an attacker does to a scan before looking at it."""


@dataclass(frozen=True)
class HeadResult:
    """What one head gave.

    Attributes
    ----------
    status
        ``failed`` where a face is or may be there and no recogniser can use the scan, which is not
        the same as protected. A scan without a face, because it was removed or lies outside the
        image, is a result.
    reason
        The error where the scan could not be looked at; else "", and the report says it in words.
    sight
        Whether a face is left; see :mod:`headrisk.face.presence`.
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
    failed
        Errors of plug-ins that could not describe the renders.
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
    sight: Sight | None = None
    failed: tuple[str, ...] = ()

    @property
    def searchable(self) -> bool:
        """Whether any recogniser can use the scan."""
        return self.status == "ok" and bool(self.templates)


def look_at_head(task: HeadTask, repair: Repair | None = None) -> HeadResult:
    """Render a head, ask every detector and recogniser; a scan that cannot be used says why.

    With ``repair`` the head is looked at as an attacker would make it first.
    """
    begin = time.process_time()
    try:
        placed, voxel_mm = _placed(task, repair)
    except ScanError as error:
        return failed_head(task, error, begin)
    return describe_head(task, placed, sight_of(placed, task.scan_id), voxel_mm, begin)


def failed_head(task: HeadTask, error: ScanError, begin: float) -> HeadResult:
    """A head that could not be looked at."""
    return HeadResult(task.scan_id, "failed", str(error), time.process_time() - begin)


def name_of(task: SightTask | HeadTask) -> str:
    """What an image is called in messages."""
    return task.name if isinstance(task, SightTask) else task.scan_id


def place_task(task: SightTask | HeadTask) -> PrepareTask:
    """How the head is found in an image."""
    return PrepareTask(name_of(task), task.path, task.suffix, 4, "affine", task.accurate)


def find_head(
    volume: Volume, task: SightTask | HeadTask, looks: BrainLooks | None = None
) -> Placed:
    """Find the head in an image, by itself or where another image of the session has it.

    Raises
    ------
    ScanError
        No head was found.
    """
    place = place_task(task)
    try:
        return place_head(volume, place, looks)
    except ScanError:
        lent = lent_place(volume, place, task.lenders)
        if lent is None:
            raise
        return lent


def sight_of(placed: Placed, subject: str) -> Look:
    """Whether a face is left in a head that was found."""
    look = look_for_face(
        placed.volume,
        placed.alignment,
        placed.skin,
        subject,
        stripped=placed.stripped,
        hounsfield=placed.hounsfield,
        sure=placed.sure,
    )
    sight = look.sight
    if placed.beside and sight.verdict in ("part", "gone", "outside"):
        return replace(look, sight=replace(sight, verdict="unclear", code="beside_brain"))
    if sight.verdict == "outside" and ends_in_tissue_behind(placed):
        return replace(look, sight=replace(sight, verdict="unclear", code="wrapped"))
    return look


def describe_head(
    task: HeadTask, placed: Placed, look: Look, voxel_mm: tuple[float, float, float], begin: float
) -> HeadResult:
    """Render a head that was found, and ask every recogniser.

    Parameters
    ----------
    look
        What was seen of its face.
    begin
        Process time when work on it began.
    """
    sight = look.sight
    if placed.stripped:
        seconds = time.process_time() - begin
        return HeadResult(task.scan_id, "ok", "", seconds, placed.notes, sight=sight)
    try:
        surface, left = _surface(placed, task.scan_id)
    except ScanError as error:
        return replace(failed_head(task, error, begin), sight=sight, seen=look.scores)
    notes = placed.notes + surface.notes
    scene, centre = scene_of(surface), surface.pose.face_centre
    status, made, picture = _recognise(task, scene, centre, left, sight)
    return HeadResult(
        task.scan_id,
        status,
        " ".join(made.failed) if status == "failed" else "",
        time.process_time() - begin,
        notes,
        voxel_mm,
        left,
        look.scores,
        made.templates,
        picture,
        sight,
        made.failed,
    )


def _surface(placed: Placed, subject: str) -> tuple[Surface, Coverage]:
    """The skin at the level that follows the coil, or where more of a face is at another one."""
    if placed.hounsfield:
        level = (AIR_HU, HEAD_HU)
        surface = head_surface(
            placed.volume, placed.alignment, stripped=False, subject=subject, level=level
        )
        return surface, coverage(surface)
    surface = head_surface(placed.volume, placed.alignment, stripped=False, subject=subject)
    left = coverage(surface)
    skin = placed.skin
    if skin is None or not np.isfinite(skin.best):
        return surface, left
    if sum(skin.there[name] - left.parts[name] for name in FRONT) > _MORE:
        level = (skin.air, skin.best)
        try:
            other = head_surface(
                placed.volume, placed.alignment, stripped=False, subject=subject, level=level
            )
        except ScanError:
            return surface, left
        more = coverage(other)
        if more.total > left.total:
            return other, more
    return surface, left


def _placed(task: HeadTask, repair: Repair | None) -> tuple[Placed, tuple[float, float, float]]:
    """The head in the scan, repaired where that is asked."""
    path = Path(task.path)
    volume = load_mean(path)[0] if task.suffix == PET else load_volume(path)
    placed = find_head(volume, task)
    if repair is not None:
        if placed.brain is None:
            raise ScanError(
                task.scan_id,
                found="a head without a brain to align by",
                expected="a head whose brain can be found, to repair its face",
                remedy="Leave this scan out of the comparison.",
            )
        placed = replace(placed, volume=repair(placed.volume, placed.brain, task), skin=None)
    return placed, volume.voxel_mm


def _recognise(
    task: HeadTask,
    scene: Scene,
    centre: tuple[float, float, float],
    left: Coverage,
    sight: Sight,
) -> tuple[Status, Described, NDArray[np.uint8]]:
    """Templates of the protocol's renders, and a picture from the front.

    A failure where a face may be there and no render shows it.
    """
    nothing = Described({}, ())
    if sight.verdict in ("gone", "outside"):
        return "ok", nothing, _portrait(task, scene, centre)
    if sight.verdict == "unclear" and left.verdict in ("none", "cropped"):
        return "failed", nothing, _portrait(task, scene, centre)
    protocol = protocol_of(task.protocol, np.random.default_rng(task.seed))
    renders = render_scene(scene, protocol, task.pixels, SUPERSAMPLE, centre)
    lamps = np.cumsum([len(lights) for _, lights in protocol.views])
    views = np.split(renders, lamps[:-1])
    paths = {name: Path(path) for name, path in task.weights}
    asked = recognisers(task.recognisers, paths)
    made = describe_by_each(asked, lambda one: templates_of_views(one, views))
    first = protocol.views[0][0]
    front = (first.azimuth, first.elevation, first.roll) == (0, 0, 0)
    picture = renders[0] if front else _portrait(task, scene, centre)
    if not made.found:
        return "failed", Described({}, made.failed), picture
    return "ok", made, picture


def _portrait(
    task: HeadTask, scene: Scene, centre: tuple[float, float, float]
) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = render_scene(scene, PORTRAIT, task.pixels, SUPERSAMPLE, centre)[0]
    return picture
