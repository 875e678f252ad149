"""Fit all four models to the same searches."""

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
    survive,
)
from headrisk.statistics.forecast.searches import (
    Counts,
    Searches,
    identification_curve,
    weighted_counts,
)
from headrisk.statistics.forecast.tail import TailData, fit_pareto, stranger_chance, tail_data
from headrisk.types import FloatArray, IntArray

BINOMIAL, EXTREME_VALUE = "binomial", "extreme-value"
PITMAN_YOR, LOG_LINEAR = "pitman-yor", "log-linear"
CURVE_POINTS = 12
_BLOCK = 50


@dataclass(frozen=True)
class _Work:
    """What all repetitions of the fits share; ``known`` are the sizes of the measured curve."""

    searches: Searches
    known: IntArray
    grid: tuple[FloatArray, FloatArray]
    tail: TailData | None
    prior: Beta | None


def curve_sizes(gallery: int) -> IntArray:
    """Gallery sizes at which the measured curve is read, evenly spaced in log N."""
    return np.unique(np.round(np.geomspace(2, gallery, CURVE_POINTS))).astype(np.int64)


def predict(
    searches: Searches, weights: FloatArray, sizes: IntArray, prior: Beta | None = None
) -> list[Mapping[str, FloatArray]]:
    """Fit every model under each row of ``weights`` and give its rates at ``sizes``.

    ``prior`` is where the fit of the beta distribution begins. A model that cannot be fitted is
    left out.
    """
    known = curve_sizes(searches.gallery)
    work = _Work(searches, known, pitman_yor_grid(known), tail_data(searches), prior)
    found: list[Mapping[str, FloatArray]] = []
    for begin in range(0, weights.shape[0], _BLOCK):
        block = weights[begin : begin + _BLOCK]
        for row, counts in zip(block, weighted_counts(searches, block), strict=True):
            found.append(_fit_all(work, counts, row, sizes))
    return found


def _fit_all(
    work: _Work, counts: Counts, weights: FloatArray, sizes: IntArray
) -> Mapping[str, FloatArray]:
    curve = identification_curve(counts, work.known)
    rates = {BINOMIAL: binomial_rates(counts, fit_beta(counts, work.prior), sizes)}
    law = fit_pareto(work.tail, weights, counts.pair_weight) if work.tail else None
    if law is not None and work.tail is not None:
        chance = stranger_chance(work.tail, law, work.searches.mate)
        first = survive(chance, np.asarray(sizes, dtype=np.float64) - 1.0)
        rates[EXTREME_VALUE] = first @ counts.probe_weight
    process = fit_pitman_yor(work.known, curve, work.grid)
    rates[PITMAN_YOR] = pitman_yor_correctness(process, sizes.astype(np.float64))
    rates[LOG_LINEAR] = log_linear_rates(work.known, curve, sizes)
    return {name: np.clip(rate, 1.0 / sizes, 1.0) for name, rate in rates.items()}
