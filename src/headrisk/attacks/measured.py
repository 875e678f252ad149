"""What one modality of an audit came to, and the rates that all modalities share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from headrisk.dataset.scans import Scan
from headrisk.findings.coarse import ranged
from headrisk.findings.records import Internal, ModalitySection, Panel, Table
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design
from headrisk.linkage.fusion import fuse
from headrisk.report.words import summary as words
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.statistics.assessment import Assessment, assess
from headrisk.statistics.attackers import Knowledge
from headrisk.statistics.baselines import ShuffledControl
from headrisk.statistics.choice import SHUFFLES, Choice, Evaluated, choose
from headrisk.statistics.conditions import contrast_pairs, shared_labels
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import BoolArray, PairScores

SEEN: Mapping[str, Knowledge] = {
    "brain": "scans",
    "face": "photos",
    "table": "tables",
    "face-scans": "scans",
    "metadata": "metadata",
}
STREAMS: Mapping[str, tuple[int, ...]] = {  # set the random numbers of a run's parts apart
    "brain": (),
    "face": (1,),
    "treated": (2,),
    "metadata": (3,),
    "table": (4,),
    "combined": (5,),
    "face-scans": (6,),
}


def add_fusion(modality: str, scores: dict[str, PairScores], job: Job) -> None:
    """Add the fusion of all measures to them, where there are several."""
    rng = np.random.default_rng((job.settings.seed, *STREAMS[modality], 10))
    fused = fuse(scores, rng)
    if fused is not None:
        scores[fused.measure] = fused


@dataclass(frozen=True)
class Attack:
    """Scores of the strongest attack, and the labels of the people behind rows and columns."""

    scores: PairScores
    probes: tuple[str, ...]
    gallery: tuple[str, ...]


def copies_panel(design: Design, verbatim: BoolArray, searched: int) -> dict[Panel, Table]:
    """People who are linked by one and the same image; nothing where there are none."""
    number = design.people_of(verbatim)
    if not number:
        return {}
    told = ranged(number, searched)
    panel = Panel("verbatim", words.COPIES_PANEL, words.copies_answer(told, searched))
    return {panel: Table(("what", "people"), (("images that are equal", told),))}


def strongest_attack(
    found: Evaluated, probes: Sequence[Scan], gallery: Sequence[Scan]
) -> Attack | None:
    """What this modality brings where several are combined."""
    if found.scores is None:
        return None
    sides = (tuple(scan.participant_id for scan in side) for side in (probes, gallery))
    return Attack(found.scores, *sides)


@dataclass(frozen=True)
class Measured:
    """One modality: its public section, what stays inside, and the digests of what it read.

    ``attack`` is what it brings where modalities are combined. ``tables`` are Parquet tables for
    ``internal/``, by file name. ``photos_unused`` counts listed photographs that were refused,
    could not be read or show no single face.
    """

    section: ModalitySection
    internal: Internal
    digests: tuple[str, ...]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    photos_unused: int = 0
    attack: Attack | None = None


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
    modality: str,
    scores: Mapping[str, PairScores],
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    job: Job,
    log: CostLog,
) -> Evaluated:
    """Thresholds, rates and intervals of every measure, and the choice of the strongest attack.

    Parameters
    ----------
    modality
        Sets its random numbers apart from those of the others.
    probes, gallery
        The scans behind the rows and columns of the scores; where they are of several contrasts,
        the choice is made for each pair of contrasts.
    """
    stream = STREAMS[modality]
    seed = job.settings.seed if not stream else (job.settings.seed, *stream)
    *seeds, for_choice, for_headline = np.random.default_rng(seed).spawn(len(scores) + 2)
    with stage("evaluate", len(scores), log, recorded(job)):
        summaries = tuple(
            summarise(one, settings=job.settings, rng=rng)
            for one, rng in zip(scores.values(), seeds, strict=True)
        )
        if not scores:
            return Evaluated(summaries)
        pairs = contrast_pairs(probes, gallery)
        found = choose(
            scores, for_choice, pairs=None if pairs is None else (pairs.names, pairs.codes)
        )
        choice = found.choice
        whole = summarise(found.scores, settings=job.settings, rng=for_headline)
    within_5 = whole.rank5
    if within_5 is not None and choice.rank1 is not None and within_5.value < choice.rank1.value:
        within_5 = choice.rank1
    headline = replace(
        whole,
        rank1=choice.rank1,
        rank5=within_5,
        shuffled=_control(choice, whole.shuffled),
    )
    return Evaluated(summaries, found.scores, headline, choice, found.one_to_one)


def _control(choice: Choice, plain: ShuffledControl | None) -> ShuffledControl | None:
    """The control that made the same choice, in place of that of one measure."""
    if choice.control is None or choice.control_high is None or choice.p_value is None:
        return plain
    area = None if plain is None else plain.auc
    return ShuffledControl(choice.control, choice.control_high, area, choice.p_value, SHUFFLES)


def led_by_headline(
    scores: Mapping[str, PairScores], found: Evaluated
) -> tuple[dict[str, PairScores], tuple[MeasureSummary, ...]]:
    """Scores and rates of every measure, that of the strongest attack first.

    What stays inside lists most candidates for the first one.
    """
    rates = {one.measure: one for one in found.summaries}
    first = None if found.headline is None else found.headline.measure
    if first is None or found.scores is None:
        return dict(scores), found.summaries
    if first not in rates and found.headline is not None:
        scores, rates = {**scores, first: found.scores}, {**rates, first: found.headline}
    order = [first, *(name for name in rates if name != first)]
    return {name: scores[name] for name in order}, tuple(rates[name] for name in order)


def assess_people(
    modality: str,
    found: Evaluated,
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    job: Job,
    log: CostLog,
    parts: Sequence[str] = (),
) -> tuple[Assessment | None, dict[str, Table]]:
    """What the strongest attack means for people, and the internal table of the most exposed.

    Parameters
    ----------
    modality
        ``brain``, ``face``, ``face-scans``, ``table`` or ``combined``: sets this modality's random
        numbers apart.
    probes, gallery
        The scans behind the rows and columns of the scores.
    parts
        The modalities that were combined, if any. Attackers take part who hold what every one of
        them compares.
    """
    first = found.scores
    if first is None or found.headline is None or not found.headline.verdict.enough:
        return None, {}
    wanted = {SEEN[part] for part in parts or (modality,) if part in SEEN}
    number = 1000 + list(SEEN).index(modality) if modality in SEEN else 999
    with stage("assess", 1, log, recorded(job)):
        assessed = assess(
            first,
            found.headline.verdict.smallest_risk,
            [one for one in job.attackers if wanted and wanted <= set(one.knowledge)],
            settings=job.settings,
            rng=np.random.default_rng((job.settings.seed, number)),
            shared=shared_labels(probes, gallery),
        )
    if assessed is None:
        return None, {}
    label = {int(k): s.participant_id for k, s in zip(first.probe_person, probes, strict=True)}
    exposed = assessed[1]
    rows = tuple(
        (label[int(person)], float(risk), float(margin))
        for person, risk, margin in zip(exposed.people, exposed.risk, exposed.margin, strict=True)
    )
    table = Table(("participant_id", "risk_at_rank_1", "margin"), rows)
    return assessed[0], {f"{modality}-most-exposed": table}
