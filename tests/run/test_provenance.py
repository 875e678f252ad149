"""What a run was made with, and what it cost."""

from __future__ import annotations

import getpass
import json
import platform
import random
import time
from dataclasses import asdict
from importlib import metadata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.run.engine import run_tasks
from headrisk.run.provenance import CostLog, collect_provenance, dependency_versions
from headrisk.settings import Settings

DIGESTS = st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=5)


KEY = b"k" * 32


def burn(seconds: float) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


@settings(max_examples=20, deadline=None)
@given(DIGESTS, st.randoms())
def test_input_digest_ignores_order_and_sees_everything_else(
    digests: list[str], order: random.Random
) -> None:
    mixed = list(digests)
    order.shuffle(mixed)
    first = collect_provenance(Settings(), digests, KEY)
    assert collect_provenance(Settings(), iter(mixed), KEY) == first
    more = collect_provenance(Settings(), [*digests, "0" * 64], KEY)
    assert more.input_digest != first.input_digest


def test_settings_and_seed_show() -> None:
    one, two = (collect_provenance(Settings(seed=seed), [], KEY) for seed in (1, 2))
    assert (one.seed, two.seed) == (1, 2)
    assert one.settings_digest != two.settings_digest
    assert one.input_digest == two.input_digest


def test_versions_are_those_installed() -> None:
    versions = dependency_versions()
    assert versions["numpy"] == np.__version__
    assert versions["scipy"] == metadata.version("scipy")
    assert "pytest" not in versions
    assert "absent" not in versions.values()
    assert list(versions) == sorted(versions)


def test_no_host_and_no_user() -> None:
    text = json.dumps(asdict(collect_provenance(Settings(), [])))
    assert platform.machine() in text
    values = json.loads(text)
    assert platform.node() not in values.values()
    assert getpass.getuser() not in values.values()
    assert "/" not in text


def test_cost_counts_workers_and_memory() -> None:
    log = CostLog()
    with log.measure("alone"):
        burn(0.2)
        held = np.ones(30_000_000, dtype=np.uint8)
    with log.measure("workers"):
        run_tasks(burn, [0.3, 0.3], processes=2)
    alone, workers = log.costs
    assert (alone.stage, workers.stage) == ("alone", "workers")
    assert 0.2 <= alone.cpu_seconds < 5
    assert workers.cpu_seconds >= 0.6
    assert workers.wall_seconds > 0
    assert held.nbytes / 1e6 < alone.peak_mb <= workers.peak_mb < 100_000


def test_cost_of_a_stage_that_fails_is_kept() -> None:
    log = CostLog()
    with pytest.raises(ZeroDivisionError), log.measure("broken"):
        _ = 1 / 0
    assert [cost.stage for cost in log.costs] == ["broken"]
