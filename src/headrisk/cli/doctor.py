"""Say what is installed, check the shipped weights, and verify the log of a run.

With --plan N, say what a run of N scans would cost here. With --verify OUT, check that no line of
OUT/audit.jsonl was changed, nor report.json since.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from headrisk import __version__
from headrisk.cli.options import add_setting_options, at_least, settings_of, workers_of
from headrisk.errors import HeadriskError, InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("--verify", type=Path, metavar="OUT", help="check OUT/audit.jsonl")
    parser.add_argument(
        "--plan", type=at_least(1), metavar="N",
        help="time, memory and disk of a run of N scans, from rates measured now (about a minute)",
    )  # fmt: skip
    parser.add_argument("--faces", action="store_true", help="with --plan: faces too")
    parser.set_defaults(scheduler=None, engine="processes", mem_gb=None)
    parser.add_argument("--nprocs", type=at_least(0), default=0, metavar="N", help="with --plan")
    add_setting_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if arguments.verify:
        return _verify(arguments.verify)
    if arguments.plan:
        return _plan(arguments)
    return _installed()


def _plan(arguments: argparse.Namespace) -> int:
    from headrisk.costs import measure_rates, plan

    settings = settings_of(arguments)
    workers = workers_of(arguments)
    processes = workers if isinstance(workers, int) else 1
    rates = measure_rates(settings, faces=arguments.faces)
    found = plan(arguments.plan, rates, settings, processes)
    lines = [
        f"{found.scans:,} scans, each compared with every other one, {processes} processes:",
        _line("prepare", found.prepare, processes, f"{rates.prepare_seconds:.2f} s a scan"),
        _line("compare", found.compare, processes, f"{1e6 * rates.pair_seconds:.0f} us a pair"),
        f"  memory   {found.memory / 1e9:9.1f} GB",
        f"  disk     {found.disk / 1e9:9.2f} GB",
    ]
    if arguments.faces:
        text = f"{rates.face_seconds:.2f} s a head"
        lines.insert(2, _line("faces", found.faces, processes, text))
    if found.summarised:
        lines.append("  So many pairs are summarised block by block; their scores are not kept.")
    lines.append(
        f"Measured now on synthetic 1 mm scans, with {rates.measures} measures; rates and "
        "intervals at the end take minutes more."
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _line(name: str, cpu: float, processes: int, rate: str) -> str:
    from headrisk.costs import duration

    return f"  {name:<9}{duration(cpu / processes):>12} ({duration(cpu)} of CPU, {rate})"


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
    for name, found in dependency_versions().items():
        sys.stdout.write(f"  {name:<14}{found}\n")
    faults = _pydicom_fault()
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


def _pydicom_fault() -> int:
    """1 where another package of the environment would use the network: nibabel imports pydicom."""
    try:
        found = version("pydicom")
    except PackageNotFoundError:
        return 0
    if found != "3.0.0":
        return 0
    sys.stdout.write(
        f"  {'pydicom':<14}{found} asks github.com for example files whenever it is imported, "
        "which reading images does; install 3.0.1 or newer, or remove it\n"
    )
    return 1
