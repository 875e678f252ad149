"""Walking a data set: every file once, links and oddities told apart, nothing followed outside."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["file", "folder", "outside", "special", "unreadable"]


@dataclass(frozen=True)
class Entry:
    """One thing in a data set.

    Attributes
    ----------
    path
        Where it lies.
    parts
        Folder and file names from the data set's root.
    state
        ``file`` and ``folder`` are as they say; ``outside`` is a link that leads out of the data
        set; ``special`` is a pipe, a socket or a device, which would block whoever opens it;
        ``unreadable`` cannot be listed or leads nowhere.
    reason
        Why it is not a file to read, "" for files and folders.
    target
        Where a link that leads out points to, "" otherwise.
    size
        Bytes, for files.
    """

    path: Path
    parts: tuple[str, ...]
    state: State
    reason: str = ""
    target: str = ""
    size: int = 0


def walk(root: Path) -> Iterator[Entry]:
    """Every file and folder below ``root`` in order of name, folders before what is in them.

    Links to files inside the data set are read as files (git-annex keeps images so); links to
    folders are not entered, since what they lead to is walked by itself or lies outside.
    """
    base = os.path.realpath(root)
    pending: list[tuple[Path, tuple[str, ...]]] = [(Path(base), ())]
    while pending:
        folder, parts = pending.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            reason = f"folder cannot be read ({error.strerror})"
            yield Entry(folder, parts, "unreadable", reason)
            continue
        below = []
        for entry in entries:
            one = _entry(entry, (*parts, entry.name), base)
            yield one
            if one.state == "folder":
                below.append((one.path, one.parts))
        pending.extend(reversed(below))


def _entry(entry: os.DirEntry[str], parts: tuple[str, ...], base: str) -> Entry:
    path = Path(entry.path)
    try:
        if entry.is_symlink():
            return _link(path, parts, base)
        if entry.is_dir(follow_symlinks=False):
            return Entry(path, parts, "folder")
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Entry(path, parts, "unreadable", f"cannot be read ({error.strerror})")
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, parts, "special", "a pipe, socket or device, not opened")
    return Entry(path, parts, "file", size=status.st_size)


def _link(path: Path, parts: tuple[str, ...], base: str) -> Entry:
    target = str(path.readlink())
    real = os.path.realpath(path)
    status = os.stat(real) if os.path.exists(real) else None  # noqa: PTH110, PTH116
    if real != base and not real.startswith(base + os.sep):
        reason = "a link that leads out of the data set, not followed"
        return Entry(path, parts, "outside", reason, target)
    if status is None:
        reason = "a link whose target is not there: fetch the content (datalad get)"
        return Entry(path, parts, "unreadable", reason)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, parts, "special", "a link to a folder of the data set, not entered")
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, parts, "special", "a link to a pipe, socket or device, not opened")
    return Entry(Path(real), parts, "file", size=status.st_size)
