"""Sentences about what an attack takes: time, machine, data and skill."""

from __future__ import annotations

from headrisk.durations import duration
from headrisk.findings.cost import AttackCost
from headrisk.findings.records import Needs, RunRecord
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.summary import title

_SHORT_SECONDS = 0.1


def photo_needs(photos: int, sets: int) -> Needs:
    """What a face attack takes, with the number of photographs that this run used."""
    plain = ATTACKS["face"].needs
    if not sets:
        return plain
    each = max(round(photos / sets), 1)  # a whole number, which does not give back their sum
    return Needs(f"{plain.data} (about {each} for each person here)", plain.skill, plain.hardware)


def needs_sentence(one: AttackCost) -> str:
    """One attack's cost in a sentence."""
    text = (
        f"{title(one)}: {duration(one.cpu_seconds)} of processor time for {one.scans:,} "
        f"{'row' if one.name == 'table' else 'scan'}{'' if one.scans == 1 else 's'}"
    )
    if one.recalled_seconds >= _SHORT_SECONDS:
        text += f" ({duration(one.recalled_seconds)} of it in earlier runs, or in steps shared "
        text += "with other attacks)"
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
