"""Find identifying metadata in a data set, write what was found and a cleaned copy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from headrisk import __version__
from headrisk.attacks.identifying_text import (
    STAGE,
    MetadataReport,
    advancing,
    copy_sentence,
    copy_table,
    files_of,
    findings_section,
    findings_table,
    groups_table,
    severity_counts,
    summary_sentence,
    to_read_table,
    unread_table,
)
from headrisk.dataset.description import DESCRIPTION, DataSetName, name_data_set
from headrisk.errors import InputError, UsageError
from headrisk.findings.records import Internal, Report, RunRecord
from headrisk.job import Job, begin, clear_leftovers, finish, recorded, require_out, tell_swept
from headrisk.metadata.dicom_options import BASIC, Policy
from headrisk.metadata.findings import SEVERITIES, SEVERITY, Finding, Group, grouped
from headrisk.metadata.fix import LEFT_OUT, CleanedCopy, CopyPlan, plan_copy, write_copy
from headrisk.metadata.known import (
    NOBODY,
    KnownIdentifiers,
    Rule,
    read_known_identifiers,
    with_rules,
)
from headrisk.metadata.learn import with_names_of
from headrisk.metadata.pseudonyms import read_key, require_same_people
from headrisk.metadata.scan import MetadataScan, count_by_kind, list_entries, scan_metadata
from headrisk.metadata.verify import labels_of, needles_of, search_copy
from headrisk.report.html import render
from headrisk.report.read import read_json
from headrisk.report.words import metadata as words
from headrisk.report.words.metadata_kinds import KINDS
from headrisk.report.write import write_report
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog, collect_provenance
from headrisk.run.scratch import scratch_elsewhere, sweep, write_private
from headrisk.run.store import open_store

# ----------------------------------------------------------------------
# The output folder and the page of a search for identifying metadata.
# ----------------------------------------------------------------------

MOST_PLACES = 40


def public_data_set_name(root: Path, scan: MetadataScan) -> DataSetName | None:
    """The name that the data set's own description states, unless something was found there."""
    if not (root / DESCRIPTION).is_file() or any(one.file == DESCRIPTION for one in scan.findings):
        return None
    return name_data_set(root)


def write_metadata(
    report: MetadataReport,
    out: Path,
    settings: Mapping[str, Any],
    run: RunRecord,
    *,
    title: str = "",
    data: DataSetName | None = None,
) -> Path:
    """Write the whole output folder of a search; return the path of the public page.

    It is laid out like that of an audit: ``report.json`` and ``report.html`` hold counts alone,
    ``internal/`` (0700, files 0600) where each finding stands. ``settings`` are public.
    """
    tables = {
        "metadata": findings_table(report.scan),
        "metadata-fields": groups_table(report.scan),
        "unread": unread_table(report.scan),
        "to-read": to_read_table(report.scan),
    }
    if report.copy is not None:
        tables["copy"] = copy_table(report.copy)
        tables["to-read-in-copy"] = to_read_table(report.copy.left)
    public = Report(
        (findings_section(report),), settings, report.version, title=title or words.TITLE, data=data
    )
    page = render("metadata.html.j2", report=report, run=run, **_page_values(report))
    pages = {"report.html": page.encode("utf-8", "backslashreplace")}
    return write_report(public, Internal(tables=tables), out, run, pages=pages)


def _page_values(report: MetadataReport) -> dict[str, Any]:
    copy = report.copy
    left_out = [row for row in copy.files if row.action == LEFT_OUT] if copy else []
    return {
        "sentence": summary_sentence(report),
        "unread": words.unread_sentence(files_of(report.scan)),
        "to_read": words.to_read_sentence(len(report.scan.to_read)),
        "copy_sentence": copy_sentence(copy) if copy else "",
        "severities": SEVERITIES,
        "severity_counts": severity_counts(report.scan.findings),
        "kinds": KINDS,
        "groups": _by_severity(report.scan.findings),
        "left_groups": _by_severity(copy.left.findings) if copy else [],
        "counted": count_by_kind(report.scan.findings),
        "left_out": left_out,
        "most": MOST_PLACES,
        "not_looked_into": words.NOT_LOOKED_INTO,
    }


