"""The output folder and the page of a search for identifying metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrisk.attacks.identifying_text import (
    MetadataReport,
    copy_sentence,
    copy_table,
    files_of,
    findings_section,
    findings_table,
    groups_table,
    severity_counts,
    summary_sentence,
    unread_table,
)
from headrisk.dataset.description import DESCRIPTION, DataSetName, name_data_set
from headrisk.findings.records import Internal, Report, RunRecord
from headrisk.metadata.findings import SEVERITIES, SEVERITY, Finding, Group, grouped
from headrisk.metadata.fix import LEFT_OUT
from headrisk.metadata.scan import MetadataScan, count_by_kind
from headrisk.report.html import render
from headrisk.report.words import metadata as words
from headrisk.report.words.metadata_kinds import KINDS
from headrisk.report.write import write_report

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
    }
    if report.copy is not None:
        tables["copy"] = copy_table(report.copy)
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
