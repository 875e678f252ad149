"""Names, dates and other identifying text in the files of a data set: what leaves, what stays.

The public half are counts, never a name, place or mask. The internal tables are made from findings,
which hold masks and never a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from headrisk import __version__
from headrisk.attacks.attack import Context, Measured
from headrisk.findings.coarse import ranged, ranged_parts
from headrisk.findings.records import (
    FILES,
    CopyRow,
    Counts,
    FileRow,
    Internal,
    ModalitySection,
    Panel,
    PeopleRow,
    Table,
    Value,
)
from headrisk.job import recorded
from headrisk.metadata.anonymity import Anonymity, plain_columns
from headrisk.metadata.findings import SEVERITIES, SEVERITY, Finding, grouped
from headrisk.metadata.fix import AS_NAMED, CLEANED, COPIED, LEFT_OUT, CleanedCopy
from headrisk.metadata.known import NOBODY
from headrisk.metadata.learn import with_names_of
from headrisk.metadata.look import READ, SEARCHED, UNREAD
from headrisk.metadata.scan import MetadataScan, count_by_kind, list_entries, scan_metadata
from headrisk.report.words import metadata as words
from headrisk.report.words.metadata_kinds import KINDS
from headrisk.run.events import Advanced, Listener, stage

COLUMNS = ("number", "severity", "kind", "file", "field", "value", "why", "remedy")
STAGE = "look"


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

    def has(self, severities: Iterable[str]) -> bool:
        """Whether anything of these severities was found; with a copy, in the copy."""
        scan = self.scan if self.copy is None else self.copy.left
        return not set(severities).isdisjoint(finding.severity for finding in scan.findings)

    @property
    def incomplete(self) -> bool:
        """Whether files were not read as their own format, or the copy is not what it should be."""
        copy = self.copy
        return bool(self.scan.problems) or (
            copy is not None
            and bool(
                copy.remaining
                or copy.refused
                or copy.withheld
                or copy.count(AS_NAMED)
                or copy.left.problems
            )
        )


def files_of(scan: MetadataScan) -> words.Files:
    """How the files of a data set were looked at."""
    return words.Files(
        scan.files,
        scan.count(READ),
        scan.count(SEARCHED),
        scan.count(UNREAD),
        len(scan.to_read),
        len(scan.clean),
    )


def summary_sentence(report: MetadataReport) -> str:
    """What was found, in one or two sentences without names; as public as the report."""
    return words.summary_sentence(files_of(report.scan), severity_counts(_told(report)))


def _told(report: MetadataReport) -> tuple[Finding, ...]:
    """The findings that are counted in public.

    That few people share their details is told as a range, by the panel of people, and no finding
    beside a range from zero may say whether it is none.
    """
    return tuple(one for one in report.scan.findings if one.kind != "rare-combination")


def copy_sentence(copy: CleanedCopy) -> str:
    """What became of the copy, in a few sentences without names."""
    return words.copy_sentence(
        words.Copy(
            copied=copy.count(COPIED),
            cleaned=copy.count(CLEANED),
            left_out=copy.count(LEFT_OUT),
            named=copy.count(AS_NAMED),
            refused=copy.refused,
            withheld=copy.withheld,
            remaining=len(copy.remaining),
            found=len(copy.left.findings),
            clean=len(copy.left.clean),
            to_read=len(copy.left.to_read),
        )
    )


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings of each severity, the worst first."""
    counts = Counter(finding.severity for finding in findings)
    return {name: counts[name] for name in SEVERITIES}


def findings_section(report: MetadataReport) -> ModalitySection:
    """The section of ``report.json``: what kinds were found how often; no search took place."""
    scan = report.scan
    panels = dict([_kinds(report)])
    panels |= dict(_people(scan.classes))
    panels |= dict([_unread(scan)]) if scan.problems or scan.to_read else {}
    if report.copy is not None:
        panels |= dict([_copy(report.copy)])
    return ModalitySection(
        name=words.NAME,
        counts=Counts(scan.people, scan.images, scan.images_unread, 0, 0, 0),
        tables={
            FILES: _files_table(scan),
            **{panel.name: table for panel, table in panels.items()},
        },
        method=words.SEARCH_METHOD,
        references=words.SEARCH_REFERENCES,
        too_little=words.NOBODY_SEARCHED_FOR,
        panels=tuple(panels),
    )


