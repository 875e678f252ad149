"""What a report holds of treatments: what came in, what each attack reached, what it cost.

Everything here is public: counts, rates over people, means over scans. Labels, paths and figures
of single scans stand in the internal tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from headrisk.findings.coarse import Count
from headrisk.types import Estimate

Attacker = Literal["naive", "adaptive"]

STRONGEST = "strongest"  # stands for a measure where the attack was chosen among several


@dataclass(frozen=True)
class Change:
    """One rate before and after on the same people; the difference counts less risk as positive.

    ``lost`` people were linked less often after the treatment, ``gained`` more often; ``p_value``
    is that of the exact sign test, for the strongest attack that of exchanging before and after;
    None where a threshold is fitted anew.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    lost: Count
    gained: Count
    p_value: float | None


@dataclass(frozen=True)
class Effect:
    """One attack before and after a treatment, on the same people.

    Attributes
    ----------
    modality, measure
        What was compared, and how.
    attacker
        ``naive`` takes the treated scans as they are; ``adaptive`` repairs removed faces first.
    people, gallery
        People with a comparable pair both times, and people in the smallest gallery of theirs.
    failed, failure_share
        People who could be searched for before but not after: failures to acquire, in no rate.
    rank1, linkability, fnir
        Changes: linked at rank 1, the same in random galleries of fewer people, and missed at a
        false alarm rate of ``fpir``, which the number of people alone decides.
    untreated, found
        Share of all people searched for before who are found at rank 1, before the treatment and
        by this attacker after it; failures count as not found. The gallery is whole: what is left
        of it after failures.
    bounds
        Rank 1 after, if none and if all of the failed were found.
    chance
        Rank-1 rate of guessing in the gallery.
    reason
        Why there are no rates, or "". ``measure failed``: the code of another package that makes
        the scores failed on one side, so that the measure is compared on neither.
    """

    modality: str
    measure: str
    attacker: Attacker
    people: int
    gallery: int
    failed: Count
    failure_share: Estimate | None = None
    rank1: Change | None = None
    linkability: Mapping[int, Change] = field(default_factory=dict)
    fnir: Change | None = None
    fpir: float | None = None
    untreated: Estimate | None = None
    found: Estimate | None = None
    bounds: tuple[float, float] | None = None
    chance: float | None = None
    reason: Literal["", "few people", "withheld", "measure failed"] = ""


@dataclass(frozen=True)
class OwnScan:
    """How often a treated scan's brain finds the very scan that it was made from."""

    measure: str
    found: Estimate | None
    gallery: int
    chance: float | None = None


@dataclass(frozen=True)
class Arrival:
    """How a treated data set fits the audited one, in scans."""

    scans: Count
    by_entities: Count
    by_name: Count
    by_image: Count
    missing: Count
    extra: Count
    doubtful: Count
    reoriented: Count
    resampled: Count
    cropped: Count
    unchanged: Count
    failed: Count


@dataclass(frozen=True)
class FaceLeft:
    """What is left of faces, in scans that could be looked at before and after.

    ``verdicts`` counts scans by whether a face is left after the treatment, by detectors and skin
    together (``yes``, ``unclear``, ``no``), ``seen`` those in which each
    detector sees a face in at least half of the renders, before and after.
    """

    scans: Count
    verdicts: Mapping[str, Count] = field(default_factory=dict)
    seen: Mapping[str, tuple[Count, Count]] = field(default_factory=dict)


@dataclass(frozen=True)
class CostFigure:
    """One way in which a treatment changes the data beyond the face.

    ``mean`` is over people (mean over each one's scans); ``worst`` is the least favourable scan's
    value, None where fewer than five people stand behind it.
    """

    name: str
    unit: str
    mean: Estimate | None
    worst: float | None


@dataclass(frozen=True)
class Treatment:
    """Everything that is public of one treatment."""

    name: str
    arrival: Arrival
    effects: tuple[Effect, ...] = ()
    own_scan: OwnScan | None = None
    face_left: FaceLeft | None = None
    cost: tuple[CostFigure, ...] = ()

    def effect(self, modality: str, attacker: Attacker = "naive") -> Effect | None:
        """The effect of the strongest attack, corrected for having chosen it.

        Where that was not computed (one measure, an older file), of the measure by which most
        people are still found.
        """
        own = [e for e in self.effects if (e.modality, e.attacker) == (modality, attacker)]
        corrected = [e for e in own if e.measure == STRONGEST]
        return max(corrected or own, key=lambda e: e.found.value if e.found else -1.0, default=None)

    def failed(self) -> dict[str, list[str]]:
        """By attack, the measures of other packages that failed on one side."""
        found: dict[str, list[str]] = {}
        for effect in self.effects:
            if effect.reason == "measure failed":
                found.setdefault(effect.modality, []).append(effect.measure)
        return found

    def strongest(self) -> list[Effect]:
        """What every attack that was tried finds, for each attacker: see :meth:`effect`."""
        tried = dict.fromkeys((effect.modality, effect.attacker) for effect in self.effects)
        return [one for one in (self.effect(*key) for key in tried) if one is not None]

    def figure(self, name: str) -> CostFigure | None:
        """A cost by its name."""
        return next((figure for figure in self.cost if figure.name == name), None)
