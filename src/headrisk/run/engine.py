"""Run one function over many tasks: in this process, in several, or on a Dask cluster.

Every worker is a process of its own that runs one task at a time, so when a worker dies (killed,
out of memory, a crash in native code) it is known which task it had, and no other task suffers.
Workers are *spawned*, not forked: a fork would copy locks held by the threads of BLAS, OpenMP and
onnxruntime, which can hang, and spawn behaves alike on every platform.

BLAS and OpenMP are held to one thread during every task, also with ``processes=1``: the workers
do not fight for cores, and sums are formed in one order, so the number of processes cannot change
a result. onnxruntime has threads of its own; whoever opens a session asks it for one.
"""

from __future__ import annotations

import os
import reprlib
import resource
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context, parent_process
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from headrisk.errors import HeadriskError, UsageError
from headrisk.run.cluster import Cluster, stream

T = TypeVar("T")
R = TypeVar("R")

Workers = int | Cluster  # worker processes of this machine, or where Dask runs them


def count_workers(workers: Workers) -> int:
    """How many worker processes there are; 0 where only the scheduler knows."""
    return workers.workers if isinstance(workers, Cluster) else workers


@dataclass(frozen=True)
class WorkerLost:
    """Stands in the place of a result: the worker process died twice while it had this task."""

    index: int
    reason: str = (
        "the worker process ended without an answer, twice; "
        "it was killed, ran out of memory or crashed in native code"
    )


def run_tasks(
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    processes: Workers = 1,
    on_done: Callable[[int, R | WorkerLost], None] | None = None,
) -> list[R | WorkerLost]:
    """Results of ``function`` for every task, in the order of the tasks.

    Parameters
    ----------
    function
        A function of a module (or ``functools.partial`` of one), so that a worker can import it.
        It is expected to turn failures of a task into a result; what it raises ends the run.
    tasks
        What the function is called with, one after another.
    processes
        1 runs everything in this process; more starts that many workers; a `Cluster` has Dask
        run them.
    on_done
        Called in this process with index and result as each task ends, in order of completion.

    Raises
    ------
    UsageError
        ``processes`` is below 1.
    HeadriskError
        No worker process could be started.
    Exception
        Whatever the function raised, with a note that names the task. Other workers are stopped.
    """
    results: dict[int, R | WorkerLost] = {}
    for index, result in stream_tasks(function, tasks, processes=processes):
        results[index] = result
        if on_done is not None:
            on_done(index, result)
    return [results[index] for index in range(len(results))]


def stream_tasks(
    function: Callable[[T], R], tasks: Iterable[T], *, processes: Workers = 1
) -> Iterator[tuple[int, R | WorkerLost]]:
    """Index and result of every task as it ends, for results too large to hold together.

    Tasks are drawn from ``tasks`` only when a worker is free, and at most ``processes`` results
    wait to be taken, so memory stays bounded for any number of tasks. Parameters and errors are
    those of :func:`run_tasks`. Closing the iterator early stops the workers.
    """
    if isinstance(processes, Cluster):
        return _on_cluster(function, enumerate(tasks), processes)
    if processes < 1:
        raise UsageError("number of processes", found=str(processes), expected="1 or more")
    numbered = enumerate(tasks)
    if processes == 1:
        return _serial(function, numbered)
    return _parallel(function, numbered, processes)


def _serial(
    function: Callable[[T], R], numbered: Iterator[tuple[int, T]]
) -> Iterator[tuple[int, R | WorkerLost]]:
    for index, task in numbered:
        try:
            result = _call(function, task)
        except Exception as error:
            _name_task(error, index, task)
            raise
        yield index, result


def mapper(processes: Workers) -> Callable[[Callable[[T], R], Iterable[T]], list[R]]:
    """A function like ``map`` that runs tasks in these workers; every task must succeed."""

    def run(function: Callable[[T], R], tasks: Iterable[T]) -> list[R]:
        results: list[R] = []
        for result in run_tasks(function, tasks, processes=processes):
            if isinstance(result, WorkerLost):
                raise HeadriskError(
                    f"task {result.index}",
                    found=result.reason,
                    expected="a result",
                    remedy="Give the run more memory or fewer processes.",
                )
            results.append(result)
        return results

    return run


def _on_cluster(
    function: Callable[[T], R], numbered: Iterator[tuple[int, T]], cluster: Cluster
) -> Iterator[tuple[int, R | WorkerLost]]:
    for answer in stream(partial(_call, function), numbered, cluster):
        if answer.error is not None and not answer.lost:
            _name_task(answer.error, answer.index, answer.task)
            raise answer.error
        yield answer.index, WorkerLost(answer.index) if answer.lost else answer.result


@dataclass(frozen=True)
class Used:
    """What a process used since it started: processor time, and most memory in getrusage's unit."""

    seconds: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class _Answer(Generic[R]):
    """A task's result, and what the worker used until then."""

    result: R
    used: Used


