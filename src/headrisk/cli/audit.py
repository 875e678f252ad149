"""Measure how easily people in a data set can be re-identified.

Without --against, the sessions inside DATASET are compared with each other. DATASET is a BIDS
folder, a folder of DICOM series, or a manifest TSV. It may also be a derived table alone: a folder
of FreeSurfer stats, or a TSV of regional measurements. With --deidentified, what a
de-identification method does to the risk, and what it costs, is measured on the same people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from headrisk.cli.linking import add_fail_above, run_audit
from headrisk.cli.options import (
    add_choice_options,
    add_dataset,
    add_face_options,
    add_no_faces,
    add_rescan_option,
    add_risk_options,
    add_run_options,
    add_same_people_option,
    add_setting_options,
    add_table_options,
    add_title_option,
    can_see_faces,
    searches_faces,
    treatment,
)
from headrisk.errors import UsageError

EXAMPLES = (
    "headrisk audit /data/study /data/audit",
    "# first say what would be looked at, and what it takes",
    "headrisk audit /data/study /data/audit --dry-run",
    "# search the people of a release in data that an attacker may hold",
    "headrisk audit /data/release /data/audit --against /data/hospital",
    "# before and after a de-identification method, with photographs",
    "headrisk audit /data/study /data/audit --photos photos.tsv --deidentified mine=/data/defaced",
    "# on a cluster: one person in each job, then the rest",
    "headrisk audit /data/study /data/audit participant --participant-label 01",
    "headrisk audit /data/study /data/audit group",
    "# in a pipeline: exit with 5 unless the risk is shown to be below 5 %",
    "headrisk audit /data/study /data/audit --fail-above 0.05 --quiet",
)
QUESTIONS = ("brains", "faces", "metadata", "tables", "brain", "face", "table")
_ONE = {"brain": "brains", "face": "faces", "table": "tables"}  # other spellings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    add_dataset(parser)
    parser.add_argument(
        "level",
        nargs="?",
        choices=("participant", "group"),
        default="group",
        help="participant: only prepare scans, for a cluster; group: prepare what is missing, "
        "then compare and report (default)",
    )
    parser.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="DATASET",
        help="data an attacker may hold; may be given several times",
    )
    parser.add_argument(
        "--deidentified",
        "--treated",
        dest="treated",
        type=treatment,
        action="append",
        default=[],
        metavar="NAME=DATASET",
        help="DATASET again, defaced or otherwise de-identified by some method: risk before and "
        "after is compared on the same people; may be given several times (--treated is the same)",
    )
    add_title_option(parser)
    add_no_faces(parser)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=QUESTIONS,
        default=(),
        metavar="QUESTION",
        help="ask only these: brains, faces (is one left in any image?), metadata, tables; the "
        "result says what was not asked (default all)",
    )
    add_same_people_option(parser)
    add_fail_above(parser)
    add_rescan_option(parser)
    add_face_options(parser)
    add_table_options(parser)
    add_choice_options(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from headrisk.table.wide import holds_table

    if holds_table(arguments.dataset):
        _only_tables(arguments)
        return run_audit(arguments, (), ("table",))
    _require_few(arguments.tables)
    asked = {_ONE.get(word, word) for word in arguments.only} or {*QUESTIONS[:4]}
    seek = "faces" in asked and not arguments.no_faces
    _require_given(asked, arguments)
    modalities = ["brain"] if "brains" in asked else []
    look = arguments.treated and not arguments.no_faces and can_see_faces()
    modalities += ["face"] if "faces" in asked and (arguments.photos or look) else []
    modalities += ["face-scans"] if "faces" in asked and searches_faces(arguments) else []
    modalities += ["table"] if "tables" in asked and arguments.tables else []
    modalities += ["metadata"] if "metadata" in asked else []
    return run_audit(
        arguments,
        (arguments.dataset, *arguments.against),
        tuple(modalities),
        faces_left=seek,
    )


def _require_given(asked: set[str], arguments: argparse.Namespace) -> None:
    """Refuse options whose question --only leaves out."""
    options = {
        "--tables": ("tables", arguments.tables),
        "--photos": ("faces", arguments.photos),
        "--simulate-rescan": ("brains", arguments.simulate_rescan),
    }
    for option, (question, given) in options.items():
        if given and question not in asked:
            raise UsageError(
                option,
                found=f"--only without {question}",
                expected=f"--only {question}, or no --only",
                remedy="Leave out one of the two.",
            )


def _only_tables(arguments: argparse.Namespace) -> None:
    """DATASET is a derived table: it and what it is compared with become the run's tables."""
    options = {
        "--photos": arguments.photos,
        "--simulate-rescan": arguments.simulate_rescan,
        "--deidentified": arguments.treated,
    }
    option = next((name for name, given in options.items() if given), "")
    if option:
        raise UsageError(
            f"{option} with {arguments.dataset}",
            found="a derived table",
            expected="scans",
            remedy="Name the scans as DATASET and the table with --tables.",
        )
    arguments.tables = [arguments.dataset, *arguments.tables, *arguments.against]
    _require_few(arguments.tables)


def _require_few(tables: list[Path]) -> None:
    if len(tables) > 2:
        raise UsageError(
            "derived tables",
            found=f"{len(tables)} of them",
            expected="one, or two to search the people of the first in the second",
            remedy="Put the tables to be searched into one.",
        )
