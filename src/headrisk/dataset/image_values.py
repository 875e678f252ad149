"""Everything that sidecars say of one image, by BIDS' inheritance principle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headrisk.dataset.bids_names import BidsName, applicable, listing, parse_name, sidecar_files
from headrisk.dataset.sidecar import read_sidecar

Levels = dict[Path, list[tuple[BidsName, Path]]]


def image_values(image: Path, root: Path, levels: Levels) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Values of all sidecars that apply to an image, the nearest overriding, and remarks.

    Parameters
    ----------
    image
        The image's path.
    root
        Folder of the data set; sidecars above it do not apply. Where the image lies elsewhere
        (a manifest), or ``root`` is no folder, only sidecars beside it count.
    levels
        Sidecars of folders that were listed already; added to.
    """
    folders = [image.parent]
    if image.is_relative_to(root) and root.is_dir():
        while folders[0] != root:
            folders.insert(0, folders[0].parent)
    name = parse_name(image.name)
    values: dict[str, Any] = {}
    notes: list[str] = []
    for folder in folders:
        if folder not in levels:
            levels[folder] = sidecar_files(listing(folder)[0])
        for path in applicable(name, levels[folder]):
            found, note = read_sidecar(path)
            values |= found
            notes += [note] if note else []
    return values, tuple(notes)
