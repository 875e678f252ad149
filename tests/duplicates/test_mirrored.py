"""Posterior of a mirrored scan against a naive sum over the three accounts."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.duplicates.pairs import (
    ENROLLED_AGAIN,
    MIRRORED,
    WRONGLY_FILED,
    MirrorFinding,
    mirror_finding,
)
from headrisk.linkage.evidence import SHIPPED

T1 = SHIPPED["t1"]


def finding(
    plain: float, turned: float, *, same: bool = True, labels: int = 50, compared: int = 1000
) -> MirrorFinding | None:
    return mirror_finding(
        (3, 8), 8, (plain, turned), T1, same_label=same, labels=labels, compared=compared
    )


@pytest.mark.parametrize(("same", "labels"), [(True, 50), (False, 50), (False, 2), (True, 1)])
def test_posterior_is_that_of_three_accounts(same: bool, labels: int) -> None:
    scores = np.array([0.18, 0.66])
    mate, other = (np.exp(part.log_density(scores)) for part in (T1.mated, T1.nonmated))
    one = 1 - 1 / WRONGLY_FILED if same else 2 / (ENROLLED_AGAIN * max(labels - 1, 1))
    turned = one * 2 / MIRRORED * other[0] * mate[1]
    straight = one * (1 - 2 / MIRRORED) * mate[0] * other[1]
    two = (1 - one) * other[0] * other[1]
    found = finding(0.18, 0.66, same=same, labels=labels)
    assert found is not None
    expected = min(0.9999, turned / (turned + straight + two))
    assert found.probability == pytest.approx(expected, rel=1e-6)
    assert (found.first, found.second, found.likely, found.score) == (3, 8, 8, 0.66)


def test_a_plain_mate_and_two_persons_are_no_finding() -> None:
    assert finding(0.7, 0.2) is None
    assert finding(0.15, 0.12) is None
    assert finding(0.15, 0.12, same=False) is None


def test_verdicts_follow_the_bound() -> None:
    sure = finding(0.15, 0.75)
    assert sure is not None
    assert sure.judgement == "certain"
    assert sure.bound == pytest.approx(1000 * T1.nonmated.chance_above(0.75))
    many = finding(0.15, 0.40, compared=10**7)
    assert many is not None
    assert (many.bound, many.judgement) == (1.0, "look at it")


def test_a_bound_never_exceeds_one_and_counts_every_pair() -> None:
    few = finding(0.15, 0.75, compared=7)
    assert few is not None
    assert few.bound == pytest.approx(7 * T1.nonmated.chance_above(0.75))
    assert few.probability <= 0.9999
    unsure = mirror_finding((1, 2), None, (0.15, 0.75), T1, same_label=True, labels=9, compared=7)
    assert unsure is not None
    assert unsure.likely is None
