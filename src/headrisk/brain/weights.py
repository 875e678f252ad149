"""The networks that the package ships, opened only if their digests are the recorded ones."""

from __future__ import annotations

from functools import cache

import onnxruntime

from headrisk.run.weights import session, shipped_bytes

DIGESTS = {
    "brain_small.onnx": "e512679fe6ed4f0eb8e86ca4c9db13dab58e9c4eee7eb9a00309e7670d9a8e41",
    "brain_large.onnx": "9d586b6ee28917891d6a383768d879d6f9603755c6a1f75e0513cf293c3d962a",
}


@cache
def network(name: str) -> onnxruntime.InferenceSession:
    """Open a shipped network for one thread of a CPU; later calls return the same session.

    Raises
    ------
    StoreError
        The file is missing or its SHA-256 is not the recorded one.
    """
    return session(shipped_bytes("headrisk.brain", name, DIGESTS))
