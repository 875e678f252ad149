"""Everything the report needs about one similarity measure, from its scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headrisk.linkage.decide import (
    NoThreshold,
    TestedThreshold,
    Threshold,
    cross_validate,
    threshold_rules,
)
from headrisk.linkage.density import DensityCurves, density_curves, kernels
from headrisk.linkage.pairs import PairSample, finite_scores, pair_sample
from headrisk.settings import Settings
from headrisk.statistics.baselines import ShuffledControl, chance_of_rank, shuffled_labels
from headrisk.statistics.bootstrap import CurveIntervals, curve_intervals, pair_table, sums_by
from headrisk.statistics.clustered import (
    each_once,
    mated_rate,
    nonmated_rate,
    threshold_variance,
)
from headrisk.statistics.intervals import SampleVerdict, few_errors, judge_sample, share_of_people
from headrisk.statistics.joined import JoinedRates, joined_rates
from headrisk.statistics.openset import search_variance
from headrisk.statistics.rates import (
    Det,
    Ranks,
    cumulative_match,
    det_curve,
    error_rates,
    mate_ranks,
    person_means,
    thin_det,
)
from headrisk.statistics.strata import Condition, StratumRow, condition_rows
from headrisk.statistics.unlinkability import unlinkability
from headrisk.types import Estimate, FloatArray, PairScores


@dataclass(frozen=True)
class Counts:
    """How much data stands behind a measure.

    ``persons`` take part in at least one usable pair, ``tested`` have a mated pair, and
    ``nonmated_person_pairs`` are distinct pairs of people.
    """

    persons: int
    tested: int
    mated_pairs: int
    nonmated_pairs: int
    nonmated_person_pairs: int
    gallery_size: int


@dataclass(frozen=True)
class ThresholdSummary:
    """A threshold fitted on everybody, and its errors in cross-validation over people.

    ``value`` is None with a ``reason``; the rates are None where no held-out pair could be
    tested, with ``reason_untested``. ``few_false_matches`` and ``few_false_nonmatches`` flag rates
    that rest on fewer than 30 errors.
    """

    value: float | None
    reason: NoThreshold | None
    fmr: Estimate | None
    fnmr: Estimate | None
    false_matches: int
    nonmated_tested: int
    false_nonmatches: int
    mated_tested: int
    few_false_matches: bool
    few_false_nonmatches: bool
    reason_untested: NoThreshold | None


@dataclass(frozen=True)
class MeasureSummary:
    """Rates of one measure. Figures that the data cannot give are None, never NaN.

    ``cmc[k - 1]`` is the identification rate at rank k. ``shuffled`` is the control attack.
    ``one_to_one`` is there where the settings ask for it, at the kde threshold.
    ``d_sys`` is the unlinkability measure of Gomez-Barrero et al. (2018). AUC, EER, d', DET,
    densities, D_sys and thresholds weigh every person the same, however many scans there are.
    """

    measure: str
    counts: Counts
    verdict: SampleVerdict
    auc: Estimate | None
    eer: Estimate | None
    d_prime: Estimate | None
    rank1: Estimate | None
    rank5: Estimate | None
    chance_rank1: float | None
    chance_rank5: float | None
    cmc: FloatArray
    det: Det | None
    mated_min: float | None
    nonmated_max: float | None
    thresholds: Mapping[str, ThresholdSummary]
    densities: DensityCurves | None
    d_sys: Estimate | None
    shuffled: ShuffledControl | None
    one_to_one: JoinedRates | None = None


class Scored(Protocol):
    """The pairs of one measure: every score of them, or a summary where they are too many.

    What a rate means, and which rates there are, is said once, in :func:`summarise`; the two kinds
    differ only in how the parts are got. ``AllScores`` has every score, ``SummedScores`` of
    :mod:`headrisk.statistics.large` a histogram of the non-mated ones.
    """

    @property
    def measure(self) -> str:
        """Name of the measure."""

    def counts(self) -> Counts:
        """How much data there is."""

    def ranks(self) -> Ranks:
        """Where every mate stands."""

    def shared_gallery(self) -> float:
        """Variance of the rank-1 rate where searches share a gallery; 0 where it is not known."""

    def curves(self, repetitions: int, rng: np.random.Generator) -> CurveIntervals:
        """AUC, EER and d' with intervals over people."""

    def thresholds(
        self, settings: Settings, rng: np.random.Generator
    ) -> Mapping[str, ThresholdSummary]:
        """Every rule's threshold, and its errors on people it was not fitted on."""

    def det(self) -> Det | None:
        """Error rates against one another."""

    def extremes(self) -> tuple[float | None, float | None]:
        """The least mated score and the highest non-mated one."""

    def densities(self) -> DensityCurves | None:
        """Kernel densities of mated and non-mated scores."""

    def d_sys(self, repetitions: int, rng: np.random.Generator) -> Estimate | None:
        """The unlinkability measure with its interval."""

    def shuffled(self, rng: np.random.Generator) -> ShuffledControl | None:
        """The control attack."""

    def one_to_one(self, threshold: float | None) -> JoinedRates | None:
        """Rates of assigning people one to one; None where that needs more than there is."""


