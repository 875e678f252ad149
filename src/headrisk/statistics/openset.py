"""Open-set identification: the person searched for may not be in the gallery at all.

FPIR is the share of searches for absent people that return somebody; FNIR the share of searches
for present people that do not return their mate first and at or above the threshold
(ISO/IEC 19795-1, NIST FRVT part 2). An absent person is simulated by hiding the mate. Each person
counts once, as the mean over his or her probes.

:func:`open_set` draws both against threshold and gallery size, with precision under a membership
prior. Its thresholds are multiples of a round step, and between two of them lie the scores of no
person or of at least five, so that the curve tells nobody's score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from headrisk.linkage.pairs import best_per_person
from headrisk.statistics.intervals import (
    NORMAL_QUANTILE,
    clustered_share,
    degrees_of_freedom,
    jackknife_variance,
    like_the_strongest,
    lopsided,
    people_to_bound,
    students_quantile,
    wider_by,
)
from headrisk.statistics.rates import (
    Ranks,
    first_among,
    mate_ranks,
    person_means,
    survival_of_draws,
)
from headrisk.types import BoolArray, Estimate, FloatArray, IntArray, PairScores


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
    """Scores of each probe with other people: as a table, and sorted.

    ``weight`` gives every person searched for the same, shared among his or her probes.
    """

    probe: IntArray
    person: IntArray
    weight: FloatArray
    values: FloatArray
    stranger: BoolArray
    columns: IntArray
    others: tuple[FloatArray, ...]

    @property
    def counts(self) -> IntArray:
        """(probes,) strangers each probe was compared to."""
        return np.array([s.size for s in self.others], dtype=np.int64)

    @property
    def people(self) -> int:
        """Number of people searched for."""
        return int(np.unique(self.person).size)

    def reached(self, threshold: float) -> IntArray:
        """(probes,) non-mates at or above the threshold."""
        return np.array([s.size - np.searchsorted(s, threshold) for s in self.others], np.int64)


def _searches(scores: PairScores) -> _Searches:
    best = best_per_person(scores)
    stranger = best.comparable & (best.probe_person[:, None] != best.people[None, :])
    rows = np.flatnonzero(stranger.any(axis=1))
    others = tuple(np.sort(best.values[row, stranger[row]]) for row in rows)
    person = best.probe_person[rows]
    return _Searches(
        rows.astype(np.int64),
        person,
        _share(person),
        best.values[rows],
        stranger[rows],
        best.people,
        others,
    )


def _share(person: IntArray) -> FloatArray:
    """(probes,) one over the person's number of probes."""
    _, index, counts = np.unique(person, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[index], dtype=np.float64)


def largest_open_gallery(scores: PairScores) -> int:
    """Most people a simulated gallery can hold: the fewest non-mates any probe was compared to."""
    return min((s.size for s in _searches(scores).others), default=0)


def open_set_rates(
    scores: PairScores, thresholds: Sequence[float], size: int | None = None
) -> list[OpenSetRates]:
    """FPIR and FNIR at each threshold for random galleries of ``size`` people.

    Exact expectation over galleries drawn from the people at hand (hypergeometric). ``size`` is
    the largest possible if None; an empty list where the data do not reach it. Two searches share
    the people of the gallery, so intervals take their variance from leaving out one person at a
    time, as searched for and as found, less what single pairs bring to both (the jackknife's form
    of the dyadic variance of Aronow, Samii and Assenova 2015).
    """
    searches = _searches(scores)
    most = min((s.size for s in searches.others), default=0)
    size = most if size is None else size
    if not 1 <= size <= most:
        return []
    mates = _mates(scores)
    return [_rates_at(mates, searches, float(t), size) for t in thresholds]


@dataclass(frozen=True)
class _Mates:
    """Ranks of all mates, each one's score, and the place of its probe among the searches.

    ``ahead`` and ``level`` (probes, people) tell which strangers are above the mate and equal.
    """

    ranks: Ranks
    score: FloatArray
    weight: FloatArray
    search: IntArray
    stranger: BoolArray
    ahead: BoolArray
    level: BoolArray


