"""All modalities of an audit together: somebody who holds a person's scan, table and photographs.

People take part who can be searched for in at least two modalities. Each modality brings the scores
of its strongest attack, the best of each two people; a person's modalities are weighed as measures
are (see ``headrisk.linkage.fusion``), and the strongest attack speaks, alone or together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.attacks.attack import Answer, Brought, Context, Lineup, Measured, Tested
from headrisk.attacks.rates import Scores, fused
from headrisk.dataset.scans import Scan
from headrisk.findings.attacks import facts_of
from headrisk.findings.records import ScanRow
from headrisk.linkage.fusion import NAME as FUSION
from headrisk.linkage.pairs import best_per_person
from headrisk.report.words.combined import METHOD, compared_sentence
from headrisk.statistics.choice import choose
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.types import PairScores

NAME = "combined"


@dataclass(frozen=True)
class Holdings:
    """What the attacks before bring of people who are in several of them."""

    attacks: Mapping[str, Brought]
    several: tuple[str, ...]
    scores: Mapping[str, PairScores]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class CombinedAttack:
    """People are searched for by everything that is held of them together.

    Nothing is told where fewer than five people have several modalities with a mate in each, and
    where one modality alone finds as many: its own section says so already.
    """

    name: str = NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Holdings | None:
        """Scores of the strongest attack of every modality, by person."""
        brought = {one.section.name: one.attack for one in context.measured}
        attacks = {name: one for name, one in brought.items() if one is not None}
        several = people_with_several(list(attacks.values()))
        if len(several) < FEWEST_PEOPLE:
            return None
        return Holdings(attacks, several, *by_person(attacks, several))

    def design(self, material: Holdings, context: Context) -> Lineup[None]:
        """People with several modalities among all people."""
        del context
        probes, gallery = (
            tuple(Scan(label, label, "", suffix=NAME) for label in labels)
            for labels in (material.several, material.labels)
        )
        return Lineup(None, probes, gallery, parts=tuple(sorted(material.attacks)))

    def score(
        self, material: Holdings, lineup: Lineup[None], context: Context
    ) -> tuple[Mapping[str, Scores], None]:
        """Every modality's scores and their fusion; none where the fusion is not the strongest."""
        del lineup
        whole = fused(NAME, material.scores, None, context.job)
        scores = {n: one for n, one in whole.items() if isinstance(one, PairScores)}
        rng = np.random.default_rng((context.job.settings.seed, *facts_of(NAME).stream, 11))
        if choose(scores, rng, shuffles=0).choice.measure != FUSION:
            return {}, None
        return scores, None

    def find(
        self, material: Holdings, lineup: Lineup[None], tested: Tested, context: Context
    ) -> Answer | None:
        """The section of all together."""
        del context
        headline = tested.found.headline
        if headline is None or not headline.verdict.enough:
            return None
        labels = material.labels
        return Answer(
            rows=tuple(ScanRow(label, label, "", "", "ok", modality=NAME) for label in labels),
            listed=(),
            unsearched=0,
            compared=compared_sentence(len(material.several), len(labels), list(lineup.parts)),
            method=METHOD,
        )


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


def people_with_several(attacks: Sequence[Brought]) -> tuple[str, ...]:
    """Labels of people with a mate in at least two attacks."""
    counts: Counter[str] = Counter()
    for one in attacks:
        rows = np.flatnonzero(one.scores.mated.any(axis=1))
        counts.update({one.probes[row] for row in rows})
    return tuple(sorted(label for label, count in counts.items() if count > 1))


def by_person(
    attacks: Mapping[str, Brought], several: tuple[str, ...]
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