class AllScores:
    """The pairs of one measure with every score.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """

    def __init__(self, scores: PairScores) -> None:
        self.scores = finite_scores(scores)
        self.measure = scores.measure
        self._sample = pair_sample(self.scores)
        self._ranks = mate_ranks(self.scores)
        self._weights = (self._sample.mated_weight, self._sample.nonmated_weight)
        self._kernels = kernels(self._sample.mated, self._sample.nonmated, self._weights)

    def counts(self) -> Counts:
        sample, ranks = self._sample, self._ranks
        return Counts(
            persons=int(sample.people.size),
            tested=sample.mated_people,
            mated_pairs=int(sample.mated.size),
            nonmated_pairs=int(sample.nonmated.size),
            nonmated_person_pairs=sample.person_pairs,
            gallery_size=int(ranks.gallery.max()) if ranks.gallery.size else 0,
        )

    def ranks(self) -> Ranks:
        return self._ranks

    def shared_gallery(self) -> float:
        return search_variance(self.scores)

    def curves(self, repetitions: int, rng: np.random.Generator) -> CurveIntervals:
        return curve_intervals(self._sample, repetitions, rng)

    def thresholds(
        self, settings: Settings, rng: np.random.Generator
    ) -> Mapping[str, ThresholdSummary]:
        rules = threshold_rules(settings.mated_prior)
        tested = cross_validate(self.scores, rules, settings.folds, rng)
        return {name: _threshold(result, self._sample) for name, result in tested.items()}

    def det(self) -> Det | None:
        return det_curve(self._sample.mated, self._sample.nonmated, self._weights)

    def extremes(self) -> tuple[float | None, float | None]:
        mated, others = self._sample.mated, self._sample.nonmated
        least = float(mated.min()) if mated.size else None
        return least, float(others.max()) if others.size else None

    def densities(self) -> DensityCurves | None:
        return None if self._kernels is None else density_curves(self._kernels)

    def d_sys(self, repetitions: int, rng: np.random.Generator) -> Estimate | None:
        if self._kernels is None:
            return None
        return unlinkability(self._sample, self._kernels, repetitions, rng)

    def shuffled(self, rng: np.random.Generator) -> ShuffledControl | None:
        return shuffled_labels(self.scores, rng)

    def one_to_one(self, threshold: float | None) -> JoinedRates | None:
        return joined_rates(self.scores, threshold)


