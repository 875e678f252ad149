"""Tasks on a Dask cluster: workers of this machine, or of a scheduler that runs elsewhere.

Dask sends functions and data as pickles over connections that are open to whoever reaches them,
so a local cluster listens on the loopback address alone, and a scheduler elsewhere belongs into a
closed network or behind TLS (``docs/cluster.md``).
"""

from __future__ import annotations

import logging
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
        Address such as ``tcp://10.0.0.1:8786``; a cluster on this machine if empty.
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
        Dask is not installed.
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
        # A task is lost with its first worker here; it is then tried once more, alone.
        # A new worker may take its time to start on a busy machine, and is waited for.
        settings = {
            "distributed.scheduler.allowed-failures": 0,
            "distributed.deploy.lost-worker-timeout": "1 hour",
            # With Dask's 64 KB every large array is taken from the system anew and given back,
            # which costs a scan half as much again.
            "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
        }
        dask = import_module("dask")
        with (
            dask.config.set(settings),
            distributed.LocalCluster(
                n_workers=cluster.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(cluster.scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise HeadriskError(
            f"scheduler {cluster.scheduler}",
            found=f"cannot be reached ({error})",
            expected="the address of a running Dask scheduler, such as tcp://10.0.0.1:8786",
            remedy="Start one with 'dask scheduler', or leave --scheduler out.",
        ) from error
    with client:
        yield client


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
