"""Writing images without identifying metadata, every voxel bit for bit as it was."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from headrisk.errors import ScanError
from headrisk.io.stream import ByteStream, open_stream
from headrisk.metadata.gzip_header import PLAIN_HEADER, gzip_header
from headrisk.metadata.known import NOBODY, KnownIdentifiers
from headrisk.metadata.look import START, read_plan
from headrisk.metadata.mgh_text import MGH_HEADER, MGH_PARAMETERS, mgh_voxels_end
from headrisk.metadata.nifti_text import NiftiPlan, kept_extensions, text_places

_MGH_SPARE = 90
_PIECE = 1024 * 1024


def write_nifti(source: Path, target: Path, known: KnownIdentifiers = NOBODY) -> None:
    """Write a NIfTI image with blank text fields, without trailing bytes and most extensions.

    Extensions that a format is made of (CIFTI, MRS) stay where nothing identifying stands in them.

    Raises
    ------
    ScanError
        The source is damaged, or ends before its last voxel.
    """
    with open_stream(source) as stream:
        plan = read_plan(stream)
        if plan is None:
            raise ScanError(source.name, found="not a NIfTI header, or cut off")
        with _writer(target, packed=stream.compressed) as out:
            out.write(_blank_header(plan, kept_extensions(plan, known)))
            if not plan.single:
                stream.skip(2**62)  # checks the checksum
                return
            stream.skip(plan.voxels_at - stream.position)
            count = None if plan.voxels_end is None else plan.voxels_end - plan.voxels_at
            _copy(stream, out, count, source.name)
            stream.skip(2**62)


def _blank_header(plan: NiftiPlan, extensions: bytes) -> bytes:
    header = bytearray(plan.header)
    for start, end in text_places(plan).values():
        header[start:end] = bytes(end - start)
    if plan.single:
        sign = "<" if plan.order == "little" else ">"
        if plan.version == 1:
            header[108:112] = struct.pack(sign + "f", len(header) + 4 + len(extensions))
        else:
            header[168:176] = struct.pack(sign + "q", len(header) + 4 + len(extensions))
    return bytes(header) + bytes([bool(extensions), 0, 0, 0]) + extensions


def write_mgh(source: Path, target: Path) -> None:
    """Write an MGH image without spare header bytes and tags; scan parameters are kept.

    Raises
    ------
    ScanError
        The source is damaged, or ends before its last voxel.
    """
    with open_stream(source) as stream:
        header = stream.read(MGH_HEADER)
        end = mgh_voxels_end(header)
        if end is None:
            raise ScanError(source.name, found="not an MGH header, or cut off")
        with _writer(target, packed=stream.compressed) as out:
            out.write(header[:_MGH_SPARE] + bytes(MGH_HEADER - _MGH_SPARE))
            _copy(stream, out, end - MGH_HEADER, source.name)
            out.write(stream.read(MGH_PARAMETERS))
            stream.skip(2**62)


def write_plain_gzip(source: Path, target: Path) -> None:
    """Copy a gzip file under a header without name, comment and time; the packed data as they are.

    Raises
    ------
    ScanError
        The header cannot be read.
    """
    with source.open("rb") as handle:
        header = gzip_header(handle.read(START))
        if header is None:
            raise ScanError(source.name, found="a gzip header that cannot be read")
        handle.seek(header.length)
        with target.open("wb") as out:
            out.write(PLAIN_HEADER)
            while piece := handle.read(_PIECE):
                out.write(piece)


def packed_bytes(content: bytes) -> bytes:
    """Gzip without name and time."""
    return gzip.compress(content, compresslevel=6, mtime=0)


@contextmanager
def _writer(target: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        out: IO[bytes] = stack.enter_context(target.open("wb"))
        if packed:
            out = stack.enter_context(
                gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=6)  # type: ignore[arg-type]
            )
        yield out


def _copy(stream: ByteStream, out: IO[bytes], count: int | None, name: str) -> None:
    """Pass on ``count`` bytes, or all that are left."""
    left = 2**62 if count is None else count
    while left > 0:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            break
        out.write(piece)
        left -= len(piece)
    if count is not None and left:
        raise ScanError(name, found="shorter than its header says")
