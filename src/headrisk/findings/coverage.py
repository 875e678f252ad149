"""What became of every image, counted over the whole data set: one basis for all that is said.

The inventory counts each image once. Attacks and the search for faces count the images that they
were given, which may be fewer (no archives) or more (several from one DICOM series); so what they
came to is read from the inventory wherever a folder was listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.records import Report

FACE_ANSWERS = ("face", "part", "unclear", "failed", "outside", "gone")
IMAGE_ATTACKS = ("brain", "face", "face-scans")


@dataclass(frozen=True)
class FaceCounts:
    """Images by what was found of a face; ``failed`` holds those that were not looked at too.

    ``kinds`` are the same for each suffix, "" where the kind is not known. ``unseen`` are the
    images in ``failed`` that nothing tried to look at.
    """

    images: int
    counts: Mapping[str, int]
    kinds: Mapping[str, Mapping[str, int]]
    unseen: int = 0


def face_counts(report: Report) -> FaceCounts | None:
    """Where a face is left, over all images of the data set; None where that was not asked."""
    left, listed = report.faces_left, report.inventory
    if left is None or not left.looked:
        return None
    if listed is None or not any(row.faces for row in listed.kinds):
        return FaceCounts(left.images, left.counts, left.by_suffix)
    kinds: dict[str, Counter[str]] = {}
    for row in listed.kinds:
        kinds.setdefault(row.suffix, Counter()).update(row.faces)
        kinds[row.suffix]["failed"] += row.images - sum(row.faces.values())
    total = sum(kinds.values(), Counter[str]())
    tried = sum(sum(row.faces.values()) for row in listed.kinds)
    return FaceCounts(
        listed.images,
        {name: total[name] for name in FACE_ANSWERS},
        {kind: {name: own[name] for name in FACE_ANSWERS} for kind, own in kinds.items()},
        listed.images - tried,
    )


def by_kind(rows: Iterable[KindRow]) -> tuple[KindRow, ...]:
    """One row for each suffix, whatever the datatype; the most frequent first."""
    found: dict[str, list[KindRow]] = {}
    for row in rows:
        found.setdefault(row.suffix, []).append(row)
    merged = [
        KindRow(
            own[0].datatype,
            suffix,
            sum(row.images for row in own),
            sum(row.looked_at for row in own),
            sum(row.failed for row in own),
            sum(row.left_out for row in own),
            *(_added(getattr(row, name) for row in own)
              for name in ("reasons", "compared", "apart", "faces")),
        )
        for suffix, own in found.items()
    ]  # fmt: skip
    return tuple(sorted(merged, key=lambda row: (-row.images, row.suffix)))


def told(report: Report) -> tuple[KindRow, ...]:
    """Rows of the inventory by suffix, with causes as closely as the report knows them.

    An image that every check failed on is ``unusable``. Where each image without an answer about
    its face is one that could not be read, it is ``damaged``.
    """
    if report.inventory is None:
        return ()
    rows, left = by_kind(report.inventory.kinds), report.faces_left
    failed = left.counts.get("failed", 0) if left is not None and left.looked else 0
    unread = left.codes.get("unreadable", 0) if left is not None else 0
    asked = all(row.reasons.get("unusable", 0) <= row.faces.get("failed", 0) for row in rows)
    if not failed or failed != unread or not asked:
        return rows
    return tuple(
        replace(row, reasons=_damaged(row.reasons), apart=_damaged(row.apart)) for row in rows
    )


def _damaged(why: Mapping[str, int]) -> dict[str, int]:
    return _added(({"damaged" if code == "unusable" else code: n} for code, n in why.items()))


def tried_images(report: Report) -> bool:
    """Whether an attack that compares images ran, and the inventory holds what it compared."""
    listed = report.inventory
    ran = any(one.measures and one.name in IMAGE_ATTACKS for one in report.modalities)
    told = listed is not None and any(row.compared or row.apart for row in listed.kinds)
    return ran and told


def apart(counts: InventoryCounts) -> int:
    """How many images no attack compared."""
    return sum(sum(row.apart.values()) for row in counts.kinds)


def _added(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return dict(sorted(sum(map(Counter, tallies), Counter[str]()).items()))
