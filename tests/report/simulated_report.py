"""Reports made from random scores through the real evaluation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from headrisk.attacks.section import modality_section
from headrisk.findings.linkage import candidate_links
from headrisk.findings.records import Internal, Mosaic, Report, RunRecord, ScanRow, ScoreMatrix
from headrisk.report.words.attacks import ATTACKS
from headrisk.run.provenance import Cost, Provenance
from headrisk.settings import Settings
from headrisk.statistics.assessment import assess
from headrisk.statistics.attackers import NAMED_ATTACKERS
from headrisk.statistics.strata import by_probe
from headrisk.statistics.summary import strata, summarise
from headrisk.types import PairScores

SETTINGS = Settings(bootstrap=100, measures=("residual-correlation", "mae", "rmse"))
RUN = RunRecord(
    "2026-03-01T10:00:00Z",
    Provenance("0.1.0", "3.11.2", "Linux-x86_64", {"numpy": "2.4.0"}, "ab" * 32, "cd" * 32, 0),
    (Cost("prepare", 45.1, 82.4, 448.0), Cost("compare", 1.8, 3.2, 460.0)),
)


def random_scores(people: int, separation: float, measure: str, seed: int = 0) -> PairScores:
    """Second sessions searched among first ones; mates score ``separation`` spreads higher."""
    rng = np.random.default_rng(seed)
    person = np.arange(people)
    values = rng.normal(0.1, 0.08, (people, people)) + 0.08 * separation * np.eye(people)
    return PairScores(measure, values, np.ones((people, people), bool), person, person)


def scan_rows(labels: list[str], failed: int = 0) -> tuple[ScanRow, ...]:
    """Two scans a person; the second one of the last ``failed`` people failed."""
    rows = []
    for number, label in enumerate(labels):
        for session in ("1", "2"):
            name = f"sub-{label}/ses-{session}/anat/sub-{label}_ses-{session}_T1w"
            broken = session == "2" and number >= len(labels) - failed
            rows.append(
                ScanRow(
                    name,
                    label,
                    session,
                    f"/data/cohort/{name}.nii.gz",
                    "failed" if broken else "ok",
                    "gzip checksum is wrong" if broken else "",
                    0.9,
                    None if broken else 0.8,
                    "failed" if broken else "doubtful" if number == 5 else "ok",
                )
            )
    return tuple(rows)


@cache
def simulated_report(
    people: int = 40, seed: int = 0, settings: Settings = SETTINGS, sites: bool = True
) -> tuple[Report, Internal]:
    """Measures from strong to useless; two more people whose second scan failed."""
    strength = np.linspace(2.9, 0.0, len(settings.measures))
    scores = [
        random_scores(people, float(s), name, seed + i)
        for i, (name, s) in enumerate(zip(settings.measures, strength, strict=True))
    ]
    rng = np.random.default_rng(seed)
    summaries = [summarise(item, settings=settings, rng=rng) for item in scores]
    conditions = []
    if sites:
        code = np.array([k % 10 for k in range(people)])
        site = np.where(code < 5, 0, np.where(code < 8, 1, 2))
        age = np.where(code % 3 == 0, 0, np.where(code % 3 == 1, 1, 2))
        conditions = [
            by_probe("site", site, ["North", "South", "Riverside"], people),
            by_probe("age", age, ["under 40 years", "40 to 60 years", "60 years or more"], people),
        ]
    risk = assess(
        scores[0],
        summaries[0].verdict.smallest_risk,
        [one for one in NAMED_ATTACKERS if "scans" in one.knowledge],
        settings=settings,
        rng=rng,
    )
    scans = scan_rows([f"{i:03d}" for i in range(people + 2)], failed=2)
    section = modality_section(
        "brain",
        scans,
        scores,
        summaries,
        strata(scores[0], conditions),
        compared="Second sessions were searched for among first sessions; T1w only.",
        method=("Brains were stripped, aligned to MNI space and sampled at 4 mm.",),
        references=("Takao H, Hayashi N, Ohtomo K (2015).",),
        needs=ATTACKS["brain"].needs,
        risk=None if risk is None else risk[0],
    )
    matrices = tuple(
        ScoreMatrix(
            s,
            tuple(f"sub-{i:03d}/ses-2" for i in range(people)),
            tuple(f"sub-{i:03d}/ses-1" for i in range(people)),
        )
        for s in scores
    )
    threshold = summaries[0].thresholds["kde"].value
    mosaics = tuple(
        Mosaic(scan.scan_id, scan.verdict, 0.8, rng.integers(0, 255, (60, 180), np.uint8))
        for scan in scans[:12]
    )
    links = candidate_links(matrices[0], threshold, 3)
    internal = Internal(
        scans, tuple(replace(one, attack="brain") for one in links), mosaics, matrices
    )
    return Report((section,), settings.as_dict(), "0.1.0"), internal


def with_labels(internal: Internal, labels: list[str]) -> Internal:
    """The same scans under other participant labels, in paths and scan ids too."""
    scans = tuple(
        replace(
            scan,
            participant_id=labels[i // 2 % len(labels)],
            path=f"/data/{labels[i // 2 % len(labels)]}/scan{i}.nii.gz",
            scan_id=f"{labels[i // 2 % len(labels)]}/scan{i}",
        )
        for i, scan in enumerate(internal.scans)
    )
    links = tuple(replace(x, probe=labels[0], gallery=labels[-1]) for x in internal.links)
    mosaics = tuple(replace(m, scan_id=labels[0]) for m in internal.mosaics)
    matrices = tuple(
        replace(m, probe_ids=tuple(labels[i % len(labels)] for i in range(len(m.probe_ids))))
        for m in internal.matrices
    )
    return Internal(scans, links, mosaics, matrices)
