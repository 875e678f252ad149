"""The tables behind a modality's risk figures, written as ``tables/<modality>-<name>.tsv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrisk.findings.records import Table, Value, cells_of
from headrisk.linkage.pairs import finite_scores
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.attackers import AttackOutcome
from headrisk.statistics.forecast.records import Forecast
from headrisk.statistics.openset import OpenSet
from headrisk.statistics.risk import linkability
from headrisk.types import PairScores


def risk_tables(risk: Assessment | None, scores: Sequence[PairScores]) -> dict[str, Table]:
    """Linkability of every measure, and the open set, forecast and attackers of the headline."""
    if risk is None:
        return {}
    sizes = [point.size for point in risk.linkability]
    tables = {
        "linkability": _linkability(risk, scores, sizes),
        "open-set": _open_set(risk.open_set),
        "attackers": _attackers(risk.attackers),
    }
    if risk.forecast.points:
        tables["forecast"] = _forecast(risk.forecast)
    return tables


def public_risk_tables(risk: Assessment | None, tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables of a public assessment, those of ``tables`` that are made from one alone."""
    if risk is None:
        return {}
    made = {"open-set": _open_set(risk.open_set), "attackers": _attackers(risk.attackers)}
    if risk.forecast.points:
        made["forecast"] = _forecast(risk.forecast)
    return {name: table for name, table in made.items() if name in tables}


def _linkability(risk: Assessment, scores: Sequence[PairScores], sizes: Sequence[int]) -> Table:
    """Of every measure, and of the attack that speaks where it is a mixture of them."""
    rows = [
        (risk.measure, point.size, *cells_of(point.rate))
        for point in risk.linkability
        if risk.measure not in {one.measure for one in scores}
    ]
    rows += [
        (one.measure, size, *cells_of(rate))
        for one in scores
        for size, rate in linkability(finite_scores(one), sizes).items()
    ]
    return Table(("measure", "gallery", "rate", "rate_low", "rate_high"), tuple(rows))


def _open_set(found: OpenSet) -> Table:
    columns = (
        "gallery",
        "threshold",
        "fpir",
        "fpir_low",
        "fpir_high",
        "fnir",
        "fnir_low",
        "fnir_high",
        "wrong",
        "precision",
    )
    rows = tuple(
        (
            p.size,
            p.threshold,
            *cells_of(p.fpir),
            *cells_of(p.fnir),
            p.wrong.value if p.wrong else None,
            p.precision,
        )
        for p in found.curve
    )
    return Table(columns, rows)


def _forecast(found: Forecast) -> Table:
    """The range over the models, then each model, for every size; no rate beyond the reach."""
    columns = ("gallery", "model", "rate", "rate_low", "rate_high", "floor", "beyond_100x")
    rows: list[tuple[Value, ...]] = []
    for place, point in enumerate(found.points):
        far = "yes" if point.beyond else "no"
        ends = (point.value, point.low, point.high, point.floor, far)
        rows.append((point.size, "range over models", *ends))
        rows += [
            (point.size, one.model, *cells_of(one.estimates[place]), point.floor, far)
            for one in found.models
        ]
    return Table(columns, tuple(rows))


def _attackers(found: Sequence[AttackOutcome]) -> Table:
    columns = (
        "attacker",
        "gallery",
        "prior",
        "false_match_budget",
        "success",
        "success_low",
        "success_high",
        "precision",
        "basis",
    )
    rows = tuple(
        (
            one.attacker.name,
            one.attacker.gallery_size,
            one.attacker.prior,
            one.attacker.false_match_budget,
            *cells_of(one.success),
            one.precision,
            basis(one),
        )
        for one in found
    )
    return Table(columns, rows)


def basis(outcome: AttackOutcome) -> str:
    """What an attacker's figure rests on, in a word."""
    if outcome.success is None:
        return "no figure"
    if outcome.measured:
        return "measured"
    return "bound" if outcome.bound_only else "forecast"
