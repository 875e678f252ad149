"""The task engine: order, worker loss, errors, interruption, threads."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from headrisk.errors import HeadriskError, ScanError, UsageError
from headrisk.run.engine import (
    WorkerLost,
    mapper,
    run_tasks,
    stream_tasks,
    used_by_waiting,
    workers_kept,
)


def square_slowly(task: int) -> int:
    time.sleep(0.05 if task % 3 == 0 else 0.001)
    return task * task


def die_at_three(folder: Path, task: int) -> int:
    with (folder / f"started-{task}").open("a") as stream:
        stream.write("x")
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return task


def die_once(folder: Path, task: int) -> int:
    mark = folder / f"died-{task}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def die_once_at_one(folder: Path, task: int) -> int:
    return die_once(folder, task) if task == 1 else task


def raise_at_three(task: int) -> int:
    if task == 3:
        raise ScanError("scan.nii", found="noise", expected="a head", remedy="Scan again.")
    return task


def return_something_local(task: int) -> object:
    return lambda: task


def product(seed: int) -> bytes:
    values = np.random.default_rng(seed).normal(size=(300, 301))
    return bytes((values @ values.T).tobytes())


def thread_counts(task: int) -> list[int]:
    np.ones((4, 4)) @ np.ones((4, 4))
    return [int(library["num_threads"]) for library in threadpool_info()]


def trim_threshold(task: int) -> str | None:
    return os.environ.get("MALLOC_TRIM_THRESHOLD_")


def slow_pid(task: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def pid_then_sleep(task: int) -> int:
    if task > 0:
        time.sleep(60)
    return os.getpid()


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_task_order(processes: int) -> None:
    seen: list[tuple[int, object]] = []
    results = run_tasks(
        square_slowly,
        iter(range(10)),
        processes=processes,
        on_done=lambda index, result: seen.append((index, result)),
    )
    assert results == [n * n for n in range(10)]
    assert sorted(seen) == [(n, n * n) for n in range(10)]


@pytest.mark.parametrize("processes", [1, 2])
def test_no_tasks_give_no_results(processes: int) -> None:
    assert run_tasks(square_slowly, [], processes=processes) == []


def test_no_process_at_all_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="expected 1 or more"):
        stream_tasks(square_slowly, [1], processes=0)


def test_a_killed_worker_costs_only_its_task(tmp_path: Path) -> None:
    results = run_tasks(functools.partial(die_at_three, tmp_path), range(8), processes=2)
    assert isinstance(results[3], WorkerLost)
    assert results[3].index == 3
    assert [r for r in results if r is not results[3]] == [0, 1, 2, 4, 5, 6, 7]
    starts = {n: (tmp_path / f"started-{n}").read_text() for n in range(8)}
    assert starts == {n: "xx" if n == 3 else "x" for n in range(8)}


def test_a_task_that_survives_its_second_try_is_not_lost(tmp_path: Path) -> None:
    assert run_tasks(functools.partial(die_once, tmp_path), range(3), processes=2) == [0, 1, 2]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_mapper_is_like_map(processes: int) -> None:
    run = mapper(processes)
    assert run(square_slowly, range(5)) == [n * n for n in range(5)]
    assert set(run(thread_counts, [0])[0]) == {1}
    assert run(square_slowly, []) == []


def test_a_mapper_has_no_result_without_every_task(tmp_path: Path) -> None:
    with pytest.raises(HeadriskError, match=r"task 3: the worker process ended.*more memory"):
        mapper(2)(functools.partial(die_at_three, tmp_path), range(5))


@pytest.mark.parametrize("processes", [1, 2])
def test_an_exception_arrives_whole_and_names_its_task(processes: int) -> None:
    with pytest.raises(ScanError) as caught:
        run_tasks(raise_at_three, range(100), processes=processes)
    assert caught.value.subject == "scan.nii"
    assert caught.value.remedy == "Scan again."
    assert caught.value.__notes__ == ["while working on task 3: 3"]


def test_a_result_that_cannot_travel_is_an_error_not_a_hang() -> None:
    with pytest.raises(Exception, match=r"pickle|local object") as caught:
        run_tasks(return_something_local, range(3), processes=2)
    assert "while working on task" in caught.value.__notes__[0]


def test_number_of_processes_does_not_change_a_bit() -> None:
    assert run_tasks(product, range(3), processes=1) == run_tasks(product, range(3), processes=2)


@pytest.mark.parametrize("processes", [1, 2])
def test_every_task_has_one_thread(processes: int) -> None:
    before = thread_counts(0)
    results = run_tasks(thread_counts, range(2), processes=processes)
    assert results[0]
    assert set(results[0] + results[1]) == {1}  # type: ignore[operator]
    assert thread_counts(0) == before


@pytest.mark.parametrize("processes", [1, 3])
def test_tasks_are_drawn_only_when_a_worker_is_free(processes: int) -> None:
    drawn = 0

    def tasks() -> Iterator[int]:
        nonlocal drawn
        for n in range(20):
            drawn += 1
            yield n

    for taken, _ in enumerate(stream_tasks(square_slowly, tasks(), processes=processes), start=1):
        assert drawn <= taken + 2 * processes
    assert taken == 20


def test_closing_the_stream_ends_the_workers() -> None:
    stream = stream_tasks(pid_then_sleep, range(4), processes=2)
    start = time.monotonic()
    _, pid = next(stream)
    assert isinstance(pid, int)
    stream.close()  # type: ignore[attr-defined]
    _wait_until_gone([pid], start)


def test_kept_workers_serve_the_next_call_and_end_with_the_block() -> None:
    start = time.monotonic()
    with workers_kept():
        first = set(run_tasks(slow_pid, range(4), processes=2))
        with workers_kept():
            again = set(run_tasks(slow_pid, range(4), processes=2))
        used = used_by_waiting()
        alone = set(run_tasks(slow_pid, range(2), processes=1))
    assert again == first
    assert alone == {os.getpid()}
    assert len(used) == len(first) == 2
    assert all(0 < one.seconds < 60 and one.peak > 1000 for one in used)
    assert used_by_waiting() == []
    _wait_until_gone([pid for pid in first if isinstance(pid, int)], start)
    assert first.isdisjoint(run_tasks(slow_pid, range(4), processes=2))


def test_a_kept_worker_that_died_while_it_waited_is_replaced() -> None:
    with workers_kept():
        (pid,) = run_tasks(slow_pid, range(1), processes=2)
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        assert run_tasks(square_slowly, range(4), processes=2) == [0, 1, 4, 9]


def test_a_kept_worker_that_dies_at_work_costs_only_its_task(tmp_path: Path) -> None:
    with workers_kept():
        run_tasks(square_slowly, range(4), processes=2)
        results = run_tasks(functools.partial(die_at_three, tmp_path), range(6), processes=2)
        assert isinstance(results.pop(3), WorkerLost)
        assert results == [0, 1, 2, 4, 5]


SCRIPT = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
sys.path.insert(0, {folder!r})
from headrisk.run.engine import run_tasks
from sleeper import sleep
if __name__ == "__main__":
    run_tasks(sleep, range(4), processes=2)
"""
SLEEPER = """
import os, time
from pathlib import Path
def sleep(task):
    Path({folder!r}, f"pid-{{os.getpid()}}").touch()
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_do_not_outlive_an_interrupted_run(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER.format(folder=str(tmp_path)))
    (tmp_path / "script.py").write_text(SCRIPT.format(folder=str(tmp_path)))
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")], stderr=subprocess.PIPE, text=True
    )
    start = time.monotonic()
    while len(pids := list(tmp_path.glob("pid-*"))) < 2:
        assert time.monotonic() - start < 30
        time.sleep(0.02)
    run.send_signal(how)
    _, errors = run.communicate(timeout=20)
    assert run.returncode != 0
    assert errors.strip().endswith("KeyboardInterrupt") == (how is signal.SIGINT)
    _wait_until_gone([int(p.name.removeprefix("pid-")) for p in pids], time.monotonic())


def test_a_script_without_main_guard_gets_a_clear_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from headrisk.run.engine import run_tasks\nrun_tasks(abs, range(9), processes=2)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "it ended before its first task" in done.stderr
    assert '__name__ == "__main__"' in done.stderr


def _wait_until_gone(pids: list[int], start: float) -> None:
    for pid in pids:
        while _alive(pid):
            assert time.monotonic() - start < 20, f"worker {pid} is still there"
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    """A zombie whose new parent has not fetched it yet counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
