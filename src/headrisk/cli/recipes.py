"""List published studies, and write the manifest of one as it is downloaded."""

from __future__ import annotations

import argparse

EXAMPLES = ("headrisk recipes",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    return 0
