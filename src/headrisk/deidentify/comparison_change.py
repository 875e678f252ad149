"""The paired change of one attack, with the operating points that the number of people allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headrisk.findings.deidentified import Attacker, Change, Effect
from headrisk.statistics.change import PairedChange, treatment_change
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks, person_means
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
    people = np.intersect1d(tested(before), tested(after)).size
    fpir = next((rate for rate in FALSE_ALARMS if people * rate >= 1 - 1e-9), None)
    change = treatment_change(
        before,
        after,
        rng,
        sizes=GALLERIES,
        fpir=FALSE_ALARMS[-1] if fpir is None else fpir,
        repetitions=REPETITIONS,
    )
    return Effect(
        modality,
        before.measure,
        attacker,
        change.people,
        change.gallery,
        change.failed,
        change.failure_share,
        _change(change.rank1),
        {size: _known(one) for size, one in change.linkability.items()},
        _change(change.fnir),
        fpir if change.fnir is not None else None,
        _found(before, before),
        _found(before, after),
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

    A measure without scores afterwards could not search for anybody any more.
    """
    return tuple(
        measure_change(modality, attacker, one, after.get(name) or nobody(one), draw)
        for attacker, after in sides.items()
        for (name, one), draw in zip(before.items(), rng.spawn(len(before)), strict=True)
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
