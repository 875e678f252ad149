"""Text in MGH images: spare bytes of the header, and the tags behind the voxels.

Tags follow FreeSurfer's ``tags.h`` and the way ``mriio.cpp`` writes them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from headrisk.io.headers import MGH_FIELDS, MGH_HEADER
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.text import printable_text, text_hits

MGH_PARAMETERS = 20
_COMMAND_LINE = 3
# A command on FreeSurfer's own files, without folders, names nobody.
_OWN_COMMAND = re.compile(
    r"(?:mri|mris|recon|talairach|AntsDenoiseImageFs)[\w-]*(?: +(?:-{1,2}[a-z_-]+|[\d.]+"
    r"|(?:orig|rawavg|nu|nu_noneg|T1|brainmask|brain|norm|wm|filled|aseg|ribbon|ctrl_pts"
    r"|[\w.+]*aparc[\w.+]*|aseg\.[\w.]+|brain\.[\w.]+|\d{3})(?:\.(?:auto|mgz|mgh))*))*"
)
_TAG_NAMES = {3: "command line", 30: "old transform", 31: "transform", 33: "alignment",
              41: "phase direction", 42: "frame", 43: "field strength", 44: "orig"}  # fmt: skip
_TEXT_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")


def mgh_hits(header: bytes, tail: bytes, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in the spare bytes of an MGH header and in the tags behind the voxels.

    ``tail`` begins right behind the voxels.
    """
    spare = printable_text(header[MGH_FIELDS:MGH_HEADER])
    if spare.strip():
        yield Hit("header-text", "spare header bytes", spare)
        yield from text_hits(spare, "spare header bytes", known)
    for tag, content in mgh_tags(tail[MGH_PARAMETERS:]):
        place = f"tag {tag} ({_TAG_NAMES.get(tag, 'other')})" if tag else "bytes behind the tags"
        if tag == _COMMAND_LINE and not _OWN_COMMAND.fullmatch(printable_text(content)):
            yield Hit("command-line", place, printable_text(content))
        for run in _TEXT_RUN.finditer(content):
            yield from text_hits(printable_text(run[0]), place, known)


def mgh_texts(tail: bytes) -> Iterator[tuple[str, str]]:
    """Texts of tags by their place, but commands on FreeSurfer's own files."""
    for tag, content in mgh_tags(tail[MGH_PARAMETERS:]):
        text = " ".join(printable_text(run[0]) for run in _TEXT_RUN.finditer(content))
        if not (tag == _COMMAND_LINE and _OWN_COMMAND.fullmatch(printable_text(content))):
            yield f"tag {tag} ({_TAG_NAMES.get(tag, 'other')})", text


def mgh_tags(block: bytes) -> list[tuple[int, bytes]]:
    """Tags and their content; bytes that make no tag come last with number 0."""
    tags, at = [], 0
    while at + 4 <= len(block):
        (tag,) = struct.unpack(">i", block[at : at + 4])
        if tag == 0:
            break
        if tag in (1, 2, 20):  # old tags without a length
            at += 4
            continue
        wide = tag != 30
        head = 12 if wide else 8
        if at + head > len(block):
            break
        (size,) = struct.unpack(">q" if wide else ">i", block[at + 4 : at + head])
        if size < 0 or at + head + size > len(block):
            break
        tags.append((tag, block[at + head : at + head + size]))
        at += head + size
    if block[at:].strip(b"\0"):
        tags.append((0, block[at:]))
    return tags
