"""Do 95 % intervals hold the truth in 95 % of simulated cohorts?

Run: ``make calibrate``, or ``python benchmarks/calibrate.py [--quick] [--keep DIR]``.

Every row simulates cohorts whose true rate is known: several sessions a person, people who differ
from one another, people who shift all their scores (hubs), siblings, scanners, goats, and one
person of all with thirty sessions. Beside the person-level interval stands what a plainer one
does: the Wilson interval on pairs, which takes every pair for an independent one, and where
outcomes are one per person the exact interval. ``width`` is the mean width in points and ``best``
that of the shortest interval that could cover 95 %: plus and minus 1.96 standard deviations of the
figure over the cohorts themselves. Slow rows use a part of the cohorts. A row is marked where the
interval covers less than 93 % or more than 97 % by more than twice the error of the simulation.
Rates of 0 and 1, and rates near them with few people, cannot be met exactly by any interval on
counts: the bounds given there must cover at least. With ``--keep`` every finished row is written
there and a run that was broken off goes on where it stopped. Forecasts: calibrate_forecast.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from kept import kept
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

from headrisk.linkage.density import density_curves, kernels
from headrisk.linkage.pairs import pair_sample
from headrisk.settings import Settings
from headrisk.statistics.bootstrap import curve_intervals
from headrisk.statistics.change import paired_difference
from headrisk.statistics.clustered import mated_rate, nonmated_rate
from headrisk.statistics.intervals import (
    clopper_pearson,
    people_to_bound,
    share_of_people,
    wilson,
)
from headrisk.statistics.joined import assigned_share, assignment_variance
from headrisk.statistics.openset import fnir_at_fpir, open_set_rates
from headrisk.statistics.rates import area_under_curve, d_prime, equal_error_rate
from headrisk.statistics.risk import linkability, system_unlinkability
from headrisk.statistics.summary import AllScores
from headrisk.statistics.unlinkability import unlinkability
from headrisk.types import Estimate, FloatArray, IntArray, PairScores

PEOPLE = (15, 40, 150, 500)
RATES = (0.0, 0.01, 0.5, 1.0)
SESSIONS = (1, 3)
LOWEST, HIGHEST = 0.93, 0.97
QUICK = 60
TRUTH = 40_000  # searches behind a simulated truth
COHORTS = 400  # at least: with hubs a cohort of 500 people says little more than one of 40
SESSION_NOISE = 0.7
REPETITIONS = 200
UNEVEN = "one of 30 sessions"


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
    width: float | None = None
    best: float | None = None


@dataclass(frozen=True)
class Job:
    """One setting: a simulation, its arguments, and the share of the cohorts it runs."""

    simulate: Callable[..., Row | list[Row]]
    arguments: tuple[float | str, ...]
    people: int
    share: float = 1.0

    @property
    def name(self) -> str:
        """Of the file that keeps its row."""
        return f"{self.simulate.__name__}-{self.people}-{'-'.join(map(str, self.arguments))}"


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


def world(kind: str, rng: np.random.Generator, people: int) -> FloatArray:
    """(people, people) scores of one probe and one gallery scan of each person."""
    values, own = rng.normal(size=(people, people)), np.arange(people)
    mates = 3.5 + 0.7 * rng.normal(size=people)
    if kind == "t4":
        values = rng.standard_t(4, size=(people, people))
        mates = 5.0 + 1.5 * rng.normal(size=people)
    if kind == "skewed hubs":
        shift = 0.5 * (rng.gamma(2.0, size=people) - 2.0) / np.sqrt(2.0)
        values += shift[:, None] + shift
    if kind == "hubs":
        shift = 0.5 * rng.normal(size=people)
        values += shift[:, None] + shift
    if kind == "siblings":
        there = (own ^ 1) < people
        values[own[there], own[there] ^ 1] += 2.0
    if kind == "scanners":
        scanner = rng.integers(0, 3, people)
        values += 1.0 * (scanner[:, None] == scanner)
    if kind == "goats":
        mates = np.where(rng.random(people) < 0.25, 1.0, 4.0)
    values[own, own] += mates
    return values


KINDS = ("alike", "hubs", "siblings", "scanners", "goats", "t4", "skewed hubs")


def scores_of(values: FloatArray, sessions: IntArray, rng: np.random.Generator) -> PairScores:
    """Each person's row ``sessions`` times, every session with noise of its own."""
    row = np.repeat(np.arange(sessions.size), sessions)
    again = values[row] + noise_of(sessions) * rng.normal(size=(row.size, values.shape[1]))
    people = np.arange(sessions.size)
    return PairScores("simulated", again, np.ones(again.shape, np.bool_), row, people)


