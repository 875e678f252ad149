"""The networks that the package ships, opened only if their digests are the recorded ones."""

from __future__ import annotations

from functools import cache

import onnxruntime

from headrisk.io.weights import session, shipped_bytes

DIGESTS = {
    "brain_small.onnx": "be3d77d8c86717ea2531b258af44063d8c2d443511202f31b5d886b7343f6834",
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
