"""What an attack costs: computer time, memory, machine, data and skill.

Recital 26 GDPR asks whether means are "reasonably likely to be used" to identify a person, and
names "the costs of and the amount of time required for identification, taking into consideration
the available technology at the time of the processing". This is the measured part of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrisk.findings.records import Needs, Report, RunRecord, Table

COST_COLUMNS = ("stage", "attack", "cpu_seconds", "recalled_cpu_seconds", "wall_seconds", "peak_mb")
NOT_THE_ATTACKERS = ("index", "evaluate", "assess")  # stages that only an audit needs


@dataclass(frozen=True)
class AttackCost:
    """What one attack took in this run.

    ``cpu_seconds`` covers all processes and what earlier runs spent on results taken from the
    store; ``recalled_seconds`` is that latter part. ``per_scan`` divides by the scans.
    """

    name: str
    simulated: bool
    scans: int
    cpu_seconds: float
    recalled_seconds: float
    wall_seconds: float
    peak_mb: float
    needs: Needs

    @property
    def per_scan(self) -> float | None:
        """CPU seconds for each scan."""
        return self.cpu_seconds / self.scans if self.scans else None


def attack_costs(report: Report, run: RunRecord) -> tuple[AttackCost, ...]:
    """The cost of each attack: its stages, without those that only count results."""
    found = []
    for section in report.modalities:
        stages = [
            cost
            for cost in run.cost
            if cost.attack == section.name and cost.stage not in NOT_THE_ATTACKERS
        ]
        if not stages:
            continue
        recalled = sum(cost.recalled_seconds for cost in stages)
        found.append(
            AttackCost(
                name=section.name,
                simulated=section.simulated,
                scans=section.counts.scans,
                cpu_seconds=sum(cost.cpu_seconds for cost in stages) + recalled,
                recalled_seconds=recalled,
                wall_seconds=sum(cost.wall_seconds for cost in stages),
                peak_mb=max(cost.peak_mb for cost in stages),
                needs=section.needs,
            )
        )
    return tuple(found)


def cost_table(run: RunRecord) -> Table:
    """What the run cost, stage by stage."""
    rows = tuple(
        (c.stage, c.attack or "all", c.cpu_seconds, c.recalled_seconds, c.wall_seconds, c.peak_mb)
        for c in run.cost
    )
    return Table(COST_COLUMNS, rows)


def attack_table(costs: Sequence[AttackCost]) -> Table:
    """What each attack cost, with what else it needs."""
    columns = (
        "attack",
        "scans",
        "cpu_seconds",
        "cpu_seconds_per_scan",
        "wall_seconds",
        "peak_mb",
        "data",
        "skill",
        "hardware",
    )
    rows = tuple(
        (
            one.name,
            one.scans,
            one.cpu_seconds,
            one.per_scan,
            one.wall_seconds,
            one.peak_mb,
            one.needs.data,
            one.needs.skill,
            one.needs.hardware,
        )
        for one in costs
    )
    return Table(columns, rows)
