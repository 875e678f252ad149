"""NIfTI-1 and NIfTI-2 headers: parsed, checked, and written for an image that was read.

Field meanings follow the C headers nifti1.h and nifti2.h, and Analyze 7.5 where a header has no
magic string. Which byte is which field is nibabel's table; every decision
about their content is made here.

Two readers share that table. ``parse_nifti`` is strict: it refuses what would put voxels in the
wrong place. ``nifti_plan`` is lenient: it searches files that no program opens for what they say of
people, so it says what is wrong and goes on.

Where an image lies is taken from sform, qform or a guess (nifti1.h, methods 1 to 3).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
# Which bytes are which field: one table for every reader and writer.
# ----------------------------------------------------------------------

Form = Literal["NIfTI-1", "NIfTI-2"]
Order = Literal["<", ">"]
_SIZES: dict[int, Form] = {348: "NIfTI-1", 540: "NIfTI-2"}
_FIELDS: dict[str, np.dtype[Any]] = {
    "NIfTI-1": nib.nifti1.header_dtype,
    "NIfTI-2": nib.nifti2.header_dtype,
    "Analyze 7.5": nib.analyze.header_dtype,
}
_TEXT_NAMES = {
    "NIfTI-1": ("data_type", "db_name", "descrip", "aux_file", "intent_name"),
    "NIfTI-2": ("descrip", "aux_file", "intent_name", "unused_str"),
    # Without a magic string texts stand where NIfTI keeps its orientation.
    "Analyze 7.5": (
        "data_type",
        "db_name",
        "descrip",
        "aux_file",
        "generated",
        "scannum",
        "patient_id",
        "exp_date",
        "exp_time",
    ),
}


def _place(form: str, name: str) -> tuple[int, int]:
    """First byte of a field, and the byte behind its last."""
    kind, start = _FIELDS[form].fields[name][:2]  # type: ignore[index]
    return start, start + kind.itemsize


TEXT_PLACES = {
    form: {name: _place(form, name) for name in names} for form, names in _TEXT_NAMES.items()
}
"""Where texts stand in a header: first byte and the one behind the last, by form and field."""


@dataclass(frozen=True)
class NiftiHeader:
    """A header as stored, whatever it says.

    Attributes
    ----------
    raw
        Its 348 or 540 bytes; zeros where it is cut off.
    form, order
        Told by its first four bytes: the version, and the byte order as NumPy spells it.
    whole
        Nothing of it is missing.
    magic
        The four bytes that say whether the voxels are in the same file; zeros in Analyze 7.5.
    """

    raw: bytes
    form: Form
    order: Order
    whole: bool
    magic: bytes

    @property
    def fields(self) -> Any:
        """Its fields by the names of nifti1.h and nifti2.h, as a NumPy record."""
        return np.frombuffer(self.raw, _FIELDS[self.form].newbyteorder(self.order))[0]

    @property
    def text_places(self) -> dict[str, tuple[int, int]]:
        """Where its texts stand, by field."""
        analyze = self.form == "NIfTI-1" and self.magic[:2] not in (b"n+", b"ni")
        return TEXT_PLACES["Analyze 7.5" if analyze else self.form]

    def blank(self, vox_offset: int | None, kept: Mapping[str, bytes] | None = None) -> bytes:
        """The header without texts, and with another place of the voxels unless it is None.

        ``kept`` gives the texts that stay, by their fields.
        """
        raw = bytearray(self.raw)
        for name, (start, end) in self.text_places.items():
            text = (kept or {}).get(name, b"")[: end - start]
            raw[start:end] = text.ljust(end - start, b"\0")
        if vox_offset is not None:
            fields = np.frombuffer(raw, _FIELDS[self.form].newbyteorder(self.order))
            fields["vox_offset"] = vox_offset
        return bytes(raw)


def header_kind(start: bytes) -> tuple[Form, Order, int] | None:
    """Version, byte order and header length that the first four bytes tell, if NIfTI."""
    orders: tuple[tuple[Order, Literal["little", "big"]], ...] = (("<", "little"), (">", "big"))
    for order, name in orders:
        length = int.from_bytes(start[:4], name)
        if length in _SIZES:
            return _SIZES[length], order, length
    return None


def nifti_header(start: bytes) -> NiftiHeader | None:
    """The header at the beginning of a file; None where the first four bytes are not NIfTI's."""
    kind = header_kind(start)
    if kind is None:
        return None
    form, order, length = kind
    raw = bytes(start[:length]).ljust(length, b"\0")
    first, end = _place(form, "magic")
    return NiftiHeader(raw, form, order, len(start) >= length, raw[first:end])


