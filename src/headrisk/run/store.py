"""A store of finished work, addressed by what went into it.

An entry's key is the SHA-256 of the stage's name and version, the settings that matter to it and
the digests of its inputs, so a run that asks for the same thing again finds it, and a run that
asks for anything else cannot be given it by mistake.

On disk an entry is a folder ``ab/abcd.../`` of ``.npy`` files and one ``entry.json`` that holds
the metadata and the SHA-256 of every file. It is written under ``tmp/``, flushed to disk, and
renamed into place, so it is there as a whole or not at all. Two runs may share a store: whoever
renames second finds the entry there and drops its own. Folders are 0700 and files 0600.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import StoreError
from headrisk.io.canonical import exact_json
from headrisk.io.digests import entry_key, sha256_of_file, unreadable
from headrisk.run.engine import WorkerLost, Workers, run_tasks
from headrisk.run.scratch import ENTRY, scratch_folder, sweep_store

# ----------------------------------------------------------------------
# The files of one store entry: how they are written, moved into place, and read back.
# ----------------------------------------------------------------------

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


# ----------------------------------------------------------------------
# Results of many tasks: from the store where it has them, computed and stored where not.
# ----------------------------------------------------------------------

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Kept(Generic[T, R]):
    """How a result goes into the store and comes back.

    ``entry`` gives None for a result that is not to be kept, such as a failure that another
    machine may not have. ``lost`` makes the result of a task whose worker died.
    """

    entry: Callable[[R], Entry | None]
    restore: Callable[[T, Entry], R]
    lost: Callable[[T, WorkerLost], R]


def recall_or_run(
    function: Callable[[T], R],
    tasks: Sequence[T],
    keys: Sequence[str],
    kept: Kept[T, R],
    store: Store,
    *,
    processes: Workers,
    on_results: Callable[[Sequence[R]], None],
    on_damage: Callable[[StoreError], None],
    known: Sequence[R | None] = (),
) -> list[R]:
    """One result per task, in the order of the tasks.

    Parameters
    ----------
    function
        As for :func:`headrisk.run.engine.run_tasks`.
    tasks, keys
        What to compute, and the store key of each result.
    on_results
        Called once with all stored results, then with each new one as it comes.
    on_damage
        Told of every damaged entry, which is then computed again.
    known
        For each task its result where this run has it already, though a store keeps none.

    Raises
    ------
    StoreError
        A result cannot be stored.
    """
    found = {place: one for place, one in enumerate(known) if one is not None}
    for place, (task, key) in enumerate(zip(tasks, keys, strict=True)):
        entry = None if place in found else store.recall(key, on_damage=on_damage)
        if entry is not None:
            found[place] = kept.restore(task, entry)
    on_results(list(found.values()))
    missing = [place for place in range(len(tasks)) if place not in found]

    def done(index: int, result: R | WorkerLost) -> None:
        place = missing[index]
        if isinstance(result, WorkerLost):
            result = kept.lost(tasks[place], result)
        entry = kept.entry(result)
        if entry is not None:
            store.write(keys[place], entry)
        found[place] = result
        on_results([result])

    run_tasks(function, [tasks[place] for place in missing], processes=processes, on_done=done)
    return [found[place] for place in range(len(tasks))]


# ----------------------------------------------------------------------
# A store of finished work, addressed by what went into it.
# ----------------------------------------------------------------------

_SETTLED_NS = 2_000_000_000  # a file changed less than this ago may change again unnoticed


@dataclass(frozen=True)
class Store:
    """The store in folder ``root``. Make one with :func:`open_store`."""

    root: Path

    def read(self, key: str, *, mapped: bool = False) -> Entry | None:
        """The entry under ``key``, or None where there is none.

        Every byte is checked against its digest. With ``mapped`` the arrays are memory-mapped
        read-only, so they may be larger than memory.

        Raises
        ------
        StoreError
            The entry is damaged or cannot be read.
        """
        return read_files(self._folder(key), key, mapped=mapped)

    def holds(self, key: str) -> bool:
        """Whether there is an entry under ``key``, whole or damaged; nothing of it is read."""
        return self._folder(key).exists()

    def write(self, key: str, entry: Entry) -> None:
        """Put an entry under ``key``; one that is there already stays.

        Raises
        ------
        StoreError
            The disk is full, the store is read-only, or another fault of the file system.
        """
        folder = self._folder(key)
        try:
            with scratch_folder(self.root / "tmp", ENTRY) as scratch:
                (scratch / key).mkdir(mode=0o700)
                write_files(scratch / key, key, entry)
                folder.parent.mkdir(mode=0o700, exist_ok=True)
                move_into_place(scratch / key, folder)
        except OSError as error:
            raise failed(folder, error, "write") from error

    def discard(self, key: str) -> None:
        """Remove an entry, damaged or not; it disappears as a whole."""
        folder = self._folder(key)
        try:
            with scratch_folder(self.root / "tmp", ENTRY) as aside, suppress(FileNotFoundError):
                folder.rename(aside / key)
        except OSError as error:
            raise failed(folder, error, "remove") from error

    def get_or_compute(
        self,
        key: str,
        compute: Callable[[], Entry],
        *,
        on_damage: Callable[[StoreError], None],
    ) -> Entry:
        """The stored entry, or a new one from ``compute``, which is then stored.

        A damaged entry is handed to ``on_damage`` as an error, removed and computed again.
        """
        found = self.recall(key, on_damage=on_damage)
        if found is None:
            found = compute()
            self.write(key, found)
        return found

    def recall(self, key: str, *, on_damage: Callable[[StoreError], None]) -> Entry | None:
        """The stored entry or None; a damaged one is handed to ``on_damage`` and removed."""
        try:
            return self.read(key)
        except StoreError as error:
            on_damage(error)
            self.discard(key)
            return None

    def file_digest(self, path: Path, *, on_damage: Callable[[StoreError], None]) -> str:
        """SHA-256 of a file, remembered so that a second run need not read it again.

        The memory is keyed by path, size and times of change (``mtime`` and ``ctime``, in
        nanoseconds), so it misses only a change that alters none of them. A file that changed in
        the last two seconds is read every time, as its next change could bear the same times.

        Raises
        ------
        InputError
            The file cannot be read.
        StoreError
            The digest cannot be stored.
        """
        try:
            stat = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error
        changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
        if time.time_ns() - changed < _SETTLED_NS:
            return sha256_of_file(path)
        identity = [str(path.absolute()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        entry = self.get_or_compute(
            entry_key("file-digest", 1, {"identity": identity}, []),
            lambda: Entry({}, {"sha256": sha256_of_file(path)}),
            on_damage=on_damage,
        )
        return str(entry.metadata["sha256"])

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key


def open_store(root: Path) -> Store:
    """The store in folder ``root``, which is made if needed.

    Scratch folders of writers that were killed are cleared away. A store that is read-only opens,
    and gives what it holds.

    Raises
    ------
    StoreError
        The folder cannot be made.
    """
    try:
        for folder in (root, root / "tmp"):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise failed(root, error, "open") from error
    sweep_store(root)
    return Store(root)
