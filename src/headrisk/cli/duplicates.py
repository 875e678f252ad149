"""Find wrong labels and copies: one person under two IDs, two under one, an image stored twice.

The findings name people, so they go to OUT/internal. Only counts are public.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import NO_LIST, list_scans
from headrisk.cli.linking import DONE, FAILED_SCANS, inventory_lines
from headrisk.cli.options import (
    add_choice_options,
    add_dataset,
    add_run_options,
    add_setting_options,
    add_title_option,
    job_of,
    with_progress,
)

if TYPE_CHECKING:
    from headrisk.run.events import Listener


EXAMPLES = (
    "headrisk duplicates /data/study /data/duplicates",
    "headrisk duplicates /data/study /data/duplicates --contrasts T1w T2w FLAIR",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    add_dataset(parser)
    add_title_option(parser)
    add_choice_options(parser)
    add_setting_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""

    def command(listen: Listener) -> int:
        job = job_of(arguments, [arguments.dataset], listen)
        if arguments.dry_run:
            return list_scans(job)
        from headrisk.commands.duplicates import find_duplicates
        from headrisk.report.duplicates import summary_sentence

        page, report = find_duplicates(job)
        sys.stdout.write(summary_sentence(report) + "\n")
        if report.failed:
            sys.stdout.write(
                f"{report.failed} of {len(report.scans)} scans could not be used; "
                "the page says which and why.\n"
            )
        for line in inventory_lines(report.inventory) if report.inventory else (NO_LIST,):
            sys.stdout.write(line + "\n")
        sys.stdout.write(f"Findings (internal, do not share): {page}\n")
        listed = report.inventory
        unread = listed is not None and (listed.failed or listed.unread_folders)
        return FAILED_SCANS if report.failed or unread else DONE

    return with_progress(command, arguments)
