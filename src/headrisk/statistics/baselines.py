"""What an attack must beat: chance, shuffled labels, and people who share something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from headrisk.linkage.pairs import best_per_person, own_columns, pair_sample, restrict
from headrisk.statistics.rates import Ranks, area_under_curve, person_means
from headrisk.types import BoolArray, Estimate, FloatArray, PairScores


@dataclass(frozen=True)
class ShuffledControl:
    """The attack on people whose gallery labels were shuffled.

    ``rank1`` and ``auc`` are means over the shuffles, ``rank1_high`` the 95th percentile, and
    ``p_value`` the share of shuffles (the true labelling counted in) at least as good at rank 1.
    """

    rank1: float
    rank1_high: float
    auc: float | None
    p_value: float
    repetitions: int


@dataclass(frozen=True)
class ArmComparison:
    """Non-mated pairs that share something (a scanner, a family) against the other pairs.

    ``auc_shared`` is the AUC of mated against the sharing non-mated pairs, ``auc_leak`` that of
    sharing against other non-mated pairs: 0.5 where what they share leaves no trace.
    ``people`` counts people in at least one sharing pair. None where a side is empty.
    """

    auc_shared: float | None
    auc_leak: float | None
    shared_pairs: int
    other_pairs: int
    people: int


def chance_of_rank(ranks: Ranks, rank: int) -> float | None:
    """Probability that a random order puts the mate among the first ``rank`` people.

    Mean over people as for rank-1. None where no probe has a mate.
    """
    if not ranks.probe.size:
        return None
    share = np.minimum(rank / ranks.gallery, 1.0)
    return float(person_means(share, ranks.person)[1].mean())


def shuffled_labels(
    scores: PairScores, rng: np.random.Generator, repetitions: int = 200
) -> ShuffledControl | None:
    """Permute the labels of whole gallery people and attack again.

    Only probes that have a mate take part. The AUC is of best scores between probes and people.
    None where nobody has a mate or the gallery holds one person.
    """
    best = best_per_person(scores)
    if best.people.size < 2 or not best.probe_person.size:
        return None
    column, mated = own_columns(best)
    if not mated.any():
        return None
    values, comparable = best.values[mated], best.comparable[mated]
    column, person = column[mated], best.probe_person[mated]
    first, order = _first_place(values), _overall_rank(values, comparable)
    truth = float(person_means(_pick(first, column), person)[1].mean())
    rank1, areas = [], []
    for _ in range(repetitions):
        drawn = rng.permutation(best.people.size)[column]
        valid = comparable[np.arange(drawn.size), drawn]
        if not valid.any():
            continue
        rank1.append(float(person_means(_pick(first, drawn)[valid], person[valid])[1].mean()))
        areas.append(_area(_pick(order, drawn)[valid], int(np.count_nonzero(comparable))))
    if not rank1:
        return None
    known = [area for area in areas if area is not None]
    better = sum(value >= truth - 1e-12 for value in rank1)
    return ShuffledControl(
        rank1=float(np.mean(rank1)),
        rank1_high=float(np.percentile(rank1, 95)),
        auc=float(np.mean(known)) if known else None,
        p_value=(1 + better) / (1 + len(rank1)),
        repetitions=len(rank1),
    )


def _pick(table: FloatArray, column: NDArray[np.int64]) -> FloatArray:
    return np.asarray(table[np.arange(column.size), column], dtype=np.float64)


def _first_place(values: FloatArray) -> FloatArray:
    """Probability that each person ranks first for each probe; tied people share the place."""
    top = values == values.max(axis=1, keepdims=True)
    return np.asarray(top / top.sum(axis=1, keepdims=True), dtype=np.float64)


def _overall_rank(values: FloatArray, comparable: BoolArray) -> FloatArray:
    """Mid-rank of each comparable score among all of them; 0 elsewhere."""
    ranks = np.zeros(values.shape)
    ranks[comparable] = rankdata(values[comparable])
    return ranks


def _area(mated_ranks: FloatArray, total: int) -> float | None:
    mated = mated_ranks.size
    if mated == total:
        return None
    return float((mated_ranks.sum() - mated * (mated + 1) / 2) / (mated * (total - mated)))


def same_label(probe: NDArray[np.str_], gallery: NDArray[np.str_]) -> BoolArray:
    """(probes, gallery): both labels are known (not empty) and equal."""
    equal: BoolArray = (probe[:, None] == gallery[None, :]) & (probe != "")[:, None]
    return equal


def compare_arm(scores: PairScores, shared: BoolArray) -> ArmComparison:
    """Compare non-mated pairs in ``shared`` (probes, gallery) with mated and other pairs.

    With ``same_label`` of scanners this shows how much of the attack recognises the scanner; with
    family labels, how close relatives come to the same person.
    """
    inside, outside = pair_sample(restrict(scores, shared)), pair_sample(restrict(scores, ~shared))
    whole = pair_sample(scores)
    sides = np.concatenate([inside.people[inside.probe_side], inside.people[inside.gallery_side]])
    return ArmComparison(
        auc_shared=area_under_curve(
            whole.mated, inside.nonmated, (whole.mated_weight, inside.nonmated_weight)
        ),
        auc_leak=area_under_curve(
            inside.nonmated, outside.nonmated, (inside.nonmated_weight, outside.nonmated_weight)
        ),
        shared_pairs=int(inside.nonmated.size),
        other_pairs=int(outside.nonmated.size),
        people=int(np.unique(sides).size),
    )


def beats_control(attack: Estimate | None, control: float | None) -> bool:
    """True where the attack's lower limit lies above the control's figure.

    The report shows a banner where this is False: the measured risk is then not evidence of
    recognition. An unknown attack or control never counts as beaten.
    """
    return attack is not None and control is not None and attack.low > control
