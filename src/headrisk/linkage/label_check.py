"""Do the labels of two data sets name the same people, as far as the images can tell?

Where two studies number their people each on its own, ``sub-01`` of one is not ``sub-01`` of the
other. Rates that take equal labels for one person then say that nobody was linked: because the
images link everybody to another label, or because nobody is in both data sets. So people whose best
candidate stands clearly out are counted, by whether both bear one label, and so are the labels that
stand in both data sets without the images bearing them out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

Code = Literal["labels_agree", "labels_disagree", "labels_unconfirmed", "nothing_to_tell"]
MOST_BY_CHANCE = 0.05  # of clear matches that may bear two labels for other reasons (a mix-up)
SIGNIFICANT = 0.001
FEWEST_UNCONFIRMED = 2
SHARE_UNCONFIRMED = 0.1  # of shared labels, below which single bad scans may be the reason
_SHIFTED = 0.05  # p value from which unconfirmed pairs are more alike than two people are
_LUCK = 0.01  # of comparisons without any mated pair have a score beyond the limit


@dataclass(frozen=True)
class LabelCheck:
    """What the images say of the labels of two data sets.

    Attributes
    ----------
    code
        ``labels_disagree`` where clear matches bear two labels far more often than chance allows;
        ``labels_unconfirmed`` where people of one label look like two people.
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
    labelled, confirmed
        People whose label stands in both data sets, and those of them whose two images are more
        alike than those of two people are.
    """

    code: Code
    measure: str
    people: int
    clear: int
    same_label: int
    other_label: int
    p_value: float
    labelled: int = 0
    confirmed: int = 0

    @property
    def in_doubt(self) -> bool:
        """Whether the images contradict the labels, in one direction or the other."""
        return self.code in ("labels_disagree", "labels_unconfirmed")


def check_labels(scores: Iterable[PairScores]) -> LabelCheck | None:
    """Compare labels and images of two data sets; None where there is no score.

    A person's best candidate stands clearly out where each is the other's best, their score lies
    above every score that is nobody's best, and it is higher than the highest of as many scores of
    a normal distribution would be in 99 of 100 such comparisons. That distribution is fitted to the
    lower half of the scores, in which mated pairs have no part.

    A label is confirmed where the score of its two sides passes the same limit. Labels are in doubt
    where none is confirmed, or where those that are not (at least a tenth of them) are no more
    alike than images of two people (Mann-Whitney test).
    """
    checks = [_check(one) for one in scores if one.values.size]
    return max(checks, key=lambda check: (check.clear, check.confirmed), default=None)


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
    places = np.searchsorted(columns, rows).clip(max=len(columns) - 1)
    labelled = columns[places] == rows
    own = best[labelled, places[labelled]]
    own = own[np.isfinite(own)]
    confirmed = own > reach
    if p_value < SIGNIFICANT:
        told = "labels_disagree"
    elif _look_like_two(own[~confirmed], own.size, _of_two(best, rows, columns, clear)):
        told = "labels_unconfirmed"
    counts = (own.size, int(np.count_nonzero(confirmed)))
    return LabelCheck(told, scores.measure, people, same + other, same, other, p_value, *counts)


def _look_like_two(apart: FloatArray, labelled: int, others: FloatArray) -> bool:
    """Whether pairs of one label that are not confirmed are no more alike than two people are."""
    if apart.size < max(FEWEST_UNCONFIRMED, SHARE_UNCONFIRMED * labelled):
        return False
    if apart.size == labelled or not others.size:
        return True
    shift = stats.mannwhitneyu(apart, others, alternative="greater")
    return float(shift.pvalue) > _SHIFTED


def _of_two(best: FloatArray, rows: IntArray, columns: IntArray, clear: BoolArray) -> FloatArray:
    """Scores of two labels, without those of people whose candidate stands clearly out."""
    two = (rows[:, None] != columns[None, :]) & np.isfinite(best) & ~clear[:, None]
    scores: FloatArray = best[two]
    return scores


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