def _by_severity(
    findings: tuple[Finding, ...],
) -> list[tuple[str, list[tuple[str, list[Group]]]]]:
    """Groups of findings by severity and kind, the kinds in the most fields first."""
    by_kind: dict[str, list[Group]] = {}
    for group in grouped(findings):
        by_kind.setdefault(group.kind, []).append(group)
    ordered = sorted(by_kind.items(), key=lambda item: -len(item[1]))
    groups = [
        (severity, [item for item in ordered if SEVERITY[item[0]] == severity])
        for severity in SEVERITIES
    ]
    return [group for group in groups if group[1]]


# ----------------------------------------------------------------------
# Find identifying metadata in a data set, and write a cleaned copy that is checked again.
# ----------------------------------------------------------------------


def audit_metadata(
    job: Job,
    *,
    known_identifiers: Path | None = None,
    fix: Path | None = None,
    rng: np.random.Generator | None = None,
    rules: Mapping[str, Rule] | None = None,
    key: Path | None = None,
    policy: Policy = BASIC,
    keep_unread: tuple[str, ...] = (),
) -> tuple[Path, MetadataReport]:
    """Look through the first data set of a job; write the findings and, if asked, a cleaned copy.

    Parameters
    ----------
    job
        Data set, output folder and listener.
    known_identifiers
        The custodian's list, one identifier in each line.
    fix
        Where a cleaned copy goes: a new or empty folder outside the data set.
    rng
        Source of date shifts, new UIDs and new labels; None draws a fresh one, which is what data
        to be shared need.
    rules
        What the custodian decided of single fields and columns (``field_rules``).
    key
        Key file of an earlier copy of the same people; None makes a new key. Either way it is
        written to ``OUT/internal/key.json``.
    policy
        Options of PS3.15 and own rules for DICOM.
    keep_unread
        Names of files to be copied although they were not read.

    Returns
    -------
    The path of the public page, and what was found.

    Raises
    ------
    UsageError
        The output folder or the copy's folder cannot be used.
    InputError
        The data set, the list or the key cannot be read, or the key is of other people.
    """
    started, root = datetime.now(UTC), job.sources[0].path
    require_out(job)
    clear_leftovers(job)
    _require_no_audit(job.out)
    if fix is not None:
        require_copy_folder(fix, root, job.out)
    known, short = (
        (NOBODY, 0) if known_identifiers is None else read_known_identifiers(known_identifiers)
    )
    entries = list_entries(root)
    files = sum(entry.state != "folder" for entry in entries)
    if not files:
        raise InputError(
            f"data set {root}",
            found="a folder without any file, so that nothing can be said of it",
            expected="a folder with files",
            remedy="Check the path.",
        )
    known = with_rules(with_names_of(entries, known), rules or {})
    plan = None
    if fix is not None:
        rng = np.random.default_rng() if rng is None else rng
        plan = plan_copy(root, known, rng, None if key is None else read_key(key))
        if key is not None:
            require_same_people(read_key(key), plan.named_people, key)
    begin(job, files)
    open_store(job.out / "store")  # marks the folder as an output of headrisk
    log = CostLog()
    with stage(STAGE, files, log, recorded(job)) as listen:
        scan = scan_metadata(root, known, on_done=advancing(STAGE, files, listen))
    with ExitStack() as stack:
        copy = None
        if fix is not None and plan is not None and rng is not None:
            copy = stack.enter_context(
                clean_copy(
                    job,
                    fix,
                    scan,
                    known,
                    rng,
                    log,
                    plan=plan,
                    policy=policy,
                    keep_unread=keep_unread,
                )
            )
        report = MetadataReport(scan, len(known.originals), short, copy, __version__)
        settings = {
            "known_identifiers": known_identifiers is not None,
            "cleaned_copy": fix is not None,
        }
        provenance = collect_provenance(job.settings, ())
        run = RunRecord(started.strftime("%Y-%m-%dT%H:%M:%SZ"), provenance, tuple(log.costs))
        page = write_metadata(
            report, job.out, settings, run, title=job.title, data=public_data_set_name(root, scan)
        )
        if plan is not None:
            write_private(job.out / "internal" / "key.json", plan.key.to_bytes())
        finish(job, scan.files, len(scan.problems))
    return page, report


