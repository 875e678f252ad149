"""NIfTI-1 and NIfTI-2 headers: parsed, checked, and written for an image that was read.

Field meanings follow the NIfTI-1 and NIfTI-2 C headers (nifti1.h, nifti2.h). nibabel lays the
bytes out as fields; every decision about their content is made here.

Where an image lies is taken from sform, qform or a guess (nifti1.h, methods 1 to 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from headrisk.errors import ScanError
from headrisk.io.geometry import (
    ImageLayout,
    Shape,
    affine_problem,
    corner_displacement,
    format_mm,
    three_dimensions,
    voxel_sizes,
)
from headrisk.types import FloatArray

# ----------------------------------------------------------------------
# NIfTI files from images that were read: the same grid and type, nothing else from the header.
# ----------------------------------------------------------------------

_TEXT = {
    348: ("data_type", "db_name", "descrip", "aux_file", "intent_name"),
    540: ("descrip", "aux_file", "intent_name", "unused_str"),
}


def nifti_bytes(layout: ImageLayout, voxels: NDArray[Any], *, scaled: bool = True) -> bytes:
    """A single-file NIfTI image with the geometry of one that was read.

    Text fields are blank and there are no extensions. Of a NIfTI source all other fields stay;
    if ``scaled`` its scaling too. Other formats become NIfTI-1.

    Parameters
    ----------
    layout
        Of the image whose grid this is.
    voxels
        (i, j, k) in the order the image is stored in.
    scaled
        The voxels mean what those of the image that was read mean, scaling included; otherwise
        they mean themselves.
    """
    kind = header_kind(layout.header)
    fields, order, length = _fields(layout, kind)
    for name in _TEXT[length]:
        fields[name] = b""
    fields.set_data_dtype(voxels.dtype)
    if not scaled:
        fields["scl_slope"], fields["scl_inter"] = 1, 0
        fields["cal_max"] = fields["cal_min"] = 0
    fields["magic"] = b"n+1" if length == 348 else b"n+2"
    fields["vox_offset"] = length + 4
    stored = voxels.astype(np.dtype(f"{order}{voxels.dtype.str[1:]}"), copy=False)
    return bytes(fields.binaryblock) + bytes(4) + stored.tobytes(order="F")


def _fields(layout: ImageLayout, kind: tuple[str, str, int] | None) -> tuple[Any, str, int]:
    """Header fields, byte order and header length."""
    if kind is not None:
        version, order, length = kind
        maker: Any = nib.Nifti1Header if version == "NIfTI-1" else nib.Nifti2Header
        return maker(layout.header, endianness=order, check=False), order, length
    make: Any = nib.Nifti1Header
    fields = make(endianness="<")
    fields.set_data_shape(layout.shape)
    fields.set_xyzt_units("mm")
    fields.set_sform(layout.affine, code=1)
    fields["pixdim"][1:4] = np.linalg.norm(layout.affine[:3, :3], axis=0)
    return fields, "<", 348


# ----------------------------------------------------------------------
# Parsing and checking NIfTI-1 and NIfTI-2 headers.
# ----------------------------------------------------------------------

CONFLICT_MM = 0.5
_UNITS = {0: ("unknown", 1.0), 1: ("metre", 1000.0), 2: ("mm", 1.0), 3: ("micrometre", 0.001)}


def choose_affine(fields: Any, shape: Shape, subject: str) -> tuple[FloatArray, tuple[str, ...]]:
    """The affine to use: a sound sform, else a sound qform, else a guess where neither is coded.

    Differences of more than 0.5 mm between a sound sform and qform are reported in the notes, in
    mm at the corner that moves most. Units other than mm are converted where that gives voxel
    sizes a head image can have.

    Raises
    ------
    ScanError
        An orientation is coded but none is usable, or the voxel sizes are not plausible.
    """
    coded = {}
    if int(fields["sform_code"]) > 0:
        coded["sform"] = _sform(fields)
    if int(fields["qform_code"]) > 0:
        coded["qform"] = _qform(fields)
    guessed = not coded
    if guessed:
        coded["pixdim"] = _from_sizes(fields, shape)
    unit, stated_factor = _UNITS.get(int(fields["xyzt_units"]) & 7, _UNITS[0])
    for factor in dict.fromkeys((stated_factor, 1.0)):
        scaled = {key: _in_mm(affine, factor) for key, affine in coded.items()}
        problems = {key: affine_problem(affine, shape) for key, affine in scaled.items()}
        sound = {key: scaled[key] for key, problem in problems.items() if not problem}
        if sound:
            break
    else:
        raise ScanError(
            subject,
            found="no usable geometry: "
            + "; ".join(f"{key}: {problem}" for key, problem in problems.items()),
            expected="a finite affine with voxels of 0.1 to 20 mm and a field of view up to 1 m",
            remedy="Correct the header's geometry, or convert the scan again from its source.",
        )
    chosen, affine = next(iter(sound.items()))
    notes = _unit_notes(unit, stated_factor, factor)
    if guessed:
        notes.append("neither qform nor sform is set: orientation guessed from storage order")
    notes += [f"{key} unusable ({problem})" for key, problem in problems.items() if problem]
    if len(sound) == 2:
        gap = corner_displacement(sound["sform"], sound["qform"], shape)
        if gap > CONFLICT_MM:
            notes.append(f"qform and sform differ by {gap:.1f} mm: sform used")
    if chosen == "sform":
        notes += _size_notes(fields, affine, factor)
    return affine, tuple(notes)


def _unit_notes(unit: str, stated_factor: float, factor: float) -> list[str]:
    if factor != 1.0:
        return [f"unit is {unit}: converted to mm"]
    if stated_factor != 1.0:
        return [f"unit is given as {unit} but the sizes are in mm: mm used"]
    return []


def _size_notes(fields: Any, affine: FloatArray, factor: float) -> list[str]:
    stated = np.abs(np.asarray(fields["pixdim"][1:4], dtype=np.float64)) * factor
    used = np.array(voxel_sizes(affine))
    if np.allclose(stated, used, rtol=0.02, atol=0.0):
        return []
    return [f"pixdim says {format_mm(stated)} mm, sform {format_mm(used)} mm: sform used"]


def _in_mm(affine: FloatArray, factor: float) -> FloatArray:
    scaled = affine.copy()
    with np.errstate(all="ignore"):
        scaled[:3] *= factor
    return scaled


def _sform(fields: Any) -> FloatArray:
    affine = np.eye(4)
    for row, name in enumerate(("srow_x", "srow_y", "srow_z")):
        affine[row] = fields[name]
    return affine


def _qform(fields: Any) -> FloatArray:
    """Rotation from the unit quaternion (a, b, c, d), a >= 0; NIfTI-1 method 2.

    A quaternion longer than 1 by more than rounding gives an affine of NaN.
    """
    b, c, d = (float(fields[f"quatern_{letter}"]) for letter in "bcd")
    sizes = np.array(fields["pixdim"][:4], dtype=np.float64)
    affine = np.eye(4)
    with np.errstate(all="ignore"):
        length = b * b + c * c + d * d
        if not length <= 1.0 + 1e-4:
            return np.full((4, 4), np.nan)
        a = np.sqrt(max(0.0, 1.0 - length))
        rotation = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        sizes[3] *= -1.0 if sizes[0] < 0 else 1.0
        affine[:3, :3] = rotation * sizes[1:]
    affine[:3, 3] = [float(fields[f"qoffset_{letter}"]) for letter in "xyz"]
    return affine


def _from_sizes(fields: Any, shape: Shape) -> FloatArray:
    """Voxel sizes only, x running to the left, the origin in the centre, as nibabel and FSL do."""
    sizes = np.abs(np.asarray(fields["pixdim"][1:4], dtype=np.float64)) * (-1, 1, 1)
    affine = np.diag([*sizes, 1.0])
    with np.errstate(all="ignore"):
        affine[:3, 3] = -(np.array(shape) - 1) / 2 * sizes
    return affine


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


def parse_nifti(block: bytes, subject: str, *, series: bool = False) -> tuple[ImageLayout, bool]:
    """Check a NIfTI header and say where its voxels are.

    Parameters
    ----------
    block
        The header: 348 or 540 bytes.
    subject
        The file's name, for messages.
    series
        Accept a series of volumes; the layout is then that of the first.

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
    shape = _shape(fields, subject, series=series)
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


def _shape(fields: Any, subject: str, *, series: bool) -> Shape:
    dims = [int(value) for value in fields["dim"]]
    if not 1 <= dims[0] <= 7:
        raise ScanError(
            subject,
            found=f"{dims[0]} dimensions",
            expected="3",
            remedy="The header is damaged: export the scan again.",
        )
    return three_dimensions(dims[1 : dims[0] + 1], subject, series=series)


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
