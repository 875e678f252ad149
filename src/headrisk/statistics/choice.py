"""The strongest attack of a run, and its rate corrected for having been chosen.

A run tries many attacks: every measure, by searching for one person and by assigning all people
one to one. The best of them by luck alone looks better than guessing. So people are split at
random into halves; the attack is chosen on one half and its successes are counted in the other,
and this is done over and over. The mean is an unbiased rate of an attack that was chosen on half
as many people. Two halves are used rather than many folds because leaving few people out nearly
always chooses the same attack, luck included (Stone 1974, J R Stat Soc B 36:111-147, on choice by
cross-validation). The control makes the same choice on shuffled labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from headrisk.linkage.pairs import best_per_person, finite_scores, own_columns, restrict
from headrisk.linkage.whole_sets import assigned, found_without
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.joined import assigned_share, assignment_variance, deal, half_jackknife
from headrisk.statistics.openset import search_variance
from headrisk.statistics.rates import Ranks, first_among, mate_ranks, person_means
from headrisk.statistics.summary import MeasureSummary
from headrisk.types import BoolArray, Estimate, FloatArray, IntArray, PairScores

Attack = Literal["search", "assignment"]
How = Literal["only attack", "too few people", "halves of people", "halves, by contrast pair"]

SPLITS = 20
BY_PAIR = "by-contrast-pair"  # the measure that takes the strongest one for each pair
CONTROL_SPLITS = 2
SHUFFLES = 100
FEWEST_PEOPLE = 4  # to choose on some and to count others
STEADY = 0.9  # share of choices from which on an attack counts as chosen without doubt
_TIE = 1e-3  # weight of how far up the mate stands, where as many people are found


@dataclass(frozen=True)
class Nested:
    """What choosing comes to, from the successes of every candidate with every person.

    Attributes
    ----------
    value
        Corrected rate: mean over people and splits.
    per_person
        (people,) share of the splits in which the attack chosen without the person finds him or
        her.
    best
        Candidates from the strongest on all people to the weakest.
    share
        Share of choices that fell on ``best[0]``.
    drawn
        (splits, people) all halves.
    halves, orders
        Of the split whose rate lies nearest to ``value``: (people,) the half of each, and for
        either half the candidates, strongest first, as ranked on the other one.
    """

    value: float
    per_person: FloatArray
    best: IntArray
    share: float
    drawn: BoolArray
    halves: BoolArray
    orders: tuple[IntArray, IntArray]


@dataclass(frozen=True)
class PairChoice:
    """The attack chosen for one pair of contrasts, on all people."""

    pair: str
    measure: str
    attack: Attack


@dataclass(frozen=True)
class Choice:
    """Which attack speaks for a modality, and how it was chosen.

    Attributes
    ----------
    measure, attack
        The strongest on all people: a search for one person, or an assignment of all.
    how
        Reason code.
    rank1
        Share of people found, corrected for having chosen.
    candidates
        Number of attacks that took part.
    share
        Share of all choices that fell on this attack.
    control, control_high, p_value
        The same choice on shuffled labels: mean and 95th percentile of its rate, and share of the
        shuffles (the true labels counted in) that do at least as well. None without any.
    pairs
        Attack by pair of contrasts, where there are several.
    """

    measure: str
    attack: Attack
    how: How
    rank1: Estimate | None
    candidates: int
    share: float
    control: float | None
    control_high: float | None
    p_value: float | None
    pairs: tuple[PairChoice, ...] = ()


@dataclass(frozen=True)
class Strongest:
    """The choice, the scores that stand for it, and how many people plain assignment finds.

    ``scores`` are those of the chosen attack; where the two halves of people chose differently,
    each person's row is that of the attack chosen on the other half, all on one scale.
    ``one_to_one`` is by measure.
    """

    choice: Choice
    scores: PairScores
    one_to_one: Mapping[str, Estimate]


@dataclass(frozen=True)
class Evaluated:
    """Rates of every measure, and of the strongest attack among them all.

    ``scores`` are those that stand for the strongest attack, ``headline`` their rates with the
    rank-1 rate and the control corrected for having chosen. All three are None where no pair could
    be compared, the scores also where they were too many to keep. ``one_to_one`` is how many
    people plain assignment finds, by measure.
    """

    summaries: tuple[MeasureSummary, ...]
    scores: PairScores | None = None
    headline: MeasureSummary | None = None
    choice: Choice | None = None
    one_to_one: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class _Candidate:
    """``joined`` are the scores that an assignment was made from; None for a search."""

    measure: str
    attack: Attack
    scores: PairScores
    joined: PairScores | None = None


def nested_choice(
    outcomes: FloatArray,
    rng: np.random.Generator,
    places: FloatArray | None = None,
    splits: int = SPLITS,
) -> Nested:
    """Choose among attacks on some people and count their successes among others.

    Parameters
    ----------
    outcomes
        (candidates, people) probability that each finds each person, 0 to 1; NaN where a candidate
        cannot search for a person, whom the next strongest is then asked for. Of equal candidates
        the first is taken.
    rng
        Source of the splits.
    places
        (candidates, people) share of other people whom the mate stands before, which decides
        between candidates that find equally many.
    splits
        Number of random splits into halves.

    Returns
    -------
    Nested
        With fewer than four people none can be left out: the strongest on all of them speaks,
        uncorrected.
    """
    strength = _strength(outcomes, places)
    people = outcomes.shape[1]
    best = _ranking(strength, np.ones(people, dtype=np.bool_))
    if outcomes.shape[0] == 1 or people < FEWEST_PEOPLE:
        found = _taken(outcomes, best)
        halves = np.zeros(people, dtype=np.bool_)
        value = float(found.mean()) if people else 0.0
        return Nested(value, found, best, 1.0, halves[None, :], halves, (best, best))
    drawn = np.array([rng.permutation(people) % 2 == 1 for _ in range(splits)])
    found, orders = _split(outcomes, strength, drawn)
    rates = found.mean(axis=1)
    near = int(np.argmin(np.abs(rates - rates.mean())))
    share = np.mean([order[0] == best[0] for pair in orders for order in pair])
    return Nested(
        value=float(rates.mean()),
        per_person=found.mean(axis=0),
        best=best,
        share=float(share),
        drawn=drawn,
        halves=drawn[near],
        orders=orders[near],
    )


def _split(
    outcomes: FloatArray, strength: FloatArray, drawn: BoolArray
) -> tuple[FloatArray, list[tuple[IntArray, IntArray]]]:
    """(splits, people) outcomes of what was chosen on the other half, and candidates' orders."""
    orders = [(_ranking(strength, half), _ranking(strength, ~half)) for half in drawn]
    found = [
        np.where(half, _taken(outcomes, second), _taken(outcomes, first))
        for half, (first, second) in zip(drawn, orders, strict=True)
    ]
    return np.array(found), orders