def sessions_of(kind: str, people: int) -> IntArray:
    """How many sessions each person has: one, or thirty for one of all people."""
    number = np.ones(people, dtype=np.int64)
    if kind == UNEVEN:
        number[-1] = 30
    return number


def noise_of(sessions: IntArray) -> float:
    """Spread that a person's sessions add to scores."""
    return SESSION_NOISE if sessions.max() > 1 else 0.0


@dataclass(frozen=True)
class Truth:
    """Best strangers and mates of many searches in galleries of one size."""

    top: FloatArray
    mate: FloatArray

    def fpir(self, threshold: float) -> float:
        """Share of searches for absent people that return somebody."""
        return float(np.mean(self.top >= threshold))

    def fnir(self, threshold: float) -> float:
        """Share of searches for present people that do not return them first."""
        return float(np.mean((self.mate < threshold) | (self.mate <= self.top)))


def true_searches(kind: str, people: int, noise: float) -> Truth:
    """From cohorts of the same size, many enough."""
    rng, tops, mates = np.random.default_rng(987_654), [], []
    for _ in range(max(TRUTH // people, COHORTS)):
        values = world(kind, rng, people) + noise * rng.normal(size=(people, people))
        mates.append(np.diag(values).copy())
        np.fill_diagonal(values, -np.inf)
        tops.append(values.max(axis=1))
    return Truth(np.concatenate(tops), np.concatenate(mates))


@dataclass
class _Tally:
    """Coverage, widths and values of one figure."""

    held: int = 0
    made: int = 0
    width: float = 0.0
    values: list[float] | None = None

    def add(self, estimate: Estimate | None, truth: float) -> None:
        self.made += 1
        self.held += holds(estimate, truth)
        if estimate is not None:
            self.width += estimate.high - estimate.low
            self.values = [*(self.values or []), estimate.value - truth]

    def row(self, figure: str, setting: str, people: int, pairs: float | None = None) -> Row:
        number = max(self.made, 1)
        best = 2 * 1.96 * float(np.std(self.values or [0.0]))
        return Row(
            figure,
            setting,
            people,
            number,
            self.held / number,
            None,
            pairs,
            self.width / number,
            best,
        )


def open_set(
    rng: np.random.Generator, people: int, cohorts: int, kind: str, level: float, uneven: str
) -> list[Row]:
    """FPIR and FNIR at the threshold whose true FPIR is ``level``, given and fitted."""
    sessions = sessions_of(uneven, people)
    true = true_searches(kind, people, noise_of(sessions))
    threshold = float(np.quantile(true.top, 1 - level))
    figures = ("FPIR", "FNIR", "FPIR, fitted", "FNIR, fitted")
    tally, plain = {name: _Tally() for name in figures}, dict.fromkeys(figures, 0)
    for _ in range(cohorts):
        scores = scores_of(world(kind, rng, people), sessions, rng)
        (given,) = open_set_rates(scores, [threshold])
        for found, end in ((given, ""), (fnir_at_fpir(scores, level), ", fitted")):
            if found is None or found.fpir is None or found.fnir is None:
                continue
            pairs = (found.fpir, true.fpir(found.threshold)), (found.fnir, true.fnir(threshold))
            for name, (estimate, truth) in zip(("FPIR", "FNIR"), pairs, strict=True):
                tally[name + end].add(estimate, truth)
                plain[name + end] += holds(wilson(estimate.value * people, people), truth)
    setting = f"FPIR {level:g}, {kind}, {uneven}"
    return [
        part.row(name, setting, people, plain[name] / max(part.made, 1))
        for name, part in tally.items()
    ]


def rank_one(rng: np.random.Generator, people: int, cohorts: int, kind: str) -> Row:
    """Linked at rank 1 where searches share a gallery."""
    true = true_searches(kind, people, 0.0)
    truth, tally = float(np.mean(true.mate > true.top)), _Tally()
    once = np.ones(people, dtype=np.int64)
    for _ in range(cohorts):
        scores = scores_of(world(kind, rng, people), once, rng)
        tally.add(linkability(scores, [people])[people], truth)
    return tally.row("linked", f"rate {truth:.2f}, {kind}", people)


def assigned(rng: np.random.Generator, people: int, cohorts: int, kind: str, up: float) -> Row:
    """People found by assigning all at once; mated scores ``up`` standard deviations more."""
    once, tally, plain = np.ones(people, dtype=np.int64), _Tally(), 0
    source = np.random.default_rng(555_444)

    def found(values: FloatArray) -> FloatArray:
        return np.asarray(linear_sum_assignment(-values)[1] == np.arange(people), np.float64)

    def draw(generator: np.random.Generator) -> FloatArray:
        return world(kind, generator, people) + up * np.eye(people)

    truth = float(np.mean([found(draw(source)).mean() for _ in range(max(30_000 // people, 300))]))
    for _ in range(cohorts):
        values = draw(rng)
        variance = assignment_variance(scores_of(values, once, rng), rng)
        tally.add(assigned_share(found(values), variance, people), truth)
        plain += holds(wilson(float(found(values).sum()), people), truth)
    return tally.row("assigned", f"rate {truth:.2f}, {kind}", people, plain / max(cohorts, 1))


def curves(
    rng: np.random.Generator, people: int, cohorts: int, kind: str, uneven: str
) -> list[Row]:
    """AUC, EER, d' and D_sys, with and without one person of thirty sessions."""
    sessions = sessions_of(uneven, people)
    truth = true_curves(kind, people, noise_of(sessions))
    tally = {name: _Tally() for name in truth}
    for _ in range(cohorts):
        sample = pair_sample(scores_of(world(kind, rng, people), sessions, rng))
        part = curve_intervals(sample, REPETITIONS, rng)
        weights = (sample.mated_weight, sample.nonmated_weight)
        pair = kernels(sample.mated, sample.nonmated, weights)
        apart = None if pair is None else unlinkability(sample, pair, REPETITIONS, rng)
        found = {"AUC": part.auc, "EER": part.eer, "d'": part.d_prime, "D_sys": apart}
        for name, estimate in found.items():
            tally[name].add(estimate, truth[name])
    return [
        part.row(name, f"{name} {truth[name]:.3f}, {kind}, {uneven}", people)
        for name, part in tally.items()
    ]


def many_scores(kind: str, people: int, noise: float) -> tuple[FloatArray, FloatArray]:
    """Mated scores and others of many cohorts of one size: siblings are rarer in larger ones."""
    rng, mated, other = np.random.default_rng(123_321), [], []
    cohorts = max(TRUTH // people, COHORTS // 4)
    share = min(1.0, 2e6 / (cohorts * people**2))
    for _ in range(cohorts):
        values = world(kind, rng, people) + noise * rng.normal(size=(people, people))
        mated.append(np.diag(values).copy())
        rest = values[~np.eye(people, dtype=bool)]
        other.append(rest[rng.random(rest.size) < share])
    return np.sort(np.concatenate(mated)), np.sort(np.concatenate(other))


def true_curves(kind: str, people: int, noise: float) -> dict[str, float]:
    """From many people; D_sys from their densities."""
    one, two = many_scores(kind, people, noise)
    pair = kernels(one, two)
    return {
        "AUC": area_under_curve(one, two) or 0.0,
        "EER": equal_error_rate(one, two) or 0.0,
        "d'": d_prime(one, two) or 0.0,
        "D_sys": 0.0 if pair is None else system_unlinkability(density_curves(pair)),
    }


def thresholds(
    rng: np.random.Generator, people: int, cohorts: int, kind: str, uneven: str
) -> list[Row]:
    """FMR and FNMR in cross-validation, against those of the threshold that was fitted."""
    sessions = sessions_of(uneven, people)
    one, two = many_scores(kind, people, noise_of(sessions))
    tally = {name: _Tally() for name in ("FNMR, kde", "FMR, kde")}
    for _ in range(cohorts):
        scores = AllScores(scores_of(world(kind, rng, people), sessions, rng))
        found = scores.thresholds(Settings(), rng)["kde"]
        if found.value is None:
            continue
        tally["FNMR, kde"].add(found.fnmr, np.searchsorted(one, found.value) / one.size)
        tally["FMR, kde"].add(found.fmr, 1 - np.searchsorted(two, found.value) / two.size)
    return [part.row(name, f"{kind}, {uneven}", people) for name, part in tally.items()]


def paired_change(
    rng: np.random.Generator, people: int, cohorts: int, lost: float, gained: float
) -> Row:
    """Difference of two shares on the same people."""
    tally = _Tally()
    for _ in range(cohorts):
        gap = rng.choice([1.0, -1.0, 0.0], people, p=[lost, gained, 1 - lost - gained])
        tally.add(paired_difference(gap), lost - gained)
    return tally.row("change", f"{lost:g} lost, {gained:g} gained", people)


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
    cost = {n: min(1.0, (60 / n) ** 2) for n in people}
    cases = [(kind, "one session") for kind in KINDS]
    cases += [(kind, UNEVEN) for kind in ("alike", "hubs", "goats")]
    for n in people:
        part = max(0.5 * cost[n], 0.1)
        levels = [level for level in (0.03, 0.1, 0.3) if n >= people_to_bound(level)]
        found += [
            Job(open_set, (kind, level, uneven), n, part)
            for (kind, uneven), level in product(cases, levels)
        ]
        found += [Job(rank_one, (kind,), n, part) for kind in KINDS]
        found += [
            Job(assigned, (kind, up), n, max(0.25 * cost[n], 0.02))
            for kind, up in product(KINDS, (0.0, -1.5))
        ]
        found += [Job(curves, case, n, max(0.25 * cost[n], 0.05)) for case in cases]
        found += [Job(thresholds, case, n, max(0.1 * cost[n], 0.03)) for case in cases]
    return found


def run(job: Job, cohorts: int, seed: int) -> list[list[object]]:
    """Its rows, with a random generator of its own."""
    number = max(int(cohorts * job.share), 1)
    words = np.random.SeedSequence((seed, *job.name.encode()))
    found = job.simulate(np.random.default_rng(words), job.people, number, *job.arguments)
    return [list(astuple(one)) for one in (found if isinstance(found, list) else [found])]


def show(row: Row) -> str:
    """One line of the table."""
    cells = ["–" if share is None else f"{100 * share:.1f} %" for share in (row.exact, row.pairs)]
    widths = [
        "–" if width is None else f"{width:.2f}" if row.figure == "d'" else f"{100 * width:.1f}"
        for width in (row.width, row.best)
    ]
    error = 2 * np.sqrt(max(row.person * (1 - row.person), 0.02) / row.cohorts)
    above = "above" if row.person > HIGHEST + error else ""
    mark = "BELOW" if row.person < LOWEST - error else above
    head = [row.figure, row.setting, f"{row.people:,}", f"{row.cohorts:,}"]
    return "| " + " | ".join([*head, f"{100 * row.person:.1f} %", *cells, *widths, mark]) + " |"


def main() -> None:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000)
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for finished rows")
    parser.add_argument("--quick", action="store_true", help="few cohorts")
    parser.add_argument("--figures", nargs="+", help="only these functions, such as open_set")
    options = parser.parse_args()
    cohorts = QUICK if options.quick else options.cohorts
    started = time.monotonic()
    todo = [
        job
        for job in jobs(options.people)
        if not options.figures or job.simulate.__name__ in options.figures
    ]
    names = (
        "figure",
        "simulated people",
        "n",
        "cohorts",
        "interval",
        "exact",
        "plainer",
        "width",
        "best",
        "",
    )
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    with ProcessPoolExecutor(options.processes) as pool:
        rows = [
            pool.submit(
                kept,
                options.keep,
                f"{job.name}-{cohorts}-{options.seed}",
                partial(run, job, cohorts, options.seed),
            )
            for job in todo
        ]
        for part in rows:
            for row in part.result():
                print(show(Row(*row)), flush=True)
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
