"""Parsing and checking NIfTI-1 and NIfTI-2 headers.

Field meanings follow the NIfTI-1 and NIfTI-2 C headers (nifti1.h, nifti2.h). nibabel lays the
bytes out as fields; every decision about their content is made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import Shape
from headrisk.io.layout import ImageLayout, three_dimensions
from headrisk.io.nifti_affine import choose_affine

LARGEST_OFFSET = 64 * 1024 * 1024
_SIZES = {348: "NIfTI-1", 540: "NIfTI-2"}
_MAGIC = {
    b"n+1\0": ("NIfTI-1", False),
    b"ni1\0": ("NIfTI-1", True),
    b"n+2\0": ("NIfTI-2", False),
    b"ni2\0": ("NIfTI-2", True),
}
_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_REFUSED_TYPES = {
    1: "one bit per voxel",
    32: "complex numbers",
    1792: "complex numbers",
    2048: "complex numbers",
    128: "RGB colours",
    2304: "RGBA colours",
    1536: "128-bit floats, which differ between machines",
}


@dataclass(frozen=True)
class NiftiHeader:
    """A header as stored: its fields, its format and whether the voxels are in a second file."""

    fields: Any
    version: str
    order: str
    pair: bool


def header_kind(start: bytes) -> tuple[str, str, int] | None:
    """Version, byte order and header length that the first four bytes tell, if NIfTI."""
    for order, name in (("<", "little"), (">", "big")):
        length = int.from_bytes(start[:4], name, signed=True)  # type: ignore[arg-type]
        if length in _SIZES:
            return _SIZES[length], order, length
    return None


def parse_nifti(block: bytes, subject: str) -> tuple[ImageLayout, bool]:
    """Check a NIfTI header and say where its voxels are.

    Parameters
    ----------
    block
        The header: 348 or 540 bytes.
    subject
        The file's name, for messages.

    Returns
    -------
    The layout, and whether the voxels are in a second file (.hdr/.img).

    Raises
    ------
    ScanError
        Anything in the header that would make the voxels or their place wrong.
    """
    header = _decode(block, subject)
    fields = header.fields
    shape = _shape(fields, subject)
    dtype, notes = _dtype(fields, header.order, subject)
    offset, offset_notes = _offset(header, subject)
    slope, intercept, scale_notes = _scaling(fields, subject)
    affine, place_notes = choose_affine(fields, shape, subject)
    layout = ImageLayout(
        form=f"{header.version} {'pair' if header.pair else 'single file'}",
        shape=shape,
        dtype=dtype,
        offset=offset,
        affine=affine,
        slope=slope,
        intercept=intercept,
        header=bytes(block),
        notes=(*notes, *offset_notes, *scale_notes, *place_notes),
    )
    return layout, header.pair


def _decode(block: bytes, subject: str) -> NiftiHeader:
    kind = header_kind(block)
    if kind is None or len(block) < kind[2]:
        raise ScanError(
            subject,
            found=f"a header of {len(block)} bytes that is cut off",
            expected="a whole NIfTI header",
            remedy="Copy the file again from its source.",
        )
    version, order, length = kind
    maker = nib.Nifti1Header if version == "NIfTI-1" else nib.Nifti2Header
    fields = maker(block[:length], endianness=order, check=False)  # type: ignore[no-untyped-call]
    magic = bytes(block[344:348] if version == "NIfTI-1" else block[4:8])
    known = _MAGIC.get(magic)
    if known is None or known[0] != version:
        raise ScanError(
            subject,
            found=f"magic string {magic!r}"
            + (" (an ANALYZE 7.5 header?)" if not magic.strip(b"\0") else ""),
            expected=f"that of {version}",
            remedy="Convert the scan to NIfTI; ANALYZE files do not tell left from right.",
        )
    return NiftiHeader(fields, version, order, known[1])


def _shape(fields: Any, subject: str) -> Shape:
    dims = [int(value) for value in fields["dim"]]
    if not 1 <= dims[0] <= 7:
        raise ScanError(
            subject,
            found=f"{dims[0]} dimensions",
            expected="3",
            remedy="The header is damaged: export the scan again.",
        )
    return three_dimensions(dims[1 : dims[0] + 1], subject)


def _dtype(fields: Any, order: str, subject: str) -> tuple[np.dtype[Any], tuple[str, ...]]:
    code, bits = int(fields["datatype"]), int(fields["bitpix"])
    if code not in _TYPES:
        what = _REFUSED_TYPES.get(code)
        raise ScanError(
            subject,
            found=f"voxels that are {what}" if what else f"unknown voxel type {code}",
            expected="one integer or floating-point number per voxel",
            remedy="Convert the image to grey values, or list another image of this person.",
        )
    dtype = np.dtype(order + _TYPES[code])
    if bits != 8 * dtype.itemsize:
        note = f"bitpix is {bits} but the voxel type needs {8 * dtype.itemsize}: type used"
        return dtype, (note,)
    return dtype, ()


def _offset(header: NiftiHeader, subject: str) -> tuple[int, tuple[str, ...]]:
    value = float(header.fields["vox_offset"])
    first = 0 if header.pair else (352 if header.version == "NIfTI-1" else 544)
    if value == 0 and first:
        return first, (f"vox_offset is 0: {first} used",)
    if not np.isfinite(value) or value != int(value) or not first <= value <= LARGEST_OFFSET:
        raise ScanError(
            subject,
            found=f"vox_offset {value:.6g}",
            expected=f"a whole number from {first} to {LARGEST_OFFSET}",
            remedy="The header is damaged: export the scan again.",
        )
    return int(value), ()


def _scaling(fields: Any, subject: str) -> tuple[float, float, tuple[str, ...]]:
    slope, intercept = float(fields["scl_slope"]), float(fields["scl_inter"])
    if slope == 0:
        return 1.0, 0.0, ()
    if np.isnan(slope):
        return 1.0, 0.0, ("scl_slope is not a number: stored values used unscaled",)
    if not (np.isfinite(slope) and np.isfinite(intercept)):
        raise ScanError(
            subject,
            found=f"scl_slope {slope:.6g} and scl_inter {intercept:.6g}",
            expected="finite scaling",
            remedy="The header is damaged: export the scan again.",
        )
    return slope, intercept, ()
