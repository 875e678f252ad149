"""What a method changed for the strongest attack, corrected for having chosen it.

The highest of many measures after a method looks high by luck alone, and beside its own rate
before it shows a change where there is none. So the attack is chosen on one half of the people and
counted in the other, before and after apart, as an attacker would choose
(:mod:`headrisk.statistics.choice`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.errors import InputError
from headrisk.linkage.pairs import among_people, finite_scores
from headrisk.statistics.change import (
    DeidentificationChange,
    PairedChange,
    fnir_change,
    paired_difference,
)
from headrisk.statistics.choice import CONTROL_SPLITS, Nested, Tried, nested_choice, try_all
from headrisk.statistics.intervals import (
    clopper_pearson,
    share_of_people,
    with_failures,
)
from headrisk.statistics.joined import deal, half_jackknife
from headrisk.statistics.openset import search_variance
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

EXCHANGES = 200
MOST = 0.5  # of the choices must find a person on one side only, for him or her to be counted


@dataclass(frozen=True)
class StrongestChange:
    """The change of the strongest attack, and what it finds of all who were searched for before.

    In ``before_it`` and ``found`` those who cannot be searched for any more count as not found.
    """

    change: DeidentificationChange
    before_it: Estimate | None
    found: Estimate | None


def strongest_change(
    before: Mapping[str, PairScores],
    after: Mapping[str, PairScores],
    rng: np.random.Generator,
    *,
    sizes: tuple[int, ...] = (),
    fpir: float = 0.003,
    repetitions: int = 1000,
    exchanges: int = EXCHANGES,
) -> StrongestChange:
    """Compare the strongest of several attacks before and after, on the same people.

    The control exchanges before and after for people drawn at random, for all attacks on a person
    at once, and chooses again: ``p_value`` is the share of exchanges, the true one counted in,
    whose difference is at least as large. A person counts as lost or gained who is found by more
    than half of the choices on one side only.

    Parameters
    ----------
    before, after
        By measure, at least one, with the same probes and gallery on either side; people have the
        same numbers on both.
    rng
        Source of the splits, the exchanges and the bootstrap.
    sizes, fpir, repetitions
        As for :func:`headrisk.statistics.change.deidentification_change`.
    exchanges
        Number of random exchanges.

    Raises
    ------
    InputError
        Shapes disagree or a usable score is not a number.
    """
    ties, splits, swaps, draws = rng.spawn(4)
    whole = [{name: finite_scores(one) for name, one in side.items()} for side in (before, after)]
    tested, still = (_searchable(side) for side in whole)
    every = [try_all(side, ties) for side in whole]
    before_it, found = (_found_of(one, tested, splits) for one in every)
    shared, gallery = np.intersect1d(tested, still), _gallery(whole)
    sides = [
        one if _is_whole(one, shared, gallery) else try_all(_among(side, shared, gallery), ties)
        for one, side in zip(every, whole, strict=True)
    ]
    people = np.intersect1d(sides[0].people, sides[1].people)
    most, failed = min(one.gallery for one in sides), int(tested.size - people.size)
    share = clopper_pearson(failed, int(tested.size))
    if people.size < 2 or most < 2:
        few = DeidentificationChange(
            int(people.size),
            most,
            failed,
            share,
            None,
            {},
            None,
            with_failures(None, failed),
            "few people",
        )
        return StrongestChange(few, before_it, found)
    apart = _left_out(sides, people, splits)
    rates = {
        size: _at_size(sides, people, size, apart, (splits, swaps), exchanges)
        for size in dict.fromkeys((*sizes, most))
        if 1 < size <= most
    }
    old, new = (
        among_people(_stand_in(one, people, None, splits)[1], np.union1d(people, gallery))
        for one in sides
    )
    change = DeidentificationChange(
        people=int(people.size),
        gallery=most,
        failed=failed,
        failure_share=share,
        rank1=rates[most],
        linkability={size: rates[size] for size in sizes if size in rates},
        fnir=fnir_change(_mated(old), _mated(new), fpir, repetitions, draws),
        after_with_failures=with_failures(rates[most].after, failed),
    )
    return StrongestChange(change, before_it, found)


def _searchable(scores: Mapping[str, PairScores]) -> IntArray:
    """People whom at least one measure can search for."""
    found = [one.probe_person[one.mated.any(axis=1)] for one in scores.values()]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _gallery(sides: Sequence[Mapping[str, PairScores]]) -> IntArray:
    """People whom every search may find, before and after."""
    first, *rest = (one.gallery_person for side in sides for one in side.values())
    common = np.unique(first)
    for other in rest:
        common = np.intersect1d(common, other)
    return common


def _is_whole(tried: Tried, people: IntArray, gallery: IntArray) -> bool:
    """Whether all who are searched for and found are these, so that nothing is left to cut."""
    first = tried.candidates[0].scores
    same = np.isin(first.probe_person, people).all(), np.isin(first.gallery_person, gallery).all()
    return all(same)


def _among(
    scores: Mapping[str, PairScores], people: IntArray, gallery: IntArray
) -> dict[str, PairScores]:
    """Scores of the probes of some people in a gallery of some; the same rows of every measure."""
    found = {}
    for name, one in scores.items():
        rows = np.flatnonzero(np.isin(one.probe_person, people))
        columns = np.flatnonzero(np.isin(one.gallery_person, gallery))
        block = np.ix_(rows, columns)
        found[name] = replace(
            one,
            values=one.values[block],
            usable=one.usable[block],
            probe_person=one.probe_person[rows],
            gallery_person=one.gallery_person[columns],
        )
    return found


def _mated(scores: PairScores) -> PairScores:
    """Only probes that have a mate."""
    rows = scores.mated.any(axis=1)
    return replace(
        scores,
        values=scores.values[rows],
        usable=scores.usable[rows],
        probe_person=scores.probe_person[rows],
    )


def _stand_in(
    tried: Tried, people: IntArray, size: int | None, rng: np.random.Generator
) -> tuple[Nested, PairScores]:
    """The choice among the attacks, and the scores that stand for it."""
    outcomes, places = tried.outcomes(people, size)
    nested = nested_choice(outcomes, rng, places)
    return nested, tried.scores(nested, people)


def _found_of(tried: Tried, tested: IntArray, rng: np.random.Generator) -> Estimate | None:
    """Share found of ``tested``; those whom no attack can search for are not found."""
    if tried.gallery < 2 and tried.people.size:
        return None
    found = np.zeros(tested.size)
    if not tried.people.size:
        return share_of_people(found)
    people = np.intersect1d(tried.people, tested)
    nested, scores = _stand_in(tried, people, None, rng)
    found[np.searchsorted(tested, people)] = nested.per_person
    without = tried.without(nested, people, deal(tried.everybody(), rng), rng)
    variance = max(search_variance(scores), half_jackknife(without))
    return share_of_people(found, None, variance * (people.size / tested.size) ** 2)


@dataclass(frozen=True)
class _Apart:
    """What leaving people out does: (groups,) the rate before and after."""

    before: FloatArray
    after: FloatArray

    def beyond_people(self, gap: FloatArray) -> float:
        """Variance of the difference beyond that between people."""
        own = float(gap.var(ddof=1)) / gap.size
        return max(half_jackknife(self.before - self.after) - own, 0.0)


def _left_out(sides: Sequence[Tried], people: IntArray, rng: np.random.Generator) -> _Apart:
    """The same people are left out before and after."""
    everybody = np.union1d(sides[0].everybody(), sides[1].everybody()).astype(np.int64)
    group = deal(everybody, rng)
    before, after = (
        one.without(_stand_in(one, people, None, rng)[0], people, group, rng) for one in sides
    )
    return _Apart(before, after)


def _at_size(
    sides: Sequence[Tried],
    people: IntArray,
    size: int,
    apart: _Apart,
    streams: tuple[np.random.Generator, np.random.Generator],
    exchanges: int,
) -> PairedChange:
    """Linked at rank 1 in random galleries of ``size`` people, by the strongest on either side."""
    splits, swaps = streams
    (old, before), (new, after) = (_stand_in(one, people, size, splits) for one in sides)
    first = sides[0].rate(old, before, size, half_jackknife(apart.before))
    second = sides[1].rate(new, after, size, half_jackknife(apart.after))
    if first is None or second is None:
        raise InputError("paired scores", found="no people", expected="people on both sides")
    gap = old.per_person - new.per_person
    tables = [one.outcomes(people, size) for one in sides]
    return PairedChange(
        f"linked at rank 1 of {size}",
        first,
        second,
        paired_difference(gap, apart.beyond_people(gap)),
        int(np.count_nonzero(gap > MOST)),
        int(np.count_nonzero(gap < -MOST)),
        _exchanged(float(gap.mean()), tables, swaps, exchanges),
    )


def _exchanged(
    difference: float,
    tables: Sequence[tuple[FloatArray, FloatArray]],
    rng: np.random.Generator,
    exchanges: int,
) -> float:
    """Two-sided p value of a difference against exchanges of before and after."""
    (before, stood), (after, stands) = tables
    if before.shape != after.shape:  # an attack that one side lacks finds nobody there
        height = max(before.shape[0], after.shape[0])
        before, stood, after, stands = (_filled(one, height) for one in (*tables[0], *tables[1]))
    reached = 0
    for _ in range(exchanges):
        swap = rng.random(before.shape[1]) < 0.5
        first = np.where(swap, after, before), rng, np.where(swap, stands, stood)
        second = np.where(swap, before, after), rng, np.where(swap, stood, stands)
        old, new = (nested_choice(*one, CONTROL_SPLITS).value for one in (first, second))
        reached += int(abs(old - new) >= abs(difference) - 1e-12)
    return (1 + reached) / (1 + exchanges)


def _filled(table: FloatArray, height: int) -> FloatArray:
    """Rows of not-a-number below, up to a height."""
    rest = np.full((height - table.shape[0], table.shape[1]), np.nan)
    return np.concatenate([table, rest])
