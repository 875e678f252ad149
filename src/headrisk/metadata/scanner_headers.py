"""Headers of scanners' own formats: Philips PAR, Siemens raw data (twix), GE P-files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headrisk.metadata.headers import Field, Header, decoded, lines_of
from headrisk.metadata.leftovers import text_runs

_PAR_LINE = re.compile(r"\.\s*([^:]+?)\s*:\s*(.*?)\s*")
_PAR_DATA_SET = re.compile(r"#\s*Dataset name:\s*(.*\S)\s*")
_PAR_TABLE = re.compile(r"[\s\d.eE+-]*")
_TWIX_VALUE = re.compile(
    rb"<Param\w+\.\"(\w+)\">\s*\{(?:\s*<(?!Param)[^>]*>\s*(?:\"[^\"]*\"|[\d.-]+))*\s*\"([^\"]*)\"\s*\}"
)
_TWIX_MARK = re.compile(rb"<XProtocol>|<Param\w+\.\"")
_P_FILE = re.compile(r"p\d{5}(?:\..*)?\.7", re.I)
_TYPE_LETTERS = re.compile(r"^(?:t|s|al|l|fl|d|uc|ul|b)(?=[A-Z])")
# What Siemens calls the fields that are named otherwise elsewhere.
_TWIX_NAMES = {
    "PatientBirthDay": "PatientBirthDate", "PatientsName": "PatientName",
    "PerfPhysiciansName": "PerformingPhysicianName", "RefPhysicianName": "ReferringPhysicianName",
    "OperatorName": "OperatorsName", "PatientLOID": "PatientID", "StudyLOID": "StudyInstanceUID",
    "PatientHeight": "PatientSize", "PatientLanguage": "", "Patient": "PatientID",
}  # fmt: skip
_SHORT = 4


def is_par(start: bytes) -> bool:
    """Whether a file begins as the header of a Philips PAR/REC pair."""
    return b"DATA DESCRIPTION FILE" in start[:2000]


def read_par(raw: bytes) -> Header:
    """Fields of a PAR file: lines of names and values, and remarks."""
    fields = []
    for at, line in lines_of(raw):
        match = _PAR_LINE.fullmatch(line)
        if match and match[2]:
            start = at + match.start(2)
            fields.append(Field(match[1], decoded(match[2]), start, start + len(match[2]),
                                blank=b"" if "date/time" in match[1] else None))  # fmt: skip
        elif match := _PAR_DATA_SET.fullmatch(line):
            fields.append(Field("Dataset name", decoded(match[1]), at + match.start(1),
                                at + match.end(1), "user-path", b""))  # fmt: skip
        elif line.strip() and not _PAR_TABLE.fullmatch(line):
            text = line.lstrip("#. ")
            start = at + line.index(text) if text else at
            fields.append(Field("header line", decoded(text), start, start + len(text)))
    return Header(tuple(fields), fixed=False)


def is_twix(name: str, start: bytes) -> bool:
    """Whether a file is Siemens raw data, by its name and the protocol in its beginning."""
    return name.endswith(".dat") and _TWIX_MARK.search(start) is not None


def read_twix(raw: bytes) -> Header:
    """Fields of the protocol in Siemens raw data; what follows it is measured data."""
    fields = []
    for match in _TWIX_VALUE.finditer(raw):
        name = _TYPE_LETTERS.sub("", match[1].decode("latin-1"))
        name = _TWIX_NAMES.get(name, name)
        fields.append(Field(name, decoded(match[2].decode("latin-1")), *match.span(2)))
    named = {field.value for field in fields}
    fields += [
        Field("text of the header", run.strip())
        for run in text_runs(raw)
        if not _TWIX_MARK.search(run.encode("latin-1", "replace")) and run.strip() not in named
    ]
    return Header(
        tuple(fields), searched="raw data of a scanner: its header was read, not the rest"
    )


def is_p_file(name: str) -> bool:
    """Whether a file is named as GE's raw data are."""
    return _P_FILE.fullmatch(name) is not None


def read_p_file(raw: bytes) -> Header:
    """Texts of the header of GE raw data, whose layout differs between releases."""
    fields = tuple(_texts(raw))
    return Header(fields, searched="raw data of a scanner: searched as bytes")


def _texts(raw: bytes) -> Iterator[Field]:
    for run in text_runs(raw):
        text = run.strip()
        if len(text) >= _SHORT and sum(map(str.isalnum, text)) * 2 > len(text):
            yield Field("text of the header", text, kind="header-text" if " " in text else "")
