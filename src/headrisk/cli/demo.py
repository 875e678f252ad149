"""Make a small synthetic cohort with known truth and audit it, offline.

The heads are made by a program and belong to nobody. Their figures show what a report looks
like; they say nothing about real people.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import cost_line
from headrisk.cli.linking import tell
from headrisk.cli.options import (
    add_risk_options,
    add_run_options,
    add_setting_options,
    add_title_option,
    at_least,
    can_see_faces,
    job_of,
    with_progress,
)
from headrisk.errors import UsageError
from headrisk.settings import DEFAULT_MEASURES

if TYPE_CHECKING:
    from headrisk.commands.costs import Work
    from headrisk.job import Job
    from headrisk.run.events import Listener

PEOPLE, SESSIONS = 12, 2
EXAMPLES = (
    "headrisk demo",
    "headrisk demo my-demo --no-faces",
    "# nobody can be told apart: what a report says then",
    "headrisk demo nobody --no-faces --identity 0",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument(
        "out",
        type=Path,
        nargs="?",
        default=Path("headrisk-demo"),
        metavar="OUT",
        help="folder for people and report (default headrisk-demo)",
    )
    group = parser.add_argument_group("synthetic people")
    group.add_argument("--people", type=at_least(1), default=PEOPLE, metavar="N", help="how many")
    group.add_argument(
        "--sessions", type=at_least(1), default=SESSIONS, metavar="N", help="scans of each"
    )
    group.add_argument(
        "--identity",
        type=float,
        default=1.0,
        metavar="STRENGTH",
        help="how much people differ; at 0 nobody can be told apart",
    )
    group.add_argument(
        "--no-faces",
        action="store_true",
        help="brains alone: no photographs, no face section, half the time",
    )
    add_title_option(parser)
    add_setting_options(parser)
    add_risk_options(parser)
    add_run_options(parser)
    # The nine renders that scans are compared by serve for photographs too.
    parser.set_defaults(participant_label=(), session_id=(), protocol="scans")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""

    def command(listen: Listener) -> int:
        from headrisk.job import require_out

        data = arguments.out / "data"
        job = job_of(arguments, [data], listen)
        require_out(job)
        if arguments.dry_run:
            count = arguments.people * arguments.sessions
            sys.stdout.write(f"Would write {count} synthetic scans to {data} and audit them.\n")
            sys.stdout.write(cost_line(_work(arguments, count)) + "\n")
            return 0
        from headrisk.run.engine import workers_kept

        _clear(data, arguments.out / "photos")
        with workers_kept():
            return _made_and_audited(data, job, arguments)

    return with_progress(command, arguments)


def _made_and_audited(data: Path, job: Job, arguments: argparse.Namespace) -> int:
    from headrisk.commands.demo import make_cohort, make_people
    from headrisk.pipeline import audit

    size = (arguments.people, arguments.sessions, arguments.identity)
    if arguments.no_faces or not can_see_faces():
        make_cohort(data, *size, job)
        job = replace(job, modalities=("brain", "metadata"))
    else:
        table = make_people(arguments.out, *size, job)
        asked = ("brain", "face", "face-scans", "metadata")
        job = replace(job, modalities=asked, faces_left=True, photos=table)
    return tell(audit(job), arguments, None)


def _work(arguments: argparse.Namespace, scans: int) -> Work:
    """What the demonstration has to do, the making of its people included."""
    from headrisk.commands.costs import Work
    from headrisk.commands.demo import PHOTOS_PER_PERSON

    brains = Work(aligned=scans, compared=scans**2 * len(DEFAULT_MEASURES), made_scans=scans)
    if arguments.no_faces or not can_see_faces():
        return brains
    from headrisk.face.render.protocols import SCANS

    photographs = PHOTOS_PER_PERSON * arguments.people
    return replace(
        brains,
        sighted=scans,
        rendered=scans,
        renders=scans * SCANS.count,
        photographs=photographs,
        made_photographs=photographs,
    )


def _clear(data: Path, photos: Path) -> None:
    """Remove the data and photographs of an earlier demo, and nothing else; or nothing at all."""
    made = [(data, data / "sourcedata" / "truth.tsv"), (photos, photos / "photos.tsv")]
    there = [(folder, mark) for folder, mark in made if folder.exists()]
    for folder, mark in there:
        if not mark.is_file():
            raise UsageError(
                str(folder),
                found="a folder that no demo made",
                expected="a new folder, or one of an earlier demo",
                remedy="Give another output folder.",
            )
    for folder, _ in there:
        shutil.rmtree(folder)
