"""Do the labels of two data sets name the same people, as far as the images can tell?

Where two studies number their people each on its own, ``sub-01`` of one is not ``sub-01`` of the
other. Rates that take equal labels for one person then say that nobody was linked, although the
images link everybody. So people whose best candidate stands clearly out are counted, by whether
both bear one label.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from headrisk.types import FloatArray, IntArray, PairScores

Code = Literal["labels_agree", "labels_disagree", "nothing_to_tell"]
MOST_BY_CHANCE = 0.05  # of clear matches that may bear two labels for other reasons (a mix-up)
SIGNIFICANT = 0.001
_LUCK = 0.01  # of comparisons without any mated pair have a score beyond the limit


@dataclass(frozen=True)
class LabelCheck:
    """What the images say of the labels of two data sets.

    Attributes
    ----------
    code
        ``labels_disagree`` where clear matches bear two labels far more often than chance allows.
    measure
        The measure that told most.
    people
        People searched with, whatever their labels.
    clear
        Those whose best candidate stands clearly out: linked, as the images say.
    same_label, other_label
        Those of ``clear`` whose candidate bears their label, and another one.
    p_value
        Of so many under other labels, if at most ``MOST_BY_CHANCE`` of clear matches were mixed up.
    """

    code: Code
    measure: str
    people: int
    clear: int
    same_label: int
    other_label: int
    p_value: float


def check_labels(scores: Iterable[PairScores]) -> LabelCheck | None:
    """Compare labels and images of two data sets; None where there is no score.

    A person's best candidate stands clearly out where each is the other's best, their score lies
    above every score that is nobody's best, and it is higher than the highest of as many scores of
    a normal distribution would be in 99 of 100 such comparisons. That distribution is fitted to the
    lower half of the scores, in which mated pairs have no part.
    """
    checks = [_check(one) for one in scores if one.values.size]
    return max(checks, key=lambda check: check.clear, default=None)


def _check(scores: PairScores) -> LabelCheck:
    best, rows, columns = _by_person(scores)
    people = len(rows)
    if best.shape[0] < 2 or best.shape[1] < 2:
        return LabelCheck("nothing_to_tell", scores.measure, people, 0, 0, 0, 1.0)
    first = best.argmax(axis=1)
    mutual = best.argmax(axis=0)[first] == np.arange(people)
    reach = max(_highest_second(best), _highest_by_luck(best[np.isfinite(best)]))
    clear = mutual & (best.max(axis=1) > reach)
    same = int(np.count_nonzero(clear & (rows == columns[first])))
    other = int(np.count_nonzero(clear)) - same
    p_value = float(stats.binom.sf(other - 1, same + other, MOST_BY_CHANCE)) if other else 1.0
    told: Code = "labels_agree" if same else "nothing_to_tell"
    code: Code = "labels_disagree" if p_value < SIGNIFICANT else told
    return LabelCheck(code, scores.measure, people, same + other, same, other, p_value)


def _highest_second(best: FloatArray) -> float:
    """The highest score that is the best neither of its row nor of its column."""
    left = best.copy()
    left[np.arange(best.shape[0]), best.argmax(axis=1)] = -np.inf
    left[best.argmax(axis=0), np.arange(best.shape[1])] = -np.inf
    return float(left.max())


def _highest_by_luck(values: FloatArray) -> float:
    """The score that the highest of so many without a mated pair passes with probability 0.01."""
    middle, low = (float(q) for q in np.quantile(values, [0.5, stats.norm.cdf(-1)]))
    factor = stats.t.isf(_LUCK / values.size, df=max(values.size / 2 - 1, 2))
    return middle + float(factor) * (middle - low)


def _by_person(scores: PairScores) -> tuple[FloatArray, IntArray, IntArray]:
    """Highest score of each person with each other, and the persons of rows and columns."""
    values = np.where(scores.usable & np.isfinite(scores.values), scores.values, -np.inf)
    rows, row = np.unique(scores.probe_person, return_inverse=True)
    columns, column = np.unique(scores.gallery_person, return_inverse=True)
    best = np.full((len(rows), len(columns)), -np.inf)
    np.maximum.at(best, (row[:, None], column[None, :]), values)
    kept = np.isfinite(best).any(axis=1)
    return best[kept], rows[kept], columns
