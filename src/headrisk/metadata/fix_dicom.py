"""De-identifying a DICOM file by the basic profile of PS3.15 Annex E and its options.

Attributes are removed, emptied, replaced by dummies, pseudonyms, shifted dates or new UIDs as
``dicom_options`` decides, and any other text in which something identifying is recognised is
emptied. Pixels stay to the bit: text burnt into them stays too, so files that say that they hold
some are refused.

Whose a DICOM file is: people told apart by number, name and date of birth.

A patient number alone does not do: two hospitals both have a patient 1. Files with one number are
of one person unless name and date of birth say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from headrisk.dataset.dicom_series import DIRECTORY
from headrisk.errors import ScanError
from headrisk.io.values import parse_age
from headrisk.metadata.dicom_dictionary import TEXT_VRS, dictionary_vr, is_pixels
from headrisk.metadata.dicom_elements import DicomFile, Element, parse_file, with_value
from headrisk.metadata.dicom_hits import (
    DUMMIES,
    DUMMY_TEXT,
    METHOD,
    OLDEST_SHIFTED,
    OWN_RULES,
    YOUNGEST_SHIFTED,
    codec_of,
    creators_of,
    dataset_hits,
    date_beside,
    decision_on,
    dicom_text,
    is_shifted,
    pixel_hits,
)
from headrisk.metadata.dicom_options import BASIC, Policy
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.people import folded, split_words
from headrisk.metadata.text import VERSIONS, printable_text, redact
from headrisk.metadata.uids import NewUids

_NUMBERS = frozenset(
    {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "UN", "US", "UV"}
)
_REMOVED, _METHOD, _CODES, _DATES = 0x00120062, 0x00120063, 0x00120064, 0x00280303
_FREE = frozenset({"LT", "PN", "ST", "UC", "UT"})
_OWN = (_REMOVED, _METHOD, _CODES, _DATES)
_SOP_CLASS, _MEDIA_CLASS = 0x00080016, 0x00020002
BURNT = "text may be burnt into its pixels"
_CHARACTERS = 0x00080005
_STUDY_TIME = 0x00080030
_STAMP = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)(?:(\d\d)(\d\d)?(\d\d)?(\.\d{1,6})?([+-]\d{4})?)?")
_CLOCK = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(\.\d{1,6})?")


@dataclass(frozen=True)
class Person:
    """What a person's files get: the pseudonym, and how far back dates go."""

    pseudonym: str
    shift: timedelta


UNTOLD = Person("", timedelta())


def refusal(file: DicomFile, *, captures: bool = True) -> str:
    """Why a file cannot be cleaned; "" where it can.

    ``captures``: whether images that hold burnt-in text, or may, count.
    """
    if DIRECTORY in (file.text(_SOP_CLASS), file.text(_MEDIA_CLASS)):
        return "a DICOMDIR, whose offsets would not fit cleaned files: make a new one of the copy"
    if captures:
        for hit in pixel_hits(file):
            if hit.kind in ("burnt-in-text", "screen-capture"):
                return f"{BURNT} ({hit.field}: {hit.note})"
    return ""


def clean_dicom(
    file: DicomFile,
    known: KnownIdentifiers,
    uids: NewUids,
    removed: list[Hit],
    person: Person = UNTOLD,
    policy: Policy = BASIC,
) -> DicomFile:
    """The file without identifying attributes.

    Parameters
    ----------
    file
        As it was read.
    known
        The custodian's list.
    uids
        Gives new UIDs.
    removed
        Values that went are added to it.
    person
        Pseudonym and date shift of whom the file is of; without them ids and dates are emptied.
    policy
        Options and own rules.
    """
    removed.extend(dataset_hits((*file.meta, *file.elements), known, policy))
    clean = _Cleaner(known, uids, person, policy)
    meta = clean.elements(file.meta)
    elements = clean.elements(file.elements) + _method(policy)
    elements.sort(key=lambda element: element.tag)
    return replace(
        file, preamble=bytes(len(file.preamble)), meta=tuple(meta), elements=tuple(elements)
    )


def _method(policy: Policy) -> list[Element]:
    """What (0012,0062) to (0012,0064) and (0028,0303) say of what was done."""
    said = METHOD + (OWN_RULES if policy.own else "")
    codes = tuple(
        (
            Element(0x00080100, "SH", code.encode()),
            Element(0x00080102, "SH", b"DCM"),
            Element(0x00080104, "LO", meaning.encode()),
        )
        for code, meaning in policy.codes
    )
    return [
        Element(_REMOVED, "CS", b"YES"),
        Element(_METHOD, "LO", said.encode()),
        Element(_CODES, "SQ", b"", codes),
        Element(_DATES, "CS", policy.dates.encode()),
    ]


