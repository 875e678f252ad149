"""Reading DICOM data elements (PS3.5) with every length checked.

pydicom reads more than this. It is not used, because the audit must look into DICOM files on every
installation, treat hostile files without surprises, and leave every element that it keeps
unchanged to the byte. The tests read and write against pydicom.

Writing DICOM data elements (PS3.5) as they were read: the same bytes for what was kept.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from headrisk.errors import ScanError
from headrisk.metadata.dicom_dictionary import TEXT_VRS, dictionary_entry, dictionary_vr, is_pixels

PREAMBLE = 128
MAGIC = b"DICM"
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_HEADS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
VRS = (
    frozenset(
        {
            b"AE",
            b"AS",
            b"AT",
            b"CS",
            b"DA",
            b"DS",
            b"DT",
            b"FD",
            b"FL",
            b"IS",
            b"LO",
            b"LT",
            b"PN",
            b"SH",
            b"SL",
            b"SS",
            b"ST",
            b"TM",
            b"UI",
            b"UL",
            b"US",
        }
    )
    | LONG_HEADS
)
_FIRST, _FEWEST = 8, 3
_MOST_INFLATED = 1024 * 1024 * 1024
_DEEPEST = 40
_MOST_ELEMENTS = 500_000
_SYNTAX = 0x00020010
_BIG, _DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"


@dataclass(frozen=True)
class Coding:
    """How elements are written: byte order, and whether value representations are."""

    order: Literal["<", ">"]
    explicit: bool


@dataclass(frozen=True)
class Element:
    """One data element.

    Attributes
    ----------
    tag
        Group in the upper 16 bits.
    vr
        Value representation, by the file or else by the data dictionary.
    value
        The value's bytes; for encapsulated pixel data its fragments with their item tags.
    items
        Of a sequence: the data sets in it; None for every other element.
    undefined
        The length was undefined (encapsulated pixel data).
    """

    tag: int
    vr: str
    value: bytes | memoryview
    items: tuple[tuple[Element, ...], ...] | None = None
    undefined: bool = False

    @property
    def meant_vr(self) -> str:
        """The value representation to judge by: the dictionary's where the file says UN."""
        return dictionary_vr(self.tag) if self.vr == "UN" else self.vr


@dataclass(frozen=True)
class DicomFile:
    """A file's elements: preamble, group 2, and the data set with its coding.

    ``deflated``: the data set is stored compressed as a whole (PS3.5, A.5).
    """

    preamble: bytes
    meta: tuple[Element, ...]
    elements: tuple[Element, ...]
    coding: Coding
    deflated: bool = False

    def text(self, tag: int) -> str:
        """The text of a top-level attribute, "" where there is none."""
        return next((_text(e) for e in (*self.meta, *self.elements) if e.tag == tag), "")


EXPLICIT = Coding("<", explicit=True)


def parse_file(data: bytes | memoryview, *, last: int = 0xFFFFFFFF) -> DicomFile:
    """Read a DICOM file, with or without preamble.

    Parameters
    ----------
    data
        The whole file.
    last
        Reading stops behind this tag, for callers who want a header's beginning alone.

    Raises
    ------
    ScanError
        The file is cut off, damaged or not DICOM.
    """
    view = memoryview(data)
    start, preamble = 0, b""
    if bytes(view[PREAMBLE : PREAMBLE + 4]) == MAGIC:
        start, preamble = PREAMBLE + 4, bytes(view[:PREAMBLE])
    meta, at = _elements(view, start, len(view), EXPLICIT, 0, [0], meta=True)
    syntax = next((_text(e) for e in meta if e.tag == _SYNTAX), "")
    if syntax == _DEFLATED:
        view, at = memoryview(_inflated(view[at:])), 0
    if syntax:
        # Some programs store a data set without VRs under a syntax that has them, or the reverse.
        explicit = _guess(view[at : at + 8]).explicit if at + 8 <= len(view) else True
        coding = Coding(">" if syntax == _BIG else "<", explicit=explicit)
    else:
        coding = _guess(view[at : at + 8])
    elements, _ = _elements(view, at, len(view), coding, 0, [0], last=last)
    if not meta and not elements:
        raise _damaged("no DICOM data elements")
    return DicomFile(preamble, tuple(meta), tuple(elements), coding, syntax == _DEFLATED)


def looks_like_dicom(start: bytes) -> bool:
    """Whether a file without the preamble of PS3.10 begins with DICOM elements.

    Old archives and some exports leave out the 128 bytes, or group 2 as well. The first elements
    must be known ones of groups 2 or 8 in rising order with lengths that lead from one to the next.
    """
    if len(start) < 16:
        return False
    view, at, before, seen = memoryview(start), 0, -1, 0
    coding = EXPLICIT if start[:2] == b"\x02\0" else _guess(view[:8])
    while at + 8 <= len(view) and seen < _FIRST:
        group, number = struct.unpack_from(coding.order + "HH", view, at)
        tag = group << 16 | number
        if seen and before >> 16 == 2 and group != 2:
            break  # the coding may change here
        entry = dictionary_entry(tag)
        known = entry is not None or bool(group & 1)
        if tag <= before or not known or (not seen and group not in (2, 8)):
            return False
        try:
            vr, length, at = _head(view, at, len(view), tag, coding)
        except (ScanError, struct.error):
            return False
        if coding.explicit and vr.encode() not in VRS:
            return False
        before, seen = tag, seen + 1
        if length == UNDEFINED or at + length > len(view):
            break
        at += length
    return seen >= _FEWEST


