"""Runs a command under strace: which sockets it, its threads and its children opened, natively too.

The system calls are seen below Python, so a library that brings its own network code is seen as
well. The environment is made from nothing: a variable of the caller (``CI``, say, which silences
onnxruntime's telemetry by itself) must not hide what a user would get.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import headrisk

STRACE = shutil.which("strace")
NO_STRACE = "strace is not installed (make browser): native sockets were not looked at"
PROGRAM = ("-c", "from headrisk.cli.main import run; run()")
SYSTEM_SOCKETS = ("/var/run/nscd/socket", "/run/uuidd/request")
"""Local services that the C library asks for names of users and for unique numbers."""

_PROGRAM = re.compile(r'\bexecve\("([^"]+)"')
_FAMILY = re.compile(r"\bsocket\((\w+)")
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_UNIX_PATH = re.compile(r'\bconnect\(.*sun_path="([^"]*)"')
_INCOMING = re.compile(r"\b(recvfrom|recvmsg|recvmmsg|accept4?|getpeername|getsockname)\b")


@dataclass(frozen=True)
class Trace:
    """What a command did.

    Attributes
    ----------
    code
        Its exit code.
    said
        What it wrote.
    faults
        System calls that reach, or could reach, beyond what is allowed, as strace wrote them.
    calls
        Calls that were seen at all.
    home
        Files and folders that it left in a home folder that was empty, relative to it.
    left
        The same for its folder of temporary files.
    programs
        Programs that were started.
    """

    code: int
    said: str
    faults: tuple[str, ...]
    calls: int
    home: tuple[str, ...]
    left: tuple[str, ...]
    programs: tuple[str, ...]


def faults_of(lines: Sequence[str], *, loopback: bool) -> tuple[str, ...]:
    """The lines of a trace that are no local matter.

    Parameters
    ----------
    lines
        As ``strace -f -e trace=network,io_uring_setup`` writes them.
    loopback
        Internet sockets are allowed as long as every address is this machine's own; without it,
        none may even be opened.
    """
    return tuple(line for line in lines if _is_fault(line, loopback=loopback))


def _is_fault(line: str, *, loopback: bool) -> bool:
    if "io_uring_setup(" in line:  # whose sockets strace would not see
        return True
    family = _FAMILY.search(line)
    if family:
        inward = {"AF_UNIX", "AF_LOCAL"} | ({"AF_INET", "AF_INET6"} if loopback else set())
        return family[1] not in inward
    if _INCOMING.search(line):
        return False
    path = _UNIX_PATH.search(line)
    if path:  # a resolver or a message bus would go out in the caller's stead
        return path[1] not in SYSTEM_SOCKETS
    found = [four or six for four, six in _ADDRESS.findall(line)]
    return any(not ip_address(one).is_loopback for one in found)


def trace(words: Sequence[str], place: Path, *, loopback: bool = False) -> Trace:
    """Run Python with ``words`` in an empty ``place``, with an empty home folder.

    Raises
    ------
    RuntimeError
        strace could not trace it, which must not pass for silence.
    """
    assert STRACE
    log, home, temporary = place / "strace.log", place / "home", place / "tmp"
    for folder in (home, temporary):
        folder.mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(headrisk.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ("-f", "-qq", "-s", "200", "-e", "trace=network,io_uring_setup,execve")
    done = subprocess.run(
        [STRACE, *options, "-o", str(log), sys.executable, *words],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    lines = log.read_text("utf-8", "replace").splitlines() if log.is_file() else []
    if not any("execve(" in line for line in lines):
        raise RuntimeError(f"strace saw nothing: {done.stderr}")
    calls = [line for line in lines if "execve" not in line]
    return Trace(
        done.returncode,
        done.stdout + done.stderr,
        faults_of(calls, loopback=loopback),
        len(calls),
        _inside(home),
        _inside(temporary),
        tuple(match[1] for line in lines if (match := _PROGRAM.search(line))),
    )


def _inside(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")))
