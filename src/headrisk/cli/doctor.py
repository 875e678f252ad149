"""Say what is installed, check the shipped weights, and verify the log of a run.

With --verify OUT, check that no line of OUT/audit.jsonl was changed, nor report.json since.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

from headrisk import __version__
from headrisk.errors import HeadriskError, InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("--verify", type=Path, metavar="OUT", help="check OUT/audit.jsonl")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if arguments.verify:
        return _verify(arguments.verify)
    return _installed()


def _verify(out: Path) -> int:
    from headrisk.run.audit import verify_audit

    path = out / "audit.jsonl"
    if not path.is_file():
        raise InputError(
            str(path),
            found="no such file",
            expected="the log of an earlier run",
            remedy="Name the output folder of an audit.",
        )
    check = verify_audit(path)
    for fault in check.faults:
        sys.stdout.write(f"{fault}\n")
    if not check.intact:
        return 1
    if not _report_as_logged(out, path):
        sys.stdout.write("report.json is not the one that the last finished run wrote\n")
        return 1
    sys.stdout.write(f"{path}: {check.lines} lines, none changed. Last digest {check.last}.\n")
    return 0


def _report_as_logged(out: Path, log: Path) -> bool:
    """Whether ``report.json`` has the digest that the last ``finish`` line bears."""
    from headrisk.run.digests import sha256_of_file

    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    finished = [line["detail"] for line in lines if line["action"] == "finish"]
    return not finished or finished[-1]["report_sha256"] == sha256_of_file(out / "report.json")


def _installed() -> int:
    from headrisk.brain.template import load_template
    from headrisk.brain.weights import DIGESTS, network
    from headrisk.run.provenance import dependency_versions

    sys.stdout.write(f"headrisk {__version__}, Python {platform.python_version()}\n")
    for name, version in dependency_versions().items():
        sys.stdout.write(f"  {name:<14}{version}\n")
    faults = 0
    for name, check in [("template", load_template), *((n, None) for n in DIGESTS)]:
        try:
            check() if check else network(name)
            sys.stdout.write(f"  {name:<20}intact\n")
        except HeadriskError as error:
            faults += 1
            sys.stdout.write(f"  {name:<20}{error}\n")
    from headrisk.face.recognise.registry import installed

    for part in installed():
        faults += part.damaged
        sys.stdout.write(f"  {part.name:<20}{part.state}\n")
        known = (("model", part.model), ("weights", part.digest), ("licence", part.licence))
        for what, value in known:
            if value:
                sys.stdout.write(f"    {what:<10}{value}\n")
    return 1 if faults else 0
