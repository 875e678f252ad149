"""What one modality of an audit came to, and the rates that all modalities share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from headrisk.dataset.scans import Scan
from headrisk.job import Job, recorded
from headrisk.report.model import Internal, ModalitySection, Table
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.statistics.assessment import Assessment, assess
from headrisk.statistics.attackers import Knowledge
from headrisk.statistics.conditions import shared_labels
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import PairScores

SEEN: Mapping[str, Knowledge] = {
    "brain": "scans",
    "face": "photos",
    "table": "tables",
    "face-scans": "scans",
}


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


def assess_people(
    modality: str,
    scores: Mapping[str, PairScores],
    summaries: Sequence[MeasureSummary],
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    job: Job,
    log: CostLog,
) -> tuple[Assessment | None, dict[str, Table]]:
    """What the headline measure means for people, and the internal table of the most exposed.

    Parameters
    ----------
    modality
        ``brain``, ``face``, ``face-scans`` or ``table``: decides which attackers take part and
        sets this modality's random numbers apart.
    probes, gallery
        The scans behind the rows and columns of the scores.
    """
    if not scores or not summaries[0].verdict.enough:
        return None, {}
    first = next(iter(scores.values()))
    wanted = SEEN.get(modality)
    number = 1000 + list(SEEN).index(modality) if modality in SEEN else 999
    with stage("assess", 1, log, recorded(job)):
        found = assess(
            first,
            summaries[0].verdict.smallest_risk,
            [one for one in job.attackers if wanted in one.knowledge],
            settings=job.settings,
            rng=np.random.default_rng((job.settings.seed, number)),
            shared=shared_labels(probes, gallery),
        )
    if found is None:
        return None, {}
    label = {int(k): s.participant_id for k, s in zip(first.probe_person, probes, strict=True)}
    exposed = found[1]
    rows = tuple(
        (label[int(person)], float(risk), float(margin))
        for person, risk, margin in zip(exposed.people, exposed.risk, exposed.margin, strict=True)
    )
    table = Table(("participant_id", "risk_at_rank_1", "margin"), rows)
    return found[0], {f"{modality}-most-exposed": table}
