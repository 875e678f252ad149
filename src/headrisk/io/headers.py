"""From a path to a checked header (NIfTI, MGH), its stored form, and a stream before the voxels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import (
    ImageLayout,
    Shape,
    affine_problem,
    format_mm,
    three_dimensions,
    to_ras,
    voxel_sizes,
)
from headrisk.io.nifti_header import header_kind, parse_nifti
from headrisk.io.stream import ByteStream, open_stream
from headrisk.types import FloatArray

# ----------------------------------------------------------------------
# How an image is stored: size, voxels, direction of its axes; and how two files differ in that.
# ----------------------------------------------------------------------

_DIRECTIONS = (("L", "R"), ("P", "A"), ("I", "S"))
_SAME_MM = 0.01  # voxel sizes and places closer than this are rounding


@dataclass(frozen=True)
class StoredForm:
    """An image's header, in the order of its stored axes.

    Attributes
    ----------
    shape
        Voxels along each stored axis.
    voxel_mm
        Voxel size along each stored axis.
    axes
        Where each stored axis points, such as ``RAS`` or ``LPI``.
    centre_mm
        Middle of the image, RAS+ mm.
    """

    shape: Shape
    voxel_mm: tuple[float, float, float]
    axes: str
    centre_mm: FloatArray


def stored_form(path: Path) -> StoredForm:
    """Read an image's header.

    Raises
    ------
    ScanError
        The header cannot be used.
    """
    with open_image(path) as (layout, _):
        affine = layout.affine
        centre = affine[:3, :3] @ ((np.array(layout.shape) - 1) / 2) + affine[:3, 3]
        return StoredForm(layout.shape, voxel_sizes(affine), axis_codes(affine), centre)


def axis_codes(affine: FloatArray) -> str:
    """Where each stored axis points, by its largest component; each of the three used once."""
    strength = np.abs(affine[:3, :3]) / np.maximum(np.linalg.norm(affine[:3, :3], axis=0), 1e-30)
    codes = [""] * 3
    for _ in range(3):
        world, stored = np.unravel_index(int(np.argmax(strength)), (3, 3))
        codes[stored] = _DIRECTIONS[world][int(affine[world, stored] > 0)]
        strength[world, :] = strength[:, stored] = -1.0
    return "".join(codes)


@dataclass(frozen=True)
class StoredChange:
    """How a second file differs in form from a first; nothing of it changes what can be compared.

    Attributes
    ----------
    reoriented, resampled, cropped, moved
        Axes stored in another order or direction; another voxel size; another field of view; the
        middle of the image elsewhere in the scanner.
    sentences
        The same in words.
    """

    reoriented: bool = False
    resampled: bool = False
    cropped: bool = False
    moved: bool = False
    sentences: tuple[str, ...] = ()


def stored_change(before: StoredForm, after: StoredForm) -> StoredChange:
    """Compare two files' forms; axes are matched by direction, whatever their order."""
    order = [_place(code, after.axes) for code in before.axes]
    voxel = np.array([after.voxel_mm[k] for k in order])
    shape = np.array([after.shape[k] for k in order])
    said = []
    reoriented = before.axes != after.axes
    if reoriented:
        said.append(f"axes stored as {after.axes}, not {before.axes}")
    resampled = bool(np.any(np.abs(voxel - before.voxel_mm) > _SAME_MM))
    if resampled:
        said.append(f"voxels of {format_mm(voxel)} mm, not {format_mm(before.voxel_mm)} mm")
    size = [s * v for s, v in zip(shape, voxel, strict=True)]
    own = np.array(before.shape) * np.array(before.voxel_mm)
    cropped = bool(np.any(np.abs(np.array(size) - own) > np.maximum(voxel, before.voxel_mm)))
    if cropped:
        said.append(f"a field of view of {format_mm(size)} mm, not {format_mm(own)} mm")
    away = float(np.linalg.norm(after.centre_mm - before.centre_mm))
    moved = away > float(max(voxel.max(), max(before.voxel_mm)))
    if moved:
        said.append(f"its middle {away:.1f} mm away in the scanner")
    return StoredChange(reoriented, resampled, cropped, moved, tuple(said))


def _place(code: str, axes: str) -> int:
    """Position of the axis that runs along the same line as ``code``."""
    pair = next(pair for pair in _DIRECTIONS if code in pair)
    return next(k for k, other in enumerate(axes) if other in pair)


# ----------------------------------------------------------------------
# FreeSurfer's MGH format (.mgh, .mgz).
#
# Layout after FreeSurfer's description of the format: big-endian, 284-byte header (the fields
# below, the rest is spare), voxels, then scan parameters and tags.
# ----------------------------------------------------------------------

