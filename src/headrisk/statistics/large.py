"""All rates of one measure from a summary of its pairs (see ``headrisk.linkage.large``).

Exact as from all scores: counts, AUC, EER, d', every rank rate, chance, the least mated and the
highest non-mated score, and missed matches at any threshold. Within one bin of the histogram: the
thresholds, the DET curve's false match rates, densities and D_sys. Intervals of AUC and EER take
their spread over people from mated scores alone, with half as many independent non-mated pairs as
people; intervals of false match rates rest on that number too, the fewest that the clustered
interval allows, and so are wide. Every person weighs the same among mated scores; non-mated scores
weigh as pairs. The AUC of the shuffled control is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrisk.linkage.decide import (
    FALSE_MATCH_RATES,
    NoThreshold,
    Threshold,
    deal,
    fit_best_scores,
    posterior_crossing,
)
from headrisk.linkage.density import DensityCurves, binned_kernels, crossing, density_curves
from headrisk.linkage.large import PairCounts, PairSummary
from headrisk.linkage.pairs import person_weight
from headrisk.settings import Settings
from headrisk.statistics.baselines import ShuffledControl
from headrisk.statistics.bootstrap import (
    CurveIntervals,
    at_end,
    freedom_of,
    left_out,
    logit_interval,
    normal_interval,
    person_weights,
)
from headrisk.statistics.clustered import each_once, mated_rate
from headrisk.statistics.intervals import wilson, zero_event_bound
from headrisk.statistics.joined import JoinedRates
from headrisk.statistics.rates import (
    Det,
    Ranks,
    auc_from_counts,
    eer_from_counts,
    error_rates,
    person_means,
)
from headrisk.statistics.summary import Counts, ThresholdSummary, tested_threshold
from headrisk.statistics.unlinkability import unlinkability_of_mates
from headrisk.types import Estimate, FloatArray, IntArray

SHUFFLES = 200


def folds_of(
    counts: PairCounts, settings: Settings, rng: np.random.Generator, people: int
) -> IntArray | None:
    """(people,) the fold of every person number; None where there are too few people.

    ``rng`` is the one that :func:`headrisk.statistics.summary.summarise` gets afterwards, in the
    same state.
    """
    with_mate = np.isin(counts.people, counts.with_mate)
    dealt = deal(counts.people, with_mate, settings.folds, rng.spawn(3)[1])
    if not dealt:
        return None
    fold = np.zeros(people, np.int64)
    for number, members in enumerate(dealt):
        fold[members] = number
    return fold


@dataclass(frozen=True)
class SummedScores:
    """The pairs of one measure as a summary of them; see the module for what is exact.

    ``fold`` (people,) is that of every person number, None where there are too few people.
    """

    pairs: PairSummary
    people: PairCounts
    fold: IntArray | None

    @property
    def measure(self) -> str:
        return self.pairs.measure

    def counts(self) -> Counts:
        ranks = self.ranks()
        return Counts(
            persons=int(self.people.people.size),
            tested=int(self.people.with_mate.size),
            mated_pairs=int(self.pairs.mated.size),
            nonmated_pairs=self.pairs.total,
            nonmated_person_pairs=self.people.person_pairs,
            gallery_size=int(ranks.gallery.max()) if ranks.gallery.size else 0,
        )

    def ranks(self) -> Ranks:
        probe, better, tied, met = self.pairs.ranked
        return Ranks(probe, self.pairs.sides.probe_person[probe], better, tied, met)

    def shared_gallery(self) -> float:
        return 0.0

    def curves(self, repetitions: int, rng: np.random.Generator) -> CurveIntervals:
        auc, eer = _areas(self.pairs, repetitions, rng, int(self.people.people.size))
        return CurveIntervals(auc, eer, _d_prime(self.pairs, repetitions, rng))

    def thresholds(
        self, settings: Settings, rng: np.random.Generator
    ) -> Mapping[str, ThresholdSummary]:
        del rng  # the folds were dealt before the pairs were compared
        return _thresholds(self.pairs, self.people, self.fold, settings.mated_prior)

    def det(self) -> Det | None:
        return _det(self.pairs)

    def extremes(self) -> tuple[float | None, float | None]:
        least = float(self.pairs.mated.min()) if self.pairs.mated.size else None
        return least, self.pairs.highest if self.pairs.total else None

    def densities(self) -> DensityCurves | None:
        pairs = self.pairs
        found = binned_kernels(
            pairs.mated, pairs.edges, pairs.histogram, np.sqrt(pairs.variance), self._weight()
        )
        return None if found is None else density_curves(found)

    def d_sys(self, repetitions: int, rng: np.random.Generator) -> Estimate | None:
        densities = self.densities()
        if densities is None:
            return None
        index = np.unique(_mated_person(self.pairs), return_inverse=True)[1]
        mates = (self.pairs.mated, self._weight(), index)
        return unlinkability_of_mates(densities, mates, repetitions, rng)

    def shuffled(self, rng: np.random.Generator) -> ShuffledControl | None:
        return _shuffled(self.pairs, self.ranks(), rng)

    def one_to_one(self, threshold: float | None) -> JoinedRates | None:
        del threshold  # an assignment of all people needs all scores
        return None

    def _weight(self) -> FloatArray:
        return person_weight(_mated_person(self.pairs))


def _areas(
    pairs: PairSummary, repetitions: int, rng: np.random.Generator, people: int
) -> tuple[Estimate | None, Estimate | None]:
    """AUC and EER with intervals from resampled people and resampled non-mated scores."""
    if not pairs.mated.size or not pairs.total:
        return None, None
    distinct, index = np.unique(pairs.mated, return_inverse=True)
    owners, person = np.unique(_mated_person(pairs), return_inverse=True)
    strangers = pairs.places.astype(np.float64)

    def curves(weight: FloatArray, nonmated: FloatArray) -> tuple[float, float]:
        places = np.bincount(2 * index + 1, weight, 2 * distinct.size + 1).astype(np.float64)
        return auc_from_counts(places, nonmated), eer_from_counts(places, nonmated)

    own = person_weight(person)
    auc, eer = curves(own, strangers)
    independent, share = max(people // 2, 1), strangers / pairs.total
    apart = left_out(owners.size, rng)
    drawn = [
        curves(own * row[person], rng.multinomial(independent, share).astype(np.float64))
        for row in person_weights(owners.size, repetitions, rng)
    ]
    values = np.array(drawn)
    left = [curves(own * row[person], independent * share) for row in apart]
    without = np.array(left).reshape(-1, 2)
    freedom = [freedom_of(part, owners.size, owners.size) for part in without.T]
    return (
        _rate_interval(auc, values[:, 0], owners.size, freedom[0]),
        _rate_interval(eer, values[:, 1], owners.size, freedom[1]),
    )


def _rate_interval(value: float, draws: FloatArray, people: int, freedom: float | None) -> Estimate:
    value = at_end(value)
    if value in (0.0, 1.0):
        bound = zero_event_bound(people)
        low, high = (1.0 - bound, 1.0) if value == 1.0 else (0.0, bound)
        return Estimate(value, low, high, people, "rule of three on people")
    return logit_interval(value, draws, people, 0.5, freedom)


def _d_prime(pairs: PairSummary, repetitions: int, rng: np.random.Generator) -> Estimate | None:
    mated = pairs.mated
    if mated.size < 2 or pairs.total < 2:
        return None
    owners, person = np.unique(_mated_person(pairs), return_inverse=True)
    own = person_weight(person)
    centre = float(own @ mated) / mated.size
    variance = float(own @ (mated - centre) ** 2) / (mated.size - 1)
    spread = np.sqrt((variance + pairs.variance) / 2)
    if spread <= 1e-12 * max(np.abs(mated).max(), abs(pairs.lowest), abs(pairs.highest)):
        return None
    apart = left_out(owners.size, rng)
    rows = np.concatenate([apart, person_weights(owners.size, repetitions, rng)])
    rows = rows[:, person] * own
    total = np.maximum(rows.sum(axis=1), 1e-12)
    mean = rows @ mated / total
    varied = np.maximum(rows @ mated**2 - total * mean**2, 0) / np.maximum(total - 1, 1)
    values = (mean - pairs.mean) / np.sqrt((varied + pairs.variance) / 2)
    without, draws = np.split(values, [len(apart)])
    freedom = freedom_of(without, owners.size, owners.size)
    return normal_interval(float((centre - pairs.mean) / spread), draws, owners.size, freedom)


def _mated_person(pairs: PairSummary) -> IntArray:
    return pairs.sides.probe_person[pairs.mated_probe]


def _det(pairs: PairSummary) -> Det | None:
    """False match rates are exact at the edges, missed matches everywhere."""
    if not pairs.mated.size or not pairs.total:
        return None
    filled = np.flatnonzero(pairs.histogram)
    part = slice(filled[0], filled[-1] + 2)
    edges, accepted = pairs.edges[part], _accepted(pairs.histogram)[part]
    mated = np.unique(pairs.mated)
    below, above = mated[mated < edges[0]], mated[mated > edges[-1]]
    last = np.nextafter(max(mated[-1], edges[-1]), np.inf)
    thresholds = np.concatenate([below, edges, above, [last]])
    fmr = np.concatenate([np.full(below.size, pairs.total), accepted, np.zeros(above.size + 1)])
    weight = person_weight(_mated_person(pairs))
    missed = error_rates(pairs.mated, np.zeros(1), thresholds, (weight, np.ones(1)))[1]
    return Det(thresholds, fmr / pairs.total, missed)


def _accepted(histogram: IntArray) -> IntArray:
    """(bins + 1,) scores at or above each edge."""
    above: IntArray = np.append(np.cumsum(histogram[::-1])[::-1], 0)
    return above


def _fixed_rate(edges: FloatArray, histogram: IntArray, rate: float) -> float:
    """The lowest edge that accepts at most this share."""
    allowed = int(np.floor(rate * int(histogram.sum()) + 1e-9))
    return float(edges[int(np.argmax(_accepted(histogram) <= allowed))])


def _thresholds(
    pairs: PairSummary, counts: PairCounts, fold: IntArray | None, prior: float
) -> Mapping[str, ThresholdSummary]:
    person = _mated_person(pairs)
    folds = 0 if fold is None else len(pairs.counts)
    own = np.zeros(person.size, np.int64) if fold is None else fold[person]
    found = {}
    for name in ("kde", *FALSE_MATCH_RATES):
        everybody = (pairs.mated, person)
        whole = _fit(name, everybody, pairs.edges, pairs.histogram, counts.person_pairs, prior)
        tests = []
        for test in range(folds):
            rest = [k for k in range(folds) if k != test]
            training = pairs.counts[np.ix_(rest, rest)].sum(axis=(0, 1))
            share = (len(rest) / folds) ** 2
            fitted = _fit(
                name,
                (pairs.mated[own != test], person[own != test]),
                pairs.edges,
                training,
                int(counts.person_pairs * share),
                prior,
            )
            if fitted.value is not None:
                tests.append((test, fitted.value))
        found[name] = _tested(pairs, whole, tests, own, person, int(counts.people.size))
    unsupervised = _unsupervised(pairs)
    found["unsupervised"] = tested_threshold(
        unsupervised, None, None, (0, 0), (0, 0), NoThreshold("not tested")
    )
    return found


def _fit(
    name: str,
    mated: tuple[FloatArray, IntArray],
    edges: FloatArray,
    histogram: IntArray,
    people: int,
    prior: float,
) -> Threshold:
    if name in FALSE_MATCH_RATES:
        rate = FALSE_MATCH_RATES[name]
        if people < np.ceil(1 / rate - 1e-9):
            return Threshold(None, NoThreshold("few pairs", int(np.ceil(1 / rate - 1e-9))))
        return Threshold(_fixed_rate(edges, histogram, rate))
    scores, person = mated
    pair = binned_kernels(scores, edges, histogram, None, person_weight(person))
    if pair is None:
        return Threshold(None, NoThreshold("nothing to tell apart"))
    value = crossing(pair, prior)
    return Threshold(value, NoThreshold("never higher", prior=prior) if value is None else None)


def _tested(
    pairs: PairSummary,
    whole: Threshold,
    tests: list[tuple[int, float]],
    own: IntArray,
    person: IntArray,
    people: int,
) -> ThresholdSummary:
    """Errors in the test folds; pairs in the bin that holds a threshold count as accepted."""
    false = compared = 0
    missed = np.zeros(person.size, np.bool_)
    used = np.zeros(person.size, np.bool_)
    for test, value in tests:
        histogram = pairs.counts[test, test]
        place = int(np.searchsorted(pairs.edges, value, side="right")) - 1
        false += int(_accepted(histogram)[int(np.clip(place, 0, histogram.size))])
        compared += int(histogram.sum())
        missed |= (own == test) & (pairs.mated < value)
        used |= own == test
    numbers, index = np.unique(person[used], return_inverse=True)
    wrong = np.bincount(index, missed[used], numbers.size).astype(np.float64)
    shown = np.bincount(index, minlength=numbers.size).astype(np.float64)
    errors, mated = int(missed.sum()), int(used.sum())
    return tested_threshold(
        whole,
        _false_match_rate(false, compared, people),
        mated_rate(*each_once(wrong, shown)) if mated else None,
        (false, compared),
        (errors, mated),
        None if tests else whole.reason or NoThreshold("few people"),
    )


def _false_match_rate(false: int, compared: int, people: int) -> Estimate | None:
    if not compared:
        return None
    independent = max(people // 2, 1)
    if not false:
        bound = zero_event_bound(independent)
        return Estimate(0.0, 0.0, bound, people, "rule of three on people")
    return wilson(false / compared * independent, independent, people)


def _unsupervised(pairs: PairSummary) -> Threshold:
    there = np.isfinite(pairs.top_scores[:, :2]).all(axis=1)
    first, second = pairs.top_scores[there, :2].T
    fit = fit_best_scores(first, second, np.unique(pairs.sides.gallery_person).size)
    if fit is None:
        return Threshold(None, NoThreshold("few probes"))
    if not fit.convincing:
        return Threshold(None, NoThreshold("one group"))
    return Threshold(posterior_crossing(fit, first.size))


def _shuffled(pairs: PairSummary, ranks: Ranks, rng: np.random.Generator) -> ShuffledControl | None:
    """Rank 1 where the labels of the gallery's people are permuted; ties among the kept share."""
    people = np.unique(pairs.sides.gallery_person)
    if people.size < 2 or not ranks.probe.size:
        return None
    scores, found = pairs.top_scores[ranks.probe], pairs.top[ranks.probe]
    first = (scores == scores[:, :1]) & (found >= 0)
    share = first / np.maximum(first.sum(axis=1, keepdims=True), 1)
    who = np.searchsorted(people, pairs.sides.gallery_person[found])
    column = np.searchsorted(people, ranks.person)

    def rank1(drawn: IntArray) -> float:
        hit = np.where(who == drawn[:, None], share, 0).sum(axis=1)
        return float(person_means(hit, ranks.person)[1].mean())

    truth = rank1(column)
    drawn = [rank1(rng.permutation(people.size)[column]) for _ in range(SHUFFLES)]
    better = sum(value >= truth - 1e-12 for value in drawn)
    high = float(np.percentile(drawn, 95))
    share_better = (1 + better) / (1 + SHUFFLES)
    return ShuffledControl(float(np.mean(drawn)), high, None, share_better, SHUFFLES)
