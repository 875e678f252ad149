"""Mutation testing of ``evaluate`` and ``linkage``: ``make mutate``.

Usage: ``python tools/mutate.py [--sample N] [--seed S] [--children K] [PACKAGE ...]``

mutmut changes the source in small ways, one at a time, and runs the tests that reach the changed
function; a change that no test notices has survived. All changes of both packages take hours on
two cores, so by default a seeded random sample is drawn and the share killed is printed with its
95 % Wilson interval; ``--sample 0`` takes them all. mutmut lives in ``build/mutate-venv`` and works
in ``build/mutate``, on copies. The changes that survived are listed, each with its text, in
``build/mutate/survivors.txt``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from headrisk.statistics.intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutate"
MUTMUT = ROOT / "build" / "mutate-venv" / "bin" / "mutmut"
TESTS = ("tests/evaluate", "tests/linkage", "tests/properties", "tests/test_large_run.py")
KILLED = ("killed", "timeout", "caught by type check", "segfault")


def prepare(packages: list[str]) -> None:
    """Copy sources and tests, and say what is changed and what tests it."""
    for name in ("src", "tests"):
        shutil.copytree(
            ROOT / name,
            WORK / name,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(ROOT / "pyproject.toml", WORK)
    chosen = "\n".join(f"    src/headrisk/{package}/*" for package in packages)
    tests = "\n".join(f"    {name}" for name in TESTS)
    (WORK / "setup.cfg").write_text(
        f"[mutmut]\nsource_paths =\n    src\nonly_mutate =\n{chosen}\n"
        f"pytest_add_cli_args_test_selection =\n{tests}\n"
        "pytest_add_cli_args =\n    -p\n    no:cacheprovider\n"
        "timeout_multiplier = 4.0\ntimeout_constant = 5.0\nuse_git_change_detection = false\n"
    )


def mutmut(*words: str, quiet: bool = False) -> str:
    """Run mutmut in the working copy; ``CI`` makes hypothesis repeatable and without deadlines."""
    environment = {**os.environ, "CI": "true", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(MUTMUT), *words],
        cwd=WORK,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        check=False,
    )
    return done.stdout or ""


def results() -> dict[str, str]:
    """Every mutant's name with what became of it."""
    lines = mutmut("results", "--all", "true", quiet=True).splitlines()
    states = {}
    for line in lines:
        name, found, state = line.strip().rpartition(": ")
        if found:
            states[name] = state
    return states


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=["evaluate", "linkage"], metavar="PACKAGE")
    parser.add_argument("--sample", type=int, default=300, help="how many; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--children", type=int, default=2)
    given = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    prepare(given.packages)
    mutmut("run", "--max-children", str(given.children), "no-such-mutant", quiet=True)
    names = sorted(results())
    if not names:
        print("mutmut made no mutants: run build/mutate-venv/bin/mutmut run in build/mutate")
        return 1
    chosen = names
    if 0 < given.sample < len(names):
        rng = np.random.default_rng(given.seed)
        chosen = sorted(rng.choice(names, given.sample, replace=False).tolist())
    mutmut("run", "--max-children", str(given.children), *chosen)
    states = {name: state for name, state in results().items() if name in set(chosen)}
    counts = Counter(states.values())
    killed = sum(counts[state] for state in KILLED)
    interval = wilson(killed, len(chosen))
    alive = sorted(name for name, state in states.items() if state not in KILLED)
    shown = "\n\n".join(f"{states[n]}\n{mutmut('show', n, quiet=True)}" for n in alive)
    (WORK / "survivors.txt").write_text(shown + "\n")
    print(f"{len(chosen)} of {len(names)} mutants (seed {given.seed}): {dict(counts)}")
    if interval is not None:
        low, high = interval.low, interval.high
        print(f"{killed / len(chosen):.1%} killed (95 % interval {low:.1%} to {high:.1%})")
    print(f"survivors: {(WORK / 'survivors.txt').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