@dataclass(frozen=True)
class _Cleaner:
    known: KnownIdentifiers
    uids: NewUids
    person: Person
    policy: Policy

    def elements(
        self, elements: Sequence[Element], codec: str = "", *, bare: bool = False
    ) -> list[Element]:
        """The elements that stay; ``bare``: free texts go whatever they say."""
        said = (codec_of(_text(e)) for e in elements if e.tag == _CHARACTERS and e.items is None)
        codec = next(said, codec)
        creators = creators_of(elements)
        there = {element.tag: element for element in elements}
        kept = (
            self._one(e, creators, there, codec, bare=bare) for e in elements if e.tag not in _OWN
        )
        return [element for element in kept if element is not None]

    def _one(
        self,
        element: Element,
        creators: Mapping[tuple[int, int], str],
        there: Mapping[int, Element],
        codec: str,
        *,
        bare: bool,
    ) -> Element | None:
        decision = decision_on(element, creators, self.policy)
        step, vr = decision.step, element.meant_vr
        if is_pixels(element.tag):
            return element
        if step == "remove":
            return None
        if step in ("empty", "dummy", "pseudonym", "shift") and element.items is not None:
            return with_value(element, b"")
        if step == "empty" or (step == "dummy" and not bytes(element.value).strip(b" \0")):
            return with_value(element, b"")
        if step == "dummy":
            table_vr = decision.rule.vr if decision.rule else vr
            return with_value(element, _dummy(vr, table_vr))
        if element.items is not None:
            bare = bare or step == "clean"
            items = (tuple(self.elements(i, codec, bare=bare)) for i in element.items)
            return replace(element, items=tuple(items))
        if step == "uid":
            return with_value(element, _each(element, self.uids.replace))
        if step == "pseudonym":
            there_was = bytes(element.value).strip(b" \0")
            return with_value(element, self.person.pseudonym.encode() if there_was else b"")
        if step == "shift":
            return with_value(element, self._shifted(element, vr, there))
        if decision.own and step == "keep":
            return element
        if step == "keep" and decision.rule is not None and "Age" in decision.rule.name:
            high = (parse_age(printable_text(bytes(element.value))) or 0) >= 89
            return with_value(element, b"") if high else element
        if bare and decision.rule is None and vr in _FREE:
            return with_value(element, b"")
        if step == "clean" and vr in TEXT_VRS:
            text = redact(dicom_text(bytes(element.value), codec), self.known, VERSIONS)
            return with_value(element, text.encode(codec or "utf-8", "replace"))
        lone = dataset_hits((element,), self.known, self.policy, codec=codec)
        if element.tag >> 16 & 1:  # its block's creator is not beside it here
            lone = _private_hits(element, self.known)
        return with_value(element, b"") if any(True for _ in lone) else element

    def _shifted(self, element: Element, vr: str, there: Mapping[int, Element]) -> bytes:
        """A date, or a date and a time, further back; empty where it cannot be read as one."""
        if vr == "TM":
            date = there.get(date_beside(element.tag) or 0)
            day = _text(date) if date is not None and date.items is None else ""
            return _each(element, lambda clock: self._clock(day, clock))
        study = there.get(_STUDY_TIME)  # so that a date without a time goes with the study's
        time = _time_beside(element.tag, there) or (_text(study) if study is not None else "")
        return _each(element, lambda stamp: self._stamp(stamp, time))

    def _stamp(self, stamp: str, clock: str) -> str:
        if is_shifted(stamp):
            return stamp  # by an earlier run
        then = _moment(stamp, clock) or _moment(stamp, "")
        if then is None:
            return ""
        shift = self.person.shift
        new = _back(then, shift if clock or len(stamp) > 8 else timedelta(days=shift.days))
        return "" if new is None else _written(new, len(stamp.replace(".", "")[:14]), stamp)

    def _clock(self, day: str, clock: str) -> str:
        if is_shifted(day):
            return clock
        then = _moment(day, clock)
        match = _CLOCK.fullmatch(clock)
        new = None if then is None else _back(then, self.person.shift)
        if new is None or match is None:
            return ""
        width = 6 if match[3] else 4 if match[2] else 2
        return new.strftime("%H%M%S")[:width] + (match[4] or "")


def _private_hits(element: Element, known: KnownIdentifiers) -> Iterator[Hit]:
    """Hits of a private element that the policy keeps, judged as plain text."""
    text = printable_text(bytes(element.value))
    if element.meant_vr in TEXT_VRS:
        for start, end in known.spans(text):
            yield Hit("known-identifier", "", text[start:end])


def _each(element: Element, change: Callable[[str], str]) -> bytes:
    """Every one of an element's values changed; Latin-1, which dates and UIDs stay within."""
    parts = bytes(element.value).decode("latin-1").strip(" \0").split("\\")
    return "\\".join(change(part.strip(" \0")) if part else "" for part in parts).encode("latin-1")


def _text(element: Element) -> str:
    return bytes(element.value).decode("latin-1").strip(" \0").split("\\")[0]


