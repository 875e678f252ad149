"""The files of one store entry: how they are written, moved into place, and read back."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import StoreError
from headrisk.io.canonical import exact_json

Array = NDArray[Any]

_FULL = ("the disk is full or the quota is used up", "Free space, or choose another folder.")
_CLOSED = ("the folder is read-only for you", "Change its permissions, or choose another folder.")
_CAUSES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
}
_ARRAY_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Entry:
    """Arrays and plain metadata (anything JSON can hold) that one stage gave for one input."""

    arrays: Mapping[str, Array]
    metadata: Mapping[str, Any]


def read_files(folder: Path, key: str, *, mapped: bool) -> Entry | None:
    """The entry in ``folder``, every byte checked; None where there is none; see ``Store.read``."""
    try:
        record = _read_record(folder / "entry.json", key)
        arrays = {
            name: _read_array(folder / f"{name}.npy", digest, mapped=mapped)
            for name, digest in record["arrays"].items()
        }
    except FileNotFoundError as error:
        if Path(error.filename).exists():  # another run put the entry there a moment ago
            return read_files(folder, key, mapped=mapped)
        if not folder.exists():
            return None
        raise _damaged(folder, f"{Path(error.filename).name} is missing") from error
    except OSError as error:
        raise failed(folder, error, "read") from error
    return Entry(arrays, record["metadata"])


def write_files(folder: Path, key: str, entry: Entry) -> None:
    """Write an entry into an empty folder and flush it to disk; OSError passes through."""
    digests = {}
    for name, array in entry.arrays.items():
        if not _ARRAY_NAME.fullmatch(name):
            raise ValueError(f"array name {name!r}: expected a-z, 0-9, - and _")
        digests[name] = _write_array(folder / f"{name}.npy", array)
    content = {"key": key, "arrays": digests, "metadata": dict(entry.metadata)}
    seal = hashlib.sha256(exact_json(content)).hexdigest()
    with _private_file(folder / "entry.json") as stream:
        stream.write(exact_json({**content, "sha256": seal}))
        _flush(stream)
    _flush_folder(folder)


def _write_array(path: Path, array: Array) -> str:
    """Write a .npy file and give its SHA-256, without a second copy of a large array."""
    with _private_file(path) as stream:
        np.save(stream, array, allow_pickle=False)
        _flush(stream)
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _private_file(path: Path) -> io.BufferedRandom:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def _flush(stream: io.BufferedRandom) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move_into_place(scratch: Path, folder: Path) -> None:
    """Rename, unless another run was faster.

    A network file system may report failure after a rename that was done (its answer was lost),
    so what counts is whether the entry is there.
    """
    try:
        scratch.rename(folder)
    except OSError:
        if not (folder / "entry.json").exists():
            raise
    else:
        _flush_folder(folder.parent)


def _read_record(path: Path, key: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
        seal = content.pop("sha256")
        intact = seal == hashlib.sha256(exact_json(content)).hexdigest()
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _damaged(path.parent, "entry.json cannot be read") from error
    if not intact or content["key"] != key:
        raise _damaged(path.parent, "entry.json does not match its digest or its address")
    return dict(content)


def _read_array(path: Path, digest: str, *, mapped: bool) -> Array:
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
            raise _damaged(path.parent, f"{path.name} does not match its digest")
        if not mapped:
            stream.seek(0)
            plain: Array = np.load(stream, allow_pickle=False)
            return plain
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # an empty array cannot be mapped
        array = np.load(path, allow_pickle=False)
    return array


def _damaged(folder: Path, found: str) -> StoreError:
    return StoreError(
        str(folder),
        found=f"damaged entry: {found}",
        expected="the bytes that were written",
        remedy="It is removed and computed again where it is needed; check the disk.",
    )


def failed(place: Path, error: OSError, action: str) -> StoreError:
    """A fault of the file system in words, with what to do about it."""
    found, remedy = _CAUSES.get(
        error.errno or 0, (error.strerror or str(error), "Check the folder and its file system.")
    )
    return StoreError(str(place), found=f"cannot {action}: {found}", remedy=remedy)
