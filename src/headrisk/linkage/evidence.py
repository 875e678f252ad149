"""How strongly a score speaks for one person: likelihood ratios from mated and non-mated scores.

Labels may be wrong here, that is what is being looked for. So both distributions are fitted by
medians and quantiles, which a few wrong labels hardly move, and where a data set has too few pairs
shipped values stand in.

- Non-mated scores are normal up to their 80th percentile and fall off exponentially above it. The
  exponential is the tail of every distribution in the Gumbel domain (Coles 2001, section 4.2) and
  heavier than the normal's: it does not make a moderate score a certainty.
- Mated scores follow Student's t with 4 degrees of freedom: disease, surgery, age and poor images
  lower a few mates much further than a normal allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from headrisk.types import MAD_TO_SD, FloatArray, IntArray

Kind = Literal["t1", "alike", "crossed"]

KNEE = 0.8  # quantile of non-mated scores where the exponential tail begins
FREEDOM = 4.0
FEWEST_LABEL_PAIRS = 20  # pairs of labels from which on non-mated scores are fitted to the data
FEWEST_MATED_LABELS = 20


@dataclass(frozen=True)
class Nonmated:
    """Scores of two persons: location, scale, where the tail begins and its mean excess."""

    location: float
    scale: float
    knee: float
    tail: float

    def log_density(self, scores: FloatArray) -> FloatArray:
        """Natural logarithm of the density."""
        body = stats.norm.logpdf(scores, self.location, self.scale)
        body -= stats.norm.logcdf((self.knee - self.location) / self.scale)
        above = np.log((1 - KNEE) / self.tail) - (scores - self.knee) / self.tail
        density: FloatArray = np.where(scores > self.knee, above, np.log(KNEE) + body)
        return density

    def chance_above(self, score: float) -> float:
        """Probability that one pair of two persons scores at least this much."""
        if score > self.knee:
            return float((1 - KNEE) * np.exp(-(score - self.knee) / self.tail))
        share = stats.norm.cdf((score - self.location) / self.scale)
        return float(1 - KNEE * share / stats.norm.cdf((self.knee - self.location) / self.scale))


@dataclass(frozen=True)
class Mated:
    """Scores of one person: location and scale of Student's t."""

    location: float
    scale: float

    def log_density(self, scores: FloatArray) -> FloatArray:
        """Natural logarithm of the density."""
        return np.asarray(stats.t.logpdf(scores, FREEDOM, self.location, self.scale))

    def chance_below(self, score: float) -> float:
        """Probability that one pair of one person scores at most this much."""
        return float(stats.t.cdf(score, FREEDOM, self.location, self.scale))


@dataclass(frozen=True)
class Evidence:
    """The two distributions of one kind of pair, and where each came from."""

    measure: str
    mated: Mated
    nonmated: Nonmated
    mated_source: str
    nonmated_source: str

    def log_ratio(self, scores: FloatArray) -> FloatArray:
        """Log likelihood ratio: positive where a score speaks for one person.

        Above the mated location it stays what it is there, as more than a typical mate is no less
        a mate; and below the non-mated location likewise.
        """
        inside = np.clip(scores, self.nonmated.location, self.mated.location)
        return self.mated.log_density(inside) - self.nonmated.log_density(inside)


_PEOPLE = "shipped values, measured at 4 mm on public scans of "
SHIPPED: Mapping[Kind, Evidence] = {
    # 312 scan pairs of 29 persons within three collections; 13 mated pairs of 13 persons, 11 of
    # them with brain tumours before and after treatment, 2 with multiple sclerosis.
    "t1": Evidence(
        "residual-correlation",
        Mated(0.69, 0.11),
        Nonmated(0.12, 0.040, 0.150, 0.029),
        f"{_PEOPLE}13 patients (11 with tumours, 2 with multiple sclerosis), each on two dates",
        f"{_PEOPLE}29 persons (11 with tumours, 6 with multiple sclerosis, 12 others)",
    ),
    # T2w with T2w and FLAIR with FLAIR: 69 and 7 scan pairs of 7 persons.
    "alike": Evidence(
        "self-similarity",
        Mated(0.85, 0.07),
        Nonmated(0.385, 0.040, 0.410, 0.020),
        f"{_PEOPLE}4 patients with multiple sclerosis",
        f"{_PEOPLE}7 patients with multiple sclerosis",
    ),
    # T1w, T2w and FLAIR with each other: 183 and 38 scan pairs of 7 persons.
    "crossed": Evidence(
        "self-similarity",
        Mated(0.53, 0.050),
        Nonmated(0.265, 0.025, 0.284, 0.016),
        f"{_PEOPLE}6 patients with multiple sclerosis",
        f"{_PEOPLE}7 patients with multiple sclerosis",
    ),
}


def fit_evidence(kind: Kind, scores: FloatArray, first: IntArray, second: IntArray) -> Evidence:
    """Distributions for one kind of pair.

    Parameters
    ----------
    scores
        (pairs,) of all compared pairs of this kind, each once.
    first, second
        (pairs,) numbers of the participant labels behind each pair.
    """
    found = SHIPPED[kind]
    same = first == second
    pairs = np.unique(np.sort(np.stack([first, second], 1)[~same], axis=1), axis=0)
    if len(pairs) >= FEWEST_LABEL_PAIRS:
        fitted = _fit_nonmated(scores[~same], found.nonmated)
        shift = fitted.location - SHIPPED[kind].nonmated.location
        source = f"{np.count_nonzero(~same)} pairs of scans with different labels in these data"
        moved = replace(found.mated, location=found.mated.location + shift)
        found = replace(found, nonmated=fitted, nonmated_source=source, mated=moved)
    labels = int(np.unique(first[same]).size)
    if labels >= FEWEST_MATED_LABELS:
        mated = scores[same]
        spread = max(_spread(mated), 0.5 * found.mated.scale)
        source = f"{mated.size} pairs of scans with one label ({labels} labels) in these data"
        centre = float(np.median(mated))
        found = replace(found, mated=Mated(centre, spread), mated_source=source)
    return found


def _fit_nonmated(scores: FloatArray, shipped: Nonmated) -> Nonmated:
    """Median, median deviation, 80th percentile and median excess over it, none too narrow."""
    scale = max(_spread(scores), 0.5 * shipped.scale)
    knee = float(np.quantile(scores, KNEE))
    excess = float(np.median(scores[scores > knee] - knee)) if np.any(scores > knee) else 0.0
    tail = max(excess / np.log(2), 0.5 * scale, 0.5 * shipped.tail)
    return Nonmated(float(np.median(scores)), scale, knee, tail)


def _spread(values: FloatArray) -> float:
    return MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))
