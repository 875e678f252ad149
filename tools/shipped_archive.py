"""Write a NumPy archive that the package ships, and beside it the file with its SHA-256."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_archive(
    folder: Path, name: str, arrays: dict[str, NDArray[np.generic]]
) -> tuple[str, int]:
    """Write an archive and its digest into a folder; returns the digest and the size in bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getvalue()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / f"{name}.sha256").write_text(f"{digest}  {name}\n", "ascii")
    return digest, len(content)
