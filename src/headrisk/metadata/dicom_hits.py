"""DICOM attributes judged by PS3.15 Annex E, and every other text by its form.

Report and copy follow the same decisions (``dicom_options.decide``): what the copy would remove is
reported, and what is reported does not stand in the copy. Pixels are never searched as text.

Text of DICOM elements by Specific Character Set (PS3.3, C.12.1.1.2; PS3.5, 6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from headrisk.io.values import parse_age
from headrisk.metadata.dicom_dictionary import (
    TEXT_VRS,
    Rule,
    dictionary_entry,
    is_pixels,
    tag_of_keyword,
)
from headrisk.metadata.dicom_elements import DicomFile, Element
from headrisk.metadata.dicom_options import BASIC, Decision, Policy, decide
from headrisk.metadata.fields import kind_of_attribute
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.pseudonyms import is_pseudonym
from headrisk.metadata.text import VERSIONS, direct_spans, printable_text, text_hits
from headrisk.metadata.uids import harmless_uid

_CODECS = {
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
# Escape sequences of the codes with several bytes a letter, and what reads what follows them.
_KOREAN, _CHINESE, _JAPANESE = b"\x1b$)C", b"\x1b$)A", (b"\x1b$B", b"\x1b$(D", b"\x1b(J", b"\x1b)I")


def codec_of(character_set: str) -> str:
    """The codec of a value of Specific Character Set; "" for the default and unknown ones."""
    first = character_set.split("\\")[0].strip().upper().replace("ISO 2022 IR", "ISO_IR")
    return _CODECS.get(first, "")


def dicom_text(raw: bytes, codec: str) -> str:
    """Text of an element, read by its character set where that fits and else as UTF-8 or Latin-1.

    >>> dicom_text("Müller".encode("latin-1"), "latin-1")
    'Müller'
    >>> dicom_text("山田".encode("iso2022_jp"), "")
    '山田'
    """
    if b"\x1b" in raw:
        for marks, name in (
            ((_KOREAN,), "euc_kr"),
            ((_CHINESE,), "gb2312"),
            (_JAPANESE, "iso2022_jp_2"),
        ):
            if any(mark in raw for mark in marks):
                plain = raw if name.startswith("iso") else raw.replace(marks[0], b"")
                try:
                    return printable_text(plain.decode(name).encode())
                except UnicodeDecodeError:
                    continue
    if not codec or raw.isascii():
        return printable_text(raw)
    try:
        return printable_text(raw.decode(codec).encode())
    except UnicodeDecodeError:
        return printable_text(raw)


DUMMIES = {
    "DA": b"19000101",
    "DT": b"19000101",
    "TM": b"000000",
    "AS": b"000Y",
    "DS": b"0",
    "IS": b"0",
    "PN": b"REMOVED",
    "UI": b"",
    "CS": b"REMOVED",
}
DUMMY_TEXT = b"REMOVED"
METHOD = "headrisk: PS3.15 E.1 basic profile, pixels not cleaned"
OWN_RULES = ", own rules"
OLDEST_SHIFTED, YOUNGEST_SHIFTED = 1800, 1924  # years of dates that headrisk shifted
_LARGEST_TEXT = 1024 * 1024
OWN_MARKS = (0x00120062, 0x00120063, 0x00120064, 0x00280303)
_METHOD_TEXT = 0x00120063
_BIRTH_DATE, _DATE = 0x00100030, re.compile(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d*\.?\d*")
# Codes of published terminologies and what they mean: judged by form, as anywhere else.
_CODED = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x0008010B, 0x0040A040})
_CHARACTERS = 0x00080005
_SOP_CLASS, _IMAGE_TYPE, _CONVERSION = 0x00080016, 0x00080008, 0x00080064
_BURNED, _VISIBLE = 0x00280301, 0x00280302
_CAPTURES = ("1.2.840.10008.5.1.4.1.1.7",)  # secondary capture, single and multi-frame
_CAPTURE_WORDS = frozenset(
    {
        "SCREEN SAVE",
        "SCREENSAVE",
        "SCREEN_SAVE",
        "SCREENSHOT",
        "SCREEN CAPTURE",
        "REPORT",
        "DOSE_INFO",
        "PATIENT INFO",
    }
)
_CONVERSIONS = frozenset({"WSD", "DV", "DI", "DF", "SYN", "DRW", "SI"})
# What goes as a whole, and may hold a direct identifier that is to be told too.
_WORDED = frozenset({"dicom-attribute", "free-text", "private-attribute"})
_BARE = frozenset({"UI", "DS", "IS", "CS", "DA", "TM", "AS", "AE"})
_SHORTEST_NUMBER = 4
_SHARED_FORMS = frozenset({"UI", "DS", "IS", "CS"})  # too bare to be judged by form


def file_hits(file: DicomFile, known: KnownIdentifiers, policy: Policy = BASIC) -> Iterator[Hit]:
    """Everything identifying in a DICOM file, and what its header says of its pixels."""
    if file.preamble.strip(b"\0"):
        yield Hit("trailing-bytes", "preamble", printable_text(file.preamble))
        yield from text_hits(printable_text(file.preamble), "preamble", known)
    yield from dataset_hits((*file.meta, *file.elements), known, policy)
    yield from pixel_hits(file)


def pixel_hits(file: DicomFile) -> Iterator[Hit]:
    """What a header says of text and features in the pixels, which are not looked at."""
    if not any(is_pixels(element.tag) for element in file.elements):
        return
    burned = file.text(_BURNED).upper()
    if burned == "YES":
        yield Hit("burnt-in-text", "(0028,0301) Burned In Annotation", "", note="says YES")
    if file.text(_VISIBLE).upper() == "YES":
        yield Hit(
            "visible-features", "(0028,0302) Recognizable Visual Features", "", note="says YES"
        )
    kinds = {word.strip().upper() for word in file.text(_IMAGE_TYPE).split("\\")}
    captured = (
        file.text(_SOP_CLASS).startswith(_CAPTURES)
        or file.text(_CONVERSION).upper() in _CONVERSIONS
        or not kinds.isdisjoint(_CAPTURE_WORDS)
    )
    if captured and burned not in ("YES", "NO"):
        yield Hit(
            "screen-capture",
            "(0008,0016) SOP Class or Image Type",
            "",
            note="secondary capture or screen save",
        )
    if _overlay_in_pixels(file):
        yield Hit(
            "burnt-in-text",
            "(60xx,0102) Overlay Bit Position",
            "",
            note="an overlay in unused bits of the pixels",
        )


def _overlay_in_pixels(file: DicomFile) -> bool:
    """Whether an overlay is kept in bits of the pixels themselves (retired in 2004)."""
    overlays = [e for e in file.elements if e.tag >> 24 == 0x60 and not e.tag >> 16 & 1]
    stored = {e.tag >> 16 for e in overlays if e.tag & 0xFFFF == 0x3000}
    return any(
        e.tag & 0xFFFF == 0x0102 and bytes(e.value).strip(b"\0") and e.tag >> 16 not in stored
        for e in overlays
    )


def creators_of(elements: Sequence[Element]) -> Mapping[tuple[int, int], str]:
    """Who reserved which block of private elements (PS3.5, 7.8.1), by group and block."""
    return {
        (e.tag >> 16, e.tag & 0xFF): bytes(e.value).decode("latin-1").strip(" \0")
        for e in elements
        if e.tag >> 16 & 1 and 0x0010 <= e.tag & 0xFFFF <= 0x00FF and e.items is None
    }


def decision_on(
    element: Element, creators: Mapping[tuple[int, int], str], policy: Policy
) -> Decision:
    """What is done with an element of a data set whose private blocks are ``creators``."""
    tag = element.tag
    if is_pixels(tag) or tag & 0xFFFF == 0:
        return Decision("keep", None)
    creator = ""
    if tag >> 16 & 1:
        number = tag & 0xFFFF
        creator = creators.get((tag >> 16, number if number <= 0xFF else number >> 8), "")
    known = element.vr != "UN" or dictionary_entry(tag) is not None
    known = known or _is_text(bytes(element.value[:4096]))
    return decide(tag, element.meant_vr, creator, policy, known=known)


def _is_text(value: bytes) -> bool:
    """Whether the bytes of an unknown element are text."""
    plain = value.rstrip(b"\0 ")
    return not any(byte < 32 and byte not in b"\t\n\r\x0c\x1b" for byte in plain)


def dataset_hits(
    elements: Sequence[Element],
    known: KnownIdentifiers,
    policy: Policy = BASIC,
    above: str = "",
    *,
    doomed: bool = False,
    codec: str = "",
) -> Iterator[Hit]:
    """Everything identifying in data elements and in the sequences among them.

    Parameters
    ----------
    elements
        Of one data set or sequence item.
    known
        The custodian's list.
    policy
        Options and own rules.
    above
        Place of the sequence they stand in.
    doomed
        Whether that sequence goes as a whole, so that any text in it counts.
    codec
        Of the data set around; items may name their own character set.
    """
    codec = next((codec_of(_text(e)) for e in elements if e.tag == _CHARACTERS), codec)
    creators = creators_of(elements)
    shifted = {e.tag for e in elements if e.meant_vr == "DA" and is_shifted(_text(e))}
    for element in elements:
        if element.tag in OWN_MARKS and element.tag != _METHOD_TEXT:
            continue
        decision = decision_on(element, creators, policy)
        place = f"{above}({element.tag >> 16:04X},{element.tag & 0xFFFF:04X})"
        if decision.rule is None and (entry := dictionary_entry(element.tag)):
            place += f" {entry[1]}"
        if element.items is None:
            yield from _element_hits(element, decision, place, known, shifted, codec, doomed=doomed)
            continue
        goes = decision.step not in ("keep", "judge", "clean", "uid")
        if goes and any(element.items):
            count = sum(map(bool, element.items))
            name = _name(element, decision.rule)
            kind = kind_of_attribute(element.tag, "SQ", decision.rule.name if decision.rule else "")
            note = f"a sequence of {count:,} {'item' if count == 1 else 'items'}"
            yield Hit(kind, f"{place} {name}", "", note=note)
        for item in element.items:
            yield from dataset_hits(
                item, known, policy, f"{place} > ", doomed=doomed or goes, codec=codec
            )


def _name(element: Element, rule: Rule | None) -> str:
    entry = dictionary_entry(element.tag)
    return rule.name.partition("(see")[0] if rule is not None else entry[1] if entry else ""


def _element_hits(
    element: Element,
    decision: Decision,
    place: str,
    known: KnownIdentifiers,
    shifted: set[int],
    codec: str,
    *,
    doomed: bool,
) -> Iterator[Hit]:
    tag, rule, vr = element.tag, decision.rule, element.meant_vr
    if is_pixels(tag) or tag & 0xFFFF == 0:
        return
    textual = vr in TEXT_VRS or vr == "UN" or (rule is not None and rule.vr in TEXT_VRS)
    text = dicom_text(bytes(element.value[:_LARGEST_TEXT]), codec) if textual else ""
    if decision.own and decision.step == "keep":
        return
    if decision.step not in ("keep", "judge", "clean") and rule is not None:
        if bytes(element.value).strip(b"\0 ") and not _replaced(element, vr, rule, text, shifted):
            hit = _profile_hit(element, rule, place, text, known, textual=textual)
            yield hit
            if hit.kind in _WORDED and vr not in _BARE and len(text) > 4:
                told = text if _is_text(bytes(element.value)) else _runs(bytes(element.value))
                yield from (
                    Hit(kind, hit.field, told[a:b]) for kind, a, b in direct_spans(told, known)
                )
        return
    if decision.step == "keep" and "Age" in (rule.name if rule else ""):
        if (parse_age(text) or 0) >= 89:
            yield Hit("age-over-89", f"{place} {_name(element, rule)}", text)
        return
    if decision.step == "keep" and vr in ("DA", "DT", "TM", "UI", "DS", "IS"):
        return
    if not text or (tag == _METHOD_TEXT and text in (METHOD, METHOD + OWN_RULES)):
        return
    if (
        doomed
        and tag not in _CODED
        and vr in ("LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR")
        and not _dummy_text(text)
    ):
        yield Hit("free-text" if vr != "PN" else "person-name", place, text)
        if vr != "PN":
            yield from (Hit(kind, place, text[a:b]) for kind, a, b in direct_spans(text, known))
    elif vr not in _SHARED_FORMS:
        skip = VERSIONS if vr != "UN" else VERSIONS | {"phone", "host-name"}
        if vr == "PN" and not is_pseudonym(text) and not _dummy_text(text):
            yield Hit("staff-name", place, text)  # no name of a person is harmless
        else:
            yield from text_hits(text, place, known, skip)
    elif known and vr != "UI":
        for start, end in known.spans(text):
            yield Hit("known-identifier", place, text[start:end])


def _runs(value: bytes) -> str:
    """Stretches of text among binary data, a line each."""
    return "\n".join(run.decode("ascii") for run in _RUN.findall(value[:_LARGEST_TEXT]))


_RUN = re.compile(rb"[\x20-\x7e]{8,}")


def _profile_hit(
    element: Element, rule: Rule, place: str, text: str, known: KnownIdentifiers, *, textual: bool
) -> Hit:
    private = element.tag >> 16 & 1
    field = (
        f"private attributes of group {element.tag >> 16:04X}"
        if private
        else f"{place} {rule.name}"
    )
    kind = kind_of_attribute(element.tag, element.meant_vr, rule.name)
    if "Age" in rule.name and (parse_age(text) or 0) >= 89:
        kind = "age-over-89"
    if kind == "accession-number" and len(text.strip(" \0")) < _SHORTEST_NUMBER:
        kind = "dicom-attribute"  # Study ID is "1" on most scanners
    kind = known.graver(kind, text)
    if textual:
        return Hit(kind, field, text)
    return Hit(kind, field, "", note=f"{len(element.value):,} bytes")


def _replaced(element: Element, vr: str, rule: Rule, text: str, shifted: set[int]) -> bool:
    """Whether the value is what headrisk writes, or a UID that tells nothing."""
    if vr == "UI" or rule.vr == "UI":
        return all(harmless_uid(uid) for uid in text.split("\\") if uid.strip(" \0"))
    if element.tag == _BIRTH_DATE:
        return False
    if vr in ("DA", "DT") and all(is_shifted(part) for part in text.split("\\")):
        return True
    if vr == "TM" and date_beside(element.tag) in shifted:
        return True
    return (
        _dummy_text(text)
        or is_pseudonym(text)
        or text.encode("latin-1", "replace")
        in (
            DUMMIES.get(vr, DUMMY_TEXT),
            DUMMIES.get(rule.vr, DUMMY_TEXT),
        )
    )


def _dummy_text(text: str) -> bool:
    return text == DUMMY_TEXT.decode()


def is_shifted(text: str) -> bool:
    """Whether a date lies where headrisk shifts dates to, before 1925 as BIDS asks.

    >>> is_shifted("19010228"), is_shifted("20190611"), is_shifted("15031961")
    (True, False, False)
    """
    match = _DATE.fullmatch(text.strip(" \0"))
    return match is not None and OLDEST_SHIFTED <= int(match[1]) <= YOUNGEST_SHIFTED


@lru_cache(maxsize=4096)
def date_beside(tag: int) -> int | None:
    """The date that belongs to a time of day: Study Date for Study Time."""
    entry = dictionary_entry(tag)
    if entry is None or not entry[1].endswith("Time"):
        return None
    return tag_of_keyword(f"{entry[1][:-4]}Date")


def _text(element: Element) -> str:
    return "" if element.items is not None else bytes(element.value).decode("latin-1").strip(" \0")
