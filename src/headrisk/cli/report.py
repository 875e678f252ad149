"""Rebuild report.html of an output folder from its report.json and tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("out", type=Path, metavar="OUT", help="output folder of an earlier run")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from headrisk.report.write import rebuild_html

    sys.stdout.write(f"Report: {rebuild_html(arguments.out)}\n")
    return 0
