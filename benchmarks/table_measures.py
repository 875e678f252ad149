"""Measures of derived tables side by side, and what the strongest attack comes to.

    python benchmarks/table_measures.py [--seeds 10]

Simulated cohorts of people with two sessions each. Measurements come in left-right pairs; they
share head size, regional factors and the two sides of a pair (correlated about 0.8 once size is
taken out), as regional volumes do. Each has its own reliability (0.5 to 0.95, mean 0.75; published
test-retest figures of FreeSurfer lie mostly above). A session shifts many measurements together
(position, motion), and one cell in a hundred is a failed segmentation. With ``two pipelines`` the
second session comes from other software: another scale, offset and added noise in every column.

What is a matter of choice in the measures was settled on development seeds; the test seeds are
looked at afterwards.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from headrisk.linkage.fusion import fuse
from headrisk.linkage.whole_sets import locally_scaled
from headrisk.statistics.choice import choose
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.table.scale import centre_and_spread, match, scaled
from headrisk.table.similarity import SCALED, Sides, all_scores
from headrisk.types import FloatArray, PairScores

PEOPLE = (30, 100, 300)
PAIRS = (7, 20)
MEASURES = (
    "cosine",
    "correlation",
    "whitened-cosine",
    "likelihood-ratio",
    "likelihood-ratio-scaled",
    "two-covariance",
    "two-covariance-scaled",
    "fusion",
    "strongest",
)
DEVELOPMENT, TEST = 1, 101  # first seeds


def cohort(
    rng: np.random.Generator, people: int, pairs: int, other_pipeline: bool
) -> tuple[FloatArray, FloatArray]:
    """Two sessions: (people, 2 * pairs) measurements each, head size taken out."""
    factors = rng.normal(size=(people, 4)) @ rng.normal(size=(4, pairs)) / 4
    region = factors + np.sqrt(0.55) * rng.normal(size=(people, pairs))
    traits = np.repeat(region, 2, axis=1) + 0.5 * rng.normal(size=(people, 2 * pairs))
    traits /= traits.std(axis=0)
    reliability = 0.5 + 0.45 * rng.beta(2, 1.6, size=2 * pairs)
    load = rng.normal(size=2 * pairs)
    sessions = []
    for visit in range(2):
        drift = 0.5 * rng.normal(size=(people, 1)) * load
        noise = (drift + rng.normal(size=traits.shape)) / np.sqrt(1 + (0.5 * load) ** 2)
        seen = traits + np.sqrt(1 / reliability - 1) * noise
        if other_pipeline and visit:
            seen = seen * rng.uniform(0.7, 1.3, 2 * pairs) + rng.normal(size=2 * pairs)
            seen += 0.5 * rng.normal(size=seen.shape)
        seen += 6 * rng.normal(size=seen.shape) * (rng.random(seen.shape) < 0.01)
        sessions.append(seen)
    return sessions[0], sessions[1]


def rank_one(people: int, pairs: int, other_pipeline: bool, seed: int) -> dict[str, float]:
    """Rank-1 rate of every measure in one cohort; the second session is searched."""
    rng = np.random.default_rng((seed, people, pairs, other_pipeline))
    first, second = cohort(rng, people, pairs, other_pipeline)
    if other_pipeline:
        second, first = match(second, first, "scale")
    else:
        centre, spread = centre_and_spread(np.concatenate([first, second]))
        first, second = scaled(first, centre, spread), scaled(second, centre, spread)
    who = np.arange(people)
    mirror = np.arange(2 * pairs).reshape(-1, 2)[:, ::-1].ravel()
    values, _ = all_scores(Sides(second, first, who, who, mirror=mirror), 5, rng)
    usable = np.ones((people, people), dtype=bool)
    for name in SCALED:
        if name in values:
            values[f"{name}-scaled"] = locally_scaled(values[name], usable)
    scores = {name: PairScores(name, one, usable, who, who) for name, one in values.items()}
    fused = fuse(scores, rng)
    if fused is not None:
        scores[fused.measure] = fused
    rates = {name: float(cumulative_match(mate_ranks(one))[0]) for name, one in scores.items()}
    strongest = choose(scores, rng, shuffles=1).choice.rank1
    return rates | {"strongest": strongest.value if strongest else np.nan}


def _mean(rates: list[float | None]) -> str:
    known = [rate for rate in rates if rate is not None]
    return f"{100 * np.mean(known):.1f} %" if known else "-"


def main() -> None:
    """Print a line for each kind of cohort: development seeds, then test seeds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    print("| columns | people | software | seeds | " + " | ".join(MEASURES) + " |")
    print("|---|---|---|---|" + "---|" * len(MEASURES))
    for start, pairs, people, other in product((DEVELOPMENT, TEST), PAIRS, PEOPLE, (False, True)):
        rows = [rank_one(people, pairs, other, start + k) for k in range(options.seeds)]
        cells = [_mean([row.get(name) for row in rows]) for name in MEASURES]
        which = "development" if start == DEVELOPMENT else "test"
        software = "two pipelines" if other else "one pipeline"
        print(f"| {2 * pairs} | {people} | {software} | {which} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
