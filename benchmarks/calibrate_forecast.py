"""How often does the shown forecast range hold the true rate of a larger gallery?

Run: ``make calibrate``, or ``python benchmarks/calibrate_forecast.py [--cohorts 40]``.

Cohorts of n people are drawn from a population of scores that is known, so that the rank-1 rate in
a gallery of any size follows by quadrature. The forecast sees the cohort alone. Three populations:

* ``normal``: scores of two people are normal.
* ``heavy tail``: scores of two people follow Student's t with twelve degrees of freedom.
* ``look-alikes``: normal, but one person in 300 resembles the one searched for (mean 2.5 higher).
  A cohort of 50 people hardly holds any, a gallery of 100,000 holds 300.

Scores of one person are normal, with a part that differs between people, in all three.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import norm, t

from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import Forecast
from headrisk.types import FloatArray, PairScores

SIZES = (10**3, 10**4, 10**5, 10**6)
SHIFTS = {"normal": 3.8, "heavy tail": 4.4, "look-alikes": 3.8}
SPREAD = 0.7
TAIL = 12  # degrees of freedom
RARE, LIKE = 1 / 300, 2.5
REPETITIONS = 60  # of the bootstrap; reports use 200


@dataclass(frozen=True)
class Setting:
    """A population and the number of people whom the forecast sees."""

    population: str
    people: int


def strangers(rng: np.random.Generator, population: str, shape: tuple[int, int]) -> FloatArray:
    """Scores of pairs of two people."""
    if population == "heavy tail":
        return np.asarray(rng.standard_t(TAIL, size=shape))
    scores = rng.normal(size=shape)
    if population == "look-alikes":
        scores += LIKE * (rng.random(shape) < RARE)
    return scores


def cohort(rng: np.random.Generator, setting: Setting) -> PairScores:
    """One gallery scan and one probe of each person."""
    n = setting.people
    values = strangers(rng, setting.population, (n, n))
    own = SHIFTS[setting.population] + SPREAD * rng.normal(size=n) + rng.normal(size=n)
    values[np.arange(n), np.arange(n)] = own
    people = np.arange(n)
    return PairScores("simulated", values, np.ones((n, n), dtype=bool), people, people)


def true_rate(population: str, size: int) -> float:
    """Chance that the mate comes first among ``size`` people."""
    middle = SHIFTS[population]
    x = np.linspace(middle - 12, middle + 12, 20001)
    if population == "heavy tail":
        below = np.log1p(-t.sf(x, TAIL))
    elif population == "look-alikes":
        below = np.log1p(-(1 - RARE) * norm.sf(x) - RARE * norm.sf(x - LIKE))
    else:
        below = norm.logcdf(x)
    first = np.exp((size - 1) * below)
    return float(np.trapezoid(norm.pdf(x, middle, np.hypot(1.0, SPREAD)) * first, x))


def forecasts(setting: Setting, cohorts: int, seed: np.random.SeedSequence) -> list[Forecast]:
    """One forecast for each simulated cohort."""
    rng = np.random.default_rng(seed)
    return [
        forecast_rank1(cohort(rng, setting), rng, sizes=SIZES, repetitions=REPETITIONS)
        for _ in range(cohorts)
    ]


def show(setting: Setting, found: Sequence[Forecast]) -> None:
    """Lines of the table, one for each size of the gallery."""
    for place, size in enumerate(SIZES):
        truth = true_rate(setting.population, size)
        points = [one.points[place] for one in found]
        inside = np.mean([p.low <= truth <= p.high for p in points])
        above = np.mean([truth > p.high for p in points])
        width = np.mean([p.high - p.low for p in points])
        cells = [
            setting.population, f"{setting.people}", f"{size:,}", f"{100 * truth:.1f} %",
            f"{100 * inside:.0f} %", f"{100 * above:.0f} %", f"{100 * width:.0f}",
            *errors(found, place, truth),
        ]  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)


def errors(found: Sequence[Forecast], place: int, truth: float) -> list[str]:
    """Mean error and root mean square of each model, in points."""
    gaps: dict[str, list[float]] = {name: [] for name in MODELS}
    for one in found:
        for model in one.models:
            gaps[model.model].append(100 * (model.estimates[place].value - truth))
    return [
        f"{np.mean(gap):+.0f} ({np.sqrt(np.mean(np.square(gap))):.0f})" if gap else "–"
        for gap in gaps.values()
    ]


MODELS = ("binomial", "extreme-value", "pitman-yor", "log-linear")


def main() -> None:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=40)
    parser.add_argument("--people", type=int, nargs="+", default=[50, 150])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    settings = [Setting(*one) for one in product(SHIFTS, options.people)]
    seeds = np.random.SeedSequence(options.seed).spawn(len(settings))
    head = (
        "population",
        "people seen",
        "gallery",
        "true rank-1",
        "range holds it",
        "true is above",
    )
    print("| " + " | ".join((*head, "width, points", *MODELS)) + " |")
    print("|---" * (len(head) + 1 + len(MODELS)) + "|")
    counts = [options.cohorts] * len(settings)
    with ProcessPoolExecutor(options.processes) as pool:
        for setting, found in zip(
            settings, pool.map(forecasts, settings, counts, seeds), strict=True
        ):
            show(setting, found)


if __name__ == "__main__":
    main()
