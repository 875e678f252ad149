"""Headers of image and surface formats beside NIfTI, MGH and DICOM.

NRRD (teem), MINC 1 (netCDF classic), AFNI HEAD, MRtrix, FreeSurfer surfaces, overlays and
annotations, and of scanners: Philips PAR, Siemens raw data (twix), GE P-files.

Text in MGH images: spare bytes of the header, and the tags behind the voxels.

Tags follow FreeSurfer's ``tags.h`` and the way ``mriio.cpp`` writes them.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from io import BytesIO

from headrisk.io.headers import MGH_FIELDS, MGH_HEADER
from headrisk.metadata.dicom_dictionary import rule_for
from headrisk.metadata.fields import kind_of_attribute
from headrisk.metadata.findings import Hit
from headrisk.metadata.headers import Field, Header, decoded, lines_of
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.leftovers import text_runs
from headrisk.metadata.text import printable_text, text_hits

MGH_PARAMETERS = 20
_COMMAND_LINE = 3
# A command on FreeSurfer's own files, without folders, names nobody.
_OWN_COMMAND = re.compile(
    r"(?:mri|mris|recon|talairach|AntsDenoiseImageFs)[\w-]*(?: +(?:-{1,2}[a-z_-]+|[\d.]+"
    r"|(?:orig|rawavg|nu|nu_noneg|T1|brainmask|brain|norm|wm|filled|aseg|ribbon|ctrl_pts"
    r"|[\w.+]*aparc[\w.+]*|aseg\.[\w.]+|brain\.[\w.]+|\d{3})(?:\.(?:auto|mgz|mgh))*))*"
)
_TAG_NAMES = {
    3: "command line",
    30: "old transform",
    31: "transform",
    33: "alignment",
    41: "phase direction",
    42: "frame",
    43: "field strength",
    44: "orig",
}
_TEXT_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")


def mgh_hits(header: bytes, tail: bytes, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in the spare bytes of an MGH header and in the tags behind the voxels.

    ``tail`` begins right behind the voxels.
    """
    spare = printable_text(header[MGH_FIELDS:MGH_HEADER])
    if spare.strip():
        yield Hit("header-text", "spare header bytes", spare)
        yield from text_hits(spare, "spare header bytes", known)
    for tag, content in mgh_tags(tail[MGH_PARAMETERS:]):
        place = f"tag {tag} ({_TAG_NAMES.get(tag, 'other')})" if tag else "bytes behind the tags"
        if tag == _COMMAND_LINE and not _OWN_COMMAND.fullmatch(printable_text(content)):
            yield Hit("command-line", place, printable_text(content))
        for run in _TEXT_RUN.finditer(content):
            yield from text_hits(printable_text(run[0]), place, known)


def mgh_texts(tail: bytes) -> Iterator[tuple[str, str]]:
    """Texts of tags by their place, but commands on FreeSurfer's own files."""
    for tag, content in mgh_tags(tail[MGH_PARAMETERS:]):
        text = " ".join(printable_text(run[0]) for run in _TEXT_RUN.finditer(content))
        if not (tag == _COMMAND_LINE and _OWN_COMMAND.fullmatch(printable_text(content))):
            yield f"tag {tag} ({_TAG_NAMES.get(tag, 'other')})", text


def mgh_tags(block: bytes) -> list[tuple[int, bytes]]:
    """Tags and their content; bytes that make no tag come last with number 0."""
    tags, at = [], 0
    while at + 4 <= len(block):
        (tag,) = struct.unpack(">i", block[at : at + 4])
        if tag == 0:
            break
        if tag in (1, 2, 20):  # old tags without a length
            at += 4
            continue
        wide = tag != 30
        head = 12 if wide else 8
        if at + head > len(block):
            break
        (size,) = struct.unpack(">q" if wide else ">i", block[at + 4 : at + head])
        if size < 0 or at + head + size > len(block):
            break
        tags.append((tag, block[at + head : at + head + size]))
        at += head + size
    if block[at:].strip(b"\0"):
        tags.append((0, block[at:]))
    return tags


