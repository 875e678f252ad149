"""How a figure is made coarse before it leaves, so that no arithmetic gives back one person.

A rate over ``n`` people is a sum of one share for each, 0 to 1, divided by ``n``. The sum is
published as one of the bins (a, a + 3] in which three whole numbers lie. Where the bins begin moves
with ``n``: every bin of ``n`` people begins two places, modulo 3, after one of ``n - 1`` people.

**Two reports that differ by one person.** Let the sums lie in (a, a + 3] with the person and in
(b, b + 3] without. Since the person adds 0 to 1 and by the choice of bins, a - b is -1 or 2. Then
m = max(a, b) + 1 lies in the second bin, and m + x in the first, for *every* x from 0 to 1:
with a - b = -1, m = a + 2 = b + 1; with a - b = 2, m = a + 1 = b + 3. So the reports fit a person
who was found, one who was not, and all between. As m does not depend on x, the same holds for any
number of rates at once, such as a curve over ranks or thresholds: the others may have m everywhere,
and the person any curve at all.

**One report.** A bin never holds 0 or n alone (such ends join their neighbour), so it never says
that everybody was found, or nobody.

A report holds the upper end of the bin where more means more risk, else the lower one, so the
figure that leaves never understates the one measured.

**Intervals.** The interval of a bin is that of independent people. Errors of an assignment come in
chains and searches share their gallery, so that the interval measured may be wider: where an end of
it lies outside, the next multiple of five points, or of three people where these are more, beyond
that end is published.

Rounding of tables so that cells cannot be recovered is treated in Willenborg and de Waal (2001),
Elements of Statistical Disclosure Control; the moving bins are our own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil, copysign, floor, isfinite, log10

from headrisk.statistics.intervals import clopper_pearson, wilson, zero_event_bound
from headrisk.types import Estimate

SMALLEST_CELL = 5  # fewest people that a bar, a level or an extreme may stand for
FEWEST_FOR_EXTREMES = 10
GRAIN = 3  # whole numbers in a bin
FEW_EVENTS = 5  # as in statistics.intervals: below it intervals are exact
LADDER = (1.0, 2.0, 5.0, 10.0)
DIGITS = tuple(float(k) for k in range(1, 11))
TINY = 1e-9
NEXT_TO_NOTHING = 1e-300
STEP = 0.05  # at least, of an end that lies outside the interval of a bin

Count = int | str
"""A count, or in a public report its range in words, ``3 to 5``."""


def counts_of(total: float, people: int) -> tuple[int, int]:
    """Fewest and most people in the published bin that holds a sum over people.

    >>> counts_of(12, 12), counts_of(0, 12), counts_of(7, 10)
    ((9, 12), (0, 2), (5, 7))
    """
    whole = min(max(ceil(total - TINY), 0), people)
    first = whole - (whole - 2 * people) % GRAIN
    following = first + GRAIN
    if first == people:  # n alone joins the bin before
        first -= GRAIN
    if following == 1:  # and 0 alone the bin after
        following += GRAIN
    return max(first, 0) if first != 1 else 0, people if following >= people else following - 1


def coarse_share(rate: Estimate | None, *, up: bool = True, people: int = 0) -> Estimate | None:
    """A share of people as the end of its bin, with the interval of the whole bin.

    No narrower than the interval of the rate itself, which dependence between people may widen.

    Parameters
    ----------
    rate
        The measured share of ``rate.n`` people.
    up
        Whether more means more risk: the published value is then the bin's upper end.
    people
        Taken in place of ``rate.n``, for rates over pairs.
    """
    if rate is None or not isfinite(rate.value):
        return None
    n = people or rate.n
    if n <= 0:
        return None
    fewest, most = counts_of(rate.value * n, n)
    low, high = interval(fewest, n)[0], interval(most, n)[1]
    step = max(STEP, GRAIN / n)
    if rate.low < low:
        low = max(stepped(rate.low, step, up=False), 0.0)
    if rate.high > high:
        high = min(stepped(rate.high, step, up=True), 1.0)
    return Estimate(
        (most if up else fewest) / n,
        low,
        high,
        n,
        f"{'upper' if up else 'lower'} end of a bin of counts",
        fewest,
        most,
    )


def coarse_model(rate: Estimate, people: int) -> Estimate:
    """A share that is no count, such as a forecast: value and ends each put outward in bins."""
    return replace(
        rate,
        value=share_above(rate.value, people),
        low=share_below(rate.low, people),
        high=share_above(rate.high, people),
    )


def share_above(share: float, people: int) -> float:
    """The upper end of the bin of a share of so many people."""
    return counts_of(share * people, people)[1] / people if isfinite(share) else share


def share_below(share: float, people: int) -> float:
    """The lower end of the bin of a share of so many people."""
    return counts_of(share * people, people)[0] / people if isfinite(share) else share


def rung(value: float, *, up: bool, steps: tuple[float, ...] = LADDER) -> float:
    """The next number at or beyond ``value`` among 1, 2, 5, 10 ... times powers of ten.

    With ``steps=DIGITS`` the next of one significant digit. What is nearer to 0 than 1e-300, as the
    next number above a score of 0 is, lies between 0 and that.

    >>> rung(0.43, up=True), rung(0.43, up=False), rung(-0.03, up=False)
    (0.5, 0.2, -0.05)
    >>> rung(5e-324, up=True), rung(5e-324, up=False)
    (1e-300, 0.0)
    """
    if not value or not isfinite(value):
        return value
    away = up == (value > 0)
    size = abs(value)
    if size < NEXT_TO_NOTHING:
        return copysign(NEXT_TO_NOTHING, value) if away else 0.0
    power = 10.0 ** floor(log10(size) + TINY)
    scaled = size / power
    step = (
        min(s for s in steps if s >= scaled * (1 - TINY))
        if away
        else max(s for s in steps if s <= max(scaled, 1.0) * (1 + TINY))
    )
    return float(f"{step * power:.6g}") * (1.0 if value > 0 else -1.0)


def stepped(value: float, step: float, *, up: bool) -> float:
    """``value`` rounded to a multiple of ``step``."""
    places = value / step
    return step * (ceil(places - TINY) if up else floor(places + TINY))


def count_of(value: object) -> Count:
    """A cell of a table as a count; tables that were read back hold whole numbers as floats.

    >>> count_of(3.0), count_of("0 to 2"), count_of(None)
    (3, '0 to 2', 0)
    """
    if isinstance(value, float):
        return int(value)
    return value if isinstance(value, int | str) else 0


def most(count: Count) -> int:
    """The upper end of a count.

    >>> most(3), most("0 to 2"), most("withheld")
    (3, 2, 1)
    """
    if isinstance(count, int):
        return count
    numbers = re.findall(r"\d+", count)
    return int(numbers[-1]) if numbers else 1


def least(count: Count) -> int:
    """The lower end of a count; a withheld one may be zero."""
    numbers = re.findall(r"\d+", str(count))
    return int(numbers[0]) if numbers else 0


def added(one: Count, other: Count, of: int) -> Count:
    """Two counts of some of the same total together: a range where either is one.

    >>> added(2, 3, 9), added("1 to 3", "3 to 5", 6), added("9 to 12", 0, 12)
    (5, '4 to 6', '9 to 12')
    """
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    return f"{least(one) + least(other)} to {min(most(one) + most(other), of)}"


def ranged(count: int, of: int) -> str:
    """A count of so many as its bin in words, ``3 to 5``."""
    fewest, most = counts_of(count, of)
    return f"{fewest} to {most}"


def ranged_parts(counts: tuple[int, ...]) -> tuple[str, ...]:
    """The counts of kinds that add up to a known total, each as a range.

    The total is known, so ranges of single kinds could be solved against one another. Therefore
    the running sums are put in bins, and a kind's range is what two of them leave: whatever single
    counts lie between, the sums may be anything in their bins.

    >>> ranged_parts((12, 0, 0))
    ('9 to 12', '0 to 3', '0 to 3')
    """
    total = sum(counts)
    if not total:
        return tuple("0" for _ in counts)
    before, running, found = (0, 0), 0, []
    for place, count in enumerate(counts):
        running += count
        last = place == len(counts) - 1
        after = (total, total) if last else counts_of(running, total)
        found.append(f"{max(after[0] - before[1], 0)} to {after[1] - before[0]}")
        before = after
    return tuple(found)


def interval(count: int, people: int) -> tuple[float, float]:
    """The 95 % interval of so many of ``people``; exact where it is on few people."""
    if count in (0, people):
        bound = zero_event_bound(people)
        return (0.0, bound) if count == 0 else (1.0 - bound, 1.0)
    method = clopper_pearson if min(count, people - count) < FEW_EVENTS else wilson
    found = method(count, people)
    return (0.0, 1.0) if found is None else (found.low, found.high)
