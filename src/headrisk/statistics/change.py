"""What a de-identification changed: paired differences on the same people, before and after.

A positive difference means less risk after the de-identification: fewer people linked, more missed.
Thresholds of open-set rates are fitted before and after separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtr, stdtrit

from headrisk.errors import InputError
from headrisk.linkage.pairs import among_people, best_per_person, finite_scores
from headrisk.statistics.bootstrap import normal_interval, person_weights
from headrisk.statistics.intervals import (
    CONFIDENCE,
    clopper_pearson,
    share_of_people,
    with_failures,
    zero_event_bound,
)
from headrisk.statistics.rates import first_among, mate_ranks, person_means
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


@dataclass(frozen=True)
class PairedChange:
    """One rate before and after on the same people, and the difference before minus after.

    ``gained`` counts people whose own rate rose with the de-identification, ``lost`` those whose
    rate fell. ``p_value`` is the exact two-sided sign test on them, McNemar's exact test where
    every person is either linked or not; None for a rate whose threshold is fitted anew.
    """

    name: str
    before: Estimate
    after: Estimate
    difference: Estimate
    lost: int
    gained: int
    p_value: float | None


def paired_difference(per_person: FloatArray, extra: float = 0.0) -> Estimate:
    """Mean over people of a difference in -1 ... 1, with a 95 % interval.

    Two imaginary people, one changed each way, are added before the usual Student interval: the
    adjusted interval of Bonett and Price (2012) for paired proportions, which also holds where
    nobody changed. At least one person. ``extra`` is variance that the mean owes to something
    else, as the choice of an attack.
    """
    n = int(per_person.size)
    total = float(per_person.sum())
    square = float(per_person @ per_person) + 2.0
    centre = total / (n + 2)
    error = np.sqrt(max(square / (n + 2) - centre**2, 0.0) / (n + 2) + extra)
    half = float(stdtrit(n + 1, 0.5 + CONFIDENCE / 2) * error)
    value = total / n
    low, high = min(max(centre - half, -1.0), value), max(min(centre + half, 1.0), value)
    return Estimate(value, low, high, n, "Bonett and Price, on people")


def sign_test(lost: int, gained: int) -> float:
    """Exact two-sided p-value that changes go either way with equal chance (McNemar 1947)."""
    changed = lost + gained
    if changed == 0:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(min(lost, gained), changed, 0.5)))


@dataclass(frozen=True)
class DeidentificationChange:
    """Changes of all rates, over people with a mated pair both before and after.

    ``failed`` people could be searched for before but not after; they are in no rate.
    ``failure_share`` is their share of all people searched for before, and
    ``after_with_failures`` the rank-1 rate after if none and if all of them were linked.
    ``reason`` says why there are no rates.
    """

    people: int
    gallery: int
    failed: int
    failure_share: Estimate | None
    rank1: PairedChange | None
    linkability: dict[int, PairedChange]
    fnir: PairedChange | None
    after_with_failures: tuple[float, float] | None
    reason: Literal["", "few people"] = ""


def deidentification_change(
    before: PairScores,
    after: PairScores,
    rng: np.random.Generator,
    *,
    sizes: tuple[int, ...] = (),
    fpir: float = 0.003,
    repetitions: int = 1000,
) -> DeidentificationChange:
    """Compare an attack before and after a de-identification on the same people.

    Both score sets are cut to the people they share: probes of people with a mated pair in both,
    and gallery people found in both. Each person counts once, as the mean over his or her probes.

    Parameters
    ----------
    before, after
        Scores under one measure; people have the same numbers in both.
    rng
        Source of the bootstrap over people.
    sizes
        Gallery sizes for linkability; those that the shared people do not reach are left out.
    fpir
        Budget of false alarms for FNIR, with a threshold fitted before and after separately. None
        is given where fewer than 1 / fpir people are shared.

    Raises
    ------
    InputError
        The measures differ, shapes disagree, or a usable score is not a number.
    """
    if before.measure != after.measure:
        raise InputError(
            "scores after the de-identification",
            found=f"measure {after.measure}",
            expected=f"{before.measure}, as before the de-identification",
        )
    before, after = finite_scores(before), finite_scores(after)
    tested, shared = (
        people_tested(before),
        np.intersect1d(people_tested(before), people_tested(after)),
    )
    failed = int(tested.size - shared.size)
    share = clopper_pearson(failed, int(tested.size))
    gallery = np.intersect1d(before.gallery_person, after.gallery_person)
    ours, theirs = _cut(before, shared, gallery), _cut(after, shared, gallery)
    most = min(_smallest_gallery(ours), _smallest_gallery(theirs))
    if shared.size < 2 or most < 2:
        bounds = with_failures(None, failed)
        return DeidentificationChange(
            int(shared.size), most, failed, share, None, {}, None, bounds, "few people"
        )
    rates = {size: _at_size(ours, theirs, size) for size in (*sizes, most) if 1 < size <= most}
    rank1 = rates[most]
    return DeidentificationChange(
        people=int(shared.size),
        gallery=most,
        failed=failed,
        failure_share=share,
        rank1=rank1,
        linkability={size: rates[size] for size in sizes if size in rates},
        fnir=fnir_change(ours, theirs, fpir, repetitions, rng),
        after_with_failures=with_failures(rank1.after, failed),
    )


def people_tested(scores: PairScores) -> IntArray:
    """People with a mated pair."""
    return np.unique(scores.probe_person[scores.mated.any(axis=1)])


def _cut(scores: PairScores, probes: IntArray, gallery: IntArray) -> PairScores:
    """Only probes of ``probes`` with a mate, and gallery scans of ``gallery``."""
    part = among_people(scores, np.union1d(probes, gallery))
    rows = np.flatnonzero(np.isin(part.probe_person, probes) & part.mated.any(axis=1))
    columns = np.flatnonzero(np.isin(part.gallery_person, gallery))
    return PairScores(
        part.measure,
        part.values[np.ix_(rows, columns)],
        part.usable[np.ix_(rows, columns)],
        part.probe_person[rows],
        part.gallery_person[columns],
    )


def _smallest_gallery(scores: PairScores) -> int:
    ranks = mate_ranks(scores)
    return int(ranks.gallery.min()) if ranks.gallery.size else 0


def _at_size(before: PairScores, after: PairScores, size: int) -> PairedChange:
    """Linked at rank 1 in random galleries of ``size`` people, before and after."""
    first, second = mate_ranks(before), mate_ranks(after)
    old = person_means(first_among(first, size), first.person)[1]
    new = person_means(first_among(second, size), second.person)[1]
    before_rate, after_rate = share_of_people(old), share_of_people(new)
    if before_rate is None or after_rate is None:
        raise InputError("paired scores", found="no people", expected="people on both sides")
    gap = old - new
    lost, gained = int(np.count_nonzero(gap > 1e-12)), int(np.count_nonzero(gap < -1e-12))
    return PairedChange(
        f"linked at rank 1 of {size}",
        before_rate,
        after_rate,
        paired_difference(gap),
        lost,
        gained,
        sign_test(lost, gained),
    )
