"""Headers of recordings: EDF and BDF with their annotations, BrainVision headers and markers, FIF.

Field places of EDF+ follow Kemp and Olivan (2003), Clin Neurophysiol 114:1755-1761, tags of FIF
the lists of https://github.com/mne-tools/fiff-constants.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from headrisk.metadata.closed import open_words
from headrisk.metadata.columns import is_prose_of_people, tells_of_a_life
from headrisk.metadata.headers import Field, Header, decoded, lines_of
from headrisk.metadata.told import is_of_person

EDF, BDF = b"0       ", b"\xffBIOSEMI"
_FIXED, _SIGNAL = 256, 256
_MOST_SIGNALS, _MOST_RECORDS = 100_000, 10_000_000
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_EDF_DATE = re.compile(r"\d\d-(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)-\d{4}", re.I)
_TEXT = re.compile(rb"\x14([^\x14\x00]+)")
_INI = re.compile(r"([^=\[;][^=]*?)\s*=\s*(.*)")
_MARK_DATE = re.compile(r"(?<!\d)(?:19|20)\d{18}(?!\d)")
_POINTERS = {"DataFile": ".eeg", "MarkerFile": ".vmrk", "HeaderFile": ".vhdr"}


def is_edf(start: bytes) -> bool:
    """Whether a file begins as EDF or BDF."""
    return start.startswith(BDF) or (start.startswith(EDF) and len(start) >= _FIXED)


def read_edf(path: Path, size: int) -> Header:
    """Fields of an EDF or BDF file, and the texts of its annotations.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as handle:
        head = handle.read(_FIXED)
        fields = list(_patient(head[8:88], 8)) + list(_recording(head[88:168], 88))
        day, clock = head[168:176].decode("latin-1"), head[176:184].decode("latin-1")
        if day not in ("01.01.85", "01.01.00"):
            fields.append(Field("start date", day, 168, 176, "date", b"01.01.85"))
        if clock not in ("00.00.00", "00:00:00"):
            fields.append(Field("start time", clock, 176, 184, "acquisition-time", b"00.00.00"))
        try:
            length, records, signals = (
                int(head[a:b]) for a, b in ((184, 192), (236, 244), (252, 256))
            )
        except ValueError:
            return Header(tuple(fields), problem="a header whose numbers cannot be read")
        if not 0 <= signals <= _MOST_SIGNALS or length != _FIXED + _SIGNAL * signals:
            return Header(tuple(fields), problem="a header whose lengths contradict each other")
        table = handle.read(_SIGNAL * signals)
        if len(table) < _SIGNAL * signals:
            return Header(tuple(fields), problem="cut off within its header")
        labels = [table[16 * i : 16 * i + 16].decode("latin-1").strip() for i in range(signals)]
        fields += _signal_texts(table, signals)
        try:
            counts = [int(table[216 * signals + 8 * i :][:8]) for i in range(signals)]
        except ValueError:
            return Header(tuple(fields), problem="a header whose numbers cannot be read")
        width = 3 if head.startswith(BDF) else 2
        if records < 0 or any(count < 0 for count in counts):
            return Header(tuple(fields), problem="the number of its records is not known")
        if size < length + records * sum(counts) * width:
            return Header(tuple(fields), problem="shorter than its header says")
        extra = size - length - records * sum(counts) * width
        fields += _annotations(handle, length, records, counts, labels, width)
    return Header(tuple(fields), searched="bytes behind its last record" if extra else "")


def _patient(raw: bytes, at: int) -> Iterator[Field]:
    """Code, sex, date of birth and name of EDF+, or one text."""
    text = raw.decode("latin-1")
    parts = text.split()
    if len(parts) < 4 or not (_EDF_DATE.fullmatch(parts[2]) or parts[2] == "X"):
        yield Field("patient identification", decoded(text), at, at + 80, "patient-id", b"X X X X")
        return
    kinds = ("patient-id", "demographic", "birth-date", "person-name")
    names = ("patient code", "patient sex", "patient birth date", "patient name")
    place = 0
    for index, part in enumerate(parts):
        start = text.index(part, place)
        place = start + len(part)
        kind = kinds[index] if index < 4 else "free-text"
        name = names[index] if index < 4 else "patient, more"
        yield Field(name, decoded(part), at + start, at + place, kind, b"X")


