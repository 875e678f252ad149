"""What a store keeps of heads and photographs, and how it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.face.head import HeadResult, HeadTask
from headrisk.face.packed import Packed
from headrisk.face.photos import PhotoResult, PhotoTask
from headrisk.face.presence import Sight
from headrisk.heads.coverage import Coverage
from headrisk.run.engine import WorkerLost
from headrisk.run.store import Entry, Kept

_UNSEEN = -1e30  # stands for minus infinity in a store


def _head_entry(result: HeadResult) -> Entry | None:
    """The store's form; what has no surface, or a plug-in failed at, is looked at again."""
    if result.coverage is None or result.picture is None or result.sight is None or result.failed:
        return None
    arrays: dict[str, NDArray[Any]] = {"picture": result.picture}
    arrays |= {f"seen-{name}": np.maximum(scores, _UNSEEN) for name, scores in result.seen.items()}
    arrays |= _arrays(result.templates)
    return Entry(
        arrays,
        {
            "status": result.status,
            "seconds": result.seconds,
            "notes": list(result.notes),
            "voxel_mm": None if result.voxel_mm is None else list(result.voxel_mm),
            "coverage": asdict(result.coverage),
            "sight": asdict(result.sight),
            "recognisers": list(result.templates),
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
        "",
        kept["seconds"],
        tuple(kept["notes"]),
        None if voxel is None else (voxel[0], voxel[1], voxel[2]),
        _coverage(kept["coverage"]),
        seen,
        _templates(kept["recognisers"], entry),
        np.asarray(entry.arrays["picture"], np.uint8),
        Sight(**kept["sight"]),
    )


def _coverage(kept: Mapping[str, Any]) -> Coverage:
    lists = {name: tuple(kept[name]) for name in ("removed", "cropped")}
    return Coverage(**{**kept, **lists})


def _photo_entry(result: PhotoResult) -> Entry | None:
    if result.reason or result.failed:
        return None
    named = {"seconds": result.seconds, "recognisers": list(result.templates)}
    return Entry(_arrays(result.templates), named)


def _restore_photo(task: PhotoTask, entry: Entry) -> PhotoResult:
    del task
    templates = _templates(entry.metadata["recognisers"], entry)
    return PhotoResult("", entry.metadata["seconds"], templates)


def _arrays(templates: Mapping[str, Packed]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for place, packed in enumerate(templates.values()):
        arrays |= {f"rows-{place}": packed.rows, f"counts-{place}": packed.counts}
        if packed.inner is not None:
            arrays[f"inner-{place}"] = packed.inner
    return arrays


def _templates(names: Sequence[str], entry: Entry) -> dict[str, Packed]:
    kept = entry.arrays
    return {
        name: Packed(
            np.asarray(kept[f"rows-{k}"]),
            np.asarray(kept[f"counts-{k}"]),
            np.asarray(kept[f"inner-{k}"]) if f"inner-{k}" in kept else None,
        )
        for k, name in enumerate(names)
    }


def _lost_head(task: HeadTask, lost: WorkerLost) -> HeadResult:
    return HeadResult(task.scan_id, "failed", lost.reason, 0.0)


def _lost_photo(task: PhotoTask, lost: WorkerLost) -> PhotoResult:
    del task
    return PhotoResult(lost.reason, 0.0)


HEADS = Kept[HeadTask, HeadResult](_head_entry, _restore_head, _lost_head)


PHOTOS = Kept[PhotoTask, PhotoResult](_photo_entry, _restore_photo, _lost_photo)
