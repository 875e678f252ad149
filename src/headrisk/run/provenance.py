"""What a run was made with, and what it cost.

The two are kept apart: the first is the same whenever the same data are run with the same software
and seed, and belongs into ``report.json``; the second differs each time and goes into
``report-run.json`` only. Neither holds a host name, a user name or a path.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import resource
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from headrisk import __version__
from headrisk.io.canonical import exact_json
from headrisk.io.digests import keyed_digest
from headrisk.run.engine import used_by_waiting
from headrisk.settings import Settings


@dataclass(frozen=True)
class Provenance:
    """What a run's results depend on.

    Attributes
    ----------
    headrisk, python
        Versions.
    platform
        Kind of machine, such as ``Linux-x86_64``.
    dependencies
        Version of each run-time dependency by its name.
    settings_digest
        SHA-256 of the settings.
    input_digest
        Keyed digest (HMAC-SHA-256) of the input files' digests. The key is made anew for each run
        and stays in ``internal/input-key``, so that in public the digest tests no membership.
    seed
        Seed of the run's random generator.
    """

    headrisk: str
    python: str
    platform: str
    dependencies: Mapping[str, str]
    settings_digest: str
    input_digest: str
    seed: int


def collect_provenance(
    settings: Settings, file_digests: Iterable[str], key: bytes | None = None
) -> Provenance:
    """The provenance of a run with these settings on files with these SHA-256 digests.

    The order of the files does not matter, their number does. Without a ``key`` one is made and
    thrown away: the input's digest then can be compared with nothing.
    """
    return Provenance(
        headrisk=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()}-{platform.machine()}",
        dependencies=dependency_versions(),
        settings_digest=hashlib.sha256(exact_json(settings.as_dict())).hexdigest(),
        input_digest=keyed_digest(key or secrets.token_bytes(32), list(file_digests)),
        seed=settings.seed,
    )


def dependency_versions() -> dict[str, str]:
    """Installed version of every run-time dependency, by name; "absent" where there is none."""
    versions = {}
    for requirement in metadata.requires("headrisk") or []:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return dict(sorted(versions.items()))


@dataclass(frozen=True)
class Cost:
    """What one stage cost.

    Attributes
    ----------
    stage
        Its name.
    wall_seconds
        Time on the clock.
    cpu_seconds
        Processor time of this process and of the workers that ended during the stage.
    peak_mb
        Largest resident memory, in 10^6 bytes, that this process or any one worker had reached by
        the end of the stage. It counts from the start of the run, so it never falls.
    attack
        The modality that the stage belongs to, "" where it serves all.
    recalled_seconds
        Processor time that earlier runs spent on results that this stage took from the store. An
        attacker, who has no such store, pays it too.
    """

    stage: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    attack: str = ""
    recalled_seconds: float = 0.0


@dataclass
class CostLog:
    """The costs of a run, stage by stage, in the order in which the stages ended.

    ``attack`` is the modality that stages now belong to.
    """

    costs: list[Cost] = field(default_factory=list)
    attack: str = ""

    @contextmanager
    def attacking(self, attack: str) -> Iterator[None]:
        """Stages within the ``with`` block belong to this modality."""
        self.attack = attack
        try:
            yield
        finally:
            self.attack = ""

    def recalled(self, seconds: float) -> None:
        """Say what all results of the last stage once cost; what it did not spend was recalled."""
        last = self.costs[-1]
        self.costs[-1] = replace(last, recalled_seconds=max(0.0, seconds - last.cpu_seconds))

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the cost of the ``with`` block, also where it ends in an error."""
        wall, cpu = time.monotonic(), _cpu_seconds()
        try:
            yield
        finally:
            self.costs.append(
                Cost(
                    stage,
                    time.monotonic() - wall,
                    _cpu_seconds() - cpu,
                    _peak_mb(),
                    self.attack,
                )
            )


@dataclass(frozen=True)
class Machine:
    """What a run's times were taken on.

    ``processor`` is its trade name, ``memory_gb`` in 10^9 bytes (0 where it cannot be told),
    ``processes`` the number of worker processes, 0 for a cluster's workers on other machines.
    """

    processor: str
    cores: int
    memory_gb: float
    processes: int = 1


def this_machine(processes: int) -> Machine:
    """The machine that runs this, used with so many worker processes. No name, no address."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        memory = 0.0
    return Machine(_processor(), os.cpu_count() or 1, round(memory, 1), processes)


def _processor() -> str:
    """Trade name of the processor where the system tells it, else its kind."""
    kind = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or kind
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(names, kind).split()) or kind


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    ended = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return ended + sum(one.seconds for one in used_by_waiting())


def _peak_mb() -> float:
    ended = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    largest = max(
        *(resource.getrusage(who).ru_maxrss for who in ended),
        *(one.peak for one in used_by_waiting()),
    )
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others kibibytes
    return largest * unit / 1e6
