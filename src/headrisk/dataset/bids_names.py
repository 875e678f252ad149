"""File and folder names of BIDS: what a name says, which sidecars apply, what a folder holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# In order of preference where one image is stored in two formats.
IMAGE_ENDINGS = (".nii.gz", ".nii", ".mgz", ".mgh", ".hdr", ".hdr.gz", ".img", ".img.gz")


@dataclass(frozen=True)
class BidsName:
    """A file name taken apart: entities beyond participant and session, suffix, ending."""

    entities: dict[str, str]
    suffix: str
    ending: str


def parse_name(file_name: str) -> BidsName:
    """Take ``sub-01_ses-2_acq-x_T1w.nii.gz`` apart; participant and session are left to folders."""
    lower = file_name.lower()
    ending = next((e for e in IMAGE_ENDINGS if lower.endswith(e)), Path(lower).suffix)
    parts = file_name[: len(file_name) - len(ending)].split("_")
    pairs = (part.partition("-") for part in parts[:-1])
    entities = {key: value for key, dash, value in pairs if dash}
    return BidsName(entities, parts[-1], ending)


def sidecar_files(entries: list[os.DirEntry[str]]) -> list[tuple[BidsName, Path]]:
    """JSON files of one level, the least specific first."""
    names = [(parse_name(e.name), Path(e.path)) for e in entries if e.name.endswith(".json")]
    return sorted(names, key=lambda item: (len(item[0].entities), item[1].name))


def applicable(name: BidsName, sidecars: list[tuple[BidsName, Path]]) -> Iterator[Path]:
    """Sidecars with the image's suffix and no entity that the image lacks."""
    for other, path in sidecars:
        if other.suffix == name.suffix and other.entities.items() <= name.entities.items():
            yield path


def listing(folder: Path) -> tuple[list[os.DirEntry[str]], str]:
    """Entries by name without hidden ones, and why the folder cannot be read ("" if it can)."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        return [], f"folder cannot be read ({error.strerror or error})"
    return sorted(entries, key=lambda entry: entry.name), ""


def is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
