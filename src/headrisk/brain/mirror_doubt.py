"""Marking the scans of a run that may be mirrored as doubtful."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from headrisk.brain.cohort import Cohort
from headrisk.brain.mirror import (
    MirroredPair,
    all_mirrored,
    asymmetry,
    mirrored_pairs,
    odd_ones,
)
from headrisk.brain.prepare import T1_LIKE
from headrisk.dataset.people import number_people
from headrisk.types import ScanResult

ALL_ODD = (
    "The T1-weighted scans as a whole look mirrored: left and right may have been exchanged in "
    "this data set. Check the conversion before the data are used."
)
MOST_SCANS = 5000  # scans up to which every pair is compared in the mirror
UNPAIRED = "There are too many scans to look for mirrored ones by comparing every two of them."


@dataclass(frozen=True)
class MirrorCheck:
    """The cohort with doubtful scans marked, the pairs that told so, and what is to be said.

    Positions in ``pairs`` are those of all scans of the cohort.
    """

    cohort: Cohort
    pairs: tuple[MirroredPair, ...] = ()
    notes: tuple[str, ...] = ()


def check_mirrored(cohort: Cohort, resolution_mm: int) -> MirrorCheck:
    """Look for mirrored scans among the usable T1-weighted ones, and mark them as doubtful.

    Both scans of a pair are marked where it cannot be told which of the two is mirrored. Scans of
    other contrasts are left alone: nothing was measured on them.
    """
    chosen = [
        k
        for k, (scan, result) in enumerate(zip(cohort.scans, cohort.results, strict=True))
        if result.status == "ok" and result.vector is not None and scan.suffix in T1_LIKE
    ]
    if not chosen:
        return MirrorCheck(cohort)
    vectors = np.array([cohort.results[k].vector for k in chosen], np.float32)
    side = asymmetry(vectors, resolution_mm)
    people = number_people(cohort.scans[k].participant_id for k in chosen)
    notes = [ALL_ODD] if all_mirrored(side, people) else []
    pairs: tuple[MirroredPair, ...] = ()
    if len(chosen) <= MOST_SCANS:
        pairs = tuple(
            replace(
                pair,
                first=chosen[pair.first],
                second=chosen[pair.second],
                likely=None if pair.likely is None else chosen[pair.likely],
            )
            for pair in mirrored_pairs(vectors, resolution_mm)
        )
    else:
        notes.append(UNPAIRED)
    reasons = _reasons(cohort, pairs)
    odd = odd_ones(side, people)
    for k, value, told in zip(chosen, side.tolist(), odd.tolist(), strict=True):
        if told and k not in reasons:
            reasons[k].append(
                "may be mirrored: the asymmetry of its halves is the reverse of most people's "
                f"({value:.2f}, as about 1 of 100 scans have it)"
            )
    results = tuple(
        _doubt(result, reasons[k]) if k in reasons else result
        for k, result in enumerate(cohort.results)
    )
    return MirrorCheck(replace(cohort, results=results), pairs, tuple(notes))


def _reasons(cohort: Cohort, pairs: tuple[MirroredPair, ...]) -> dict[int, list[str]]:
    """What speaks against each scan of the pairs, by its position."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for pair in pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            likely = {None: "one of the two", one: "probably this one"}
            reasons[one].append(
                f"may be mirrored: its mirror image matches {cohort.scans[other].scan_id} "
                f"({pair.mirrored:.2f}) and it does not ({pair.score:.2f}); mirrored is "
                f"{likely.get(pair.likely, 'probably the other one')}"
            )
    return reasons


def _doubt(result: ScanResult, reasons: list[str]) -> ScanResult:
    said = "; ".join((result.reason, *reasons) if result.reason else reasons)
    return replace(result, verdict="doubtful", reason=said)
