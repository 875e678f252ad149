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

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from headrisk.errors import StoreError
from headrisk.io.digests import entry_key, sha256_of_file, unreadable
from headrisk.run.engine import WorkerLost, Workers, run_tasks
from headrisk.run.entry import Entry, failed, move_into_place, read_files, write_files
from headrisk.run.scratch import ENTRY, scratch_folder, sweep_store

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
