"""What was looked at and what was not, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from headrisk.dataset.inventory import (
    NOT_USED,
    USED_IN_PART,
    InventoryCounts,
    OtherCounts,
)
from headrisk.findings.coverage import by_kind
from headrisk.report.words.phrases import counted, listed

REASONS: Mapping[str, str] = {  # of an image that was not looked at, or compared by no attack
    "archive": "inside an archive",
    "body": "voxels that belong to a header listed elsewhere",
    "code": "in a folder of code",
    "contrast": "of a kind that no attack was asked to compare",
    "damaged": "damaged, or not an image",
    "derivatives": "derived from another image",
    "empty": "an empty file",
    "folder": "a folder that cannot be read, or is named like an image",
    "format": "in a format that is not read",
    "hidden": "in a hidden folder",
    "history": "an earlier version kept by git-annex",
    "label": "nobody, or two people, named for one file",
    "line": "a line of the manifest that names nobody or no file, or is damaged",
    "link": "a link that leads nowhere",
    "missing": "a file that is named, but not there",
    "name": "misnamed or in the wrong folder",
    "no_check": "not asked for",
    "person": "of a person or session that was not asked for",
    "pointer": "a pointer whose content is not here",
    "sourcedata": "in a folder of source data",
    "special": "not a regular file",
    "unreadable": "a file that cannot be read",
    "unusable": "could not be used",
}
UNUSED: Mapping[str, str] = {  # of a table or sidecar
    "columns": "a column named twice, of which the first counts",
    "damaged": "damaged",
    "empty": "empty",
    "lines": "lines with another number of cells than the header",
    "link": "a link that leads nowhere",
    "no_key": "no column that says whom or what a line is about",
    "pointer": "a pointer whose content is not here",
    "unreadable": "cannot be read",
}
KINDS: Mapping[str, str] = {  # suffixes of BIDS as a person says them
    "angio": "images of vessels",
    "asl": "perfusion MRI",
    "bold": "functional MRI",
    "CT": "computed tomography",
    "ct": "computed tomography",
    "dwi": "diffusion MRI",
    "epi": "field maps, echo-planar",
    "fieldmap": "field maps",
    "FLAIR": "MRI in which fluid appears dark",
    "inplaneT1": "T1-weighted MRI",
    "inplaneT2": "T2-weighted MRI",
    "m0scan": "perfusion MRI, reference",
    "magnitude": "field maps",
    "magnitude1": "field maps",
    "magnitude2": "field maps",
    "MEGRE": "multi-echo MRI",
    "MP2RAGE": "T1-weighted MRI, raw",
    "PD": "proton-density MRI",
    "PDw": "proton-density MRI",
    "pet": "positron emission tomography",
    "phase": "field maps",
    "phasediff": "field maps",
    "sbref": "functional MRI, reference",
    "T1map": "maps of T1",
    "T1w": "T1-weighted MRI",
    "T2map": "maps of T2",
    "T2star": "T2*-weighted MRI",
    "T2starw": "T2*-weighted MRI",
    "T2w": "T2-weighted MRI",
    "UNIT1": "T1-weighted MRI",
}
UNKNOWN_KIND = "unknown kind"
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


def kind(suffix: str) -> str:
    """A kind of images as pages call it: ``T1w``."""
    return suffix or UNKNOWN_KIND


def explained(suffix: str) -> str:
    """The same with what the abbreviation stands for.

    >>> explained("T1w"), explained(""), explained("MTS")
    ('T1w (T1-weighted MRI)', 'unknown kind', 'MTS (a kind of image)')
    """
    if not suffix:
        return kind(suffix)
    return f"{suffix} ({KINDS.get(suffix, 'a kind of image')})"


def totals(counts: InventoryCounts, *, planned: bool = False) -> str:
    """One sentence: the images there are, and what became of them, or will."""
    if not counts.images:
        return "No image was found in the data set."
    is_are = counted(counts.images, "image is", "images are")
    where = "in the data set" if counts.listed else "known by fingerprints of an earlier run"
    return (
        f"{is_are} {where}: {counts.looked_at:,} {'to be ' if planned else ''}looked at, "
        f"{counts.failed:,} failed, "
        f"{counts.left_out:,} left out."
    )


def not_listed(counts: InventoryCounts) -> str:
    """What a data set that comes as fingerprints may hold besides, "" for any other."""
    if counts.listed:
        return ""
    return (
        "The data set comes as fingerprints of an earlier run: what else it holds was not looked "
        "at, and is in that run's report."
    )


def not_looked_at(counts: InventoryCounts) -> tuple[str, ...]:
    """One line for each kind of image of which some were not looked at, and why."""
    return tuple(
        f"{kind(row.suffix)}: {row.failed + row.left_out:,} of {row.images:,} not looked at"
        f"{_why(row.reasons)}"
        for row in by_kind(counts.kinds)
        if row.looked_at < row.images
    )


def reason(row: Mapping[str, Any]) -> str:
    """Why images of one kind were not looked at, as ``report.json`` tells it beside the codes.

    >>> reason({"reasons": {"archive": 1, "derivatives": 2}})
    '2 derived from another image; 1 inside an archive'
    """
    return "; ".join(
        f"{count:,} {REASONS.get(code, code)}" for code, count in _most(row["reasons"])
    )


def with_reasons(counts: Mapping[str, Any]) -> dict[str, Any]:
    """An inventory as JSON holds it, each kind of image with its reasons in words beside codes."""
    return {**counts, "kinds": [{**row, "reason": reason(row)} for row in counts["kinds"]]}


def _why(reasons: Mapping[str, int]) -> str:
    """`` (1 inside an archive, 2 derived from another image)``, or "" where nothing is known."""
    told = [f"{count:,} {REASONS.get(code, code)}" for code, count in _most(reasons)]
    return f" ({'; '.join(told)})" if told else ""


def _most(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    return Counter(reasons).most_common()


def together(tallies: Iterable[tuple[str, Mapping[str, int]]], most: int | None = None) -> str:
    """``1 inside an archive (T1w); 3 could not be used (T1w, FLAIR)``: reasons of all kinds.

    >>> together([("T1w", {"archive": 1, "empty": 2}), ("FLAIR", {"empty": 1})], 1)
    '3 an empty file (T1w, FLAIR); 1 for other reasons'
    """
    count: Counter[str] = Counter()
    kinds: dict[str, list[str]] = {}
    for name, tally in tallies:
        count.update(tally)
        for code in tally:
            kinds.setdefault(code, []).append(name)
    found = count.most_common()
    told = [
        f"{images:,} {REASONS.get(code, code)} ({', '.join(kinds[code])})"
        for code, images in found[:most]
    ]
    rest = sum(images for _, images in found[most:]) if most is not None else 0
    return "; ".join((*told, *([f"{rest:,} for other reasons"] if rest else [])))


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
        if (found := _unused(counts, codes))
    ]
    if any(code in NOT_USED for kind in counts.unused.values() for code in kind):
        said.append("What they say of people (ages, sites, dates) is not known to this report.")
    return " ".join(said)


def _unused(counts: InventoryCounts, codes: tuple[str, ...]) -> list[str]:
    found = []
    for kind, by_code in counts.unused.items():
        own = {code: count for code, count in by_code.items() if code in codes}
        if own:
            reasons = "; ".join(f"{count:,} {UNUSED[code]}" for code, count in sorted(own.items()))
            found.append(f"{counted(sum(own.values()), *UNUSED_NAMES[kind])} ({reasons})")
    return found


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
            "is in that run's report."
        )
    text = (
        f"{name}, {'searched in' if one.role == 'against' else 'compared with'}: "
        f"{counted(one.images, 'image')}, {one.looked_at:,} looked at, {one.failed:,} failed, "
        f"{one.left_out:,} left out"
    )
    rest = [
        f"{kind(row.suffix)}: {row.failed + row.left_out:,} of {row.images:,}{_why(row.reasons)}"
        for row in by_kind(one.kinds)
        if row.looked_at < row.images
    ]
    return f"{text}. Not looked at: {'; '.join(rest)}." if rest else f"{text}."
