"""People who should have been searched for, but could not be."""

from __future__ import annotations

from collections.abc import Sequence

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
