"""Intervals on counts of people, and what a sample of a given size could have shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from headrisk.types import Estimate, FloatArray

CONFIDENCE = 0.95
NORMAL_QUANTILE = float(ndtri(0.5 + CONFIDENCE / 2))
FEW_ERRORS = 30
FEW_EVENTS = 5
TINY = 1e-9
FEWEST_PEOPLE = 5
FEWEST_DEGREES = 3.0  # of freedom, where people enough took part


@dataclass(frozen=True)
class SampleVerdict:
    """Whether a sample can carry a figure at all.

    ``smallest_risk`` is the smallest share of linkable people that the sample would have shown
    at least once in 95 of 100 samples; None without any person to test.
    """

    enough: bool
    people: int
    gallery: int
    smallest_risk: float | None


def wilson(
    successes: float, n: float, people: int | None = None, *, quantile: float | None = None
) -> Estimate | None:
    """Wilson score interval for a share of n people (Wilson 1927). None for n = 0.

    ``successes`` may be fractional, and n an effective number of people; ``people`` is then the
    number reported. ``quantile`` replaces the normal 97.5 % quantile.
    """
    if n <= 0:
        return None
    z = float(ndtri(0.5 + CONFIDENCE / 2)) if quantile is None else quantile
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(max(share * (1 - share), 0.0) / n + z * z / (4 * n * n))
    low = 0.0 if successes <= 0 else max(0.0, float(centre - half))
    high = 1.0 if successes >= n else min(1.0, float(centre + half))
    return Estimate(float(share), low, high, round(n) if people is None else people, "Wilson")


def clopper_pearson(successes: float, n: float) -> Estimate | None:
    """Exact binomial interval for a share of n people (Clopper and Pearson 1934).

    Both may be fractional, as an effective number of people is.
    """
    if n <= 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Estimate(successes / n, low, high, round(n), "Clopper-Pearson")


def zero_event_bound(n: int) -> float:
    """Upper one-sided 95 % bound on a rate when none of n people showed the event.

    1 - 0.05^(1/n), close to 3/n (the rule of three). 1 for n = 0.
    """
    return 1.0 if n <= 0 else float(-np.expm1(np.log1p(-CONFIDENCE) / n))


def share_of_people(
    per_person: FloatArray, probes: int | None = None, variance: float = 0.0
) -> Estimate | None:
    """Mean over people of a value in 0..1, each person counting once.

    Where every value is 0 or 1 this is the Wilson interval on people, and the exact one of Clopper
    and Pearson with fewer than five people on the rarer side, where Wilson's falls to 90 %
    coverage. Where people have several
    probes and fractional values, n is replaced by the effective number p (1 - p) / (s^2 / n) with
    s^2 the variance between people (Korn and Graubard 1998), at least n and at most ``probes``; as
    s^2 is an estimate, by Student's quantile of one degree less than people. Of one person alone
    nothing follows for others.
    ``variance`` is that of the mean where outcomes of different people depend on one another: the
    effective number falls as far as it is larger than that of independent people, to two at least.
    All 0 or all 1 gives the one-sided zero-event bound on people. None without people.
    """
    n = int(per_person.size)
    if n == 0:
        return None
    mean = float(np.clip(per_person.mean(), 0.0, 1.0))
    if per_person.min() == per_person.max() and mean in (0.0, 1.0):
        bound = zero_event_bound(n)
        low, high = (0.0, bound) if mean == 0.0 else (1.0 - bound, 1.0)
        return Estimate(mean, low, high, n, "rule of three on people")
    if n == 1:
        return Estimate(mean, 0.0, 1.0, n, "one person")
    alone = float(per_person.var(ddof=1)) / n
    most = float(max(probes or n, n))
    effective = mean * (1 - mean) / alone if alone > 0 else most
    effective *= (NORMAL_QUANTILE / students_quantile(n - 1)) ** 2
    effective = float(np.clip(effective, n, most))
    if variance * effective > mean * (1 - mean):
        effective = max(mean * (1 - mean) / variance, 2.0)
    hits = mean * effective
    rare = min(hits, effective - hits) < FEW_EVENTS - TINY  # five people are 5, not 4.9999
    estimate = clopper_pearson(hits, effective) if rare else wilson(hits, effective)
    if estimate is None:
        return None
    method = f"{estimate.method} on people"
    return replace(estimate, value=mean, n=n, method=method)


def jackknife_variance(without: FloatArray) -> float:
    """Variance of a figure from its values with each person left out (Tukey 1958)."""
    n = without.size
    return float((n - 1) / n * ((without - without.mean()) ** 2).sum()) if n > 1 else 0.0


def degrees_of_freedom(deviations: FloatArray, most: float) -> float:
    """Of a variance that is a sum of squares over people (Satterthwaite 1946).

    (Sum of squares) squared over the sum of fourth powers is the number of people that it rests
    on, one more than its degrees of freedom: few where few people are unlike the others, as hubs
    and goats are. At least 3, where ``most`` allows.

    From the variance of squares themselves there would be two to three times as many; they hold
    for normal deviations, but with heavy tails the fourth powers of a sample fall short, and
    intervals of AUC and EER with 40 people then cover 89 % (docs/calibration.md).
    """
    square = deviations**2
    fourth = float(square @ square)
    people = float(square.sum()) ** 2 / fourth if fourth > 0 else most + 1
    return float(np.clip(people - 1, min(FEWEST_DEGREES, most), most))


def like_the_strongest(deviations: FloatArray) -> float:
    """By what share one more person like the most influential one widens a variance.

    Of n people and one more, the one who matters most is the one not seen once in n + 1; where few
    people matter, as hubs do, a sample without one of them looks certain. Added is the largest
    square over the sum of all, beyond the 2 log(n) / n that the largest of n normal squares is.

    >>> like_the_strongest(np.array([1.0, -1.0, 2.0, -2.0]))
    0.0
    >>> round(like_the_strongest(np.array([9.0, *[0.1] * 99])), 2)
    0.9
    """
    square = deviations**2
    total = float(square.sum())
    if total <= 0:
        return 0.0
    return max(float(square.max()) / total - 2 * float(np.log(square.size)) / square.size, 0.0)


def lopsided(deviations: FloatArray) -> float:
    """By what share a skewed variance widens an interval.

    Where a few people bring much, as large hubs do, most samples hold too few of them: they give a
    figure to one side of the truth and, with it, too small a variance. Johnson's (1978, J Am Stat
    Assoc 73:536-544) correction of Student's interval moves an end by skewness (2 z^2 + 1) /
    (6 root n) standard errors; here both ends move outward, by what is beyond two standard errors
    of the skewness of normal deviations.

    >>> lopsided(np.array([1.0, -1.0, 2.0, -2.0]))
    0.0
    >>> round(lopsided(np.random.default_rng(0).gamma(0.2, size=500)), 2)
    0.16
    """
    n = deviations.size
    square = float(((deviations - deviations.mean()) ** 2).mean())
    if n < FEWEST_PEOPLE or square <= 0:
        return 0.0
    skewness = abs(float(((deviations - deviations.mean()) ** 3).mean())) / square**1.5
    beyond = max(skewness - 2 * float(np.sqrt(6 / n)), 0.0)
    z = NORMAL_QUANTILE
    return float(beyond * (2 * z**2 + 1) / (6 * np.sqrt(n)) / z)


def students_quantile(freedom: float) -> float:
    """97.5 % quantile of Student's distribution, of one degree of freedom at least."""
    return float(stdtrit(max(freedom, 1.0), 0.5 + CONFIDENCE / 2))


