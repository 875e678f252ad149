"""The images inside an archive, listed without unpacking anything to disk."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from headrisk.dataset.magic import HEAD_BYTES, Told, tell

MOST_MEMBERS = 100_000
_EMPTY_TAR = 10_240  # bytes of a tar without members
MOST_BYTES = 2 * 1024**3  # of a packed tar, which can be listed only by unpacking it


@dataclass(frozen=True)
class Member:
    """A file in an archive: its path there, what it is, and how many files it stands for."""

    path: str
    told: Told
    files: int = 1


@dataclass(frozen=True)
class Listing:
    """Images and further archives in an archive, and why the list is not whole ("" if it is)."""

    members: tuple[Member, ...]
    problem: str = ""


def list_archive(path: Path) -> Listing:
    """List what an archive holds: images by content or name, and archives inside it.

    The DICOM files of one folder are one member. Archives inside are named, not opened.
    """
    found: list[Member] = []
    try:
        if zipfile.is_zipfile(path):
            problem = _gather(_zip_members(path), found)
        elif _is_tar(path) and not _is_blank(path):
            problem = _gather(_tar_members(path), found)
        else:
            problem = "an archive of a kind that cannot be listed: unpack it"
    except (
        OSError,
        EOFError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as error:
        problem = f"the archive is damaged or locked ({type(error).__name__})"
    return Listing(tuple(_series(found)), problem)


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, zlib.error, lzma.LZMAError):
        return False


def _is_blank(path: Path) -> bool:
    """Whether a file begins with nothing but zeros, as an image of a disk may: no empty tar."""
    with path.open("rb") as handle:
        return not handle.read(HEAD_BYTES).strip(b"\0") and path.stat().st_size > _EMPTY_TAR


def _gather(members: Iterator[tuple[str, int, IO[bytes] | None]], found: list[Member]) -> str:
    """Add images and archives among the members; returns why it stopped early, or ""."""
    read = 0
    for number, (name, size, stream) in enumerate(members):
        read += size
        if number >= MOST_MEMBERS or read > MOST_BYTES:
            return "too large to be listed in full: unpack it"
        try:
            head = stream.read(HEAD_BYTES) if stream else b""
        except (RuntimeError, NotImplementedError):  # encrypted, or an unknown compression
            head = b""
        told = tell(name, head, size)
        if told.kind in ("image", "archive"):
            found.append(Member(name, told))
    return ""


def _zip_members(path: Path) -> Iterator[tuple[str, int, IO[bytes] | None]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                yield info.filename, 0, None
                continue
            with archive.open(info) as stream:
                yield info.filename, 0, stream


def _tar_members(path: Path) -> Iterator[tuple[str, int, IO[bytes] | None]]:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isfile():
                yield info.name, info.size, archive.extractfile(info)


def _series(members: list[Member]) -> Iterator[Member]:
    """The same with the DICOM files of each folder as one."""
    folders: dict[str, list[Member]] = {}
    for member in members:
        if member.told.form == "DICOM":
            folders.setdefault(str(PurePosixPath(member.path).parent), []).append(member)
        else:
            yield member
    for files in folders.values():
        yield Member(files[0].path, files[0].told, len(files))
