"""The header of a gzip file (RFC 1952): name, comment, time and extra field."""

from __future__ import annotations

from dataclasses import dataclass

GZIP_MAGIC = b"\x1f\x8b"
_HAS_CRC, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16
PLAIN_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


@dataclass(frozen=True)
class GzipHeader:
    """What the header holds; ``length`` is its length in bytes, ``time`` seconds since 1970."""

    name: bytes
    comment: bytes
    extra: bytes
    time: int
    length: int


def gzip_header(start: bytes) -> GzipHeader | None:
    """The header at the beginning of a gzip file, None where it is cut off or not gzip.

    Parameters
    ----------
    start
        The first bytes of the file; 64 KiB hold every header that is met in practice.
    """
    if len(start) < 10 or not start.startswith(GZIP_MAGIC):
        return None
    flags, at = start[3], 10
    extra = name = comment = b""
    if flags & _HAS_EXTRA:
        size = int.from_bytes(start[at : at + 2], "little")
        extra = start[at + 2 : at + 2 + size]
        at += 2 + size
    for bit in (_HAS_NAME, _HAS_COMMENT):
        if flags & bit:
            end = start.find(b"\0", at)
            if end < 0:
                return None
            if bit == _HAS_NAME:
                name = start[at:end]
            else:
                comment = start[at:end]
            at = end + 1
    at += 2 if flags & _HAS_CRC else 0
    if at > len(start):
        return None
    return GzipHeader(name, comment, extra, int.from_bytes(start[4:8], "little"), at)
