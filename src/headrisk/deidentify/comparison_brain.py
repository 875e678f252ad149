"""Brain linkage before and after a de-identification; and the paired change of any attack.

Before: scans as they are, searched among the original scans of other sessions. After: the same
scans, de-identified, searched among the same originals. The attacker holds an untouched scan of
another session; treating the shared copy does not reach that one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.attacks.brain import compare_brains
from headrisk.brain.cohort import Cohort
from headrisk.dataset.people import number_people
from headrisk.errors import PluginError
from headrisk.findings.deidentified import STRONGEST, Attacker, Change, Effect, OwnScan
from headrisk.linkage.design import Design
from headrisk.run.engine import Workers
from headrisk.settings import Settings
from headrisk.statistics.change import (
    DeidentificationChange,
    PairedChange,
    deidentification_change,
    people_tested,
)
from headrisk.statistics.intervals import FEWEST_PEOPLE, share_of_people
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.statistics.strongest_change import strongest_change
from headrisk.types import BoolArray, Estimate, IntArray, PairScores, ScanResult

# ----------------------------------------------------------------------
# The paired change of one attack, with the operating points that the number of people allows.
# ----------------------------------------------------------------------

FALSE_ALARMS = (0.003, 0.01, 0.03, 0.1)  # FPIR budgets, the strictest that people allow is taken
GALLERIES = (2, 5, 10, 100, 1000, 10_000)  # people in the galleries of the linkability rows
REPETITIONS = 1000


def measure_change(
    modality: str,
    attacker: Attacker,
    before: PairScores,
    after: PairScores,
    rng: np.random.Generator,
) -> Effect:
    """Compare two score sets of the same people under one measure.

    The budget of false alarms is the smallest of :data:`FALSE_ALARMS` that the number of people
    tested both before and after can show, so it never depends on the result.
    """
    fpir = _budget(people_tested(before), people_tested(after))
    change = deidentification_change(
        before,
        after,
        rng,
        sizes=GALLERIES,
        fpir=FALSE_ALARMS[-1] if fpir is None else fpir,
        repetitions=REPETITIONS,
    )
    found = _found(before, before), _found(before, after)
    return _effect(modality, before.measure, attacker, change, fpir, found)


def strongest(
    modality: str,
    attacker: Attacker,
    before: Mapping[str, PairScores],
    after: Mapping[str, PairScores],
    rng: np.random.Generator,
) -> Effect:
    """Compare the strongest attack before with the strongest after, corrected for the choice."""
    sides = [[people_tested(one) for one in side.values()] for side in (before, after)]
    fpir = _budget(*(np.unique(np.concatenate(side)) for side in sides))
    found = strongest_change(
        before,
        after,
        rng,
        sizes=GALLERIES,
        fpir=FALSE_ALARMS[-1] if fpir is None else fpir,
        repetitions=REPETITIONS,
    )
    both = found.before_it, found.found
    return _effect(modality, STRONGEST, attacker, found.change, fpir, both)


def _budget(before: IntArray, after: IntArray) -> float | None:
    people = np.intersect1d(before, after).size
    return next((rate for rate in FALSE_ALARMS if people * rate >= 1 - 1e-9), None)


def _effect(
    modality: str,
    measure: str,
    attacker: Attacker,
    change: DeidentificationChange,
    fpir: float | None,
    found: tuple[Estimate | None, Estimate | None],
) -> Effect:
    return Effect(
        modality,
        measure,
        attacker,
        change.people,
        change.gallery,
        change.failed,
        change.failure_share,
        _change(change.rank1),
        {size: _known(one) for size, one in change.linkability.items()},
        _change(change.fnir),
        fpir if change.fnir is not None else None,
        *found,
        change.after_with_failures,
        1 / change.gallery if change.rank1 is not None else None,
        change.reason,
    )


def measure_changes(
    modality: str,
    before: Mapping[str, PairScores],
    sides: Mapping[Attacker, Mapping[str, PairScores]],
    rng: np.random.Generator,
) -> tuple[Effect, ...]:
    """Change of every measure's rates by attacker, the headline first.

    Where there are several measures, the strongest attack before and after stands before them all.
    A measure without scores afterwards could not search for anybody any more.
    """
    first = next(iter(before.values()))
    effects: list[Effect] = []
    for attacker, after in sides.items():
        draws = rng.spawn(len(before) + 1)
        if len(before) > 1:
            left = {name: after[name] for name in before if name in after}
            left = left or {first.measure: nobody(first)}
            effects.append(strongest(modality, attacker, before, left, draws[-1]))
        effects += [
            measure_change(modality, attacker, one, after.get(name) or nobody(one), draw)
            for (name, one), draw in zip(before.items(), draws[:-1], strict=True)
        ]
    return tuple(effects)


def changes_but_of(
    modality: str,
    failed: Collection[str],
    before: Mapping[str, PairScores],
    sides: Mapping[Attacker, Mapping[str, PairScores]],
    rng: np.random.Generator,
) -> tuple[Effect, ...]:
    """:func:`measure_changes` without plug-ins that failed, and an effect that names each of them.

    ``failed`` holds measures, or recognisers, whose measures begin with their name. What failed on
    one side is compared on neither: no scores afterwards would read as people who are no longer
    found.
    """
    everywhere = set(before).intersection(*sides.values())

    def counts(name: str) -> bool:
        own = any(name == one or name.startswith(f"{one}-") for one in failed)
        return name in everywhere or not own

    before = {name: one for name, one in before.items() if counts(name)}
    after = {
        attacker: {name: one for name, one in side.items() if counts(name)}
        for attacker, side in sides.items()
    }
    effects = measure_changes(modality, before, after, rng) if before else ()
    return (
        *effects,
        *(Effect(modality, name, "naive", 0, 0, 0, reason="measure failed") for name in failed),
    )


def nobody(before: PairScores) -> PairScores:
    """Scores where nobody could be searched for any more, in the same gallery."""
    columns = before.gallery_person.size
    return PairScores(
        before.measure,
        np.zeros((0, columns)),
        np.zeros((0, columns), dtype=np.bool_),
        before.probe_person[:0],
        before.gallery_person,
    )


def _found(before: PairScores, scores: PairScores) -> Estimate | None:
    """Share of the people searched for before who are found here, failures as not found."""
    searched = people_tested(before)
    if before.nonmated.sum() == 0:  # a gallery of one person
        return None
    ranks = mate_ranks(scores)
    people, rates, _ = person_means(ranks.within(1), ranks.person)
    known = dict(zip(people.tolist(), rates.tolist(), strict=True))
    return share_of_people(np.array([known.get(int(person), 0.0) for person in searched]))


def _change(found: PairedChange | None) -> Change | None:
    return None if found is None else _known(found)


def _known(found: PairedChange) -> Change:
    return Change(
        found.before, found.after, found.difference, found.lost, found.gained, found.p_value
    )


# ----------------------------------------------------------------------
# Brain linkage before and after de-identification, on the same people.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Copies:
    """De-identified scans with their fingerprints, and each one's original scan by position."""

    cohort: Cohort
    of: tuple[int, ...]


