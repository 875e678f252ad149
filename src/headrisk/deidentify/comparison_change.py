"""The paired change of one attack, with the operating points that the number of people allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headrisk.findings.deidentified import STRONGEST, Attacker, Change, Effect
from headrisk.statistics.change import PairedChange, TreatmentChange, treatment_change
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.statistics.strongest_change import strongest_change
from headrisk.types import Estimate, IntArray, PairScores

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
    fpir = _budget(tested(before), tested(after))
    change = treatment_change(
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
    sides = [[tested(one) for one in side.values()] for side in (before, after)]
    fpir = _budget(*(np.unique(np.concatenate(side)) for side in sides))
    found = strongest_change(
        before,
        after,
        rng,
        sizes=GALLERIES,
        fpir=FALSE_ALARMS[-1] if fpir is None else fpir,
        repetitions=REPETITIONS,
    )
    both = found.untreated, found.found
    return _effect(modality, STRONGEST, attacker, found.change, fpir, both)


def _budget(before: IntArray, after: IntArray) -> float | None:
    people = np.intersect1d(before, after).size
    return next((rate for rate in FALSE_ALARMS if people * rate >= 1 - 1e-9), None)


def _effect(
    modality: str,
    measure: str,
    attacker: Attacker,
    change: TreatmentChange,
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


def tested(scores: PairScores) -> IntArray:
    """People with a mated pair."""
    return np.unique(scores.probe_person[scores.mated.any(axis=1)])


def _found(before: PairScores, scores: PairScores) -> Estimate | None:
    """Share of the people searched for before who are found here, failures as not found."""
    searched = tested(before)
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
