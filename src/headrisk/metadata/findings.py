"""What a finding is, and which kinds there are.

A finding never holds the value it is about, only a mask of it: reports and tables made of findings
cannot leak what they warn of.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["direct identifier", "quasi-identifier", "technical link", "notice"]
SEVERITIES: tuple[Severity, ...] = (
    "direct identifier",
    "quasi-identifier",
    "technical link",
    "notice",
)


_DIRECT, _QUASI, _TECHNICAL, _NOTICE = SEVERITIES

# How much each kind gives away; its words stand in the report's.
SEVERITY: dict[str, Severity] = {
    "known-identifier": _DIRECT,
    "credential": _DIRECT,
    "person-name": _DIRECT,
    "staff-name": _QUASI,
    "patient-id": _DIRECT,
    "national-id": _DIRECT,
    "birth-date": _DIRECT,
    "email": _DIRECT,
    "phone": _DIRECT,
    "address": _DIRECT,
    "accession-number": _DIRECT,
    "long-number": _QUASI,
    "date": _QUASI,
    "age-over-89": _QUASI,
    "body-measure": _QUASI,
    "demographic": _QUASI,
    "free-text": _QUASI,
    "rare-combination": _QUASI,
    "rare-detail": _QUASI,
    "institution": _QUASI,
    "acquisition-time": _TECHNICAL,
    "uid": _TECHNICAL,
    "serial-number": _TECHNICAL,
    "station-name": _TECHNICAL,
    "session-setting": _TECHNICAL,
    "user-path": _TECHNICAL,
    "host-name": _TECHNICAL,
    "network-address": _TECHNICAL,
    "url": _NOTICE,
    "command-line": _TECHNICAL,
    "chosen-field": _TECHNICAL,
    "header-text": _QUASI,
    "header-extension": _QUASI,
    "trailing-bytes": _NOTICE,
    "gzip-name": _TECHNICAL,
    "gzip-comment": _QUASI,
    "gzip-time": _TECHNICAL,
    "private-attribute": _QUASI,
    "dicom-attribute": _QUASI,
    "burnt-in-text": _DIRECT,
    "screen-capture": _QUASI,
    "visible-features": _QUASI,
    "sourcedata": _DIRECT,
    "version-history": _DIRECT,
    "desktop-leftover": _NOTICE,
    "backup-file": _NOTICE,
    "archive": _NOTICE,
    "conversion-log": _NOTICE,
    "unreadable-kind": _NOTICE,
    "link-outside": _NOTICE,
}


@dataclass(frozen=True)
class Finding:
    """One place where something identifying stands.

    Attributes
    ----------
    kind
        A key of ``SEVERITY``.
    file
        Path relative to the data set, identifying parts masked.
    number
        Number of the file in the order of the walk, which tells files with equal masks apart.
    field
        Where in the file: a header field, a JSON key, a column and line, a DICOM tag.
    masked
        First character and length of the value, or a count.
    values
        Numbers that tell equal values of one run from different ones; never written anywhere.
    """

    kind: str
    file: str
    number: int
    field: str
    masked: str
    values: frozenset[int] = dataclasses.field(default=frozenset(), repr=False, compare=False)

    @property
    def severity(self) -> Severity:
        """How much it gives away."""
        return SEVERITY[self.kind]


@dataclass(frozen=True)
class Group:
    """Findings of one kind in one field, however many files hold it.

    Attributes
    ----------
    field
        The field's name, without line and place in a list.
    files, values
        Number of files, and of different values as far as they were told apart.
    example
        One of the findings, the first in the order of the walk.
    """

    kind: str
    field: str
    files: int
    values: int
    example: Finding


_PLACE = re.compile(r", line \d+$")


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Findings by kind and field, those in the most files first."""
    by_field: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_field.setdefault((finding.kind, _PLACE.sub("", finding.field)), []).append(finding)
    groups = [
        Group(
            kind,
            name,
            len({one.number for one in those}),
            len(frozenset().union(*(one.values for one in those))),
            min(those, key=lambda one: one.number),
        )
        for (kind, name), those in by_field.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.files, group.kind, group.field)))


@dataclass(frozen=True)
class Hit:
    """A value that should not be shared, before it is masked. Never leaves the memory.

    Attributes
    ----------
    field
        Header field, JSON key, column or DICOM tag; hits of one kind in one field become one
        finding.
    value
        What stands there.
    place
        Where in the field, such as a line.
    note
        Shown in place of a mask where the value is no text, such as a count.
    """

    kind: str
    field: str
    value: str = dataclasses.field(repr=False)
    place: str = ""
    note: str = ""


def mask(value: str) -> str:
    """The first character and the length; of values under four characters the length alone."""
    text = value.strip()
    plain = text[:1].isprintable() and text[:1] not in "\"'"  # quotes hide rows from readers of TSV
    shown = text[0] if len(text) > 3 and plain else ""
    return f"{shown}… ({len(text)} {'character' if len(text) == 1 else 'characters'})"


_PRIVATE_URL = re.compile(r"//[^/\s]*@|[?&;=]|~|/(?:users?|home|people|patients?)/", re.IGNORECASE)


def stays(kind: str, value: str) -> bool:
    """Whether what was found stays in a cleaned copy: notices, settings, one person's diagnosis.

    A web address stays unless a user, a query or a key stands in it.
    """
    if kind == "url":
        return _PRIVATE_URL.search(value) is None
    if kind == "rare-detail":  # merging categories is a decision about the study
        return True
    return kind == "session-setting" or SEVERITY[kind] == "notice"
