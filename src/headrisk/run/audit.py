"""An append-only log of what was done, in which a changed line shows.

Each line of ``audit.jsonl`` is one JSON object. It holds the SHA-256 of its own content and, as
``previous``, that of the line before, so the lines form a chain (Haber and Stornetta 1991,
doi:10.1007/BF00196791). Whoever can write the file can still cut lines off its end or make the
whole chain anew; to notice that too, keep the digest of the last line elsewhere and compare.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrisk.errors import StoreError
from headrisk.io.canonical import exact_json

LOG = "audit.jsonl"  # its name in an output folder
_START = "0" * 64


@dataclass(frozen=True)
class AuditCheck:
    """What checking an audit log gave.

    Attributes
    ----------
    lines
        Number of lines.
    faults
        A sentence for each line that does not fit, empty where the log is intact.
    last
        Digest of the last line (64 zeros for an empty log); it stands for the whole log.
    """

    lines: int
    faults: tuple[str, ...]
    last: str

    @property
    def intact(self) -> bool:
        """Every line fits."""
        return not self.faults


def append_audit(path: Path, action: str, detail: Mapping[str, Any], *, when: datetime) -> str:
    """Add a line to the log and give its digest, which stands for the log up to there.

    Meant for a few lines in a run, one for each stage: the log is read each time.

    Parameters
    ----------
    path
        The log; it is made, with mode 0600, where there is none.
    action
        What was done, in a word.
    detail
        Anything JSON can hold.
    when
        The time of it, with a time zone; written in UTC.

    Raises
    ------
    StoreError
        The log cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # two runs take turns
            log = stream.read()
            content = {
                "action": action,
                "detail": dict(detail),
                "previous": _digest_of(log.splitlines()[-1]) if log else _START,
                "time": when.astimezone(UTC).isoformat(timespec="seconds"),
            }
            digest = _content_digest(content)
            line = exact_json({**content, "sha256": digest}) + b"\n"
            if log and not log.endswith(b"\n"):  # a run was killed while it wrote
                line = b"\n" + line
            _write_or_undo(handle, line, len(log))
    except OSError as error:
        raise StoreError(
            str(path),
            found=f"the audit log cannot be written: {error.strerror or error}",
            remedy="Check the folder's permissions and the space on the disk.",
        ) from error
    return digest


def verify_audit(path: Path) -> AuditCheck:
    """Check every line of an audit log against its own digest and the line before.

    A changed, removed, inserted or reordered line is found; so is one that a killed run left
    incomplete. Lines cut off the end are found by comparing ``last`` with a digest kept elsewhere.

    Raises
    ------
    StoreError
        The log cannot be read.
    """
    try:
        log = path.read_bytes()
    except OSError as error:
        raise StoreError(
            str(path),
            found=f"the audit log cannot be read: {error.strerror or error}",
            expected="an audit.jsonl that a run has written",
        ) from error
    lines = log.split(b"\n")
    faults = []
    if lines.pop() != b"":
        faults.append("the last line is incomplete")
    previous = _START
    for number, line in enumerate(lines, start=1):
        fault = _fault(line, previous)
        if fault:
            faults.append(f"line {number}: {fault}")
        previous = _digest_of(line)
    return AuditCheck(len(lines), tuple(faults), previous)


def _write_or_undo(handle: int, line: bytes, size_before: int) -> None:
    """Write the whole line, or none of it where the disk is full."""
    try:
        while line:
            line = line[os.write(handle, line) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size_before)
        raise


def _fault(line: bytes, previous: str) -> str:
    content = _parse(line)
    if content is None:
        return "not a line that headrisk wrote"
    if content["sha256"] != _content_digest(content) or exact_json(content) != line:
        return "changed after it was written"
    if content["previous"] != previous:
        return "does not follow the line before; lines were removed, inserted or changed"
    return ""


def _digest_of(line: bytes) -> str:
    """The digest a line bears, or that of its bytes where it bears none."""
    content = _parse(line)
    return hashlib.sha256(line).hexdigest() if content is None else str(content["sha256"])


def _content_digest(content: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "sha256"}
    return hashlib.sha256(exact_json(rest)).hexdigest()


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
        exact_json(content)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(content, dict) or not {"sha256", "previous"} <= content.keys():
        return None
    return content
