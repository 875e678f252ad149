"""What leftovers give away: folder listings of desktop systems, archives, version histories."""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.names import name_spans
from headrisk.metadata.text import UNLABELLED, printable_text, text_hits

_MOST_MEMBERS = 100_000
_LARGEST_PACKED = 256 * 1024 * 1024
_LARGEST_OBJECT = 1024 * 1024
_WIDE_BIG = re.compile(rb"(?:\x00[\x20-\x7e]){4,}")
_WIDE_LITTLE = re.compile(rb"(?:[\x20-\x7e]\x00){4,}")
_NARROW = re.compile(rb"[\x20-\x7e\xc2-\xf4\x80-\xbf]{4,}")
_GIT_TEXTS = frozenset(
    {
        "config",
        "COMMIT_EDITMSG",
        "MERGE_MSG",
        "packed-refs",
        "description",
        "HEAD",
        "FETCH_HEAD",
        "ORIG_HEAD",
    }
)


def text_runs(raw: bytes) -> Iterator[str]:
    """Stretches of text in binary data: ASCII and UTF-8, and UTF-16 of either byte order."""
    for run in _NARROW.finditer(raw):
        yield printable_text(run[0])
    for run in _WIDE_BIG.finditer(raw):
        yield run[0].decode("utf-16-be")
    for run in _WIDE_LITTLE.finditer(raw):
        yield run[0].decode("utf-16-le")


def binary_hits(raw: bytes, known: KnownIdentifiers) -> Iterator[Hit]:
    """Identifiers and forms in the texts that binary data hold."""
    skip = frozenset({"phone", "acquisition-time", "address", "long-number", UNLABELLED})
    for run in text_runs(raw):
        yield from text_hits(run, "text in binary data", known, skip)


def listing_hits(raw: bytes, known: KnownIdentifiers) -> Iterator[Hit]:
    """Identifying file names in .DS_Store, Thumbs.db and the like."""
    for run in text_runs(raw):
        for kind, start, end in name_spans(run, known):
            yield Hit(kind, "name of a file", run[start:end])


def archive_hits(path: Path, known: KnownIdentifiers) -> tuple[list[Hit], str]:
    """Identifying names of an archive's members, and why they could not be listed."""
    try:
        names = _members(path)
    except (
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        zlib.error,
        zipfile.BadZipFile,
        tarfile.TarError,
    ) as error:
        return [], f"archive cannot be listed ({type(error).__name__})"
    if names is None:
        return [], "an archive of a kind that cannot be listed: unpack it"
    hits = [
        Hit(kind, "name of a member", part[start:end])
        for name in names
        for part in name.split("/")
        for kind, start, end in name_spans(part, known)
    ]
    return hits, ""


def _members(path: Path) -> list[str] | None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            return packed.namelist()[:_MOST_MEMBERS]
    if path.stat().st_size > _LARGEST_PACKED or not tarfile.is_tarfile(path):
        return None
    names = []
    with tarfile.open(path) as packed_tar:
        for member in packed_tar:
            names.append(member.name)
            if len(names) >= _MOST_MEMBERS:
                break
    return names


def history_hits(parts: tuple[str, ...], raw: bytes, known: KnownIdentifiers) -> Iterator[Hit]:
    """Names and addresses in the texts of a git repository and in its loose objects."""
    if parts[-1] in _GIT_TEXTS or "logs" in parts:
        yield from text_hits(printable_text(raw), "history", known)
        return
    if "objects" not in parts or len(parts[-1]) != 38:
        return
    decoder = zlib.decompressobj()
    try:
        content = decoder.decompress(raw, _LARGEST_OBJECT)
    except zlib.error:
        return
    if content.startswith((b"commit ", b"tag ")):
        yield from text_hits(printable_text(content), "commit", known)
    elif known:
        text = printable_text(content)
        for start, end in known.spans(text):
            yield Hit("known-identifier", "object", text[start:end])


def is_history_text(parts: tuple[str, ...]) -> bool:
    """Whether a file of a version history is read at all; packed objects are not."""
    loose = "objects" in parts and len(parts[-1]) == 38 and len(parts[-2]) == 2
    return parts[-1] in _GIT_TEXTS or "logs" in parts or loose