SOURCE_FOLDER = "sourcedata"  # a kind of finding, whose findings are folders


def _kinds(report: MetadataReport) -> tuple[Panel, Table]:
    found = _told(report)
    values = tuple(one for one in found if one.kind != SOURCE_FOLDER)
    answer = words.kinds_answer(
        files_of(report.scan),
        severity_counts(values),
        listed=bool(report.known),
        folders=len(found) - len(values),
        source=(report.scan.source_files, report.scan.source_images),
    )
    return Panel("kinds", words.PANELS["kinds"], answer), _kinds_table(found)


def _kinds_table(findings: tuple[Finding, ...]) -> Table:
    counted = count_by_kind(findings)
    rows = tuple(
        (kind, severity, counted[kind]["findings"], counted[kind]["files"])
        for severity in SEVERITIES
        for kind in counted
        if SEVERITY[kind] == severity
    )
    return Table(("kind", "severity", "findings", "files"), rows)


def _people(classes: tuple[Anonymity, ...]) -> Iterable[tuple[Panel, Table]]:
    """One panel for the largest table of people; others stand on the internal page."""
    known = [one for one in classes if one.people and one.columns]
    if not known:
        return
    one = max(known, key=lambda item: item.people)
    # Running counts of one total, each in a bin of its own: see ``coarse``. The size of the
    # smallest class is not told: beside a range from zero it says whether anybody stands out.
    in_small, alone = ranged(one.in_small, one.people), ranged(one.alone, one.people)
    rest = max(one.people - sum(one.unique_by), 0)
    unique = ranged_parts((*one.unique_by, rest))
    shown = plain_columns(one.columns)
    answer = words.people_answer(in_small, one.people, shown, len(one.columns) - len(shown))
    rows: tuple[tuple[Value, ...], ...] = (
        (PeopleRow.ALL, one.people),
        (PeopleRow.IN_SMALL, in_small),
        ("alone with their details", alone),
        ("unique by one column", unique[0]),
        ("unique by two columns, not by one", unique[1]),
        ("unique by three columns, not by two", unique[2]),
        ("whose class tells their diagnosis or group", ranged(one.told, one.people)),
        ("tables joined", one.tables),
    )
    panel = Panel("people", words.PANELS["people"], answer)
    yield panel, Table(("what", "people"), rows)


def _files_table(scan: MetadataScan) -> Table:
    """How many files there are, and how each was looked at; of folders of source data too."""
    files = files_of(scan)
    folders = sum(one.kind == SOURCE_FOLDER for one in scan.findings)
    rows: tuple[tuple[Value, ...], ...] = (
        (FileRow.ALL, files.total),
        (FileRow.READ, files.read),
        (FileRow.SEARCHED, files.searched),
        (FileRow.UNREAD, files.unread),
        (FileRow.TO_READ, files.to_read),
        (FileRow.CLEAN, files.clean),
        (FileRow.SOURCE_FOLDERS, folders),
        (FileRow.IN_SOURCE, scan.source_files),
        (FileRow.IMAGES_IN_SOURCE, scan.source_images),
    )
    return Table(("what", "files"), rows)


def _unread(scan: MetadataScan) -> tuple[Panel, Table]:
    files = files_of(scan)
    rows: tuple[tuple[Value, ...], ...] = (
        (FileRow.ALL, files.total),
        (FileRow.READ, files.read),
        (FileRow.SEARCHED, files.searched),
        (FileRow.UNREAD, files.unread),
        (FileRow.TO_READ, files.to_read),
        (FileRow.CLEAN, files.clean),
    )
    panel = Panel("unread", words.PANELS["unread"], words.unread_answer(files))
    return panel, Table(("what", "files"), rows)


def _copy(copy: CleanedCopy) -> tuple[Panel, Table]:
    rows: tuple[tuple[Value, ...], ...] = (
        ("files copied as they were", copy.count(COPIED)),
        ("files cleaned", copy.count(CLEANED)),
        ("files called clean", len(copy.left.clean)),
        ("files to be read by a person", len(copy.left.to_read)),
        ("files left out", copy.count(LEFT_OUT)),
        ("files copied unread, by name", copy.count(AS_NAMED)),
        ("files refused because voxels would change", copy.refused),
        (CopyRow.FINDINGS, len(copy.left.findings)),
        (CopyRow.REMAINING, len(copy.remaining)),
    )
    panel = Panel("copy", words.PANELS["copy"], copy_sentence(copy))
    return panel, Table(("what", "count"), rows)