MGH_VERSION = b"\0\0\0\1"
MGH_HEADER = 284
_TAG_BYTES = 16 * 1024 * 1024
_FIELDS = np.dtype(
    [
        ("version", ">i4"),
        ("size", ">i4", 3),
        ("frames", ">i4"),
        ("type", ">i4"),
        ("degrees_of_freedom", ">i4"),
        ("good_ras", ">i2"),
        ("voxel_mm", ">f4", 3),
        ("directions", ">f4", (3, 3)),  # one row for each stored axis
        ("centre_mm", ">f4", 3),
    ]
)
MGH_FIELDS = _FIELDS.itemsize
"""First spare byte of the header."""
_TYPES = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2", 10: ">u2"}
_CORONAL = np.array([[-1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


@dataclass(frozen=True)
class MghHeader:
    """What an MGH header says, whether it makes sense or not.

    Attributes
    ----------
    size
        Voxels along the three axes, and frames.
    type
        FreeSurfer's number of the voxel type.
    dtype
        The same for NumPy; None where the number is unknown.
    fields
        All fields, zeros where the header is cut off.
    """

    size: tuple[int, int, int, int]
    type: int
    dtype: np.dtype[Any] | None
    fields: Any

    @property
    def sensible(self) -> bool:
        """Sizes and voxel type that an image can have."""
        return self.dtype is not None and all(size >= 1 for size in self.size)


def mgh_header(start: bytes) -> MghHeader | None:
    """The header at the beginning of a file, however short; None where it is not MGH version 1."""
    if not start.startswith(MGH_VERSION):
        return None
    fields = np.frombuffer(start[:MGH_FIELDS].ljust(MGH_FIELDS, b"\0"), _FIELDS)[0]
    width, height, depth = fields["size"].tolist()
    kind = int(fields["type"])
    dtype = np.dtype(_TYPES[kind]) if kind in _TYPES else None
    return MghHeader((width, height, depth, int(fields["frames"])), kind, dtype, fields)


def mgh_voxels_end(start: bytes) -> int | None:
    """Position of the first byte behind the voxels, None where the header makes no sense."""
    header = mgh_header(start)
    if header is None or len(start) < MGH_HEADER or not header.sensible or header.dtype is None:
        return None
    return MGH_HEADER + math.prod(header.size) * header.dtype.itemsize


def parse_mgh(block: bytes, subject: str, *, series: bool = False) -> ImageLayout:
    """Check an MGH header and say where its voxels are.

    Parameters
    ----------
    block
        The first 284 bytes of the (decompressed) file.
    subject
        The file's name, for messages.
    series
        Accept a series of volumes; the layout is then that of the first.

    Raises
    ------
    ScanError
        The header is cut off, of another version, of an unknown type, not one 3-D volume, or its
        geometry is not that of a head image.
    """
    header = mgh_header(block)
    if header is None or len(block) < MGH_HEADER:
        raise ScanError(
            subject,
            found=f"a header of {len(block)} bytes",
            expected=f"the {MGH_HEADER} bytes of an MGH header",
            remedy="Copy the file again from its source.",
        )
    shape = three_dimensions(header.size, subject, series=series)
    if header.dtype is None:
        raise ScanError(
            subject,
            found=f"MGH voxel type {header.type}",
            expected="uchar, short, ushort, int or float",
            remedy="Convert the image, for example with mri_convert.",
        )
    affine, notes = _affine(header.fields, shape)
    problem = affine_problem(affine, shape)
    if problem:
        raise ScanError(
            subject,
            found=f"no usable geometry: {problem}",
            expected="the geometry of a head image",
            remedy="Convert the image again from its source.",
        )
    return ImageLayout(
        form="MGH",
        shape=shape,
        dtype=header.dtype,
        offset=MGH_HEADER,
        affine=affine,
        tail_bytes=_TAG_BYTES,
        notes=notes,
    )


def _affine(fields: Any, shape: Shape) -> tuple[FloatArray, tuple[str, ...]]:
    """Voxel to scanner RAS+ from sizes, direction cosines and the centre's coordinates."""
    notes: tuple[str, ...] = ()
    sizes, directions, centre = (
        np.asarray(fields[name], dtype=np.float64)
        for name in ("voxel_mm", "directions", "centre_mm")
    )
    directions = directions.T
    if fields["good_ras"] <= 0:
        sizes, directions, centre = np.ones(3), _CORONAL, np.zeros(3)
        notes = ("the MGH header holds no orientation: coronal slices of 1 mm assumed",)
    affine = np.eye(4)
    with np.errstate(all="ignore"):
        affine[:3, :3] = directions * sizes
        affine[:3, 3] = centre - affine[:3, :3] @ (np.array(shape) / 2)
    return affine, notes


# ----------------------------------------------------------------------
# From a path to a checked header, and to a stream that stands before the voxels.
# ----------------------------------------------------------------------

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
def open_image(path: Path, *, series: bool = False) -> Iterator[tuple[ImageLayout, ByteStream]]:
    """Open an image and check its header.

    The format is told by the first bytes, not by the name. For a .hdr/.img pair either name will
    do. The stream yielded is that of the file with the voxels, before or at
    ``layout.offset``. With ``series`` the image may have several volumes, and the layout is that
    of the first.

    Raises
    ------
    ScanError
        The file, its partner or its header cannot be used.
    """
    stem, ending, packed = _split(path)
    if ending == ".img":
        path = _partner(stem, ".hdr", packed, path)
    with open_stream(path) as stream:
        layout, pair = _parse(stream, series=series)
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


def _parse(stream: ByteStream, *, series: bool) -> tuple[ImageLayout, bool]:
    start = stream.read(4)
    if start == MGH_VERSION:
        block = start + stream.read(MGH_HEADER - 4)
        return parse_mgh(block, stream.subject, series=series), False
    kind = header_kind(start)
    if kind is None:
        raise ScanError(
            stream.subject,
            found=f"unknown format (first bytes {start.hex(' ')})",
            expected="NIfTI-1, NIfTI-2 or MGH",
            remedy="Convert the scan to NIfTI; give DICOM as a folder of series.",
        )
    return parse_nifti(start + stream.read(kind[2] - 4), stream.subject, series=series)


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
