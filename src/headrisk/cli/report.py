"""Rebuild report.html of an output folder from its report.json and tables, or compare two.

With --compare OLD NEW the figures of two output folders are put side by side: NEW/compare.html.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from headrisk.errors import UsageError

EXAMPLES = (
    "headrisk report /data/audit",
    "headrisk report --compare /data/audit-2024 /data/audit-2025",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument(
        "out", type=Path, nargs="?", metavar="OUT", help="output folder of an earlier run"
    )
    parser.add_argument(
        "--compare", type=Path, nargs=2, metavar=("OLD", "NEW"),
        help="two output folders; writes NEW/compare.html and NEW/tables/compare.tsv",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if (arguments.out is None) == (arguments.compare is None):
        raise UsageError(
            "headrisk report",
            found="no folder" if arguments.out is None else "OUT and --compare together",
            expected="OUT, or --compare OLD NEW",
            remedy="Name one output folder, or two to compare.",
        )
    if arguments.compare is not None:
        return _compare(*arguments.compare)
    from headrisk.report.write import rebuild_html
    from headrisk.run.scratch import sweep_output
    from headrisk.run.seal import find_faults, read_seal

    swept = sweep_output(arguments.out)
    if swept:
        sys.stderr.write(f"Removed what a killed run left unfinished: {swept}.\n")
    seal = read_seal(arguments.out)
    for fault in () if seal is None else find_faults(arguments.out, seal):
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"Report: {rebuild_html(arguments.out)}\n")
    return 0


def _compare(old: Path, new: Path) -> int:
    from headrisk.report.compare import compare_folders

    found, place = compare_folders(old, new)
    apart = [one for one in found.differences if one.apart]
    for remark in found.remarks:
        sys.stdout.write(remark + "\n")
    for one in apart:
        sys.stdout.write(f"{one.modality}, {one.figure}: {one.change:+.3f}, intervals apart\n")
    sys.stdout.write(f"{len(found.differences)} figures compared, {len(apart)} clearly changed.\n")
    sys.stdout.write(f"Comparison: {place}\n")
    return 0
