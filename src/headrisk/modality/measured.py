"""What one modality of an audit came to, and the rates that all modalities share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from headrisk.evaluate.summary import MeasureSummary, summarise
from headrisk.job import Job, recorded
from headrisk.report.model import Internal, ModalitySection
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.types import PairScores


@dataclass(frozen=True)
class Measured:
    """One modality: its public section, what stays inside, and the digests of what it read.

    ``tables`` are Parquet tables for ``internal/``, by file name. ``photos_unused`` counts listed
    photographs that were refused, could not be read or show no single face.
    """

    section: ModalitySection
    internal: Internal
    digests: tuple[str, ...]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    photos_unused: int = 0


def join(parts: Sequence[Internal], notes: tuple[str, ...]) -> Internal:
    """What stays inside of several modalities; a scan is listed once for each that looked at it."""
    return Internal(
        scans=tuple(row for part in parts for row in part.scans),
        links=tuple(link for part in parts for link in part.links),
        mosaics=tuple(mosaic for part in parts for mosaic in part.mosaics),
        matrices=tuple(matrix for part in parts for matrix in part.matrices),
        notes=(*notes, *(note for part in parts for note in part.notes)),
        tables={name: table for part in parts for name, table in part.tables.items()},
    )


def evaluate(
    scores: Mapping[str, PairScores], job: Job, log: CostLog, *, stream: tuple[int, ...] = ()
) -> tuple[MeasureSummary, ...]:
    """Thresholds, rates and intervals of every measure.

    ``stream`` sets this modality's random numbers apart from those of the others.
    """
    seed = job.settings.seed if not stream else (job.settings.seed, *stream)
    seeds = np.random.default_rng(seed).spawn(len(scores))
    with stage("evaluate", len(scores), log, recorded(job)):
        return tuple(
            summarise(one, settings=job.settings, rng=rng)
            for one, rng in zip(scores.values(), seeds, strict=True)
        )