def _inflated(packed: memoryview) -> bytes:
    decoder = zlib.decompressobj(wbits=-15)
    try:
        out = decoder.decompress(packed, _MOST_INFLATED)
    except zlib.error as error:
        raise _damaged("damaged deflated data") from error
    if not decoder.eof:
        raise _damaged("deflated data without an end, or of more than 1 GB")
    return out


def parse_dataset(data: bytes | memoryview) -> tuple[Element, ...]:
    """Read bare elements as a NIfTI extension holds them: the coding is told by the first one.

    Raises
    ------
    ScanError
        The bytes are no elements.
    """
    view = memoryview(data)
    if bytes(view[PREAMBLE : PREAMBLE + 4]) == MAGIC:
        file = parse_file(view)
        return (*file.meta, *file.elements)
    meta: list[Element] = []
    at = 0
    if bytes(view[:2]) == b"\x02\0":
        meta, at = _elements(view, 0, len(view), EXPLICIT, 0, [0], meta=True)
    end = len(view)
    while end > at and view[end - 1] == 0:  # the extension is padded to 16 bytes
        end -= 1
    end = min(len(view), end + (end - at) % 2)
    elements, _ = _elements(view, at, end, _guess(view[at : at + 8]), 0, [0])
    return (*meta, *elements)


def _guess(start: memoryview) -> Coding:
    """Explicit where two capital letters follow the tag; the smaller group tells the byte order."""
    explicit = len(start) >= 6 and all(65 <= byte <= 90 for byte in start[4:6])
    little = int.from_bytes(start[:2], "little") <= int.from_bytes(start[:2], "big")
    return Coding("<" if little else ">", explicit=explicit)


def _elements(
    view: memoryview,
    at: int,
    end: int,
    coding: Coding,
    depth: int,
    count: list[int],
    *,
    meta: bool = False,
    until: int = 0,
    last: int = 0xFFFFFFFF,
) -> tuple[list[Element], int]:
    """Elements up to ``end``, or up to and with the delimiter ``until``."""
    if depth > _DEEPEST:
        raise _damaged("sequences nested too deeply")
    found: list[Element] = []
    while at < end:
        if end - at < 8:
            raise _damaged("the file ends within a data element")
        group, number = struct.unpack_from(coding.order + "HH", view, at)
        tag = group << 16 | number
        if (meta and group != 2) or tag > last:
            break
        if until and tag == until:
            return found, at + 8
        if tag == 0 and depth == 0 and not bytes(view[at:end]).strip(b"\0"):
            return found, end  # padding behind the data set
        if group == 0xFFFE and depth == 0:
            raise _damaged("an item outside of a sequence")
        count[0] += 1
        if count[0] > _MOST_ELEMENTS:
            raise _damaged("more than half a million data elements")
        element, at = _element(view, at, end, tag, coding, depth, count)
        found.append(element)
    if until:
        raise _damaged("a sequence item without an end")
    return found, at


def _element(
    view: memoryview, at: int, end: int, tag: int, coding: Coding, depth: int, count: list[int]
) -> tuple[Element, int]:
    vr, length, at = _head(view, at, end, tag, coding)
    if length == UNDEFINED:
        if is_pixels(tag) or (vr in ("OB", "OW") and tag >> 16 == 0x7FE0):
            stop = _fragments_end(view, at, end, coding.order)
            return Element(tag, vr, view[at : stop - 8], undefined=True), stop
        inner = coding if vr != "UN" or not coding.explicit else Coding("<", explicit=False)
        items, at = _items(view, at, end, inner, depth, count, undefined=True)
        return Element(tag, "SQ", b"", items), at
    if at + length > end:
        raise _damaged("a value is longer than the file")
    value = view[at : at + length]
    if is_pixels(tag):
        return Element(tag, vr, value), at + length
    if vr == "SQ" or (vr == "UN" and _looks_like_items(value)):
        # In an explicit file a sequence of unknown kind is implicit inside (PS3.5, 6.2.2).
        inner = coding if vr == "SQ" or not coding.explicit else Coding("<", explicit=False)
        try:
            items, _ = _items(view, at, at + length, inner, depth, count, undefined=False)
            return Element(tag, "SQ", b"", items), at + length
        except ScanError:
            if vr == "SQ":
                raise
    return Element(tag, vr, value), at + length


