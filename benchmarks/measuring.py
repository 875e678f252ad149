"""What the benchmarks share: clocks, fresh processes, and the record that the gate reads."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
    "LP_NUM_THREADS": "0",  # Mesa draws in the calling thread
}
RECORDS = Path("build/bench")
RECORDED = Path(__file__).with_name("recorded.json")


class Clock:
    """Wall and CPU seconds of a ``with`` block."""

    def __enter__(self) -> Clock:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.wall
        self.cpu = time.process_time() - self.cpu

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s CPU"


def peak_megabytes() -> float:
    """Peak memory of this program alone.

    ``getrusage`` would also count what the parent held when it started this process.
    """
    return memory_megabytes("VmHWM")


def memory_megabytes(what: str) -> float:
    """One line of this process's status, in MB: ``VmHWM``, ``RssAnon``, ..."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"no {what} in /proc/self/status: this benchmark needs Linux")


def in_fresh_process(
    script: str, line: str, words: list[object], package: Path | None = None
) -> dict[str, Any] | None:
    """Run ``script --line LINE WORDS`` on one thread; its last line of output is JSON.

    ``package`` is the folder to import headrisk from, if another than the installed one.
    """
    command = [sys.executable, script, "--line", line, *map(str, words)]
    variables = {**os.environ, **ONE_THREAD}
    if package is not None:
        variables["PYTHONPATH"] = str(package)
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{line}: failed ({done.stderr.strip().splitlines()[-1:]})")
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def git(*words: str) -> bytes | None:
    """What git answers about this repository; None where there is none, or no such commit."""
    program = shutil.which("git")
    if program is None:
        return None
    root = Path(__file__).parent.parent
    done = subprocess.run([program, *words], cwd=root, capture_output=True, check=False)
    return None if done.returncode else done.stdout


def source_at(commit: str, folder: Path) -> bool:
    """Lay ``src`` and ``benchmarks`` of a commit into a folder; False if that cannot be had."""
    packed = git("archive", commit, "src", "benchmarks")
    if packed is None:
        return False
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return True


def machine() -> dict[str, str]:
    """Processor, cores, memory and versions."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    told = {
        key.strip(): value.strip()
        for line in text.splitlines()[:40]
        for key, _, value in [line.partition(":")]
        if value
    }
    kind = [told[key] for key in ("cpu family", "model", "stepping") if key in told]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        # Virtual machines often tell no more than the make, so family, model and stepping too.
        "processor": " ".join([told.get("model name", platform.machine()), ".".join(kind)]).strip(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def record(
    script: str,
    ratios: dict[str, float],
    figures: dict[str, float],
    pairs: dict[str, list[float]] | None = None,
) -> None:
    """Keep a script's results in ``build/bench``.

    ``ratios`` are headrisk's cost over another tool's for the same work in the same run, ``pairs``
    its cost over its own at the recorded commit, once for each round: smaller is better. They are
    what the gate compares; ``figures`` are for reading.
    """
    RECORDS.mkdir(parents=True, exist_ok=True)
    name = Path(script).stem
    held = {"machine": machine(), "ratios": ratios, "figures": figures, "pairs": pairs or {}}
    (RECORDS / f"{name}.json").write_text(json.dumps(held, indent=2, sort_keys=True) + "\n")
