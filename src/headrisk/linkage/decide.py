"""Thresholds: from kernel densities, at a fixed false-match rate, or without any labels; and tested
on people whom they were not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import expit

from headrisk.linkage.density import crossing, kernels
from headrisk.linkage.pairs import PairSample, among_people, best_per_person, pair_sample
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

# ----------------------------------------------------------------------
# A threshold without labels, as an outsider would find it from the scores alone.
#
# Mated pairs are one in N of all pairs, too few for a mixture over all pairs: any misfit in the
# tail of the null swamps them. Each probe's two best gallery people carry the information. At most
# one gallery person is the probe's mate, so the second best is nearly always a stranger and shows
# where strangers' best scores lie, even if every probe has a mate.
#
# Model of a probe with best score t and second best s:
#
# - no mate found (probability 1 - rho): (t, s) are the two largest of many strangers' scores, with
#   the joint Gumbel density of the two largest order statistics (Coles 2001, section 3.5);
# - mate found (rho): t is normal, s is the largest of the strangers, Gumbel with the same location
#   and scale.
#
# The five parameters are fitted by expectation and maximisation. Strangers with heavy tails also
# have best scores far above the second best. So the mixture must explain the scores better than
# strangers alone with a Gumbel law, and better than strangers alone whose two largest follow the
# law of a heavy tail (Frechet, one parameter more). Which gallery scans belong to one pseudonym is
# taken as known, as it is in any release; who the probes are is not.
# ----------------------------------------------------------------------

FEWEST_PROBES = 8
FEWEST_GALLERY = 4
STARTS = (2.0, 4.0, 8.0)
MOST_STEPS = 100
SMALLEST_SEPARATION = 1.5
EVIDENCE = 10.0
GUMBEL_MEAN = float(np.euler_gamma)
GUMBEL_SD = float(np.pi / np.sqrt(6.0))


@dataclass(frozen=True)
class TopScoreMixture:
    """Two-component model of the probes' best scores.

    Attributes
    ----------
    found_share
        Estimated share of probes whose best gallery person is their mate (rho).
    location, scale
        Gumbel location and scale of the best score among strangers.
    mean, deviation
        Normal mean and standard deviation of a mate's score.
    evidence
        BIC of "no mates at all" minus BIC of the mixture, for the better of the two laws of
        strangers; above 10 the mixture is preferred.
    """

    found_share: float
    location: float
    scale: float
    mean: float
    deviation: float
    evidence: float

    @property
    def separation(self) -> float:
        """Distance of the two components' means in root mean variance (a d')."""
        spread = np.sqrt((self.deviation**2 + (GUMBEL_SD * self.scale) ** 2) / 2)
        return float((self.mean - self.location - GUMBEL_MEAN * self.scale) / spread)

    @property
    def convincing(self) -> bool:
        """Whether the best scores really fall into two groups."""
        return self.evidence > EVIDENCE and self.separation > SMALLEST_SEPARATION


def top_two(scores: PairScores) -> tuple[FloatArray, FloatArray]:
    """Best and second best gallery person of each probe that was compared with at least two."""
    best = best_per_person(scores)
    if best.values.shape[1] < 2:
        return np.zeros(0), np.zeros(0)
    two = np.partition(best.values, -2, axis=1)[:, -2:]
    two = two[np.isfinite(two).all(axis=1)]
    return two[:, 1], two[:, 0]


def fit_top_scores(scores: PairScores) -> TopScoreMixture | None:
    """Fit the mixture; None with fewer than 8 probes, 4 gallery people, or equal scores.

    Where a data set is compared with itself, two probes may share one best score; they then count
    as one.
    """
    first, second = top_two(scores)
    shape, told = scores.values.shape, 1.0
    if first.size and shape[0] == shape[1] and np.array_equal(scores.values, scores.values.T):
        told = np.unique(first).size / first.size
    return fit_best_scores(first, second, np.unique(scores.gallery_person).size, told)


def fit_best_scores(
    first: FloatArray, second: FloatArray, people: int, told: float = 1.0
) -> TopScoreMixture | None:
    """The same from each probe's best and second best score in a gallery of ``people``.

    ``told`` is the share of best scores that are no repetition of another.
    """
    if first.size < FEWEST_PROBES or people < FEWEST_GALLERY:
        return None
    unit = float(second.std())
    if unit <= 1e-9 * max(float(np.abs(first).max()), 1e-300):
        return None
    centre = float(np.median(second))
    scaled = ((first - centre) / unit, (second - centre) / unit)
    lonely = _no_mates(*scaled)
    fits = [_maximise(*scaled, k, lonely, told) for k in STARTS]
    best = max(fits, key=lambda fit: fit.evidence)
    return TopScoreMixture(
        best.found_share,
        best.location * unit + centre,
        best.scale * unit,
        best.mean * unit + centre,
        best.deviation * unit,
        best.evidence,
    )


def posterior_crossing(fit: TopScoreMixture, probes: int) -> float:
    """Best score at which "mate found" becomes the more probable explanation.

    The share of mates found is kept half a probe away from 0 and 1.
    """
    share = float(np.clip(fit.found_share, 0.5 / probes, 1 - 0.5 / probes))

    def advantage(t: float) -> float:
        z = (t - fit.location) / fit.scale
        null = -z - np.exp(-z) - np.log(fit.scale)
        mate = -0.5 * ((t - fit.mean) / fit.deviation) ** 2 - np.log(fit.deviation)
        odds = np.log(share) - np.log1p(-share) - 0.5 * np.log(2 * np.pi)
        return float(odds + mate - null)

    low = fit.location
    if advantage(low) > 0:
        return low
    if advantage(fit.mean) < 0:
        return fit.mean
    return float(brentq(advantage, low, fit.mean))


def _no_mates(first: FloatArray, second: FloatArray) -> dict[int, float]:
    """Log likelihood of strangers alone by number of parameters: without and with a heavy tail."""
    location, scale = _fit_null(first, second, np.zeros(first.size))
    light = float(_null_log_density(first, second, location, scale).sum())

    def loss(place: FloatArray) -> float:
        return -float(_heavy_log_density(first, second, *place).sum())

    start = np.array([location, np.log(scale), np.log(0.2)])
    found = minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-5, "maxiter": 800}
    )
    heavy = -float(found.fun)
    return {2: light, 3: heavy}


def _heavy_log_density(
    first: FloatArray, second: FloatArray, location: float, log_scale: float, log_shape: float
) -> FloatArray:
    """Joint density of the two largest of many scores with a heavy tail (Coles 2001, 3.5)."""
    shape = float(np.exp(np.clip(log_shape, -7.0, 0.7)))
    scale = float(np.exp(np.clip(log_scale, -20.0, 20.0)))
    upper, lower = (1 + shape * (x - location) / scale for x in (first, second))
    if lower.min() <= 0:
        return np.full(first.size, -1e6)
    power = 1 / shape + 1
    density = -(lower ** (-1 / shape)) - power * (np.log(upper) + np.log(lower)) - 2 * log_scale
    return np.asarray(density, dtype=np.float64)


def _maximise(
    first: FloatArray, second: FloatArray, start: float, lonely: Mapping[int, float], told: float
) -> TopScoreMixture:
    """Expectation and maximisation from "mates are ``start`` scales above the second best".

    ``lonely`` is the log likelihood of strangers alone by number of parameters.
    """
    probes = first.size
    mate = np.where(first > np.median(second) + start, 0.99, 0.01)
    before = -np.inf
    for _ in range(MOST_STEPS):
        share = float(np.clip(mate.mean(), 1e-6, 1 - 1e-6))
        location, scale = _fit_null(first, second, mate)
        weight = max(float(mate.sum()), 1e-9)
        mean = float(mate @ first) / weight
        deviation = max(float(np.sqrt(mate @ (first - mean) ** 2 / weight)), 0.25 * scale)
        no = np.log1p(-share) + _null_log_density(first, second, location, scale)
        yes = np.log(share) + _mate_log_density(first, second, location, scale, mean, deviation)
        mate = expit(yes - no)
        total = float(np.logaddexp(no, yes).sum())
        if total - before < 1e-7 * abs(total):
            break
        before = total
    step = float(np.log(probes))
    evidence = min(2 * told * (total - one) - (5 - k) * step for k, one in lonely.items())
    return TopScoreMixture(share, location, scale, mean, deviation, evidence)


def _null_log_density(
    first: FloatArray, second: FloatArray, location: float, scale: float
) -> FloatArray:
    upper, lower = (first - location) / scale, (second - location) / scale
    return np.asarray(-upper - lower - np.exp(-lower) - 2 * np.log(scale), dtype=np.float64)


def _mate_log_density(
    first: FloatArray,
    second: FloatArray,
    location: float,
    scale: float,
    mean: float,
    deviation: float,
) -> FloatArray:
    lower = (second - location) / scale
    stranger = -lower - np.exp(-lower) - np.log(scale)
    normal = -0.5 * ((first - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))
    return np.asarray(stranger + normal, dtype=np.float64)


def _fit_null(first: FloatArray, second: FloatArray, mate: FloatArray) -> tuple[float, float]:
    """Gumbel location and scale; for a given scale the best location has a closed form."""
    count = float(mate.size + (1 - mate).sum())
    linear = float(second.sum() + (1 - mate) @ first)
    lowest = float(second.min())

    def location(scale: float) -> float:
        return lowest + scale * float(
            np.log(count) - np.log(np.exp((lowest - second) / scale).sum())
        )

    def loss(log_scale: float) -> float:
        scale = float(np.exp(log_scale))
        return (linear - count * location(scale)) / scale + count * log_scale

    found = minimize_scalar(loss, bounds=(-6.0, 4.0), method="bounded", options={"xatol": 1e-5})
    scale = float(np.exp(found.x))
    return location(scale), scale


FALSE_MATCH_RATES = {"fmr_1e-2": 1e-2, "fmr_1e-3": 1e-3}


Why = Literal[
    "no mated pairs",
    "no non-mated pairs",
    "nothing to tell apart",  # pairs of one kind are missing, or all scores are equal
    "equal scores",
    "never higher",  # the mated density exceeds the other nowhere, at ``prior``
    "few pairs",  # ``needed`` non-mated pairs of people, where the data have ``have``
    "few probes",
    "one group",  # the probes' best scores do not fall into two
    "few people",
    "not tested",  # on a summary of very many pairs
]


@dataclass(frozen=True)
class NoThreshold:
    """Why there is no threshold, or no test of one; ``held_out``: on the people to fit it on."""

    why: Why
    needed: int = 0
    have: int | None = None
    prior: float = 0.0
    held_out: bool = False


@dataclass(frozen=True)
class Threshold:
    """A decision threshold, or None with the reason why the data give none."""

    value: float | None
    reason: NoThreshold | None = None


Rule = Callable[[PairScores], Threshold]


def threshold_rules(mated_prior: float = 0.5) -> Mapping[str, Rule]:
    """The rules of a run by name: kde, fmr_1e-2, fmr_1e-3, unsupervised."""
    rules: dict[str, Rule] = {"kde": partial(kde_threshold, prior=mated_prior)}
    for name, rate in FALSE_MATCH_RATES.items():
        rules[name] = partial(fixed_fmr_threshold, fmr=rate)
    rules["unsupervised"] = unsupervised_threshold
    return rules


def kde_threshold(scores: PairScores, *, prior: float = 0.5) -> Threshold:
    """Crossing of the mated and non-mated kernel densities at a stated prior.

    The decision rule of Sharma et al. (2026, arXiv 2602.10043). ``prior`` is the probability that
    a compared pair is mated.
    """
    sample = pair_sample(scores)
    if not sample.mated.size or not sample.nonmated.size:
        return Threshold(None, NoThreshold(_missing(sample)))
    weights = (sample.mated_weight, sample.nonmated_weight)
    pair = kernels(sample.mated, sample.nonmated, weights)
    if pair is None:
        return Threshold(None, NoThreshold("equal scores"))
    value = crossing(pair, prior)
    if value is None:
        return Threshold(None, NoThreshold("never higher", prior=prior))
    return Threshold(value)


def fixed_fmr_threshold(scores: PairScores, *, fmr: float) -> Threshold:
    """Lowest threshold that accepts at most a share ``fmr`` of the non-mated pairs.

    Every two people weigh the same, however many scans they have. The data support it only with at
    least 1/fmr distinct pairs of people.
    """
    sample = pair_sample(scores)
    needed, have = int(np.ceil(1.0 / fmr - 1e-9)), sample.person_pairs
    if have < needed:
        return Threshold(None, NoThreshold("few pairs", needed, have))
    order = np.argsort(-sample.nonmated, kind="stable")
    accepted = np.cumsum(sample.nonmated_weight[order])
    first = int(np.argmax(accepted > fmr * sample.nonmated.size + 1e-9))
    return Threshold(float(np.nextafter(sample.nonmated[order[first]], np.inf)))


def unsupervised_threshold(scores: PairScores) -> Threshold:
    """The threshold an outsider would set: no probe's identity is used (see ``mixture``)."""
    fit = fit_top_scores(scores)
    if fit is None:
        return Threshold(None, NoThreshold("few probes"))
    if not fit.convincing:
        return Threshold(None, NoThreshold("one group"))
    return Threshold(posterior_crossing(fit, top_two(scores)[0].size))


