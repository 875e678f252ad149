"""What a treatment changed: paired differences on the same people, before and after.

A positive difference means less risk after the treatment: fewer people linked, more missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from headrisk.errors import InputError
from headrisk.linkage.pairs import among_people, finite_scores
from headrisk.statistics.change_missed import fnir_change
from headrisk.statistics.intervals import clopper_pearson, share_of_people, with_failures
from headrisk.statistics.paired import PairedChange, paired_difference, sign_test
from headrisk.statistics.rates import first_among, mate_ranks, person_means
from headrisk.types import Estimate, IntArray, PairScores


@dataclass(frozen=True)
class TreatmentChange:
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


def treatment_change(
    before: PairScores,
    after: PairScores,
    rng: np.random.Generator,
    *,
    sizes: tuple[int, ...] = (),
    fpir: float = 0.003,
    repetitions: int = 1000,
) -> TreatmentChange:
    """Compare an attack before and after a treatment on the same people.

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
            "scores after the treatment",
            found=f"measure {after.measure}",
            expected=f"{before.measure}, as before the treatment",
        )
    before, after = finite_scores(before), finite_scores(after)
    tested, shared = _tested(before), np.intersect1d(_tested(before), _tested(after))
    failed = int(tested.size - shared.size)
    share = clopper_pearson(failed, int(tested.size))
    gallery = np.intersect1d(before.gallery_person, after.gallery_person)
    ours, theirs = _cut(before, shared, gallery), _cut(after, shared, gallery)
    most = min(_smallest_gallery(ours), _smallest_gallery(theirs))
    if shared.size < 2 or most < 2:
        bounds = with_failures(None, failed)
        return TreatmentChange(
            int(shared.size), most, failed, share, None, {}, None, bounds, "few people"
        )
    rates = {size: _at_size(ours, theirs, size) for size in (*sizes, most) if 1 < size <= most}
    rank1 = rates[most]
    return TreatmentChange(
        people=int(shared.size),
        gallery=most,
        failed=failed,
        failure_share=share,
        rank1=rank1,
        linkability={size: rates[size] for size in sizes if size in rates},
        fnir=fnir_change(ours, theirs, fpir, repetitions, rng),
        after_with_failures=with_failures(rank1.after, failed),
    )


def _tested(scores: PairScores) -> IntArray:
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
