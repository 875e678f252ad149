"""Open-set identification: the person searched for may not be in the gallery at all.

FPIR is the share of searches for absent people that return somebody; FNIR the share of searches
for present people that do not return their mate first and at or above the threshold
(ISO/IEC 19795-1, NIST FRVT part 2). An absent person is simulated by hiding the mate. Each person
counts once, as the mean over his or her probes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.linkage.pairs import best_per_person
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import Ranks, mate_ranks, person_means
from headrisk.statistics.risk import first_among, survival_of_draws
from headrisk.types import Estimate, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class OpenSetRates:
    """Rates of searches in a gallery of ``size`` people at one threshold.

    ``wrong`` is the share of searches for present people that return somebody else first, at or
    above the threshold. FPIR rests on every person with non-mates, FNIR and ``wrong`` on people
    with a mate; None where there are none.
    """

    threshold: float
    size: int
    fpir: Estimate | None
    fnir: Estimate | None
    wrong: Estimate | None


@dataclass(frozen=True)
class _Searches:
    """Sorted non-mate scores of each probe, and the number of them."""

    probe: IntArray
    person: IntArray
    others: tuple[FloatArray, ...]

    def reached(self, thresholds: FloatArray) -> IntArray:
        """(probes,) non-mates at or above each probe's own threshold."""
        return np.array(
            [s.size - np.searchsorted(s, t) for s, t in zip(self.others, thresholds, strict=True)],
            dtype=np.int64,
        )


def _searches(scores: PairScores) -> _Searches:
    best = best_per_person(scores)
    stranger = best.comparable & (best.probe_person[:, None] != best.people[None, :])
    rows = np.flatnonzero(stranger.any(axis=1))
    others = tuple(np.sort(best.values[row, stranger[row]]) for row in rows)
    return _Searches(rows.astype(np.int64), best.probe_person[rows], others)


def largest_open_gallery(scores: PairScores) -> int:
    """Most people a simulated gallery can hold: the fewest non-mates any probe was compared to."""
    return min((s.size for s in _searches(scores).others), default=0)


def open_set_rates(
    scores: PairScores, thresholds: Sequence[float], size: int | None = None
) -> list[OpenSetRates]:
    """FPIR and FNIR at each threshold for random galleries of ``size`` people.

    Exact expectation over galleries drawn from the people at hand (hypergeometric). ``size`` is
    the largest possible if None; an empty list where the data do not reach it.
    """
    searches = _searches(scores)
    most = min((s.size for s in searches.others), default=0)
    size = most if size is None else size
    if not 1 <= size <= most:
        return []
    mates = _mates(scores)
    return [_rates_at(mates, searches, float(t), size) for t in thresholds]


def _mates(scores: PairScores) -> tuple[Ranks, FloatArray]:
    """Ranks of all mates, and each one's score."""
    ranks, best = mate_ranks(scores), best_per_person(scores)
    if not ranks.probe.size:
        return ranks, np.zeros(0)
    return ranks, best.values[ranks.probe, np.searchsorted(best.people, ranks.person)]


def _rates_at(
    mates: tuple[Ranks, FloatArray], searches: _Searches, threshold: float, size: int
) -> OpenSetRates:
    alarm = _any_reached(searches, np.full(len(searches.others), threshold), size)
    fpir = share_of_people(person_means(alarm, searches.person)[1], alarm.size)
    reached = mates[0].gallery >= size
    ranks, mate = mates[0].only(reached), mates[1][reached]
    if not ranks.probe.size:
        return OpenSetRates(threshold, size, fpir, None, None)
    first = first_among(ranks, size)
    place = np.searchsorted(searches.probe, ranks.probe)
    place = np.minimum(place, searches.probe.size - 1)
    disturbed = _any_reached(searches, np.full(len(searches.others), threshold), size - 1)[place]
    hit = np.where(mate >= threshold, first, 0.0)
    wrong = np.where(mate >= threshold, 1.0 - first, np.where(size > 1, disturbed, 0.0))
    person = ranks.person
    return OpenSetRates(
        threshold,
        size,
        fpir,
        share_of_people(person_means(1.0 - hit, person)[1], hit.size),
        share_of_people(person_means(wrong, person)[1], hit.size),
    )


def _any_reached(searches: _Searches, thresholds: FloatArray, drawn: int) -> FloatArray:
    """(probes,) probability that one of ``drawn`` non-mates reaches the threshold."""
    reached = searches.reached(thresholds)
    counts = np.array([s.size for s in searches.others], dtype=np.int64)
    result = np.zeros(reached.size)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        result[rows] = 1.0 - survival_of_draws(int(count), drawn)[reached[rows]]
    return result


def fnir_at_fpir(
    scores: PairScores, fpir: float = 0.003, size: int | None = None
) -> OpenSetRates | None:
    """Rates at the lowest threshold whose FPIR is at most ``fpir``.

    None where fewer than 1/fpir people can be searched for as absent, because the data then
    cannot show such a rate.
    """
    searches = _searches(scores)
    most = min((s.size for s in searches.others), default=0)
    size = most if size is None else size
    people = np.unique(searches.person).size
    if people < np.ceil(1.0 / fpir - 1e-9) or not 1 <= size <= most:
        return None
    candidates = np.unique(np.concatenate(searches.others))
    candidates = np.append(candidates, np.nextafter(candidates[-1], np.inf))
    low, high = 0, candidates.size - 1
    while low < high:
        middle = (low + high) // 2
        alarm = _any_reached(searches, np.full(len(searches.others), candidates[middle]), size)
        if person_means(alarm, searches.person)[1].mean() <= fpir:
            high = middle
        else:
            low = middle + 1
    return _rates_at(_mates(scores), searches, float(candidates[high]), size)


def precision_at_prior(rates: OpenSetRates, membership_prior: float) -> float | None:
    """Probability that a returned name is right, if the person is in the gallery with this prior.

    Where no false name was seen at all, the upper limit of FPIR stands in for it, so that the
    figure is a lower bound and not certainty. None where the rates are unknown or nothing is ever
    returned.
    """
    if rates.fpir is None or rates.fnir is None or rates.wrong is None:
        return None
    right = membership_prior * (1.0 - rates.fnir.value)
    wrong = membership_prior * rates.wrong.value
    if right + wrong + rates.fpir.value <= 0:
        return None
    alarm = rates.fpir.value if rates.fpir.value > 0 else rates.fpir.high
    return right / (right + wrong + (1.0 - membership_prior) * alarm)