def clustered_share(
    per_person: FloatArray,
    variance: float,
    most: int,
    *,
    exact: bool = False,
    apart: int | None = None,
) -> Estimate | None:
    """Mean over people of a value in 0..1 whose variance is known otherwise than by people.

    As ``share_of_people``, but the effective number of people may fall below their number, where
    outcomes of different people depend on one another. At most ``most``, at least two. ``exact``
    asks for the exact interval at any rate. Student's quantile, of one degree less than people,
    makes up for the variance being an estimate. No event at all bounds the rate as none among
    ``apart`` independent people would, all of them if None.
    """
    n = int(per_person.size)
    if n == 0:
        return None
    mean = float(np.clip(per_person.mean(), 0.0, 1.0))
    if mean <= 1e-12 or mean >= 1 - 1e-12:
        bound, mean = zero_event_bound(n), round(mean)
        if mean == 0.0 and apart is not None:
            bound = zero_event_bound(apart)
        low, high = (0.0, bound) if mean == 0.0 else (1.0 - bound, 1.0)
        return Estimate(float(mean), low, high, n, "rule of three on people")
    effective = mean * (1 - mean) / variance if variance > 0 else float(n)
    effective = float(np.clip(effective, min(2.0, n), max(most, n)))
    quantile = students_quantile(n - 1)
    hits = mean * effective
    if exact or min(hits, effective - hits) < FEW_EVENTS - TINY:
        narrower = effective * (NORMAL_QUANTILE / quantile) ** 2
        estimate = clopper_pearson(mean * narrower, narrower)
    else:
        estimate = wilson(hits, effective, quantile=quantile)
    if estimate is None:
        return None
    method = f"{estimate.method}, jackknife over people"
    return replace(estimate, value=mean, n=n, method=method)