def _recording(raw: bytes, at: int) -> Iterator[Field]:
    """Date, number, technician and equipment of EDF+, or one text."""
    text = raw.decode("latin-1")
    parts = text.split()
    if len(parts) < 2 or parts[0].lower() != "startdate":
        yield Field("recording identification", decoded(text), at, at + 80, "free-text", b"")
        return
    kinds = ("", "date", "accession-number", "staff-name", "serial-number")
    place = 0
    for index, part in enumerate(parts):
        start = text.index(part, place)
        place = start + len(part)
        kind = kinds[index] if index < len(kinds) else "free-text"
        equipment = kind == "serial-number" and not any(map(str.isdigit, part))
        if index and not equipment:  # the maker's name, as EDF+ has it
            yield Field("recording", decoded(part), at + start, at + place, kind, b"X")
        elif equipment:
            yield Field("equipment", decoded(part), at + start, at + place)


def _signal_texts(table: bytes, signals: int) -> Iterator[Field]:
    """Labels, transducers, filters and spare bytes of each signal."""
    at = _FIXED
    for name, width in (
        ("label", 16),
        ("transducer", 80),
        ("", 40),
        ("filter", 80),
        ("", 8),
        ("reserved", 32),
    ):
        for i in range(signals if name else 0):
            start = at + width * i
            text = table[start - _FIXED : start - _FIXED + width].decode("latin-1").rstrip()
            if text:
                yield Field(f"signal {name}", decoded(text), start, start + len(text))
        at += width * signals


def _annotations(
    handle: IO[bytes], at: int, records: int, counts: list[int], labels: list[str], width: int
) -> Iterator[Field]:
    record = sum(counts) * width
    places = [
        (sum(counts[:i]) * width, counts[i] * width)
        for i, label in enumerate(labels)
        if label in _ANNOTATIONS
    ]
    for number in range(min(records, _MOST_RECORDS) if places else 0):
        for offset, length in places:
            start = at + number * record + offset
            handle.seek(start)
            for match in _TEXT.finditer(handle.read(length)):
                a, b = match.span(1)
                said = decoded(match[1].decode("latin-1"))
                yield Field("annotation", said, start + a, start + b, _remark(said))


def _remark(said: str) -> Literal["", "free-text"]:
    """Whether what was typed during a recording is a sentence about the person, not the data."""
    lived = is_prose_of_people(said) or tells_of_a_life(said)
    if not lived and not (len(said.split()) >= _FREELY and is_of_person(said)):
        return ""
    return "free-text"


_FREELY = 5  # words that nobody types as the name of an event


def is_brainvision(start: bytes) -> bool:
    """Whether a text is a BrainVision header or marker file."""
    return (
        start.lstrip(b"\xef\xbb\xbf")
        .lower()
        .startswith((b"brain vision data exchange", b"brainvision data exchange"))
    )


# Mk2=Comment,what somebody typed,500,1,0
_MARK = re.compile(r"Mk\d+=([^,]*),(.*?),\d*,\d*,\d*(?:,\d*)?\s*")
# What the recorder writes of amplifier, channels and impedances in its comment.
_SETUP = frozenset(
    """channels channel sampling amplifier filter filters cutoff impedance impedances resolution
    unit units interval software hardware electrode electrodes notch hz khom kohm disabled enabled
    name phys chn low high seconds coordinates reference ground data number rate setup gradient
    selected offset""".split()  # noqa: SIM905
)


def _is_setup(line: str) -> bool:
    words = [word.lower() for word in re.findall(r"[^\W\d_]{2,}", line)]
    return len(words) < 2 or not _SETUP.isdisjoint(words)


def read_brainvision(raw: bytes, name: str) -> Header:
    """Keys and values of a BrainVision header or marker file, and its comments."""
    fields: list[Field] = []
    stem = Path(name).stem
    comment = False
    for at, line in lines_of(raw):
        if line.startswith("["):
            comment = line.strip().lower() == "[comment]"
            continue
        match = None if comment else _INI.fullmatch(line)
        if (mark := _MARK.fullmatch(line)) and _MARK_DATE.search(line) is None:
            a, b = mark.span(2)
            said = decoded(mark[2].replace("\\1", ", "))
            typed = mark[1].strip().lower() == "comment"
            fields.append(Field("marker", said, at + a, at + b, _remark(said) if typed else ""))
            continue
        if match is None:
            if line.strip(" ;") and not line.startswith("Brain"):
                # outside of [Comment] the format and programs explain themselves
                setup = not comment or line.startswith(("#", ";")) or _is_setup(line)
                said = "line" if setup else "comment"
                fields.append(Field(said, decoded(line), at, at + len(line)))
            continue
        start = at + match.start(2)
        if date := _MARK_DATE.search(match[2]):
            a, b = date.span()
            fields.append(Field(match[1], date[0], start + a, start + b, "date", b"0" * 20))
            continue
        if match[1] in _POINTERS:
            own = f"{stem}{_POINTERS[match[1]]}"
            if match[2].strip() not in (own, "$b.eeg", "$b.vmrk") and open_words(
                match[2].partition(".")[0], known_key=True
            ):
                fields.append(
                    Field(
                        match[1],
                        decoded(match[2]),
                        start,
                        start + len(match[2]),
                        "user-path",
                        own.encode(),
                    )
                )
            continue
        fields.append(Field(match[1], decoded(match[2]), start, start + len(match[2])))
    return Header(tuple(fields), fixed=False)


