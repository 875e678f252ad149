"""Every image of a data set that may show a head: all datatypes, derivatives, misspelt names.

This is where the question "is a face left?" meets the listing of files. Files that are images by
their first bytes alone (``T1w.nii.gz.bak``, ``notes.json``) come from the inventory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from headrisk.dataset.bids_names import DATATYPES, ONE_IMAGE, SUFFIX_TYPES, image_ending
from headrisk.dataset.inventory import Inventory
from headrisk.dataset.labels import path_label
from headrisk.dataset.scans import Scan

_SUFFIX = re.compile(r"_([A-Za-z0-9]+)$")
_NOT_HERE = ("damaged", "empty", "history", "pointer", "unreadable")  # or told elsewhere
SUFFIXES = frozenset(SUFFIX_TYPES) | {"ct", "PDT2"}  # another may be anything, a name too
_FOLDERS = (*DATATYPES, "swi")


@dataclass(frozen=True)
class HeadImage:
    """An image in which a face may be: its path, its place in the data set, what it is.

    ``datatype`` and ``suffix`` are "" where name and folder do not tell.
    """

    path: str
    name: str
    datatype: str = ""
    suffix: str = ""
    participant_id: str = ""
    session_id: str = ""


def list_head_images(
    root: Path, scans: Iterable[Scan], listed: Inventory | None = None
) -> tuple[HeadImage, ...]:
    """All images below a folder, hidden and derived ones included, and those that are scans anyway.

    Parameters
    ----------
    root
        The data set: a folder, or a manifest, whose files are then ``scans``.
    scans
        Images that indexing found; converted DICOM series lie outside the data set.
    listed
        Every file of the data set with what its first bytes tell.
    """
    found = {
        scan.path: HeadImage(
            scan.path, scan.scan_id, "", scan.suffix, scan.participant_id, scan.session_id
        )
        for scan in scans
        if scan.path
    }
    if root.is_dir():
        for folder, folders, files in os.walk(root):
            folders.sort()
            for file in sorted(files):
                if is_image(file):
                    one = _image(f"{folder}/{file}", root)
                    found[one.path] = one
    if listed is not None and root.is_dir():
        for one in _told_by_bytes(listed):
            found.setdefault(one.path, one)
    return tuple(found[path] for path in sorted(found))


def is_image(name: str) -> bool:
    """Whether a file name ends as those of images do that are read without converting."""
    return name.lower().endswith(ONE_IMAGE)


def _told_by_bytes(listed: Inventory) -> Iterator[HeadImage]:
    """The images whose format is known by their first bytes and can be read."""
    for row in listed.images:
        known = row.form.startswith(("NIfTI", "MGH")) and row.code not in _NOT_HERE
        if known and "!/" not in row.path:
            yield HeadImage(
                str(listed.root / row.path),
                row.path,
                row.datatype,
                row.suffix,
                row.participant_id,
                row.session_id,
            )


def _image(path: str, root: Path) -> HeadImage:
    name = os.path.relpath(path, root)
    stem = Path(name).name
    told = _SUFFIX.search(stem[: len(stem) - len(image_ending(stem))])
    parent = Path(name).parent.name
    return HeadImage(
        path,
        name,
        parent if parent in _FOLDERS else "",
        told[1] if told else "",
        path_label(name, "sub"),
        path_label(name, "ses"),
    )
