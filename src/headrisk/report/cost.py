"""What an attack costs: computer time, memory, machine, data and skill.

Recital 26 GDPR asks whether means are "reasonably likely to be used" to identify a person, and
names "the costs of and the amount of time required for identification, taking into consideration
the available technology at the time of the processing". This is the measured part of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrisk.report import wording
from headrisk.report.model import Needs, Report, RunRecord, Table

COST_COLUMNS = (
    "stage", "attack", "cpu_seconds", "recalled_cpu_seconds", "wall_seconds", "peak_mb"
)  # fmt: skip
NOT_THE_ATTACKERS = ("index", "evaluate", "assess")  # stages that only an audit needs
NEEDS = {
    "brain": Needs(
        data="the shared scans, and for each person another scan with a name to it, such as those "
        "in a clinical archive or an earlier release",
        skill="command line; every step is in freely available software, nothing has to be trained",
        hardware="a laptop; no graphics card",
    ),
    "face": Needs(
        data="the shared scans, and photographs of the person with a name, as on a social network",
        skill="command line; freely available rendering and face recognition, nothing has to be "
        "trained",
        hardware="a laptop; no graphics card",
    ),
    "face-scans": Needs(
        data="the shared scans, and for each person another scan of the head with a name to it; no "
        "photograph",
        skill="command line; freely available rendering and face recognition, nothing has to be "
        "trained",
        hardware="a laptop; no graphics card",
    ),
    "metadata": Needs(
        data="the shared headers and sidecars, and those of other scans with a name to them; no "
        "image",
        skill="a few lines of a script or a spreadsheet",
        hardware="any computer",
    ),
    "table": Needs(
        data="the shared table, and a table of the same measurements with names to it; no image",
        skill="a few lines of a script or a spreadsheet",
        hardware="any computer",
    ),
}
_SHORT_SECONDS = 0.1


@dataclass(frozen=True)
class AttackCost:
    """What one attack took in this run.

    ``cpu_seconds`` covers all processes and what earlier runs spent on results taken from the
    store; ``recalled_seconds`` is that latter part. ``per_scan`` divides by the scans.
    """

    name: str
    title: str
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
                title=wording.title(section),
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
        "attack", "scans", "cpu_seconds", "cpu_seconds_per_scan", "wall_seconds", "peak_mb",
        "data", "skill", "hardware",
    )  # fmt: skip
    rows = tuple(
        (
            one.name, one.scans, one.cpu_seconds, one.per_scan, one.wall_seconds, one.peak_mb,
            one.needs.data, one.needs.skill, one.needs.hardware,
        )
        for one in costs
    )  # fmt: skip
    return Table(columns, rows)


def photo_needs(photos: int, sets: int) -> Needs:
    """What a face attack takes, with the number of photographs that this run used."""
    plain = NEEDS["face"]
    if not sets:
        return plain
    each = photos / sets
    number = f"{each:.0f}" if each == round(each) else f"{each:.1f}"
    return Needs(f"{plain.data} ({number} for each person here)", plain.skill, plain.hardware)


def needs_sentence(one: AttackCost) -> str:
    """One attack's cost in a sentence."""
    text = (
        f"{one.title}: {duration(one.cpu_seconds)} of processor time for {one.scans:,} "
        f"{'row' if one.name == 'table' else 'scan'}{'' if one.scans == 1 else 's'}"
    )
    if one.recalled_seconds >= _SHORT_SECONDS:
        text += f" ({duration(one.recalled_seconds)} of it in earlier runs)"
    text += f", at most {one.peak_mb:,.0f} MB in one process."
    if one.needs.data:
        needs = one.needs
        text += f" Needs: {needs.data}; {needs.hardware}. Skill: {needs.skill}."
    return text


def machine_sentence(run: RunRecord) -> str:
    """On what the times were taken."""
    if run.machine is None:
        return ""
    one = run.machine
    cores = f"{one.cores} core{'' if one.cores == 1 else 's'}"
    memory = f", {one.memory_gb:g} GB of memory" if one.memory_gb else ""
    used = f"{one.processes} process{'' if one.processes == 1 else 'es'}"
    if not one.processes:
        used = "the workers of a cluster, whose processor time is not counted"
    return f"Taken on {one.processor}, {cores}{memory}, with {used}."


def duration(seconds: float) -> str:
    """``0.4 seconds``, ``12 seconds``, ``3.5 minutes`` or ``2.1 hours``."""
    if seconds < 10:
        return f"{seconds:.1f} seconds"
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
