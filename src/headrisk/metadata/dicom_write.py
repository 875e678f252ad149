"""Writing DICOM data elements (PS3.5) as they were read: the same bytes for what was kept."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

from headrisk.errors import ScanError
from headrisk.metadata.dicom_dictionary import TEXT_VRS, is_pixels
from headrisk.metadata.dicom_elements import (
    EXPLICIT,
    ITEM,
    ITEM_END,
    LONG_HEADS,
    MAGIC,
    PREAMBLE,
    SEQUENCE_END,
    UNDEFINED,
    Coding,
    DicomFile,
    Element,
)

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
