"""The public half of a search for identifying metadata: counts, never a name, place or mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from headrisk.metadata.anonymity import Anonymity, plain_columns
from headrisk.metadata.findings import KINDS, SEVERITIES, Finding
from headrisk.metadata.fix import AS_NAMED, CLEANED, COPIED, LEFT_OUT, CleanedCopy
from headrisk.metadata.look import READ, SEARCHED, UNREAD
from headrisk.metadata.scan import MetadataScan, count_by_kind
from headrisk.report.coarse import SMALLEST_CELL, ranged
from headrisk.report.model import Counts, ModalitySection, Panel, Table, Value

NAME = "metadata"
TITLE = "Identifying metadata of a head MRI data set"
METHOD = (
    "Every name of the data set was looked at, and every file read as its own format where that "
    "is known; other files were searched as bytes for text, or not read, and are counted so. "
    "DICOM attributes were judged by the basic profile of PS3.15 Annex E (Table E.1-1, edition "
    "2026c), fields of sidecars, tables and headers by their names and values, and all other text "
    "by its form.",
    "People count as sharing their details when all quasi-identifiers are equal, ages, heights and "
    "weights in whole units. Tables that say whose row each is were joined by participant; columns "
    "were chosen by the words of their names. A person is unique by few columns when nobody else "
    "has these values of one, two or three of them (SUDA).",
)
REFERENCES = (
    "DICOM PS3.15, Annex E: Attribute Confidentiality Profiles. National Electrical Manufacturers "
    "Association.",
    "Sweeney L (2002). k-anonymity: a model for protecting privacy. Int J Uncertain Fuzz "
    "10:557-570.",
    "Elliot MJ, Manning AM, Ford RW (2002). A computational algorithm for handling the special "
    "uniques problem. Int J Uncertain Fuzz 10:493-509.",
    "Machanavajjhala A et al. (2007). l-diversity: privacy beyond k-anonymity. ACM Trans Knowl "
    "Discov Data 1:3.",
    "Gorgolewski KJ et al. (2016). The brain imaging data structure, a format for organizing and "
    "describing outputs of neuroimaging experiments. Sci Data 3:160044.",
)


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


def summary_sentence(report: MetadataReport) -> str:
    """What was found, in one sentence without names."""
    files = f"{report.scan.files:,} {_plural(report.scan.files, 'file')}"
    counts = severity_counts(report.scan.findings)
    parts = [
        f"{counts[name]:,} {_plural(counts[name], name)}" for name in SEVERITIES if counts[name]
    ]
    if not parts:
        read = report.scan.count(READ)
        if read == report.scan.files:
            return f"Nothing was found in {files}."
        return f"Nothing was found in {read:,} of {files}. {unread_sentence(report.scan)}"
    found = f"In {files}: {', '.join(parts)}."
    return f"{found} {unread_sentence(report.scan)}".strip()


def unread_sentence(scan: MetadataScan) -> str:
    """How many files were not read as their own format; "" where all were."""
    searched, unread = scan.count(SEARCHED), scan.count(UNREAD)
    said = []
    if searched:
        said.append(f"{searched:,} {_were(searched)} only searched as bytes")
    if unread:
        said.append(f"{unread:,} {_were(unread)} not read")
    return f"Of {scan.files:,} {_plural(scan.files, 'file')} {' and '.join(said)}." if said else ""


def copy_sentence(copy: CleanedCopy) -> str:
    """What became of the copy, in one or two sentences without names."""
    left = len(copy.left.findings)
    held, out = copy.count(COPIED) + copy.count(CLEANED), copy.count(LEFT_OUT)
    said = (
        f"The copy holds {held:,} {_plural(held, 'file')}, {copy.count(CLEANED):,} of them "
        f"cleaned; {out:,} {_were(out)} left out"
    )
    reasons = []
    if copy.refused:
        reasons.append(f"{copy.refused:,} because their voxels would have changed")
    if copy.withheld:
        reasons.append(f"{copy.withheld:,} that cannot be cleaned")
    said += f", of them {' and '.join(reasons)}. " if reasons else ". "
    if named := copy.count(AS_NAMED):
        they = "it was" if named == 1 else "they were"
        said += f"{named:,} more {_were(named)} copied unread because {they} named. "
    if copy.remaining:
        values = len(copy.remaining)
        stand = "value still stands" if values == 1 else "values still stand"
        return said + f"{values:,} removed {stand} in it: do not share it as it is."
    found = f"{left:,} {_plural(left, 'finding')}" if left else "nothing"
    return said + (
        f"A second look finds {found} in it, and no byte of it holds a value that was removed "
        "or listed."
    )


def severity_counts(findings: Iterable[Finding]) -> Counter[str]:
    """Number of findings of each severity."""
    return Counter(finding.severity for finding in findings)


def findings_section(report: MetadataReport) -> ModalitySection:
    """The section of ``report.json``: what kinds were found how often; no search took place."""
    scan = report.scan
    panels = dict([_kinds(report)])
    panels |= dict(_people(scan.classes))
    panels |= dict([_unread(scan)]) if scan.problems else {}
    if report.copy is not None:
        panels |= dict([_copy(report.copy)])
    return ModalitySection(
        name=NAME,
        counts=Counts(scan.people, scan.images, scan.images_unread, 0, 0, 0),
        tables={panel.name: table for panel, table in panels.items()},
        method=METHOD,
        references=REFERENCES,
        too_little="Nobody was searched for: an audit measures how well metadata link people.",
        panels=tuple(panels),
    )


def _kinds(report: MetadataReport) -> tuple[Panel, Table]:
    answer = summary_sentence(report)
    if report.known:
        answer += " The custodian's own list of identifiers was searched for too."
    table = _kinds_table(report.scan.findings)
    return Panel("kinds", "Which identifying metadata were found?", answer), table


def _kinds_table(findings: tuple[Finding, ...]) -> Table:
    counted = count_by_kind(findings)
    rows = tuple(
        (KINDS[kind].title, severity, counted[kind]["findings"], counted[kind]["files"])
        for severity in SEVERITIES
        for kind in counted
        if KINDS[kind].severity == severity
    )
    return Table(("kind", "severity", "findings", "files"), rows)


def _people(classes: tuple[Anonymity, ...]) -> Iterable[tuple[Panel, Table]]:
    """One panel for the largest table of people; others stand on the internal page."""
    known = [one for one in classes if one.people and one.columns]
    if not known:
        return
    one = max(known, key=lambda item: item.people)
    # Running counts of one total, each in a bin of its own: see ``coarse``.
    in_small, alone = ranged(one.in_small, one.people), ranged(one.alone, one.people)
    answer = (
        f"{in_small} of {one.people} people share their "
        f"{len(one.columns)} quasi-identifiers with fewer than four others. Who knows these "
        "details of a person finds that person's row, or one of a few."
    )
    rows: tuple[tuple[Value, ...], ...] = (
        ("people in the table", one.people),
        ("in classes of fewer than 5", in_small),
        ("alone with their details", alone),
        ("smallest class", _few(one.smallest)),
        ("unique by one column", _few(one.unique_by[0])),
        ("unique by two columns, not by one", _few(one.unique_by[1])),
        ("unique by three columns, not by two", _few(one.unique_by[2])),
        ("whose class tells their diagnosis or group", _few(one.told)),
        ("tables joined", one.tables),
    )
    shown = plain_columns(one.columns)
    unnamed = len(one.columns) - len(shown)
    answer += f" Columns: {', '.join(shown) or 'none with a plain name'}" + (
        f", and {unnamed} more." if unnamed else "."
    )
    panel = Panel("people", "How many people stand out by their details?", answer)
    yield panel, Table(("what", "people"), rows)


def _unread(scan: MetadataScan) -> tuple[Panel, Table]:
    answer = (
        f"{unread_sentence(scan)} None of them is called clean, and the copy leaves them out "
        "unless they are named."
    )
    rows: tuple[tuple[Value, ...], ...] = (
        ("all", scan.files),
        ("read as their own format", scan.count(READ)),
        ("searched as bytes", scan.count(SEARCHED)),
        ("not read", scan.count(UNREAD)),
    )
    return Panel("unread", "What was not read?", answer), Table(("what", "files"), rows)


def _copy(copy: CleanedCopy) -> tuple[Panel, Table]:
    rows: tuple[tuple[Value, ...], ...] = (
        ("files copied as they were", copy.count(COPIED)),
        ("files cleaned", copy.count(CLEANED)),
        ("files left out", copy.count(LEFT_OUT)),
        ("files copied unread, by name", copy.count(AS_NAMED)),
        ("files refused because voxels would change", copy.refused),
        ("findings in the copy", len(copy.left.findings)),
        ("removed values that still stand in it", len(copy.remaining)),
    )
    panel = Panel("copy", "What became of the cleaned copy?", copy_sentence(copy))
    return panel, Table(("what", "count"), rows)


def _few(number: int) -> int | str:
    return f"<{SMALLEST_CELL}" if 0 < number < SMALLEST_CELL else number


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
