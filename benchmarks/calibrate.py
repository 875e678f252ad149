"""Do 95 % intervals hold the truth in 95 % of simulated cohorts?

Run: ``make calibrate``, or ``python benchmarks/calibrate.py [--cohorts 2000] [--people 20 100]``.

Every row simulates cohorts whose true rate is known: several sessions a person, people who differ
from one another, or people who shift all their scores. Beside the person-level interval stands
the Wilson interval on pairs, which takes every pair for an independent one, and where outcomes
are one per person the exact interval. Slow rows use a part of the cohorts. A row is marked where
the person-level interval covers less than 93 % or more than 97 % by more than twice the error of
the simulation. Rates of 0 and 1, and rates near them with few people, cannot be met exactly by any
interval on counts: the bounds given there must cover at least. Forecasts: calibrate_forecast.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import norm

from headrisk.linkage.pairs import pair_sample
from headrisk.statistics.bootstrap import curve_intervals
from headrisk.statistics.clustered import mated_rate, nonmated_rate
from headrisk.statistics.intervals import clopper_pearson, share_of_people, wilson
from headrisk.statistics.paired import paired_difference
from headrisk.types import Estimate, FloatArray, PairScores

PEOPLE = (20, 100, 1000)
RATES = (0.0, 0.01, 0.5, 1.0)
SESSIONS = (1, 3)
LOWEST, HIGHEST = 0.93, 0.97


@dataclass(frozen=True)
class Row:
    """Coverage in one setting; None where an interval does not apply."""

    figure: str
    setting: str
    people: int
    cohorts: int
    person: float
    exact: float | None
    pairs: float | None


@dataclass(frozen=True)
class Job:
    """One setting: a simulation, its arguments, and the share of the cohorts it runs."""

    simulate: Callable[..., Row]
    arguments: tuple[float, ...]
    people: int
    share: float = 1.0


def holds(estimate: Estimate | None, truth: float) -> bool:
    """Whether an interval holds the truth; an interval that could not be made does not."""
    return estimate is not None and estimate.low - 1e-12 <= truth <= estimate.high + 1e-12


def person_chances(rng: np.random.Generator, rate: float, people: int, differ: bool) -> FloatArray:
    """Each person's own chance: all alike, or beta distributed about the same mean."""
    if not differ or rate in (0.0, 1.0):
        return np.full(people, rate)
    return rng.beta(2 * rate, 2 * (1 - rate), size=people)


def linked_share(
    rng: np.random.Generator, people: int, cohorts: int, rate: float, sessions: int, differ: bool
) -> Row:
    """Share of linked people (rank-1, linkability) with several probes a person."""
    person = exact = pairs = 0
    for _ in range(cohorts):
        chance = person_chances(rng, rate, people, differ)
        hits = rng.random((people, sessions)) < chance[:, None]
        person += holds(share_of_people(hits.mean(axis=1), hits.size), rate)
        exact += holds(clopper_pearson(int(hits[:, 0].sum()), people), rate)
        pairs += holds(wilson(int(hits.sum()), hits.size), rate)
    setting = f"rate {rate:g}, {sessions} sessions, {'people differ' if differ else 'people alike'}"
    return Row(
        "linked", setting, people, cohorts, person / cohorts, exact / cohorts, pairs / cohorts
    )


def false_nonmatches(rng: np.random.Generator, people: int, cohorts: int, rate: float) -> Row:
    """FNMR with one to five mated pairs a person and people who differ."""
    person = pairs = 0
    for _ in range(cohorts):
        number = rng.integers(1, 6, size=people)
        missed = rng.binomial(number, person_chances(rng, rate, people, True))
        person += holds(mated_rate(missed.astype(float), number.astype(float)), rate)
        pairs += holds(wilson(int(missed.sum()), int(number.sum())), rate)
    setting = f"rate {rate:g}, 1 to 5 pairs, people differ"
    return Row("FNMR", setting, people, cohorts, person / cohorts, None, pairs / cohorts)


def symmetric_scores(rng: np.random.Generator, people: int, shared: float) -> FloatArray:
    """(people, people) standard normal scores, a part ``shared`` of their variance by people."""
    own, noise = rng.normal(size=people), rng.normal(size=(people, people))
    noise = np.triu(noise, 1)
    noise += noise.T
    common = own[:, None] + own[None, :]
    return np.asarray(np.sqrt(shared / 2) * common + np.sqrt(1 - shared) * noise)