# ----------------------------------------------------------------------
# The lenient reader: where header, extensions and voxels lie, as far as the file tells.
# ----------------------------------------------------------------------

MOST_EXTENSIONS = 1000


@dataclass(frozen=True)
class NiftiPlan:
    """Where things lie in a NIfTI file.

    Attributes
    ----------
    header
        As stored.
    single
        The voxels are in the same file.
    voxels_at, voxels_end
        Byte positions in the decoded file; the end is None where the header does not tell.
    extensions
        Code and content of each.
    problem
        What is wrong with the extensions, "" where nothing is.
    """

    header: NiftiHeader
    single: bool
    voxels_at: int
    voxels_end: int | None
    extensions: tuple[tuple[int, bytes], ...]
    problem: str = ""


def nifti_plan(start: bytes) -> NiftiPlan | None:
    """Take the beginning of a NIfTI file apart; None where it is none, or its header is cut off.

    Parameters
    ----------
    start
        Header, extensions and as much of what follows as there is: at least up to the voxels, or
        the whole file.
    """
    header = nifti_header(start)
    if header is None or not header.whole:
        return None
    fields, length = header.fields, len(header.raw)
    single = header.magic[:2] == b"n+"
    offset = fields["vox_offset"].item()
    at = int(offset) if single and 0 <= offset < 2**40 else 0
    at = max(at, length + 4) if single else 0
    end = at if single else len(start)
    extensions, problem = _extensions(start, length, end, header.order)
    voxels_end = _voxels_end(at, fields["dim"].tolist(), int(fields["bitpix"]))
    return NiftiPlan(header, single, at, voxels_end, extensions, problem)


def _voxels_end(at: int, dims: list[int], bits: int) -> int | None:
    if not 1 <= dims[0] <= 7 or bits <= 0 or any(size < 0 for size in dims[1 : dims[0] + 1]):
        return None
    voxels = 1
    for size in dims[1 : dims[0] + 1]:
        voxels *= max(size, 1)
    return at + (voxels * bits + 7) // 8


def _extensions(
    start: bytes, at: int, end: int, order: Order
) -> tuple[tuple[tuple[int, bytes], ...], str]:
    """Code and content of each extension, and what is wrong with them."""
    found: list[tuple[int, bytes]] = []
    if start[at : at + 1] in (b"", b"\0"):
        return (), ""
    at += 4
    while at + 8 <= min(end, len(start)):
        size, code = struct.unpack(order + "ii", start[at : at + 8])
        if size < 8 or at + size > end or len(found) >= MOST_EXTENSIONS:
            rest = start[at:end]
            if rest.strip(b"\0"):
                found.append((0, rest))
            return tuple(found), "damaged header extension"
        if at + size > len(start):
            found.append((code, start[at + 8 :]))
            return tuple(found), "header extension is cut off"
        found.append((code, start[at + 8 : at + size]))
        at += size
    return tuple(found), ""


