"""Rates that all attacks share: fusion, evaluation, what the strongest one means for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.findings.attacks import facts_of
from headrisk.findings.coarse import ranged
from headrisk.findings.records import Panel, Table
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design
from headrisk.linkage.fusion import NAME as FUSION
from headrisk.linkage.fusion import fuse
from headrisk.linkage.pairs import copies_first
from headrisk.report.words import summary as words
from headrisk.run.engine import mapper
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.statistics.assessment import Assessment, assess
from headrisk.statistics.baselines import ShuffledControl
from headrisk.statistics.choice import SHUFFLES, Choice, Evaluated, choose, choose_large
from headrisk.statistics.large import SummedScores
from headrisk.statistics.strata import contrast_pairs, shared_labels
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import BoolArray, PairScores

Scores = PairScores | SummedScores
_SENT = 1_000_000  # pairs of a measure that are sent to a worker; more would take its memory


def fused(
    modality: str, scores: Mapping[str, Scores], verbatim: BoolArray | None, job: Job
) -> dict[str, Scores]:
    """The scores with the fusion of all measures, where there are several and every score is there.

    Pairs of one and the same image score as high as the highest, whatever a measure makes of them.
    """
    whole = {name: one for name, one in scores.items() if isinstance(one, PairScores)}
    if len(whole) < len(scores):
        return dict(scores)
    if FUSION not in whole:
        rng = np.random.default_rng((job.settings.seed, *facts_of(modality).stream, 10))
        more = fuse(whole, rng)
        if more is not None:
            whole[more.measure] = more
    if verbatim is None or not whole:
        return dict(whole)
    return {name: copies_first(one, verbatim) for name, one in whole.items()}


def copies_panel(design: Design, verbatim: BoolArray, searched: int) -> dict[Panel, Table]:
    """People who are linked by one and the same image; nothing where there are none."""
    number = design.people_of(verbatim)
    if not number:
        return {}
    told = ranged(number, searched)
    panel = Panel("verbatim", words.COPIES_PANEL, words.copies_answer(told, searched))
    return {panel: Table(("what", "people"), (("images that are equal", told),))}


def streams(modality: str, job: Job, count: int) -> Sequence[np.random.Generator]:
    """Generators of a modality's measures, and one or two more of the choice among them."""
    stream, seed = facts_of(modality).stream, job.settings.seed
    return np.random.default_rng((seed, *stream) if stream else seed).spawn(count)


def evaluate(
    modality: str,
    scores: Mapping[str, Scores],
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
    scores
        Every score of each measure, or summaries of them; then only searches are chosen among.
    probes, gallery
        The scans behind the rows and columns of the scores; where they are of several contrasts,
        the choice is made for each pair of contrasts.
    """
    *seeds, for_choice, for_headline = streams(modality, job, len(scores) + 2)
    with stage("evaluate", len(scores), log, recorded(job)):
        summaries = _summaries(list(zip(scores.values(), seeds, strict=True)), job)
        if not scores:
            return Evaluated(summaries)
        whole = {name: one for name, one in scores.items() if isinstance(one, PairScores)}
        if not whole:
            ranks = {n: one.ranks() for n, one in scores.items() if isinstance(one, SummedScores)}
            return choose_large(ranks, summaries, for_choice)
        pairs = contrast_pairs(probes, gallery)
        found = choose(
            whole, for_choice, pairs=None if pairs is None else (pairs.names, pairs.codes)
        )
        choice = found.choice
        headline = summarise(found.scores, settings=job.settings, rng=for_headline)
    within_5 = headline.rank5
    if within_5 is not None and choice.rank1 is not None and within_5.value < choice.rank1.value:
        within_5 = choice.rank1
    headline = replace(
        headline,
        rank1=choice.rank1,
        rank5=within_5,
        shuffled=_control(choice, headline.shuffled),
    )
    return Evaluated(summaries, found.scores, headline, choice, found.one_to_one)


def _summaries(
    tasks: Sequence[tuple[Scores, np.random.Generator]], job: Job
) -> tuple[MeasureSummary, ...]:
    """The rates of each measure, in worker processes where there are some and it fits them."""
    fits = all(isinstance(one, PairScores) and one.values.size <= _SENT for one, _ in tasks)
    several = len(tasks) > 1 and isinstance(job.processes, int)
    run = mapper(job.processes if fits and several else 1)
    return tuple(run(partial(_summary, job.settings), tasks))


def _summary(settings: Settings, task: tuple[Scores, np.random.Generator]) -> MeasureSummary:
    scores, rng = task
    return summarise(scores, settings=settings, rng=rng)


def _control(choice: Choice, plain: ShuffledControl | None) -> ShuffledControl | None:
    """The control that made the same choice, in place of that of one measure."""
    if choice.control is None or choice.control_high is None or choice.p_value is None:
        return plain
    area = None if plain is None else plain.auc
    return ShuffledControl(choice.control, choice.control_high, area, choice.p_value, SHUFFLES)


def led_by_headline(
    scores: Mapping[str, Scores], found: Evaluated
) -> tuple[dict[str, Scores], tuple[MeasureSummary, ...]]:
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
    seen = (facts_of(part).seen for part in parts or (modality,))
    wanted = {one for one in seen if one is not None}
    with stage("assess", 1, log, recorded(job)):
        assessed = assess(
            first,
            found.headline.verdict.smallest_risk,
            [one for one in job.attackers if wanted and wanted <= set(one.knowledge)],
            settings=job.settings,
            rng=np.random.default_rng((job.settings.seed, facts_of(modality).risk_stream)),
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