def _strength(outcomes: FloatArray, places: FloatArray | None) -> FloatArray:
    known = np.where(np.isfinite(outcomes), outcomes, 0.0)
    return known if places is None else known + _TIE * np.where(np.isfinite(places), places, 0)


def _ranking(strength: FloatArray, people: BoolArray) -> IntArray:
    """Candidates by their mean over these people, the strongest first, ties as they stand."""
    means = strength[:, people].sum(axis=1) / max(int(np.count_nonzero(people)), 1)
    return np.argsort(-np.round(means, 12), kind="stable").astype(np.int64)


def _taken(outcomes: FloatArray, order: IntArray) -> FloatArray:
    """(people,) outcome of the first candidate in order that can search for each person."""
    sorted_rows = outcomes[order]
    can = np.isfinite(sorted_rows)
    first = np.argmax(can, axis=0)
    found = sorted_rows[first, np.arange(outcomes.shape[1])]
    return np.where(can.any(axis=0), found, 0.0)


@dataclass(frozen=True)
class Tried:
    """Every attack tried on the same people, by search and by assignment.

    ``people`` are those whom at least one can search for, ``ranks`` where each attack puts mates.
    """

    people: IntArray
    ranks: tuple[Ranks, ...]
    candidates: tuple[_Candidate, ...]

    @property
    def gallery(self) -> int:
        """Fewest people any search was made among; 0 where there is none."""
        return min((int(one.gallery.min()) for one in self.ranks if one.gallery.size), default=0)

    def outcomes(self, people: IntArray, size: int | None = None) -> tuple[FloatArray, FloatArray]:
        """What :func:`nested_choice` asks for: (attacks, people) found first, and mates' places.

        In random galleries of ``size`` people, or in the galleries as they are.
        """
        return _outcomes(self.ranks, people, size)

    def scores(self, nested: Nested, people: IntArray) -> PairScores:
        """Scores that stand for the strongest attack on the people of a choice."""
        return _composite(self.candidates, nested, people)

    def without(
        self, nested: Nested, people: IntArray, group: IntArray, rng: np.random.Generator
    ) -> FloatArray:
        """(groups,) the rate with each group of people left out.

        All are assigned anew and the choice is made again, by the same halves; who searches for one
        person at a time finds the others as before.

        Parameters
        ----------
        nested, people
            The choice, and whom it was made on.
        group
            (person numbers,) of every person, as :func:`headrisk.statistics.joined.deal` gives it.
        """
        outcomes, places = self.outcomes(people)
        joint = []
        for row, one in enumerate(self.candidates):
            if one.joined is not None:
                who, found = found_without(one.joined, group, rng)
                at = np.minimum(np.searchsorted(who, people), who.size - 1)
                joint.append((row, np.where(who[at] == people, found[:, at], False)))
        rates = []
        for left_out in np.unique(group[people]):
            kept = group[people] != left_out
            if not kept.any():
                continue
            part = outcomes[:, kept]
            for row, found in joint:
                part[row] = np.where(np.isfinite(part[row]), found[left_out][kept], np.nan)
            strength = _strength(part, places[:, kept])
            rates.append(float(_split(part, strength, nested.drawn[:, kept])[0].mean()))
        return np.array(rates)

    def rate(
        self,
        nested: Nested,
        scores: PairScores,
        size: int | None,
        variance: float,
        probes: int | None = None,
    ) -> Estimate | None:
        """Share of people found in random galleries of ``size`` people, by what was chosen.

        ``variance`` is that of leaving people out (:meth:`without`); that of sharing a gallery is
        added where it is larger.
        """
        variance = max(search_variance(scores, size), variance)
        if self.candidates[int(nested.best[0])].attack == "assignment":
            return assigned_share(nested.per_person, variance, probes)
        return share_of_people(nested.per_person, probes, variance)

    def everybody(self) -> IntArray:
        """Person numbers of all who are searched for or found."""
        first = self.candidates[0].scores
        return np.union1d(first.probe_person, first.gallery_person).astype(np.int64)


