"""Remove or replace the faces in a data set, and check what was written.

OUT becomes a BIDS derivative: de-identified images on the grid of their source, masks of what was
changed, cleaned sidecars. tables/treatment.tsv says what face is left and what it cost the brain.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import list_scans
from headrisk.cli.linking import DONE, FAILED_SCANS
from headrisk.cli.options import (
    add_choice_options,
    add_dataset,
    add_run_options,
    at_least,
    job_of,
    with_progress,
)
from headrisk.errors import visible

if TYPE_CHECKING:
    from headrisk.run.events import Listener


EXAMPLES = (
    "headrisk deface /data/study /data/defaced --tool template",
    "headrisk deface /data/study /data/refaced --tool reface --contrasts T1w T2w",
    "# then measure what it did",
    "headrisk audit /data/study /data/audit --deidentified template=/data/defaced",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    add_dataset(parser)
    parser.add_argument(
        "--tool",
        required=True,
        metavar="NAME",
        help="template: face and ears removed; reface: replaced by a synthetic one; quickshear: "
        "cut off by a plane; skullstrip: everything but the brain removed; or a plug-in's",
    )
    add_choice_options(parser)
    group = parser.add_argument_group("de-identifying")
    group.add_argument("--settings", type=Path, metavar="FILE", help="settings TOML to start from")
    group.add_argument(
        "--seed",
        type=at_least(0),
        metavar="N",
        help="random seed of the noise that is drawn (default 0)",
    )
    group.add_argument(
        "--contrasts",
        nargs="+",
        metavar="SUFFIX",
        help="BIDS suffixes to de-identify (default all anatomical ones); others are not written",
    )
    group.add_argument(
        "--accurate",
        action="store_true",
        default=None,
        help="cut brains out by the larger network, slower",
    )
    add_run_options(parser)
    parser.set_defaults(
        resolution=None,
        alignment=None,
        mutual_information=None,
        measures=None,
        prior=None,
        one_to_one=None,
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""

    def command(listen: Listener) -> int:
        from headrisk.commands.deface import ANATOMICAL, converted, deface
        from headrisk.deidentify.outcome import doubt, summary_lines
        from headrisk.deidentify.tools import tool_of

        job = job_of(arguments, [arguments.dataset], listen)
        if not (arguments.contrasts or arguments.settings):
            job = replace(job, settings=replace(job.settings, contrasts=ANATOMICAL))
        if arguments.dry_run:
            with converted(job) as inner:
                return list_scans(inner, searches=False, deidentifies=True)
        report = deface(job, tool_of(arguments.tool))
        for line in summary_lines(report):
            sys.stdout.write(line + "\n")
        if arguments.verbose:
            for one in report.results:
                if said := one.reason or doubt(report.tool, one):
                    sys.stderr.write(visible(f"{one.scan_id}: {said}") + "\n")
        sys.stdout.write(f"Table: {arguments.out / 'tables' / 'treatment.tsv'}\n")
        chosen = (
            arguments.contrasts,
            arguments.settings,
            arguments.participant_label,
            arguments.session_id,
        )
        behind = report.left_behind and not any(chosen)
        return FAILED_SCANS if report.failed or behind else DONE

    return with_progress(command, arguments)
