"""Reports made from random scores, with rates counted by plain loops."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, gaussian_kde

from headrisk.report.assemble import score_histogram
from headrisk.report.model import (
    Condition,
    Cost,
    Counts,
    Internal,
    Link,
    MeasureResult,
    ModalitySection,
    Mosaic,
    Report,
    RunRecord,
    ScanRow,
    ScoreMatrix,
    Table,
    Threshold,
)
from headrisk.settings import DEFAULT_MEASURES, Settings
from headrisk.types import Estimate, PairScores


def random_scores(people: int, separation: float, measure: str, seed: int = 0) -> PairScores:
    """Two sessions of each person; mates score ``separation`` standard deviations higher."""
    rng = np.random.default_rng(seed)
    person = np.arange(people)
    values = rng.normal(0.1, 0.08, (people, people)) + 0.08 * separation * np.eye(people)
    return PairScores(measure, values, np.ones((people, people), bool), person, person)


def proportion(hits: int, n: int) -> Estimate:
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(0.975, hits + 1, n - hits))
    return Estimate(hits / n, low, high, n, "Clopper-Pearson over people")


def measure_and_tables(scores: PairScores) -> tuple[MeasureResult, dict[str, Table]]:
    name = scores.measure
    mated, other = scores.values[scores.mated], scores.values[scores.nonmated]
    people = scores.values.shape[0]
    rank = 1 + (scores.values > np.diag(scores.values)[:, None]).sum(axis=1)
    auc = float(np.mean(mated[:, None] > other[None, :]))
    grid = np.linspace(other.min() - 0.05, mated.max() + 0.05, 128)
    curves = [gaussian_kde(mated)(grid), gaussian_kde(other)(grid)]
    steps = np.quantile(scores.values, np.linspace(0, 1, 120))
    det = [(float((other >= t).mean()), float((mated < t).mean())) for t in steps]
    cross = float(grid[np.argmin(np.abs(curves[0] - curves[1]) + 9 * (grid < other.mean()))])
    cuts = {"kde": cross, **{f"fmr_1e-{k}": float(np.quantile(other, 1 - 10**-k)) for k in (2, 3)}}
    first = proportion(int((rank == 1).sum()), people)
    result = MeasureResult(
        name=name,
        auc=auc,
        eer=float(min(max(pair) for pair in det)),
        d_prime=float((mated.mean() - other.mean()) / np.sqrt((mated.var() + other.var()) / 2)),
        rank1=first,
        rank5=proportion(int((rank <= 5).sum()), people),
        mated_min=float(mated.min()),
        nonmated_max=float(other.max()),
        thresholds={
            rule: Threshold(
                cut,
                proportion(int((other >= cut).sum()), other.size),
                proportion(int((mated < cut).sum()), mated.size),
            )
            for rule, cut in cuts.items()
        },
        control=proportion(1, people),
        chance=1 / people,
        reading="links" if first.low > 0.1 else "unclear",
    )
    depth = min(people, 20)
    tables = {
        f"density-{name}": Table(
            ("score", "mated", "nonmated"),
            tuple(zip(grid.tolist(), *(c.tolist() for c in curves), strict=True)),
        ),
        f"det-{name}": Table(("fmr", "fnmr"), tuple(det)),
        f"cmc-{name}": Table(
            ("rank", "rate", "chance"),
            tuple((k, float((rank <= k).mean()), k / people) for k in range(1, depth + 1)),
        ),
    }
    bars = score_histogram(scores)
    if bars is not None:
        tables[f"scores-{name}"] = bars
    return result, tables


def simulated_section(people: int = 40, seed: int = 0) -> tuple[ModalitySection, list[PairScores]]:
    """All twelve measures, from strong to useless, and conditions with small levels."""
    strength = np.linspace(4.2, 0.0, len(DEFAULT_MEASURES))
    scores = [
        random_scores(people, float(s), name, seed + i)
        for i, (name, s) in enumerate(zip(DEFAULT_MEASURES, strength, strict=True))
    ]
    parts = [measure_and_tables(item) for item in scores]
    conditions = (
        Condition("time gap", "under 1 year", 21, 21, proportion(18, 21), 0.99),
        Condition("time gap", "1 to 3 years", 12, 12, proportion(9, 12), 0.97),
        Condition("time gap", "over 3 years", 7, 7, proportion(3, 7), 0.9),
        Condition("site", "North", 25, 25, proportion(21, 25), 0.98),
        Condition("site", "South", 12, 12, proportion(8, 12), 0.96),
        Condition("site", "Rare-disease ward", 3, 3, proportion(3, 3), 1.0),
        Condition("scanner pair", "same", 30, 30, proportion(26, 30), 0.99),
        Condition("scanner pair", "different", 10, 10, proportion(5, 10), 0.91),
    )
    section = ModalitySection(
        name="brain",
        counts=Counts(people + 2, 2 * people + 4, 3, people, people * (people - 1), people,
                      searched=people, unsearched=2, doubtful=1),
        measures=tuple(result for result, _ in parts),
        conditions=conditions,
        tables={name: table for _, tables in parts for name, table in tables.items()},
        compared="Second sessions were searched for among first sessions; T1w only.",
        method=("Brains were stripped, aligned to MNI space and sampled at 4 mm.",),
        references=("Puglisi L et al. (2024).",),
    )  # fmt: skip
    return section, scores


def simulated_report(people: int = 40, seed: int = 0) -> tuple[Report, Internal, RunRecord]:
    section, scores = simulated_section(people, seed)
    ids = [f"sub-{i:03d}" for i in range(people)]
    rng = np.random.default_rng(seed)
    best = np.argsort(-scores[0].values, axis=1)
    internal = Internal(
        scans=tuple(
            ScanRow(f"{name}/ses-1/anat/{name}_T1w", name[4:], "1", f"/data/{name}/T1w.nii.gz",
                    "failed" if i == 3 else "ok", "gzip checksum wrong" if i == 3 else "", 1.0,
                    0.8, "doubtful" if i == 5 else "failed" if i == 3 else "ok")
            for i, name in enumerate(ids)
        ),
        links=tuple(
            Link(f"{ids[i]}_ses-2", f"{ids[best[i, k]]}_ses-1", scores[0].measure,
                 float(scores[0].values[i, best[i, k]]), k + 1, "link" if k == 0 else "no link")
            for i in range(people)
            for k in range(min(3, people))
        ),
        mosaics=tuple(
            Mosaic(name, "ok" if i else "doubtful", 0.9, rng.integers(0, 255, (60, 180), np.uint8))
            for i, name in enumerate(ids[:6])
        ),
        matrices=tuple(
            ScoreMatrix(s, tuple(f"{n}_ses-2" for n in ids), tuple(f"{n}_ses-1" for n in ids))
            for s in scores
        ),
    )  # fmt: skip
    run = RunRecord(
        started="2026-03-01T10:00:00Z",
        versions={"headrisk": "0.1.0", "numpy": "2.4.0", "python": "3.11.2"},
        machine={"system": "Linux x86_64", "cores": "2"},
        cost=(Cost("prepare", 84, 82.4, 45.1, 448.0), Cost("compare", 1600, 3.2, 1.8, 210.0)),
    )
    report = Report((section,), Settings().as_dict(), "0.1.0")
    return report, internal, run