def try_all(scores: Mapping[str, PairScores], rng: np.random.Generator) -> Tried:
    """Every measure by search, then every measure by assignment; ``rng`` decides ties.

    All measures have the same probes and the same gallery.
    """
    return _tried(_candidates(scores, rng))


def _tried(candidates: Sequence[_Candidate]) -> Tried:
    ranks = tuple(mate_ranks(one.scores) for one in candidates)
    return Tried(_people(candidates), ranks, tuple(candidates))


def choose(
    scores: Mapping[str, PairScores],
    rng: np.random.Generator,
    *,
    pairs: tuple[Sequence[str], IntArray] | None = None,
    splits: int = SPLITS,
    shuffles: int = SHUFFLES,
) -> Strongest:
    """Choose the strongest of all attacks on the same people, and correct its rate for that.

    Parameters
    ----------
    scores
        By measure, at least one, all with the same probes and gallery; of equally strong measures
        the first is taken.
    rng
        Source of the splits and of the shuffled labels.
    pairs
        Names of the pairs of contrasts, and (probes, gallery) which of them a pair of scans is, -1
        where unknown: the choice is made for each.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    for_splits, for_control, for_pairs, for_ties = rng.spawn(4)
    candidates = _candidates(scores, for_ties)
    by_pair: tuple[PairChoice, ...] = ()
    if pairs is not None and np.unique(pairs[1][pairs[1] >= 0]).size > 1:
        mixed, by_pair = _by_pair(candidates, *pairs, for_pairs)
        joined = assigned(mixed.scores, for_ties)
        both = (
            [mixed]
            if joined is None
            else [mixed, _Candidate(BY_PAIR, "assignment", joined, mixed.scores)]
        )
        candidates = [*both, *candidates]
    tried = _tried(candidates)
    people = tried.people
    outcomes, places = tried.outcomes(people)
    nested = nested_choice(outcomes, for_splits, places, splits)
    control = _control(candidates, people, for_control, shuffles)
    chosen = candidates[int(nested.best[0])]
    composed = tried.scores(nested, people)
    estimate = None
    if people.size and _largest_gallery(candidates) > 1:
        probes = int(np.isin(candidates[0].scores.probe_person, people).sum())
        without = tried.without(nested, people, deal(tried.everybody(), for_ties), for_ties)
        estimate = tried.rate(
            nested,
            composed,
            None,
            half_jackknife(without),
            probes if nested.share >= STEADY else None,
        )
    better = sum(one >= nested.value - 1e-12 for one in control)
    choice = Choice(
        measure=chosen.measure,
        attack=chosen.attack,
        how=_how(len(candidates), people.size, mixed=bool(by_pair)),
        rank1=estimate,
        candidates=len(candidates),
        share=nested.share,
        control=float(np.mean(control)) if control else None,
        control_high=float(np.percentile(control, 95)) if control else None,
        p_value=(1 + better) / (1 + len(control)) if control else None,
        pairs=by_pair,
    )
    one_to_one = {
        one.measure: assigned_share(row, assignment_variance(one.joined, for_ties))
        for one, row in zip(candidates, np.nan_to_num(outcomes), strict=True)
        if one.joined is not None and one.measure in scores and people.size
    }
    return Strongest(
        choice,
        replace(composed, measure=chosen.measure),
        {name: rate for name, rate in one_to_one.items() if rate is not None},
    )


def choose_large(
    ranks: Mapping[str, Ranks], summaries: Sequence[MeasureSummary], rng: np.random.Generator
) -> Evaluated:
    """The strongest measure where too many pairs were compared to keep their scores.

    Only searches take part, and the control is that of the chosen measure.

    Parameters
    ----------
    ranks
        By measure, where each mate stands.
    summaries
        Of the same measures in the same order.
    """
    people = np.unique(np.concatenate([one.person for one in ranks.values()])).astype(np.int64)
    outcomes, places = _outcomes(list(ranks.values()), people)
    nested = nested_choice(outcomes, rng, places)
    chosen = summaries[int(nested.best[0])]
    shuffled = chosen.shuffled
    steady = nested.share >= STEADY
    probes = int(next(iter(ranks.values())).probe.size)
    rate = share_of_people(nested.per_person, probes if steady else None)
    rate = None if chosen.rank1 is None else rate
    choice = Choice(
        measure=chosen.measure,
        attack="search",
        how=_how(len(ranks), people.size, mixed=False),
        rank1=rate,
        candidates=len(ranks),
        share=nested.share,
        control=shuffled.rank1 if shuffled else None,
        control_high=shuffled.rank1_high if shuffled else None,
        p_value=shuffled.p_value if shuffled else None,
    )
    return Evaluated(tuple(summaries), None, replace(chosen, rank1=rate), choice)


def _how(candidates: int, people: int, *, mixed: bool) -> How:
    if candidates == 1:
        return "only attack"
    if people < FEWEST_PEOPLE:
        return "too few people"
    return "halves, by contrast pair" if mixed else "halves of people"


def _candidates(scores: Mapping[str, PairScores], rng: np.random.Generator) -> list[_Candidate]:
    """Every measure by search, then every measure by assignment."""
    plain = [_Candidate(name, "search", finite_scores(one)) for name, one in scores.items()]
    joined = [(one, assigned(one.scores, rng)) for one in plain]
    return [
        *plain,
        *(_Candidate(one.measure, "assignment", two, one.scores) for one, two in joined if two),
    ]


def _people(candidates: Sequence[_Candidate]) -> IntArray:
    """People whom at least one candidate can search for."""
    found = [one.scores.probe_person[one.scores.mated.any(axis=1)] for one in candidates]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _largest_gallery(candidates: Sequence[_Candidate]) -> int:
    return max(int(np.unique(one.scores.gallery_person).size) for one in candidates)


def _outcomes(
    candidates: Sequence[Ranks], people: IntArray, size: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """(candidates, people) found first, and share of others whom the mate stands before.

    In random galleries of ``size`` people, or in the galleries as they are.
    """
    found = np.full((len(candidates), people.size), np.nan)
    place = np.full((len(candidates), people.size), np.nan)
    for row, every in enumerate(candidates):
        ranks = every.only(np.isin(every.person, people))
        hits = ranks.within(1) if size is None else first_among(ranks, size)
        who, means, _ = person_means(hits, ranks.person)
        before = 1 - (ranks.better + ranks.tied / 2) / np.maximum(ranks.gallery - 1, 1)
        at = np.searchsorted(people, who)
        found[row, at] = means
        place[row, at] = person_means(before, ranks.person)[1]
    return found, place


def _control(
    candidates: Sequence[_Candidate], people: IntArray, rng: np.random.Generator, shuffles: int
) -> list[float]:
    """Corrected rates of the same choice where the labels of gallery people are shuffled."""
    best = [best_per_person(one.scores) for one in candidates]
    gallery = best[0].people
    if gallery.size < 2 or not people.size:
        return []
    rows = np.flatnonzero(np.isin(candidates[0].scores.probe_person, people))
    rows = rows[own_columns(best[0])[1][rows]]
    if not rows.size:
        return []
    column, person = own_columns(best[0])[0][rows], candidates[0].scores.probe_person[rows]
    first = np.stack([_first_column(one.values[rows], rng) for one in best])
    _, index, counts = np.unique(person, return_inverse=True, return_counts=True)
    found = []
    for _ in range(shuffles):
        hits = first == rng.permutation(gallery.size)[column][None, :]
        sums = np.stack([np.bincount(index, row, counts.size) for row in hits])
        found.append(nested_choice(sums / counts, rng, splits=CONTROL_SPLITS).value)
    return found


def _first_column(values: FloatArray, rng: np.random.Generator) -> IntArray:
    """(probes,) the column that comes first, one at random among equals; -1 where there is none."""
    top = (values == values.max(axis=1, keepdims=True)) & np.isfinite(values)
    drawn = np.where(top, rng.random(values.shape), -1.0)
    return np.where(top.any(axis=1), drawn.argmax(axis=1), -1).astype(np.int64)


def _composite(candidates: Sequence[_Candidate], nested: Nested, people: IntArray) -> PairScores:
    """Each person's row from the attack that was chosen without that person."""
    first = candidates[0].scores
    orders = nested.orders
    if orders[0][0] == orders[1][0] and _covers(candidates[int(orders[0][0])].scores, people):
        return candidates[int(orders[0][0])].scores
    half = np.zeros(first.probe_person.size, dtype=np.int64)
    at = np.searchsorted(people, first.probe_person)
    inside = np.isin(first.probe_person, people)
    half[inside] = nested.halves[at[inside]]
    values, usable = np.zeros(first.values.shape), np.zeros(first.usable.shape, dtype=np.bool_)
    searched = np.any([one.scores.mated.any(axis=1) for one in candidates], axis=0)
    for side in (0, 1):
        left = half == side
        for number in orders[side].tolist():
            one = candidates[int(number)].scores
            can = left & (one.mated.any(axis=1) | ~searched)
            if can.any():
                values[can] = evidence(one, one.usable, left & inside)[can]
                usable[can] = one.usable[can]
                left = left & ~can
    return replace(first, values=np.where(usable, values, 0.0), usable=usable)


