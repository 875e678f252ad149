"""Thresholds: from kernel densities, at a fixed false-match rate, or without any labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from headrisk.linkage.density import crossing, kernels
from headrisk.linkage.mixture import fit_top_scores, posterior_crossing, top_two
from headrisk.linkage.pairs import PairSample, pair_sample
from headrisk.types import BoolArray, PairScores

FALSE_MATCH_RATES = {"fmr_1e-2": 1e-2, "fmr_1e-3": 1e-3}


Why = Literal[
    "no mated pairs",
    "no non-mated pairs",
    "nothing to tell apart",  # pairs of one kind are missing, or all scores are equal
    "equal scores",
    "never higher",  # the mated density exceeds the other nowhere, at ``prior``
    "few pairs",  # ``needed`` non-mated pairs of people, where the data have ``have``
    "few probes",
    "one group",  # the probes' best scores do not fall into two
    "few people",
    "not tested",  # on a summary of very many pairs
]


@dataclass(frozen=True)
class NoThreshold:
    """Why there is no threshold, or no test of one; ``held_out``: on the people to fit it on."""

    why: Why
    needed: int = 0
    have: int | None = None
    prior: float = 0.0
    held_out: bool = False


@dataclass(frozen=True)
class Threshold:
    """A decision threshold, or None with the reason why the data give none."""

    value: float | None
    reason: NoThreshold | None = None


Rule = Callable[[PairScores], Threshold]


def threshold_rules(mated_prior: float = 0.5) -> Mapping[str, Rule]:
    """The rules of a run by name: kde, fmr_1e-2, fmr_1e-3, unsupervised."""
    rules: dict[str, Rule] = {"kde": partial(kde_threshold, prior=mated_prior)}
    for name, rate in FALSE_MATCH_RATES.items():
        rules[name] = partial(fixed_fmr_threshold, fmr=rate)
    rules["unsupervised"] = unsupervised_threshold
    return rules


def kde_threshold(scores: PairScores, *, prior: float = 0.5) -> Threshold:
    """Crossing of the mated and non-mated kernel densities at a stated prior.

    The decision rule of Sharma et al. (2026, arXiv 2602.10043). ``prior`` is the probability that
    a compared pair is mated.
    """
    sample = pair_sample(scores)
    if not sample.mated.size or not sample.nonmated.size:
        return Threshold(None, NoThreshold(_missing(sample)))
    weights = (sample.mated_weight, sample.nonmated_weight)
    pair = kernels(sample.mated, sample.nonmated, weights)
    if pair is None:
        return Threshold(None, NoThreshold("equal scores"))
    value = crossing(pair, prior)
    if value is None:
        return Threshold(None, NoThreshold("never higher", prior=prior))
    return Threshold(value)


def fixed_fmr_threshold(scores: PairScores, *, fmr: float) -> Threshold:
    """Lowest threshold that accepts at most a share ``fmr`` of the non-mated pairs.

    Every two people weigh the same, however many scans they have. The data support it only with at
    least 1/fmr distinct pairs of people.
    """
    sample = pair_sample(scores)
    needed, have = int(np.ceil(1.0 / fmr - 1e-9)), sample.person_pairs
    if have < needed:
        return Threshold(None, NoThreshold("few pairs", needed, have))
    order = np.argsort(-sample.nonmated, kind="stable")
    accepted = np.cumsum(sample.nonmated_weight[order])
    first = int(np.argmax(accepted > fmr * sample.nonmated.size + 1e-9))
    return Threshold(float(np.nextafter(sample.nonmated[order[first]], np.inf)))


def unsupervised_threshold(scores: PairScores) -> Threshold:
    """The threshold an outsider would set: no probe's identity is used (see ``mixture``)."""
    fit = fit_top_scores(scores)
    if fit is None:
        return Threshold(None, NoThreshold("few probes"))
    if not fit.convincing:
        return Threshold(None, NoThreshold("one group"))
    return Threshold(posterior_crossing(fit, top_two(scores)[0].size))


def accept(scores: PairScores, threshold: float) -> BoolArray:
    """(probes, gallery): the pair is usable and its score is at least the threshold."""
    accepted: BoolArray = scores.usable & (scores.values >= threshold)
    return accepted


def _missing(sample: PairSample) -> Why:
    if not sample.mated.size:
        return "no mated pairs"
    return "no non-mated pairs"
