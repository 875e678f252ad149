"""D_sys with an interval: kernel densities of people drawn again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrisk.linkage.density import DensityCurves, Kernel, density_curves
from headrisk.linkage.pairs import PairSample
from headrisk.statistics.bootstrap import (
    FEWEST_PEOPLE,
    FEWEST_REPETITIONS,
    FEWEST_TESTED,
    affordable_repetitions,
    freedom_of,
    left_out,
    logit_interval,
    person_weights,
)
from headrisk.statistics.intervals import zero_event_bound
from headrisk.statistics.risk import system_unlinkability
from headrisk.types import Estimate, FloatArray, IntArray

EDGE = 1e-6


def unlinkability(
    sample: PairSample, pair: tuple[Kernel, Kernel], repetitions: int, rng: np.random.Generator
) -> Estimate | None:
    """D_sys of Gomez-Barrero et al. (2018) with a 95 % interval from a bootstrap over people.

    Bandwidths stay those of the data; what smoothing may have moved is taken from twice the
    squared bandwidth, as the bias of a kernel density grows with its square, and added to the
    variance. The density of non-mated scores is taken as linear in the
    weights of people, which it is but for pairs drawn with both people more than once. Half an
    imaginary person whose scores say nothing, or everything, is allowed for as in AUC. None with
    fewer than three people, or two who have a mated pair.

    Parameters
    ----------
    pair
        Kernel densities of the mated and of the non-mated scores.
    """
    people, tested = int(sample.people.size), sample.mated_people
    if people < FEWEST_PEOPLE or tested < FEWEST_TESTED:
        return None
    curves = density_curves(pair)
    value = system_unlinkability(curves)
    if not EDGE < value < 1 - EDGE:
        return _certain(value, tested)
    mated = _by_person(
        curves.x, sample.mated, sample.mated_weight, sample.mated_person, people, pair[0].bandwidth
    )
    other = np.zeros((people, curves.x.size))
    for side in (sample.probe_side, sample.gallery_side):
        wide = pair[1].bandwidth
        other += _by_person(curves.x, sample.nonmated, sample.nonmated_weight, side, people, wide)
    number = affordable_repetitions(repetitions, people * curves.x.size // 8)
    weights = person_weights(people, number, rng)
    # w_i w_j near w = 1 is w_i + w_j - 1, half of it by either person.
    apart = left_out(people, rng)
    freedom = freedom_of(_drawn(curves, apart @ mated, (apart - 0.5) @ other), people, tested)
    return _interval(curves, weights @ mated, (weights - 0.5) @ other, tested, freedom)


def unlinkability_of_mates(
    curves: DensityCurves,
    mated: tuple[FloatArray, FloatArray, IntArray],
    repetitions: int,
    rng: np.random.Generator,
) -> Estimate:
    """D_sys where the non-mated scores are so many that only the mated ones are drawn again.

    ``mated`` holds scores, weights and people (0 ... n - 1).
    """
    scores, weight, person = mated
    people = int(person.max()) + 1
    value = system_unlinkability(curves)
    if not EDGE < value < 1 - EDGE:
        return _certain(value, people)
    table = _by_person(curves.x, scores, weight, person, people, curves.mated_bandwidth)
    drawn = person_weights(people, min(repetitions, FEWEST_REPETITIONS), rng) @ table
    same = np.broadcast_to(curves.nonmated, drawn.shape)
    apart = left_out(people, rng) @ table
    shape = np.broadcast_to(curves.nonmated, apart.shape)
    freedom = freedom_of(_drawn(curves, apart, shape), people, people)
    return _interval(curves, drawn, same, people, freedom)


def _certain(value: float, people: int) -> Estimate:
    bound, value = zero_event_bound(people), float(round(value))
    low, high = (0.0, bound) if value == 0.0 else (1.0 - bound, 1.0)
    return Estimate(value, low, high, people, "rule of three on people")


def _drawn(curves: DensityCurves, mated: FloatArray, nonmated: FloatArray) -> FloatArray:
    """D_sys from densities (repetitions, grid) that need not sum to one."""
    found = []
    for one, two in zip(mated, np.maximum(nonmated, 0.0), strict=True):
        areas = [float(np.trapezoid(part, curves.x)) for part in (one, two)]
        if min(areas) > 0:
            again = replace(curves, mated=one / areas[0], nonmated=two / areas[1])
            found.append(system_unlinkability(again))
    return np.array(found)


def _interval(
    curves: DensityCurves,
    mated: FloatArray,
    nonmated: FloatArray,
    people: int,
    freedom: float | None,
) -> Estimate:
    """From densities (repetitions, grid) that need not sum to one."""
    value, drawn = system_unlinkability(curves), _drawn(curves, mated, nonmated)
    spread = float(np.std(drawn)) if drawn.size else 0.0
    moved = value - system_unlinkability(_smoother(curves))
    wider = np.hypot(spread, moved) / spread if spread > 0 else 1.0
    draws = value + wider * (drawn - np.mean(drawn)) if drawn.size else np.array([value])
    return logit_interval(value, draws, people, 0.5, freedom)


def _smoother(curves: DensityCurves) -> DensityCurves:
    """Both densities smoothed once more with their own bandwidth."""
    step = curves.x[1] - curves.x[0]
    parts = []
    for density, bandwidth in (
        (curves.mated, curves.mated_bandwidth),
        (curves.nonmated, curves.nonmated_bandwidth),
    ):
        kernel = _gauss(bandwidth / step, curves.x.size - 1)
        parts.append(np.convolve(density, kernel, mode="same"))
    return replace(curves, mated=parts[0], nonmated=parts[1])


def _gauss(width: float, most: int) -> FloatArray:
    """Gaussian weights at whole steps, sum 1."""
    reach = min(max(int(np.ceil(4 * width)), 1), most // 2)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)


def _by_person(
    x: FloatArray,
    values: FloatArray,
    weight: FloatArray,
    person: IntArray,
    people: int,
    bandwidth: float,
) -> FloatArray:
    """(people, grid) each person's part of the density: scores shared out, then smoothed."""
    step = x[1] - x[0]
    place = np.clip((values - x[0]) / step, 0.0, x.size - 1 - 1e-9)
    low = place.astype(np.int64)
    part = place - low
    table = np.bincount(person * x.size + low, weight * (1 - part), people * x.size)
    table += np.bincount(person * x.size + low + 1, weight * part, people * x.size)
    kernel = _gauss(bandwidth / step, x.size - 1)
    shared = table.reshape(people, x.size)
    return np.array([np.convolve(row, kernel, mode="same") for row in shared], dtype=np.float64)
