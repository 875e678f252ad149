"""Unfinished work: where it is written, how it is put in place, and how it is cleared away.

Whatever headrisk writes is first written in a *scratch folder* beside its place and then renamed,
so that it appears as a whole or not at all. The folder is 0700 and holds a file on which its
writer keeps a lock (``flock``). The kernel releases the lock when the writer ends, however it
ends, so a folder whose lock is free was left by a killed run: `sweep` removes it, and never
touches the work of a run that goes on beside.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from headrisk.run.audit import LOG

# ----------------------------------------------------------------------
# Files that nobody but their owner may read, not even while they are written.
# ----------------------------------------------------------------------


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 and put it in place as a whole."""
    put_in_place({path: content}, path.parent, mode=0o600)


# ----------------------------------------------------------------------
# Unfinished work: where it is written, how it is put in place, and how it is cleared away.
# ----------------------------------------------------------------------

MARK = ".headrisk-unfinished"
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNFINISHED = ".report-"  # in an output folder and its private part
ENTRY = "entry-"  # in a store's tmp/
WORK = "scores-"  # in a work folder
_EARLIER = (".duplicates-", ".table-", ".new-")  # names that earlier versions gave
_ABANDONED_SECONDS = 24 * 3600  # where locks do not tell: a folder this old has lost its writer
_ELSEWHERE = "elsewhere"  # in a scratch folder: the path and prefix of another one
_RANDOM = r"[a-z0-9_]{8}"  # what tempfile appends to a prefix


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in ``parent``, locked by this process and removed at the end.

    Parameters
    ----------
    parent
        An existing folder on the file system of the place where the work is to go.
    prefix
        Start of the folder's name, by which `sweep` finds it again.

    Raises
    ------
    OSError
        The folder cannot be made.
    """
    with uninterrupted():  # until it bears its mark, nobody would know it for ours
        place, lock = _claim(parent, prefix)
    try:
        yield place
    finally:
        _remove(place)
        os.close(lock)


def sweep(parent: Path, prefix: str, *, marked_only: bool = False, empty_too: bool = False) -> int:
    """Remove scratch folders in ``parent`` whose writers were killed; return how many.

    Parameters
    ----------
    parent
        Where to look; nothing is done where it does not exist or cannot be read.
    prefix
        Start of their names.
    marked_only
        Leave folders and files alone that do not hold headrisk's mark. For a parent that is not
        headrisk's own, where somebody else's file may happen to bear such a name.
    empty_too
        Even then remove empty folders: a run of ours noted that it made one of that name.
    """
    pattern = re.compile(re.escape(prefix) + _RANDOM)
    try:
        found = sorted(path for path in parent.iterdir() if pattern.fullmatch(path.name))
    except OSError:
        return 0
    return sum(_sweep_one(path, marked_only=marked_only, empty_too=empty_too) for path in found)


@contextmanager
def scratch_elsewhere(out: Path, parent: Path, prefix: str) -> Iterator[Path]:
    """A scratch folder outside the output folder ``out``, which remembers where it is.

    Whatever the next run on ``out`` is asked to do, it finds and clears what a killed run left
    there.
    """
    with scratch_folder(out, UNFINISHED) as note:
        (note / _ELSEWHERE).write_bytes(os.fsencode(parent / prefix))
        with scratch_folder(parent, prefix) as place:
            yield place


def put_in_place(files: Mapping[Path, bytes], parent: Path, *, mode: int = 0o666) -> None:
    """Write files so that all of them appear, or none; earlier ones of their names are replaced.

    The last one is moved into place last. ``parent`` is a folder on the same file system that
    headrisk sweeps (`UNFINISHED`).

    Raises
    ------
    OSError
        Something cannot be written; everything is cleaned up.
    """
    parent.mkdir(parents=True, exist_ok=True)
    placed: list[Path] = []
    with scratch_folder(parent, UNFINISHED) as scratch:
        staged = [scratch / str(number) for number in range(len(files))]
        for stage, content in zip(staged, files.values(), strict=True):
            with os.fdopen(os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as new:
                new.write(content)
        with uninterrupted():
            try:
                for stage, path in zip(staged, files, strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    stage.replace(path)
                    placed.append(path)
            except OSError:
                for path in placed:
                    path.unlink(missing_ok=True)
                raise


def sweep_output(out: Path) -> int:
    """Remove what killed runs left in an output folder of headrisk; return how many pieces."""
    try:
        ours = (out / LOG).is_file() or (out / "store" / "tmp").is_dir()
    except OSError:  # whoever goes on to write there is told why that cannot be
        return 0
    swept = sum(
        sweep(place, prefix, marked_only=not ours)
        for place in (out, out / "internal", out / "tables")
        for prefix in (UNFINISHED, *_EARLIER)
    )
    return swept + sweep(out / "work", WORK) + sweep_store(out / "store")


def sweep_store(root: Path) -> int:
    """Remove unfinished entries that killed runs left in a store; return how many."""
    return sum(sweep(root / "tmp", prefix) for prefix in (ENTRY, "tmp"))


@contextmanager
def taking_turns(folder: Path) -> Iterator[None]:
    """Wait until no other run of headrisk publishes in this folder.

    Where the file system has no locks on folders (NFS) nothing is waited for; the digests that
    are written with a report then show whether two runs came between each other.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and requests to end until a few renames that belong together are done.

    Against SIGKILL and a loss of power there is no such help.
    """
    if threading.current_thread() is not threading.main_thread():  # has no handlers to change
        yield
        return
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in INTERRUPTIONS}
    for number, handler in before.items():
        if handler is not None:
            signal.signal(number, lambda caught, _: held.append(caught))
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


def _claim(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new scratch folder and the handle that locks it."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = os.open(place / MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:  # a neighbour took the empty folder for a dead run's
            continue
        if _lock(lock) is not False and os.fstat(lock).st_nlink:
            os.write(lock, "\n".join(_this_machine()).encode())
            return place, lock
        os.close(lock)


def _lock(handle: int) -> bool | None:
    """Whether the lock was free and is ours now; None where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _sweep_one(place: Path, *, marked_only: bool, empty_too: bool = False) -> bool:
    if place.is_symlink():
        return False
    if not place.is_dir():  # a single file of an earlier version
        if not marked_only:
            with suppress(OSError):
                place.unlink()
                return True
        return False
    try:
        names = [path.name for path in place.iterdir()]
        if not names:  # rmdir fails where its writer has put the mark there meanwhile
            unwanted = empty_too or not marked_only
            if unwanted:
                place.rmdir()
            return unwanted
        if MARK not in names:  # the mark comes first, so no writer of today is at work here
            return not marked_only and _remove(place)
        lock = os.open(place / MARK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if not _abandoned(lock):
            return False
        with suppress(OSError):
            other = Path(os.fsdecode((place / _ELSEWHERE).read_bytes()))
            sweep(other.parent, other.name, marked_only=True, empty_too=True)
        return _remove(place)
    finally:
        os.close(lock)


def _abandoned(lock: int) -> bool:
    """Whether the writer is gone.

    A lock that another machine holds may look free where a cluster's file system keeps locks to
    each machine, so a folder of another machine must be old too.
    """
    free = _lock(lock)
    if free is False:
        return False
    writer = os.pread(lock, 512, 0).decode("utf-8", "replace").split("\n")
    here = writer == [""] or any(one in _this_machine() for one in writer if one)
    old = time.time() - os.fstat(lock).st_mtime > _ABANDONED_SECONDS
    return old or (bool(free) and here)


def _this_machine() -> tuple[str, str]:
    """The machine's name, and the number of its boot, which its containers share."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = ""
    return os.uname().nodename, boot


def _remove(place: Path) -> bool:
    """Remove a scratch folder, its mark last, so that a kill in between leaves it recognisable."""
    with suppress(OSError):
        for path in place.iterdir():
            if path.name != MARK:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
    with suppress(OSError):
        if [path.name for path in place.iterdir()] in ([], [MARK]):
            (place / MARK).unlink(missing_ok=True)
        place.rmdir()
    return not place.exists()