def _head(view: memoryview, at: int, end: int, tag: int, coding: Coding) -> tuple[str, int, int]:
    """Value representation, length, and the position of the value."""
    if not coding.explicit:
        (length,) = struct.unpack_from(coding.order + "I", view, at + 4)
        return dictionary_vr(tag), length, at + 8
    letters = bytes(view[at + 4 : at + 6])
    if not (letters.isalpha() and letters.isupper()):
        raise _damaged("a data element without a value representation")
    if letters in LONG_HEADS:
        if end - at < 12:
            raise _damaged("the file ends within a data element")
        (length,) = struct.unpack_from(coding.order + "I", view, at + 8)
        return letters.decode(), length, at + 12
    (length,) = struct.unpack_from(coding.order + "H", view, at + 6)
    return letters.decode(), length, at + 8


def _items(
    view: memoryview,
    at: int,
    end: int,
    coding: Coding,
    depth: int,
    count: list[int],
    *,
    undefined: bool,
) -> tuple[tuple[tuple[Element, ...], ...], int]:
    items: list[tuple[Element, ...]] = []
    while at < end:
        if end - at < 8:
            raise _damaged("the file ends within a sequence")
        group, number, length = struct.unpack_from(coding.order + "HHI", view, at)
        tag, at = group << 16 | number, at + 8
        if tag == SEQUENCE_END and undefined:
            return tuple(items), at
        if tag != ITEM:
            raise _damaged("a sequence holds something other than items")
        count[0] += 1
        if length == UNDEFINED:
            inner, at = _elements(view, at, end, coding, depth + 1, count, until=ITEM_END)
        else:
            if at + length > end:
                raise _damaged("a sequence item is longer than the file")
            inner, at = _elements(view, at, at + length, coding, depth + 1, count)
        items.append(tuple(inner))
    if undefined:
        raise _damaged("a sequence without an end")
    return tuple(items), at


def _looks_like_items(value: memoryview) -> bool:
    return len(value) >= 8 and bytes(value[:4]) == b"\xfe\xff\x00\xe0"


def _fragments_end(view: memoryview, at: int, end: int, order: str) -> int:
    """Position behind the delimiter that closes encapsulated pixel data."""
    while at + 8 <= end:
        group, number, length = struct.unpack_from(order + "HHI", view, at)
        tag = group << 16 | number
        at += 8
        if tag == SEQUENCE_END:
            return at
        if tag != ITEM or at + length > end:
            break
        at += length
    raise _damaged("encapsulated pixel data without an end")


def _text(element: Element) -> str:
    return bytes(element.value).decode("latin-1").strip(" \0")


def _damaged(found: str) -> ScanError:
    """Says what is wrong without any value from the file."""
    return ScanError("DICOM data elements", found=found, expected="a whole DICOM file")


_MOST_SHORT = 0xFFFF


def file_bytes(file: DicomFile) -> bytes:
    """The file as it is stored; group lengths other than that of group 2 are left out."""
    meta = b"".join(_written(e, EXPLICIT) for e in file.meta if e.tag != 0x00020000)
    head = bytes(PREAMBLE) + MAGIC if file.preamble or meta else b""
    if meta:
        length = Element(0x00020000, "UL", struct.pack("<I", len(meta)))
        meta = _written(length, EXPLICIT) + meta
    content = _set_bytes(file.elements, file.coding)
    if file.deflated:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        content = packer.compress(content) + packer.flush()
        content += bytes(len(content) % 2)  # PS3.5, A.5
    return head + meta + content


def _set_bytes(elements: Sequence[Element], coding: Coding) -> bytes:
    return b"".join(_written(e, coding) for e in elements if e.tag & 0xFFFF or e.tag >> 16 == 0)


def _written(element: Element, coding: Coding) -> bytes:
    order = coding.order
    value = bytes(element.value)
    undefined = element.undefined
    if element.items is not None:
        undefined = bool(element.items)
        value = b"".join(
            _delimiter(ITEM, order, UNDEFINED)
            + _set_bytes(item, coding)
            + _delimiter(ITEM_END, order)
            for item in element.items
        )
    elif len(value) % 2 and not is_pixels(element.tag):  # voxels are not added to either
        value += b" " if element.vr in TEXT_VRS - {"UI"} else b"\0"
    length = UNDEFINED if undefined else len(value)
    head = struct.pack(order + "HH", element.tag >> 16, element.tag & 0xFFFF)
    if not coding.explicit:
        head += struct.pack(order + "I", length)
    elif element.vr.encode() in LONG_HEADS:
        head += element.vr.encode() + b"\0\0" + struct.pack(order + "I", length)
    else:
        if length > _MOST_SHORT:
            raise ScanError(
                "DICOM data elements",
                found="a value too long for its value representation",
                expected="at most 65,535 bytes",
            )
        head += element.vr.encode() + struct.pack(order + "H", length)
    return head + value + (_delimiter(SEQUENCE_END, order) if undefined else b"")


def _delimiter(tag: int, order: str, length: int = 0) -> bytes:
    return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, length)


def with_value(element: Element, value: bytes) -> Element:
    """The element with another value; a sequence becomes empty."""
    return replace(element, value=value, items=None if element.items is None else ())
