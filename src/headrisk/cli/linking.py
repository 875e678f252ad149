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
    from headrisk.report.model import ModalitySection, ScanRow
    from headrisk.run.events import Listener
    from headrisk.types import ScanResult

DONE, REFUSED, FAILED_SCANS, ABOVE_LIMIT = 0, 3, 4, 5


def fail_above(text: str) -> float:
    """A rate between 0 and 1 from the command line."""
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate between 0 and 1")
    return rate


def add_fail_above(parser: argparse.ArgumentParser, verb: str = "links") -> None:
    """The option that makes a command fail where the measured risk is too large."""
    parser.add_argument(
        "--fail-above", type=fail_above, metavar="RATE",
        help="exit with 5 unless the upper end of the 95 %% interval lies below this share of "
        f"people (0 to 1) for every measure that {verb} people at rank 1, those whose scans "
        "failed counted as found; with 3 if there is too little data to tell",
    )  # fmt: skip


def run_audit(
    arguments: argparse.Namespace, paths: Sequence[Path], modalities: tuple[str, ...] = ("brain",)
) -> int:
    """Prepare, compare and report; or prepare alone; or list what would be done."""

    def command(listen: Listener) -> int:
        job = job_of(arguments, paths, listen, modalities)
        if arguments.dry_run:
            return list_scans(job)
        if arguments.level == "participant":
            return _prepare_only(job, verbose=arguments.verbose)
        from headrisk.pipeline import audit

        return tell(audit(job), arguments, arguments.fail_above)

    return with_progress(command)


def list_scans(job: Job) -> int:
    """Print every scan with its status, and stop there."""
    """Write the scan table to standard output: the one place where a run names scans there."""
    from headrisk.intake import index, index_treated, recall
    from headrisk.job import require_out

    require_out(job)
    scans, notes = index(job)
    treated, said = index_treated(job)
    notes += said
    files = [scan for own in treated.values() for scan in own]
    for scan in (*scans, *recall(job).scans, *files):
        state = "" if scan.status == "ok" else f"\t{scan.reason}"
        sys.stdout.write(f"{scan.scan_id}\t{scan.suffix}\t{scan.status}{state}\n")
    for note in notes:
        sys.stderr.write(note + "\n")
    return DONE


def _prepare_only(job: Job, *, verbose: bool) -> int:
    from headrisk.attacks.brain import prepare
    from headrisk.intake import take_in
    from headrisk.run.provenance import CostLog

    log = CostLog()
    cohort, _ = prepare(take_in(job, log), job, log)
    failed = [result for result in cohort.results if result.status == "failed"]
    sys.stdout.write(f"{len(cohort.scans) - len(failed)} of {len(cohort.scans)} scans prepared.\n")
    if failed:
        sys.stdout.write("The group stage lists the failed ones in internal/scans.tsv.\n")
        _name_failures(failed, verbose=verbose)
    return FAILED_SCANS if failed else DONE


def tell(outcome: Outcome, arguments: argparse.Namespace, limit: float | None) -> int:
    """Say what came out, and choose the exit code.

    Logs travel, so failed scans are counted here and named in ``internal/scans.tsv`` only,
    unless ``-v`` asks for their names.
    """
    from headrisk.report.treated_words import answer
    from headrisk.report.withhold import withhold_treatment
    from headrisk.report.wording import failures_sentence, headline, title

    sections = outcome.report.modalities
    rates = [
        section.headline.rank1 if section.headline and section.sufficient else None
        for section in sections
    ]
    for section in sections:
        reason = section.too_little
        sys.stdout.write(f"{headline(section)} {reason[:1].upper()}{reason[1:]}".rstrip() + "\n")
        for panel in section.panels[:1]:
            sys.stdout.write(f"{panel.title} {panel.answer}\n")
    for treatment in outcome.report.treatments:
        sys.stdout.write(f"{treatment.name}: {' '.join(answer(withhold_treatment(treatment)))}\n")
    failed = [row for row in outcome.scans if row.status == "failed"]
    if failed:
        sys.stdout.write(
            f"{len(failed)} of {len(outcome.scans)} scans could not be used; "
            "internal/scans.tsv says which and why.\n"
        )
        for section, rate in zip(sections, rates, strict=True):
            if rate is not None:
                sys.stdout.write(failures_sentence(rate, section.counts) + "\n")
        _name_failures(failed, verbose=arguments.verbose)
    if outcome.photos_unused:
        sys.stdout.write(
            f"{outcome.photos_unused} of the photographs listed could not be used; "
            "internal/photographs.tsv says which and why.\n"
        )
    sys.stdout.write(f"Report: {arguments.out / 'report.html'}\n")
    incomplete = FAILED_SCANS if failed or outcome.photos_unused else DONE
    if limit is None:
        return incomplete
    for section in unrated_faces(sections):
        sys.stdout.write(
            f"{title(section)}: not checked against --fail-above. {section.too_little}\n"
        )
    sections = tuple(one for one in sections if one not in unrated_faces(sections))
    rates = [one.headline.rank1 if one.headline and one.sufficient else None for one in sections]
    if None in rates:
        sys.stdout.write(f"--fail-above {limit:g} cannot be checked: too little data.\n")
        return REFUSED
    worst = max(highest_risk(section) for section in sections)
    if worst > limit:
        sys.stdout.write(_above(sections, limit, worst))
        return ABOVE_LIMIT
    return incomplete


def unrated_faces(sections: Sequence[ModalitySection]) -> tuple[ModalitySection, ...]:
    """Searches by the face alone that could not be made, as where no face is left to compare."""
    return tuple(one for one in sections if one.name == "face-scans" and not one.sufficient)


def _name_failures(failed: Sequence[ScanResult | ScanRow], *, verbose: bool) -> None:
    for one in failed if verbose else ():
        sys.stderr.write(f"{one.scan_id}: {one.reason}\n")


def highest_risk(section: ModalitySection) -> float:
    """The figure that ``--fail-above`` looks at.

    The upper end of the rank-1 rate's 95 % interval, the highest over all measures, with every
    person who could not be searched for because scans failed counted as found: a sample that
    cannot exclude a risk above the limit does not pass.
    """
    lost = section.counts.unsearched
    rates = [measure.rank1 for measure in section.measures if measure.rank1 is not None]
    return max((one.high * one.n + lost) / (one.n + lost) for one in rates)


def _above(sections: Sequence[ModalitySection], limit: float, worst: float) -> str:
    measured = [m.rank1.value for section in sections for m in section.measures if m.rank1]
    if max(measured) > limit:
        return f"The measured risk is above --fail-above {limit:g}.\n"
    return (
        f"These data cannot exclude a risk above --fail-above {limit:g}: it may be up to "
        f"{worst:.2g} (upper end of the 95 % interval, failed scans counted as found).\n"
    )
