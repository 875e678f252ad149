"""Forecast of the rank-1 identification rate to galleries of up to ten million people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.forecast.models import (
    APART,
    NEAR,
    PRIOR,
    TAIL_MODELS,
    between,
    corrected,
    law,
    predict,
    reach,
    sizes_between,
    stack_weights,
)
from headrisk.statistics.forecast.records import (
    FORECAST_SIZES,
    Forecast,
    HiddenGallery,
    ModelForecast,
    distribution_free_floor,
    points_of,
    refused,
    too_few,
)
from headrisk.statistics.forecast.searches import (
    REPETITIONS,
    Searches,
    bounded,
    dirichlet_weights,
    identification_curve,
    proven_floor,
    searches_of,
    weighted_counts,
)
from headrisk.statistics.intervals import few_errors
from headrisk.statistics.risk import linkability
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

HIDDEN_DRAWS = 10
SMALLEST_FITTED = 10


def fitted_size(gallery: int) -> int:
    """Size of the small galleries: a quarter of the data, or half; 0 where that is under 10."""
    fitted = gallery // 4 if gallery // 4 >= SMALLEST_FITTED else gallery // 2
    return fitted if fitted >= SMALLEST_FITTED else 0


def hidden_gallery(
    fitted: int, gallery: int, predicted: FloatArray, observed: float
) -> HiddenGallery:
    """Compare predictions from several small galleries with what was observed."""
    gap = predicted - observed
    return HiddenGallery(
        fitted,
        gallery,
        float(predicted.mean()),
        observed,
        float(gap.mean()),
        float(np.sqrt((gap**2).mean())),
    )


def small_gallery(searches: Searches, size: int, rng: np.random.Generator) -> Searches:
    """Each probe's mate and a random ``size`` - 1 of its own other people.

    One random order of the people serves all probes; a probe passes over people it cannot be
    compared with.
    """
    order = rng.permutation(searches.column.size)
    place = np.cumsum(searches.comparable[:, order], axis=1)
    keep = np.zeros(searches.values.shape, dtype=bool)
    keep[:, order] = place <= size - 1
    values = np.where(keep, searches.values, -np.inf)
    return replace(searches, values=values).only_columns(np.flatnonzero(keep.any(axis=0)))


def forecast_rank1(
    scores: PairScores,
    rng: np.random.Generator,
    *,
    sizes: Iterable[int] = FORECAST_SIZES,
    repetitions: int = REPETITIONS,
) -> Forecast:
    """Forecast the rank-1 rate to larger galleries.

    Models of the tail of non-mated scores, or of ranks where the scores have no tail, are mixed
    with weights from how well they predict galleries that were hidden from them.

    Parameters
    ----------
    scores
        Similarities with their people.
    rng
        Source of the bootstrap over people and of the hidden galleries.
    sizes
        Gallery sizes wanted, the mate included; those the data reach are left out.
    repetitions
        Bootstrap repetitions.

    Returns
    -------
    Forecast
        No points, and a reason, with fewer than 20 people searched for or in the gallery.
        Where everybody is linked only a bound is given. No forecast lies above the upper limit of
        the measured rate, since a larger gallery is never easier, nor below the floor that the
        measured curve proves. Galleries for which the range says nothing are beyond ``reach``.

    Raises
    ------
    InputError
        The arrays' shapes disagree or a usable score is not a number.
    """
    scores = finite_scores(scores)
    for_people, for_hidden = rng.spawn(2)
    searches = searches_of(scores)
    people, gallery = searches.people, searches.gallery
    observed = linkability(scores, [gallery])[gallery] if gallery else None
    if observed is None or too_few(people, gallery):
        return refused(observed, people, gallery, "few people")
    wanted = tuple(sorted({int(size) for size in sizes if size > gallery}))
    if not wanted:
        return refused(observed, people, gallery, "within the data")
    if observed.value >= 1.0:
        return _bound(observed, gallery, wanted)
    grid = sizes_between(gallery, wanted)
    weights = dirichlet_weights(searches.persons, repetitions, for_people)
    drawn = _draws(searches, weights, np.append(gallery, grid))
    own = {name: float(rows[0, 0]) - observed.value for name, rows in drawn.items()}
    drawn = {name: rows[:, 1:] for name, rows in drawn.items()}
    floor = proven_floor(observed, gallery, *_measured(searches, weights), grid)
    hidden = hidden_galleries(searches, observed.value, for_hidden)
    return assemble(
        drawn,
        hidden,
        wanted,
        grid,
        floor,
        observed=observed,
        top=observed.high,
        people=people,
        gallery=gallery,
        own=own,
    )


def assemble(
    drawn: Mapping[str, FloatArray],
    hidden: Mapping[str, HiddenGallery],
    wanted: tuple[int, ...],
    grid: IntArray,
    floor: FloatArray,
    *,
    observed: Estimate | None,
    top: float,
    people: int,
    gallery: int,
    own: Mapping[str, float] | None = None,
    budget: float | None = None,
) -> Forecast:
    """Put models together into one forecast.

    Parameters
    ----------
    drawn
        By model, (1 + repetitions, grid) rates; the first row is of the data themselves.
    grid
        Sizes of galleries, ascending, those ``wanted`` among them.
    floor
        (grid,) what the data prove.
    top
        Upper limit of every rate.
    own
        By model, its rate in the gallery at hand less the measured one.
    """
    rate = top if observed is None else observed.value
    noise = float(np.sqrt(rate * (1.0 - rate) / people))
    prior = {name: PRIOR.get(name, 1.0) for name in drawn}
    weight = stack_weights(hidden, noise, prior, own, APART)
    kept = {name: rows for name, rows in drawn.items() if weight[name] > 0}
    plain = {name: law(rows, people) for name, rows in kept.items()}
    first = next(iter(hidden.values())).observed if hidden else rate
    raised = {
        name: law(corrected(rows, first, _misses(name, hidden, own), people), people)
        for name, rows in kept.items()
    }
    limited = _limiter(floor, top, grid, people)
    repetitions = next(iter(kept.values())).shape[0] - 1
    method = f"Bayesian bootstrap over people, {repetitions} repetitions"
    mixed = limited(between(plain, raised, weight), f"mixture of {len(kept)} models")
    place = np.searchsorted(grid, wanted)
    models = tuple(
        ModelForecast(
            name,
            tuple(limited(between(plain, raised, {name: 1.0}), method)[k] for k in place),
            hidden.get(name),
            weight[name],
        )
        for name in kept
    )
    far = reach(gallery, grid, mixed)
    if not set(kept) <= set(TAIL_MODELS):
        within = grid[grid <= NEAR * gallery]
        far = min(far, int(within[-1]) if within.size else gallery)
    ranges = {int(size): one for size, one in zip(grid, mixed, strict=True)}
    ranges.setdefault(gallery, Estimate(top, 0.0, top, people, "measured"))
    refuted = tuple(name for name in drawn if not weight[name])
    ends = far < wanted[-1]
    return Forecast(
        observed=observed,
        people=people,
        gallery=gallery,
        models=models,
        points=points_of(models, ranges, wanted, gallery, tuple(floor[place].tolist()), far),
        bound_only=False,
        few_errors=observed is None or few_errors((1.0 - observed.value) * people, people),
        reason="cannot be said beyond" if ends else "",
        reach=far if ends else None,
        refuted=refuted,
        budget=budget,
    )


def _misses(
    name: str, hidden: Mapping[str, HiddenGallery], own: Mapping[str, float] | None
) -> list[float]:
    """Predicted less measured rate of a model, in hidden galleries and in the one at hand."""
    return [
        *([hidden[name].error] if name in hidden else []),
        *([own[name]] if own and name in own else []),
    ]


def _limiter(
    floor: FloatArray, top: float, grid: IntArray, people: int
) -> Callable[[tuple[FloatArray, ...], str], tuple[Estimate, ...]]:
    def limited(ends: tuple[FloatArray, ...], method: str) -> tuple[Estimate, ...]:
        return bounded((ends[0], ends[1], ends[2]), floor, top, grid, people, method)

    return limited


def _bound(observed: Estimate, gallery: int, sizes: tuple[int, ...]) -> Forecast:
    floors = tuple(distribution_free_floor(observed.low, gallery, size) for size in sizes)
    found = tuple(
        Estimate(1.0, floor, 1.0, observed.n, "bound whatever the distribution") for floor in floors
    )
    models = (ModelForecast("bound", found, None),)
    ranges = dict(zip(sizes, found, strict=True))
    points = points_of(models, ranges, sizes, gallery, floors, sizes[-1])
    return Forecast(observed, observed.n, gallery, (), points, True, True)


def _draws(searches: Searches, weights: FloatArray, sizes: IntArray) -> Mapping[str, FloatArray]:
    """By model, rates of the data and of each repetition."""
    everybody = np.ones((1, searches.persons))
    return predict(searches, np.concatenate([everybody, weights]), sizes, begin=everybody)


def _measured(searches: Searches, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(repetitions,) rank-1 rate among half of the gallery and among all of it."""
    sizes = np.array([max(searches.gallery // 2, 1), searches.gallery], dtype=np.int64)
    rows = [identification_curve(one, sizes) for one in weighted_counts(searches, weights)]
    table = np.array(rows).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def hidden_galleries(
    searches: Searches, observed: float, rng: np.random.Generator
) -> dict[str, HiddenGallery]:
    """Fit on random small galleries, predict the largest. Empty where that is too small."""
    gallery, fitted = searches.gallery, fitted_size(searches.gallery)
    if not fitted:
        return {}
    everybody, size = np.ones((1, searches.persons)), np.array([gallery], dtype=np.int64)
    predicted: dict[str, list[float]] = {}
    for _ in range(HIDDEN_DRAWS):
        part = small_gallery(searches, fitted, rng)
        for name, rate in predict(part, everybody, size).items():
            predicted.setdefault(name, []).append(float(rate[0, 0]))
    return {
        name: hidden_gallery(fitted, gallery, np.array(rates), observed)
        for name, rates in predicted.items()
    }
