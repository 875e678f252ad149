"""Which reader reads a file that is neither NIfTI, MGH, DICOM, JSON nor a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from headrisk.io.nifti_header import nifti_plan
from headrisk.metadata.documents import (
    read_arrow,
    read_notebook,
    read_npy,
    read_office,
    read_pdf,
    read_sqlite,
    read_xml,
)
from headrisk.metadata.file_text import text_file_hits
from headrisk.metadata.findings import Hit
from headrisk.metadata.headers import Header, header_hits
from headrisk.metadata.image_headers import (
    MOST_HEADER,
    read_afni,
    read_annotation,
    read_minc,
    read_mrtrix,
    read_nrrd,
    read_p_file,
    read_par,
    read_surface,
    read_twix,
)
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.open_texts import OpenText, open_in_fields, open_in_xml
from headrisk.metadata.recordings import read_brainvision, read_edf, read_fif
from headrisk.metadata.roles import COMPANIONS, HeaderRole, Role
from headrisk.metadata.text import printable_text

LARGEST = 1024 * 1024 * 1024
_LARGEST_TEXT = 64 * 1024 * 1024
_FOUND_IN_START = {
    "nrrd": read_nrrd,
    "mrtrix": read_mrtrix,
    "twix": read_twix,
    "pfile": read_p_file,
}
_WHOLE = {
    "par": read_par,
    "afni": read_afni,
    "surface": read_surface,
    "annotation": read_annotation,
    "minc": read_minc,
}
# Formats whose fields can be blanked where they stand.
CLEANABLE = frozenset(
    {"par", "nrrd", "mrtrix", "afni", "surface", "annotation", "edf", "brainvision", "fif"}
)
_HEADERS_OF = {
    ".img": (".hdr",),
    ".img.gz": (".hdr", ".hdr.gz"),
    ".brik": (".head",),
    ".brik.gz": (".head",),
    ".rec": (".par", ".xml"),
    ".raw": (".nhdr", ".mhd"),
    ".raw.gz": (".nhdr", ".mhd"),
    ".eeg": (".vhdr",),
}

Found = tuple[list[Hit], str, str]  # hits, why it was not read, why it was only searched


def read_header(role: str, path: Path, name: str, size: int) -> Header:
    """The fields of a file with a header.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if size > LARGEST:
        return Header((), problem="a file of more than 1 GB, not read")
    if role in ("edf", "fif"):
        return read_edf(path, size) if role == "edf" else read_fif(path, size)
    if role in _FOUND_IN_START:
        with path.open("rb") as handle:
            return _FOUND_IN_START[role](handle.read(MOST_HEADER))
    raw = path.read_bytes()
    return read_brainvision(raw, name) if role == "brainvision" else _WHOLE[role](raw)


def _by_header(role: Role) -> Callable[[Path, str, int, KnownIdentifiers], Found]:
    def look(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
        header = read_header(role, path, name, size)
        return list(header_hits(header, known)), header.problem, header.searched

    return look


def _office(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return _limited(path, size, lambda raw: read_office(raw, name.lower(), known))


def _notebook(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return _limited(path, size, lambda raw: read_notebook(raw, known))


def _xml(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return _limited(path, size, lambda raw: (xml_hits(printable_text(raw), known), "", ""))


def _limited(path: Path, size: int, read: Callable[[bytes], Found]) -> Found:
    if size > _LARGEST_TEXT:
        return [], "a document of more than 64 MB, not read", ""
    hits, problem, searched = read(path.read_bytes())
    if problem:  # what cannot be read can hold anything
        hits = [*hits, Hit("unreadable-kind", "file", "", note=f"{size:,} bytes")]
    return hits, problem, searched


def xml_hits(text: str, known: KnownIdentifiers) -> list[Hit]:
    """Hits in the named elements of an XML text, and in all of it."""
    return [*header_hits(read_xml(text), known), *text_file_hits(text, ".xml", known)]


def _pdf(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return _limited(path, size, lambda raw: read_pdf(raw, known))


def _sqlite(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return read_sqlite(path, known)


def _arrow(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return read_arrow(path, name.lower(), known)


def _npy(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    return [], *read_npy(path)


def _voxels(path: Path, name: str, size: int, known: KnownIdentifiers) -> Found:
    """Voxels or samples, which are numbers alone if a header beside them says so."""
    ending = next(
        end for end in sorted(COMPANIONS, key=len, reverse=True) if name.lower().endswith(end)
    )
    stem = name[: -len(ending)]
    try:
        beside = {p.name.lower(): p for p in path.parent.iterdir() if p.name.startswith(stem)}
    except OSError as error:
        return [], f"cannot be read ({error.strerror})", ""
    headers = [
        beside[f"{stem}{end}".lower()]
        for end in _HEADERS_OF[ending]
        if f"{stem}{end}".lower() in beside
    ]
    if not headers:
        return [], "", "voxels or samples without a header beside them, searched as bytes"
    if ending == ".img" and headers[0].suffix == ".hdr":
        plan = nifti_plan(headers[0].read_bytes()[: 1024 * 1024])
        if plan is None or plan.voxels_end is None:
            return [], "voxels whose header cannot be read", ""
        if plan.voxels_end > size:
            return [], "shorter than its header says", ""
        if plan.voxels_end < size:
            return [], "", "bytes behind the voxels"
    return [], "", ""


def open_in_format(role: Role, path: Path, name: str, size: int) -> tuple[OpenText, ...]:
    """Texts that no rule can judge with certainty, in a file that was read as its own format.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if role in ("voxels", "npy"):
        return ()
    if role == "xml":
        return open_in_xml(printable_text(path.read_bytes()))
    if role in _BY_HEADER:
        header = read_header(role, path, name, size)
        return open_in_fields((field.name, field.value) for field in header.fields)
    return (OpenText("text of the document"),)


_BY_HEADER: tuple[HeaderRole, ...] = get_args(HeaderRole)
READERS: dict[Role, Callable[[Path, str, int, KnownIdentifiers], Found]] = {
    **{role: _by_header(role) for role in _BY_HEADER},
    "pdf": _pdf,
    "office": _office,
    "notebook": _notebook,
    "xml": _xml,
    "sqlite": _sqlite,
    "arrow": _arrow,
    "npy": _npy,
    "voxels": _voxels,
}
