"""One image, read and aligned once for everything that is asked of it.

A fingerprint of the brain, the answer whether a face is left, and the renders of the face all begin
by reading the file and finding the head in it. Each can be had alone; here they are had together,
with the same results.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from headrisk.brain.normalise import with_air_at_zero
from headrisk.brain.prepare import (
    T1_LIKE,
    BrainLooks,
    PrepareTask,
    describe_brain,
    failed_brain,
    prepare,
    refuse_ct,
)
from headrisk.errors import ScanError
from headrisk.face.head import (
    HeadResult,
    HeadTask,
    SightTask,
    describe_head,
    failed_head,
    find_head,
    look_at_head,
    name_of,
    place_task,
    sight_of,
)
from headrisk.face.sight import SightResult, look_at_image, without_head
from headrisk.heads.threshold import is_ct, positive
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import ScanResult


@dataclass(frozen=True)
class ImageTask:
    """What is asked of one image; None for what is not."""

    path: str
    brain: PrepareTask | None = None
    sight: SightTask | None = None
    head: HeadTask | None = None

    @property
    def questions(self) -> int:
        """How many are asked."""
        return sum(one is not None for one in (self.brain, self.sight, self.head))


@dataclass(frozen=True)
class Examined:
    """The answers, None for what was not asked.

    Each counts the processor time that it would have taken alone.
    """

    brain: ScanResult | None = None
    sight: SightResult | None = None
    head: HeadResult | None = None


def examine(task: ImageTask) -> Examined:
    """Answer everything that is asked of an image.

    The results are those of :func:`headrisk.brain.prepare.prepare`,
    :func:`headrisk.face.sight.look_at_image` and :func:`headrisk.face.head.look_at_head`.
    """
    begin = time.process_time()
    try:
        volume = load_volume(Path(task.path))
    except ScanError:  # a series may still show a face in its first volume
        return _apart(task)
    if task.head and task.sight and task.head.lenders != task.sight.lenders:
        return _apart(task)
    asked = task.head or task.sight
    looks = _looks(volume, task, asked)
    together = time.process_time() - begin
    brain = None
    if task.brain is not None:
        own = time.process_time() - together
        mine = looks if looks is not None and _shared(task.brain, asked) else None
        brain = _brain(volume, task.brain, mine, own)
    if asked is None:
        return Examined(brain)
    own = time.process_time() - together
    try:
        placed = find_head(volume, asked, looks)
        look = sight_of(placed, name_of(asked))
    except ScanError as error:
        seconds = time.process_time() - own
        lost = without_head(volume, error, asked.suffix)
        return Examined(
            brain,
            SightResult(lost, seconds) if task.sight else None,
            failed_head(task.head, error, own) if task.head else None,
        )
    sight = SightResult(look.sight, time.process_time() - own) if task.sight else None
    head = describe_head(task.head, placed, look, volume.voxel_mm, own) if task.head else None
    return Examined(brain, sight, head)


def _apart(task: ImageTask) -> Examined:
    return Examined(
        prepare(task.brain) if task.brain else None,
        look_at_image(task.sight) if task.sight else None,
        look_at_head(task.head) if task.head else None,
    )


def _shared(brain: PrepareTask, asked: SightTask | HeadTask | None) -> bool:
    """Whether brain and face are aligned in the same way."""
    if asked is None:
        return True
    return (
        brain.alignment == "affine"
        and not brain.mutual_information
        and brain.rescan is None
        and brain.accurate == asked.accurate
        and (brain.suffix in T1_LIKE) == (asked.suffix in T1_LIKE)
    )


def _looks(
    volume: Volume, task: ImageTask, asked: SightTask | HeadTask | None
) -> BrainLooks | None:
    """The first look for the brain, whose time counts for all; None for a CT, which needs none."""
    if task.brain is not None and _shared(task.brain, asked):
        of = task.brain
    elif asked is not None:
        of = place_task(asked)
    else:
        return None
    if is_ct(of.suffix) or positive(volume.data)[1]:
        return None
    looks = BrainLooks(with_air_at_zero(volume), of)
    try:
        looks.aligned(once=True)
    except ScanError:
        return looks  # it keeps the failure too
    return looks


def _brain(volume: Volume, task: PrepareTask, looks: BrainLooks | None, begin: float) -> ScanResult:
    try:
        refuse_ct(volume, task)
    except ScanError as error:
        return failed_brain(task, error, begin)
    return describe_brain(looks or BrainLooks(with_air_at_zero(volume), task), begin)
