"""Tables of treatments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from headrisk.findings.attacks import drawn
from headrisk.findings.deidentified import Arrival, Change, Treatment
from headrisk.findings.records import Table, Value, cells_of

OVERLAP = "overlap of brain masks"


def treatment_tables(treatments: Sequence[Treatment]) -> dict[str, Table]:
    """Every table of the treatments by its name under ``tables/``; none without treatments."""
    if not treatments:
        return {}
    return {
        "treatments-arrival": _arrival_table(treatments),
        "treatments-effects": _effects_table(treatments),
        "treatments-cost": _cost_table(treatments),
        "treatments-faces": _faces_table(treatments),
        "treatments-before-after": before_after_table(treatments),
        "treatments-trade": trade_table(treatments),
    }


def _arrival_table(treatments: Sequence[Treatment]) -> Table:
    names = [field.name for field in fields(Arrival)]
    rows = tuple((t.name, *(getattr(t.arrival, name) for name in names)) for t in treatments)
    return Table(("treatment", *names), rows)


def _effects_table(treatments: Sequence[Treatment]) -> Table:
    columns = (
        "treatment",
        "modality",
        "attacker",
        "measure",
        "rate",
        "gallery",
        "people",
        "before",
        "before_low",
        "before_high",
        "after",
        "after_low",
        "after_high",
        "less_risk",
        "less_risk_low",
        "less_risk_high",
        "lost",
        "gained",
        "p_value",
        "failed",
        "found_untreated",
        "still_found",
        "still_found_low",
        "still_found_high",
        "chance",
        "reason",
    )
    rows: list[tuple[Value, ...]] = []
    for treatment in treatments:
        for e in treatment.effects:
            head = (treatment.name, e.modality, e.attacker, e.measure)
            rates: list[tuple[str, int, Change | None]] = [("rank 1", e.gallery, e.rank1)]
            rates += [("rank 1", size, change) for size, change in e.linkability.items()]
            if e.fnir is not None:
                rates.append((f"missed at FPIR {e.fpir:g}", e.gallery, e.fnir))
            after = (
                e.failed,
                e.untreated.value if e.untreated else None,
                *cells_of(e.found),
                e.chance,
                e.reason,
            )
            rows += [
                (*head, name, size, e.people, *_changed(change), *after)
                for name, size, change in rates
            ]
    return Table(columns, tuple(rows))


def _cost_table(treatments: Sequence[Treatment]) -> Table:
    columns = ("treatment", "figure", "unit", "mean", "low", "high", "people", "worst_scan")
    rows = tuple(
        (t.name, c.name, c.unit, *cells_of(c.mean), c.mean.n if c.mean else None, c.worst)
        for t in treatments
        for c in t.cost
    )
    return Table(columns, rows)


def _faces_table(treatments: Sequence[Treatment]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for t in treatments:
        if t.face_left is None:
            continue
        total = t.face_left.scans
        rows += [
            (t.name, f"a face is left: {name}", total, None, count)
            for name, count in sorted(t.face_left.verdicts.items())
        ]
        rows += [
            (t.name, f"seen by {name}", total, old, new)
            for name, (old, new) in t.face_left.seen.items()
        ]
    return Table(("treatment", "face", "scans", "before", "after"), tuple(rows))


def before_after_table(treatments: Sequence[Treatment]) -> Table:
    """What the dumbbell figure draws: found at rank 1 before and after, by attack."""
    rows: list[tuple[Value, ...]] = []
    for t in treatments:
        for modality in drawn(effect.modality for effect in t.effects):
            naive, adaptive = t.effect(modality), t.effect(modality, "adaptive")
            old = naive.untreated if naive else None
            found = [e.found if e else None for e in (naive, adaptive)]
            if old is None or not any(found):
                continue
            chance = naive.chance if naive else None
            rows.append(
                (
                    t.name,
                    modality,
                    *cells_of(old),
                    *cells_of(found[0]),
                    *cells_of(found[1]),
                    chance,
                )
            )
    columns = (
        "treatment",
        "modality",
        "before",
        "before_low",
        "before_high",
        "naive",
        "naive_low",
        "naive_high",
        "adaptive",
        "adaptive_low",
        "adaptive_high",
        "chance",
    )
    return Table(columns, tuple(rows))


def trade_table(treatments: Sequence[Treatment]) -> Table:
    """What the privacy and utility figure draws: cost across, risk after up.

    Cost is the brain mask's overlap lost; risk is what the stronger attacker still finds.
    """
    rows: list[tuple[Value, ...]] = []
    for t in treatments:
        figure = t.figure(OVERLAP)
        if figure is None or figure.mean is None:
            continue
        mean = figure.mean
        for modality in drawn(effect.modality for effect in t.effects):
            effects = [t.effect(modality), t.effect(modality, "adaptive")]
            known = [e.found for e in effects if e is not None and e.found is not None]
            if known:
                worst = max(known, key=lambda found: found.value)
                cost = (1 - mean.value, max(1 - mean.high, 0.0), 1 - mean.low)
                old = effects[0].untreated if effects[0] else None
                rows.append((t.name, modality, *cost, *cells_of(worst), old.value if old else None))
    columns = (
        "treatment",
        "modality",
        "overlap_lost",
        "overlap_lost_low",
        "overlap_lost_high",
        "found",
        "found_low",
        "found_high",
        "found_untreated",
    )
    return Table(columns, tuple(rows))


def _changed(change: Change | None) -> tuple[Value, ...]:
    if change is None:
        return (None,) * 12
    rates = (change.before, change.after, change.difference)
    return (
        *(cell for estimate in rates for cell in cells_of(estimate)),
        change.lost,
        change.gained,
        change.p_value,
    )