class _Worker:
    """One spawned process that runs one task at a time.

    ``used`` is what its last answer told.
    """

    def __init__(self) -> None:
        self.used = Used()
        self._pool = ProcessPoolExecutor(
            max_workers=1, mp_context=get_context("spawn"), initializer=_prepare_worker
        )
        self._pid = self._pool.submit(os.getpid)

    @property
    def started(self) -> bool:
        """The process came up far enough to answer."""
        return self._pid.done() and self._pid.exception() is None

    @property
    def well(self) -> bool:
        """A process that waits for a task still answers."""
        try:
            return self._pool.submit(os.getpid).exception() is None
        except BrokenProcessPool:
            return False

    def submit(self, function: Callable[[T], R], task: T) -> Future[_Answer[R]]:
        return self._pool.submit(_answer, function, task)

    def close(self) -> None:
        """End the process, which must be idle or dead, and wait for it."""
        self._pool.shutdown(wait=True)

    def kill(self) -> None:
        """End the process in the middle of whatever it does.

        A process that is just starting is waited for, as its task may already be under way to it.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        if not self._pid.cancelled() and self._pid.exception() is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid.result(), signal.SIGTERM)


_WAITING: ContextVar[list[_Worker] | None] = ContextVar("workers that wait for tasks", default=None)


@contextmanager
def workers_kept() -> Iterator[None]:
    """Within it a worker that has no more tasks waits for those of the next call.

    So a command of several stages starts its workers once, and what they read once (networks,
    templates) serves all stages. At the end of the outermost such block they end.
    """
    if _WAITING.get() is not None:
        yield
        return
    waiting: list[_Worker] = []
    token = _WAITING.set(waiting)
    try:
        yield
    finally:
        _WAITING.reset(token)
        for worker in waiting:
            worker.close()


def used_by_waiting() -> list[Used]:
    """What each worker that waits for tasks used so far; the system tells it only at their end."""
    return [worker.used for worker in _WAITING.get() or ()]


def _free_worker() -> _Worker:
    """One that waits, or a new one."""
    waiting = _WAITING.get()
    while waiting:
        worker = waiting.pop()
        if worker.well:
            return worker
        worker.close()
    return _Worker()


def _parallel(
    function: Callable[[T], R], numbered: Iterator[tuple[int, T]], processes: int
) -> Iterator[tuple[int, R | WorkerLost]]:
    """Keep every worker busy; then give each task whose worker died a second try, alone."""
    alive: set[_Worker] = set()
    busy: dict[Future[_Answer[R]], tuple[_Worker, int, T]] = {}
    lost: list[tuple[int, T]] = []

    def start_next(worker: _Worker | None) -> None:
        for index, task in numbered:
            if worker is None:
                worker = _free_worker()
                alive.add(worker)
            busy[worker.submit(function, task)] = (worker, index, task)
            return
        if worker is not None:
            alive.discard(worker)
            waiting = _WAITING.get()
            if waiting is None:
                worker.close()
            else:
                waiting.append(worker)

    def retire(worker: _Worker) -> None:
        worker.close()
        alive.discard(worker)

    try:
        for _ in range(processes):
            start_next(None)
        while busy:
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                worker, index, task = busy.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    lost.append((index, task))
                    retire(worker)
                    if worker.started:
                        start_next(None)
                    continue
                result = _result(future, worker, index, task)
                start_next(worker)
                yield index, result
        if next(numbered, None) is not None:
            raise _cannot_start()
        for index, task in lost:
            worker = _Worker()
            alive.add(worker)
            future = worker.submit(function, task)
            if not isinstance(future.exception(), BrokenProcessPool):
                result = _result(future, worker, index, task)
                retire(worker)
                yield index, result
            elif worker.started:
                retire(worker)
                yield index, WorkerLost(index)
            else:
                raise _cannot_start()
    finally:
        for worker in alive:
            worker.kill()


def _result(future: Future[_Answer[R]], worker: _Worker, index: int, task: T) -> R:
    error = future.exception()
    if error is not None:
        _name_task(error, index, task)
        raise error
    answer = future.result()
    worker.used = answer.used
    return answer.result


def _call(function: Callable[[T], R], task: T) -> R:
    with threadpool_limits(limits=1):
        return function(task)


def _answer(function: Callable[[T], R], task: T) -> _Answer[R]:
    result, used = _call(function, task), resource.getrusage(resource.RUSAGE_SELF)
    return _Answer(result, Used(used.ru_utime + used.ru_stime, used.ru_maxrss))


def _name_task(error: BaseException, index: int, task: object) -> None:
    error.add_note(f"while working on task {index}: {reprlib.repr(task)}")


def _cannot_start() -> HeadriskError:
    return HeadriskError(
        "worker process",
        found="it ended before its first task",
        expected="a process that starts and imports headrisk",
        remedy='Free memory, or run with one process. A script needs `if __name__ == "__main__":`.',
    )


def _prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
