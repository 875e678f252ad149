"""Runs of the command line that end themselves at the n-th change of the file system.

``python killer.py MODULE...`` imports the modules once, then reads a line of JSON for each run from
standard input and answers with one: each run is a fork, so none pays for the imports again. What
counts is what the interpreter's audit hooks tell, so a point means the same in every run.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code (minus the signal that killed it), and what it changed.

    ``changes`` is the number of changes of the file system, -1 where it was killed.
    """

    code: int
    changes: int
    said: str


Run = Callable[..., Ended]


@contextmanager
def killer(place: Path, *modules: str) -> Iterator[Run]:
    """A function that runs a command: ``run(words, point=0, number=SIGKILL)``; 0 for unharmed."""
    server = subprocess.Popen(
        [sys.executable, __file__, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None

    def run(words: Sequence[str | Path], point: int = 0, number: int = signal.SIGKILL) -> Ended:
        said = place / "said"
        task = {"words": [*map(str, words)], "point": point, "number": number, "said": str(said)}
        server.stdin.write(json.dumps(task) + "\n")
        server.stdin.flush()
        answer = json.loads(server.stdout.readline())
        return Ended(answer["code"], answer["changes"], said.read_text())

    try:
        yield run
    finally:
        server.stdin.close()
        server.wait(timeout=60)


def points(changes: int, count: int) -> list[int]:
    """``count`` different points, evenly spread from the first change to the last."""
    return sorted({1 + round(k * (changes - 1) / max(count - 1, 1)) for k in range(count)})


def serve(modules: Sequence[str]) -> None:
    """Answer runs until standard input ends."""
    main = importlib.import_module("headrisk.cli.main").main
    for name in modules:
        importlib.import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            said = os.open(task["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(said, 1)
            os.dup2(said, 2)
            count = counted(task["point"], task["number"])
            code = main(task["words"])
            sys.stdout.flush()
            os.write(writing, str(count()).encode())
            os._exit(code)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        changes = int(os.read(reading, 64) or b"-1")
        os.close(reading)
        answer = {"code": os.waitstatus_to_exitcode(status), "changes": changes}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def counted(point: int, number: int) -> Callable[[], int]:
    """Count changes from now on; the signal comes just before the one numbered ``point``."""
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            flags = arguments[2]
            if not (isinstance(flags, int) and flags & WRITING):
                return
        elif event not in CHANGES:
            return
        count += 1
        if count == point:
            os.kill(os.getpid(), number)

    sys.addaudithook(hook)
    return lambda: count


if __name__ == "__main__":
    serve(sys.argv[1:])