def extension_bytes(code: int, content: bytes, order: Order) -> bytes:
    """An extension as it is stored: its length, a multiple of 16, its code and its content."""
    size = -(-(len(content) + 8) // 16) * 16
    return struct.pack(order + "ii", size, code) + content.ljust(size - 8, b"\0")


# ----------------------------------------------------------------------
# NIfTI files from images that were read: the same grid and type, nothing else from the header.
# ----------------------------------------------------------------------


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
    form = "NIfTI-1" if kind is None else kind[0]
    fields, order = _fields(layout, kind)
    for name in TEXT_PLACES[form]:
        fields[name] = b""
    fields.set_data_dtype(voxels.dtype)
    if not scaled:
        fields["scl_slope"], fields["scl_inter"] = 1, 0
        fields["cal_max"] = fields["cal_min"] = 0
    fields["magic"] = b"n+1" if form == "NIfTI-1" else b"n+2"
    fields["vox_offset"] = _FIELDS[form].itemsize + 4
    stored = voxels.astype(np.dtype(f"{order}{voxels.dtype.str[1:]}"), copy=False)
    return bytes(fields.binaryblock) + bytes(4) + stored.tobytes(order="F")


def _fields(layout: ImageLayout, kind: tuple[Form, Order, int] | None) -> tuple[Any, str]:
    """Header fields to write, and byte order."""
    if kind is not None:
        form, order, _ = kind
        maker: Any = nib.Nifti1Header if form == "NIfTI-1" else nib.Nifti2Header
        return maker(layout.header, endianness=order, check=False), order
    make: Any = nib.Nifti1Header
    fields = make(endianness="<")
    fields.set_data_shape(layout.shape)
    fields.set_xyzt_units("mm")
    fields.set_sform(layout.affine, code=1)
    fields["pixdim"][1:4] = np.linalg.norm(layout.affine[:3, :3], axis=0)
    return fields, "<"


# ----------------------------------------------------------------------
# The strict reader: where the voxels are and where the image lies, or a refusal.
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
_COMPLEX = {32: "c8", 1792: "c16"}
_COLOURS = {128: "RGB", 2304: "RGBA"}  # a byte each
_REFUSED_TYPES = {
    1: "one bit per voxel",
    1536: "128-bit floats, which differ between machines",
    2048: "complex numbers of 128-bit floats, which differ between machines",
}


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
    header, pair = _whole_header(block, subject)
    fields = header.fields
    shape = _shape(fields, subject, series=series)
    dtype, notes = _dtype(fields, header.order, subject)
    offset, offset_notes = _offset(header, subject, pair=pair)
    slope, intercept, scale_notes = _scaling(fields, subject)
    affine, place_notes = choose_affine(fields, shape, subject)
    layout = ImageLayout(
        form=f"{header.form} {'pair' if pair else 'single file'}",
        shape=shape,
        dtype=dtype,
        offset=offset,
        affine=affine,
        slope=slope,
        intercept=intercept,
        header=bytes(block),
        notes=(*notes, *offset_notes, *scale_notes, *place_notes),
    )
    return layout, pair


def _whole_header(block: bytes, subject: str) -> tuple[NiftiHeader, bool]:
    """The header, and whether the voxels are in a second file."""
    header = nifti_header(block)
    if header is None or not header.whole:
        raise ScanError(
            subject,
            found=f"a header of {len(block)} bytes that is cut off",
            expected="a whole NIfTI header",
            remedy="Copy the file again from its source.",
        )
    known = _MAGIC.get(header.magic)
    if known is None or known[0] != header.form:
        raise ScanError(
            subject,
            found=f"magic string {header.magic!r}"
            + (" (an ANALYZE 7.5 header?)" if not header.magic.strip(b"\0") else ""),
            expected=f"that of {header.form}",
            remedy="Convert the scan to NIfTI; ANALYZE files do not tell left from right.",
        )
    return header, known[1]


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
    dtype = _voxel_type(code, order)
    if dtype is None:
        what = _REFUSED_TYPES.get(code)
        raise ScanError(
            subject,
            found=f"voxels that are {what}" if what else f"unknown voxel type {code}",
            expected="integers, floating-point or complex numbers, or colours of a byte each",
            remedy="Convert the image to grey values, or list another image of this person.",
        )
    if bits != 8 * dtype.itemsize:
        note = f"bitpix is {bits} but the voxel type needs {8 * dtype.itemsize}: type used"
        return dtype, (note,)
    return dtype, ()


def _voxel_type(code: int, order: str) -> np.dtype[Any] | None:
    """NumPy's type for NIfTI's number of a type; None for those that are not read."""
    if code in _COLOURS:
        return np.dtype([(channel, "u1") for channel in _COLOURS[code]])
    name = _TYPES.get(code) or _COMPLEX.get(code)
    return np.dtype(order + name) if name else None


def _offset(header: NiftiHeader, subject: str, *, pair: bool) -> tuple[int, tuple[str, ...]]:
    value = float(header.fields["vox_offset"])
    first = 0 if pair else len(header.raw) + 4
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
