"""FPIR and FNIR against threshold and gallery size, with precision under a membership prior.

The thresholds are multiples of a round step, and between two of them lie the scores of no person or
of at least five, so that the curve tells nobody's score.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np

from headrisk.linkage.pairs import best_per_person
from headrisk.statistics.intervals import people_to_bound
from headrisk.statistics.openset import (
    OpenSetRates,
    fnir_at_fpir,
    largest_open_gallery,
    open_set_rates,
    precision_at_prior,
)
from headrisk.statistics.rates import mate_ranks
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

TARGET_FPIR = 0.003
BUDGETS = (TARGET_FPIR, 0.01, 0.03, 0.1, 0.3)
FEWEST_STEPS = 40
FEWEST_PEOPLE = 5


@dataclass(frozen=True)
class OpenPoint:
    """Rates of searches among ``size`` people at one threshold; see ``OpenSetRates``.

    ``precision`` is the share of returned names that are right under the membership prior.
    ``threshold`` is None where it was fitted to the data, and so is the score of a pair.
    """

    size: int
    threshold: float | None
    fpir: Estimate | None
    fnir: Estimate | None
    wrong: Estimate | None
    precision: float | None


@dataclass(frozen=True)
class OpenSet:
    """Searches for people who may be absent.

    ``target`` is at FPIR 0.003 and ``needed`` the people whom that takes; ``strictest`` is at the
    lowest of the usual budgets at which the data bound the threshold from both sides, ``budget``.
    Both are None where there are too few people. ``curve`` holds thresholds from strict to lax for
    the largest gallery, its half and its quarter.
    """

    prior: float
    people: int
    needed: int
    target: OpenPoint | None
    budget: float | None
    strictest: OpenPoint | None
    curve: tuple[OpenPoint, ...]


def open_set(scores: PairScores, prior: float) -> OpenSet:
    """Open-set rates of a measure under a membership prior.

    Parameters
    ----------
    prior
        Probability that a person searched for is in the gallery.

    Raises
    ------
    InputError
        The arrays' shapes disagree.
    """
    size = largest_open_gallery(scores)
    people = int(np.unique(scores.probe_person[scores.nonmated.any(axis=1)]).size)
    needed = people_to_bound(TARGET_FPIR)
    ranks = mate_ranks(scores)
    if size < 1 or not ranks.probe.size:
        return OpenSet(prior, people, needed, None, None, None, ())
    size = min(size, int(ranks.gallery.min()))
    told = [budget for budget in BUDGETS if people >= people_to_bound(budget)]
    found = {budget: fnir_at_fpir(scores, budget, size) for budget in told}
    tested = [budget for budget, rates in found.items() if rates is not None]
    points = {budget: _point(rates, prior) for budget, rates in found.items() if rates is not None}
    limits = _limits(scores)
    sizes = [part for part in dict.fromkeys((size, size // 2, size // 4)) if part >= 2]
    return OpenSet(
        prior=prior,
        people=people,
        needed=needed,
        target=points.get(TARGET_FPIR),
        budget=tested[0] if tested else None,
        strictest=points[tested[0]] if tested else None,
        curve=tuple(
            _point(rates, prior, rates.threshold)
            for part in sizes
            for rates in open_set_rates(scores, limits, part)
        ),
    )


def _point(rates: OpenSetRates, prior: float, threshold: float | None = None) -> OpenPoint:
    precision = precision_at_prior(rates, prior)
    return OpenPoint(rates.size, threshold, rates.fpir, rates.fnir, rates.wrong, precision)


def _limits(scores: PairScores) -> list[float]:
    """Round thresholds over the range where FPIR or FNIR changes, from the strictest to the laxest.

    The range runs from the lowest best score of a non-mate, or the lowest mate, to the highest of
    either. Between two neighbours lie the scores of no person or of at least five, of mates and of
    best non-mates alike, so that the curve does not tell the score of a few.
    """
    best = best_per_person(scores)
    stranger = best.comparable & (best.probe_person[:, None] != best.people[None, :])
    top = np.where(stranger, best.values, -np.inf).max(axis=1)
    seen = np.isfinite(top)
    rows, _ = np.nonzero(scores.mated)
    kinds = (
        (top[seen], best.probe_person[seen]),
        (scores.values[scores.mated], scores.probe_person[rows]),
    )
    where = np.concatenate([values for values, _ in kinds])
    low, high = float(where.min()), float(where.max())
    step = _round_step((high - low) / FEWEST_STEPS)
    first, last = floor(low / step), floor(high / step) + 1
    grid = [round(k * step, 12) for k in range(last, first - 1, -1)]
    kept = grid[:1]
    for limit in grid[1:]:
        if _hides(kinds, limit, kept[-1]):
            kept.append(limit)
    while len(kept) > 1 and not _hides(kinds, grid[-1], kept[-1]):
        kept.pop()
    return kept if kept[-1] == grid[-1] else [*kept, grid[-1]]


def _hides(kinds: tuple[tuple[FloatArray, IntArray], ...], low: float, high: float) -> bool:
    """Whether from ``low`` up to ``high`` lie scores of no person, or of at least five."""
    inside = [np.unique(who[(values >= low) & (values < high)]).size for values, who in kinds]
    return all(count == 0 or count >= FEWEST_PEOPLE for count in inside)


def _round_step(wanted: float) -> float:
    """The largest of 1, 2, 5, 10 ... times a power of ten that is at most ``wanted``."""
    if wanted <= 0:
        return 1.0
    power = 10.0 ** floor(log10(wanted))
    return max(k * power for k in (1.0, 2.0, 5.0) if k * power <= wanted * (1 + 1e-9))
