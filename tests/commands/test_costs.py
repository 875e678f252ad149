"""The cost model: how its figures grow, and that its rates come from a real run."""

from __future__ import annotations

import time
from dataclasses import fields

import pytest

from headrisk.commands.costs import (
    TYPICAL_RATES_SECONDS,
    Rates,
    Work,
    measure_rates,
    plan,
    typical_seconds,
)
from headrisk.face.render.protocols import headrisk_protocol
from headrisk.settings import Settings

RATES = Rates(1.0, 0.5, 1e-6, 2e5, 121_000, 4e8, 13)


def test_scans_count_once_and_pairs_as_the_square() -> None:
    small, large = (plan(n, RATES, Settings(), 2) for n in (100, 1000))
    assert large.prepare == 10 * small.prepare == 1000
    assert large.faces == 500
    assert large.compare == 100 * small.compare == 1.0
    assert large.pairs == 10**6
    assert not large.summarised
    assert large.disk > 1000 * 2e5


def test_above_the_limit_scores_take_no_room() -> None:
    settings = Settings(most_pairs=10**6)
    kept, summarised = (plan(n, RATES, settings, 1) for n in (1000, 1001))
    assert summarised.summarised
    assert summarised.memory < kept.memory
    assert summarised.disk < kept.disk


def test_every_kind_of_work_takes_time() -> None:
    """Whatever is added makes a run longer, faces among the rest."""
    idle = typical_seconds(Work())
    for one in fields(Work):
        work = Work(**{one.name: 1000})
        assert typical_seconds(work) > idle, one.name
    assert Work(sighted=10).face_seconds > 0
    assert Work(aligned=10, compared=10**6).face_seconds == 0


@pytest.mark.slow
def test_usual_times_are_about_those_of_this_machine() -> None:
    """One synthetic head: brain, face left, and the renders that photographs are compared with."""
    pytest.importorskip("embreex", reason="faces are not installed")
    settings = Settings()
    rates = measure_rates(settings, faces=True, scans=2)
    measured = rates.prepare_seconds + rates.face_seconds
    views = headrisk_protocol().count
    one = Work(aligned=1, sighted=1, rendered=1, renders=views)
    fixed = typical_seconds(Work()) + TYPICAL_RATES_SECONDS
    assert 0.4 < measured / (typical_seconds(one) - fixed) < 2.5


@pytest.mark.slow
def test_rates_are_those_of_a_run_on_this_machine() -> None:
    settings = Settings(measures=("residual-correlation", "ncc"))
    begin = time.process_time()
    rates = measure_rates(settings, faces=False, scans=2)
    whole = time.process_time() - begin
    assert 0.05 < rates.prepare_seconds < whole
    assert 0 < rates.pair_seconds < 0.01
    assert rates.scan_bytes > rates.vector_bytes > 50_000