SURFACE, CURVATURE = b"\xff\xff\xfe", b"\xff\xff\xff"
MOST_HEADER = 16 * 1024 * 1024
_NRRD_LINE = re.compile(r"([^:=#][^:=]*?):(=| )\s*(.*?)\s*")
_DICOM_KEY = re.compile(r"DICOM_([0-9A-Fa-f]{4})_([0-9A-Fa-f]{4})_\w+")
_AFNI = re.compile(
    rb"type\s*=\s*(\S+)\s+name\s*=\s*(\S+)\s+count\s*=\s*(\d+)\s*\n(?:'([^\0]*?)~\s*(?=\ntype|\Z|\n\n)|)",
)
_PATIENT = frozenset({"patient", "study"})
_MINC_NAMES = {
    "identification": "PatientID",
    "fullname": "PatientName",
    "full_name": "PatientName",
    "history": "history",
    "birthdate": "PatientBirthDate",
}
_STRUCTURE = frozenset(
    {
        "varid",
        "vartype",
        "version",
        "comments",
        "units",
        "spacing",
        "alignment",
        "dimorder",
        "signtype",
        "complete",
        "spacetype",
        "parent",
        "children",
    }
)
_STAMP = re.compile(rb"created by [^\n]* on [^\n]*")
_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")


def read_nrrd(start: bytes) -> Header:
    """Fields and key/value pairs of an NRRD header, which ends with an empty line."""
    end = re.search(rb"\r?\n\r?\n", start)
    head = start[: end.end()] if end else start
    fields = []
    for at, line in lines_of(head):
        match = _NRRD_LINE.fullmatch(line)
        if match is None or line.startswith("NRRD0"):
            if line.startswith("#") and line[1:].strip():
                fields.append(Field("comment", decoded(line[1:]), at + 1, at + len(line)))
            continue
        key, start_at = match[1], at + match.start(3)
        kind = _kind_of_dicom_key(key)
        fields.append(Field(key, decoded(match[3]), start_at, start_at + len(match[3]), kind))
    long = "" if end or len(start) < MOST_HEADER else "a header without an end"
    return Header(tuple(fields), problem=long, fixed=False)


def _kind_of_dicom_key(key: str) -> str:
    match = _DICOM_KEY.fullmatch(key)
    if match is None:
        return ""
    tag = int(match[1] + match[2], 16)
    rule = rule_for(tag)
    return "" if rule is None else kind_of_attribute(tag, rule.vr, rule.name)


def read_mrtrix(start: bytes) -> Header:
    """Keys and values of an MRtrix image or track file, up to the line END."""
    fields: list[Field] = []
    for at, line in lines_of(start):
        if line.strip() == "END":
            return Header(tuple(fields))
        key, colon, value = line.partition(":")
        if colon and value.strip():
            place = at + len(key) + 1
            name = "command line" if key == "command_history" else key
            fields.append(Field(name, decoded(value), place, at + len(line)))
    return Header(tuple(fields), problem="a header without an end")


def read_minc(raw: bytes) -> Header:
    """Text attributes of a MINC 1 file."""
    from scipy.io import netcdf_file

    fields = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with netcdf_file(BytesIO(raw), "r", mmap=False) as file:
                holders = [("", file._attributes)]  # type: ignore[attr-defined]
                holders += [
                    (name, variable._attributes)  # type: ignore[attr-defined]
                    for name, variable in file.variables.items()
                ]
                texts = [
                    (name, str(key), value.decode("latin-1"))
                    for name, attributes in holders
                    for key, value in attributes.items()
                    if isinstance(value, bytes)
                ]
    except (
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        OverflowError,
        MemoryError,
        OSError,
        AssertionError,
        struct.error,
        EOFError,
    ) as error:
        return Header((), problem=f"damaged netCDF ({type(error).__name__})")
    for holder, key, value in texts:
        if key in _STRUCTURE:
            fields.append(Field(f"{holder} {key}", decoded(value)))
            continue
        name = _MINC_NAMES.get(key, key)
        kind = "command-line" if key == "history" else ""
        if holder in _PATIENT and name == key:
            kind = "demographic" if holder == "patient" else ""
        fields.append(Field(name, decoded(value), kind=kind))
    return Header(tuple(fields))