def findings_table(scan: MetadataScan) -> Table:
    """``internal/metadata.tsv``, one row for each finding."""
    rows = tuple(
        (
            f.number,
            f.severity,
            f.kind,
            f.file,
            f.field,
            f.masked,
            KINDS[f.kind].why,
            KINDS[f.kind].remedy,
        )
        for f in scan.findings
    )
    return Table(COLUMNS, rows)


def groups_table(scan: MetadataScan) -> Table:
    """``internal/metadata-fields.tsv``, one row for each kind and field, with an example place."""
    rows = tuple(
        (
            SEVERITY[g.kind],
            g.kind,
            g.field,
            g.files,
            g.values,
            g.example.file,
            g.example.field,
            g.example.masked,
        )
        for severity in SEVERITIES
        for g in grouped(scan.findings)
        if SEVERITY[g.kind] == severity
    )
    return Table(
        ("severity", "kind", "field", "files", "values", "example_file", "example_field", "value"),
        rows,
    )


def unread_table(scan: MetadataScan) -> Table:
    """``internal/unread.tsv``: files that were not read as their own format, and why."""
    rows = tuple((p.number, p.file, p.reason, p.state) for p in scan.problems)
    return Table(("number", "file", "reason", "state"), rows)


def to_read_table(scan: MetadataScan) -> Table:
    """``internal/to-read.tsv``: files with texts that only a person can judge, and where."""
    rows = tuple((one.number, one.file, "; ".join(one.places)) for one in scan.to_read)
    return Table(("number", "file", "places"), rows)


def copy_table(copy: CleanedCopy) -> Table:
    """``internal/copy.tsv``: what became of each file in the copy."""
    rows = tuple((f.number, f.file, f.action, f.reason, f.copy, copy.called(f)) for f in copy.files)
    return Table(("number", "file", "action", "reason", "copy", "called"), rows)


def seek(context: Context) -> MetadataScan | None:
    """Look for identifying text in every file of the first data set; None if it is no folder."""
    job = context.job
    if not job.sources or not job.sources[0].path.is_dir():
        return None
    root = job.sources[0].path
    entries = list_entries(root)
    files = sum(entry.state != "folder" for entry in entries)
    with stage(STAGE, files, context.log, recorded(job)) as listen:
        return scan_metadata(
            root,
            with_names_of(entries, NOBODY),
            on_done=advancing(STAGE, files, listen),
        )


def advancing(name: str, total: int, listen: Listener) -> Callable[[int, int], None]:
    """Tells a listener how many files of a stage are done, each hundred and at the end."""

    def on_done(done: int, failed: int) -> None:
        if done % 100 == 0 or done == total:
            listen(Advanced(name, done, failed))

    return on_done


def told(measured: Sequence[Measured], scan: MetadataScan | None) -> list[Measured]:
    """The modalities, with what was found in the files in the section on metadata.

    Where the metadata could not be compared there is no such section, and it gets one of its own.
    """
    if scan is None:
        return list(measured)
    found = findings_section(MetadataReport(scan, 0, 0, None, __version__))
    lists = {
        "metadata": findings_table(scan),
        "metadata-fields": groups_table(scan),
        "unread": unread_table(scan),
        "to-read": to_read_table(scan),
    }
    if all(one.section.name != words.NAME for one in measured):
        return [*measured, Measured(found, Internal(tables=lists), ())]
    return [
        one if one.section.name != words.NAME else _with_text(one, found, lists) for one in measured
    ]


def _with_text(one: Measured, found: ModalitySection, lists: Mapping[str, Table]) -> Measured:
    section = replace(
        one.section,
        panels=(*found.panels, *one.section.panels),
        tables={**found.tables, **one.section.tables},
    )
    internal = replace(one.internal, tables={**one.internal.tables, **lists})
    return replace(one, section=section, internal=internal)
