"""Files that nobody but their owner may read, not even while they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 and put it in place as a whole."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # mkstemp makes 0600
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
