"""The digests of a report's public files, by which a changed or foreign one is found.

``report-files.json`` names the run and the SHA-256 of every public file that was written together;
``internal/run.json`` names the run too. A run that was killed between two renames, and a file that
was edited, added or lost since, show when the folder is compared with it. It guards against
accidents; whoever edits a file on purpose can edit its digest as well, which is why the log
(``audit.jsonl``) holds the digest of ``report-files.json``, and the end of the log can be kept
elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headrisk.errors import InputError
from headrisk.io.canonical import canonical_json
from headrisk.io.digests import sha256_of_file
from headrisk.run.audit import LOG
from headrisk.run.scratch import UNFINISHED

SEAL = "report-files.json"
INTERNAL_RUN = "run.json"
EARLIER = "earlier"
_APART = ("internal", "store", "work", "data", "photos", EARLIER)  # not of the report, or private


@dataclass(frozen=True)
class Seal:
    """The run that wrote a report, and the SHA-256 of each public file by its path below OUT."""

    run: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """A public file that is not as the report's run left it."""

    name: str
    what: Literal["missing", "changed", "added", "unfinished", "foreign"]

    def __str__(self) -> str:
        words = {
            "missing": "missing",
            "changed": "not the file that the run wrote: changed since, or of another run",
            "added": "not written by the run",
            "unfinished": "work of a run that was killed or still goes on",
            "foreign": "of another run than the public files",
        }
        return f"{self.name}: {words[self.what]}"


def run_id(files: Mapping[str, bytes]) -> str:
    """A name for the run that gave these public files: 16 hexadecimal digits.

    Two runs with the same results differ by when they started and what they cost, which
    ``report-run.json`` tells.
    """
    named = files["report-run.json"] + files["report.json"]
    return hashlib.sha256(named).hexdigest()[:16]


def seal_of(run: str, files: Mapping[str, bytes], kept: Mapping[str, str] | None = None) -> bytes:
    """The content of ``report-files.json``; ``kept`` are digests of files that stay as they are."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    body = {"run": run, "files": {**(kept or {}), **digests}}
    return canonical_json({**body, "sha256": _digest(body)}).encode()


def internal_run(run: str) -> bytes:
    """The content of ``internal/run.json``."""
    return canonical_json({"run": run}).encode()


def read_seal(out: Path) -> Seal | None:
    """The seal of an output folder, None where it has none.

    Raises
    ------
    InputError
        It cannot be read, or was changed.
    """
    path = out / SEAL
    try:
        content = json.loads(path.read_bytes())
        claimed = content.pop("sha256")
        if claimed != _digest(content):
            raise ValueError("it does not match its own digest")
        return Seal(str(content["run"]), {str(k): str(v) for k, v in content["files"].items()})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            str(path),
            found=f"damaged or changed: {error}",
            expected="the digests that the run wrote",
            remedy="Run the same command again: finished work is reused.",
        ) from error


def find_faults(out: Path, seal: Seal) -> tuple[Fault, ...]:
    """Every public file that was changed, lost or added since the run, and foreign internal files.

    Folders that are data sets of their own (they hold ``dataset_description.json``), such as a
    cleaned copy, are not part of the report.
    """
    faults = []
    for name, digest in sorted(seal.files.items()):
        path = out / name
        if not path.is_file():
            faults.append(Fault(name, "missing"))
        elif sha256_of_file(path) != digest:
            faults.append(Fault(name, "changed"))
    for path in sorted(out.iterdir()):
        if path.name.startswith(UNFINISHED) and path.is_dir():
            faults.append(Fault(path.name, "unfinished"))
        elif path.is_dir() and not path.is_symlink():
            if path.name in _APART or _is_data_set(path, out):
                continue
            inside = (p.relative_to(out).as_posix() for p in sorted(path.rglob("*")))
            faults += [
                Fault(name, "added")
                for name in inside
                if name not in seal.files and not (out / name).is_dir()
            ]
        elif path.name not in (*seal.files, SEAL, LOG):
            faults.append(Fault(path.name, "added"))
    told = out / "internal" / INTERNAL_RUN
    if told.parent.is_dir() and (not told.is_file() or told.read_bytes() != internal_run(seal.run)):
        faults.append(Fault("internal", "foreign"))
    return tuple(faults)


def require_one_run(out: Path) -> None:
    """Refuse a report whose figures are not all of one run, or were edited.

    What can be made anew from the figures, such as the page, may be missing or changed; a folder
    of an earlier version, which wrote no digests, is taken as it is.

    Raises
    ------
    InputError
        Names the files.
    """
    seal = read_seal(out)
    if seal is None:
        return
    apart = [
        fault.name
        for fault in find_faults(out, seal)
        if fault.what == "changed"
        and (fault.name in ("report.json", "report-run.json") or fault.name.startswith("tables/"))
    ]
    if apart:
        raise InputError(
            str(out),
            found=f"files that were changed, or are of two runs: {', '.join(apart)}",
            expected=f"the files that one run wrote together, as {SEAL} lists them",
            remedy="Run the audit again with the same output folder: finished work is reused.",
        )


def _is_data_set(folder: Path, out: Path) -> bool:
    return folder != out / "tables" and (folder / "dataset_description.json").is_file()


def _digest(content: object) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
