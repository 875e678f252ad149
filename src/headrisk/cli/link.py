"""Link the brains of two data sets: who of A is found in B?

A and B are data sets, or output folders of earlier runs, whose fingerprints are then used again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from headrisk.cli.linking import add_fail_above, run_audit
from headrisk.cli.options import (
    add_choice_options,
    add_risk_options,
    add_run_options,
    add_setting_options,
)
from headrisk.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("a", type=Path, metavar="A", help="whose people are searched for")
    parser.add_argument("b", type=Path, metavar="B", help="where they are searched")
    parser.add_argument("out", type=Path, metavar="OUT")
    add_fail_above(parser)
    parser.set_defaults(level="group")
    add_choice_options(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if arguments.a.resolve() == arguments.b.resolve():
        raise UsageError(
            f"A and B are both {arguments.a}",
            found="one data set",
            expected="two",
            remedy="'headrisk audit' compares the sessions within one data set.",
        )
    return run_audit(arguments, (arguments.a, arguments.b))
