"""Python runs this first wherever tests/offline is on PYTHONPATH: in the suite's subprocesses too.

An audit hook, which cannot be taken away again, refuses every name look-up and connection beyond
this machine, and notes it in the file that HEADRISK_TEST_NETWORK names: so an attempt is seen even
where the caller swallows the error. Unix sockets and the loopback address stay, for worker
processes, the Dask tests and the browser's driver.
"""

from __future__ import annotations

import os
import sys

LOG = "HEADRISK_TEST_NETWORK"
LOOK_UPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
HERE = {"", "localhost", "::1"}


def outward(event: str, arguments: tuple[object, ...]) -> str:
    """The address beyond this machine that an audit event names, or ""."""
    if event in LOOK_UPS:
        host = arguments[0]
    elif event in CONNECTIONS and isinstance(arguments[1], tuple):
        host = arguments[1][0]  # a Unix socket's address is text
    else:
        return ""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    own = {*HERE, os.uname().nodename}
    return "" if name in own or name.startswith("127.") else f"{event} {name}"


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """The audit hook."""
    if not event.startswith("socket."):
        return
    found = outward(event, arguments)
    if found:
        handle = os.open(os.environ[LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, f"{found}\n".encode())
        os.close(handle)
        raise PermissionError(f"the tests are offline: {found}")


if os.environ.get(LOG):
    sys.addaudithook(refuse)
