"""Measure how easily people in a data set can be re-identified.

Without --against, the sessions inside DATASET are compared with each other. DATASET is a BIDS
folder, a folder of DICOM series, or a manifest TSV.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from headrisk.cli.linking import add_fail_above, run_audit
from headrisk.cli.options import (
    add_choice_options,
    add_face_options,
    add_risk_options,
    add_run_options,
    add_setting_options,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("dataset", type=Path, metavar="DATASET")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument(
        "level",
        nargs="?",
        choices=("participant", "group"),
        default="group",
        help="participant: only prepare scans, for a cluster; group: prepare what is missing, "
        "then compare and report (default)",
    )
    parser.add_argument(
        "--against", type=Path, action="append", default=[], metavar="DATASET",
        help="data an attacker may hold; may be given several times",
    )  # fmt: skip
    add_fail_above(parser)
    add_face_options(parser)
    add_choice_options(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    modalities = ("brain", "face") if arguments.photos else ("brain",)
    return run_audit(arguments, (arguments.dataset, *arguments.against), modalities)
