"""DICOM attributes judged by PS3.15 Annex E, and every other text by its form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headrisk.io.values import parse_age
from headrisk.metadata.dicom_elements import DicomFile, Element
from headrisk.metadata.fields import kind_of_attribute
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.profile import PRIVATE, Rule, rule_for
from headrisk.metadata.text import VERSIONS, printable_text, text_hits

DUMMIES = {
    "DA": b"19000101", "DT": b"19000101", "TM": b"000000", "AS": b"000Y", "DS": b"0", "IS": b"0",
    "PN": b"REMOVED", "UI": b"", "CS": b"REMOVED",
}  # fmt: skip
DUMMY_TEXT = b"REMOVED"
_TEXTS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM",
                    "UC", "UI", "UR", "UT", "UN"})  # fmt: skip
_LARGEST_TEXT = 1024 * 1024
_SYNTAXES = "1.2.840.10008."  # UIDs that the standard itself gives out
METHOD_TAGS = (0x00120062, 0x00120063, 0x00120064)


def file_hits(file: DicomFile, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in a DICOM file but its pixels."""
    if file.preamble.strip(b"\0"):
        yield Hit("trailing-bytes", "preamble", printable_text(file.preamble))
        yield from text_hits(printable_text(file.preamble), "preamble", known)
    yield from dataset_hits((*file.meta, *file.elements), known)


def dataset_hits(
    elements: Sequence[Element], known: KnownIdentifiers, above: str = ""
) -> Iterator[Hit]:
    """Everything identifying in data elements and in the sequences among them."""
    for element in elements:
        place = f"{above}({element.tag >> 16:04X},{element.tag & 0xFFFF:04X})"
        rule = rule_for(element.tag)
        if element.items is not None:
            for item in element.items:
                yield from dataset_hits(item, known, f"{place} > ")
            continue
        yield from _element_hits(element, rule, place, known)


def _element_hits(
    element: Element, rule: Rule | None, place: str, known: KnownIdentifiers
) -> Iterator[Hit]:
    if element.tag in METHOD_TAGS or element.tag & 0xFFFF == 0:
        return
    value = bytes(element.value[:_LARGEST_TEXT])
    text = printable_text(value) if element.vr in _TEXTS or rule is not None else ""
    if rule is not None and rule.step != "keep":
        if value.strip(b"\0 ") and not _replaced(element.vr, rule, text):
            private = f"private attributes of group {element.tag >> 16:04X}"
            field = private if rule is PRIVATE else f"{place} {rule.name}"
            kind = kind_of_attribute(element.tag, element.vr, rule.name)
            if "Age" in rule.name and (parse_age(text) or 0) >= 89:
                kind = "age-over-89"
            if known.spans(text):
                kind = "known-identifier"
            if element.vr in _TEXTS:
                yield Hit(kind, field, text)
            else:
                yield Hit(kind, field, "", note=f"{len(element.value):,} bytes")
        return
    if text and element.vr not in ("UI", "DS", "IS", "CS"):
        skip = VERSIONS if element.vr != "UN" else VERSIONS | {"phone", "host-name"}
        yield from text_hits(text, place, known, skip)
    elif text and known and element.vr != "UI":
        for start, end in known.spans(text):
            yield Hit("known-identifier", place, text[start:end])


def _replaced(vr: str, rule: Rule, text: str) -> bool:
    """Whether the value is what a de-identifier writes, or a UID that tells nothing."""
    if vr == "UI" or rule.vr == "UI":
        uids = [uid for uid in text.split("\\") if uid.strip(" \0")]
        return all(uid.strip(" \0").startswith(("2.25.", _SYNTAXES)) for uid in uids)
    plain = text.encode("latin-1", "replace")
    return plain in (DUMMY_TEXT, DUMMIES.get(vr, DUMMY_TEXT), DUMMIES.get(rule.vr, DUMMY_TEXT))
