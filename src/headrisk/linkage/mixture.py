"""A threshold without labels, as an outsider would find it from the scores alone.

Mated pairs are one in N of all pairs, too few for a mixture over all pairs: any misfit in the
tail of the null swamps them. Each probe's two best gallery people carry the information. At most
one gallery person is the probe's mate, so the second best is nearly always a stranger and shows
where strangers' best scores lie, even if every probe has a mate.

Model of a probe with best score t and second best s:

- no mate found (probability 1 - rho): (t, s) are the two largest of many strangers' scores, with
  the joint Gumbel density of the two largest order statistics (Coles 2001, section 3.5);
- mate found (rho): t is normal, s is the largest of the strangers, Gumbel with the same location
  and scale.

The five parameters are fitted by expectation and maximisation. Which gallery scans belong to one
pseudonym is taken as known, as it is in any release; who the probes are is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit

from headrisk.linkage.pairs import best_per_person
from headrisk.types import FloatArray, PairScores

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
        BIC of "no mates at all" minus BIC of the mixture; above 10 the mixture is preferred.
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
    """Fit the mixture; None with fewer than 8 probes, 4 gallery people, or equal scores."""
    return fit_best_scores(*top_two(scores), np.unique(scores.gallery_person).size)


def fit_best_scores(first: FloatArray, second: FloatArray, people: int) -> TopScoreMixture | None:
    """The same from each probe's best and second best score in a gallery of ``people``."""
    if first.size < FEWEST_PROBES or people < FEWEST_GALLERY:
        return None
    unit = float(second.std())
    if unit <= 1e-9 * max(float(np.abs(first).max()), 1e-300):
        return None
    centre = float(np.median(second))
    fits = [_maximise((first - centre) / unit, (second - centre) / unit, k) for k in STARTS]
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


def _maximise(first: FloatArray, second: FloatArray, start: float) -> TopScoreMixture:
    """Expectation and maximisation from "mates are ``start`` scales above the second best"."""
    probes = first.size
    nobody = np.zeros(probes)
    null = _null_log_density(first, second, *_fit_null(first, second, nobody))
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
    evidence = 2 * (total - float(null.sum())) - 3 * float(np.log(probes))
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
