"""What became of every image, counted over the whole data set: one basis for all that is said.

The inventory counts each image once. Attacks and the search for faces count the images that they
were given, which may be fewer (no archives) or more (several from one DICOM series); so what they
came to is read from the inventory wherever a folder was listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from headrisk.dataset.inventory import MOST_FACE_FIRST, InventoryCounts, KindRow
from headrisk.dataset.magic import MAY_SHOW
from headrisk.findings.attacks import facts_of
from headrisk.findings.coarse import Count, count_of, most
from headrisk.findings.records import TOGETHER, ModalitySection, PeopleRow, Report
from headrisk.statistics.intervals import counted_as_found
from headrisk.statistics.risk import highest_by_images

MAY_BE_LEFT = ("face", "part", "unclear", "failed")
"""Answers that leave it open whether a face is in an image, or say that one is."""
CLOCKS = ("AcquisitionTime", "ContentTime", "SeriesTime", "StudyTime", "acq_time")


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
        {name: total[name] for name in MOST_FACE_FIRST},
        {kind: {name: own[name] for name in MOST_FACE_FIRST} for kind, own in kinds.items()},
        listed.images - tried,
    )


def upper_end(section: ModalitySection) -> float | None:
    """The largest share of people found that these data cannot exclude; None without a rate.

    The upper end of the interval of the strongest attack (of every measure, of single searches and
    of assigning all people, where none was chosen), with everybody who could not be searched for
    counted as found, and as the images say where they contradict the labels of two data sets. What
    ``--fail-above`` and boards' lines are held against.
    """
    if not section.sufficient:
        return None
    speak = (section.strongest,) if section.strongest else section.measures
    rates = [rate for one in speak for rate in (one.rank1, one.one_to_one) if rate is not None]
    ends = [(rate.high, rate.n) for rate in rates]
    if section.labels is not None and section.labels.in_doubt:
        ends.append((highest_by_images(section.labels), max(rate.n for rate in rates)))
    return max(counted_as_found(high, n, section.counts.unsearched) for high, n in ends)


def all_faces_gone(report: Report) -> bool:
    """Whether every image of the data set was looked at and no face may be left in any."""
    left, listed = report.faces_left, report.inventory
    if left is None or not left.looked or not left.images or listed is None:
        return False
    missed = listed.failed + listed.left_out + listed.unread_folders
    beside = any(listed.other.get(kind) for kind in MAY_SHOW)
    return not missed and not beside and not face_may_be_left(report)


def face_may_be_left(report: Report) -> bool:
    """Whether a face, or a part of one, was found or may be in an image that was looked at."""
    left = report.faces_left
    if left is not None and left.looked:
        return any(most(left.counts.get(name, 0)) for name in MAY_BE_LEFT)
    return scan_faces(report) is not None


@dataclass(frozen=True)
class ScanFaces:
    """Scans of a search with photographs by what is left of their faces, as counts or ranges."""

    scans: Count
    face: Count
    part: Count
    unclear: Count
    failed: Count


def scan_faces(report: Report) -> ScanFaces | None:
    """What the search with photographs saw of faces in its scans; None without such a search."""
    for section in report.modalities:
        table = section.tables.get("presence")
        if section.name == "face" and table is not None:
            rows = {str(row[0]): row for row in table.rows}
            if f"{TOGETHER}face" in rows:
                seen = [
                    count_of(rows[name][2]) if (name := f"{TOGETHER}{key}") in rows else 0
                    for key in MAY_BE_LEFT
                ]
                return ScanFaces(count_of(rows[f"{TOGETHER}face"][1]), *seen)
    return None


def standing_out(report: Report) -> tuple[Count, Count] | None:
    """People whose details in tables at most three others share, and all in these; None: nobody."""
    for section in report.modalities:
        table = section.tables.get("people")
        people = {} if table is None else {str(row[0]): count_of(row[1]) for row in table.rows}
        small = people.get(PeopleRow.IN_SMALL, 0)
        if most(small):
            return small, people.get(PeopleRow.ALL, 0)
    return None


def dates_compared(section: ModalitySection) -> tuple[str, ...]:
    """Fields with dates by which headers were compared, where no finding in files is a date."""
    table, kinds = section.tables.get("fields"), section.tables.get("kinds")
    found = {str(row[0]) for row in kinds.rows} if kinds else set()
    if table is None or found & {"date", "birth-date", "acquisition-time"}:
        return ()
    names = (str(row[0]) for row in table.rows)
    return tuple(name for name in names if "Date" in name or name in CLOCKS)


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
            *(
                _added(getattr(row, name) for row in own)
                for name in ("reasons", "compared", "apart", "faces")
            ),
        )
        for suffix, own in found.items()
    ]
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
    ran = any(one.measures and facts_of(one.name).on_images for one in report.modalities)
    told = listed is not None and any(row.compared or row.apart for row in listed.kinds)
    return ran and told


def apart(counts: InventoryCounts) -> int:
    """How many images no attack compared."""
    return sum(sum(row.apart.values()) for row in counts.kinds)


def _added(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return dict(sorted(sum(map(Counter, tallies), Counter[str]()).items()))
