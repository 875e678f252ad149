"""Reading a plain or gzip file from its first to its last byte, nothing believed unchecked.

A gzip member ends with the CRC-32 and the length of what it holds (RFC 1952). Both are checked
only when the stream is read to its end, so ``ByteStream.finish`` must be called before a voxel is
used.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from headrisk.errors import ScanError
from headrisk.io.digests import open_regular
from headrisk.io.gzip_members import GZIP_MAGIC

LARGEST_RATIO = 1032  # deflate cannot expand further (RFC 1951: 258 bytes from 2 bits)
_IN_BYTES = 256 * 1024
_OUT_BYTES = 1024 * 1024
_MOST_MEMBERS = 50_000
_MOST_EMPTY_MEMBERS = 16


class ByteStream:
    """The decoded bytes of one file, read forward only.

    Attributes
    ----------
    subject
        The file's name, for messages.
    size_bound
        Upper bound on the number of decoded bytes, known before decoding.
    compressed
        Whether the file is gzip, whatever its name.
    position
        Decoded bytes read so far.
    notes
        Remarks on the file made so far.
    """

    def __init__(self, handle: IO[bytes], subject: str, file_bytes: int) -> None:
        self.subject = subject
        self.file_bytes = file_bytes
        self.position = 0
        self.notes: list[str] = []
        start = handle.read(_IN_BYTES)
        self.compressed = start.startswith(GZIP_MAGIC)
        self.size_bound = file_bytes * LARGEST_RATIO if self.compressed else file_bytes
        self._chunks = self._inflate(start, handle) if self.compressed else _plain(start, handle)
        self._rest = memoryview(b"")

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; fewer only where the file ends."""
        buffer = bytearray(count)
        return bytes(buffer[: self.readinto(memoryview(buffer))])

    def readinto(self, target: memoryview) -> int:
        """Fill ``target`` as far as the file goes and return the number of bytes written."""
        done = 0
        while done < len(target):
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                if not self._rest:
                    break
            part = self._rest[: len(target) - done]
            target[done : done + len(part)] = part
            self._rest = self._rest[len(part) :]
            done += len(part)
        self.position += done
        return done

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes."""
        while count > 0:
            passed = len(self.read(min(count, _OUT_BYTES)))
            if not passed:
                return
            count -= passed

    def finish(self, most: int) -> tuple[int, bool]:
        """Read to the end of the file, which checks every checksum.

        Returns the number of bytes left and whether all of them are zero; stops with an error
        beyond ``most`` bytes.
        """
        count, blank = 0, True
        while part := self.read(min(_OUT_BYTES, most + 1)):
            count += len(part)
            blank = blank and not part.strip(b"\0")
            if count > most:
                raise ScanError(
                    self.subject,
                    found=f"more than {most} bytes after the end of the image",
                    expected="a file as long as its header says",
                    remedy="Header and data do not belong together: export the scan again.",
                )
        return count, blank

    def _inflate(self, data: bytes, handle: IO[bytes]) -> Iterator[bytes]:
        """Decoded pieces of at most 1 MiB over all gzip members of the file."""
        members = empty = 0
        while True:
            decoder = zlib.decompressobj(wbits=31)
            produced = 0
            while not decoder.eof:
                if not data:
                    data = handle.read(_IN_BYTES)
                    if not data:
                        raise self._damaged("the compressed data end too early (cut-off file)")
                try:
                    piece = decoder.decompress(data, _OUT_BYTES)
                except zlib.error as error:
                    raise self._damaged(f"damaged compressed data ({error})") from error
                data = decoder.unconsumed_tail
                produced += len(piece)
                if piece:
                    yield piece
            members += 1
            empty += produced == 0
            if members > _MOST_MEMBERS or empty > _MOST_EMPTY_MEMBERS:
                raise self._damaged(f"more than {members - 1} gzip members")
            data = decoder.unused_data
            if len(data) < len(GZIP_MAGIC):
                data += handle.read(_IN_BYTES)
            if not data.startswith(GZIP_MAGIC):
                break
        if data:
            extra = len(data) + self.file_bytes - handle.tell()
            self.notes.append(f"{extra} bytes after the compressed data ignored")

    def _damaged(self, found: str) -> ScanError:
        return ScanError(
            self.subject,
            found=found,
            expected="a gzip file that passes its own checksum",
            remedy="Copy the file again from its source.",
        )


@contextmanager
def open_stream(path: Path) -> Iterator[ByteStream]:
    """Open a regular file for reading.

    Raises
    ------
    ScanError
        The file is missing, unreadable, empty, or not a regular file.
    """
    expected = "a readable image file"
    try:
        with open_regular(path) as handle:
            status = os.fstat(handle.fileno())
            if status.st_size == 0:
                raise ScanError(
                    str(path),
                    found="an empty file",
                    expected=expected,
                    remedy="Copy the file again from its source.",
                )
            yield ByteStream(handle, str(path), status.st_size)
    except FileNotFoundError as error:
        raise ScanError(
            str(path),
            found="no such file",
            expected=expected,
            remedy="Correct the path, or fetch the file if it is a link to one stored elsewhere.",
        ) from error
    except OSError as error:
        raise ScanError(
            str(path),
            found=f"cannot be read ({error.strerror or error})",
            expected=expected,
            remedy="Check its kind and permissions, and the disk.",
        ) from error


def _plain(data: bytes, handle: IO[bytes]) -> Iterator[bytes]:
    while data:
        yield data
        data = handle.read(_OUT_BYTES)
