"""Look for a face in one image file, and what a store keeps of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from headrisk.errors import InputError, ScanError, StoreError
from headrisk.face.detect.registry import detectors
from headrisk.face.head import PET, PHASE, SightTask, find_head, sight_of
from headrisk.face.presence import Sight, is_mask, is_phase
from headrisk.io.digests import entry_key
from headrisk.io.nifti import bytes_beside, load_brightest, load_first_volume, load_mean
from headrisk.io.volume import Volume
from headrisk.run.engine import WorkerLost, Workers
from headrisk.run.events import Listener, Tally
from headrisk.run.store import Entry, Kept, Store, recall_or_run

STAGE = "look for faces"
VERSION = 8  # raise when any answer changes: stored ones are then renewed


MOST_BESIDE = 64 * 1024  # bytes beside the volumes: no face fits into less, text and padding do


@dataclass(frozen=True)
class SightResult:
    """What looking came to, and the CPU time it took."""

    sight: Sight
    seconds: float


@dataclass(frozen=True)
class SightRun:
    """Where results are kept and how tasks are run.

    ``failed`` holds this run's results that a store does not keep, by key and path.
    """

    store: Store
    processes: Workers
    on_damage: Callable[[StoreError], None]
    failed: Mapping[tuple[str, str], Any] = field(default_factory=dict)


def look_at_image(task: SightTask) -> SightResult:
    """Look for a face in an image of any kind.

    Of a series the first volume is looked at; the mean of all where that one shows nothing, and of
    every PET, whose first frames are noise. Where no face is seen, or a part of one, what is
    brightest in any volume is looked at, too.
    """
    begin = time.process_time()
    try:
        volume, mean = _first_look(task)
    except ScanError as error:
        sight = Sight("failed", "unreadable", reason=str(error))
        return SightResult(sight, time.process_time() - begin)
    sight = replace(_seen(volume, task), mean=mean)
    if sight.verdict in ("failed", "unclear") and not mean:
        sight = _of_mean(task, sight)
    if sight.verdict in ("part", "gone", "outside"):
        sight = _of_series(task, sight)
    return SightResult(sight, time.process_time() - begin)


def _first_look(task: SightTask) -> tuple[Volume, bool]:
    """The first volume, or the mean of a series; and whether it is a mean of several."""
    path = Path(task.path)
    readers: list[Callable[[Path], tuple[Volume, int]]] = [
        lambda path: (load_first_volume(path), 1),
        load_mean,
    ]
    if task.suffix == PET:
        readers.reverse()
    try:
        volume, count = readers[0](path)
    except ScanError:
        volume, count = readers[1](path)
    return volume, count > 1


def _seen(volume: Volume, task: SightTask) -> Sight:
    """What one volume shows."""
    try:
        return sight_of(find_head(volume, task), task.name).sight
    except ScanError as error:
        return without_head(volume, error, task.suffix)


def _of_mean(task: SightTask, first: Sight) -> Sight:
    """The answer of the mean of a series, where its first volume tells less."""
    try:
        volume, count = load_mean(Path(task.path))
    except ScanError:
        return first
    if count == 1:
        return first
    whole = replace(_seen(volume, task), mean=True)
    if first.verdict == "failed":
        return first if whole.verdict == "failed" else whole
    return whole if whole.verdict in ("face", "part") else first


def _of_series(task: SightTask, first: Sight) -> Sight:
    """The answer of a whole series, when its first volume shows no face or a part of one.

    What the file holds beside its volumes is no padding where it is longer: nobody looked at it.
    """
    try:
        brightest, count = load_brightest(Path(task.path))
        if bytes_beside(Path(task.path), count) > MOST_BESIDE:
            return replace(first, verdict="unclear", code="more_bytes")
        if count == 1:
            return first
        whole = sight_of(find_head(brightest, task), task.name).sight
    except ScanError:
        return replace(first, verdict="unclear", code="other_volumes")
    if whole.verdict in ("face", "part"):
        return whole
    if whole.verdict == first.verdict or (first.verdict, whole.verdict) == ("part", "gone"):
        return first
    return replace(first, verdict="unclear", code="other_volumes")


def without_head(volume: Volume, error: ScanError, suffix: str = "") -> Sight:
    """The answer where no head was found: a failure, or of a mask or a phase that nothing tells."""
    if is_mask(volume.data):
        return Sight("unclear", "mask")
    if suffix == PHASE or is_phase(volume.data):
        return Sight("unclear", "phase")
    return Sight("failed", "not_found", reason=str(error))


def look_at_images(
    tasks: Sequence[SightTask],
    run: SightRun,
    listen: Listener,
) -> tuple[SightResult, ...]:
    """What every image shows, failures included, in the order of the tasks."""
    keys = [sight_key(task, run.store, run.on_damage) for task in tasks]
    ready = [k for k, key in enumerate(keys) if isinstance(key, str)]
    refused = len(tasks) - len(ready)
    tally = Tally(STAGE, listen, done=refused, failed=refused)
    ready_keys = [key for key in keys if isinstance(key, str)]
    found = iter(
        recall_or_run(
            look_at_image,
            [tasks[k] for k in ready],
            ready_keys,
            SIGHTS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([one.sight.verdict == "failed" for one in some]),
            on_damage=run.on_damage,
            known=[
                run.failed.get((key, tasks[k].path))
                for k, key in zip(ready, ready_keys, strict=True)
            ],
        )
    )
    return tuple(next(found) if isinstance(key, str) else key for key in keys)


def sight_key(
    task: SightTask, store: Store, on_damage: Callable[[StoreError], None]
) -> str | SightResult:
    """Key of an image's result, or the failed result where its file cannot be read."""
    try:
        files = (task.path, *(path for path, _ in task.lenders))
        digests = [store.file_digest(Path(path), on_damage=on_damage) for path in files]
    except InputError as error:
        return SightResult(Sight("failed", "unreadable", reason=str(error)), 0.0)
    choices = {
        "suffix": task.suffix,
        "accurate": task.accurate,
        "detectors": sorted(detectors()),
        "lenders": [suffix for _, suffix in task.lenders],
    }
    return entry_key("face-sight", VERSION, choices, digests)


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
