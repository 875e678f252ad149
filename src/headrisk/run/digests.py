"""Digests: of plain values, of files, and the key of a stage's result made from them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headrisk.errors import InputError


def canonical_json(value: object) -> bytes:
    """One spelling for each value: sorted keys, no blanks, ASCII, tuples as lists.

    Raises
    ------
    TypeError, ValueError
        The value holds something JSON cannot tell apart: a key that is not text, a NaN, an
        infinity, a type other than dict, list, tuple, text, number, bool and None.
    """
    _require_text_keys(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


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
    return hashlib.sha256(canonical_json(parts)).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, read as a stream.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def keyed_digest(key: bytes, digests: Sequence[str]) -> str:
    """A digest of files that only who holds the key can compare with files (HMAC, RFC 2104).

    A plain digest in public would tell anybody who holds the files, or all but one and a guess of
    that one, whether they were in the data. The order of the files does not matter.
    """
    return hmac.new(key, canonical_json(sorted(digests)), hashlib.sha256).hexdigest()


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for an input file that cannot be read."""
    return InputError(
        str(path),
        found=f"cannot be read: {error.strerror or error}",
        expected="a readable file",
        remedy="Check that it exists and that you may read it.",
    )


def _require_text_keys(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r}: only text keys have one spelling")
            _require_text_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _require_text_keys(inner)
