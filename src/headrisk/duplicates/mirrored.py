"""How probable is it that one of two scans is mirrored, from their scores as they are and mirrored?

Three accounts of a pair compete: one person and one scan mirrored (the mirrored score is a mate's,
the other a non-mate's), one person and no scan mirrored (the other way round), and two persons
(both scores are non-mates'). Prior odds times likelihood ratios give the posterior; one scan in
``MIRRORED`` is taken to be mirrored beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from headrisk.duplicates.pairs import ENROLLED_AGAIN, SURE, WRONGLY_FILED, Judgement, judge
from headrisk.linkage.evidence import Evidence

MIRRORED = 500


@dataclass(frozen=True)
class MirrorFinding:
    """Two scans of one person of which one seems to be mirrored.

    ``first`` and ``second`` are positions in the list of all scans; ``likely`` is the one that is
    more probably mirrored, or None. ``score`` is that of one scan's mirror image with the other.
    """

    first: int
    second: int
    likely: int | None
    score: float
    probability: float
    bound: float
    judgement: Judgement


def mirror_finding(
    pair: tuple[int, int],
    likely: int | None,
    scores: tuple[float, float],
    evidence: Evidence,
    *,
    same_label: bool,
    labels: int,
    compared: int,
) -> MirrorFinding | None:
    """What the two scores of a pair say; None where it is not worth a look.

    Parameters
    ----------
    scores
        The pair's score as it is, and with one scan mirrored.
    same_label, labels
        Whether one participant label names both scans, and how many labels there are.
    compared
        Number of pairs compared, for the Bonferroni bound.
    """
    plain, turned = (float(evidence.log_ratio(np.array([score]))[0]) for score in scores)
    one = 1 - 1 / WRONGLY_FILED if same_label else 2 / (ENROLLED_AGAIN * max(labels - 1, 1))
    mirrored = 2 / MIRRORED
    accounts = np.array(
        [
            np.log(one * mirrored) + turned,
            np.log(one * (1 - mirrored)) + plain,
            np.log(1 - min(one, 1 - 1e-9)),
        ]
    )
    probability = min(SURE, float(np.exp(accounts[0] - logsumexp(accounts))))
    bound = min(1.0, compared * evidence.nonmated.chance_above(scores[1]))
    judgement = judge(probability, bound, trusted=True)
    if judgement is None:
        return None
    return MirrorFinding(*pair, likely, scores[1], probability, bound, judgement)
