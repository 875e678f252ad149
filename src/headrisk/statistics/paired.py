"""Paired differences between two rates of the same people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, stdtrit

from headrisk.statistics.intervals import CONFIDENCE
from headrisk.types import Estimate, FloatArray


@dataclass(frozen=True)
class PairedChange:
    """One rate before and after on the same people, and the difference before minus after.

    ``gained`` counts people whose own rate rose with the treatment, ``lost`` those whose rate
    fell. ``p_value`` is the exact two-sided sign test on them, McNemar's exact test where every
    person is either linked or not; None for a rate whose threshold is fitted anew.
    """

    name: str
    before: Estimate
    after: Estimate
    difference: Estimate
    lost: int
    gained: int
    p_value: float | None


def paired_difference(per_person: FloatArray) -> Estimate:
    """Mean over people of a difference in -1 ... 1, with a 95 % interval.

    Two imaginary people, one changed each way, are added before the usual Student interval: the
    adjusted interval of Bonett and Price (2012) for paired proportions, which also holds where
    nobody changed. At least one person.
    """
    n = int(per_person.size)
    total = float(per_person.sum())
    square = float(per_person @ per_person) + 2.0
    centre = total / (n + 2)
    error = np.sqrt(max(square / (n + 2) - centre**2, 0.0) / (n + 2))
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
