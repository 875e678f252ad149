"""Four ways from the rank-1 rate in small galleries to that in large ones, and one range of them.

- binomial: each probe has an own chance p that a stranger beats the mate; rank-1 in N people is
  the mean of (1 - p)^(N - 1). The chances follow a beta distribution fitted to all probes.
- extreme value: p from a generalised Pareto tail of non-mated scores (``tail.py``).
- Pitman-Yor: expected correctness under a Pitman-Yor process (Rocher, Hendrickx and de Montjoye
  2025). A right guess has probability one over the number of people who share a class, so the
  mean over n people is E[classes] / n, and the expected number of classes is Pitman's.
- log-linear: a straight line in log N.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betainc, betaln, expit, gammaln

from headrisk.statistics.forecast.records import HiddenGallery
from headrisk.statistics.forecast.searches import (
    Counts,
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
from headrisk.statistics.intervals import CONFIDENCE
from headrisk.types import Estimate, FloatArray, IntArray

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


# ----------------------------------------------------------------------
# What each model says of larger galleries, under every weighting of people.
# ----------------------------------------------------------------------

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


# ----------------------------------------------------------------------
# One range from several models: those that failed on hidden galleries are dropped, the others
# are mixed with weights from how well they predicted them (a linear opinion pool, Stone 1961).
# ----------------------------------------------------------------------

REFUTED = 3.0
OWN_ERROR = 0.01
APART_UPWARD = 0.5
NEAR, NEAR_TIMES, FAR_TIMES = 10, 1.4, 1.6
MARGIN = 3
PER_DECADE = 8
_BISECTIONS = 40


@dataclass(frozen=True)
class Law:
    """A model's rate at each size as beta distributions: (sizes,) value and its two parameters."""

    value: FloatArray
    a: FloatArray
    b: FloatArray


def law(drawn: FloatArray, people: int) -> Law:
    """From the value (first row) and the bootstrap (the others) of one model, by size.

    The bootstrap's variance gives an effective number of people v (1 - v) / variance, at most
    twice those there are; half a success and half a failure are added (Jeffreys), as a bootstrap
    cannot show what nobody in the sample did.
    """
    value = drawn[0]
    spread = drawn[1:].var(axis=0) if drawn.shape[0] > 2 else np.zeros(value.size)
    number = np.clip(value * (1 - value) / np.maximum(spread, 1e-12), 1.0, 2.0 * people)
    return Law(value, value * number + 0.5, (1 - value) * number + 0.5)


def quantiles(laws: Sequence[tuple[float, Law]]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(sizes,) value, lower and upper end of a mixture of laws with their weights, by bisection."""
    weight = np.array([one for one, _ in laws])[:, None]
    a, b, value = (np.stack([getattr(one, key) for _, one in laws]) for key in ("a", "b", "value"))
    tail = (1 - CONFIDENCE) / 2
    ends = []
    for share in (tail, 1 - tail):
        low, high = np.zeros(a.shape[1]), np.ones(a.shape[1])
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            under = (weight * betainc(a, b, middle)).sum(axis=0) < share
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        ends.append((low + high) / 2)
    return np.asarray((weight * value).sum(axis=0)), ends[0], ends[1]


def between(
    plain: Mapping[str, Law], raised: Mapping[str, Law], weights: Mapping[str, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(sizes,) value, lower and upper end of models as they are and as they were corrected.

    The lower end is that of the models as they are, the upper end that of the corrected ones, the
    value lies halfway: whether the miss of a model grows with the gallery, cannot be known.
    """
    low, high = (
        quantiles([(weight, laws[name]) for name, weight in weights.items() if weight > 0])
        for laws in (plain, raised)
    )
    return (low[0] + high[0]) / 2, low[1], high[2]


def stack_weights(
    hidden: Mapping[str, HiddenGallery],
    noise: float,
    prior: Mapping[str, float],
    own: Mapping[str, float] | None = None,
    apart: Collection[str] = (),
) -> dict[str, float]:
    """Weights that sum to 1; models that missed by more than three standard errors get 0.

    ``noise`` is the standard error of the rate that was to be predicted, ``own`` by how much each
    model misses the measured rate of the gallery it was fitted to. The ``prior`` weights where
    nothing could be hidden; where every model is refuted, the one that missed least.

    Models that set relatives ``apart`` begin with a larger weight and their misses upward count
    half: a small gallery holds a part of the relatives only, so that such a model is bound to
    promise too much for the larger one, as much as hidden galleries would tell against it.
    """
    sure = float(np.hypot(noise, OWN_ERROR))
    miss = {
        name: max(
            abs(_told(hidden[name].error, name in apart)) / sure if name in hidden else 0.0,
            abs((own or {}).get(name, 0.0)) / sure,
        )
        for name in prior
    }
    kept = {
        name: prior[name] * float(np.exp(-0.5 * z**2)) for name, z in miss.items() if z <= REFUTED
    }
    if not kept:
        kept = {min(miss, key=lambda name: miss[name]): 1.0}
    total = sum(kept.values())
    return {name: kept.get(name, 0.0) / total for name in prior}


def _told(error: float, apart: bool) -> float:
    return APART_UPWARD * error if apart and error > 0 else error


def corrected(
    rows: FloatArray, observed: float, misses: Sequence[float], people: int
) -> FloatArray:
    """Rates of a model that promised too little where it could be tested, with as much less lost.

    The share of people not linked is scaled by what was lost over what the model had said would
    be, for the worst of its ``misses`` (predicted less ``observed`` rate); half a person is added
    to both. Never downward: a model that promised too much is judged by its weight.
    """
    half = 0.5 / people
    lost = 1.0 - observed + half
    share = min([1.0, *(lost / (lost - miss) for miss in misses if miss < 0)])
    return np.asarray(1.0 - share * (1.0 - rows), dtype=np.float64)


def sizes_between(gallery: int, sizes: tuple[int, ...]) -> IntArray:
    """The sizes wanted and round ones between and beyond them, to find where a forecast ends."""
    most = MARGIN * max(sizes)
    number = int(np.ceil(PER_DECADE * np.log10(most / gallery))) + 1
    steps = np.geomspace(gallery + 1, most, max(number, 2))
    unit = 10.0 ** np.maximum(np.floor(np.log10(steps)) - 1, 0)
    steps[1:-1] = np.maximum((np.round(steps / unit) * unit)[1:-1], gallery + 1)
    return np.unique(np.concatenate([steps, sizes])).astype(np.int64)


def reach(gallery: int, sizes: IntArray, mixed: Sequence[Estimate]) -> int:
    """Largest size up to which the range says something; ``gallery`` where no size does.

    In galleries three times larger still, the upper end must be within 1.4 times the value, and
    the lower end within the square of that; 1.6 in galleries of more than ten times the data. The
    margin is there because a sample in which the rate happens to be high has a narrow range too:
    without it, forecasts that are only just said would be the ones that are wrong.
    """
    value, low, high = (np.array([getattr(e, k) for e in mixed]) for k in ("value", "low", "high"))
    limit = np.where(sizes <= NEAR * gallery, NEAR_TIMES, FAR_TIMES)
    wide = np.flatnonzero((high > limit * value) | (high > limit**2 * low))
    last = int(sizes[-1]) if not wide.size else int(sizes[wide[0] - 1]) if wide[0] else 0
    within = sizes[sizes * MARGIN <= last]
    return int(within[-1]) if within.size else gallery