def _missing(sample: PairSample) -> Why:
    if not sample.mated.size:
        return "no mated pairs"
    return "no non-mated pairs"


# ----------------------------------------------------------------------
# Thresholds fitted on some people and tested on others.
# ----------------------------------------------------------------------

FEWEST_PEOPLE = 4


@dataclass(frozen=True)
class TestedThreshold:
    """A rule's threshold on all people, and its errors on people it was not fitted on.

    ``people`` are person numbers; the ``_person`` and ``_side`` arrays are indices into them.
    Each mated and non-mated test pair stands once, with whether the decision was wrong.
    ``reason`` says why nothing could be tested, else it is None. ``fitted`` holds the thresholds
    of the folds that tested.
    """

    threshold: Threshold
    people: IntArray
    mated_person: IntArray
    false_nonmatch: BoolArray
    probe_side: IntArray
    gallery_side: IntArray
    false_match: BoolArray
    folds: int
    reason: NoThreshold | None = None
    fitted: tuple[float, ...] = ()


def deal_folds(scores: PairScores, folds: int, rng: np.random.Generator) -> list[IntArray]:
    """Deal people to folds at random, those with mated pairs first so that they spread evenly.

    Every fold gets at least two people; fewer than four people give no folds.
    """
    sample = pair_sample(scores)
    with_mate = np.zeros(sample.people.size, dtype=np.bool_)
    with_mate[sample.mated_person] = True
    return deal(sample.people, with_mate, folds, rng)


