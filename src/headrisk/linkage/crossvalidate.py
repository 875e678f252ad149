"""Thresholds fitted on some people and tested on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from headrisk.linkage.decide import NoThreshold, Rule, Threshold
from headrisk.linkage.pairs import among_people, pair_sample
from headrisk.types import BoolArray, IntArray, PairScores

FEWEST_PEOPLE = 4


@dataclass(frozen=True)
class TestedThreshold:
    """A rule's threshold on all people, and its errors on people it was not fitted on.

    ``people`` are person numbers; the ``_person`` and ``_side`` arrays are indices into them.
    Each mated and non-mated test pair stands once, with whether the decision was wrong.
    ``reason`` says why nothing could be tested, else it is None. ``fitted`` holds the thresholds
    of the folds that tested.
    """

    threshold: Threshold
    people: IntArray
    mated_person: IntArray
    false_nonmatch: BoolArray
    probe_side: IntArray
    gallery_side: IntArray
    false_match: BoolArray
    folds: int
    reason: NoThreshold | None = None
    fitted: tuple[float, ...] = ()


def deal_folds(scores: PairScores, folds: int, rng: np.random.Generator) -> list[IntArray]:
    """Deal people to folds at random, those with mated pairs first so that they spread evenly.

    Every fold gets at least two people; fewer than four people give no folds.
    """
    sample = pair_sample(scores)
    with_mate = np.zeros(sample.people.size, dtype=np.bool_)
    with_mate[sample.mated_person] = True
    return deal(sample.people, with_mate, folds, rng)


def deal(
    people: IntArray, with_mate: BoolArray, folds: int, rng: np.random.Generator
) -> list[IntArray]:
    """Deal people, of whom some have mated pairs, to folds; see :func:`deal_folds`."""
    count = min(folds, people.size // 2)
    if people.size < FEWEST_PEOPLE or count < 2:
        return []
    order = rng.permutation(people.size)
    order = np.concatenate([order[with_mate[order]], order[~with_mate[order]]])
    return [np.sort(people[order[start::count]]) for start in range(count)]


def cross_validate(
    scores: PairScores, rules: Mapping[str, Rule], folds: int, rng: np.random.Generator
) -> dict[str, TestedThreshold]:
    """Fit every rule on the training people and count its errors among the test people.

    A pair is used for fitting where both its people are training people and for testing where
    both are test people. Pairs that straddle the two groups are left out, because one of their
    ends has been seen. Folds in which a rule finds no threshold test nothing.
    """
    dealt = deal_folds(scores, folds, rng)
    blocks = []
    for index, test in enumerate(dealt):
        training = np.concatenate([part for k, part in enumerate(dealt) if k != index])
        blocks.append((among_people(scores, training), among_people(scores, test)))
    return {name: _test(scores, rule, blocks) for name, rule in rules.items()}


def _test(
    scores: PairScores, rule: Rule, blocks: list[tuple[PairScores, PairScores]]
) -> TestedThreshold:
    people = np.unique(np.concatenate([scores.probe_person, scores.gallery_person]))
    mated, missed = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
    probe, gallery, false = [mated[0]], [mated[0]], [missed[0]]
    fits: list[float] = []
    reason = None if blocks else NoThreshold("few people")
    for training, test in blocks:
        fitted = rule(training)
        if fitted.value is None:
            reason = fitted.reason and replace(fitted.reason, held_out=True)
            continue
        fits.append(fitted.value)
        sample = pair_sample(test)
        place = np.searchsorted(people, sample.people)
        mated.append(place[sample.mated_person])
        missed.append(sample.mated < fitted.value)
        probe.append(place[sample.probe_side])
        gallery.append(place[sample.gallery_side])
        false.append(sample.nonmated >= fitted.value)
    return TestedThreshold(
        threshold=rule(scores),
        people=people.astype(np.int64),
        mated_person=np.concatenate(mated),
        false_nonmatch=np.concatenate(missed),
        probe_side=np.concatenate(probe),
        gallery_side=np.concatenate(gallery),
        false_match=np.concatenate(false),
        folds=len(fits),
        reason=None if fits else reason,
        fitted=tuple(fits),
    )
