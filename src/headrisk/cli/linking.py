"""What ``audit`` and ``link`` share: run the audit, say what came out, choose the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import list_scans
from headrisk.cli.options import job_of, with_progress
from headrisk.errors import visible

if TYPE_CHECKING:
    from headrisk.dataset.inventory import InventoryCounts
    from headrisk.findings.records import ModalitySection, Report, ScanRow
    from headrisk.job import Job
    from headrisk.outcome import Outcome
    from headrisk.run.events import Listener
    from headrisk.types import Estimate, ScanResult

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
        "--fail-above",
        type=fail_above,
        metavar="RATE",
        help="exit with 5 unless the upper end of the 95 %% interval lies below this share of "
        f"people (0 to 1) for every measure that {verb} people at rank 1, those whose scans "
        "failed counted as found; with 3 if there is too little data to tell",
    )


def run_audit(
    arguments: argparse.Namespace,
    paths: Sequence[Path],
    modalities: tuple[str, ...] = ("brain",),
    *,
    faces_left: bool = False,
) -> int:
    """Prepare, compare and report; or prepare alone; or list what would be done."""

    def command(listen: Listener) -> int:
        job = replace(job_of(arguments, paths, listen, modalities), faces_left=faces_left)
        if arguments.dry_run:
            return list_scans(job)
        if arguments.level == "participant":
            return _prepare_only(job, verbose=arguments.verbose)
        from headrisk.job import require_inputs

        require_inputs(job)
        from headrisk.pipeline import audit

        return tell(audit(job), arguments, arguments.fail_above)

    return with_progress(command, arguments)


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


def complete(inventory: InventoryCounts) -> bool:
    """Whether everything that should have been read could be: images, folders, tables, sidecars."""
    from headrisk.dataset.inventory import NOT_USED

    unused = any(code in NOT_USED for codes in inventory.unused.values() for code in codes)
    return not (inventory.failed or inventory.unread_folders or unused)


def tell(outcome: Outcome, arguments: argparse.Namespace, limit: float | None) -> int:
    """Say what came out, and choose the exit code.

    Logs travel, so failed scans are counted here and named in ``internal/scans.tsv`` only,
    unless ``-v`` asks for their names.
    """
    from headrisk.report.withhold import withhold_small_cells

    public = withhold_small_cells(outcome.report)
    for line in answer_lines(public):
        sys.stdout.write(line + "\n")
    failed = [row for row in outcome.scans if row.status == "failed"]
    if failed:
        _say_failures(public, outcome.scans)
        _name_failures(failed, verbose=arguments.verbose)
    if outcome.photos_unused:
        sys.stdout.write(
            f"{outcome.photos_unused} of the photographs listed could not be used; "
            "internal/photographs.tsv says which and why.\n"
        )
    sys.stdout.write(f"Report: {arguments.out / 'report.html'}\n")
    inventory = outcome.report.inventory
    unread = inventory is not None and not complete(inventory)
    unread = unread or _texts_unread(outcome.report)
    lacking = failed or outcome.photos_unused or outcome.unseen or unread
    incomplete = FAILED_SCANS if lacking else DONE
    return incomplete if limit is None else _check_limit(outcome.report, public, limit, incomplete)


def answer_lines(public: Report) -> Iterator[str]:
    """What a run came to, in the figures of the public report: logs are shared too."""
    from headrisk.report.words.deidentified import answer
    from headrisk.report.words.phrases import capital
    from headrisk.report.words.presence import faces_sentence
    from headrisk.report.words.summary import headline, label_warning, title, who_was_searched

    if public.faces_left is not None:
        yield faces_sentence(public.faces_left)
    if public.not_asked:
        yield f"Not asked: {', '.join(public.not_asked)}."
    for section in public.modalities:
        if label_warning(section):
            yield f"WARNING: {label_warning(section)}"
    for section in public.modalities:
        reason = section.too_little
        said = (headline(section), capital(reason) if reason else "")
        yield f"{title(section)}: {' '.join(filter(None, said))}"
        for panel in section.panels[:1]:
            yield f"{panel.title} {panel.answer}"
        if section.counts.people:
            yield who_was_searched(section.counts.people)
    for treatment in public.treatments:
        yield f"{treatment.name}: {' '.join(answer(treatment))}"
    if public.inventory is not None:
        yield from inventory_lines(public.inventory)


def inventory_lines(inventory: InventoryCounts) -> Iterator[str]:
    """The images there are, looked at, failed and left out, and why."""
    from headrisk.report.words.inventory import (
        beside,
        not_listed,
        not_looked_at,
        others,
        totals,
        unused,
    )

    yield totals(inventory)
    yield from (f"  {line}" for line in not_looked_at(inventory))
    yield from filter(None, (not_listed(inventory), beside(inventory), unused(inventory)))
    yield from others(inventory)


def _texts_unread(report: Report) -> bool:
    """Whether files could not be read in which names, dates and free text were searched for."""
    from headrisk.findings.records import FileRow

    rows = [
        row
        for one in report.modalities
        if "unread" in one.tables
        for row in one.tables["unread"].rows
    ]
    return any(row[0] == FileRow.UNREAD and row[1] for row in rows)


def failures_line(rows: Sequence[ScanRow]) -> str:
    """How many images (or rows of tables) failed, each counted once however many attacks asked."""
    asked: dict[tuple[str, str, str], list[bool]] = {}
    for row in rows:
        key = (row.path or row.scan_id, row.participant_id, row.session_id)
        asked.setdefault(key, []).append(row.status == "failed")
    none = sum(all(failed) for failed in asked.values())
    some = sum(any(failed) for failed in asked.values()) - none
    kinds = {"rows" if row.modality == "table" else "images" for row in rows}
    said = (
        f"{none:,} of {len(asked):,} {' and '.join(sorted(kinds))} could be compared by no attack"
    )
    if some:
        said += f", {some:,} more not by every attack"
    return f"{said}; internal/scans.tsv says which and why."


def _say_failures(public: Report, rows: Sequence[ScanRow]) -> None:
    from headrisk.report.words.summary import failures_sentence, title

    sys.stdout.write(failures_line(rows) + "\n")
    for section in public.modalities:
        rate = _rank1(section)
        if rate is not None and section.counts.unsearched:
            sys.stdout.write(f"{title(section)}: {failures_sentence(rate, section.counts)}\n")


def _rank1(section: ModalitySection) -> Estimate | None:
    return section.headline.rank1 if section.headline and section.sufficient else None


def _check_limit(report: Report, public: Report, limit: float, incomplete: int) -> int:
    """The exit code under ``--fail-above``: judged by the exact figures, told in public ones."""
    from headrisk.findings.coverage import upper_end
    from headrisk.report.words.summary import title

    unrated = unrated_faces(report.modalities)
    for section in unrated:
        sys.stdout.write(
            f"{title(section)}: not checked against --fail-above. {section.too_little}\n"
        )
    kept = [k for k, section in enumerate(report.modalities) if section not in unrated]
    sections = [report.modalities[k] for k in kept]
    ends = [upper_end(section) for section in sections]
    known = [end for end in ends if end is not None]
    if not ends or len(known) < len(ends):
        sys.stdout.write(f"--fail-above {limit:g} cannot be checked: too little data.\n")
        return REFUSED
    if max(known) > limit:
        sys.stdout.write(_above(sections, [public.modalities[k] for k in kept], limit))
        return ABOVE_LIMIT
    return incomplete


def unrated_faces(sections: Sequence[ModalitySection]) -> tuple[ModalitySection, ...]:
    """Searches by the face alone that could not be made, as where no face is left to compare."""
    return tuple(one for one in sections if one.name == "face-scans" and not one.sufficient)


def _name_failures(failed: Sequence[ScanResult | ScanRow], *, verbose: bool) -> None:
    for one in failed if verbose else ():
        sys.stderr.write(visible(f"{one.scan_id}: {one.reason}") + "\n")


def _above(
    sections: Sequence[ModalitySection], public: Sequence[ModalitySection], limit: float
) -> str:
    if max(rate.value for rate in map(_rank1, sections) if rate) > limit:
        return f"The measured risk is above --fail-above {limit:g}.\n"
    from headrisk.findings.coverage import upper_end

    worst = max(upper_end(section) or 1.0 for section in public)
    return (
        f"These data cannot exclude a risk above --fail-above {limit:g}: it may be up to "
        f"{worst:.2g} (upper end of the 95 % interval, failed scans counted as found).\n"
    )
