"""The networks that the package ships, opened only if their digests are the recorded ones."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import onnxruntime

from headrisk.errors import StoreError

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
    try:
        content = (resources.files("headrisk.brain") / "data" / name).read_bytes()
    except OSError as error:
        raise StoreError(
            name, found=f"cannot be read ({error})", remedy="Install headrisk again."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != DIGESTS[name]:
        raise StoreError(
            name,
            found=f"SHA-256 {digest}",
            expected=DIGESTS[name],
            remedy="The network was altered or damaged: install headrisk again.",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # planning all buffers at once takes 70 MB more
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
