"""What each model says of larger galleries, under every weighting of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrisk.statistics.forecast.models import (
    Beta,
    binomial_rates,
    fit_beta,
    fit_pitman_yor,
    log_linear_rates,
    pitman_yor_correctness,
    pitman_yor_grid,
)
from headrisk.statistics.forecast.searches import (
    Searches,
    identification_curve,
    weighted_counts,
)
from headrisk.statistics.forecast.tail import (
    TailData,
    TailFit,
    fit_tail,
    nobody_above,
    normal_tail,
    stranger_chance,
    tail_data,
)
from headrisk.types import FloatArray, IntArray

BINOMIAL, PITMAN_YOR, LOG_LINEAR = "binomial", "pitman-yor", "log-linear"
TAIL_MODELS = {
    "extreme-value": (False, False, False),
    "extreme-value with relatives apart": (False, True, False),
    "extreme-value per search": (True, False, False),
    "extreme-value per search with relatives apart": (True, True, False),
    "normal tail with relatives apart": (False, True, True),
    "normal tail per search with relatives apart": (True, True, True),
}
APART = tuple(name for name, (_, apart, _) in TAIL_MODELS.items() if apart)
PRIOR = {name: 2.0 if apart else 1.0 for name, (_, apart, _) in TAIL_MODELS.items()}
CALM, WIDE, LEAST = 0.85, 1.15, 0.05
CURVE_POINTS = 12
_BLOCK = 50


@dataclass(frozen=True)
class FittedTail:
    """A tail model fitted to all rows of weights.

    ``kept`` (repetitions,) is the share of searches that no relative decides, 1 where relatives
    are not set apart: the measured rank-1 rate over what strangers alone would leave of it.
    """

    tail: TailData
    fit: TailFit
    probe_weights: FloatArray
    kept: FloatArray


def curve_sizes(gallery: int) -> IntArray:
    """Gallery sizes at which the measured curve is read, evenly spaced in log N."""
    return np.unique(np.round(np.geomspace(2, gallery, CURVE_POINTS))).astype(np.int64)


def tail_models(searches: Searches, weights: FloatArray) -> dict[str, FittedTail]:
    """Fit the tail models under each row of ``weights``; those that cannot be are left out.

    The weight of a pair is the product of those of its people, which makes the noise of pairs
    three times as large as it is (Owen 2007). The tails are therefore fitted under weights that
    vary less; what is averaged over searches keeps all of their variance. With relatives apart they
    vary more: a relative who is not the best stranger of a search still is in the tail.
    """
    shares = np.stack([searches.probe_weights(row) for row in weights])
    vary = {apart: 1.0 + part * (weights - 1.0) for apart, part in ((False, CALM), (True, WIDE))}
    vary = {apart: np.maximum(rows, LEAST) for apart, rows in vary.items()}
    drawn = {
        apart: np.stack([searches.probe_weights(row) for row in rows])
        for apart, rows in vary.items()
    }
    level = searches.mate[:, None]
    better = np.count_nonzero(searches.values > level, axis=1)
    tied = np.count_nonzero(searches.values == level, axis=1)
    measured = shares @ ((better == 0) / (tied + 1.0))
    known = searches.comparable.sum(axis=1).astype(np.float64)
    pooled = {way: tail_data(searches, per_search=way) for way in (False, True)}
    fits: dict[tuple[bool, bool], TailFit] = {}
    found = {}
    for name, (per_search, apart, normal) in TAIL_MODELS.items():
        tail = pooled[per_search]
        if tail is None or (normal and tail.body_places[0] >= tail.body_places[1]):
            continue
        if (per_search, apart) not in fits:
            fits[per_search, apart] = fit_tail(tail, vary[apart], drawn[apart], apart)
        fit = fits[per_search, apart]
        if normal:
            fit = normal_tail(tail, fit, vary[apart], drawn[apart])
        kept = np.ones(weights.shape[0])
        if apart:
            first = nobody_above(fit, stranger_chance(tail, fit, searches.mate), known[None, :])
            alone = np.einsum("bi,bi->b", shares, first)
            kept = np.minimum(measured / np.maximum(alone, 1e-12), 1.0)
        found[name] = FittedTail(tail, fit, shares, kept)
    return found


def tail_rates(searches: Searches, model: FittedTail, sizes: IntArray) -> FloatArray:
    """(repetitions, sizes) rank-1 rate."""
    chance = stranger_chance(model.tail, model.fit, searches.mate)
    columns = [
        np.einsum("bi,bi->b", model.probe_weights, nobody_above(model.fit, chance, float(n) - 1.0))
        for n in sizes
    ]
    rates = np.clip(model.kept[:, None] * np.stack(columns, axis=1), 1.0 / sizes, 1.0)
    return np.asarray(rates, dtype=np.float64)


def rank_models(
    searches: Searches, weights: FloatArray, sizes: IntArray, prior: Beta | None = None
) -> dict[str, FloatArray]:
    """(repetitions, sizes) rates of the models that know nothing but ranks.

    They stand in where no tail can be fitted. ``prior`` is where the fit of the beta distribution
    begins.
    """
    known = curve_sizes(searches.gallery)
    grid = pitman_yor_grid(known)
    found: dict[str, list[FloatArray]] = {BINOMIAL: [], PITMAN_YOR: [], LOG_LINEAR: []}
    for begin in range(0, weights.shape[0], _BLOCK):
        for counts in weighted_counts(searches, weights[begin : begin + _BLOCK]):
            curve = identification_curve(counts, known)
            found[BINOMIAL].append(binomial_rates(counts, fit_beta(counts, prior), sizes))
            process = fit_pitman_yor(known, curve, grid)
            found[PITMAN_YOR].append(pitman_yor_correctness(process, sizes.astype(np.float64)))
            found[LOG_LINEAR].append(log_linear_rates(known, curve, sizes))
    return {name: np.clip(np.array(rows), 1.0 / sizes, 1.0) for name, rows in found.items()}


def predict(
    searches: Searches, weights: FloatArray, sizes: IntArray, *, begin: FloatArray | None = None
) -> Mapping[str, FloatArray]:
    """(repetitions, sizes) rank-1 rates of every model that can be fitted, by name.

    Tail models where the scores have a tail, else the models of ranks, whose fits then begin at
    that under the weights ``begin`` (1, persons).
    """
    models = tail_models(searches, weights)
    if not models:
        prior = None if begin is None else fit_beta(weighted_counts(searches, begin)[0])
        return rank_models(searches, weights, sizes, prior)
    return {name: tail_rates(searches, model, sizes) for name, model in models.items()}
