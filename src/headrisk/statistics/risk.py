"""Risk to people: linkability, singling out, unlinkability of the system, the most exposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headrisk.linkage.density import DensityCurves
from headrisk.linkage.label_check import LabelCheck
from headrisk.linkage.pairs import among_people, best_per_person
from headrisk.statistics.intervals import clopper_pearson, share_of_people, wilson
from headrisk.statistics.openset import search_variance
from headrisk.statistics.rates import (
    Ranks,
    first_among,
    mate_ranks,
    person_means,
    survival_of_draws,
)
from headrisk.types import Estimate, FloatArray, IntArray, PairScores


@dataclass(frozen=True)
class SinglingOut:
    """Singling out in a data set of ``size`` records by a predicate that fires on one in
    ``1 / weight`` strangers. ``baseline`` is what a predicate of that weight reaches without
    knowing the person: size * weight * (1 - weight)^(size - 1), 37 % at weight 1 / size.
    ``rate`` is None where the gallery has fewer ``others`` than are ``needed``."""

    size: int
    weight: float
    rate: Estimate | None
    baseline: float
    needed: int = 0
    others: int = 0


@dataclass(frozen=True)
class PersonRisk:
    """Probability for each person to be linked at rank 1, and summaries of it.

    ``people``, ``risk`` and ``margin`` are for the internal report only; ``people`` are person
    numbers, the most exposed first. ``margin`` is how far the mate stands above the best stranger,
    in standard deviations of the probe's scores with strangers, the mean over a person's probes;
    among people of equal risk the larger margin comes first. ``share_above`` is None where no
    level was chosen.
    """

    people: IntArray
    risk: FloatArray
    margin: FloatArray
    mean: Estimate | None
    highest: float
    level: float | None
    share_above: Estimate | None


def linkability(scores: PairScores, sizes: Iterable[int]) -> dict[int, Estimate | None]:
    """Share of people linked at rank 1 in a gallery of N people, for each N.

    Mean over people of C(n - 1 - m, N - 1) / C(n - 1, N - 1), m the non-mates that beat the mate
    in the full gallery of n. None for N beyond the gallery of any probe: that needs a forecast.
    """
    ranks = mate_ranks(scores)
    most = int(ranks.gallery.min()) if ranks.gallery.size else 0
    found: dict[int, Estimate | None] = {}
    for size in sizes:
        if not 1 <= size <= most:
            found[size] = None
            continue
        means = person_means(first_among(ranks, size), ranks.person)[1]
        found[size] = share_of_people(means, ranks.probe.size, search_variance(scores, size))
    return found


def singling_out(
    scores: PairScores,
    size: int,
    rng: np.random.Generator,
    *,
    weight: float | None = None,
    splits: int = 20,
) -> SinglingOut:
    """Rate at which a predicate about a person fires on exactly one record of ``size``.

    The predicate is "score with this person's probe at least t". Gallery people other than the
    target are split at random: t is set on one half so that the predicate fires on another
    stranger with a probability of at most ``weight`` (default 1 / size; t is the k-th highest of
    h held-out scores with k = weight (h + 1)); the records are the target and size - 1 drawn from
    the other half. The expectation over draws is exact, splits are averaged.
    Predicate singling out after Cohen and Nissim (2020).
    """
    weight = 1.0 / size if weight is None else weight
    baseline = size * weight * (1.0 - weight) ** (size - 1)
    best = best_per_person(scores)
    ranks = mate_ranks(scores)
    fewest = int(ranks.gallery.min()) - 1 if ranks.gallery.size else 0
    needed = 2 * max(int(np.ceil(1.0 / weight - 1e-9)), size - 1)
    if fewest < needed:
        return SinglingOut(size, weight, None, baseline, needed, max(fewest, 0))
    rate = np.zeros(ranks.probe.size)
    for place, probe in enumerate(ranks.probe):
        mate = best.people == best.probe_person[probe]
        others = best.values[probe, best.comparable[probe] & ~mate]
        target = float(best.values[probe, mate][0])
        rate[place] = np.mean(
            [_fires_once(target, rng.permutation(others), size, weight) for _ in range(splits)]
        )
    means = person_means(rate, ranks.person)[1]
    return SinglingOut(size, weight, share_of_people(means, ranks.probe.size), baseline)


def _fires_once(target: float, others: FloatArray, size: int, weight: float) -> float:
    half = others.size // 2
    held_out, records = others[:half], others[half:]
    allowed = max(int(np.floor(weight * (half + 1) + 1e-9)) - 1, 0)
    limit = np.sort(held_out)[half - 1 - allowed]
    firing = int(np.count_nonzero(records > limit))
    drawn, left = size - 1, records.size
    nobody = survival_of_draws(left, drawn)[firing]
    if target > limit:
        return float(nobody)
    if not firing or not drawn:
        return 0.0
    one = firing * drawn / left
    return float(one * survival_of_draws(left - 1, drawn - 1)[firing - 1])


def system_unlinkability(curves: DensityCurves, prior_ratio: float = 1.0) -> float:
    """D_sys, 0 (scores say nothing about linkage) to 1 (fully linkable).

    Gomez-Barrero et al. 2018 (IEEE TIFS 13(6), eq. 3 and 7): the mean over mated scores of
    2 LR w / (1 + LR w) - 1 where LR w > 1, else 0, with LR the likelihood ratio and w the ratio
    of prior probabilities mated : non-mated.
    """
    mated, nonmated = prior_ratio * curves.mated, curves.nonmated
    total = mated + nonmated
    linked = np.where(mated > nonmated, mated - nonmated, 0.0)
    local = np.divide(linked, total, out=np.zeros_like(total), where=total > 0)
    weight = float(np.trapezoid(curves.mated, curves.x))
    if weight <= 0:
        return 0.0
    return float(np.clip(np.trapezoid(local * curves.mated, curves.x) / weight, 0.0, 1.0))


def person_risk(
    scores: PairScores, *, size: int | None = None, level: float | None = None
) -> PersonRisk | None:
    """Each person's probability of being linked at rank 1 in a gallery of ``size`` people.

    Parameters
    ----------
    size
        Gallery size; the smallest gallery any probe met if None, and never more.
    level
        The share of people whose risk lies above this level is reported; none without it.

    Returns
    -------
    PersonRisk or None
        None where nobody has a mate.
    """
    ranks = mate_ranks(scores)
    if not ranks.probe.size:
        return None
    most = int(ranks.gallery.min())
    chosen = most if size is None else max(1, min(size, most))
    people, risk, _ = person_means(first_among(ranks, chosen), ranks.person)
    margin = person_means(_margins(scores, ranks), ranks.person)[1]
    order = np.lexsort((-margin, -risk))
    return PersonRisk(
        people=people[order],
        risk=risk[order],
        margin=margin[order],
        mean=share_of_people(risk, ranks.probe.size),
        highest=float(risk.max()),
        level=level,
        share_above=_share_above(risk, level),
    )


def _share_above(risk: FloatArray, level: float | None) -> Estimate | None:
    if level is None:
        return None
    return clopper_pearson(int(np.count_nonzero(risk > level)), risk.size)


def _margins(scores: PairScores, ranks: Ranks) -> FloatArray:
    """(probes with a mate,) mate minus best stranger, in the spread of that probe's strangers."""
    best = best_per_person(scores)
    values = best.values[ranks.probe]
    mate = best.people[None, :] == ranks.person[:, None]
    stranger = best.comparable[ranks.probe] & ~mate
    number = np.count_nonzero(stranger, axis=1)
    top = np.where(stranger, values, -np.inf).max(axis=1, initial=-np.inf)
    clean = np.where(stranger, values, 0.0)
    centre = clean.sum(axis=1) / np.maximum(number, 1)
    gap = np.where(stranger, clean - centre[:, None], 0.0)
    spread = np.sqrt((gap**2).sum(axis=1) / np.maximum(number - 1, 1))
    own = np.where(mate, values, -np.inf).max(axis=1, initial=-np.inf)
    usable = (number > 1) & (spread > 0)
    raw = np.where(usable, own - np.where(usable, top, 0.0), 0.0)
    return np.asarray(raw / np.where(usable, spread, 1.0), dtype=np.float64)


def without_people(scores: PairScores, people: IntArray) -> PairScores:
    """The scores as if ``people`` were in neither probes nor gallery."""
    everybody = np.concatenate([scores.probe_person, scores.gallery_person])
    return among_people(scores, np.setdiff1d(everybody, people))


def as_images_say(check: LabelCheck) -> Estimate | None:
    """Share of the people searched with whose best candidate stands clearly out, labels ignored."""
    return wilson(check.clear, check.people) if check.people else None


def highest_by_images(check: LabelCheck) -> float:
    """The largest rate that images and doubtful labels together leave possible.

    Where labels are in doubt because the images do not bear them out, nobody may have had a mate to
    be found, so that no rate can be excluded.
    """
    seen = as_images_say(check)
    return 1.0 if seen is None or check.code == "labels_unconfirmed" else seen.high
