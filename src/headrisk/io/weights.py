"""Files that the package ships and computes with, opened only if their digests are the recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources

import onnxruntime

from headrisk.errors import StoreError


def shipped_bytes(package: str, name: str, digests: Mapping[str, str]) -> bytes:
    """The content of ``data/name`` in a package, checked.

    Parameters
    ----------
    package
        Dotted name of the package whose folder ``data`` holds the file.
    name
        File name.
    digests
        SHA-256 in hexadecimal by file name.

    Raises
    ------
    StoreError
        The file is missing or its SHA-256 is not the recorded one.
    """
    try:
        content = (resources.files(package) / "data" / name).read_bytes()
    except OSError as error:
        raise StoreError(
            name, found=f"cannot be read ({error})", remedy="Install headrisk again."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != digests.get(name):
        raise StoreError(
            name,
            found=f"SHA-256 {digest}",
            expected=digests.get(name, "a file with a recorded digest"),
            remedy="The file was altered or damaged: install headrisk again.",
        )
    return content


# Off since before the import above (headrisk/offline.py); this also holds a program that imported
# onnxruntime before headrisk to sending no more events.
onnxruntime.disable_telemetry_events()


def session(content: bytes) -> onnxruntime.InferenceSession:
    """Open an ONNX network for one thread of a CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # planning all buffers at once takes 70 MB more
    options.log_severity_level = 3
    # Weights kept as 8-bit integers become floats once, when the network is opened, not each run.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
