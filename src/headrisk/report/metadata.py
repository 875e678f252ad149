"""The output of a search for identifying metadata: public counts, internal tables and a page.

All of it is made from findings, which hold masks and never a value.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrisk.metadata.anonymity import SMALL_CLASS, Anonymity
from headrisk.metadata.findings import KINDS, SEVERITIES, Finding
from headrisk.metadata.fix import CLEANED, COPIED, LEFT_OUT, CleanedCopy
from headrisk.metadata.scan import MetadataScan, count_by_kind
from headrisk.report.html import render
from headrisk.report.json_tsv import canonical_json, table_text
from headrisk.report.model import Table
from headrisk.report.private import write_private

SCHEMA_VERSION = "1.0"
JSON_NAME, PAGE_NAME, TABLE_NAME = "metadata.json", "metadata.html", "metadata.tsv"
COPY_NAME, UNREAD_NAME = "metadata-copy.tsv", "metadata-unread.tsv"
COLUMNS = ("number", "severity", "kind", "file", "field", "value", "why", "remedy")
MOST_PLACES = 40
FEW = f"<{SMALL_CLASS}"


@dataclass(frozen=True)
class MetadataReport:
    """What a search for identifying metadata gave.

    Attributes
    ----------
    scan
        Findings and files that were not read.
    known
        Number of lines in the custodian's list.
    short
        Lines of it too short to look for.
    copy
        The cleaned copy, None where none was asked for.
    """

    scan: MetadataScan
    known: int
    short: int
    copy: CleanedCopy | None
    version: str

    @property
    def incomplete(self) -> bool:
        """Whether files were not read, or the copy still holds what was removed."""
        return bool(self.scan.problems) or (self.copy is not None and bool(self.copy.remaining))


def summary_sentence(report: MetadataReport) -> str:
    """What was found, in one sentence without names."""
    files = f"{report.scan.files:,} {_plural(report.scan.files, 'file')}"
    counts = severity_counts(report.scan.findings)
    parts = [
        f"{counts[name]:,} {_plural(counts[name], name)}" for name in SEVERITIES if counts[name]
    ]
    if not parts:
        return f"Nothing was found in {files}."
    return f"In {files}: {', '.join(parts)}."


def copy_sentence(copy: CleanedCopy) -> str:
    """What became of the copy, in one or two sentences without names."""
    left = len(copy.left.findings)
    said = (
        f"The copy holds {copy.count(COPIED) + copy.count(CLEANED):,} files, "
        f"{copy.count(CLEANED):,} of them cleaned; {copy.count(LEFT_OUT):,} were left out. "
    )
    if copy.remaining:
        return said + (
            f"{len(copy.remaining):,} removed values still stand in it: do not share it as it is."
        )
    found = f"{left:,} {_plural(left, 'finding')}" if left else "nothing"
    return said + (
        f"A second look finds {found} in it, and no byte of it holds a value that was removed "
        "or listed."
    )


def severity_counts(findings: Iterable[Finding]) -> Counter[str]:
    """Number of findings of each severity."""
    return Counter(finding.severity for finding in findings)


def public_summary(report: MetadataReport) -> dict[str, Any]:
    """``metadata.json``: counts of findings, files and people; no name, place or mask.

    Numbers of people between 1 and 4 are given as ``<5``.
    """
    scan = report.scan
    out: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "version": report.version,
        "settings": {"known_identifiers": report.known > 0},
        "counts": {"files": scan.files, "folders": scan.folders, "unread": len(scan.problems)},
        **_counted(scan.findings),
        "people": [_public_classes(classes) for classes in scan.classes],
    }
    if report.copy is not None:
        copy = report.copy
        out["copy"] = {
            "copied": copy.count(COPIED),
            "cleaned": copy.count(CLEANED),
            "left_out": copy.count(LEFT_OUT),
            "remaining_values": len(copy.remaining),
            **_counted(copy.left.findings),
        }
    return out


def _counted(findings: tuple[Finding, ...]) -> dict[str, Any]:
    severities = severity_counts(findings)
    return {
        "severities": {name: severities[name] for name in SEVERITIES},
        "kinds": {
            kind: {"severity": KINDS[kind].severity, **numbers}
            for kind, numbers in count_by_kind(findings).items()
        },
    }


def _public_classes(classes: Anonymity) -> dict[str, Any]:
    pairs = classes.in_small - classes.alone
    hidden = 0 < pairs < SMALL_CLASS  # would be told by the difference of two larger numbers
    return {
        "quasi_identifiers": len(classes.columns),
        "people": _few(classes.people),
        "in_classes_under_5": _few(classes.in_small),
        "alone": "withheld" if hidden else _few(classes.alone),
        "smallest_class": _few(classes.smallest),
    }


def _few(number: int) -> int | str:
    return FEW if 0 < number < SMALL_CLASS else number


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


def unread_table(scan: MetadataScan) -> Table:
    """``internal/metadata-unread.tsv``: files that were not read as a whole, and why."""
    rows = tuple((p.number, p.file, p.reason) for p in scan.problems)
    return Table(("number", "file", "reason"), rows)


def copy_table(copy: CleanedCopy) -> Table:
    """``internal/metadata-copy.tsv``: what became of each file in the copy."""
    rows = tuple((f.number, f.file, f.action, f.reason, f.copy) for f in copy.files)
    return Table(("number", "file", "action", "reason", "copy"), rows)


def write_metadata(report: MetadataReport, out: Path) -> Path:
    """Write the findings below ``out``; return the path of the internal page.

    ``internal/`` is for the owner alone (0700, files 0600); only counts are public.
    """
    out.mkdir(parents=True, exist_ok=True)
    internal = out / "internal"
    internal.mkdir(mode=0o700, exist_ok=True)
    page = render("metadata.html.j2", report=report, **_page_values(report))
    tables = {TABLE_NAME: findings_table(report.scan), UNREAD_NAME: unread_table(report.scan)}
    if report.copy is not None:
        tables[COPY_NAME] = copy_table(report.copy)
    for name, table in tables.items():
        write_private(internal / name, table_text(table).encode("utf-8", "backslashreplace"))
    write_private(internal / PAGE_NAME, page.encode("utf-8", "backslashreplace"))
    content = canonical_json(public_summary(report)).encode()
    stage = Path(tempfile.mkdtemp(prefix=".metadata-", dir=out))
    try:
        (stage / JSON_NAME).write_bytes(content)
        (stage / JSON_NAME).chmod(0o644)
        (stage / JSON_NAME).replace(out / JSON_NAME)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return internal / PAGE_NAME


def _page_values(report: MetadataReport) -> dict[str, Any]:
    copy = report.copy
    left_out = [row for row in copy.files if row.action == LEFT_OUT] if copy else []
    return {
        "sentence": summary_sentence(report),
        "copy_sentence": copy_sentence(copy) if copy else "",
        "severities": SEVERITIES,
        "severity_counts": severity_counts(report.scan.findings),
        "kinds": KINDS,
        "groups": _by_severity(report.scan.findings),
        "left_groups": _by_severity(copy.left.findings) if copy else [],
        "counted": count_by_kind(report.scan.findings),
        "left_out": left_out,
        "most": MOST_PLACES,
    }


def _by_severity(
    findings: tuple[Finding, ...],
) -> list[tuple[str, list[tuple[str, list[Finding]]]]]:
    """Findings by severity and kind, those with the most places first."""
    by_kind: dict[str, list[Finding]] = {}
    for finding in findings:
        by_kind.setdefault(finding.kind, []).append(finding)
    ordered = sorted(by_kind.items(), key=lambda item: -len(item[1]))
    groups = [
        (severity, [item for item in ordered if KINDS[item[0]].severity == severity])
        for severity in SEVERITIES
    ]
    return [group for group in groups if group[1]]


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
