"""What an attack gains whose attacker also knows facts about the person sought.

Somebody who knows site, sex, and age within a year of a named person looks among people of whom
they are told too, and forgives a few errors: a fact that agrees counts by how rare it is to agree
by chance, one that does not counts against by how seldom facts are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.linkage.whole_sets import assigned
from headrisk.statistics.choice import evidence
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.statistics.joined import assigned_share, assignment_variance
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.statistics.summary import rank_rate
from headrisk.types import BoolArray, Estimate, FloatArray, PairScores

WRONG = 0.01  # share of facts that are wrong in either source
YEARS = 1.0
NAMES = ("site", "sex", "age")


def fact_evidence(
    probes: Sequence[Scan], gallery: Sequence[Scan], usable: BoolArray, between: float = 0.0
) -> tuple[FloatArray, tuple[str, ...]]:
    """Log likelihood ratio of every pair from facts alone, and which facts told people apart.

    A fact that is unknown on either side says nothing. ``between`` are the years that usually pass
    from one visit to another, by which ages differ.
    """
    total, told = np.zeros(usable.shape), []
    for name in NAMES:
        agrees, known = _agreement(name, probes, gallery, between)
        known &= usable
        if not known.any():
            continue
        chance = float(agrees[known].mean())
        if not 0 < chance < 1:
            continue
        told.append(name)
        yes, no = np.log((1 - WRONG) / chance), np.log(WRONG / (1 - chance))
        total += np.where(known, np.where(agrees, yes, no), 0.0)
    return total, tuple(told)


def _agreement(
    name: str, probes: Sequence[Scan], gallery: Sequence[Scan], between: float
) -> tuple[BoolArray, BoolArray]:
    """(probes, gallery) whether the fact agrees, and whether it is known of both."""
    if name == "age":
        gap = _age_gaps(probes, gallery)
        return np.abs(np.nan_to_num(gap, nan=np.inf) - between) <= YEARS, np.isfinite(gap)
    first, second = (
        np.array([getattr(s, name) for s in side], dtype=np.str_) for side in (probes, gallery)
    )
    known: BoolArray = (first != "")[:, None] & (second != "")[None, :]
    return first[:, None] == second[None, :], known


def _age_gaps(probes: Sequence[Scan], gallery: Sequence[Scan]) -> FloatArray:
    """(probes, gallery) years between two ages, in either direction; NaN where one is unknown."""
    first, second = (
        np.array([np.nan if s.age is None else s.age for s in side], dtype=np.float64)
        for side in (probes, gallery)
    )
    return np.asarray(np.abs(first[:, None] - second[None, :]))


def years_between(scores: PairScores, probes: Sequence[Scan], gallery: Sequence[Scan]) -> float:
    """How many years usually lie between two visits, as whoever holds two data sets knows."""
    gaps = _age_gaps(probes, gallery)[scores.mated]
    gaps = gaps[np.isfinite(gaps)]
    return float(np.median(gaps)) if gaps.size else 0.0


@dataclass(frozen=True)
class FactsAttacks:
    """Rank-1 rates: facts alone, the strongest attack with them, and the same one to one.

    ``facts`` are those that tell people apart: site, sex, age.
    """

    facts: tuple[str, ...]
    alone: Estimate
    together: Estimate
    one_to_one: Estimate | None


def facts_attacks(
    scores: PairScores | None,
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    rng: np.random.Generator,
) -> FactsAttacks | None:
    """Add what is known of the people to the scores of the strongest attack.

    None where no fact tells two people apart, or fewer than five people can be searched for.
    """
    if scores is None:
        return None
    known, facts = fact_evidence(
        probes, gallery, scores.usable, years_between(scores, probes, gallery)
    )
    if not facts:
        return None
    alone = rank_rate(mate_ranks(replace(scores, values=known)), 1)
    both = replace(scores, values=known + evidence(scores))
    together = rank_rate(mate_ranks(both), 1)
    if alone is None or together is None or together.n < FEWEST_PEOPLE:
        return None
    joined, one_to_one = assigned(both, rng), None
    if joined is not None:
        ranks = mate_ranks(joined)
        found = person_means(ranks.within(1), ranks.person)[1]
        one_to_one = assigned_share(found, assignment_variance(both, rng), ranks.probe.size)
    return FactsAttacks(facts, alone, together, one_to_one)