FIF = struct.pack(">iii", 100, 31, 20)  # the identity of a file, with which each begins
_TAG = 16  # bytes of kind, type, size and place of the next tag
_MOST_TAGS = 5_000_000
_STRING, _CHANNEL, _IDENTITY = 10, 30, 31
# Numbers, packed samples, positions, transforms, and entries of the directory.
_NUMBERS = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 16, 20, 21, 23, 24, 32, 33, 34, 35})
_MATRIX = 0x40000000
_FIF_TEXTS = {
    151: ("stimulus setup", ""),
    206: ("comment", "free-text"),
    212: ("experimenter", "staff-name"),
    150: ("acquisition parameters", "free-text"),
    401: ("first name", "person-name"),
    402: ("middle name", "person-name"),
    403: ("last name", "person-name"),
    409: ("subject comment", "free-text"),
    410: ("hospital id", "patient-id"),
    501: ("project name", "free-text"),
    502: ("project aim", "free-text"),
    503: ("project persons", "staff-name"),
    504: ("project comment", "free-text"),
    602: ("event comment", "free-text"),
}
_FIF_NUMBERS = {
    204: ("measurement date", "date"),
    400: ("subject id", "patient-id"),
    404: ("birth day", "birth-date"),
    405: ("sex", "demographic"),
    406: ("hand", "demographic"),
    407: ("weight", "body-measure"),
    408: ("height", "body-measure"),
    500: ("project id", ""),
}


def is_fif(start: bytes) -> bool:
    """Whether a file begins as MEG and EEG recordings of Elekta, MEGIN and MNE do."""
    return start.startswith(FIF)


def read_fif(path: Path, size: int) -> Header:
    """Texts, dates and details of the subject in a FIF file; samples are passed over.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    fields: list[Field] = []
    searched = ""
    at = 0
    with path.open("rb") as handle:
        for _ in range(_MOST_TAGS):
            handle.seek(at)
            head = handle.read(_TAG)
            if not head:
                return Header(tuple(fields), searched=searched)
            if len(head) < _TAG:
                return Header(tuple(fields), problem="cut off within a tag")
            kind, form, length, after = struct.unpack(">iiii", head)
            start = at + _TAG
            if length < 0 or start + length > size:
                return Header(tuple(fields), problem="shorter than its tags say")
            if form in (_STRING, _CHANNEL, _IDENTITY) or kind in _FIF_NUMBERS:
                fields += _fif_fields(kind, form, handle.read(length), start)
            elif form & ~_MATRIX & 0xFFFF not in _NUMBERS and length:
                searched = "parts of a form that is not known"
            if after < 0:
                return Header(tuple(fields), searched=searched)
            if 0 < after <= at:
                return Header(tuple(fields), problem="tags that lead back")
            at = after or start + length
    return Header(tuple(fields), problem="more tags than are read")


def _fif_fields(kind: int, form: int, raw: bytes, start: int) -> Iterator[Field]:
    """What one tag says of the recording; nothing where it is blank already."""
    end = start + len(raw)
    if form == _STRING:
        name, said = _FIF_TEXTS.get(kind, (f"text {kind}", ""))
        yield Field(name, decoded(raw.decode("latin-1")), start, end, said)
    elif form == _CHANNEL:
        yield Field("channel", raw[-16:].partition(b"\0")[0].decode("latin-1"))
    elif form == _IDENTITY and len(raw) == 20:  # version, machine (two), seconds, microseconds
        seconds = int.from_bytes(raw[12:16], "big")
        if raw[4:].strip(b"\0"):
            yield Field("identity", _day_of(seconds), start + 4, end, "date", bytes(16))
    elif kind in _FIF_NUMBERS and raw.strip(b"\0"):
        name, said = _FIF_NUMBERS[kind]
        number = int.from_bytes(raw[:4], "big", signed=True)
        text = _day_of(number) if name == "measurement date" else str(number)
        yield Field(name, text, start, end, said, bytes(len(raw)))


def _day_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
