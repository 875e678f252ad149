"""Files that nobody but their owner may read, not even while they are written."""

from __future__ import annotations

from pathlib import Path

from headrisk.run.scratch import put_in_place


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 and put it in place as a whole."""
    put_in_place({path: content}, path.parent, mode=0o600)
