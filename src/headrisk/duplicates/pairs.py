"""Which labels are wrong: one person under two, two under one; and which scans are mirrored.

Every pair of scans has a log likelihood ratio L of "one person" against "two persons". Pairs of
the same few scans are not independent, so the evidence of a group is the mean of L over its pairs,
as if it were one pair, not their sum. Posterior odds are prior odds times the likelihood ratio.

Stated priors: one person in ``ENROLLED_AGAIN`` is enrolled under a second label, so a given pair
of n labels is one person with probability 2 / (ENROLLED_AGAIN (n - 1)); and a label holds a wrong
scan with probability 1 in ``WRONGLY_FILED``. The first prior falls as a data set grows, so that
its many pairs do not give false alarms; beside it stands the Bonferroni bound, the chance
that any of all compared pairs of two persons scores as high.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logsumexp

from headrisk.linkage.evidence import Evidence, Kind, fit_evidence
from headrisk.types import BoolArray, FloatArray, IntArray

ENROLLED_AGAIN = 200
WRONGLY_FILED = 200
CERTAIN, LIKELY, WORTH_A_LOOK = 0.99, 0.5, 0.1
STRICT_BOUND, BOUND = 1e-3, 0.05
SURE = 0.9999  # no probability is given above this: models are never exact
KINDS: tuple[Kind, ...] = ("t1", "alike", "crossed")

Judgement = Literal["certain", "likely", "look at it"]


@dataclass(frozen=True)
class ScoredPairs:
    """All scans against all scans under the measure that suits each pair.

    Attributes
    ----------
    label
        (scans,) participant number by label.
    score
        (scans, scans), symmetric.
    kind
        (scans, scans) index into ``KINDS``; the diagonal is not used.
    trusted
        (scans,) False where the scan's preparation was doubtful.
    """

    label: IntArray
    score: FloatArray
    kind: IntArray
    trusted: BoolArray


@dataclass(frozen=True)
class LabelFinding:
    """A label that seems wrong; positions are those of the scans in ``ScoredPairs``.

    Attributes
    ----------
    what
        ``two-ids``: ``first`` and ``second`` are the scans of two labels that show one person.
        ``two-persons``: ``first`` are the scans of a label that do not fit its others, ``second``.
    shown
        The pair of scans to look at.
    score, measure
        Score of that pair, and under which measure.
    belongs_to
        For ``two-persons``, the scan under another label that ``first`` matches, or None.
    probability
        Posterior probability of the finding.
    bound
        Bonferroni bound on the chance of such a score among all pairs compared; at most 1.
    """

    what: Literal["two-ids", "two-persons"]
    first: tuple[int, ...]
    second: tuple[int, ...]
    shown: tuple[int, int]
    score: float
    measure: str
    belongs_to: int | None
    probability: float
    bound: float
    judgement: Judgement


def judge(probability: float, bound: float, *, trusted: bool) -> Judgement | None:
    """A verdict in words; None where a finding is not worth a look."""
    if probability < WORTH_A_LOOK:
        return None
    if trusted and probability >= CERTAIN and bound <= STRICT_BOUND:
        return "certain"
    return "likely" if trusted and probability >= LIKELY and bound <= BOUND else "look at it"


def fit_kinds(pairs: ScoredPairs, ignored: BoolArray) -> dict[Kind, Evidence]:
    """Distributions of each kind of pair that occurs, from pairs that are not ``ignored``."""
    i, j = np.triu_indices(pairs.label.size, 1)
    kept = ~ignored[i, j]
    i, j = i[kept], j[kept]
    found: dict[Kind, Evidence] = {}
    for number, kind in enumerate(KINDS):
        of_kind = pairs.kind[i, j] == number
        if of_kind.any():
            a, b = i[of_kind], j[of_kind]
            found[kind] = fit_evidence(kind, pairs.score[a, b], pairs.label[a], pairs.label[b])
    return found


def find_wrong_labels(
    pairs: ScoredPairs, copies: Sequence[tuple[int, int]], evidence: dict[Kind, Evidence]
) -> list[LabelFinding]:
    """All findings, most probable first.

    Parameters
    ----------
    copies
        Pairs of scans known to be one image. Two labels that share an image are a finding
        already, so those scans do not count as evidence that the labels are one person.
    evidence
        From :func:`fit_kinds`.
    """
    ratio = _log_ratios(pairs, evidence)
    copied = np.zeros(ratio.shape, dtype=bool)
    for i, j in copies:
        copied[i, j] = copied[j, i] = True
    strays, stray_findings = _wrongly_filed(pairs, ratio, evidence)
    told = {
        frozenset((int(pairs.label[f.first[0]]), int(pairs.label[f.belongs_to])))
        for f in stray_findings
        if f.belongs_to is not None
    }
    doubles = _two_ids(pairs, ratio, evidence, strays, copied, told)
    return sorted([*stray_findings, *doubles], key=lambda f: -f.probability)


def _log_ratios(pairs: ScoredPairs, evidence: dict[Kind, Evidence]) -> FloatArray:
    ratio = np.zeros(pairs.score.shape)
    for number, kind in enumerate(KINDS):
        if kind in evidence:
            where = pairs.kind == number
            ratio[where] = evidence[kind].log_ratio(pairs.score[where])
    return ratio


def _wrongly_filed(
    pairs: ScoredPairs, ratio: FloatArray, evidence: dict[Kind, Evidence]
) -> tuple[BoolArray, list[LabelFinding]]:
    """Labels whose scans fall into groups that do not match each other.

    A group is what pairs that speak for one person hold together; whether two groups are two
    persons is then judged with the priors.
    """
    labels = np.unique(pairs.label)
    strays = np.zeros(pairs.label.size, dtype=bool)
    sizes = [int(np.count_nonzero(pairs.label == label)) for label in labels]
    compared = sum(size * (size - 1) // 2 for size in sizes)
    findings = []
    for label in labels:
        scans = np.flatnonzero(pairs.label == label)
        joined = ratio[np.ix_(scans, scans)] > 0
        count, group = connected_components(joined, directed=False)
        if count < 2:
            continue
        groups = [scans[group == g] for g in range(count)]
        groups.sort(key=lambda g: (g.size, -_best_elsewhere(g, pairs, ratio)[0]))
        for odd in groups[:-1]:
            rest = np.setdiff1d(scans, odd)
            finding = _stray(odd, rest, pairs, ratio, evidence, compared)
            if finding is not None:
                strays[odd] = True
                findings.append(finding)
    return strays, findings


def _best_elsewhere(
    group: IntArray, pairs: ScoredPairs, ratio: FloatArray
) -> tuple[float, int, int]:
    """Largest log ratio of a group with a scan of another label, and the two scans."""
    others = np.flatnonzero(pairs.label != pairs.label[group[0]])
    if not others.size:
        return -np.inf, int(group[0]), int(group[0])
    block = ratio[np.ix_(group, others)]
    i, j = np.unravel_index(int(np.argmax(block)), block.shape)
    return float(block[i, j]), int(group[i]), int(others[j])


def _stray(
    odd: IntArray,
    rest: IntArray,
    pairs: ScoredPairs,
    ratio: FloatArray,
    evidence: dict[Kind, Evidence],
    compared: int,
) -> LabelFinding | None:
    """Is this group of another person than the rest of its label?

    The wrong person is somebody unknown or, just as probably beforehand, one of the other
    participants; in the second case the scan must also match one of theirs.
    """
    block = ratio[np.ix_(odd, rest)]
    against = -float(block.mean())
    others = np.flatnonzero(pairs.label != pairs.label[odd[0]])
    known = -np.inf
    if others.size:
        matches = ratio[np.ix_(odd, others)].mean(axis=0)
        known = float(logsumexp(matches)) - np.log(others.size)
    odds = against + np.logaddexp(np.log(0.5), np.log(0.5) + known) - np.log(WRONGLY_FILED - 1)
    probability = min(SURE, float(expit(odds)))
    i, j = np.unravel_index(int(np.argmax(block)), block.shape)
    shown = int(odd[i]), int(rest[j])
    score, kind = _at(pairs, shown)
    bound = min(1.0, compared * evidence[kind].mated.chance_below(score))
    best, _, scan = _best_elsewhere(odd, pairs, ratio)
    match = None
    if best > np.log(max(others.size, 1)) + np.log(9):
        match = scan
        of_match = evidence[_at(pairs, (int(odd[0]), scan))[1]]
        by_chance = others.size * of_match.nonmated.chance_above(
            float(pairs.score[odd, scan].max())
        )
        bound = min(bound, 1.0, labels_at_risk(pairs) * by_chance)
    trusted = bool(pairs.trusted[odd].all() and pairs.trusted[rest].any())
    judgement = judge(probability, bound, trusted=trusted)
    if judgement is None:
        return None
    return LabelFinding(
        "two-persons",
        tuple(odd.tolist()),
        tuple(rest.tolist()),
        shown,
        score,
        evidence[kind].measure,
        match,
        probability,
        bound,
        judgement,
    )


def labels_at_risk(pairs: ScoredPairs) -> int:
    """Number of labels with more than one scan: those that can hold two persons."""
    return int(np.count_nonzero(np.unique(pairs.label, return_counts=True)[1] > 1))


def _two_ids(
    pairs: ScoredPairs,
    ratio: FloatArray,
    evidence: dict[Kind, Evidence],
    strays: BoolArray,
    copied: BoolArray,
    told: Set[frozenset[int]],
) -> list[LabelFinding]:
    """Pairs of labels whose scans match each other, but for those ``told`` by a stray scan."""
    labels = np.unique(pairs.label).size
    if labels < 2:
        return []
    prior = -np.log(ENROLLED_AGAIN * (labels - 1) / 2 - 1)
    cross = pairs.label[:, None] != pairs.label[None, :]
    cross &= ~(strays[:, None] | strays[None, :])
    compared = int(np.count_nonzero(np.triu(cross)))
    hopeful = np.argwhere(np.triu(cross & (ratio + prior > np.log(WORTH_A_LOOK))))
    met = {
        (min(a, b), max(a, b)) for a, b in pairs.label[hopeful].tolist()
    }  # label pairs with at least one pair of scans that may match
    findings = []
    for first, second in sorted(pair for pair in met if frozenset(pair) not in told):
        a, b = (np.flatnonzero((pairs.label == x) & ~strays) for x in (first, second))
        shared = copied[np.ix_(a, b)]
        a, b = a[~shared.any(axis=1)], b[~shared.any(axis=0)]
        if not a.size or not b.size:
            continue
        block = ratio[np.ix_(a, b)]
        probability = min(SURE, float(expit(float(block.mean()) + prior)))
        i, j = np.unravel_index(int(np.argmax(block)), block.shape)
        shown = int(a[i]), int(b[j])
        score, kind = _at(pairs, shown)
        bound = min(1.0, compared * evidence[kind].nonmated.chance_above(score))
        judgement = judge(probability, bound, trusted=bool(pairs.trusted[list(shown)].all()))
        if judgement is not None:
            findings.append(
                LabelFinding(
                    "two-ids",
                    tuple(a.tolist()),
                    tuple(b.tolist()),
                    shown,
                    score,
                    evidence[kind].measure,
                    None,
                    probability,
                    bound,
                    judgement,
                )
            )
    return findings


def _at(pairs: ScoredPairs, place: tuple[int, int]) -> tuple[float, Kind]:
    return float(pairs.score[place]), KINDS[int(pairs.kind[place])]


# ----------------------------------------------------------------------
# How probable is it that one of two scans is mirrored, from their scores as they are and mirrored?
#
# Three accounts of a pair compete: one person and one scan mirrored (the mirrored score is a
# mate's,
# the other a non-mate's), one person and no scan mirrored (the other way round), and two persons
# (both scores are non-mates'). Prior odds times likelihood ratios give the posterior; one scan in
# ``MIRRORED`` is taken to be mirrored beforehand.
# ----------------------------------------------------------------------

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
