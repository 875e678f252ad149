"""The cost model: how its figures grow, and that its rates come from a real run."""

from __future__ import annotations

import time

import pytest

from headrisk.commands.costs import Rates, duration, measure_rates, plan
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


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (119, "119.0 s"), (180, "3.0 min"), (9000, "2.5 h")]
)
def test_durations_have_a_unit_that_shows_something(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.slow
def test_rates_are_those_of_a_run_on_this_machine() -> None:
    settings = Settings(measures=("residual-correlation", "ncc"))
    begin = time.process_time()
    rates = measure_rates(settings, faces=False, scans=2)
    whole = time.process_time() - begin
    assert 0.05 < rates.prepare_seconds < whole
    assert 0 < rates.pair_seconds < 0.01
    assert rates.scan_bytes > rates.vector_bytes > 50_000
