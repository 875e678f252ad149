"""Look at every head and every photograph of a run, once: from files to templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.brain.cohort import input_digest
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, ScanError, StoreError
from headrisk.face.coverage import Coverage
from headrisk.face.head import VERSION, HeadResult, HeadTask, look_at_head
from headrisk.face.packed import Packed, pack
from headrisk.face.photos import Photo, crop_face, read_photo
from headrisk.face.recognise.registry import recognisers
from headrisk.run.digests import entry_key
from headrisk.run.engine import WorkerLost, Workers
from headrisk.run.entry import Entry
from headrisk.run.events import Listener, Tally
from headrisk.run.recall import Kept, recall_or_run
from headrisk.run.store import Store
from headrisk.settings import Settings

HEAD_STAGE, PHOTO_STAGE = "look at heads", "read photographs"
_UNSEEN = -1e30  # stands for minus infinity in a store


@dataclass(frozen=True)
class PhotoTask:
    """What a worker needs to describe one photograph."""

    path: str
    recognisers: tuple[str, ...]
    weights: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PhotoResult:
    """Templates of one photograph by recogniser, or why there are none."""

    reason: str
    seconds: float
    templates: Mapping[str, Packed] = field(default_factory=dict, repr=False)


def describe_photo(task: PhotoTask) -> PhotoResult:
    """Read, crop and describe one photograph."""
    begin = time.process_time()
    try:
        face = crop_face(read_photo(Path(task.path)))
    except ScanError as error:
        return PhotoResult(error.found, time.process_time() - begin)
    paths = {name: Path(path) for name, path in task.weights}
    templates = {
        one.name: pack(one.describe([face])) for one in recognisers(task.recognisers, paths)
    }
    found = any(packed.found.size for packed in templates.values())
    reason = "" if found else "no recogniser found the face"
    return PhotoResult(reason, time.process_time() - begin, templates)


@dataclass(frozen=True)
class Run:
    """What looking at heads and photographs has in common."""

    settings: Settings
    weights: tuple[tuple[str, str], ...]
    store: Store
    processes: Workers
    on_damage: Callable[[StoreError], None]

    def choices(self) -> dict[str, str]:
        """Each recogniser with the digest of its weights: part of the key of every result."""
        paths = {name: Path(path) for name, path in self.weights}
        return {one.name: one.digest for one in recognisers(self.settings.recognisers, paths)}


def look_at_heads(scans: Sequence[Scan], run: Run, listen: Listener) -> tuple[HeadResult, ...]:
    """What every head gave, failures included, in the order of the scans."""
    settings = run.settings
    asked = run.choices()
    known = [_identify(scan, run, asked) for scan in scans]
    ready = [k for k, one in enumerate(known) if isinstance(one, str)]
    refused = sum(isinstance(one, HeadResult) for one in known)
    tally = Tally(HEAD_STAGE, listen, done=refused, failed=refused)
    tasks = [
        HeadTask(
            scans[k].scan_id,
            scans[k].path,
            scans[k].suffix,
            settings.accurate,
            settings.face_protocol,
            settings.render_pixels,
            settings.seed,
            settings.recognisers,
            run.weights,
        )
        for k in ready
    ]
    keys = [one for one in known if isinstance(one, str)]
    found = iter(
        recall_or_run(
            look_at_head,
            tasks,
            keys,
            _HEADS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([one.status == "failed" for one in some]),
            on_damage=run.on_damage,
        )
    )
    return tuple(next(found) if isinstance(one, str) else one for one in known)


def read_photos(photos: Sequence[Photo], run: Run, listen: Listener) -> tuple[PhotoResult, ...]:
    """Templates of photographs that may be used, in order."""
    choices, tally = run.choices(), Tally(PHOTO_STAGE, listen)
    tasks = [PhotoTask(photo.path, run.settings.recognisers, run.weights) for photo in photos]
    keys = [
        entry_key("face-photo", VERSION, {"recognisers": choices}, [_photo_digest(photo.path, run)])
        for photo in photos
    ]
    return tuple(
        recall_or_run(
            describe_photo,
            tasks,
            keys,
            _PHOTOS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([bool(one.reason) for one in some]),
            on_damage=run.on_damage,
        )
    )


def _photo_digest(path: str, run: Run) -> str:
    try:
        return run.store.file_digest(Path(path), on_damage=run.on_damage)
    except InputError:
        return ""


def _identify(scan: Scan, run: Run, asked: Mapping[str, str]) -> str | HeadResult:
    """Key of a scan's result, or the failed result where its file cannot be used."""
    if scan.status == "failed":
        return HeadResult(scan.scan_id, "failed", scan.reason, 0.0)
    try:
        digest = input_digest(scan, run.store, run.on_damage)
    except InputError as error:
        return HeadResult(scan.scan_id, "failed", str(error), 0.0)
    choices = {
        "accurate": run.settings.accurate,
        "suffix": scan.suffix,
        "protocol": run.settings.face_protocol,
        "pixels": run.settings.render_pixels,
        "seed": run.settings.seed if run.settings.face_protocol == "nejm2019" else 0,
        "recognisers": asked,
    }
    return entry_key("face-head", VERSION, choices, [digest])


