"""Digests: of plain values, of files, and the key of a stage's result made from them."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

from headrisk.errors import InputError
from headrisk.io.canonical import exact_json


def entry_key(stage: str, version: int, settings: Mapping[str, Any], inputs: Sequence[str]) -> str:
    """The address of a stage's result: 64 hexadecimal digits.

    Parameters
    ----------
    stage, version
        The stage's name, and a number that is raised whenever its results change.
    settings
        Only the settings this stage depends on.
    inputs
        Digests of the inputs, in an order that means something.
    """
    parts = {
        "stage": stage,
        "version": version,
        "settings": dict(settings),
        "inputs": list(inputs),
    }
    return hashlib.sha256(exact_json(parts)).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a regular file's bytes in hexadecimal, read as a stream.

    Raises
    ------
    InputError
        The file cannot be read, or is a folder, pipe, socket or device.
    """
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, and nothing that would block or answer for ever.

    Whoever opens a pipe waits for a writer, and a device may never end; so the kind is looked at
    before, and again on what was opened (without waiting), should it have changed in between.

    Raises
    ------
    OSError
        It cannot be opened, or is no regular file; ``strerror`` then says what it is.
    """
    _require_regular(path, path.stat().st_mode)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_regular(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except OSError:
        os.close(handle)
        raise


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"{kind_of(mode)}, not a regular file", str(path))


def irregular(path: Path) -> str:
    """Why a path is no regular file that can be opened without waiting, or ""."""
    try:
        _require_regular(path, path.stat().st_mode)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def kind_of(mode: int) -> str:
    """What ``st_mode`` stands for, in words."""
    kinds = (
        (stat.S_ISREG, "a file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    )
    return next((words for test, words in kinds if test(mode)), "a special file")


def keyed_digest(key: bytes, digests: Sequence[str]) -> str:
    """A digest of files that only who holds the key can compare with files (HMAC, RFC 2104).

    A plain digest in public would tell anybody who holds the files, or all but one and a guess of
    that one, whether they were in the data. The order of the files does not matter.
    """
    return hmac.new(key, exact_json(sorted(digests)), hashlib.sha256).hexdigest()


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for an input file that cannot be read."""
    return InputError(
        str(path),
        found=f"cannot be read: {error.strerror or error}",
        expected="a readable file",
        remedy="Check that it exists and that you may read it.",
    )
