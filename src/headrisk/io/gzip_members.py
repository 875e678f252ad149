"""The headers of a gzip file (RFC 1952), name, comment, time, extra field; what is behind it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
_HAS_CRC, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16
_MEMBER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")  # how a member begins; reserved flags are 0
_PIECE, _OUT = 64 * 1024, 1024 * 1024
MOST_MEMBERS = 50_000
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


def one_member(path: Path) -> bool:
    """Whether no byte behind the first can be the beginning of another member.

    Nothing is unpacked, so a few large files are taken for doubtful ones: four given bytes stand
    in packed data by chance, in one file of 100 MB or so.
    """
    with path.open("rb") as handle:
        handle.seek(1)
        tail = b""
        while piece := handle.read(_PIECE):
            if _MEMBER.search(tail + piece):
                return False
            tail = piece[-3:]
    return True


def behind_the_first(path: Path) -> Iterator[bytes]:
    """The beginning of every later member of a gzip file, and of what follows the last one.

    64 KiB or more of each. Only what begins with the magic number of gzip is a member; programs
    pass over the rest, and over the headers of all members but the first. Zeros, with which tapes
    fill their blocks, are left out. A damaged file ends early: its reader reports it.
    """
    with path.open("rb") as handle:
        data, members = handle.read(_PIECE), 0
        while data.startswith(GZIP_MAGIC) and members < MOST_MEMBERS:
            if members:
                yield data
            members += 1
            decoder = zlib.decompressobj(wbits=31)
            while not decoder.eof:
                data = data or handle.read(_PIECE)
                try:
                    decoder.decompress(data, _OUT)
                except zlib.error:
                    return
                if not data:
                    return
                data = decoder.unconsumed_tail
            data = decoder.unused_data
            if len(data) < _PIECE:
                data += handle.read(_PIECE)
        while data and not data.strip(b"\0"):
            data = handle.read(_PIECE)
        if behind := data.lstrip(b"\0"):
            yield behind + handle.read(_PIECE)
