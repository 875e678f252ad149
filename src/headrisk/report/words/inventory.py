"""What was looked at and what was not, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from headrisk.dataset.inventory import (
    NOT_USED,
    USED_IN_PART,
    InventoryCounts,
    KindRow,
    OtherCounts,
)
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


UNUSED_NAMES = {
    "table": ("table", "tables"),
    "sidecar": ("sidecar file", "sidecar files"),
}


def unused(counts: InventoryCounts) -> str:
    """How many tables and sidecars were not used, or in part alone, and why; or ""."""
    said = [
        f"{start}: {listed(found)}."
        for start, codes in (("Not used", NOT_USED), ("Used in part", USED_IN_PART))
        if (found := _unused(counts, tuple(codes)))
    ]
    if any(code in NOT_USED for kind in counts.unused.values() for code in kind):
        said.append("What they say of people (ages, sites, dates) is not known to this report.")
    return " ".join(said)


def _unused(counts: InventoryCounts, codes: tuple[str, ...]) -> list[str]:
    found = []
    for kind, by_code in counts.unused.items():
        own = {code: count for code, count in by_code.items() if code in codes}
        if own:
            reasons = "; ".join(
                f"{count:,} {ALL_UNUSED[code]}" for code, count in sorted(own.items())
            )
            found.append(f"{counted(sum(own.values()), *UNUSED_NAMES[kind])} ({reasons})")
    return found


ALL_UNUSED = {**NOT_USED, **USED_IN_PART}


def others(counts: InventoryCounts, *, whole: bool = True) -> tuple[str, ...]:
    """One line for each data set beside the first: its images, and what became of them.

    Without ``whole`` those of which every image was looked at are left out.
    """
    return tuple(
        _other(one, place)
        for place, one in enumerate(counts.others, 2)
        if whole or not one.listed or one.looked_at < one.images
    )


def _other(one: OtherCounts, place: int) -> str:
    name = f"Data set {place}" if one.role == "against" else f"De-identified copy {one.name}"
    if not one.listed:
        return (
            f"{name} comes as fingerprints of an earlier run: which of its images were looked at "
            "stands in that run's report."
        )
    text = (
        f"{name}, {'searched in' if one.role == 'against' else 'compared with'}: "
        f"{counted(one.images, 'image')}, {one.looked_at:,} looked at, {one.failed:,} failed, "
        f"{one.left_out:,} left out"
    )
    rest = [f"{kind(row)}: {row.failed + row.left_out:,} of {row.images:,} ({row.reason})"
            for row in one.kinds if row.looked_at < row.images]  # fmt: skip
    return f"{text}. Not looked at: {'; '.join(rest)}." if rest else f"{text}."


def kind(row: KindRow) -> str:
    """A kind of images as pages call it: ``anat T1w``."""
    name = " ".join(part for part in (row.datatype, row.suffix) if part)
    return name or "images of a kind that their names do not tell"
