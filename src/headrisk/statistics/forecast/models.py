"""Four ways from the rank-1 rate in small galleries to that in large ones.

- binomial: each probe has an own chance p that a stranger beats the mate; rank-1 in N people is
  the mean of (1 - p)^(N - 1). The chances follow a beta distribution fitted to all probes.
- extreme value: p from a generalised Pareto tail of non-mated scores (``tail.py``).
- Pitman-Yor: expected correctness under a Pitman-Yor process (Rocher, Hendrickx and de Montjoye
  2025). A right guess has probability one over the number of people who share a class, so the
  mean over n people is E[classes] / n, and the expected number of classes is Pitman's.
- log-linear: a straight line in log N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln

from headrisk.statistics.forecast.searches import Counts
from headrisk.types import FloatArray, IntArray

_SHAPE = (np.log(1e-3), np.log(1e2))
_SCALE = (np.log(1e-2), np.log(1e9))
_DISCOUNT = (-9.0, 9.0)
_CONCENTRATION = (np.log(1e-6), np.log(1e9))
_STIRLING = 1000.0


@dataclass(frozen=True)
class Beta:
    """Parameters of the beta distribution of the chance that a stranger beats the mate."""

    a: float
    b: float


@dataclass(frozen=True)
class PitmanYor:
    """Discount d in (0, 1) and concentration a > 0."""

    discount: float
    concentration: float


def survive(chance: FloatArray, others: FloatArray) -> FloatArray:
    """(others, probes) probability that no one of so many strangers beats the mate."""
    log = np.log1p(-np.minimum(chance, 1.0 - 1e-15))
    return np.asarray(np.exp(others[:, None] * log[None, :]), dtype=np.float64)


def fit_beta(counts: Counts, start: Beta | None = None) -> Beta:
    """Maximum likelihood of the beta-binomial over probes."""
    rows = np.stack([counts.better, counts.others])
    distinct, index = np.unique(rows, axis=1, return_inverse=True)
    weight = np.bincount(index.ravel(), weights=counts.probe_weight)
    better, others = distinct

    def loss(log: FloatArray) -> float:
        a, b = np.exp(log)
        value = betaln(better + a, others - better + b) - betaln(a, b)
        return -float(weight @ value)

    begin = start or Beta(0.3, 0.3 / max(_share(counts), 1e-6))
    found = minimize(
        loss,
        np.clip(np.log([begin.a, begin.b]), [_SHAPE[0], _SCALE[0]], [_SHAPE[1], _SCALE[1]]),
        method="L-BFGS-B",
        bounds=(_SHAPE, _SCALE),
    )
    a, b = np.exp(found.x)
    return Beta(float(a), float(b))


def _share(counts: Counts) -> float:
    return float(counts.probe_weight @ (counts.better / np.maximum(counts.others, 1e-12)))


def binomial_rates(counts: Counts, prior: Beta, sizes: IntArray) -> FloatArray:
    """(sizes,) mean over probes of E[(1 - p)^(N - 1)], p given the probe's own counts."""
    a = counts.better + prior.a
    b = counts.others - counts.better + prior.b
    more = np.asarray(sizes, dtype=np.float64)[:, None] - 1.0
    first = np.exp(betaln(a, b + more) - betaln(a, b))
    return np.asarray(first @ counts.probe_weight, dtype=np.float64)


def pitman_yor_correctness(process: PitmanYor, sizes: FloatArray) -> FloatArray:
    """Expected correctness E[K_n] / n in populations of each size.

    E[K_n] = (G(1 + a) G(n + d + a) / (G(d + a) G(n + a)) - a) / d (Pitman 2006), G the gamma
    function; written so that no digits are lost for large n or a.
    """
    d, a = np.array([process.discount]), np.array([process.concentration])
    return _correctness(d, a, np.asarray(sizes, dtype=np.float64))


def _correctness(d: FloatArray, a: FloatArray, n: FloatArray) -> FloatArray:
    growth = d * np.log1p(n / a) + _correction(n + a, d) - _correction(a, d)
    return np.asarray(a / (d * n) * np.expm1(growth), dtype=np.float64)


def _correction(x: FloatArray, d: FloatArray) -> FloatArray:
    """log of G(x + d) / G(x), less d log x; from 1,000 on by Stirling's series."""
    first, second = -(1 - d) / 2, (1 - d) * (2 * d - 1) / 12
    series = (first + (second + d * (1 - d) ** 2 / 12 / x) / x) / x
    small = np.minimum(x, _STIRLING)
    exact = gammaln(d) - betaln(small, d) - d * np.log(small)
    return np.where(x < _STIRLING, exact, d * series)


def pitman_yor_grid(sizes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Coarse grid over both parameters: places (grid, 2) and their curves (grid, sizes)."""
    d, a = np.linspace(*_DISCOUNT, 37), np.linspace(*_CONCENTRATION, 71)
    places = np.stack([part.ravel() for part in np.meshgrid(d, a, indexing="ij")], axis=1)
    known = np.asarray(sizes, dtype=np.float64)
    return places, _correctness(expit(places[:, :1]), np.exp(places[:, 1:]), known)


def fit_pitman_yor(
    sizes: IntArray, curve: FloatArray, grid: tuple[FloatArray, FloatArray]
) -> PitmanYor:
    """Least squares on the rank-1 rates at ``sizes``, from the best place of the grid."""
    known = np.asarray(sizes, dtype=np.float64)
    places, curves = grid

    def loss(place: FloatArray) -> float:
        gap = pitman_yor_correctness(_process(place), known) - curve
        return float(gap @ gap) * 1e4

    begin = places[int(np.argmin(((curves - curve) ** 2).sum(axis=1)))]
    bounds = (_DISCOUNT, _CONCENTRATION)
    return _process(minimize(loss, begin, method="L-BFGS-B", bounds=bounds).x)


def _process(place: FloatArray) -> PitmanYor:
    return PitmanYor(float(expit(place[0])), float(np.exp(place[1])))


def log_linear_rates(sizes: IntArray, curve: FloatArray, wanted: IntArray) -> FloatArray:
    """Straight line in log N through the upper tenth-to-full range of ``sizes``, never rising.

    The start of a curve, where it leaves 1, is bent and would mislead the slope.
    """
    upper = sizes >= sizes.max() / 10
    x, y = np.log(sizes[upper]), curve[upper]
    spread = x - x.mean()
    square = float(spread @ spread)
    slope = min(float(spread @ y) / square, 0.0) if square > 0 else 0.0
    line = y.mean() + slope * (np.log(np.asarray(wanted, dtype=np.float64)) - x.mean())
    return np.asarray(line, dtype=np.float64)
