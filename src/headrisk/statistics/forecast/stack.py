"""One range from several models: those that failed on hidden galleries are dropped, the others
are mixed with weights from how well they predicted them (a linear opinion pool, Stone 1961)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from headrisk.statistics.forecast.records import HiddenGallery
from headrisk.statistics.intervals import CONFIDENCE
from headrisk.types import Estimate, FloatArray, IntArray

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
