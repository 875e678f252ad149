"""Another process that tries to have Dask servers obey it; test_cluster.py starts it.

    python intruder.py USER < PLAN

PLAN is JSON: {"servers": [address, ...], "keys": {...}}, the keys being what `distributed.Security`
takes. USER is a number whose rights the process takes on before it connects, or "" for its own.
Asks every server for its identity, the first thing that a client does, in every way of `WAYS`, and
prints JSON: server to way to "let in" or the error's name.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from collections.abc import Callable
from typing import Any

import distributed
from distributed.comm import tcp  # noqa: F401 - loaded before the rights to read it are given up

Keys = dict[str, Any]
Arguments = dict[str, Any]


def with_the_keys(keys: Keys) -> Arguments:
    """The control: who has the keys is let in, so a refusal is due to the keys."""
    given: Arguments = distributed.Security(**keys).get_connection_args("client")
    return given


def with_keys_of_its_own(_: Keys) -> Arguments:
    """Another local cluster's."""
    given: Arguments = distributed.Security.temporary().get_connection_args("client")
    return given


def without_a_certificate(_: Keys) -> Arguments:
    """Encrypted, and trusting whatever the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return {"ssl_context": context, "require_encryption": True}


def unencrypted(_: Keys) -> Arguments:
    """As an attacker whom a cluster without TLS lets in."""
    return {}


WAYS: tuple[Callable[[Keys], Arguments], ...] = (
    with_the_keys,
    with_keys_of_its_own,
    without_a_certificate,
    unencrypted,
)


async def attempt(address: str, arguments: Arguments) -> str:
    """``let in``, or the error."""
    if not arguments:
        address = address.replace("tls://", "tcp://")
    try:
        async with distributed.rpc(address, connection_args=arguments) as server:
            await asyncio.wait_for(server.identity(), 10)
    except (OSError, RuntimeError) as error:
        return type(error).__name__
    return "let in"


async def main(plan: dict[str, Any]) -> None:
    """Try every way at every server."""
    found = {
        address: {way.__name__: await attempt(address, way(plan["keys"])) for way in WAYS}
        for address in plan["servers"]
    }
    print(json.dumps(found))


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if sys.argv[1]:
        os.setgroups([])
        os.setgid(int(sys.argv[1]))
        os.setuid(int(sys.argv[1]))
    asyncio.run(main(given))