def wider_by(estimate: Estimate, elsewhere: tuple[float, float]) -> Estimate:
    """Add to an interval what a fitted threshold may have moved the figure, to either side apart.

    ``elsewhere`` are the figure at the two limits of the threshold (Woodruff 1952), in any order.
    Distances to the limits add up as squares (variance estimates recovery, Zou and Donner 2008):
    few false alarms leave a threshold that may be much too high and only a little too low, which
    one variance for both sides cannot say.
    """
    down = max(estimate.value - min(elsewhere), 0.0)
    up = max(max(elsewhere) - estimate.value, 0.0)
    low = estimate.value - float(np.hypot(estimate.value - estimate.low, down))
    high = estimate.value + float(np.hypot(estimate.high - estimate.value, up))
    return replace(estimate, low=max(low, 0.0), high=min(high, 1.0))


def mean_of_people(per_person: FloatArray) -> Estimate | None:
    """Mean over people of any figure, with Student's interval; None for fewer than two people."""
    n = int(per_person.size)
    if n < 2:
        return None
    mean = float(per_person.mean())
    error = float(per_person.std(ddof=1)) / float(np.sqrt(n))
    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * error
    return Estimate(mean, mean - half, mean + half, n, "Student, on people")


def people_to_bound(rate: float) -> int:
    """Fewest people whose highest value bounds from above the value that ``rate`` of all exceed.

    An interval of a quantile without any shape of the distribution ends at one of the values seen
    (David and Nagaraja 2003, Order Statistics, section 7.1). All of n lie below the quantile with
    probability (1 - rate)^n, which must be at most one half of 5 %.

    >>> [people_to_bound(rate) for rate in (0.3, 0.1, 0.03, 0.003)]
    [11, 36, 122, 1228]
    """
    if rate >= 1.0:
        return 1
    return int(np.ceil(np.log((1 - CONFIDENCE) / 2) / np.log1p(-rate) - TINY))


def few_errors(errors: float, trials: float) -> bool:
    """True where a rate rests on fewer than 30 events on its rarer side (rule of 30)."""
    return min(errors, trials - errors) < FEW_ERRORS


def with_failures(linked: Estimate | None, failed: int) -> tuple[float, float] | None:
    """A share of linked people if every failed person were not linked, and if all were.

    Failures to acquire are never silently safe: the two figures are the best and the worst case.
    None where nobody was tested or failed.
    """
    tested = 0 if linked is None else linked.n
    if tested + failed == 0:
        return None
    share = 0.0 if linked is None else linked.value
    return share * tested / (tested + failed), counted_as_found(share, tested, failed)


def counted_as_found(share: float, tested: int, failed: int) -> float:
    """A share of the people tested, with everybody who could not be tested counted as found.

    >>> counted_as_found(0.5, 10, 10)
    0.75
    """
    return (share * tested + failed) / (tested + failed)


def judge_sample(people: int, gallery: int) -> SampleVerdict:
    """Say whether the data can carry a figure.

    Parameters
    ----------
    people
        People with at least one mated pair.
    gallery
        Distinct people in the gallery.
    """
    enough = people >= FEWEST_PEOPLE and gallery >= FEWEST_PEOPLE
    return SampleVerdict(enough, people, gallery, zero_event_bound(people) if people else None)
