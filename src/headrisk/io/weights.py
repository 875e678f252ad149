"""Weights and arrays that the package ships, opened only if their digests are the recorded ones."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from headrisk.errors import StoreError

# ----------------------------------------------------------------------
# Archives of arrays that the package ships, opened only if their digests are the recorded ones.
# ----------------------------------------------------------------------

T = TypeVar("T")
Arrays = dict[str, NDArray[np.generic]]


def read_archive(
    folder: Traversable, name: str, package: str, kind: str, build: Callable[[Arrays], T]
) -> T:
    """What ``build`` makes of the arrays in ``name``, once its SHA-256 fits ``name``.sha256.

    Parameters
    ----------
    folder
        Holds the archive and the file with its digest.
    package, kind
        Where it belongs and what it holds, for errors.
    build
        Takes the arrays by name; its KeyError or ValueError says that the archive does not fit.

    Raises
    ------
    StoreError
        A file is missing, its SHA-256 is not the recorded one, or it is no such archive.
    """
    subject = f"{name} of {package}"
    try:
        content = (folder / name).read_bytes()
        recorded = (folder / f"{name}.sha256").read_text("ascii").split()
    except OSError as error:
        raise damaged(subject, f"cannot be read ({error})") from error
    digest = hashlib.sha256(content).hexdigest()
    if recorded[:1] != [digest]:
        expected = recorded[0] if recorded else "a recorded sum"
        raise damaged(subject, f"SHA-256 {digest}", expected)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return build({key: archive[key] for key in archive.files})
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise damaged(subject, f"not a {kind} archive ({error})") from error


def damaged(subject: str, found: str, expected: str = "the file as shipped") -> StoreError:
    """The error of a shipped file that is not as it was shipped."""
    return StoreError(subject, found=found, expected=expected, remedy="Install headrisk again.")


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
