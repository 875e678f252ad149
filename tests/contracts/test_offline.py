"""The suite's own guard: any reach for the network fails the test, in subprocesses too."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError

OFFLINE = Path(__file__).parents[1] / "offline"
SWALLOW = "import socket\ntry:\n    {}\nexcept OSError:\n    pass\n"
ATTEMPTS = {
    "look-up": "socket.getaddrinfo('example.org', 443)",
    "connection": "socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "request": "__import__('urllib.request').request.urlopen('http://example.org/')",
}
HERE = "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"


def attempt(code: str, log: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in another Python whose attempts go into ``log``; it swallows the error."""
    return subprocess.run(
        [sys.executable, "-c", SWALLOW.format(code)],
        env={**os.environ, "HEADRISK_TEST_NETWORK": str(log)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_sockets_are_blocked_here() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket()


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_subprocess_that_swallows_the_error_is_seen(name: str, tmp_path: Path) -> None:
    attempt(ATTEMPTS[name], tmp_path / "log")
    assert (tmp_path / "log").read_text().startswith("socket.")


def test_this_machine_may_talk_to_itself(tmp_path: Path) -> None:
    attempt(HERE, tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_an_attempt_fails_its_test(tmp_path: Path) -> None:
    """A suite under the same conftest, with one test that reaches out and keeps quiet about it."""
    for name in ("conftest.py", "made_once.py"):
        (tmp_path / name).write_text((OFFLINE.parent / name).read_text())
    (tmp_path / "coarse_scanner.py").write_text("COARSE = None\n")
    (tmp_path / "offline").symlink_to(OFFLINE)
    child = SWALLOW.format(ATTEMPTS["look-up"])
    (tmp_path / "test_one.py").write_text(
        "import subprocess, sys\n"
        f"def test_loud():\n    subprocess.run([sys.executable, '-c', {child!r}], check=True)\n"
        "def test_quiet():\n    subprocess.run([sys.executable, '-c', 'pass'], check=True)\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "HEADRISK_TEST_NETWORK"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "reached for the network: socket.getaddrinfo example.org" in done.stdout
    assert "2 passed, 1 error" in done.stdout
