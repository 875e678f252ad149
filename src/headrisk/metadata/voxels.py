"""Whether a cleaned file holds the voxels of its source, bit for bit.

Both files are read anew from disk, so that a fault in writing cannot hide in what was to be
written. What turns stored numbers into shown ones (size, type, slope, window) is compared too.
"""

from __future__ import annotations

import filecmp
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from headrisk.errors import ScanError
from headrisk.io.headers import MGH_FIELDS, MGH_HEADER, mgh_voxels_end
from headrisk.io.stream import ByteStream, open_stream
from headrisk.metadata.dicom_dictionary import is_pixels
from headrisk.metadata.dicom_elements import DicomFile, Element, parse_file
from headrisk.metadata.formats import CLEANABLE, read_header
from headrisk.metadata.headers import patches
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.look import read_plan
from headrisk.metadata.roles import Role

_DATA = re.compile(rb"<Data\b[^>]*>(.*?)</Data>", re.S)
_PIECE = 1024 * 1024
_IMAGE_GROUP = 0x0028
_SHOWN_BY = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "OW", "OB", "OF", "DS", "IS", "AT"})
_SYNTAX = 0x00020010


def same_voxels(
    source: Path, copy: Path, role: Role | Literal[""], known: KnownIdentifiers
) -> bool:
    """Whether the images in two files are equal; files without voxels are.

    Parameters
    ----------
    source, copy
        Before and after cleaning.
    role
        What the source was taken for.
    known
        The custodian's list, which was blanked too.

    Raises
    ------
    ScanError
        One of them is damaged.
    OSError
        One of them cannot be read.
    """
    if role == "dicom":
        if filecmp.cmp(source, copy, shallow=False):
            return True
        return _same_pixels(parse_file(source.read_bytes()), parse_file(copy.read_bytes()))
    if role in ("nifti", "mgh"):
        return image_digest(source, role) == image_digest(copy, role)
    if role == "xml":
        return _DATA.findall(source.read_bytes()) == _DATA.findall(copy.read_bytes())
    if role in CLEANABLE and not filecmp.cmp(source, copy, shallow=False):
        header = read_header(role, source, source.name, source.stat().st_size)
        return _same_outside(source.read_bytes(), copy.read_bytes(), patches(header, known))
    return True


def _same_outside(before: bytes, after: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bool:
    """Whether nothing but the places of ``changes`` differs."""
    at = shift = 0
    for start, end, new in changes:
        if start < at:
            continue
        if before[at:start] != after[at + shift : start + shift]:
            return False
        at, shift = end, shift + len(new) - (end - start)
    return before[at:] == after[at + shift :]


def image_digest(path: Path, role: str) -> bytes:
    """Digest of a NIfTI or MGH image: the header's numbers and every voxel, read to the end.

    Raises
    ------
    ScanError
        It is damaged, or ends before its last voxel.
    """
    with open_stream(path) as stream:
        if role == "mgh":
            return _mgh_digest(stream, path.name)
        plan = read_plan(stream)
        if plan is None:
            raise ScanError(path.name, found="not a NIfTI header, or cut off")
        digest = hashlib.blake2b(plan.header.blank(vox_offset=0))
        if plan.single:
            stream.skip(plan.voxels_at - stream.position)
            end_at = plan.voxels_end
            _add(stream, digest, None if end_at is None else end_at - plan.voxels_at, path.name)
        stream.skip(2**62)  # checks the checksum of what is packed
        return digest.digest()


def _mgh_digest(stream: ByteStream, name: str) -> bytes:
    header = stream.read(MGH_HEADER)
    end = mgh_voxels_end(header)
    if end is None:
        raise ScanError(name, found="not an MGH header, or cut off")
    digest = hashlib.blake2b(header[:MGH_FIELDS])
    _add(stream, digest, end - MGH_HEADER, name)
    stream.skip(2**62)
    return digest.digest()


def pieces(stream: ByteStream, count: int | None, name: str) -> Iterator[bytes]:
    """The next ``count`` bytes of a file, or all that are left, piece by piece.

    Raises
    ------
    ScanError
        There are fewer.
    """
    left = 2**62 if count is None else count
    while left > 0:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            break
        yield piece
        left -= len(piece)
    if count is not None and left:
        raise ScanError(name, found="shorter than its header says")


def _add(stream: ByteStream, digest: hashlib.blake2b, count: int | None, name: str) -> None:
    for piece in pieces(stream, count, name):
        digest.update(piece)


def _same_pixels(source: DicomFile, copy: DicomFile) -> bool:
    before, after = dict(_image_parts(source.elements)), dict(_image_parts(copy.elements))
    top = {place for place in before if len(place) == 1 and is_pixels(place[0])}
    return (
        top <= after.keys()
        and all(before.get(place) == value for place, value in after.items())
        and source.coding == copy.coding
        and source.text(_SYNTAX) == copy.text(_SYNTAX)
    )


def _image_parts(
    elements: Sequence[Element], above: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Place and bytes of all pixels, and of the numbers of group 0028 that say how to show them."""
    for element in elements:
        place = (*above, element.tag)
        if element.items is not None:
            for number, item in enumerate(element.items):
                yield from _image_parts(item, (*place, number))
        elif is_pixels(element.tag):
            yield place, bytes(element.value)
        elif element.tag >> 16 == _IMAGE_GROUP and element.meant_vr in _SHOWN_BY:
            yield place, bytes(element.value).rstrip(b" \0")
