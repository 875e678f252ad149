"""What each kind of metadata finding is called, why it matters and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindWords:
    """A kind of finding in words; how much it gives away stands in ``metadata/findings.py``."""

    title: str
    why: str
    remedy: str


_DROP = "Delete the field."
_NOT_SHARED = "Do not share it; --fix leaves it out of the copy."

KINDS: dict[str, KindWords] = {
    "known-identifier": KindWords(
        "Identifier listed or found elsewhere",
        "It stands on the custodian's list, or is part of a name found elsewhere in the data set.",
        "Delete or replace it.",
    ),
    "credential": KindWords(
        "Password or access key",
        "It opens the systems that hold the names.",
        "Delete it, and have it changed.",
    ),
    "person-name": KindWords("Name of a person", "A name identifies directly.", _DROP),
    "staff-name": KindWords(
        "Name of a member of staff",
        "Operators and physicians are people too, and narrow down place and time.",
        _DROP,
    ),
    "patient-id": KindWords(
        "Hospital or record number",
        "Whoever has the hospital's records looks the person up by it.",
        _DROP,
    ),
    "national-id": KindWords(
        "National identity number",
        "It names one person in every register of the country.",
        _DROP,
    ),
    "birth-date": KindWords(
        "Date of birth",
        "With sex and place, a date of birth is unique for most people.",
        "Give the age in years instead.",
    ),
    "email": KindWords("E-mail address", "An e-mail address leads to one person.", _DROP),
    "phone": KindWords("Telephone number", "A telephone number leads to one person.", _DROP),
    "address": KindWords("Postal address or code", "An address leads to a household.", _DROP),
    "accession-number": KindWords(
        "Accession, study or admission number",
        "The hospital's information system finds the person by it.",
        _DROP,
    ),
    "long-number": KindWords(
        "Long number",
        "A number of six digits or more may be a record number.",
        "Replace it by a number that no other system knows.",
    ),
    "date": KindWords(
        "Date",
        "The day of a visit can be looked up in other records.",
        "Shift all dates of a person by the same number of days, to before 1925 (BIDS).",
    ),
    "age-over-89": KindWords(
        "Age of 89 or more",
        "People of that age are few; US privacy rules call for one category.",
        "Write 89+.",
    ),
    "body-measure": KindWords(
        "Height or weight",
        "Exact body measures single people out.",
        _DROP,
    ),
    "demographic": KindWords(
        "Sex, age, origin, occupation or diagnosis",
        "Such details combine to a description that fits one person.",
        "Keep it in participants.tsv alone, and only if it is needed.",
    ),
    "free-text": KindWords(
        "Free text",
        "Remarks hold names, events and findings that nobody expects there.",
        _DROP,
    ),
    "rare-combination": KindWords(
        "Few people with the same details",
        "Whoever knows these details of a person finds that person's row.",
        "Give ages in bands, merge rare categories, or drop a column.",
    ),
    "rare-detail": KindWords(
        "Diagnosis, trade or origin of one person alone",
        "Whoever knows the person knows the row by it.",
        "Merge rare categories, or drop the column.",
    ),
    "institution": KindWords(
        "Institution or department",
        "The place of the scan narrows down who was scanned.",
        _DROP,
    ),
    "acquisition-time": KindWords(
        "Time of day of the scan",
        "A time to the second links the scan to the scanner's log and to other copies.",
        _DROP,
    ),
    "uid": KindWords(
        "DICOM unique identifier",
        "A UID is the same in every copy of the scan, in the hospital's archive too.",
        "Delete it, or replace it by a new one everywhere.",
    ),
    "serial-number": KindWords(
        "Serial number of a device",
        "It tells the very scanner, so the place, and links scans.",
        _DROP,
    ),
    "station-name": KindWords(
        "Station or application name",
        "It tells the very scanner, so the place, and links scans.",
        _DROP,
    ),
    "session-setting": KindWords(
        "Setting made anew for each session",
        "Shim, table position and frequency differ each time: equal values mean the same scan.",
        _DROP,
    ),
    "user-path": KindWords(
        "User name, or a path with one",
        "Home folders bear the names of staff, and often of people scanned.",
        _DROP,
    ),
    "host-name": KindWords(
        "Name of a computer",
        "It tells the institution and its network.",
        _DROP,
    ),
    "network-address": KindWords(
        "IP or MAC address",
        "It tells the institution and its network.",
        _DROP,
    ),
    "url": KindWords(
        "Web address",
        "Links to internal systems hold record numbers and keys.",
        _DROP,
    ),
    "command-line": KindWords(
        "Command line",
        "Commands name the folders of staff and the files of people scanned.",
        _DROP,
    ),
    "chosen-field": KindWords(
        "Field that the custodian wants removed",
        "The custodian's rules say so.",
        _DROP,
    ),
    "header-text": KindWords(
        "Text in an image header",
        "Converters copy remarks and patient numbers into these fields.",
        "Blank the field.",
    ),
    "header-extension": KindWords(
        "Header extension",
        "An extension can hold a whole DICOM header, a remark or a processing history.",
        "Drop the extension.",
    ),
    "trailing-bytes": KindWords(
        "Bytes outside the image",
        "Bytes that no program shows can hold anything.",
        "Write the image anew without them.",
    ),
    "gzip-name": KindWords(
        "Original name in a gzip header",
        "The name a file had before it was packed often bears a patient's name or number.",
        "Pack the file anew without a name.",
    ),
    "gzip-comment": KindWords(
        "Comment in a gzip header",
        "A comment can hold anything.",
        "Pack the file anew without a comment.",
    ),
    "gzip-time": KindWords(
        "Time in a gzip header",
        "It tells the day on which the file was packed, often that of the visit.",
        "Pack the file anew with time 0 (gzip -n).",
    ),
    "private-attribute": KindWords(
        "Private DICOM attribute",
        "Makers store names, dates and whole protocols in private attributes.",
        _DROP,
    ),
    "dicom-attribute": KindWords(
        "Other attribute of the DICOM profile",
        "PS3.15 Annex E removes or replaces it in its basic profile.",
        "Remove or replace it.",
    ),
    "burnt-in-text": KindWords(
        "Image that says that text is burnt in",
        "Names and numbers are often written into the pixels, which are not looked at.",
        "Look at the image; --fix leaves it out of the copy.",
    ),
    "screen-capture": KindWords(
        "Screen capture or scanned page",
        "Such images often show names and numbers, and the header does not say that none are.",
        "Look at the image; --fix leaves it out of the copy.",
    ),
    "visible-features": KindWords(
        "Image said to show recognisable features",
        "The header itself says that the person can be recognised.",
        "Deface the image (headrisk deface), then set the attribute to NO.",
    ),
    "sourcedata": KindWords(
        "Folder with source data",
        "Source data bear everything that was removed from the images.",
        _NOT_SHARED,
    ),
    "version-history": KindWords(
        "History of a version control system",
        "It keeps every earlier version of every file, and names and addresses of its authors. "
        "Packed objects are not searched here.",
        _NOT_SHARED,
    ),
    "desktop-leftover": KindWords(
        "File left by a desktop system",
        "It lists file names, also of files long deleted, or holds their previews.",
        _NOT_SHARED,
    ),
    "backup-file": KindWords(
        "Backup or temporary file",
        "It keeps what was removed from the file it was made from.",
        _NOT_SHARED,
    ),
    "archive": KindWords(
        "Archive",
        "Its members' names are checked, their content is not.",
        _NOT_SHARED,
    ),
    "conversion-log": KindWords(
        "Log or working files of a program",
        "Logs name users, computers, folders and times.",
        _NOT_SHARED,
    ),
    "unreadable-kind": KindWords(
        "File of a kind that is not looked into",
        "Documents, tables of office programs and pictures can hold anything.",
        "Look into it yourself; --fix leaves it out of the copy.",
    ),
    "link-outside": KindWords(
        "Link that leads out of the data set",
        "The target's path tells folders and users; what is behind it was not read.",
        _NOT_SHARED,
    ),
}


def title(kind: str) -> str:
    """What a kind is called; what reports of earlier versions named in words stays as it is."""
    return KINDS[kind].title if kind in KINDS else kind
