"""Indexing a folder of DICOM series: converted by dcm2niix, then listed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from headrisk.dataset.scans import Scan

_LOOK_AT = 200


@dataclass(frozen=True)
class DicomIndex:
    """Scans of a DICOM folder and remarks on series that were left out."""

    scans: list[Scan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def holds_dicom(folder: Path) -> bool:
    """Whether one of the first 200 files below a folder is DICOM, by its content or name."""
    files = (
        Path(base) / name
        for base, _, names in os.walk(folder)
        for name in sorted(names)
        if not name.startswith(".")
    )
    return any(_is_dicom(path) for path in islice(files, _LOOK_AT))


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in (".dcm", ".ima") or path.name == "DICOMDIR":
        return True
    try:
        with path.open("rb") as handle:
            return handle.read(132)[128:] == b"DICM"
    except OSError:
        return False


def index_dicom(folder: Path, work_dir: Path, participants: tuple[str, ...] = ()) -> DicomIndex:
    """Placeholder until the conversion is in."""
    return DicomIndex()
