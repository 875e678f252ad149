"""Gaussian kernel densities of mated and non-mated scores, and where they cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from headrisk.types import FloatArray, IntArray

COMPRESS_ABOVE = 2048
SMALLEST_SHARE_OF_RANGE = 1e-3


@dataclass(frozen=True)
class Kernel:
    """A weighted Gaussian kernel density: ``centres``, ``weights`` (sum 1) and one bandwidth."""

    centres: FloatArray
    weights: FloatArray
    bandwidth: float

    def log_density(self, points: FloatArray) -> FloatArray:
        """Natural logarithm of the density; finite far outside the data."""
        scaled = (points[:, None] - self.centres[None, :]) / self.bandwidth
        exponent = -0.5 * scaled**2
        peak = exponent.max(axis=1)
        total = np.exp(exponent - peak[:, None]) @ self.weights
        log_norm = np.log(self.bandwidth * np.sqrt(2 * np.pi))
        return np.asarray(peak + np.log(total) - log_norm, dtype=np.float64)

    def cumulative(self, points: FloatArray) -> FloatArray:
        """Probability of a score at or below each point."""
        scaled = (points[:, None] - self.centres[None, :]) / self.bandwidth
        return np.asarray(ndtr(scaled) @ self.weights, dtype=np.float64)


@dataclass(frozen=True)
class DensityCurves:
    """The two densities on a common grid, for plotting and for D_sys, with their bandwidths."""

    x: FloatArray
    mated: FloatArray
    nonmated: FloatArray
    mated_bandwidth: float
    nonmated_bandwidth: float


def silverman_spread(values: FloatArray, weight: FloatArray | None = None) -> float:
    """The smaller of the standard deviation and the interquartile range over 1.349."""
    if values.size < 2:
        return 0.0
    if weight is None or weight.min() == weight.max():
        deviation = float(values.std(ddof=1))
        low, high = np.percentile(values, [25, 75])
    else:
        share = weight / weight.sum()
        mean = float(share @ values)
        number = effective_number(weight)
        deviation = float(np.sqrt(share @ (values - mean) ** 2 * number / max(number - 1, 1e-9)))
        order = np.argsort(values, kind="stable")
        middle = np.cumsum(share[order]) - share[order] / 2
        low, high = np.interp([0.25, 0.75], middle, values[order])
    quartile = float(high - low) / 1.349
    return min(deviation, quartile) if quartile > 0 else deviation


def effective_number(weight: FloatArray) -> float:
    """How many equal weights would tell as much (Kish 1965)."""
    return float(weight.sum() ** 2 / (weight @ weight)) if weight.size else 0.0


def kernels(
    mated: FloatArray,
    nonmated: FloatArray,
    weights: tuple[FloatArray, FloatArray] | None = None,
) -> tuple[Kernel, Kernel] | None:
    """Kernel densities with Silverman's bandwidth, 0.9 spread n^(-1/5) (Silverman 1986, 3.31).

    A side whose spread is unknown (one score, or all equal) borrows the other side's, and no
    bandwidth is less than a thousandth of the range of all scores. ``weights`` are of mated and
    non-mated scores, all equal if None; n is then the effective number. None where a side is empty
    or all scores are equal.
    """
    if not mated.size or not nonmated.size:
        return None
    everything = (min(mated.min(), nonmated.min()), max(mated.max(), nonmated.max()))
    span = float(everything[1] - everything[0])
    if span <= 1e-12 * max(abs(everything[0]), abs(everything[1])):
        return None
    sides = (mated, nonmated)
    heavy = (np.ones(mated.size), np.ones(nonmated.size)) if weights is None else weights
    spreads = [silverman_spread(v, w) for v, w in zip(sides, heavy, strict=True)]
    smallest = SMALLEST_SHARE_OF_RANGE * span
    borrowed = [
        own if own > 0 else other for own, other in zip(spreads, spreads[::-1], strict=True)
    ]
    made = [
        _kernel(values, weight, max(0.9 * spread * effective_number(weight) ** -0.2, smallest))
        for values, weight, spread in zip(sides, heavy, borrowed, strict=True)
    ]
    return made[0], made[1]


def binned_kernels(
    mated: FloatArray,
    edges: FloatArray,
    counts: IntArray,
    deviation: float | None,
    mated_weight: FloatArray | None = None,
) -> tuple[Kernel, Kernel] | None:
    """The same where only a histogram of the non-mated scores is known.

    ``deviation`` is their standard deviation; from the histogram if None.
    """
    filled = np.flatnonzero(counts)
    if not mated.size or not filled.size:
        return None
    centres = (edges[:-1] + edges[1:])[filled] / 2
    total = int(counts.sum())
    share = counts[filled] / total
    span = max(mated.max(), edges[filled[-1] + 1]) - min(mated.min(), edges[filled[0]])
    if deviation is None:
        mean = float(share @ centres)
        deviation = float(np.sqrt(share @ (centres - mean) ** 2))
    quartiles = np.interp([0.25, 0.75], np.cumsum(share), edges[filled + 1])
    quartile = float(np.diff(quartiles)[0]) / 1.349
    other = min(deviation, quartile) if quartile > 0 else deviation
    own = silverman_spread(mated, mated_weight)
    spreads = (own if own > 0 else other, other if other > 0 else own)
    if max(spreads) <= 1e-12 * max(float(np.abs(mated).max()), float(np.abs(centres).max())):
        return None
    smallest = SMALLEST_SHARE_OF_RANGE * float(span)
    number = float(mated.size) if mated_weight is None else effective_number(mated_weight)
    widths = [
        max(0.9 * spread * size**-0.2, smallest)
        for spread, size in zip(spreads, (number, total), strict=True)
    ]
    step = max(1, filled.size // COMPRESS_ABOVE)
    starts = np.arange(0, filled.size, step)
    weights = np.add.reduceat(share, starts)
    middle = np.add.reduceat(share * centres, starts) / weights
    heavy = np.ones(mated.size) if mated_weight is None else mated_weight
    return _kernel(mated, heavy, widths[0]), Kernel(middle, weights, widths[1])


def _kernel(values: FloatArray, weight: FloatArray, bandwidth: float) -> Kernel:
    """A kernel density; more than 2048 scores are first shared out on a grid of that size.

    Linear binning: each score is split over its two neighbours so that its place is kept on
    average (Wand 1994).
    """
    weight = weight / weight.sum()
    if values.size <= COMPRESS_ABOVE or values.min() == values.max():
        return Kernel(values.astype(np.float64), weight, bandwidth)
    grid = np.linspace(values.min(), values.max(), COMPRESS_ABOVE)
    place = (values - grid[0]) / (grid[1] - grid[0])
    lower = np.clip(place.astype(np.int64), 0, grid.size - 2)
    share = place - lower
    weights = np.zeros(grid.size)
    weights += np.bincount(lower, weights=weight * (1 - share), minlength=grid.size)
    weights += np.bincount(lower + 1, weights=weight * share, minlength=grid.size)
    filled = weights > 0
    return Kernel(grid[filled], weights[filled], bandwidth)


def density_curves(pair: tuple[Kernel, Kernel], points: int = 512) -> DensityCurves:
    """Both densities on a grid that reaches three bandwidths beyond all scores."""
    x = _grid(pair, points, margin=3.0)
    mated, nonmated = (np.exp(kernel.log_density(x)) for kernel in pair)
    return DensityCurves(x, mated, nonmated, pair[0].bandwidth, pair[1].bandwidth)


def crossing(pair: tuple[Kernel, Kernel], prior: float) -> float | None:
    """Threshold above which a score more probably belongs to a mated pair.

    Where prior * mated density overtakes (1 - prior) * non-mated density. Of several crossings
    the one with the least expected error under the two densities is taken. Logarithms keep the
    crossing defined in the gap between separated scores. None where the mated density never
    overtakes.
    """
    mated, nonmated = pair
    inner = [np.quantile(kernel.centres, np.linspace(0, 1, 128)) for kernel in pair]
    x = np.unique(np.concatenate([_grid(pair, 512, margin=1.0), *inner]))
    offset = np.log(prior) - np.log1p(-prior)

    def advantage(points: FloatArray) -> FloatArray:
        gain: FloatArray = offset + mated.log_density(points) - nonmated.log_density(points)
        return gain

    ahead = advantage(x) > 0
    starts = np.flatnonzero(~ahead[:-1] & ahead[1:])
    if not starts.size:
        return None
    found = np.array(
        [brentq(lambda t: float(advantage(np.array([t]))[0]), x[i], x[i + 1]) for i in starts]
    )
    error = prior * mated.cumulative(found) + (1 - prior) * (1 - nonmated.cumulative(found))
    return float(found[int(np.argmin(error))])


def _grid(pair: tuple[Kernel, Kernel], points: int, margin: float) -> FloatArray:
    low = min(float(k.centres.min()) - margin * k.bandwidth for k in pair)
    high = max(float(k.centres.max()) + margin * k.bandwidth for k in pair)
    grid: FloatArray = np.linspace(low, high, points)
    return grid
