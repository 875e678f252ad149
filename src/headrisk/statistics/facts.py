"""What an attack gains whose attacker also knows facts about the person sought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.linkage.facts import fact_evidence
from headrisk.linkage.whole_sets import assigned
from headrisk.statistics.choice import evidence
from headrisk.statistics.intervals import FEWEST_PEOPLE
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.summary import rank_rate
from headrisk.types import Estimate, PairScores


@dataclass(frozen=True)
class FactsAttacks:
    """Rank-1 rates: facts alone, the strongest attack with them, and the same one to one.

    ``facts`` are those that tell people apart: site, sex, age.
    """

    facts: tuple[str, ...]
    alone: Estimate
    together: Estimate
    one_to_one: Estimate | None


def facts_attacks(
    scores: PairScores | None,
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    rng: np.random.Generator,
) -> FactsAttacks | None:
    """Add what is known of the people to the scores of the strongest attack.

    None where no fact tells two people apart, or fewer than five people can be searched for.
    """
    if scores is None:
        return None
    known, facts = fact_evidence(probes, gallery, scores.usable)
    if not facts:
        return None
    alone = rank_rate(mate_ranks(replace(scores, values=known)), 1)
    both = replace(scores, values=known + evidence(scores))
    together = rank_rate(mate_ranks(both), 1)
    if alone is None or together is None or together.n < FEWEST_PEOPLE:
        return None
    joined = assigned(both, rng)
    return FactsAttacks(
        facts, alone, together, None if joined is None else rank_rate(mate_ranks(joined), 1)
    )
