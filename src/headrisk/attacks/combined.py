"""All modalities of an audit together: somebody who holds a person's scan, table and photographs.

People take part who can be searched for in at least two modalities. Each modality brings the scores
of its strongest attack, the best of each two people; a person's modalities are weighed as measures
are (see ``headrisk.linkage.fusion``), and the strongest attack speaks, alone or together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from headrisk.attacks.measured import (
    STREAMS,
    Attack,
    Measured,
    add_fusion,
    assess_people,
    evaluate,
)
from headrisk.attacks.section import modality_section
from headrisk.dataset.scans import Scan
from headrisk.findings.records import Internal, ScanRow
from headrisk.job import Job
from headrisk.linkage.fusion import NAME as FUSION
from headrisk.linkage.pairs import best_per_person
from headrisk.report.words.combined import METHOD, compared_sentence
from headrisk.run.provenance import CostLog
from headrisk.statistics.choice import choose
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.types import PairScores

NAME = "combined"


def measure(measured: Sequence[Measured], job: Job, log: CostLog) -> Measured | None:
    """Measure how well several modalities together link people.

    None where fewer than five people have several modalities with a mate in each, and where one
    modality alone finds as many: its own section says so already.
    """
    attacks = {one.section.name: one.attack for one in measured if one.attack is not None}
    several = people_with_several(list(attacks.values()))
    if len(several) < FEWEST_PEOPLE:
        return None
    scores, labels = by_person(attacks, several)
    add_fusion(NAME, scores, job)
    rng = np.random.default_rng((job.settings.seed, *STREAMS[NAME], 11))
    if choose(scores, rng, shuffles=0).choice.measure != FUSION:
        return None
    probes = [Scan(label, label, "", suffix=NAME) for label in several]
    gallery = [Scan(label, label, "", suffix=NAME) for label in labels]
    found = evaluate(NAME, scores, probes, gallery, job, log)
    if found.headline is None or not found.headline.verdict.enough:
        return None
    risk, exposed = assess_people(NAME, found, probes, gallery, job, log, sorted(attacks))
    section = modality_section(
        NAME,
        [ScanRow(label, label, "", "", "ok", modality=NAME) for label in labels],
        list(scores.values()),
        found.summaries,
        unsearched=0,
        compared=compared_sentence(len(several), len(labels), sorted(attacks)),
        method=METHOD,
        risk=risk,
        found=found,
    )
    return Measured(section, Internal(tables=exposed), ())


def ordered(measured: Sequence[Measured], together: Measured | None) -> list[Measured]:
    """All modalities; what they come to together is the first where no other finds as many."""
    if together is None:
        return list(measured)
    rates = [
        one.section.headline.rank1.value
        for one in (together, *measured)
        if one.section.headline is not None and one.section.headline.rank1 is not None
    ]
    return [together, *measured] if rates[0] >= max(rates) else [*measured, together]


def people_with_several(attacks: Sequence[Attack]) -> tuple[str, ...]:
    """Labels of people with a mate in at least two attacks."""
    counts: Counter[str] = Counter()
    for one in attacks:
        rows = np.flatnonzero(one.scores.mated.any(axis=1))
        counts.update({one.probes[row] for row in rows})
    return tuple(sorted(label for label, count in counts.items() if count > 1))


def by_person(
    attacks: dict[str, Attack], several: tuple[str, ...]
) -> tuple[dict[str, PairScores], tuple[str, ...]]:
    """Scores of people with people, by modality, and the labels of those that are searched."""
    labels = tuple(sorted({label for one in attacks.values() for label in one.gallery}))
    probe_place = {label: k for k, label in enumerate(several)}
    place = {label: k for k, label in enumerate(labels)}
    number = np.arange(len(labels), dtype=np.int64)
    unknown = len(labels)
    person = np.array([place.get(label, unknown) for label in several], dtype=np.int64)
    scores = {}
    for name, one in attacks.items():
        best = best_per_person(one.scores)
        label_of = {
            int(p): label for p, label in zip(one.scores.gallery_person, one.gallery, strict=True)
        }
        columns = np.array([place[label_of[int(p)]] for p in best.people], dtype=np.int64)
        rows = np.array([probe_place.get(label, -1) for label in one.probes], dtype=np.int64)
        values = np.full((len(several), len(labels)), -np.inf)
        for row in np.flatnonzero(rows >= 0):
            at = (rows[row], columns)
            values[at] = np.maximum(values[at], best.values[row])
        usable = np.isfinite(values)
        scores[name] = PairScores(name, np.where(usable, values, 0.0), usable, person, number)
    return scores, labels