def is_afni(raw: bytes) -> bool:
    """Whether a text is the header of an AFNI data set."""
    return _AFNI.search(raw[:4096]) is not None


def read_afni(raw: bytes) -> Header:
    """String attributes of an AFNI HEAD file."""
    fields = []
    for match in _AFNI.finditer(raw):
        if match[4] is None:
            continue
        name, text = match[2].decode("latin-1"), match[4].decode("latin-1")
        kind = {"HISTORY_NOTE": "command-line", "IDCODE_DATE": "date"}.get(name, "")
        if name.startswith("NOTE_NUMBER"):
            kind = "free-text"
        fields.append(Field(name, decoded(text), *match.span(4), kind))
    return Header(tuple(fields))


def read_surface(raw: bytes) -> Header:
    """Texts of a FreeSurfer surface or overlay: its stamp and what follows its numbers."""
    if raw.startswith(SURFACE):
        end = raw.find(b"\n\n", 0, 4096)
        at = end + 2
        if end < 0 or len(raw) < at + 8:
            return Header((), problem="a surface that is cut off")
        vertices, faces = struct.unpack_from(">ii", raw, at)
        numbers = at + 8 + 12 * (vertices + faces)
        fields = [
            Field("stamp", m[0].decode("latin-1"), *m.span(), "staff-name", b"created by headrisk")
            for m in _STAMP.finditer(raw, 3, end)
        ]
        if b"created by headrisk" in raw[:end]:
            fields = []
        if not fields and b"created by headrisk" not in raw[:end]:
            fields = [Field("stamp", raw[3:end].decode("latin-1"), 3, end)]
    else:
        vertices, _, each = struct.unpack_from(">iii", raw, 3) if len(raw) >= 15 else (-1, 0, 1)
        numbers, fields = 15 + 4 * vertices * max(each, 1), []
    if vertices < 0 or numbers > len(raw):
        return Header((), problem="shorter than its header says")
    return Header((*fields, *_tail_fields(raw, numbers)))


def read_annotation(raw: bytes) -> Header:
    """Texts of a FreeSurfer annotation's colour table, which names the file it was made from."""
    count = struct.unpack_from(">i", raw)[0] if len(raw) >= 4 else -1
    numbers = 4 + 8 * count
    if count < 0 or numbers > len(raw):
        return Header((), problem="shorter than its header says")
    return Header(tuple(_tail_fields(raw, numbers)))


def _tail_fields(raw: bytes, at: int) -> list[Field]:
    tags = {content: tag for tag, content in mgh_tags(raw[at:])}
    fields = []
    for run in _RUN.finditer(raw, at):
        commands = [c for c, tag in tags.items() if tag == 3 and c and run[0] in c]
        text = run[0].decode("latin-1")
        kind = "command-line" if commands and "/" in text else ""
        fields.append(Field("text behind the numbers", decoded(text), *run.span(), kind))
    return fields


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
    "PatientBirthDay": "PatientBirthDate",
    "PatientsName": "PatientName",
    "PerfPhysiciansName": "PerformingPhysicianName",
    "RefPhysicianName": "ReferringPhysicianName",
    "OperatorName": "OperatorsName",
    "PatientLOID": "PatientID",
    "StudyLOID": "StudyInstanceUID",
    "PatientHeight": "PatientSize",
    "PatientLanguage": "",
    "Patient": "PatientID",
}
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
            fields.append(
                Field(
                    match[1],
                    decoded(match[2]),
                    start,
                    start + len(match[2]),
                    blank=b"" if "date/time" in match[1] else None,
                )
            )
        elif match := _PAR_DATA_SET.fullmatch(line):
            fields.append(
                Field(
                    "Dataset name",
                    decoded(match[1]),
                    at + match.start(1),
                    at + match.end(1),
                    "user-path",
                    b"",
                )
            )
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
