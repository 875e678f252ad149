"""Look for a face in one image file, and what a store keeps of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from headrisk.brain.prepare import PrepareTask
from headrisk.errors import InputError, ScanError, StoreError
from headrisk.face.detect.registry import detectors
from headrisk.face.placing import place_head
from headrisk.face.presence import Sight, look_for_face
from headrisk.io.digests import entry_key
from headrisk.io.nifti import load_first_volume
from headrisk.run.engine import WorkerLost, Workers
from headrisk.run.entry import Entry
from headrisk.run.events import Listener, Tally
from headrisk.run.recall import Kept, recall_or_run
from headrisk.run.store import Store

STAGE = "look for faces"
VERSION = 1  # raise when any answer changes: stored ones are then renewed


@dataclass(frozen=True)
class SightTask:
    """An image to look at."""

    name: str
    path: str
    suffix: str
    accurate: bool = False


@dataclass(frozen=True)
class SightResult:
    """What looking came to, and the CPU time it took."""

    sight: Sight
    seconds: float


@dataclass(frozen=True)
class SightRun:
    """Where results are kept and how tasks are run."""

    store: Store
    processes: Workers
    on_damage: Callable[[StoreError], None]


def look_at_image(task: SightTask) -> SightResult:
    """Look for a face in an image of any kind; of a series, in its first volume."""
    begin = time.process_time()
    prepare = PrepareTask(task.name, task.path, task.suffix, 4, "affine", task.accurate)
    try:
        volume = load_first_volume(Path(task.path))
    except ScanError as error:
        sight = Sight("failed", "unreadable", reason=str(error))
        return SightResult(sight, time.process_time() - begin)
    try:
        placed = place_head(volume, prepare)
        look = look_for_face(
            placed.volume,
            placed.alignment,
            placed.skin,
            task.name,
            stripped=placed.stripped,
            hounsfield=placed.hounsfield,
        )
        sight = look.sight
    except ScanError as error:
        sight = Sight("failed", "not_found", reason=str(error))
    return SightResult(sight, time.process_time() - begin)


def look_at_images(
    tasks: Sequence[SightTask],
    run: SightRun,
    listen: Listener,
) -> tuple[SightResult, ...]:
    """What every image shows, failures included, in the order of the tasks."""
    keys: list[str | SightResult] = []
    for task in tasks:
        try:
            digest = run.store.file_digest(Path(task.path), on_damage=run.on_damage)
        except InputError as error:
            keys.append(SightResult(Sight("failed", "unreadable", reason=str(error)), 0.0))
            continue
        choices = {
            "suffix": task.suffix,
            "accurate": task.accurate,
            "detectors": sorted(detectors()),
        }
        keys.append(entry_key("face-sight", VERSION, choices, [digest]))
    ready = [k for k, key in enumerate(keys) if isinstance(key, str)]
    refused = len(tasks) - len(ready)
    tally = Tally(STAGE, listen, done=refused, failed=refused)
    found = iter(
        recall_or_run(
            look_at_image,
            [tasks[k] for k in ready],
            [key for key in keys if isinstance(key, str)],
            SIGHTS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([one.sight.verdict == "failed" for one in some]),
            on_damage=run.on_damage,
        )
    )
    return tuple(next(found) if isinstance(key, str) else key for key in keys)


def _entry(result: SightResult) -> Entry | None:
    """The store's form; a failure is looked at again next time."""
    if result.sight.verdict == "failed":
        return None
    return Entry({}, {"sight": asdict(result.sight), "seconds": result.seconds})


def _restore(task: SightTask, entry: Entry) -> SightResult:
    del task
    return SightResult(Sight(**entry.metadata["sight"]), entry.metadata["seconds"])


def _lost(task: SightTask, lost: WorkerLost) -> SightResult:
    del task
    return SightResult(Sight("failed", "unreadable", reason=lost.reason), 0.0)


SIGHTS = Kept[SightTask, SightResult](_entry, _restore, _lost)