def summarise(
    scores: PairScores | Scored, *, settings: Settings, rng: np.random.Generator
) -> MeasureSummary:
    """Compute all rates of one measure.

    Parameters
    ----------
    scores
        Similarities with their people, or what stands for them.
    settings
        ``mated_prior``, ``folds``, ``bootstrap`` and ``one_to_one`` are used.
    rng
        Source of the bootstrap, the folds and the shuffled labels; each draws from its own child,
        so that one does not change another.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    pairs = AllScores(scores) if isinstance(scores, PairScores) else scores
    for_curves, for_folds, for_shuffle, for_unlinkability = rng.spawn(4)
    counts, ranks, det = pairs.counts(), pairs.ranks(), pairs.det()
    curves = pairs.curves(settings.bootstrap, for_curves)
    thresholds = pairs.thresholds(settings, for_folds)
    several = counts.gallery_size > 1
    least, highest = pairs.extremes()
    return MeasureSummary(
        measure=pairs.measure,
        counts=counts,
        verdict=judge_sample(counts.tested, counts.gallery_size),
        auc=curves.auc,
        eer=curves.eer,
        d_prime=curves.d_prime,
        rank1=rank_rate(ranks, 1, pairs.shared_gallery()),
        rank5=rank_rate(ranks, 5),
        chance_rank1=chance_of_rank(ranks, 1) if several else None,
        chance_rank5=chance_of_rank(ranks, 5) if several else None,
        cmc=cumulative_match(ranks),
        det=None if det is None else thin_det(det),
        mated_min=least,
        nonmated_max=highest,
        thresholds=thresholds,
        densities=pairs.densities(),
        d_sys=pairs.d_sys(settings.bootstrap, for_unlinkability),
        shuffled=pairs.shuffled(for_shuffle),
        one_to_one=pairs.one_to_one(thresholds["kde"].value) if settings.one_to_one else None,
    )


def strata(scores: PairScores, conditions: Iterable[Condition]) -> tuple[StratumRow, ...]:
    """Rows of the condition table, conditions in order."""
    scores = finite_scores(scores)
    return tuple(row for condition in conditions for row in condition_rows(scores, condition))


def rank_rate(ranks: Ranks, rank: int, variance: float = 0.0) -> Estimate | None:
    """Share of people whose mate is within ``rank``; None in a gallery of one person.

    ``variance`` as in :func:`headrisk.statistics.intervals.share_of_people`.
    """
    if not ranks.probe.size or ranks.gallery.max() < 2:
        return None
    means = person_means(ranks.within(rank), ranks.person)[1]
    return share_of_people(means, ranks.probe.size, variance)


def _threshold(result: TestedThreshold, sample: PairSample) -> ThresholdSummary:
    """Rates in which every person weighs the same, with what they owe to the fitted threshold."""
    people = int(result.people.size)
    false, missed = result.false_match, result.false_nonmatch
    fmr = fnmr = None
    moved = [np.zeros(0), np.zeros(0)]
    if result.fitted and sample.mated.size and sample.nonmated.size:
        weights = (sample.mated_weight, sample.nonmated_weight)
        fitted = np.array(result.fitted)
        moved = list(error_rates(sample.mated, sample.nonmated, fitted, weights))
    if false.size:
        sides = (result.probe_side, result.gallery_side, people)
        compared = pair_table(*sides, np.ones(false.size))
        wrong = pair_table(*sides, false.astype(np.float64))
        fmr = nonmated_rate(*each_once(wrong, compared), threshold_variance(moved[0]))
    if missed.size:
        wrong = sums_by(result.mated_person, missed.astype(np.float64), people)
        shown = sums_by(result.mated_person, np.ones(missed.size), people)
        fnmr = mated_rate(*each_once(wrong, shown), threshold_variance(moved[1]))
    return tested_threshold(
        result.threshold,
        fmr,
        fnmr,
        (int(false.sum()), int(false.size)),
        (int(missed.sum()), int(missed.size)),
        result.reason,
    )


def tested_threshold(
    whole: Threshold,
    fmr: Estimate | None,
    fnmr: Estimate | None,
    false_matches: tuple[int, int],
    missed_matches: tuple[int, int],
    reason_untested: NoThreshold | None,
) -> ThresholdSummary:
    """A threshold with its rates; errors come with the number of pairs that were tested."""
    return ThresholdSummary(
        value=whole.value,
        reason=whole.reason,
        fmr=fmr,
        fnmr=fnmr,
        false_matches=false_matches[0],
        nonmated_tested=false_matches[1],
        false_nonmatches=missed_matches[0],
        mated_tested=missed_matches[1],
        few_false_matches=few_errors(*false_matches),
        few_false_nonmatches=few_errors(*missed_matches),
        reason_untested=reason_untested,
    )