def false_matches(
    rng: np.random.Generator, people: int, cohorts: int, rate: float, shared: float
) -> Row:
    """FMR over all pairs of people, each of whom shifts all his or her scores."""
    compared = 1.0 - np.eye(people)
    person = pairs = 0
    for _ in range(cohorts):
        events = (symmetric_scores(rng, people, shared) > norm.isf(rate)) * compared
        person += holds(nonmated_rate(events, compared), rate)
        pairs += holds(wilson(int(events.sum()) // 2, people * (people - 1) // 2), rate)
    setting = f"rate {rate:g}, person effects {shared:g}"
    return Row("FMR", setting, people, cohorts, person / cohorts, None, pairs / cohorts)


def simulated_scores(
    rng: np.random.Generator, people: int, sessions: int, shift: float, spread: float
) -> PairScores:
    """One gallery scan and ``sessions`` probes a person; mates differ by ``spread``."""
    owner = np.repeat(np.arange(people), sessions)
    values = rng.normal(size=(owner.size, people))
    values[np.arange(owner.size), owner] += shift + (spread * rng.normal(size=people))[owner]
    usable = np.ones(values.shape, dtype=bool)
    return PairScores("simulated", values, usable, owner, np.arange(people))


def curve_area(rng: np.random.Generator, people: int, cohorts: int, shift: float) -> Row:
    """AUC with two probes a person and mated scores that differ between people."""
    truth, person = float(norm.cdf(shift / np.sqrt(2.49))), 0
    for _ in range(cohorts):
        sample = pair_sample(simulated_scores(rng, people, 2, shift, 0.7))
        person += holds(curve_intervals(sample, 200, rng).auc, truth)
    setting = f"AUC {truth:.3f}, 2 sessions, people differ"
    return Row("AUC", setting, people, cohorts, person / cohorts, None, None)


def paired_change(
    rng: np.random.Generator, people: int, cohorts: int, lost: float, gained: float
) -> Row:
    """Difference of two shares on the same people."""
    person, truth = 0, lost - gained
    for _ in range(cohorts):
        gap = rng.choice([1.0, -1.0, 0.0], people, p=[lost, gained, 1 - lost - gained])
        person += holds(paired_difference(gap), truth)
    setting = f"{lost:g} lost, {gained:g} gained"
    return Row("change", setting, people, cohorts, person / cohorts, None, None)


def jobs(people: Sequence[int]) -> list[Job]:
    """All settings."""
    found = [
        Job(linked_share, setting, n)
        for n, setting in product(people, product(RATES, SESSIONS, (False, True)))
    ]
    found += [Job(false_nonmatches, (rate,), n) for n, rate in product(people, RATES)]
    found += [
        Job(false_matches, setting, n, 0.1 if n > 300 else 1.0)
        for n, setting in product(people, product((0.01, 0.1, 0.5), (0.0, 0.3)))
    ]
    few = [n for n in people if n <= 300]
    found += [Job(curve_area, (shift,), n, 0.5) for n, shift in product(few, (0.5, 2.0, 3.0))]
    changes = ((0.0, 0.0), (0.01, 0.01), (0.1, 0.1), (0.5, 0.05))
    found += [Job(paired_change, setting, n) for n, setting in product(people, changes)]
    return found


def run(job: Job, cohorts: int, seed: np.random.SeedSequence) -> Row:
    """One row, with a random generator of its own."""
    number = max(int(cohorts * job.share), 1)
    return job.simulate(np.random.default_rng(seed), job.people, number, *job.arguments)


def show(row: Row) -> str:
    """One line of the table."""
    cells = ["-" if share is None else f"{100 * share:.1f} %" for share in (row.exact, row.pairs)]
    error = 2 * np.sqrt(max(row.person * (1 - row.person), 0.02) / row.cohorts)
    above = "above" if row.person > HIGHEST + error else ""
    mark = "BELOW" if row.person < LOWEST - error else above
    person = f"{100 * row.person:.1f} %"
    head = f"{row.figure:9}{row.setting:42}{row.people:7,}{row.cohorts:9,}"
    return f"{head}{person:>10}{cells[0]:>10}{cells[1]:>10}  {mark}".rstrip()


def main() -> None:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000)
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started, todo = time.monotonic(), jobs(options.people)
    seeds = np.random.SeedSequence(options.seed).spawn(len(todo))
    names = ("people", "cohorts", "person", "exact", "pairs")
    print(f"{'figure':9}{'setting':42}{names[0]:>7}{names[1]:>9}", end="")
    print("".join(f"{name:>10}" for name in names[2:]))
    with ProcessPoolExecutor(options.processes) as pool:
        for row in pool.map(run, todo, [options.cohorts] * len(todo), seeds):
            print(show(row), flush=True)
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
