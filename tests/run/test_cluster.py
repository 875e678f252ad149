"""Tasks on a Dask cluster of this machine; sockets reach the loopback address only."""

from __future__ import annotations

import functools
import importlib
import json
import os
import stat
import subprocess
import sys
import urllib.error
import urllib.request
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
from headrisk.run.cluster import Cluster, local_cluster
from headrisk.run.engine import WorkerLost, mapper, run_tasks

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])
TWO = Cluster(2)
INTRUDER = Path(__file__).with_name("intruder.py")
NOBODY = "65534"


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


def intrude(cluster: object, servers: list[str], user: str) -> dict[str, dict[str, str]]:
    """What another process reaches: server to way to ``let in`` or an error."""
    names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
    keys = {name: getattr(cluster.security, name) for name in names}  # type: ignore[attr-defined]
    done = subprocess.run(
        [sys.executable, str(INTRUDER), user],
        input=json.dumps({"servers": servers, "keys": {**keys, "require_encryption": True}}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def test_a_local_cluster_obeys_nobody_else() -> None:
    """Scheduler, worker and nanny; as another user of the machine where the tests run as root."""
    user = NOBODY if os.getuid() == 0 else ""
    with local_cluster(distributed, 1) as own:
        worker = own.workers[0]  # the nanny, which starts and kills the worker
        servers = [own.scheduler_address, worker.address, worker.worker_address]
        found = intrude(own, servers, user)
        folder = Path(worker.local_directory)
        private = next(one for one in folder.parents if one.name.startswith("headrisk-dask-"))
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        port = own.scheduler.http_server.port
        for page in ("", "status", "info/main/workers.html", "json/counts.json", "metrics"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}")
    assert not private.exists()
    assert set(found) == set(servers)
    for ways in found.values():
        assert [way for way, answer in ways.items() if answer == "let in"] == ["with_the_keys"]
        assert len(ways) == 4


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process as another user")
def test_another_user_runs_no_code_and_finds_no_key() -> None:
    """The port is all that another user sees: no file of the cluster, no memory, no variable."""
    with local_cluster(distributed, 1) as own, distributed.Client(own) as client:
        (pid,) = client.run(os.getpid).values()
        folder = Path(own.workers[0].local_directory)
        code = (
            "import os, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "for path in sys.argv[1:]:\n"
            "    try: print(os.listdir(path) if os.path.isdir(path) else open(path).read())\n"
            "    except OSError: print('refused')\n"
        )
        paths = [f"/proc/{pid}/environ", f"/proc/{pid}/mem", f"/proc/{pid}/fd", str(folder)]
        done = subprocess.run(
            [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["refused"] * 4
        assert client.submit(len, "ab").result() == 2


def test_without_cryptography_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingExtraError, match=r"cryptography.*headrisk\[dask\]"):
        run_tasks(square_slowly, range(4), processes=TWO)


@pytest.mark.slow
def test_a_scheduler_behind_tls_is_used(tmp_path: Path) -> None:
    """As docs/cluster.md says: keys in files, named by variables of Dask."""
    own = distributed.Security.temporary()
    names = {"ca": own.tls_ca_file, "cert": own.tls_client_cert, "key": own.tls_client_key}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        security=own,
    ) as there:
        variables = {
            "CA_FILE": "ca",
            "CLIENT__CERT": "cert",
            "CLIENT__KEY": "key",
        }
        code = (
            "from headrisk.run.cluster import Cluster\n"
            "from headrisk.run.engine import run_tasks\n"
            f"there = Cluster(0, {there.scheduler_address!r})\n"
            "print(run_tasks(abs, range(-3, 0), processes=there))"
        )
        tls = {
            f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(tmp_path / file)
            for name, file in variables.items()
        }
        done = [
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, **more},
                capture_output=True,
                text=True,
                check=False,
            )
            for more in (tls, {})
        ]
    assert done[0].stdout == "[3, 2, 1]\n", done[0].stderr
    assert done[1].returncode != 0


@pytest.mark.parametrize(
    ("address", "encrypt", "found"),
    [("tls://127.0.0.1:9", False, "no key"), ("tcp://127.0.0.1:9", True, "encryption")],
)
def test_keys_and_address_that_do_not_go_together(address: str, encrypt: bool, found: str) -> None:
    dask = importlib.import_module("dask")
    with (
        dask.config.set({"distributed.comm.require-encryption": encrypt}),
        pytest.raises(HeadriskError, match=rf"{found}.*docs/cluster.md"),
    ):
        run_tasks(square_slowly, range(4), processes=Cluster(0, address))


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
        words = ["audit", str(cohort), str(out), "--no-faces", "--settings", quick, "--nprocs", "2"]
        assert main([*words, "--engine", engine]) == 0
        reports.append((out / "report.json").read_bytes())
        tables.append(
            {p.name: p.read_bytes() for p in out.glob("tables/*.tsv") if "cost" not in p.name}
        )
    assert json.loads(reports[0])["modalities"]["brain"]["counts"]["scans"] == 12
    assert reports[0] == reports[1] == reports[2]
    assert tables[0] == tables[1] == tables[2]
    assert np.all([len(one) > 5 for one in tables])
