"""How much easier simulated re-scans are to link than true second scans.

    python benchmarks/rescan_optimism.py --data ../shared/data --work results
    python benchmarks/rescan_optimism.py --synthetic 12 --work results

On scans with true mates, the same people are searched for twice in the same gallery: by their true
second scan, and by a re-scan simulated from the first. No strength was set with these figures in
view. ``--data`` holds the public scans of docs/results.md; ``--synthetic N`` makes N people.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from results_brain import summary, write_manifest

from headrisk.attacks import brain, rescan
from headrisk.attacks.attack import Context, search
from headrisk.brain.cohort import Cohort
from headrisk.brain.template import load_template
from headrisk.dataset.gather import Source
from headrisk.intake import take_in
from headrisk.job import Job
from headrisk.linkage.pairs import restrict
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings, Strength
from headrisk.statistics.rates import mate_ranks
from headrisk.synthetic.phantom import PhantomSettings, write_cohort
from headrisk.synthetic.phantom.settings import SCANNERS
from headrisk.types import PairScores

MEASURES = ("residual-correlation", "ncc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--synthetic", type=int, metavar="N")
    parser.add_argument("--scanners", type=int, default=3, help="of the synthetic people")
    parser.add_argument("--identity", type=float, default=1.0, help="how much they differ")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--strengths", nargs="+", default=get_args(Strength))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.data:
        source = write_manifest(arguments.data, arguments.work / "scans.tsv")
    else:
        source = arguments.work / "people"
        scanners = tuple(replace(one, voxel_mm=(2.0, 2.0, 2.0)) for one in SCANNERS)
        settings = PhantomSettings(
            identity=arguments.identity, scanners=scanners[: arguments.scanners]
        )
        rng = np.random.default_rng(11)
        write_cohort(source, arguments.synthetic, 2, settings, rng, load_template())
    job = Job((Source(source),), arguments.work / "out", Settings(measures=MEASURES), processes=2)
    context = Context(take_in(job, CostLog()), job, CostLog())
    real = brain.fingerprints(context).cohort.usable()
    lineup, scores, _ = search(brain.BrainAttack(), brain.Brains(real), context)
    design = lineup.plan
    twice = np.isin(design.probe_person, mate_ranks(scores[MEASURES[0]]).person)
    print(
        "| mates | measure | rank-1 (95 %) | AUC | d' | mates: lowest, median, highest "
        "| highest non-mate |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    for one in scores.values():
        print(row("true", restrict(one, np.broadcast_to(twice[:, None], one.values.shape))))
    mated = chosen(real, twice)
    for strength in arguments.strengths:
        again = replace(job, settings=replace(job.settings, rescan_strength=strength))
        copies, _ = rescan.prepare_simulated(mated, again, CostLog())
        everybody = copies.usable() + real
        plan = rescan.plan(everybody)
        for one in brain.score(everybody, plan, again, CostLog()).values():
            print(row(f"simulated, {strength}", one), flush=True)


def chosen(cohort: Cohort, keep: np.ndarray) -> Cohort:
    """The scans of people with true mates."""
    places = np.flatnonzero(keep)
    return Cohort(
        tuple(cohort.scans[k] for k in places),
        tuple(cohort.results[k] for k in places),
        tuple(cohort.digests[k] for k in places),
        tuple(cohort.keys[k] for k in places),
    )


def row(mates: str, scores: PairScores) -> str:
    """One line of the table."""
    found = summary(scores)
    own = scores.values[scores.mated]
    rate = found.rank1
    text = "-" if rate is None else f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
    auc = "-" if found.auc is None else f"{found.auc.value:.4f}"
    separation = "-" if found.d_prime is None else f"{found.d_prime.value:.2f}"
    spread = ", ".join(f"{value:.3f}" for value in (own.min(), np.median(own), own.max()))
    return (
        f"| {mates} | {scores.measure} | {text} | {auc} | {separation} | {spread} "
        f"| {scores.values[scores.nonmated].max():.3f} |"
    )


if __name__ == "__main__":
    main()
