"""Costly input made once for all worker processes of a test run."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

Once = Callable[[str, Callable[[Path], object]], Path]


def fill_once(base: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder ``name``, filled by ``make``; whoever comes second waits for it and shares it.

    Nothing in it may be changed by a test. A folder that could not be filled is tried again.
    """
    place, done = base / f"once-{name}", base / f"once-{name}.done"
    with (base / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            done.touch()
    return place
