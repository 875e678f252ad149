"""Brain linkage before and after a treatment, on the same people.

Before: scans as they are, searched among the untreated scans of other sessions. After: the same
scans, treated, searched among the same untreated scans. The attacker holds an untouched scan of
another session; treating the shared copy does not reach that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.attacks.brain import compare_brains
from headrisk.brain.cohort import Cohort
from headrisk.dataset.people import number_people
from headrisk.deidentify.comparison_change import measure_changes
from headrisk.findings.deidentified import Effect, OwnScan
from headrisk.linkage.design import Design
from headrisk.run.engine import Workers
from headrisk.settings import Settings
from headrisk.statistics.intervals import FEWEST_PEOPLE, share_of_people
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.types import BoolArray, IntArray, PairScores, ScanResult


@dataclass(frozen=True)
class Treated:
    """Treated scans with their fingerprints, and each one's untreated scan by position."""

    cohort: Cohort
    of: tuple[int, ...]


def brain_effects(
    untreated: Cohort,
    design: Design,
    treated: Treated,
    settings: Settings,
    rng: np.random.Generator,
    processes: Workers,
) -> tuple[Effect, ...]:
    """Change of every measure's rates: what one measure no longer finds another may.

    Parameters
    ----------
    untreated
        Every scan of the run, failed ones included.
    design
        Who is searched among whom, with positions in ``untreated``.
    treated
        Treated scans; positions refer to ``untreated``.
    """
    row_of = {int(place): row for row, place in enumerate(design.probes)}
    rows = np.array([row_of[place] for place in treated.of], dtype=np.int64)
    columns = np.flatnonzero(_usable(untreated)[design.gallery])
    allowed = design.usable[np.ix_(rows, columns)]
    person = design.probe_person[rows]
    gallery = [int(design.gallery[k]) for k in columns]
    sides = (
        _Side([untreated.results[k] for k in treated.of], allowed, person),
        _Side(treated.cohort.results, allowed, person),
    )
    found = [untreated.results[k] for k in gallery]
    before, after = (
        _scores(side, found, design.gallery_person[columns], settings, processes) for side in sides
    )
    return measure_changes("brain", before, {"naive": after}, rng)


def own_scan(
    untreated: Cohort, treated: Treated, settings: Settings, processes: Workers
) -> OwnScan:
    """How often a treated scan finds the scan it was made from, among one another's.

    The gallery holds the untreated scans of all treated ones, without other scans of the same
    person: only the very scan counts as found. The measure that finds most of them is told.
    """
    usable = _usable(untreated)
    places = sorted({place for place in treated.of if usable[place]})
    person = number_people(scan.participant_id for scan in untreated.scans)
    of = np.array(treated.of, dtype=np.int64)
    columns = np.array(places, dtype=np.int64)
    allowed = (of[:, None] == columns[None, :]) | (person[of][:, None] != person[columns][None, :])
    scores = _scores(
        _Side(treated.cohort.results, allowed, person[of]),
        [untreated.results[k] for k in places],
        person[columns],
        settings,
        processes,
    )
    every = [_found_again(one) for one in scores.values()]
    return max(every, key=lambda one: one.found.value if one.found else -1.0)


def _found_again(scores: PairScores) -> OwnScan:
    ranks = mate_ranks(scores)
    people = np.unique(ranks.person).size
    size = int(ranks.gallery.max()) if ranks.gallery.size else 0
    if people < FEWEST_PEOPLE or size < 2:
        return OwnScan(scores.measure, None, size)
    found = share_of_people(person_means(ranks.within(1), ranks.person)[1])
    return OwnScan(scores.measure, found, size, float(np.mean(1 / ranks.gallery)))


@dataclass(frozen=True)
class _Side:
    """Scans searched for, which pairs of theirs say something, and whose they are."""

    results: Sequence[ScanResult]
    allowed: BoolArray
    person: IntArray


def _scores(
    side: _Side,
    gallery: Sequence[ScanResult],
    gallery_person: IntArray,
    settings: Settings,
    processes: Workers,
) -> Mapping[str, PairScores]:
    """Scores under every measure; scans that could not be prepared are left out."""
    rows = [k for k, result in enumerate(side.results) if result.status == "ok"]
    allowed, person = side.allowed[rows], side.person[rows]
    if not allowed.any():
        empty = np.zeros(allowed.shape)
        return {
            name: PairScores(name, empty, allowed, person, gallery_person)
            for name in settings.measures
        }
    return compare_brains(
        np.array([side.results[k].vector for k in rows], dtype=np.float32),
        np.array([result.vector for result in gallery], dtype=np.float32),
        (person, gallery_person),
        allowed,
        settings,
        processes,
    )


def _usable(cohort: Cohort) -> BoolArray:
    return np.array([result.status == "ok" for result in cohort.results], dtype=np.bool_)
