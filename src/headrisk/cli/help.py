"""List the commands, or explain one of them with its options and examples."""

from __future__ import annotations

import argparse

from headrisk.errors import UsageError

EXAMPLES = ("headrisk help", "headrisk help audit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("command", nargs="?", default="", metavar="COMMAND", help="which one")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from headrisk.cli.main import COMMANDS, parser_of, top_help

    if not arguments.command:
        top_help()
    elif arguments.command in COMMANDS:
        parser_of(arguments.command).print_help()
    else:
        raise UsageError(
            f"headrisk help {arguments.command}",
            found="no such command",
            expected=f"one of {', '.join(COMMANDS)}",
        )
    return 0
