"""Tasks on a Dask cluster of this machine; sockets reach the loopback address only."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from test_engine import (
    die_at_three,
    die_once_at_one,
    product,
    raise_at_three,
    square_slowly,
    thread_counts,
    trim_threshold,
)

from headrisk.cli.main import main
from headrisk.errors import HeadriskError, MissingExtraError, ScanError
from headrisk.run import cluster as cluster_module
from headrisk.run.cluster import Cluster
from headrisk.run.engine import WorkerLost, mapper, run_tasks

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])
TWO = Cluster(2)


def test_results_come_in_task_order_and_match_the_serial_run() -> None:
    seen: list[int] = []
    results = run_tasks(
        product, iter(range(5)), processes=TWO, on_done=lambda index, _: seen.append(index)
    )
    assert results == run_tasks(product, range(5), processes=1)
    assert sorted(seen) == list(range(5))
    assert run_tasks(square_slowly, [], processes=TWO) == []


def test_a_killed_worker_costs_only_its_task(tmp_path: Path) -> None:
    """Task 3 kills every worker that tries it: twice, and then it is given up."""
    results = run_tasks(functools.partial(die_at_three, tmp_path), range(8), processes=TWO)
    assert isinstance(results[3], WorkerLost)
    assert [r for r in results if r is not results[3]] == [0, 1, 2, 4, 5, 6, 7]
    assert (tmp_path / "started-3").read_text() == "xx"


@pytest.mark.slow
def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    """Also where a task that had not begun was waiting for the worker that died."""
    task = functools.partial(die_once_at_one, tmp_path)
    assert run_tasks(task, range(8), processes=TWO) == list(range(8))


@pytest.mark.slow
def test_an_exception_arrives_whole_and_names_its_task() -> None:
    with pytest.raises(ScanError) as caught:
        run_tasks(raise_at_three, range(20), processes=TWO)
    assert caught.value.remedy == "Scan again."
    assert caught.value.__notes__ == ["while working on task 3: 3"]


@pytest.mark.slow
def test_every_task_has_one_thread() -> None:
    for counts in mapper(TWO)(thread_counts, range(2)):
        assert set(counts) == {1}


@pytest.mark.slow
def test_workers_keep_the_memory_of_large_arrays() -> None:
    assert mapper(TWO)(trim_threshold, range(2)) == [None, None]


@pytest.mark.slow
def test_a_scheduler_elsewhere_is_used() -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as there:
        there_too = Cluster(0, there.scheduler_address)
        assert run_tasks(square_slowly, range(4), processes=there_too) == [0, 1, 4, 9]


def test_no_scheduler_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.5)
    with pytest.raises(HeadriskError, match=r"cannot be reached.*dask scheduler"):
        run_tasks(square_slowly, range(4), processes=Cluster(0, "tcp://127.0.0.1:9"))


def test_without_dask_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(cluster_module, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r'pip install "headrisk\[dask\]"'):
        run_tasks(square_slowly, range(4), processes=TWO)


def test_scheduler_needs_the_dask_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "a", "b", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "expected --engine dask" in capsys.readouterr().err


@pytest.mark.slow
def test_every_engine_gives_the_same_report(cohort: Path, quick: str, tmp_path: Path) -> None:
    reports, tables = [], []
    for engine in ("serial", "processes", "dask"):
        out = tmp_path / engine
        words = ["audit", str(cohort), str(out), "--settings", quick, "--nprocs", "2"]
        assert main([*words, "--engine", engine]) == 0
        reports.append((out / "report.json").read_bytes())
        tables.append(
            {p.name: p.read_bytes() for p in out.glob("tables/*.tsv") if "cost" not in p.name}
        )
    assert json.loads(reports[0])["modalities"]["brain"]["counts"]["scans"] == 12
    assert reports[0] == reports[1] == reports[2]
    assert tables[0] == tables[1] == tables[2]
    assert np.all([len(one) > 5 for one in tables])
