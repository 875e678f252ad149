"""From a path to a checked header, and to a stream that stands before the voxels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import Shape, to_ras, voxel_sizes
from headrisk.io.layout import ImageLayout
from headrisk.io.mgh import HEADER_BYTES, VERSION, parse_mgh
from headrisk.io.nifti_header import header_kind, parse_nifti
from headrisk.io.stream import ByteStream, open_stream

_PARTNER = {".hdr": ".img", ".img": ".hdr"}


@dataclass(frozen=True)
class HeaderSummary:
    """What a header tells without reading voxels; axes in RAS+ order as in ``Volume``."""

    form: str
    shape: Shape
    voxel_mm: tuple[float, float, float]
    dtype: str
    notes: tuple[str, ...]


def header_summary(path: Path) -> HeaderSummary:
    """Shape and voxel sizes of an image without reading its voxels.

    The checksum of a compressed file is not verified: ``load_volume`` may still refuse the scan.

    Raises
    ------
    ScanError
        The header cannot be used.
    """
    with open_image(path) as (layout, _):
        view, affine = to_ras(np.broadcast_to(np.uint8(0), layout.shape), layout.affine)
        x, y, z = view.shape
        return HeaderSummary(
            form=layout.form,
            shape=(x, y, z),
            voxel_mm=voxel_sizes(affine),
            dtype=layout.dtype.name,
            notes=layout.notes,
        )


@contextmanager
def open_image(path: Path) -> Iterator[tuple[ImageLayout, ByteStream]]:
    """Open an image and check its header.

    The format is told by the first bytes, not by the name. For a .hdr/.img pair either name will
    do. The stream yielded is that of the file with the voxels, before or at
    ``layout.offset``.

    Raises
    ------
    ScanError
        The file, its partner or its header cannot be used.
    """
    stem, ending, packed = _split(path)
    if ending == ".img":
        path = _partner(stem, ".hdr", packed, path)
    with open_stream(path) as stream:
        layout, pair = _parse(stream)
        if not pair:
            yield layout, stream
            return
        if ending not in _PARTNER:
            raise ScanError(
                str(path),
                found="the header of a .hdr/.img pair",
                expected="an image that holds its own voxels",
                remedy="Name the .hdr file .hdr and put the .img file beside it.",
            )
        stream.finish(most=1024 * 1024)
        notes = (*layout.notes, *stream.notes)
    with open_stream(_partner(stem, ".img", packed, path)) as voxels:
        yield replace(layout, notes=notes), voxels


def _parse(stream: ByteStream) -> tuple[ImageLayout, bool]:
    start = stream.read(4)
    if start == VERSION:
        return parse_mgh(start + stream.read(HEADER_BYTES - 4), stream.subject), False
    kind = header_kind(start)
    if kind is None:
        raise ScanError(
            stream.subject,
            found=f"unknown format (first bytes {start.hex(' ')})",
            expected="NIfTI-1, NIfTI-2 or MGH",
            remedy="Convert the scan to NIfTI; give DICOM as a folder of series.",
        )
    return parse_nifti(start + stream.read(kind[2] - 4), stream.subject)


def _split(path: Path) -> tuple[Path, str, bool]:
    """Path without image endings, the lower-case ending, and whether .gz followed it."""
    packed = path.suffix.lower() == ".gz"
    inner = path.with_suffix("") if packed else path
    return inner.with_suffix(""), inner.suffix.lower(), packed


def _partner(stem: Path, ending: str, packed: bool, path: Path) -> Path:
    """The other file of a pair: the same spelling first, then with .gz or capitals."""
    gz_first = (".gz", "") if packed else ("", ".gz")
    tried = [f"{stem.name}{e}{gz}" for gz in gz_first for e in (ending, ending.upper())]
    for name in tried:
        if stem.with_name(name).exists():
            return stem.with_name(name)
    raise ScanError(
        str(path),
        found=f"no {ending} file beside it",
        expected=f"{tried[0]} in the same folder",
        remedy="Copy both files of the pair.",
    )
