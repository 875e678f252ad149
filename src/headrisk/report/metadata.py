"""The output of a search for identifying metadata: public counts, internal tables, two pages.

All of it is made from findings, which hold masks and never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrisk.metadata.findings import KINDS, SEVERITIES, Finding, Group, grouped
from headrisk.metadata.fix import LEFT_OUT, CleanedCopy
from headrisk.metadata.scan import MetadataScan, count_by_kind
from headrisk.report.html import render
from headrisk.report.metadata_part import (
    TITLE,
    MetadataReport,
    copy_sentence,
    findings_section,
    severity_counts,
    summary_sentence,
    unread_sentence,
)
from headrisk.report.model import Internal, Report, RunRecord, Table
from headrisk.report.wording import NOT_LOOKED_INTO
from headrisk.report.write import write_report

COLUMNS = ("number", "severity", "kind", "file", "field", "value", "why", "remedy")
MOST_PLACES = 40


def findings_table(scan: MetadataScan) -> Table:
    """``internal/metadata.tsv``, one row for each finding."""
    rows = tuple(
        (
            f.number, f.severity, f.kind, f.file, f.field, f.masked,
            KINDS[f.kind].why, KINDS[f.kind].remedy,
        )
        for f in scan.findings
    )  # fmt: skip
    return Table(COLUMNS, rows)


def groups_table(scan: MetadataScan) -> Table:
    """``internal/metadata-fields.tsv``, one row for each kind and field, with an example place."""
    rows = tuple(
        (
            KINDS[g.kind].severity, g.kind, g.field, g.files, g.values, g.example.file,
            g.example.field, g.example.masked,
        )
        for severity in SEVERITIES
        for g in grouped(scan.findings)
        if KINDS[g.kind].severity == severity
    )  # fmt: skip
    return Table(
        ("severity", "kind", "field", "files", "values", "example_file", "example_field", "value"),
        rows,
    )


def unread_table(scan: MetadataScan) -> Table:
    """``internal/unread.tsv``: files that were not read as their own format, and why."""
    rows = tuple((p.number, p.file, p.reason, p.state) for p in scan.problems)
    return Table(("number", "file", "reason", "state"), rows)


def copy_table(copy: CleanedCopy) -> Table:
    """``internal/copy.tsv``: what became of each file in the copy."""
    rows = tuple((f.number, f.file, f.action, f.reason, f.copy) for f in copy.files)
    return Table(("number", "file", "action", "reason", "copy"), rows)


def write_metadata(
    report: MetadataReport, out: Path, settings: Mapping[str, Any], run: RunRecord
) -> Path:
    """Write the whole output folder of a search; return the path of the public page.

    It is laid out like that of an audit: ``report.json`` and ``report.html`` hold counts alone,
    ``internal/`` (0700, files 0600) where each finding stands. ``settings`` are public.
    """
    tables = {
        "metadata": findings_table(report.scan),
        "metadata-fields": groups_table(report.scan),
        "unread": unread_table(report.scan),
    }
    if report.copy is not None:
        tables["copy"] = copy_table(report.copy)
    public = Report((findings_section(report),), settings, report.version, title=TITLE)
    page = render("metadata.html.j2", report=report, run=run, **_page_values(report))
    pages = {"report.html": page.encode("utf-8", "backslashreplace")}
    return write_report(public, Internal(tables=tables), out, run, pages=pages)


def _page_values(report: MetadataReport) -> dict[str, Any]:
    copy = report.copy
    left_out = [row for row in copy.files if row.action == LEFT_OUT] if copy else []
    return {
        "sentence": summary_sentence(report),
        "unread": unread_sentence(report.scan),
        "copy_sentence": copy_sentence(copy) if copy else "",
        "severities": SEVERITIES,
        "severity_counts": severity_counts(report.scan.findings),
        "kinds": KINDS,
        "groups": _by_severity(report.scan.findings),
        "left_groups": _by_severity(copy.left.findings) if copy else [],
        "counted": count_by_kind(report.scan.findings),
        "left_out": left_out,
        "most": MOST_PLACES,
        "not_looked_into": NOT_LOOKED_INTO,
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
        (severity, [item for item in ordered if KINDS[item[0]].severity == severity])
        for severity in SEVERITIES
    ]
    return [group for group in groups if group[1]]
