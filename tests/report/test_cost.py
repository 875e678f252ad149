"""The cost of each attack, in figures and in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_report import RUN, simulated_report

from headrisk.findings.cost import attack_costs, attack_table
from headrisk.findings.records import RunRecord
from headrisk.report.html import public_html
from headrisk.report.words.cost import machine_sentence, needs_sentence, photo_needs
from headrisk.run.provenance import Cost, CostLog, Machine, this_machine

pytestmark = pytest.mark.usefixtures("drawn_once")

COSTS = (
    Cost("index", 1.0, 0.5, 100.0),
    Cost("prepare", 10.0, 8.0, 400.0, "brain", 30.0),
    Cost("compare", 2.0, 2.0, 450.0, "brain"),
    Cost("evaluate", 9.0, 9.0, 500.0, "brain"),
)


def test_an_attack_pays_its_own_stages_and_what_earlier_runs_paid() -> None:
    report, _ = simulated_report()
    (brain,) = attack_costs(report, RunRecord(cost=COSTS))
    assert (brain.cpu_seconds, brain.recalled_seconds) == (40.0, 30.0)
    assert (brain.wall_seconds, brain.peak_mb) == (12.0, 450.0)
    assert brain.per_scan == pytest.approx(40 / brain.scans)
    text = needs_sentence(brain)
    assert text.startswith("Brains: 40 seconds of processor time for ")
    assert (
        "(30 seconds of it in earlier runs, or in steps shared with other attacks), at most 450 MB"
        in text
    )
    assert "Skill: command line" in text
    table = attack_table([brain])
    assert table.column("cpu_seconds") == [40.0]
    assert table.column("skill")[0]


def test_stages_of_no_attack_give_no_attack() -> None:
    report, _ = simulated_report()
    assert attack_costs(report, RUN) == ()


def test_the_page_names_recital_26_and_escapes_the_machine() -> None:
    report, _ = simulated_report()
    run = replace(RUN, cost=COSTS, machine=Machine("<b>Chip</b> 3", 8, 16.2, 2))
    page = public_html(report, run, "0" * 12)
    assert "Recital 26" in page
    assert "&lt;b&gt;Chip&lt;/b&gt; 3, 8 cores, 16.2 GB of memory, with 2 processes" in page


def test_words() -> None:
    assert "(about 3 for each person here)" in photo_needs(30, 10).data
    assert photo_needs(29, 10) == photo_needs(30, 10), "their sum stays a range"
    assert "(about 1 for each person here)" in photo_needs(1, 3).data
    assert "here" not in photo_needs(0, 0).data
    assert machine_sentence(RunRecord()) == ""
    cluster = RunRecord(machine=Machine("x", 1, 0.0, 0))
    assert machine_sentence(cluster) == (
        "Taken on x, 1 core, with the workers of a cluster, whose processor time is not counted."
    )


def test_the_log_knows_the_attack_and_what_was_recalled() -> None:
    log = CostLog()
    with log.measure("index"):
        pass
    with log.attacking("brain"), log.measure("prepare"):
        pass
    log.recalled(50.0)
    with pytest.raises(ValueError, match="x"), log.attacking("face"), log.measure("match"):
        raise ValueError("x")
    assert [cost.attack for cost in log.costs] == ["", "brain", "face"]
    assert log.costs[1].recalled_seconds == pytest.approx(50.0, abs=1.0)
    assert log.attack == ""
    log.recalled(0.0)
    assert log.costs[-1].recalled_seconds == 0.0


def test_this_machine() -> None:
    machine = this_machine(3)
    assert machine.processes == 3
    assert machine.cores >= 1
    assert machine.processor
    assert machine.memory_gb >= 0