def _mates(scores: PairScores) -> _Mates:
    ranks, best = mate_ranks(scores), best_per_person(scores)
    stranger = best.comparable & (best.probe_person[:, None] != best.people[None, :])
    searched = np.flatnonzero(stranger.any(axis=1))
    if not ranks.probe.size:
        none = np.zeros((0, best.people.size), dtype=np.bool_)
        return _Mates(ranks, np.zeros(0), np.zeros(0), ranks.probe, none, none, none)
    score = best.values[ranks.probe, np.searchsorted(best.people, ranks.person)]
    values, others = best.values[ranks.probe], stranger[ranks.probe]
    place = np.minimum(np.searchsorted(searched, ranks.probe), max(searched.size - 1, 0))
    return _Mates(
        ranks,
        score,
        _share(ranks.person),
        place.astype(np.int64),
        others,
        others & (values > score[:, None]),
        others & (values == score[:, None]),
    )


def _only(mates: _Mates, keep: BoolArray) -> _Mates:
    """Some of the probes; each person's weight is shared among those that are left."""
    ranks = mates.ranks.only(keep)
    return _Mates(
        ranks,
        mates.score[keep],
        _share(ranks.person),
        mates.search[keep],
        mates.stranger[keep],
        mates.ahead[keep],
        mates.level[keep],
    )


