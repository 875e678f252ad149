"""From a photograph to what recognisers make of its face."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headrisk.errors import ScanError
from headrisk.face.packed import Packed, pack
from headrisk.face.photos import crop_face, read_photo
from headrisk.face.recognise.registry import recognisers


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
