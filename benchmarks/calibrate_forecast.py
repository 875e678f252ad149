"""How often does the shown forecast range hold the true rate of a larger gallery?

Run: ``make calibrate``, or ``python benchmarks/calibrate_forecast.py [--quick] [--keep DIR]``.

Cohorts of n people are drawn from populations whose rank-1 rate in any gallery is known
(``populations.py``); the forecast sees the cohort alone. A table named by ``--tables`` adds
populations like its people. With ``--keep`` every finished part is written there and a run that
was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from kept import kept
from populations import forecast_populations, named

from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.records import Forecast

TIMES = (10, 100, 200)
PART = 20
REPETITIONS = 60  # of the bootstrap; reports use 200
PROBES, QUICK_PROBES = 2000, 500


@dataclass(frozen=True)
class Part:
    """Some cohorts of one population."""

    population: str
    people: int
    number: int
    seed: int
    tables: Path | None

    @property
    def name(self) -> str:
        """Of the file that keeps it."""
        return f"forecast-{self.population}-{self.people}-{self.seed}-{self.number}"


def run(part: Part, cohorts: int) -> list[list[float]]:
    """Per cohort and size: value (NaN if not said), low, high, said, nothing but a bound."""
    words = (part.seed, part.people, part.number, *part.population.encode())
    rng = np.random.default_rng(np.random.SeedSequence(words))
    population, rows = named(part.population, part.tables), []
    sizes = [times * part.people for times in TIMES]
    for _ in range(cohorts):
        found: Forecast = forecast_rank1(
            population.cohort(rng, part.people), rng, sizes=sizes, repetitions=REPETITIONS
        )
        for p in found.points:
            value = float("nan") if p.value is None else p.value
            rows.append([p.size, value, p.low, p.high, p.said, found.bound_only])
    return rows


def truth(part: Part, probes: int) -> list[list[float]]:
    """True rates at every size."""
    rng = np.random.default_rng(np.random.SeedSequence((part.seed, 7, *part.population.encode())))
    sizes = np.array([times * part.people for times in TIMES])
    rates = named(part.population, part.tables).truth(rng, sizes, probes)
    return [[float(size), float(rate)] for size, rate in zip(sizes, rates, strict=True)]


def show(population: str, people: int, true: list[list[float]], rows: list[list[float]]) -> None:
    """Lines of the table, one for each size of the gallery."""
    table = np.array(rows, dtype=np.float64)
    for size, rate in true:
        here = table[table[:, 0] == size]
        said = (here[:, 4] > 0) & (here[:, 5] == 0)
        inside = (here[:, 2] - 1e-9 <= rate) & (rate <= here[:, 3] + 1e-9)
        part = here[said]
        cells = [
            population,
            f"{people}",
            f"{size:,.0f}",
            percent(rate),
            percent(said.mean()),
            percent(inside.mean()),
            percent((rate > here[:, 3] + 1e-9).mean()),
            percent(inside[said].mean()) if said.any() else "–",
            f"{part[:, 3].mean() / rate:.2f}" if said.any() else "–",
            percent(part[:, 1].mean()) if said.any() else "–",
            f"{100 * (part[:, 3] - part[:, 2]).mean():.0f}" if said.any() else "–",
            percent(here[:, 5].mean()),
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def percent(share: float) -> str:
    """``12.3 %``."""
    return f"{100 * share:.1f} %"


def main() -> None:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--people", type=int, nargs="+", default=[100])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables", type=Path, help="folder of volumes.tsv, fa.tsv and the like")
    parser.add_argument("--populations", nargs="+", help="only these")
    parser.add_argument("--keep", type=Path, help="folder for finished parts")
    parser.add_argument("--quick", action="store_true", help="few cohorts")
    options = parser.parse_args()
    cohorts = PART if options.quick else options.cohorts
    probes = QUICK_PROBES if options.quick else PROBES
    head = (
        "population",
        "seen",
        "gallery",
        "true rank-1",
        "said",
        "holds",
        "above",
        "holds, where said",
        "upper end / truth",
        "value",
        "width, points",
        "bound only",
    )
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    with ProcessPoolExecutor(options.processes) as pool:
        for people in options.people:
            chosen = forecast_populations(options.tables)
            for population in [
                one for one in chosen if not options.populations or one.name in options.populations
            ]:
                parts = [
                    Part(population.name, people, number, options.seed, options.tables)
                    for number in range(-(-cohorts // PART))
                ]
                true = pool.submit(
                    kept,
                    options.keep,
                    f"truth-{population.name}-{people}-{probes}",
                    partial(truth, parts[0], probes),
                )
                found = [
                    pool.submit(kept, options.keep, part.name, partial(run, part, PART))
                    for part in parts
                ]
                rows = [row for one in found for row in one.result()]
                show(population.name, people, true.result(), rows)


if __name__ == "__main__":
    main()
