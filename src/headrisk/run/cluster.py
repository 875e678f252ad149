"""Tasks on a Dask cluster: workers of this machine, or of a scheduler that runs elsewhere.

Dask sends functions and data as pickles: whoever may talk to a scheduler or a worker runs code as
the user who started it, and without TLS that is everybody who reaches its port, other users of the
same machine included. A local cluster therefore makes a key of its own for every run, which stays
in the memory of its processes and which both sides of a connection must show. It listens on the
loopback address alone and serves no pages. When a scheduler elsewhere may be trusted is told in
``docs/cluster.md``.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from headrisk.errors import HeadriskError, MissingExtraError

T = TypeVar("T")
R = TypeVar("R")

CONNECT_SECONDS = 30


@dataclass(frozen=True)
class Cluster:
    """Where Dask runs tasks.

    Attributes
    ----------
    workers
        Processes of the local cluster; tasks under way at a time elsewhere, 0 for as many as the
        scheduler has threads.
    scheduler
        Address such as ``tls://10.0.0.1:8786``; a cluster on this machine if empty.
    """

    workers: int
    scheduler: str = ""


@dataclass(frozen=True)
class Answer:
    """How a task ended: its result, an error, or ``lost`` where its worker died."""

    index: int
    task: Any
    result: Any = None
    error: BaseException | None = None
    lost: bool = False


def stream(
    function: Callable[[T], R], numbered: Iterator[tuple[int, T]], cluster: Cluster
) -> Iterator[Answer]:
    """Run tasks as workers become free, and give each answer as it comes.

    A task whose worker died is tried again, alone, after all others.

    Raises
    ------
    MissingExtraError
        Dask, or cryptography for a local cluster's key, is not installed.
    HeadriskError
        The scheduler cannot be reached or has no workers.
    """
    distributed = _distributed()
    with _connected(distributed, cluster) as client:
        wanted = _width(client, cluster)
        again: list[tuple[int, Any]] = []
        for answer in _round(distributed, client, function, numbered, wanted):
            if answer.lost:
                again.append((answer.index, answer.task))
            else:
                yield answer
        for task in again:
            yield from _round(distributed, client, function, iter([task]), 1)


def _round(
    distributed: Any,
    client: Any,
    function: Callable[[T], R],
    numbered: Iterator[tuple[int, T]],
    width: int,
) -> Iterator[Answer]:
    """Keep ``width`` tasks under way until there are no more."""
    under_way: dict[Any, tuple[int, T]] = {}

    def start_next() -> None:
        for index, task in numbered:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Sending large graph")
                future = client.submit(function, task, pure=False, retries=0)
            under_way[future] = (index, task)
            return

    for _ in range(width):
        start_next()
    while under_way:
        done, _ = distributed.wait(list(under_way), return_when="FIRST_COMPLETED")
        for future in done:
            index, task = under_way.pop(future)
            error = future.exception()
            lost = isinstance(error, distributed.KilledWorker)
            result = future.result() if error is None else None
            future.release()
            start_next()
            yield Answer(index, task, result, error, lost)


@contextmanager
def _connected(distributed: Any, cluster: Cluster) -> Iterator[Any]:
    """A client of the scheduler; of a local cluster, which ends with the block."""
    if not cluster.scheduler:
        with local_cluster(distributed, cluster.workers) as local, distributed.Client(local) as own:
            yield own
        return
    try:
        client = distributed.Client(cluster.scheduler, timeout=CONNECT_SECONDS)
    except TypeError as error:
        raise HeadriskError(
            f"scheduler {cluster.scheduler}",
            found=f"no key to talk to it with ({error})",
            expected="certificate and key in Dask's configuration, distributed.comm.tls",
            remedy="Name the files as docs/cluster.md shows.",
        ) from error
    except RuntimeError as error:
        raise HeadriskError(
            f"scheduler {cluster.scheduler}",
            found=f"an address that Dask's configuration refuses ({error})",
            expected="the tls:// address of a scheduler, since encryption is required",
            remedy="Start the scheduler with TLS as docs/cluster.md shows.",
        ) from error
    except (OSError, ValueError, TimeoutError) as error:
        raise HeadriskError(
            f"scheduler {cluster.scheduler}",
            found=f"cannot be reached ({error})",
            expected="the address of a running Dask scheduler, such as tls://10.0.0.1:8786",
            remedy="Start one with 'dask scheduler', or leave --scheduler out.",
        ) from error
    with client:
        yield client


@contextmanager
def local_cluster(distributed: Any, workers: int) -> Iterator[Any]:
    """A Dask cluster of this machine that obeys nobody but this process.

    Parameters
    ----------
    distributed
        The package.
    workers
        How many worker processes, of one thread each.

    Yields
    ------
    distributed.LocalCluster

    Raises
    ------
    MissingExtraError
        cryptography, which makes the key, is not installed.
    """
    settings = {
        # A task is lost with its first worker here; it is then tried once more, alone.
        "distributed.scheduler.allowed-failures": 0,
        # A new worker may take its time to start on a busy machine, and is waited for.
        "distributed.deploy.lost-worker-timeout": "1 hour",
        # With Dask's 64 KB every large array is taken from the system anew and given back,
        # which costs a scan half as much again.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
        # Scheduler and workers always open a port for HTTP, which knows no TLS here: these
        # leave it without a single page, so that it tells nobody which tasks run.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    try:
        security = distributed.Security.temporary()
    except ImportError as error:
        raise MissingExtraError(
            "cryptography, which makes the key of a local Dask cluster,",
            found="not installed",
            remedy='Install it: pip install "headrisk[dask]".',
        ) from error
    with (
        # Dask's own folder has a name that others can take first, and they could read what
        # workers lay down there.
        tempfile.TemporaryDirectory(prefix="headrisk-dask-") as private,
        import_module("dask").config.set({**settings, "temporary-directory": private}),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            local_directory=private,
            silence_logs=logging.CRITICAL,
        ) as local,
    ):
        yield local


def _width(client: Any, cluster: Cluster) -> int:
    """Tasks that are under way at a time: one for each thread of a worker."""
    threads: int = sum(client.nthreads().values())
    if not threads:
        raise HeadriskError(
            f"scheduler {cluster.scheduler or 'of this machine'}",
            found="no workers",
            expected="at least one worker that can import headrisk and see the same files",
            remedy="Start workers with 'dask worker ADDRESS --nthreads 1'.",
        )
    return min(threads, cluster.workers) if cluster.workers else threads


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise MissingExtraError(
            "Dask", found="not installed", remedy='Install it: pip install "headrisk[dask]".'
        ) from error
