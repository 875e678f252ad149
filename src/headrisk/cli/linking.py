"""What ``audit`` and ``link`` share: run the audit, say what came out, choose the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.options import job_of, with_progress

if TYPE_CHECKING:
    from headrisk.dataset.inventory import Inventory
    from headrisk.dataset.scans import Scan
    from headrisk.findings.records import ModalitySection, ScanRow
    from headrisk.job import Job
    from headrisk.pipeline import Outcome
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
    arguments: argparse.Namespace,
    paths: Sequence[Path],
    modalities: tuple[str, ...] = ("brain",),
    *,
    faces_left: bool = False,
    not_asked: tuple[str, ...] = (),
) -> int:
    """Prepare, compare and report; or prepare alone; or list what would be done."""

    def command(listen: Listener) -> int:
        job = replace(
            job_of(arguments, paths, listen, modalities),
            faces_left=faces_left,
            not_asked=not_asked,
        )
        if arguments.dry_run:
            return list_scans(job)
        if arguments.level == "participant":
            return _prepare_only(job, verbose=arguments.verbose)
        from headrisk.pipeline import audit

        return tell(audit(job), arguments, arguments.fail_above)

    return with_progress(command)


def list_scans(job: Job) -> int:
    """Write every scan with its status, the totals and the cost to standard output, and stop.

    Headers are opened, so that empty files and pointers show. This is the one place where a run
    names scans there.
    """
    from headrisk.intake import index, index_treated, list_files, recall, with_headers, with_one_key
    from headrisk.job import require_out

    require_out(job)
    inventory = list_files(job)
    scans, notes = index(job, inventory)
    treated, said = index_treated(job)
    notes += said + (inventory.notes if inventory else ())
    files = [scan for own in treated.values() for scan in own]
    scans = with_headers(with_one_key(scans, job))
    earlier = with_one_key(recall(job).scans, job)
    for scan in (*scans, *earlier, *with_headers(files)):
        state = f"\t{scan.reason}" if scan.reason else ""
        sys.stdout.write(f"{scan.scan_id}\t{scan.suffix}\t{scan.status}{state}\n")
    for line in _planned(job, inventory, (*scans, *earlier)):
        sys.stdout.write(line + "\n")
    for note in notes:
        sys.stderr.write(note + "\n")
    return DONE


def _planned(job: Job, inventory: Inventory | None, scans: Sequence[Scan]) -> Iterator[str]:
    """What a run would look at, who could be searched for, and what it would take."""
    from headrisk.commands.costs import duration, typical_seconds
    from headrisk.dataset.inventory import Looked, counted, explained, judged
    from headrisk.linkage.design import against, within
    from headrisk.linkage.mates import count_people
    from headrisk.report.words.inventory import beside, not_looked_at, totals
    from headrisk.report.words.summary import who_can_be_searched

    images = 0
    if inventory is not None:
        looked = [
            Looked("brain", scan.path, scan.series, scan.reason if scan.status == "failed" else "")
            for scan in scans
            if scan.dataset == job.sources[0].name
        ]
        known = judged(inventory, looked)
        counts = counted(explained(known, job.settings.contrasts, job.participants, job.sessions))
        images = counts.looked_at
        yield totals(counts, planned=True)
        yield from not_looked_at(counts)
        if beside(counts):
            yield beside(counts)
    usable = [scan for scan in scans if scan.status == "ok"]
    first = job.sources[0].name
    planned, design = (
        within(own, [""] * len(own))
        if len(job.sources) == 1
        else against(own, [""] * len(own), first)
        for own in (scans, usable)
    )
    yield who_can_be_searched(count_people(scans, planned, usable, design))
    seconds = typical_seconds(
        len(usable),
        images if "face" in job.modalities else 0,
        int(design.pairs),
        len(job.settings.measures),
    )
    yield (
        f"A run takes about {duration(seconds)} of CPU time on a usual core; "
        "headrisk doctor --plan N measures it on this machine."
    )


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
    from headrisk.report.withhold import withhold_treatment
    from headrisk.report.words.deidentified import answer
    from headrisk.report.words.inventory import beside, not_looked_at, totals
    from headrisk.report.words.presence import faces_sentence
    from headrisk.report.words.summary import (
        failures_sentence,
        headline,
        label_warning,
        title,
        who_was_searched,
    )

    sections = outcome.report.modalities
    if outcome.report.faces_left is not None:
        sys.stdout.write(faces_sentence(outcome.report.faces_left) + "\n")
    if outcome.report.not_asked:
        sys.stdout.write(f"Not asked: {', '.join(outcome.report.not_asked)}.\n")
    rates = [
        section.headline.rank1 if section.headline and section.sufficient else None
        for section in sections
    ]
    for section in sections:
        if label_warning(section):
            sys.stdout.write(f"WARNING: {label_warning(section)}\n")
    for section in sections:
        reason = section.too_little
        sys.stdout.write(f"{headline(section)} {reason[:1].upper()}{reason[1:]}".rstrip() + "\n")
        for panel in section.panels[:1]:
            sys.stdout.write(f"{panel.title} {panel.answer}\n")
        if section.counts.people:
            sys.stdout.write(who_was_searched(section.counts.people) + "\n")
    for treatment in outcome.report.treatments:
        sys.stdout.write(f"{treatment.name}: {' '.join(answer(withhold_treatment(treatment)))}\n")
    inventory = outcome.report.inventory
    if inventory is not None:
        sys.stdout.write(totals(inventory) + "\n")
        for line in not_looked_at(inventory):
            sys.stdout.write(f"  {line}\n")
        if beside(inventory):
            sys.stdout.write(beside(inventory) + "\n")
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
    unread = inventory is not None and (inventory.failed or inventory.unread_folders)
    lacking = failed or outcome.photos_unused or outcome.unseen or unread
    incomplete = FAILED_SCANS if lacking else DONE
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

    The upper end of the 95 % interval of the strongest attack's rank-1 rate (of all measures where
    none was chosen), with every person who could not be searched for because scans failed counted
    as found: a sample that cannot exclude a risk above the limit does not pass. Where labels and
    images disagree, what the images say counts too.
    """
    from headrisk.statistics.label_rates import as_images_say

    lost = section.counts.unsearched
    speak = [section.strongest] if section.strongest else section.measures
    rates = [one.rank1 for one in speak if one.rank1 is not None]
    worst = max((one.high * one.n + lost) / (one.n + lost) for one in rates)
    if section.labels is not None and section.labels.code == "labels_disagree":
        seen = as_images_say(section.labels)
        worst = max(worst, seen.high if seen else 1.0)
    return worst


def _above(sections: Sequence[ModalitySection], limit: float, worst: float) -> str:
    first = [section.headline.rank1 for section in sections if section.headline]
    if max(rate.value for rate in first if rate) > limit:
        return f"The measured risk is above --fail-above {limit:g}.\n"
    return (
        f"These data cannot exclude a risk above --fail-above {limit:g}: it may be up to "
        f"{worst:.2g} (upper end of the 95 % interval, failed scans counted as found).\n"
    )