def deal(
    people: IntArray, with_mate: BoolArray, folds: int, rng: np.random.Generator
) -> list[IntArray]:
    """Deal people, of whom some have mated pairs, to folds; see :func:`deal_folds`."""
    count = min(folds, people.size // 2)
    if people.size < FEWEST_PEOPLE or count < 2:
        return []
    order = rng.permutation(people.size)
    order = np.concatenate([order[with_mate[order]], order[~with_mate[order]]])
    return [np.sort(people[order[start::count]]) for start in range(count)]


def cross_validate(
    scores: PairScores, rules: Mapping[str, Rule], folds: int, rng: np.random.Generator
) -> dict[str, TestedThreshold]:
    """Fit every rule on the training people and count its errors among the test people.

    A pair is used for fitting where both its people are training people and for testing where
    both are test people. Pairs that straddle the two groups are left out, because one of their
    ends has been seen. Folds in which a rule finds no threshold test nothing.
    """
    dealt = deal_folds(scores, folds, rng)
    blocks = []
    for index, test in enumerate(dealt):
        training = np.concatenate([part for k, part in enumerate(dealt) if k != index])
        blocks.append((among_people(scores, training), among_people(scores, test)))
    return {name: _test(scores, rule, blocks) for name, rule in rules.items()}


def _test(
    scores: PairScores, rule: Rule, blocks: list[tuple[PairScores, PairScores]]
) -> TestedThreshold:
    people = np.unique(np.concatenate([scores.probe_person, scores.gallery_person]))
    mated, missed = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
    probe, gallery, false = [mated[0]], [mated[0]], [missed[0]]
    fits: list[float] = []
    reason = None if blocks else NoThreshold("few people")
    for training, test in blocks:
        fitted = rule(training)
        if fitted.value is None:
            reason = fitted.reason and replace(fitted.reason, held_out=True)
            continue
        fits.append(fitted.value)
        sample = pair_sample(test)
        place = np.searchsorted(people, sample.people)
        mated.append(place[sample.mated_person])
        missed.append(sample.mated < fitted.value)
        probe.append(place[sample.probe_side])
        gallery.append(place[sample.gallery_side])
        false.append(sample.nonmated >= fitted.value)
    return TestedThreshold(
        threshold=rule(scores),
        people=people.astype(np.int64),
        mated_person=np.concatenate(mated),
        false_nonmatch=np.concatenate(missed),
        probe_side=np.concatenate(probe),
        gallery_side=np.concatenate(gallery),
        false_match=np.concatenate(false),
        folds=len(fits),
        reason=None if fits else reason,
        fitted=tuple(fits),
    )
