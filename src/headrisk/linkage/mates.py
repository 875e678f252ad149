"""People who should have been searched for, but could not be."""

from __future__ import annotations

from collections.abc import Sequence

from headrisk.dataset.scans import Scan
from headrisk.linkage.design import Design


def searchable(scans: Sequence[Scan], design: Design) -> frozenset[str]:
    """Labels of the people who have, by label, a comparable scan on both sides of a design.

    With the design of all scans less that of the usable ones this gives the people whom failed
    scans kept out of the search.
    """
    same = design.probe_person[:, None] == design.gallery_person[None, :]
    found = (same & design.usable).any(axis=1)
    return frozenset(scans[k].participant_id for k in design.probes[found])
