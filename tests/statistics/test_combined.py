"""Several modalities of the same people, weighed together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from score_sets import make

from headrisk.attacks.attack import Brought, Context, Measured, run_attack
from headrisk.attacks.combined import CombinedAttack, by_person, ordered, people_with_several
from headrisk.dataset.gather import Source
from headrisk.findings.records import Counts, Internal, ModalitySection
from headrisk.job import Job
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings


def attack(rng: np.random.Generator, labels: list[str], ahead: float, scans: int) -> Brought:
    """Every person searched for once among ``scans`` scans of each."""
    who = np.arange(len(labels))
    values = rng.standard_normal((who.size, who.size * scans))
    gallery = np.repeat(who, scans)
    values += ahead * (who[:, None] == gallery[None, :])
    return Brought(make(values, who, gallery), tuple(labels), tuple(np.repeat(labels, scans)))


def test_the_best_of_each_two_people_is_taken() -> None:
    rng = np.random.default_rng(0)
    first = attack(rng, ["a", "b", "c"], 1.0, 2)
    second = attack(rng, ["c", "b", "x"], 1.0, 1)
    several = people_with_several([first, second])
    assert several == ("b", "c")
    scores, labels = by_person({"brain": first, "table": second}, several)
    assert labels == ("a", "b", "c", "x")
    brain, table = scores["brain"], scores["table"]
    assert brain.values[0, 2] == first.scores.values[1, 4:6].max()
    assert table.values[1, 3] == second.scores.values[0, 2]
    assert brain.usable.tolist() == [[True, True, True, False]] * 2
    assert table.usable.tolist() == [[False, True, True, True]] * 2
    assert brain.mated.sum() == table.mated.sum() == 2


@pytest.mark.parametrize("shared", [3, 25])
def test_together_more_people_are_found(shared: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = [f"p{k:02d}" for k in range(25)]
    others = [*labels[:shared], *(f"q{k:02d}" for k in range(25 - shared))]
    parts = {"brain": attack(rng, labels, 2.2, 1), "table": attack(rng, others, 2.2, 1)}
    measured = [
        Measured(ModalitySection(name, Counts(25, 25, 0, 25, 600, 25)), Internal(), (), attack=one)
        for name, one in parts.items()
    ]
    (tmp_path / "out").mkdir()
    job = Job((Source(tmp_path, "d"),), tmp_path / "out", settings=Settings(bootstrap=100))
    context = Context(None, job, CostLog(), measured=measured)  # type: ignore[arg-type]
    found = run_attack(CombinedAttack(), context)
    if shared < 5:
        assert found is None
        return
    assert found is not None
    headline = found.section.headline
    assert headline is not None
    assert headline.rank1 is not None
    alone = {one.name: one.rank1.value for one in found.section.measures if one.rank1}
    assert set(alone) == {"brain", "table", "fusion"}
    assert alone["fusion"] > max(alone["brain"], alone["table"])
    assert found.section.counts.searched == 25
    assert ordered(measured, found)[0] is found
    assert ordered(measured, None) == measured
    risk = found.section.risk
    assert risk is not None
    assert risk.forecast.people == 25
    names = {one.attacker.name for one in risk.attackers}
    assert names == {"vetted-researcher", "clinical-insider"}
    assert "combined-most-exposed" in found.internal.tables
