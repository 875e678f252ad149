"""Say what is installed, check the shipped weights, and verify the log of a run.

With --plan N, say what a run of N scans would cost here. With --verify OUT, check that no line of
OUT/audit.jsonl was changed, and that the public files are those that one run wrote: none changed,
missing or added, and none of another run.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk import __version__
from headrisk.cli.options import add_setting_options, at_least, settings_of, workers_of
from headrisk.errors import HeadriskError, InputError
from headrisk.offline import TELEMETRY, telemetry_state

if TYPE_CHECKING:
    from headrisk.run.plugins import Group

_DIGESTS = {"report_sha256": "report.json", "files_sha256": "report-files.json"}  # in the log


EXAMPLES = (
    "headrisk doctor",
    "headrisk doctor --plan 500 --faces --nprocs 8",
    "headrisk doctor --verify /data/audit",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument(
        "--verify", type=Path, metavar="OUT", help="check the log and the public files of OUT"
    )
    parser.add_argument(
        "--plan",
        type=at_least(1),
        metavar="N",
        help="time, memory and disk of a run of N scans, from rates measured now (about a minute)",
    )
    parser.add_argument("--faces", action="store_true", help="with --plan: faces too")
    parser.set_defaults(scheduler=None, engine="processes", mem_gb=None)
    parser.add_argument(
        "--nprocs",
        type=at_least(0),
        default=0,
        metavar="N",
        help="with --plan: worker processes; 0 (default): one for each core",
    )
    add_setting_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if arguments.verify:
        return _verify(arguments.verify)
    if arguments.plan:
        return _plan(arguments)
    return _installed()


def _plan(arguments: argparse.Namespace) -> int:
    from headrisk.commands.costs import measure_rates, plan

    settings = settings_of(arguments)
    workers = workers_of(arguments)
    processes = workers if isinstance(workers, int) else 1
    rates = measure_rates(settings, faces=arguments.faces)
    found = plan(arguments.plan, rates, settings, processes)
    lines = [
        f"{found.scans:,} scans, each compared with every other one, {processes} processes:",
        _line("prepare", found.prepare, processes, f"{rates.prepare_seconds:.2f} s a scan"),
        _line("compare", found.compare, processes, f"{1e6 * rates.pair_seconds:.0f} us a pair"),
        f"  memory   {found.memory / 1e9:10.1f} GB",
        f"  disk     {found.disk / 1e9:10.2f} GB",
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
    from headrisk.durations import duration

    return f"  {name:<9}{duration(cpu / processes):>13} ({duration(cpu)} of CPU, {rate})"


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
    faults = _faults(out, path)
    for words in faults:
        sys.stdout.write(f"{words}\n")
    if faults:
        sys.stdout.write("Run the same command again: finished work is reused.\n")
        return 1
    sys.stdout.write(f"{path}: {check.lines} lines, none changed. Last digest {check.last}.\n")
    return 0


def _faults(out: Path, log: Path) -> list[str]:
    """What is not as the last finished run left it, in words."""
    from headrisk.io.digests import sha256_of_file
    from headrisk.run.seal import SEAL, find_faults, read_seal

    logged: dict[str, str] = {}
    for line in log.read_bytes().splitlines():
        detail = json.loads(line)["detail"]
        logged |= {what: detail[what] for what in _DIGESTS if what in detail}
    seal = read_seal(out)
    found = [] if seal is None else [str(fault) for fault in find_faults(out, seal)]
    for what, name in _DIGESTS.items():
        if what not in logged:
            continue
        if not (out / name).is_file():
            found.append(f"{name}: missing")
        elif sha256_of_file(out / name) != logged[what]:
            found.append(f"{name} is not the one that the last finished run wrote")
    if seal is None and "files_sha256" not in logged and (out / "report.json").exists():
        sys.stdout.write(
            f"No {SEAL}: of the report's files only report.json can be checked "
            "(an earlier version wrote them).\n"
        )
    return list(dict.fromkeys(found))


def _installed() -> int:
    from headrisk.brain.strip import DIGESTS, network
    from headrisk.brain.template import load_template
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
    _plugins()
    return 1 if _network_faults() + faults else 0


def _network_faults() -> int:
    """Say what is switched off; 1 where a switch does not stand as headrisk set it."""
    states = telemetry_state()
    for name, state in states.items():
        sys.stdout.write(f"  {'telemetry':<20}{name}: {state}\n")
    sys.stdout.write(
        f"  {'network':<20}off: no connection leaves this machine; --engine dask alone opens "
        "sockets, on 127.0.0.1 with TLS, or to the scheduler that --scheduler names\n"
    )
    return int(any(states[name] != "off" for name in TELEMETRY))


def _plugins() -> None:
    """What other packages add; a broken one is told and is no fault of this installation."""
    from headrisk.brain.similarity import MEASURES, select
    from headrisk.deidentify.tools import tool_of, tools
    from headrisk.face.recognise.registry import NAMES, recognisers
    from headrisk.run.plugins import DEIDENTIFICATION, RECOGNISERS, SIMILARITY, plugins

    groups: tuple[tuple[Group, Collection[str], Callable[[str], object]], ...] = (
        (SIMILARITY, MEASURES, lambda name: select([name])),
        (RECOGNISERS, NAMES, lambda name: recognisers([name], {})),
        (DEIDENTIFICATION, tools(), tool_of),
    )
    for group, own, make in groups:
        for name, plugin in plugins(group).items():
            try:
                make(name)
                state = f"ready, from {plugin.package}"
            except HeadriskError as error:
                state = str(error)
            if name in own:
                state = f"not used, from {plugin.package}: headrisk has one of this name"
            sys.stdout.write(f"  {group.removeprefix('headrisk.')} {name:<12}{state}\n")


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
