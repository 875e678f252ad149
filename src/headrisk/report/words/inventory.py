"""What was looked at and what was not, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.report.words.phrases import counted, listed

OTHER_NAMES = {
    "archive": ("archive", "archives"),
    "container": (
        "container of arrays (MATLAB, HDF5, NumPy, pickled)",
        "containers of arrays (MATLAB, HDF5, NumPy, pickled)",
    ),
    "document": ("document", "documents"),
    "link": ("link to a folder that was not followed", "links to folders that were not followed"),
    "picture": ("picture", "pictures"),
    "film": ("film", "films"),
    "sound": ("sound recording", "sound recordings"),
    "recording": ("file of recordings", "files of recordings"),
    "surface": ("surface mesh", "surface meshes"),
}


def totals(counts: InventoryCounts, *, planned: bool = False) -> str:
    """One sentence: the images there are, and what became of them, or will."""
    if not counts.images:
        return "No image was found in the data set."
    is_are = counted(counts.images, "image is", "images are")
    return (
        f"{is_are} in the data set: {counts.looked_at:,} {'to be ' if planned else ''}looked at, "
        f"{counts.failed:,} failed, "
        f"{counts.left_out:,} left out."
    )


def not_looked_at(counts: InventoryCounts) -> tuple[str, ...]:
    """One line for each kind of image of which some were not looked at, and why."""
    return tuple(
        f"{kind(row)}: {row.failed + row.left_out:,} of {row.images:,} not looked at"
        f"{_why(reasons(row))}"
        for row in counts.kinds
        if row.looked_at < row.images
    )


def reasons(*rows: KindRow) -> Counter[str]:
    """How many images of some kinds were not looked at, by why; rows hold ``3 why; 1 other why``.

    >>> row = KindRow("anat", "T1w", 9, 5, 1, 3, "1 an empty file; 3 inside an archive")
    >>> reasons(row, row)["inside an archive"]
    6
    """
    found: Counter[str] = Counter()
    for row in rows:
        for part in row.reason.split("; "):
            count, _, why = part.partition(" ")
            if count.isdecimal() and why:
                found[why] += int(count)
    return found


def _why(found: Mapping[str, int]) -> str:
    """`` (inside an archive: 1; a derivative: 2)``, or "" where nothing is known."""
    told = "; ".join(f"{why}: {count:,}" for why, count in sorted(found.items()))
    return f" ({told})" if told else ""


def beside(counts: InventoryCounts) -> str:
    """What else is there that may show a person and that nobody looked at, or ""."""
    found = [
        counted(counts.other[kind], *names)
        for kind, names in OTHER_NAMES.items()
        if counts.other.get(kind)
    ]
    said = []
    if found:
        said.append(f"Not looked at as images, but there beside them: {listed(found)}.")
    if counts.unread_folders:
        said.append(f"{counted(counts.unread_folders, 'folder')} could not be read.")
    if counts.copies:
        copies = counted(counts.copies, "image is a copy of another", "images are copies of others")
        said.append(f"{copies}.")
    return " ".join(said)


def kind(row: KindRow) -> str:
    """A kind of images as pages call it: ``anat T1w``."""
    name = " ".join(part for part in (row.datatype, row.suffix) if part)
    return name or "images of a kind that their names do not tell"
