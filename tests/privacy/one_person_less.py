"""What somebody works out from public reports: attacks on headrisk's own output.

``python tests/privacy/one_person_less.py`` prints the table of docs/trust.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from headrisk.attacks.section import modality_section
from headrisk.deidentify.comparison_brain import measure_change
from headrisk.findings.coarse import coarse_share
from headrisk.findings.codec import report_as_dict
from headrisk.findings.deidentified import Arrival, CostFigure, FaceLeft, OwnScan, Treatment
from headrisk.findings.records import Report, ScanRow
from headrisk.io.canonical import canonical_json
from headrisk.linkage.density import silverman_spread
from headrisk.report.tsv import table_text
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.write import report_tables
from headrisk.settings import Settings
from headrisk.statistics.assessment import assess
from headrisk.statistics.attackers import NAMED_ATTACKERS
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.statistics.strata import by_probe
from headrisk.statistics.summary import strata, summarise
from headrisk.types import Estimate, FloatArray, PairScores

SETTINGS = Settings(bootstrap=100, measures=("residual-correlation", "mae"))
SIZES = (5, 7, 12, 30)
MODALITIES = ("brain", "face", "table", "treated")
SEPARATION = {"brain": 2.4, "face": 1.6, "table": 3.0, "treated": 2.0}
Publish = Callable[[Report], Report]


def world(people: int, modality: str) -> FloatArray:
    """(2, people, people) scores under two measures; about half of the mates come first."""
    rng = np.random.default_rng((people, MODALITIES.index(modality)))
    values = rng.normal(0.1, 0.08, (2, people, people))
    return np.asarray(values + 0.08 * SEPARATION[modality] * np.eye(people), dtype=np.float64)


def pair_scores(values: FloatArray, measure: str) -> PairScores:
    """Everybody searched among everybody, each once."""
    person = np.arange(values.shape[0])
    return PairScores(measure, values, np.ones(values.shape, dtype=np.bool_), person, person)


@cache
def report_of(people: int, modality: str, without: int | None = None) -> Report:
    """The exact report of a cohort, or of the same without one person."""
    keep = [k for k in range(people) if k != without]
    values = world(people, modality)[:, keep][:, :, keep]
    scores = [pair_scores(one, name) for one, name in zip(values, SETTINGS.measures, strict=True)]
    rng = np.random.default_rng(0)
    summaries = [summarise(one, settings=SETTINGS, rng=rng) for one in scores]
    site = by_probe("site", np.array(keep) % 2, ["North", "South"], len(keep))
    risk = None
    if summaries[0].verdict.enough:
        risk = assess(
            scores[0],
            summaries[0].verdict.smallest_risk,
            NAMED_ATTACKERS[:1],
            settings=SETTINGS,
            rng=rng,
        )
    section = modality_section(
        "brain" if modality == "treated" else modality,
        tuple(ScanRow(f"{k}", f"{k}", "1", "", "ok") for k in keep),
        scores,
        summaries,
        strata(scores[0], [site]),
        risk=None if risk is None else risk[0],
    )
    treatments = (treatment_of(values),) if modality == "treated" else ()
    return Report((section,), SETTINGS.as_dict(), "0", treatments=treatments)


def treatment_of(values: FloatArray) -> Treatment:
    """Before and after of the same people, and a face left in every third scan."""
    people = values.shape[1]
    before, after = (pair_scores(one, "headrisk") for one in values)
    effect = measure_change("brain", "naive", before, after, np.random.default_rng(1))
    left = people // 3
    cost = np.random.default_rng(2).uniform(0, 0.02, people)
    mean = Estimate(float(cost.mean()), float(cost.min()), float(cost.max()), people)
    return Treatment(
        "cut",
        Arrival(people, people - 1, 1, 0, 0, 0, 0, 0, 0, 0, left, 0),
        (effect,),
        OwnScan("headrisk", Estimate(1.0, 0.5, 1.0, people), people, 1 / people),
        FaceLeft(people, {"yes": left, "no": people - left}, {"hog": (people, left)}),
        (CostFigure("brain voxels cut", "share", mean, float(cost.max())),),
    )


def content(report: Report) -> dict[str, Any]:
    """The public figures read back: ``report.json``, and every table as text."""
    return {
        "report": json.loads(canonical_json(report_as_dict(report))),
        "tables": {name: table_text(table) for name, table in report_tables(report).items()},
    }


def found(people: int, modality: str, measure: int = 0) -> FloatArray:
    """(people,) whether each was linked at rank 1: what the attacker wants to know."""
    ranks = mate_ranks(pair_scores(world(people, modality)[measure], "x"))
    return np.asarray(person_means(ranks.within(1), ranks.person)[1], dtype=np.float64)


def as_bin(rate: Mapping[str, Any]) -> tuple[int, int]:
    """The counts that a published rate leaves open."""
    if rate.get("fewest") is not None:
        return int(rate["fewest"]), int(rate["most"])
    exact = round(rate["value"] * rate["n"])
    return exact, exact


def rates_in(report: Mapping[str, Any], path: str = "") -> dict[str, Mapping[str, Any]]:
    """Every rate over people in a ``report.json`` by its place."""
    if isinstance(report, Mapping):
        if {"value", "low", "high", "n"} <= report.keys():
            return {path: report}
        parts: Any = report.items()
    elif isinstance(report, list):
        parts = enumerate(report)
    else:
        return {}
    return {k: v for key, one in parts for k, v in rates_in(one, f"{path}/{key}").items()}


def possible(with_person: tuple[int, int], without: tuple[int, int]) -> dict[int, int]:
    """For a person who was found (1) and not (0): counts of the others that fit both reports."""
    fits = {}
    for x in (0, 1):
        low = max(without[0], with_person[0] - x)
        high = min(without[1], with_person[1] - x)
        fits[x] = max(high - low + 1, 0)
    return fits


@dataclass(frozen=True)
class Differencing:
    """People of a cohort whose result two reports give away, and how often a guess is right.

    ``certain`` people: one answer alone fits. ``right`` is the share that the attacker names
    rightly by the likelier answer, ``guess`` that of naming the likelier answer of one report.
    """

    people: int
    certain: int
    right: float
    guess: float


def difference(people: int, modality: str, publish: Publish) -> Differencing:
    """Take the report of a cohort and those without each person, and solve for the person."""
    whole = content(publish(report_of(people, modality)))["report"]
    rate = next(iter(_headline(whole).values()), None)
    truth = found(people, modality)
    certain, right, guess = 0, [], []
    for person in range(people):
        less = content(publish(report_of(people, modality, person)))["report"]
        other = next(iter(_headline(less).values()), None)
        middle = 0.5 if rate is None else sum(as_bin(rate)) / 2 / people
        prior = {0: 1 - middle, 1: middle}
        guess.append(float(truth[person] == (middle >= 0.5)))
        if rate is None or other is None:
            right.append(guess[-1])
            continue
        fits = possible(as_bin(rate), as_bin(other))
        if 0 in fits.values() and any(fits.values()):
            certain += 1
        weight = {x: fits[x] * prior[x] for x in fits}
        answer = middle >= 0.5 if weight[0] == weight[1] else weight[1] > weight[0]
        right.append(float(truth[person] == answer))
    return Differencing(people, certain, float(np.mean(right)), float(np.mean(guess)))


def _headline(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    (section,) = report["modalities"].values()
    first = section["measures"][section["headline"]["measure"]]["rank1"]
    return {} if first is None else {"rank1": first}


def over_cohorts(people: int, modality: str, cohorts: int) -> tuple[float, float, float]:
    """How often the likelier answer of two public rank-1 rates is right, over many cohorts.

    Only the rate is made, by the function that makes it for every report; ``test_privacy`` holds
    that against a whole report.

    Returns
    -------
    Share right from two reports, from one, and half the width of the 95 % interval of their
    difference.
    """
    rng = np.random.default_rng((people, MODALITIES.index(modality), cohorts))
    shares = np.array([_guessed(people, modality, rng) for _ in range(cohorts)])
    gain = shares[:, 0] - shares[:, 1]
    return *map(float, shares.mean(axis=0)), float(1.96 * gain.std() / np.sqrt(cohorts))


def _guessed(people: int, modality: str, rng: np.random.Generator) -> tuple[float, float]:
    values = rng.normal(0.1, 0.08, (people, people))
    values += 0.08 * SEPARATION[modality] * np.eye(people)
    beaten = values > values.diagonal()[:, None]
    truth = ~beaten.any(axis=1)
    whole = public_bin(truth)
    middle = sum(whole) / 2 / people
    alone = middle >= 0.5
    right = []
    for person in range(people):
        rest = np.arange(people) != person
        fits = possible(whole, public_bin(~beaten[np.ix_(rest, rest)].any(axis=1)))
        weight = {0: fits[0] * (1 - middle), 1: fits[1] * middle}
        answer = alone if weight[0] == weight[1] else weight[1] > weight[0]
        right.append(answer == truth[person])
    return float(np.mean(right)), float(np.mean(truth == alone))


def public_bin(linked: NDArray[np.bool_]) -> tuple[int, int]:
    """Fewest and most people linked, as a report publishes them."""
    rate = coarse_share(Estimate(float(linked.mean()), 0.0, 1.0, linked.size))
    assert rate is not None
    assert rate.fewest is not None
    assert rate.most is not None
    return rate.fewest, rate.most


def given_away(people: int, modality: str, publish: Publish) -> tuple[int, int]:
    """Of all rates over people in both reports, for each person: those that leave one answer.

    Returns how many leave one, and how many were tried.
    """
    whole = rates_in(content(publish(report_of(people, modality)))["report"])
    told = tried = 0
    for person in range(people):
        less = rates_in(content(publish(report_of(people, modality, person)))["report"])
        for place, rate in whole.items():
            other = less.get(place)
            if other is None or not _over_people(place, rate, people):
                continue
            if other["n"] != rate["n"] - 1:
                continue
            fits = possible(as_bin(rate), as_bin(other))
            tried += 1
            told += any(fits.values()) and 0 in fits.values()
    return told, tried


def _over_people(place: str, rate: Mapping[str, Any], people: int) -> bool:
    names = ("rank1", "rank5", "rate", "mean", "found", "untreated", "before", "after", "fnir")
    costs = "/cost/" in place  # means of quantities, no shares of people
    return place.rpartition("/")[2] in names and 0 < rate["n"] <= people and not costs


def deconvolve(table: str, spread: float, people: int) -> FloatArray | None:
    """Scores behind a density curve: the weights on a fine grid whose kernels add up to it.

    ``spread`` is the bandwidth; whoever knows the rule and the curve finds it by its fit.
    """
    rows = [line.split("\t") for line in table.strip().split("\n")]
    if "mated" not in rows[0] or "score" not in rows[0]:
        return None
    x, y = (
        np.array([row[rows[0].index(c)] for row in rows[1:]], float) for c in ("score", "mated")
    )
    grid = np.linspace(x[0], x[-1], 800)
    kernel = np.exp(-0.5 * ((x[:, None] - grid[None, :]) / spread) ** 2)
    kernel /= spread * np.sqrt(2 * np.pi)
    weight = nnls(kernel, y)[0]
    running = np.cumsum(weight) / weight.sum()
    places = (np.arange(people) + 0.5) / people
    return np.asarray(np.interp(places, running, grid), dtype=np.float64)


def bandwidth(values: FloatArray) -> float:
    """Silverman's, as the report's curves have it."""
    return 0.9 * silverman_spread(values) * values.size ** (-0.2)


def solutions(ranges: tuple[str, ...], total: int) -> list[tuple[int, ...]]:
    """All counts that fit ranges such as ``3 to 5`` and add up to a total."""
    ends = [tuple(map(int, text.split(" to "))) for text in ranges]
    spans = [range(one[0], one[-1] + 1) for one in ends]
    return [cells for cells in product(*spans) if sum(cells) == total]


def exact(report: Report) -> Report:
    """The report as it would be without withholding."""
    return report


def main() -> None:
    """Print the numbers of docs/trust.md."""
    line = "| {} | {} | {} of {} | {} of {} | {:.0f} % | {:.0f} % |\n"
    for people, modality in product(SIZES, MODALITIES):
        before = difference(people, modality, exact)
        after = difference(people, modality, withhold_small_cells)
        sys.stdout.write(
            line.format(
                modality,
                people,
                before.certain,
                people,
                after.certain,
                people,
                100 * after.right,
                100 * after.guess,
            )
        )
        sys.stdout.flush()
    for people, modality in product(SIZES, MODALITIES):
        two, one, half = over_cohorts(people, modality, 1000)
        sys.stdout.write(
            f"| {modality} | {people} | {100 * two:.1f} % | {100 * one:.1f} % | "
            f"{100 * (two - one):+.1f} ({100 * half:.1f}) |\n"
        )
    for people in SIZES:
        own = np.sort(world(people, "brain")[0].diagonal())
        table = content(report_of(people, "brain"))["tables"]["brain-density-residual-correlation"]
        solved = deconvolve(table, bandwidth(own), people)
        if solved is not None:
            error = float(np.median(np.abs(solved - own)) / own.std())
            sys.stdout.write(f"deconvolved, {people} people: {error:.3f} SD\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