def _head_entry(result: HeadResult) -> Entry | None:
    """The store's form of a result; a scan without any surface is looked at again next time."""
    if result.coverage is None or result.picture is None:
        return None
    arrays: dict[str, NDArray[Any]] = {"picture": result.picture}
    arrays |= {f"seen-{name}": np.maximum(scores, _UNSEEN) for name, scores in result.seen.items()}
    names = list(result.templates)
    for place, packed in enumerate(result.templates.values()):
        arrays |= {f"rows-{place}": packed.rows, f"counts-{place}": packed.counts}
    return Entry(
        arrays,
        {
            "status": result.status,
            "reason": result.reason,
            "seconds": result.seconds,
            "notes": list(result.notes),
            "voxel_mm": None if result.voxel_mm is None else list(result.voxel_mm),
            "coverage": asdict(result.coverage),
            "recognisers": names,
        },
    )


def _restore_head(task: HeadTask, entry: Entry) -> HeadResult:
    kept = dict(entry.metadata)
    voxel = kept["voxel_mm"]
    seen = {
        name.removeprefix("seen-"): np.where(array <= _UNSEEN, -np.inf, array)
        for name, array in entry.arrays.items()
        if name.startswith("seen-")
    }
    return HeadResult(
        task.scan_id,
        kept["status"],
        kept["reason"],
        kept["seconds"],
        tuple(kept["notes"]),
        None if voxel is None else (voxel[0], voxel[1], voxel[2]),
        Coverage(**kept["coverage"]),
        seen,
        _templates(kept["recognisers"], entry),
        np.asarray(entry.arrays["picture"], np.uint8),
    )


def _photo_entry(result: PhotoResult) -> Entry | None:
    if result.reason:
        return None
    arrays: dict[str, NDArray[Any]] = {}
    for place, packed in enumerate(result.templates.values()):
        arrays |= {f"rows-{place}": packed.rows, f"counts-{place}": packed.counts}
    return Entry(arrays, {"seconds": result.seconds, "recognisers": list(result.templates)})


def _restore_photo(task: PhotoTask, entry: Entry) -> PhotoResult:
    del task
    templates = _templates(entry.metadata["recognisers"], entry)
    return PhotoResult("", entry.metadata["seconds"], templates)


def _templates(names: Sequence[str], entry: Entry) -> dict[str, Packed]:
    return {
        name: Packed(np.asarray(entry.arrays[f"rows-{k}"]), np.asarray(entry.arrays[f"counts-{k}"]))
        for k, name in enumerate(names)
    }


def _lost_head(task: HeadTask, lost: WorkerLost) -> HeadResult:
    return HeadResult(task.scan_id, "failed", lost.reason, 0.0)


def _lost_photo(task: PhotoTask, lost: WorkerLost) -> PhotoResult:
    del task
    return PhotoResult(lost.reason, 0.0)


_HEADS = Kept[HeadTask, HeadResult](_head_entry, _restore_head, _lost_head)
_PHOTOS = Kept[PhotoTask, PhotoResult](_photo_entry, _restore_photo, _lost_photo)


def with_reason(photo: Photo, result: PhotoResult) -> Photo:
    """The photograph's row after reading it: failed where no face could be described."""
    return replace(photo, status="failed", reason=result.reason) if result.reason else photo