def brain_effects(
    originals: Cohort,
    design: Design,
    copies: Copies,
    settings: Settings,
    rng: np.random.Generator,
    processes: Workers,
    failed: dict[str, PluginError],
) -> tuple[Effect, ...]:
    """Change of every measure's rates: what one measure no longer finds another may.

    Parameters
    ----------
    originals
        Every scan of the run, failed ones included.
    design
        Who is searched among whom, with positions in ``originals``.
    copies
        De-identified scans; positions refer to ``originals``.
    failed
        Receives the errors of plug-ins; an effect without rates says which measures these were.
    """
    row_of = {int(place): row for row, place in enumerate(design.probes)}
    rows = np.array([row_of[place] for place in copies.of], dtype=np.int64)
    columns = np.flatnonzero(_usable(originals)[design.gallery])
    allowed = design.usable[np.ix_(rows, columns)]
    person = design.probe_person[rows]
    gallery = [int(design.gallery[k]) for k in columns]
    sides = (
        _Side([originals.results[k] for k in copies.of], allowed, person),
        _Side(copies.cohort.results, allowed, person),
    )
    found = [originals.results[k] for k in gallery]
    before, after = (
        _scores(side, found, design.gallery_person[columns], settings, processes, failed)
        for side in sides
    )
    return changes_but_of("brain", failed, before, {"naive": after}, rng)


def own_scan(
    originals: Cohort,
    copies: Copies,
    settings: Settings,
    processes: Workers,
    failed: dict[str, PluginError],
) -> OwnScan:
    """How often a de-identified scan finds the scan it was made from, among one another's.

    The gallery holds the original scans of all copies, without other scans of the same
    person: only the very scan counts as found. The measure that finds most of them is told; the
    errors of plug-ins are put into ``failed``.
    """
    usable = _usable(originals)
    places = sorted({place for place in copies.of if usable[place]})
    person = number_people(scan.participant_id for scan in originals.scans)
    of = np.array(copies.of, dtype=np.int64)
    columns = np.array(places, dtype=np.int64)
    allowed = (of[:, None] == columns[None, :]) | (person[of][:, None] != person[columns][None, :])
    scores = _scores(
        _Side(copies.cohort.results, allowed, person[of]),
        [originals.results[k] for k in places],
        person[columns],
        settings,
        processes,
        failed,
    )
    if not scores:
        return OwnScan(settings.measures[0], None, len(places))
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
    failed: dict[str, PluginError],
) -> Mapping[str, PairScores]:
    """Scores under every measure; scans that could not be prepared are left out.

    The errors of plug-ins that fail are put into ``failed``.
    """
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
        failed,
    )


def _usable(cohort: Cohort) -> BoolArray:
    return np.array([result.status == "ok" for result in cohort.results], dtype=np.bool_)
