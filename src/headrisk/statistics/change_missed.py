"""Change of the open-set miss rate, with thresholds fitted before and after separately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.linkage.pairs import best_per_person
from headrisk.statistics.bootstrap import normal_interval, person_weights
from headrisk.statistics.intervals import share_of_people, zero_event_bound
from headrisk.statistics.paired import PairedChange
from headrisk.statistics.rates import person_means
from headrisk.types import Estimate, FloatArray, IntArray, PairScores


def fnir_change(
    before: PairScores,
    after: PairScores,
    fpir: float,
    repetitions: int,
    rng: np.random.Generator,
) -> PairedChange | None:
    """FNIR at an FPIR before and after, thresholds fitted anew in each repetition.

    People are drawn as those who are searched for; the gallery stays. The difference is after
    minus before: positive where more people are missed.
    """
    ours, theirs = _searches(before), _searches(after)
    people = int(ours.person.max()) + 1
    if people < np.ceil(1.0 / fpir - 1e-9):
        return None
    weights = np.concatenate([np.ones((1, people)), person_weights(people, repetitions, rng)])
    both = [np.array([_rate(part, row, fpir) for row in weights]) for part in (ours, theirs)]
    gap = both[1] - both[0]
    old, new = (_per_person(part, fpir, people) for part in (ours, theirs))
    first, second = share_of_people(old), share_of_people(new)
    if first is None or second is None:
        return None
    return PairedChange(
        f"missed at a false alarm rate of {fpir:g}",
        _with_draws(first, both[0][1:]),
        _with_draws(second, both[1][1:]),
        _difference(float(gap[0]), gap[1:], people),
        int(np.count_nonzero(old < new - 1e-12)),
        int(np.count_nonzero(old > new + 1e-12)),
        None,
    )


@dataclass(frozen=True)
class _Searches:
    """For each probe: the mate's score, the best of all others, and the person's place."""

    mate: FloatArray
    rival: FloatArray
    person: IntArray


def _searches(scores: PairScores) -> _Searches:
    best = best_per_person(scores)
    own = best.probe_person[:, None] == best.people[None, :]
    mate = np.where(own, best.values, -np.inf).max(axis=1)
    rival = np.where(own, -np.inf, best.values).max(axis=1)
    place = np.unique(best.probe_person, return_inverse=True)[1]
    return _Searches(mate, rival, place.astype(np.int64))


def _misses(searches: _Searches, weights: FloatArray, fpir: float) -> FloatArray:
    """(probes,) whether each probe misses, at the lowest threshold within the budget."""
    share = weights[searches.person] / np.bincount(searches.person)[searches.person]
    candidates, index = np.unique(searches.rival, return_inverse=True)
    mass = np.bincount(index, weights=share, minlength=candidates.size)
    reached = np.cumsum(mass[::-1])[::-1] / share.sum()
    allowed = np.flatnonzero(reached <= fpir * (1.0 + 1e-12))
    limit = candidates[allowed[0]] if allowed.size else np.nextafter(candidates[-1], np.inf)
    ties = 0.5 * (searches.mate == searches.rival)
    found = np.where(searches.mate > searches.rival, 1.0, ties) * (searches.mate >= limit)
    return np.asarray(1.0 - found, dtype=np.float64)


def _rate(searches: _Searches, weights: FloatArray, fpir: float) -> float:
    share = weights[searches.person] / np.bincount(searches.person)[searches.person]
    return float(share @ _misses(searches, weights, fpir) / share.sum())


def _per_person(searches: _Searches, fpir: float, people: int) -> FloatArray:
    return person_means(_misses(searches, np.ones(people), fpir), searches.person)[1]


def _with_draws(exact: Estimate, draws: FloatArray) -> Estimate:
    """Widen the interval at a given threshold by the bootstrap that fits the threshold anew."""
    drawn = normal_interval(exact.value, draws, exact.n)
    low, high = min(exact.low, max(drawn.low, 0.0)), max(exact.high, min(drawn.high, 1.0))
    return Estimate(exact.value, low, high, exact.n, drawn.method)


def _difference(value: float, draws: FloatArray, people: int) -> Estimate:
    """Bootstrap interval, never narrower than what n people without a change can show."""
    drawn, least = normal_interval(value, draws, people), zero_event_bound(people)
    low = max(min(drawn.low, value - least), -1.0)
    return Estimate(value, low, min(max(drawn.high, value + least), 1.0), people, drawn.method)
