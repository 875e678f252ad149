"""Rebuild report.html of an output folder from its report.json and tables, or compare several.

With --compare OLD NEW ... the figures of two or more output folders are put side by side, the
oldest first, in OUT/compare.html, or in that of the last folder where no OUT is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
        "--compare",
        type=Path,
        nargs="+",
        metavar=("OLD", "NEW"),
        help="two or more output folders, the oldest first; writes compare.html and "
        "tables/compare.tsv into OUT, which may be a new folder, or into the last of them",
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if arguments.compare is not None:
        return _compare(arguments.compare, arguments.out)
    if arguments.out is None:
        raise UsageError(
            "headrisk report",
            found="no folder",
            expected="OUT, or --compare OLD NEW ...",
            remedy="Name one output folder, or several to compare.",
        )
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


def _compare(folders: Sequence[Path], out: Path | None) -> int:
    from headrisk.report.compare import compare_folders
    from headrisk.report.words.compare import READINGS, told

    found, place = compare_folders(folders, out)
    for remark in (*found.unsealed, *found.counts, *found.remarks):
        sys.stdout.write(remark + "\n")
    for row, one in found.told:
        if one.low is not None and one.high is not None:
            text = told(row.modality, row.figure, (one.old, one.new), one.low, one.high)
            sys.stdout.write(f"{text}: {READINGS[one.reading]}\n")
    for sentence in found.summary():
        sys.stdout.write(sentence + "\n")
    sys.stdout.write(f"Comparison: {place}\n")
    return 0
