"""Rates and links of data sets whose pairs are too many to keep every score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.findings.records import Internal, Link, Mosaic, ScanRow
from headrisk.job import Job
from headrisk.linkage.blocks import PairMeasures
from headrisk.linkage.compare_large import InBlocks, compare_large
from headrisk.linkage.design import Design
from headrisk.linkage.large import PairSummary, Sides, count_pairs
from headrisk.run.engine import stream_tasks
from headrisk.statistics.choice import Evaluated, choose_large
from headrisk.statistics.large import SummedScores, folds_of
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import Float32Array, Grid, ScanResult


@dataclass(frozen=True)
class LargeRates:
    """Rates of every measure, what they were made from, and how."""

    found: Evaluated
    pairs: Mapping[str, PairSummary]
    notes: Mapping[str, str]

    @property
    def rates(self) -> tuple[MeasureSummary, ...]:
        """Of every measure."""
        return self.found.summaries


def summarise_all(
    probes: Float32Array,
    gallery: Float32Array,
    design: Design,
    measures: Mapping[str, PairMeasures | InBlocks],
    grid: Grid,
    reference: object,
    job: Job,
) -> LargeRates:
    """Compare all pairs block by block and evaluate each measure from its summary.

    The random numbers are those that the evaluation of all scores draws, so folds are the same.
    """
    sides = Sides(design.probe_person, design.gallery_person, design.usable_block)
    counts = count_pairs(sides)
    people = 1 + max(int(p.max(initial=0)) for p in (sides.probe_person, sides.gallery_person))
    folds = {
        name: folds_of(counts, job.settings, rng, people)
        for name, rng in zip(measures, _streams(job, len(measures)), strict=True)
    }
    pairs, notes = compare_large(
        probes,
        gallery,
        sides,
        measures,
        grid,
        folder=(job.work_dir or job.out / "work").absolute(),
        stream=partial(stream_tasks, processes=job.processes),
        reference=reference,
        folds=folds,
    )
    summed = {name: SummedScores(one, counts, folds[name]) for name, one in pairs.items()}
    rates = tuple(
        summarise(one, settings=job.settings, rng=rng)
        for one, rng in zip(summed.values(), _streams(job, len(pairs)), strict=True)
    )
    ranks = {name: one.ranks() for name, one in summed.items()}
    return LargeRates(choose_large(ranks, rates, _streams(job, len(pairs) + 1)[-1]), pairs, notes)


def _streams(job: Job, count: int) -> Sequence[np.random.Generator]:
    return np.random.default_rng(job.settings.seed).spawn(count)


def internal_large(
    rows: tuple[ScanRow, ...],
    usable: Sequence[Scan],
    results: Sequence[ScanResult],
    design: Design,
    found: LargeRates,
    notes: tuple[str, ...],
) -> Internal:
    """Everything that names a scan: the first candidates of every probe, and pictures."""
    links: list[Link] = []
    for place, rates in enumerate(found.rates):
        pairs = found.pairs[rates.measure]
        threshold = rates.thresholds["kde"].value
        links += _links(pairs, usable, design, threshold, depth=5 if place == 0 else 1)
    pictures = tuple(
        Mosaic(result.scan_id, result.verdict, result.quality, result.mosaic)
        for result in results
        if result.mosaic is not None
    )
    return Internal(scans=rows, links=tuple(links), mosaics=pictures, matrices=(), notes=notes)


def _links(
    pairs: PairSummary,
    usable: Sequence[Scan],
    design: Design,
    threshold: float | None,
    depth: int,
) -> list[Link]:
    """The first candidate people of every probe; tied people share the better rank."""
    links = []
    for row, (top, scores) in enumerate(zip(pairs.top, pairs.top_scores, strict=True)):
        for column, score in zip(top[:depth], scores[:depth], strict=True):
            if column < 0:
                break
            decision = "undecided" if threshold is None else "link"
            if threshold is not None and score < threshold:
                decision = "no link"
            links.append(
                Link(
                    usable[design.probes[row]].scan_id,
                    usable[design.gallery[column]].scan_id,
                    pairs.measure,
                    float(score),
                    1 + int(np.count_nonzero(scores > score)),
                    decision,
                    bool(design.probe_person[row] == design.gallery_person[column]),
                )
            )
    return links
