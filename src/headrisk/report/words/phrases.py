"""Numbers in words: counts, lists, rates with their intervals, natural frequencies.

Natural frequencies follow Gigerenzer and Hoffrage (1995), Psychological Review 102:684-704:
people judge "7 of 10" more accurately than "70 %" or "0.7".
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from headrisk.types import Estimate

NARROW = "\u00a0"  # no line break between a figure and its unit


def people(count: int) -> str:
    """``1 person`` or ``1,204 people``."""
    return "1 person" if count == 1 else f"{count:,} people"


def counted(count: int, one: str, several: str = "") -> str:
    """``1 file`` or ``1,204 files``; ``several`` where the plural takes more than an s."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def a(phrase: str) -> str:
    """The phrase with its article: ``an affine transform``, ``a rigid one``.

    By the first letter, which is right for the words that the settings can put there.
    """
    vowel = phrase.casefold().startswith(tuple("aeiou"))
    return f"{'an' if vowel else 'a'} {phrase}"


def listed(items: Sequence[str]) -> str:
    """``one``, ``one and two``, ``one, two and three``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def natural_frequency(estimate: Estimate, found: str = "linked", would: str = "") -> str:
    """A rate as ``14 of the 20 people searched for were linked; of people like these, ...``.

    The first figure is a count of those who were searched for, never of another number; ``about``
    stands before it where people count in parts, because not all of their scans were linked. What
    is said of people like them is out of 10, 100 or 1,000.

    A rate of zero is worded as an upper bound and a rate of one as a lower bound, since no
    sample shows that something never, or always, happens. ``found`` is what people were, ``would``
    what others would be where that is another thing.
    Where the exact count is withheld and may be zero or everybody, it is told as such a bound too.
    """
    base = _base(estimate)
    low, high = _of(estimate.low, base, up=False), _of(estimate.high, base, up=True)
    were, would = f"were {found}", f"would be {would or found}"
    if estimate.fewest == 0:
        return (
            f"at most {estimate.most:,} of the {people(estimate.n)} searched for {were}; of people "
            f"like these, up to {high} in {base:,} plausibly {would}"
        )
    if estimate.most == estimate.n:
        return (
            f"at least {estimate.fewest:,} of the {people(estimate.n)} searched for {were}; of "
            f"people like these, at least {low} in {base:,} {would}"
        )
    if estimate.value <= 0:
        return (
            f"none of the {people(estimate.n)} searched for {were}; of people like these, up to "
            f"{high} in {base:,} plausibly {would}"
        )
    if estimate.value >= 1:
        return (
            f"all {people(estimate.n)} searched for {were}; of people like these, at least {low} "
            f"in {base:,} {would}"
        )
    hits = estimate.value * estimate.n
    whole = abs(hits - round(hits)) < 1e-6
    count = round(hits) if whole else min(max(floor(hits + 0.5), 1), max(estimate.n - 1, 1))
    return (
        f"{'' if whole else 'about '}{count:,} of the {people(estimate.n)} searched for {were}; of "
        f"people like these, {low} to {high} in {base:,} plausibly {would}"
    )


def frequency_range(estimate: Estimate) -> tuple[str, str, str, int]:
    """Lower end, value and upper end out of 10, 100, 1,000 ... people, and that number."""
    base = _base(estimate)
    middle = f"{round(estimate.value * base):,}"
    low, high = _of(estimate.low, base, up=False), _of(estimate.high, base, up=True)
    return low, middle, high, base


def percent(value: float | None, outward: int = 0) -> str:
    """``43 %``, ``2.5 %``, ``99.2 %``, ``< 0.1 %``; a dash for None.

    Ends of intervals are rounded outward: ``outward`` is -1 for a lower and 1 for an upper end.
    """
    if value is None:
        return "–"
    scaled = 100 * value
    if 0 < scaled < 0.1:
        return f"< 0.1{NARROW}%"
    if 99.9 < scaled < 100:
        return f"> 99.9{NARROW}%"
    steps = 1 if 10 <= scaled <= 99 else 10
    places = scaled * steps
    whole = floor(places + 1e-9) if outward < 0 else ceil(places - 1e-9) if outward > 0 else places
    short = f"{whole / steps:.{steps // 10}f}".removesuffix(".0")
    return f"{short}{NARROW}%"


def interval(estimate: Estimate) -> str:
    """``28 to 59 %``, the ends rounded outward."""
    low = percent(estimate.low, -1).removesuffix(f"{NARROW}%")
    return f"{low} to {percent(estimate.high, 1)}"


def percentage(estimate: Estimate | None) -> str:
    """``43 % (28 to 59 %)``, ``0 % (0 to 13 %)``; a dash for None.

    For rates that are followed by what they are a share of.
    """
    return "–" if estimate is None else f"{percent(estimate.value)} ({interval(estimate)})"


def rate(estimate: Estimate | None) -> str:
    """``43 % (28 to 59 %)``; ``0 of 12 (0 to 23 %)`` at the ends; a dash for None.

    No sample shows that something never, or always, happens, so the ends are told as counts with
    their interval; where the exact count is withheld, as ``0 to 2 of 12 (0 to 38 %)``.
    """
    if estimate is None:
        return "–"
    count = _count(estimate)
    return percentage(estimate) if count is None else f"{count} ({interval(estimate)})"


def rate_of_people(estimate: Estimate, *more: str) -> str:
    """``43 % of 40 people (28 to 59 %; luck 20 %)``: a rate with what belongs to it."""
    count = _count(estimate) or f"{percent(estimate.value)} of {people(estimate.n)}"
    return f"{count} ({'; '.join((interval(estimate), *more))})"


def share(estimate: Estimate) -> str:
    """``7 of 12 people (32 to 81 %)``; "about" where a person counts in part."""
    return f"{count_of(estimate)} of {people(estimate.n)} ({interval(estimate)})"


def span(estimate: Estimate) -> str:
    """``7 of 12``, ``5 to 7 of 12``: a count; "about" where a person counts in part."""
    return f"{count_of(estimate)} of {estimate.n:,}"


def count_of(estimate: Estimate) -> str:
    """``7``, ``5 to 7``: how many of the people; "about" where a person counts in part."""
    hits = estimate.value * estimate.n
    if estimate.fewest is not None:
        return f"{estimate.fewest:,} to {estimate.most:,}"
    return f"{hits:,.0f}" if abs(hits - round(hits)) < 1e-6 else f"about {hits:,.0f}"


def _count(estimate: Estimate) -> str | None:
    """The count of a rate that is, or may be, nobody or everybody; None for other rates."""
    if estimate.fewest is not None and estimate.most is not None:
        if estimate.fewest == 0 or estimate.most == estimate.n:
            return f"{estimate.fewest:,} to {estimate.most:,} of {estimate.n:,}"
        return None
    if estimate.value <= 0:
        return f"0 of {estimate.n:,}"
    return f"{estimate.n:,} of {estimate.n:,}" if estimate.value >= 1 else None


def capital(text: str) -> str:
    """The same with a capital first letter."""
    return text[0].upper() + text[1:]


def _base(estimate: Estimate) -> int:
    """10, 100, 1,000 ...: as coarse as the figure and its interval allow."""
    smallest = min((x for x in (estimate.value, 1 - estimate.value) if x > 0), default=1.0)
    if estimate.value <= 0 or estimate.value >= 1:
        smallest = estimate.high if estimate.value <= 0 else 1 - estimate.low
        return 10 if smallest > 0.5 else 100 if smallest >= 0.01 else 1000
    if smallest >= 0.1 and estimate.n < 30:
        return 10
    return 100 if smallest >= 0.01 else 1000 if smallest >= 0.001 else 10_000


def _of(value: float, base: int, *, up: bool) -> str:
    """An interval end out of ``base``, rounded outward."""
    scaled = value * base
    whole = ceil(scaled - 1e-9) if up else floor(scaled + 1e-9)
    return f"{min(whole, base):,}"