def _time_beside(tag: int, there: Mapping[int, Element]) -> str:
    """The time of day that belongs to a date: an element whose date is this one."""
    for other, element in there.items():
        if element.items is None and dictionary_vr(other) == "TM" and date_beside(other) == tag:
            return _text(element)
    return ""


def _moment(stamp: str, clock: str) -> datetime | None:
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None
    hour, minute, second = match[4], match[5], match[6]
    if hour is None and clock:
        at = _CLOCK.fullmatch(clock)
        if at is None:
            return None
        hour, minute, second = at[1], at[2], at[3]
    try:
        return datetime(
            int(match[1]),
            int(match[2]),
            int(match[3]),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
        )
    except ValueError:
        return None


def _written(then: datetime, width: int, stamp: str) -> str:
    whole = f"{then.year:04d}" + then.strftime("%m%d%H%M%S")
    fraction = re.search(r"\.\d+$", stamp) if width > 8 else None
    return whole[: max(8, width)] + (fraction[0] if fraction else "")


def _back(then: datetime, shift: timedelta) -> datetime | None:
    """The shifted time; None where it would not lie where shifted dates do."""
    try:
        new = then - shift
    except OverflowError:
        return None
    return new if OLDEST_SHIFTED <= new.year <= YOUNGEST_SHIFTED else None


def _dummy(vr: str, table_vr: str) -> bytes:
    name = table_vr if vr == "UN" else vr
    return b"" if name in _NUMBERS else DUMMIES.get(name, DUMMY_TEXT)


_NAME, _ID, _BIRTH, _STUDY = 0x00100010, 0x00100020, 0x00100030, 0x0020000D
# What de-identifiers write for everybody, which tells no two people apart.
_NOBODY = frozenset(
    {
        "",
        "0",
        "none",
        "null",
        "n/a",
        "na",
        "unknown",
        "removed",
        "deleted",
        "anonymous",
        "anonymized",
        "anonymised",
        "anon",
        "deidentified",
        "de-identified",
        "xxx",
        "x",
        "patient",
        "subject",
        "test",
    }
)
_START = 256 * 1024


@dataclass(frozen=True)
class Patient:
    """What a header says of whom it is of, in a form fit to be compared.

    ``names`` are folded words; everything is empty where the header says nothing.
    """

    number: str
    names: frozenset[str]
    birth: str
    study: str


def patient_of(path: Path) -> Patient | None:
    """Read the patient of a DICOM file; None where it is damaged.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as handle:
        start = handle.read(_START)
        try:
            file = parse_file(start, last=_STUDY)
        except ScanError:
            try:
                file = parse_file(start + handle.read(), last=_STUDY)
            except ScanError:
                return None
    name, number = file.text(_NAME), file.text(_ID).strip().casefold()
    name = "" if name.strip(" ^").casefold() in _NOBODY else name
    return Patient(
        "" if number in _NOBODY else number,
        frozenset(word for word, _, _ in split_words(name)) or frozenset(folded(name).split()),
        file.text(_BIRTH).strip(),
        file.text(_STUDY).strip(),
    )


def same_person(one: Patient, other: Patient) -> bool:
    """Whether two headers with the same number are of one person.

    Equal dates of birth or equal names say so; names without a word in common, or different dates
    of birth, say no.
    """
    if one.birth and other.birth:
        return one.birth == other.birth or (one.names == other.names and bool(one.names))
    return not one.names or not other.names or not one.names.isdisjoint(other.names)


def tell_apart(patients: Mapping[int, Patient]) -> dict[int, str]:
    """A text for each file that is the same for files of one person, by the number of the file."""
    by_number: dict[str, list[Patient]] = {}
    for patient in dict.fromkeys(patients.values()):
        if patient.number:
            by_number.setdefault(patient.number, []).append(patient)
    named: dict[Patient, str] = {}
    for number, group in by_number.items():
        clusters = _clusters(sorted(group, key=_order))
        for cluster in clusters:
            more = "" if len(clusters) == 1 else f"|{_order(cluster[0])}"
            named |= dict.fromkeys(cluster, f"number {number}{more}")
    return {file: named.get(patient) or _unnumbered(patient) for file, patient in patients.items()}


def _order(patient: Patient) -> tuple[str, ...]:
    return (patient.birth, *sorted(patient.names))


def _clusters(group: list[Patient]) -> list[list[Patient]]:
    clusters: list[list[Patient]] = []
    for patient in group:
        near = [c for c in clusters if any(same_person(patient, other) for other in c)]
        clusters = [c for c in clusters if c not in near]
        clusters.append([*(p for c in near for p in c), patient])
    return clusters


def _unnumbered(patient: Patient) -> str:
    if patient.names:
        return f"name {' '.join(sorted(patient.names))}|{patient.birth}"
    return f"study {patient.study}" if patient.study else ""