def _rates_at(
    mates: _Mates,
    searches: _Searches,
    threshold: float,
    size: int,
    *,
    fitted: float | None = None,
) -> OpenSetRates:
    """At a threshold that is given, or ``fitted`` to the data by that FPIR."""
    reached, hit = searches.reached(threshold), searches.stranger & (searches.values >= threshold)
    most = int(searches.counts.min())
    fewer = min(size, most - 1)
    alarm = _any_reached(reached, searches.counts, size)
    without = _without_one(
        searches.weight,
        searches.person,
        searches.columns,
        _any_reached(reached, searches.counts, fewer),
        searches.stranger,
        _any_reached(reached, searches.counts - 1, fewer),
        [(hit, _any_reached(np.maximum(reached - 1, 0), searches.counts - 1, fewer))],
    )
    disjoint = max(most // size, 1)
    fpir = clustered_share(
        person_means(alarm, searches.person)[1],
        _variance(without, students_quantile(searches.people - 1)),
        alarm.size * disjoint,
        exact=fitted is not None,
        apart=searches.people // 2,
    )
    mates = _only(mates, mates.ranks.gallery >= size)
    if not mates.ranks.probe.size:
        return OpenSetRates(threshold, size, fpir, None, None)
    found, wrong = _outcomes(mates, threshold, size, reached, searches.counts)
    missed = _left_out(mates, searches, threshold, size, hit, reached)
    people, probes = mates.ranks.person, mates.ranks.probe.size
    quantile = students_quantile(np.unique(people).size - 1)
    fnir, other = (
        clustered_share(
            person_means(outcome, people)[1], _variance(part, quantile), probes * disjoint
        )
        for outcome, part in zip((1.0 - found, wrong), missed, strict=True)
    )
    if fitted is not None and fpir is not None:
        bounded = searches.people * disjoint >= people_to_bound(fitted)
        moved = _at_limits(mates, searches, size, fpir, bounded=bounded)
        fnir, other = (
            None if one is None else wider_by(one, ends)
            for one, ends in zip((fnir, other), moved, strict=True)
        )
    return OpenSetRates(threshold, size, fpir, fnir, other)


def _outcomes(
    mates: _Mates, threshold: float, size: int, reached: IntArray, counts: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(probes,) probability that the mate is returned first, and that somebody else is."""
    first = first_among(mates.ranks, size)
    passed = mates.score >= threshold
    disturbed = _any_reached(reached[mates.search], counts[mates.search], size - 1)
    return (
        np.where(passed, first, 0.0),
        np.where(passed, 1.0 - first, np.where(size > 1, disturbed, 0.0)),
    )


def _left_out(
    mates: _Mates,
    searches: _Searches,
    threshold: float,
    size: int,
    hit: BoolArray,
    reached: IntArray,
) -> tuple[_Without, _Without]:
    """FNIR and the rate of wrong names as ``_without_one`` gives them."""
    ranks = mates.ranks
    fewer = max(min(size, int(ranks.gallery.min()) - 1), 1)
    passed, place = mates.score >= threshold, mates.search
    counts, over = searches.counts[place], reached[place]

    def missed(better: IntArray, tied: IntArray, gallery: IntArray) -> FloatArray:
        better = np.minimum(better, gallery - 1)  # where nobody of that kind is there to leave out
        tied = np.minimum(tied, gallery - 1 - better)
        shown = Ranks(ranks.probe, ranks.person, better, tied, gallery)
        return np.where(passed, 1.0 - first_among(shown, fewer), 1.0)

    def wrong(miss: FloatArray, above: IntArray, strangers: IntArray) -> FloatArray:
        return np.where(passed, miss, _any_reached(above, strangers, fewer - 1))

    less = np.maximum(ranks.gallery - 1, fewer)
    same = missed(ranks.better, ranks.tied, ranks.gallery)
    kept = missed(ranks.better, ranks.tied, less)
    ahead = missed(np.maximum(ranks.better - 1, 0), ranks.tied, less)
    level = missed(ranks.better, np.maximum(ranks.tied - 1, 0), less)
    groups = (mates.weight, ranks.person, searches.columns)
    miss = _without_one(
        *groups, same, mates.stranger, kept, [(mates.ahead, ahead), (mates.level, level)]
    )
    fell, one = np.maximum(counts - 1, 0), np.maximum(over - 1, 0)
    # Below the threshold only those who reach it count; above it, those who beat the mate.
    reachers = hit[place] & ~passed[:, None]
    up, even = mates.ahead & passed[:, None], mates.level & passed[:, None]
    false = _without_one(
        *groups,
        wrong(same, over, counts),
        mates.stranger,
        wrong(kept, over, fell),
        [(reachers, wrong(kept, one, fell)), (up, ahead), (even, level)],
    )
    return miss, false


@dataclass(frozen=True)
class _Without:
    """A mean over people searched for, with each person left out.

    ``whole`` (people,) in both roles, ``searched`` (people searched for,) as searched for alone,
    ``found`` (people,) as found alone. ``pairs`` is the sum of squares of what each pair of a
    search and a gallery person adds to the mean; leaving out either of its people counts it.
    """

    whole: FloatArray
    searched: FloatArray
    found: FloatArray
    pairs: float


def _without_one(
    weight: FloatArray,
    person: IntArray,
    columns: IntArray,
    same: FloatArray,
    stranger: BoolArray,
    kept: FloatArray,
    changed: Sequence[tuple[BoolArray, FloatArray]],
) -> _Without:
    """A mean over people searched for, with each person left out.

    Parameters
    ----------
    weight, person
        (probes,) share in the person's mean, and who that is.
    columns
        (gallery people,) their numbers.
    same, kept
        (probes,) outcome where the one left out was not in the gallery, and where he or she was.
    stranger
        (probes, gallery people) who was.
    changed
        Those in the gallery whose absence gives another outcome than ``kept``, and that outcome.
    """
    searched = np.unique(person)
    everybody = np.union1d(searched, columns)
    all_told = float(weight @ same)
    moved = (weight * (kept - same)) @ stranger
    pairs = float((weight * (kept - same)) ** 2 @ stranger.sum(axis=1))
    for mask, outcome in changed:
        moved = moved + (weight * (outcome - kept)) @ mask
        square = (weight * (outcome - same)) ** 2 - (weight * (kept - same)) ** 2
        pairs += float(square @ mask.sum(axis=1))
    found, own = np.full(everybody.size, all_told), np.zeros(everybody.size)
    np.add.at(found, np.searchsorted(everybody, columns), moved)
    np.add.at(own, np.searchsorted(everybody, person), weight * same)
    number = searched.size - np.isin(everybody, searched)
    counted = number > 0
    alone = (all_told - own[number < searched.size]) / max(searched.size - 1, 1)
    return _Without(
        np.asarray((found - own)[counted] / number[counted], dtype=np.float64),
        np.asarray(alone, dtype=np.float64),
        found / searched.size,
        pairs / searched.size**2,
    )


def _variance(without: _Without, quantile: float) -> float:
    """Variance of a mean over searches that share the people of the gallery.

    The jackknife's, less the pairs counted twice, at least half of it. The part that single
    searches would have on their own is known as well as that of any share of people, and intervals
    of shares allow for it. What goes beyond is what gallery people do to many searches at once: it
    rests on as many people as matter (Student's quantile of those degrees, over ``quantile``, which
    the interval uses), one more like the most influential is allowed for, and that the sample may
    hold too few of those who matter.
    """
    both = jackknife_variance(without.whole)
    people = without.searched.size
    alone = jackknife_variance(without.searched) * (people - 1) / max(people, 1)
    shared = max(both - without.pairs, both / 2) - alone
    if shared <= 0:
        return alone
    deviations = without.found - without.found.mean()
    freedom = degrees_of_freedom(deviations, without.found.size - 1)
    wider = (1.0 + like_the_strongest(deviations)) * (1.0 + lopsided(deviations)) ** 2
    return alone + shared * wider * (students_quantile(freedom) / quantile) ** 2


def _at_limits(
    mates: _Mates, searches: _Searches, size: int, fpir: Estimate, *, bounded: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """FNIR, and the share of wrong names, at the thresholds that the limits of FPIR stand for.

    Where people are too few for the threshold to be ``bounded`` from above, all may be missed.
    """
    rates = []
    for limit in (fpir.high, fpir.low):
        threshold = _lowest(searches, limit, size)
        reached = searches.reached(threshold)
        found, wrong = _outcomes(mates, threshold, size, reached, searches.counts)
        rates.append(
            [float(person_means(one, mates.ranks.person)[1].mean()) for one in (1.0 - found, wrong)]
        )
    (missed, other), (most_missed, fewest_other) = rates
    if not bounded:
        most_missed, fewest_other = 1.0, 0.0
    return (missed, most_missed), (other, fewest_other)


def search_variance(scores: PairScores, size: int | None = None) -> float:
    """Variance of the rank-1 rate, knowing that searches share the people of the gallery.

    By leaving out one person at a time, as searched for and as found (``open_set_rates``, without
    a threshold), in random galleries of ``size`` people, the largest if None. 0 where the galleries
    are too small to leave anybody out. For intervals that use the normal quantile.
    """
    searches, mates = _searches(scores), _mates(scores)
    most = int(mates.ranks.gallery.min()) if mates.ranks.probe.size else 0
    size = most if size is None else size
    if most < 3 or size < 2:
        return 0.0
    missed, _ = _left_out(
        mates, searches, -np.inf, size, searches.stranger, searches.counts
    )  # every stranger reaches no threshold
    return _variance(missed, NORMAL_QUANTILE)


def _any_reached(reached: IntArray, counts: IntArray, drawn: int) -> FloatArray:
    """(probes,) probability that one of ``drawn`` of ``counts`` non-mates reaches the threshold."""
    result = np.zeros(reached.size)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        if count > 0:
            survive = survival_of_draws(int(count), min(drawn, int(count)))
            result[rows] = 1.0 - survive[np.minimum(reached[rows], count)]
    return result


def _lowest(searches: _Searches, fpir: float, size: int) -> float:
    """The lowest threshold whose FPIR is at most ``fpir``."""
    candidates = np.unique(np.concatenate(searches.others))
    candidates = np.append(candidates, np.nextafter(candidates[-1], np.inf))
    low, high = 0, candidates.size - 1
    while low < high:
        middle = (low + high) // 2
        reached = searches.reached(float(candidates[middle]))
        alarm = _any_reached(reached, searches.counts, size)
        if person_means(alarm, searches.person)[1].mean() <= fpir:
            high = middle
        else:
            low = middle + 1
    return float(candidates[high])


def fnir_at_fpir(
    scores: PairScores, fpir: float = 0.003, size: int | None = None
) -> OpenSetRates | None:
    """Rates at the lowest threshold whose FPIR is at most ``fpir``.

    None where fewer than 1/fpir people can be searched for as absent, because the data then
    cannot show such a rate. The interval of FNIR allows for the threshold having been fitted, and
    that of FPIR is exact: the threshold is itself one of the scores. With fewer people than bound
    the threshold from above (:func:`headrisk.statistics.intervals.people_to_bound`) FNIR has no
    upper limit below 1.
    """
    searches = _searches(scores)
    most = min((s.size for s in searches.others), default=0)
    size = most if size is None else size
    if searches.people < np.ceil(1.0 / fpir - 1e-9) or not 1 <= size <= most:
        return None
    threshold = _lowest(searches, fpir, size)
    return _rates_at(_mates(scores), searches, threshold, size, fitted=fpir)


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
