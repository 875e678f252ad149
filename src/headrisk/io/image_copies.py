"""Images that lie in a data set more than once: the same bytes, or the same voxels.

Files are compared by size first, then by digest. Voxels are compared among images of one shape
only, by their scaled values, whatever type or compression they are stored in. What reading them
may cost is bounded; what was not compared for that reason is said.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.tripwire import TripWireError  # a package for a packing is not installed

from headrisk.dataset.inventory import FileRow, Inventory

MOST_BYTES = 2 * 1024**3  # of files read for digests; and of voxels read for slices
_Key = TypeVar("_Key")


def with_copies(inventory: Inventory, most_bytes: int = MOST_BYTES) -> Inventory:
    """The inventory with ``copy_of`` filled in for every image that repeats another.

    The original is the first by path, raw images first. Images in archives and series of several
    files are not compared.
    """
    root = inventory.root
    single = [row for row in inventory.images if row.files == 1 and row.status != "failed"]
    single = [row for row in single if "!/" not in row.path]
    single.sort(key=lambda row: (row.where != "raw", row.path))
    copies: dict[str, str] = {}
    left, too_large = most_bytes, 0
    by_size = _groups(single, lambda row: row.bytes)
    for group in sorted(by_size.values(), key=lambda rows: rows[0].bytes):
        cost = sum(row.bytes for row in group)
        if len(group) < 2:
            continue
        if cost > left:
            too_large += len(group)
            continue
        left -= cost
        _note_copies(copies, group, lambda row: _digest(root / row.path))
    distinct = [row for row in single if row.path not in copies]
    skipped = 0
    left = most_bytes
    by_shape = _groups(distinct, lambda row: _shape(root / row.path))
    for shape, group in sorted(by_shape.items(), key=lambda item: str(item[0])):
        if len(group) < 2 or not shape:
            continue
        cost = int(np.prod(shape)) * len(group)
        if cost > left:
            skipped += len(group)
            continue
        left -= cost
        for alike in _groups(group, lambda row: _slice_digest(root / row.path)).values():
            if len(alike) > 1:
                _note_copies(copies, alike, lambda row: _voxel_digest(root / row.path))
    notes = list(inventory.notes)
    if copies:
        notes.append(f"{len(copies)} images are copies of others under another name")
    if too_large:
        notes.append(
            f"{too_large} images with as many bytes as another were not compared byte by byte for "
            "copies: too large together"
        )
    if skipped:
        notes.append(
            f"{skipped} images of equal size were not compared voxel by voxel for copies: too many"
        )
    rows = tuple(replace(row, copy_of=copies.get(row.path, "")) for row in inventory.rows)
    return replace(inventory, rows=rows, notes=tuple(notes))


def _groups(rows: Iterable[FileRow], key: Callable[[FileRow], _Key]) -> dict[_Key, list[FileRow]]:
    groups: dict[_Key, list[FileRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _note_copies(
    copies: dict[str, str], group: list[FileRow], digest: Callable[[FileRow], str]
) -> None:
    for key, same in _groups(group, digest).items():
        for row in same[1:] if key else ():
            copies[row.path] = same[0].path


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _load(path: Path) -> Any:
    """The image as nibabel opens it, or None where it cannot."""
    try:
        return nib.load(path)
    except (
        ImageFileError,
        OSError,
        ValueError,
        TypeError,
        EOFError,
        zlib.error,
        KeyError,
        TripWireError,
    ):
        return None


def _shape(path: Path) -> tuple[int, ...]:
    image = _load(path)
    return () if image is None else tuple(int(n) for n in image.shape)


def _slice_digest(path: Path) -> str:
    """Digest of one slice a quarter up the last axis: a quarter of the file is read for it."""
    return _values_digest(path, quick=True)


def _voxel_digest(path: Path) -> str:
    """Digest of all voxels; "" where they are all alike, so that no copy can be told."""
    return _values_digest(path, quick=False)


def _values_digest(path: Path, *, quick: bool) -> str:
    """Digest of scaled voxels in single precision, "" where they cannot be read."""
    image = _load(path)
    try:
        if image is None:
            return ""
        part = (..., image.shape[-1] // 4) if quick else ...
        values = np.asarray(image.dataobj[part])
        if np.iscomplexobj(values):  # both parts count
            values = np.ascontiguousarray(values, dtype=np.complex64).view(np.float32)
        values = np.asarray(values, dtype=np.float32)
    except (OSError, ValueError, TypeError, EOFError, zlib.error, MemoryError, TripWireError):
        return ""
    if not quick and (not values.size or values.min() == values.max()):
        return ""
    return hashlib.sha256(values.tobytes()).hexdigest()
