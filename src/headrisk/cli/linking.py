"""What ``audit`` and ``link`` share: run the audit, say what came out, choose the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.options import job_of, with_progress

if TYPE_CHECKING:
    from headrisk.job import Job
    from headrisk.pipeline import Outcome
    from headrisk.report.model import ModalitySection
    from headrisk.run.events import Listener

DONE, FAILED_SCANS, ABOVE_LIMIT = 0, 4, 5
SHOWN_FAILURES = 5


def fail_above(text: str) -> float:
    """A rate between 0 and 1 from the command line."""
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate between 0 and 1")
    return rate


def run_audit(arguments: argparse.Namespace, paths: Sequence[Path]) -> int:
    """Prepare, compare and report; or prepare alone; or list what would be done."""

    def command(listen: Listener) -> int:
        job = job_of(arguments, paths, listen)
        if arguments.dry_run:
            return _list_scans(job)
        if arguments.level == "participant":
            return _prepare_only(job)
        from headrisk.pipeline import audit

        outcome = audit(job)
        return tell(outcome, job, arguments.fail_above)

    return with_progress(command)


def _list_scans(job: Job) -> int:
    from headrisk.pipeline import index

    scans, notes = index(job)
    for scan in scans:
        state = "" if scan.status == "ok" else f"\t{scan.reason}"
        sys.stdout.write(f"{scan.scan_id}\t{scan.suffix}\t{scan.status}{state}\n")
    for note in notes:
        sys.stderr.write(note + "\n")
    return DONE


def _prepare_only(job: Job) -> int:
    from headrisk.pipeline import prepare
    from headrisk.run.provenance import CostLog

    cohort, _ = prepare(job, CostLog())
    failed = [result for result in cohort.results if result.status == "failed"]
    sys.stdout.write(f"{len(cohort.scans) - len(failed)} of {len(cohort.scans)} scans prepared.\n")
    for result in failed[:SHOWN_FAILURES]:
        sys.stderr.write(f"{result.scan_id}: {result.reason}\n")
    return FAILED_SCANS if failed else DONE


def tell(outcome: Outcome, job: Job, limit: float | None) -> int:
    """Say what came out, and choose the exit code."""
    from headrisk.report.wording import headline

    section = outcome.report.modalities[0]
    sys.stdout.write(headline(section) + "\n")
    failed = [row for row in outcome.scans if row.status == "failed"]
    if failed:
        sys.stdout.write(f"{len(failed)} of {len(outcome.scans)} scans could not be used:\n")
        for row in failed[:SHOWN_FAILURES]:
            sys.stdout.write(f"  {row.scan_id}: {row.reason}\n")
        if len(failed) > SHOWN_FAILURES:
            sys.stdout.write("  ... all of them are in internal/scans.tsv\n")
    sys.stdout.write(f"Report: {job.out / 'report.html'}\n")
    if limit is not None and _above(section, limit):
        sys.stdout.write(f"The measured risk is above --fail-above {limit:g}.\n")
        return ABOVE_LIMIT
    return FAILED_SCANS if failed else DONE


def _above(section: ModalitySection, limit: float) -> bool:
    """Whether any measure's share of linked people is above the limit."""
    rates = [measure.rank1.value for measure in section.measures if measure.rank1 is not None]
    return any(rate > limit for rate in rates)