def _covers(scores: PairScores, people: IntArray) -> bool:
    return bool(np.isin(people, scores.probe_person[scores.mated.any(axis=1)]).all())


def evidence(
    scores: PairScores, part: BoolArray | None = None, left_out: BoolArray | None = None
) -> FloatArray:
    """Scores as log likelihood ratios of two normals of one width, so that measures compare.

    ``part`` (probes, gallery) are the pairs to learn from, ``left_out`` (probes,) rows not to.
    Where mates do not stand out the scores say nothing and become 0.
    """
    part = scores.usable if part is None else part
    left_out = np.zeros(scores.probe_person.size, np.bool_) if left_out is None else left_out
    mates = scores.mated & part & ~left_out[:, None]
    mates = mates if mates.any() else scores.mated & part
    others = scores.nonmated & part
    if not mates.any() or not others.any():
        return np.zeros(scores.values.shape)
    centre, spread = float(scores.values[others].mean()), float(scores.values[others].std())
    if spread <= 0:
        return np.zeros(scores.values.shape)
    ahead = max((float(np.median(scores.values[mates])) - centre) / spread, 0.0)
    return np.asarray(ahead * (scores.values - centre) / spread - ahead**2 / 2)


def _by_pair(
    candidates: Sequence[_Candidate],
    names: Sequence[str],
    codes: IntArray,
    rng: np.random.Generator,
) -> tuple[_Candidate, tuple[PairChoice, ...]]:
    """One more candidate: for each pair of contrasts the attack that is strongest in it.

    The choice in a pair is made on one half of the people for the other half, as always.
    """
    searches = [one for one in candidates if one.attack == "search"]
    first = searches[0].scores
    values, usable = np.zeros(first.values.shape), np.zeros(first.usable.shape, dtype=np.bool_)
    told = []
    for code in [int(one) for one in np.unique(codes)]:
        part = codes == code
        inside = [replace(one, scores=restrict(one.scores, part)) for one in searches]
        people = _people(inside)
        outcomes, places = _outcomes([mate_ranks(one.scores) for one in inside], people)
        nested = nested_choice(outcomes, rng, places)
        composed = _composite(inside, nested, people)
        usable |= composed.usable
        values = np.where(composed.usable, evidence(composed, part), values)
        if code >= 0 and people.size:
            best = inside[int(nested.best[0])]
            told.append(PairChoice(names[code], best.measure, best.attack))
    mixed = replace(first, values=values, usable=usable)
    return _Candidate(BY_PAIR, "search", mixed), tuple(told)
