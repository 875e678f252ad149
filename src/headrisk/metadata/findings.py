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


@dataclass(frozen=True)
class Kind:
    """A kind of finding: its title, how much it gives away, why it matters and what to do."""

    title: str
    severity: Severity
    why: str
    remedy: str


_DROP = "Delete the field."
_NOT_SHARED = "Do not share it; --fix leaves it out of the copy."
_DIRECT, _QUASI, _TECHNICAL, _NOTICE = SEVERITIES

KINDS: dict[str, Kind] = {
    "known-identifier": Kind(
        "Known identifier", _DIRECT,
        "It stands on the custodian's list, or is part of a name found elsewhere in the data set.",
        "Delete or replace it.",
    ),
    "credential": Kind(
        "Password or access key", _DIRECT,
        "It opens the systems that hold the names.", "Delete it, and have it changed.",
    ),
    "person-name": Kind("Name of a person", _DIRECT, "A name identifies directly.", _DROP),
    "staff-name": Kind(
        "Name of a member of staff", _QUASI,
        "Operators and physicians are people too, and narrow down place and time.", _DROP,
    ),
    "patient-id": Kind(
        "Hospital or record number", _DIRECT,
        "Whoever has the hospital's records looks the person up by it.", _DROP,
    ),
    "national-id": Kind(
        "National identity number", _DIRECT,
        "It names one person in every register of the country.", _DROP,
    ),
    "birth-date": Kind(
        "Date of birth", _DIRECT,
        "With sex and place, a date of birth is unique for most people.",
        "Give the age in years instead.",
    ),
    "email": Kind("E-mail address", _DIRECT, "An e-mail address leads to one person.", _DROP),
    "phone": Kind("Telephone number", _DIRECT, "A telephone number leads to one person.", _DROP),
    "address": Kind("Postal address or code", _DIRECT, "An address leads to a household.", _DROP),
    "accession-number": Kind(
        "Accession, study or admission number", _DIRECT,
        "The hospital's information system finds the person by it.", _DROP,
    ),
    "long-number": Kind(
        "Long number", _QUASI,
        "A number of six digits or more may be a record number.",
        "Replace it by a number that no other system knows.",
    ),
    "date": Kind(
        "Date", _QUASI,
        "The day of a visit can be looked up in other records.",
        "Shift all dates of a person by the same number of days, to before 1925 (BIDS).",
    ),
    "age-over-89": Kind(
        "Age of 89 or more", _QUASI,
        "People of that age are few; US privacy rules call for one category.",
        "Write 89+.",
    ),
    "body-measure": Kind(
        "Height or weight", _QUASI, "Exact body measures single people out.", _DROP,
    ),
    "demographic": Kind(
        "Sex, age, origin, occupation or diagnosis", _QUASI,
        "Such details combine to a description that fits one person.",
        "Keep it in participants.tsv alone, and only if it is needed.",
    ),
    "free-text": Kind(
        "Free text", _QUASI,
        "Remarks hold names, events and findings that nobody expects there.", _DROP,
    ),
    "rare-combination": Kind(
        "Few people with the same details", _QUASI,
        "Whoever knows these details of a person finds that person's row.",
        "Give ages in bands, merge rare categories, or drop a column.",
    ),
    "institution": Kind(
        "Institution or department", _QUASI,
        "The place of the scan narrows down who was scanned.", _DROP,
    ),
    "acquisition-time": Kind(
        "Time of day of the scan", _TECHNICAL,
        "A time to the second links the scan to the scanner's log and to other copies.", _DROP,
    ),
    "uid": Kind(
        "DICOM unique identifier", _TECHNICAL,
        "A UID is the same in every copy of the scan, in the hospital's archive too.",
        "Delete it, or replace it by a new one everywhere.",
    ),
    "serial-number": Kind(
        "Serial number of a device", _TECHNICAL,
        "It tells the very scanner, so the place, and links scans.", _DROP,
    ),
    "station-name": Kind(
        "Station or application name", _TECHNICAL,
        "It tells the very scanner, so the place, and links scans.", _DROP,
    ),
    "session-setting": Kind(
        "Setting made anew for each session", _TECHNICAL,
        "Shim, table position and frequency differ each time: equal values mean the same scan.",
        _DROP,
    ),
    "user-path": Kind(
        "User name, or a path with one", _TECHNICAL,
        "Home folders bear the names of staff, and often of people scanned.", _DROP,
    ),
    "host-name": Kind(
        "Name of a computer", _TECHNICAL, "It tells the institution and its network.", _DROP,
    ),
    "network-address": Kind(
        "IP or MAC address", _TECHNICAL, "It tells the institution and its network.", _DROP,
    ),
    "url": Kind(
        "Web address", _NOTICE, "Links to internal systems hold record numbers and keys.", _DROP,
    ),
    "command-line": Kind(
        "Command line", _TECHNICAL,
        "Commands name the folders of staff and the files of people scanned.", _DROP,
    ),
    "chosen-field": Kind(
        "Field that the custodian wants removed", _TECHNICAL,
        "The custodian's rules say so.", _DROP,
    ),
    "header-text": Kind(
        "Text in an image header", _QUASI,
        "Converters copy remarks and patient numbers into these fields.", "Blank the field.",
    ),
    "header-extension": Kind(
        "Header extension", _QUASI,
        "An extension can hold a whole DICOM header, a remark or a processing history.",
        "Drop the extension.",
    ),
    "trailing-bytes": Kind(
        "Bytes outside the image", _NOTICE,
        "Bytes that no program shows can hold anything.", "Write the image anew without them.",
    ),
    "gzip-name": Kind(
        "Original name in a gzip header", _TECHNICAL,
        "The name a file had before it was packed often bears a patient's name or number.",
        "Pack the file anew without a name.",
    ),
    "gzip-comment": Kind(
        "Comment in a gzip header", _QUASI,
        "A comment can hold anything.", "Pack the file anew without a comment.",
    ),
    "gzip-time": Kind(
        "Time in a gzip header", _TECHNICAL,
        "It tells the day on which the file was packed, often that of the visit.",
        "Pack the file anew with time 0 (gzip -n).",
    ),
    "private-attribute": Kind(
        "Private DICOM attribute", _QUASI,
        "Makers store names, dates and whole protocols in private attributes.", _DROP,
    ),
    "dicom-attribute": Kind(
        "Other attribute of the DICOM profile", _QUASI,
        "PS3.15 Annex E removes or replaces it in its basic profile.", "Remove or replace it.",
    ),
    "burnt-in-text": Kind(
        "Image that says that text is burnt in", _DIRECT,
        "Names and numbers are often written into the pixels, which are not looked at.",
        "Look at the image; --fix leaves it out of the copy.",
    ),
    "screen-capture": Kind(
        "Screen capture or scanned page", _QUASI,
        "Such images often show names and numbers, and the header does not say that none are.",
        "Look at the image; --fix leaves it out of the copy.",
    ),
    "visible-features": Kind(
        "Image said to show recognisable features", _QUASI,
        "The header itself says that the person can be recognised.",
        "Deface the image (headrisk deface), then set the attribute to NO.",
    ),
    "sourcedata": Kind(
        "Folder with source data", _DIRECT,
        "Source data bear everything that was removed from the images.", _NOT_SHARED,
    ),
    "version-history": Kind(
        "History of a version control system", _DIRECT,
        "It keeps every earlier version of every file, and names and addresses of its authors. "
        "Packed objects are not searched here.",
        _NOT_SHARED,
    ),
    "desktop-leftover": Kind(
        "File left by a desktop system", _NOTICE,
        "It lists file names, also of files long deleted, or holds their previews.", _NOT_SHARED,
    ),
    "backup-file": Kind(
        "Backup or temporary file", _NOTICE,
        "It keeps what was removed from the file it was made from.", _NOT_SHARED,
    ),
    "archive": Kind(
        "Archive", _NOTICE, "Its members' names are checked, their content is not.", _NOT_SHARED,
    ),
    "conversion-log": Kind(
        "Log or working files of a program", _NOTICE,
        "Logs name users, computers, folders and times.", _NOT_SHARED,
    ),
    "unreadable-kind": Kind(
        "File of a kind that is not looked into", _NOTICE,
        "Documents, tables of office programs and pictures can hold anything.",
        "Look into it yourself; --fix leaves it out of the copy.",
    ),
    "link-outside": Kind(
        "Link that leads out of the data set", _NOTICE,
        "The target's path tells folders and users; what is behind it was not read.", _NOT_SHARED,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One place where something identifying stands.

    Attributes
    ----------
    kind
        A key of ``KINDS``.
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
        return KINDS[self.kind].severity


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
    shown = text[0] if len(text) > 3 and text[0].isprintable() else ""
    return f"{shown}… ({len(text)} {'character' if len(text) == 1 else 'characters'})"


_PRIVATE_URL = re.compile(r"//[^/\s]*@|[?&;=]|~|/(?:users?|home|people|patients?)/", re.IGNORECASE)


def stays(kind: str, value: str) -> bool:
    """Whether what was found stays in a cleaned copy: notices, and settings of the scanner.

    A web address stays unless a user, a query or a key stands in it.
    """
    if kind == "url":
        return _PRIVATE_URL.search(value) is None
    return kind == "session-setting" or KINDS[kind].severity == "notice"
