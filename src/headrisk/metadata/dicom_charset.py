"""Text of DICOM elements by Specific Character Set (PS3.3, C.12.1.1.2; PS3.5, 6.1)."""

from __future__ import annotations

from headrisk.metadata.text import printable_text

_CODECS = {
    "ISO_IR 100": "latin-1", "ISO_IR 101": "iso8859-2", "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4", "ISO_IR 144": "iso8859-5", "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7", "ISO_IR 138": "iso8859-8", "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15", "ISO_IR 13": "shift_jis", "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk",
}  # fmt: skip
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
        for marks, name in (((_KOREAN,), "euc_kr"), ((_CHINESE,), "gb2312"),
                            (_JAPANESE, "iso2022_jp_2")):  # fmt: skip
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
