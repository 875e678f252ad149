"""Link two data sets by brains and by faces: who of A is found in B?

A and B are data sets, or output folders of earlier runs, whose fingerprints are then used again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import list_scans
from headrisk.cli.linking import (
    DONE,
    FAILED_SCANS,
    add_fail_above,
    inventory_lines,
    run_audit,
)
from headrisk.cli.options import (
    add_choice_options,
    add_no_faces,
    add_out,
    add_risk_options,
    add_run_options,
    add_same_people_option,
    add_setting_options,
    add_title_option,
    at_least,
    job_of,
    searches_faces,
    with_progress,
)
from headrisk.errors import UsageError, visible

if TYPE_CHECKING:
    from headrisk.run.events import Listener


EXAMPLES = (
    "headrisk link /data/release /data/hospital /data/links",
    "# where the labels of the two are not one key",
    "headrisk link /data/release /data/hospital /data/links --same-people who.tsv",
    "# very many: the five most similar scans of each, exactly",
    "headrisk link /data/release /data/archive /data/links --search 5",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("a", type=Path, metavar="A", help="whose people are searched for")
    parser.add_argument("b", type=Path, metavar="B", help="where they are searched")
    add_out(parser)
    add_same_people_option(parser)
    add_fail_above(parser)
    parser.add_argument(
        "--search",
        type=at_least(1),
        metavar="K",
        help="only list the K most similar scans of B for each scan of A, exactly, without "
        "comparing all pairs: for very large B; gives no report",
    )
    parser.set_defaults(level="group")
    add_title_option(parser)
    add_no_faces(parser)
    add_choice_options(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if os.path.realpath(arguments.a) == os.path.realpath(arguments.b):
        raise UsageError(
            f"A and B are both {arguments.a}",
            found="one data set",
            expected="two",
            remedy="'headrisk audit' compares the sessions within one data set.",
        )
    if arguments.search is None and _are_tables(arguments.a, arguments.b):
        arguments.tables = [arguments.a, arguments.b]
        return run_audit(arguments, (), ("table",))
    if arguments.search is None:
        faces = searches_faces(arguments)
        return run_audit(
            arguments,
            (arguments.a, arguments.b),
            ("brain", "face-scans") if faces else ("brain",),
        )
    if arguments.fail_above is not None:
        raise UsageError("--search", found="--fail-above too", expected="one of them")
    return with_progress(lambda listen: _search(arguments, listen), arguments)


def _are_tables(a: Path, b: Path) -> bool:
    """Whether both are derived tables, whose people are then searched for by their rows.

    Raises
    ------
    UsageError
        One is a derived table and the other is not.
    """
    from headrisk.table.wide import holds_table

    told = {path: holds_table(path) for path in (a, b)}
    if len(set(told.values())) > 1:
        table, other = sorted(told, key=lambda path: not told[path])
        raise UsageError(
            f"A and B are {a} and {b}",
            found=f"a derived table, {table}, and scans, {other}",
            expected="two data sets of scans, or two derived tables",
            remedy="'headrisk audit' takes scans with a table beside them by --tables.",
        )
    return told[a]


def _search(arguments: argparse.Namespace, listen: Listener) -> int:
    job = job_of(arguments, (arguments.a, arguments.b), listen)
    if arguments.dry_run:
        return list_scans(job)
    from headrisk.cli.dry_run import NO_LIST
    from headrisk.commands.search import search_gallery
    from headrisk.findings.coarse import ranged
    from headrisk.report.words.phrases import people

    found = search_gallery(job, arguments.search)
    share = 100 * found.compared
    first, listed = (ranged(count, found.people) for count in (found.first, found.listed))
    sys.stdout.write(
        f"{found.probes:,} scans were searched for among {found.gallery:,}; {share:.2g} % of the "
        f"pairs had to be compared in full.\nOf {people(found.people)} with a mate there by "
        f"label, {first} are found first and {listed} within {arguments.search}.\n"
        "Not asked: faces, metadata, tables.\n"
    )
    for line in inventory_lines(found.inventory) if found.inventory else (NO_LIST,):
        sys.stdout.write(line + "\n")
    for note in found.notes:
        sys.stderr.write(visible(note) + "\n")
    if found.failed:
        sys.stdout.write(f"{found.failed} scans could not be used.\n")
    sys.stdout.write(f"Candidates (internal, do not share): {found.table}\n")
    return FAILED_SCANS if found.failed else DONE