def _require_no_audit(out: Path) -> None:
    """Refuse to write over the report of an audit."""
    if not (out / "report.json").exists():
        return
    sections = read_json(out / "report.json").get("modalities", {})
    if any(section.get("measures") for section in sections.values()):
        raise UsageError(
            f"output folder {out}",
            found="the report of an audit, which would be written over",
            expected="a new or empty folder, or an earlier output of this command",
            remedy="Give another output folder.",
        )


def require_copy_folder(target: Path, root: Path, out: Path) -> None:
    """Refuse a folder for the copy that holds something, or that lies where it must not.

    Raises
    ------
    UsageError
        Says what stands in the way.
    """
    copy, data = Path(os.path.realpath(target)), Path(os.path.realpath(root))
    result = Path(os.path.realpath(out))
    if copy.is_relative_to(data):
        raise _unfit(target, "inside the data set, or the data set itself")
    if data.is_relative_to(copy):
        raise _unfit(target, "a folder that holds the data set")
    if result.is_relative_to(copy):
        raise _unfit(target, "a folder that holds the output folder, which is not to be shared")
    if copy.is_relative_to(result / "internal") or copy.is_relative_to(result / "store"):
        raise _unfit(target, "inside the private part of the output folder")
    if not copy.exists():
        return
    if not copy.is_dir():
        raise _unfit(target, "a file")
    if any(copy.iterdir()):
        raise _unfit(target, "a folder that is not empty")


@contextmanager
def clean_copy(
    job: Job,
    target: Path,
    scan: MetadataScan,
    known: KnownIdentifiers,
    rng: np.random.Generator,
    log: CostLog,
    *,
    plan: CopyPlan | None = None,
    policy: Policy = BASIC,
    keep_unread: tuple[str, ...] = (),
) -> Iterator[CleanedCopy]:
    """Write the copy beside its place and check it; put it in place as a whole at the end.

    What is done with the copy's record inside the ``with`` comes first, so a copy that can be seen
    is one whose report was written. A run that is killed before leaves no copy, and the same
    command can be given again.

    Raises
    ------
    UsageError
        The folder cannot be made.
    """
    root = job.sources[0].path
    target = Path(os.path.abspath(target))  # noqa: PTH100 - a link to the place stays one
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        swept = sweep(target.parent, f".{target.name}-", marked_only=True)
        if swept:
            tell_swept(swept, job)
        with scratch_elsewhere(job.out, target.parent, f".{target.name}-") as scratch:
            unfinished = scratch / "copy"
            unfinished.mkdir(mode=0o700)
            with stage("clean", scan.files, log, recorded(job)) as listen:
                rows, removed = write_copy(
                    root,
                    unfinished,
                    known,
                    rng,
                    plan=plan,
                    policy=policy,
                    keep_unread=keep_unread,
                    on_done=advancing("clean", scan.files, listen),
                )
            written = sum(row.action != LEFT_OUT for row in rows)
            with stage("check", written, log, recorded(job)) as listen:
                left = scan_metadata(unfinished, known, on_done=advancing("check", written, listen))
                needles = needles_of(removed, known, labels_of(row.copy for row in rows))
                remaining = search_copy(unfinished, needles, known)
            require_copy_folder(target, root, job.out)
            yield CleanedCopy(rows, left, remaining, len(needles.kinds))
            unfinished.chmod(0o750)
            unfinished.rename(target)
    except OSError as error:
        found = f"a place that cannot be written ({error.strerror or error})"
        raise _unfit(target, found) from error


def _unfit(target: Path, found: str) -> UsageError:
    return UsageError(
        f"folder for the copy {target}",
        found=found,
        expected="a new or empty folder outside the data set",
        remedy="Give another folder to --fix.",
    )
