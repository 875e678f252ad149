"""Writing DICOM data elements (PS3.5) as they were read: the same bytes for what was kept."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

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


def file_bytes(file: DicomFile) -> bytes:
    """The file as it is stored; group lengths other than that of group 2 are left out."""
    meta = b"".join(_written(e, EXPLICIT) for e in file.meta if e.tag != 0x00020000)
    head = bytes(PREAMBLE) + MAGIC if file.preamble or meta else b""
    if meta:
        length = Element(0x00020000, "UL", struct.pack("<I", len(meta)))
        meta = _written(length, EXPLICIT) + meta
    return head + meta + _set_bytes(file.elements, file.coding)


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
    elif len(value) % 2:
        value += b"\0" if element.vr in ("UI", "OB", "UN") else b" "
    length = UNDEFINED if undefined else len(value)
    head = struct.pack(order + "HH", element.tag >> 16, element.tag & 0xFFFF)
    if not coding.explicit:
        head += struct.pack(order + "I", length)
    elif element.vr.encode() in LONG_HEADS:
        head += element.vr.encode() + b"\0\0" + struct.pack(order + "I", length)
    else:
        head += element.vr.encode() + struct.pack(order + "H", length)
    return head + value + (_delimiter(SEQUENCE_END, order) if undefined else b"")


def _delimiter(tag: int, order: str, length: int = 0) -> bytes:
    return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, length)


def with_value(element: Element, value: bytes) -> Element:
    """The element with another value; a sequence becomes empty."""
    return replace(element, value=value, items=None if element.items is None else ())
