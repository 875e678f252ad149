"""Measure how well photographs find their owner's scan, and whether scans still show a face.

Without --photos nobody is searched for: the report then says which detectors still see a face and
how much of it is left. Photographs need a consent id each and never leave this machine.
"""

from __future__ import annotations

import argparse

from headrisk.cli.linking import add_fail_above, run_audit
from headrisk.cli.options import (
    add_choice_options,
    add_dataset,
    add_face_options,
    add_risk_options,
    add_run_options,
    add_setting_options,
    add_title_option,
)

EXAMPLES = (
    "# is a face left in any image?",
    "headrisk faces /data/study /data/faces",
    "headrisk faces /data/study /data/faces --photos photos.tsv --protocol nejm2019",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    add_dataset(parser)
    add_fail_above(parser, "finds")
    parser.set_defaults(level="group")
    add_title_option(parser)
    add_face_options(parser)
    add_choice_options(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    return run_audit(arguments, (arguments.dataset,), ("face",), faces_left=True)
