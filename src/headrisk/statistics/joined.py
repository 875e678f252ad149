"""How well one-to-one assignment joins people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.linkage.assign import assign_one_to_one
from headrisk.statistics.intervals import clopper_pearson
from headrisk.types import Estimate, PairScores


@dataclass(frozen=True)
class JoinedRates:
    """People joined one to one at a threshold.

    ``found`` is the share of people with a mated pair who were joined to themselves, ``right``
    the share of all joins that are right; None where there is none.
    """

    threshold: float | None
    joins: int
    found: Estimate | None
    right: Estimate | None


def joined_rates(scores: PairScores, threshold: float | None) -> JoinedRates:
    """Join people one to one and compare with the truth.

    Joins depend on one another, so the exact binomial intervals are an approximation here.
    """
    joined = assign_one_to_one(scores, threshold)
    correct = int(np.count_nonzero(joined.probe_person == joined.gallery_person))
    with_mate = int(np.unique(scores.probe_person[scores.mated.any(axis=1)]).size)
    return JoinedRates(
        threshold=threshold,
        joins=int(joined.score.size),
        found=clopper_pearson(correct, with_mate),
        right=clopper_pearson(correct, int(joined.score.size)),
    )
