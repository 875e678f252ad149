"""People who should have been searched for, but could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.linkage.design import Design


def searchable(scans: Sequence[Scan], design: Design) -> frozenset[str]:
    """Labels of the people who have, by label, a comparable scan on both sides of a design.

    With the design of all scans less that of the usable ones this gives the people whom failed
    scans kept out of the search.
    """
    columns = np.argsort(design.gallery_person, kind="stable")
    people = design.gallery_person[columns]
    low, high = (np.searchsorted(people, design.probe_person, side) for side in ("left", "right"))
    row = np.repeat(np.arange(low.size), high - low)
    place = np.arange(row.size) - np.repeat(np.cumsum(high - low) - high, high - low)
    searched = row[design.may_compare(row, columns[place])]
    return frozenset(scans[k].participant_id for k in design.probes[np.unique(searched)])


@dataclass(frozen=True)
class PeopleCounts:
    """Who was searched for: the counts add up to ``people``.

    Attributes
    ----------
    people
        People with a scan among those that search.
    two_sessions
        Those of them who, by label, have a comparable scan to be found: another session, or a scan
        in the other data set.
    searched
        Those of them who were searched for.
    not_searched
        All others by why: ``one_session`` (nothing to be found by), ``copies`` (the scans are
        copies of one image), ``failed`` (the scans could not be used), ``no_scan`` (no image of
        the kinds that are compared).
    """

    people: int
    two_sessions: int
    searched: int
    not_searched: Mapping[str, int]


def with_absent(counts: PeopleCounts, absent: int) -> PeopleCounts:
    """The counts with people of whom there are images, but none that is compared."""
    if not absent:
        return counts
    return replace(
        counts,
        people=counts.people + absent,
        not_searched={**counts.not_searched, "no_scan": absent},
    )


def count_people(
    scans: Sequence[Scan], planned: Design, usable: Sequence[Scan], design: Design
) -> PeopleCounts:
    """Count who was searched for, and why others were not.

    Parameters
    ----------
    scans, planned
        Every scan, failed ones included, and the design that would compare them all.
    usable, design
        The scans that were compared, and how.
    """
    there = {scans[k].participant_id for k in planned.probes}
    unlike = replace(planned, content=np.full(len(scans), "", dtype=np.str_))
    labelled = searchable(scans, unlike)
    wanted = searchable(scans, planned)
    searched = searchable(usable, design)
    why = {
        "one_session": len(there - labelled),
        "copies": len(labelled - wanted - searched),
        "failed": len(wanted - searched),
    }
    return PeopleCounts(
        people=len(there),
        two_sessions=len(labelled),
        searched=len(searched),
        not_searched={code: count for code, count in why.items() if count},
    )
