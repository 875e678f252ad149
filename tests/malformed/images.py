"""The malformed image files, built by code: name, files, and how reading must end.

``CASES`` maps a name to the files to write (the first is the one to read) and to words that the
refusal must hold, or ``USABLE`` where the image must load (with a note that holds the words).
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import nibabel as nib
import numpy as np

SHAPE = (7, 8, 9)
AFFINE = np.array([[2.0, 0, 0, -6], [0, 3, 0, -10], [0, 0, 2.5, -9], [0, 0, 0, 1]])

# Byte positions of the NIfTI-1 header (nifti1.h).
DIM, DATATYPE, BITPIX, PIXDIM, VOX_OFFSET = 40, 70, 72, 76, 108
SLOPE, INTER, UNITS, QFORM, SFORM, QUATERN, SROW, MAGIC = 112, 116, 123, 252, 254, 256, 280, 344


@dataclass(frozen=True)
class Case:
    """Files by name (the first is read), the words to find, and whether the image is usable."""

    files: dict[str, bytes]
    words: str
    usable: bool = False


def voxels(dtype: str = "i2") -> np.ndarray:
    """A phantom with unequal axes, the same every time."""
    rng = np.random.default_rng(3)
    return rng.integers(0, 100, SHAPE).astype(dtype)


def coloured(channels: str) -> np.ndarray:
    """A phantom in colours, a byte each."""
    rng = np.random.default_rng(4)
    data = np.zeros(SHAPE, [(channel, "u1") for channel in channels])
    for channel in channels:
        data[channel] = rng.integers(0, 250, SHAPE)
    return data


def nifti(data: np.ndarray | None = None, version: int = 1, affine: np.ndarray = AFFINE) -> bytes:
    """A sound single-file NIfTI as nibabel writes it."""
    kind = nib.Nifti1Image if version == 1 else nib.Nifti2Image
    return bytes(kind(voxels() if data is None else data, affine).to_bytes())


def pair(data: np.ndarray | None = None) -> tuple[bytes, bytes]:
    """Header and image of a sound NIfTI-1 pair."""
    image = nib.Nifti1Pair(voxels() if data is None else data, AFFINE)
    image.file_map["header"].fileobj = header = io.BytesIO()
    image.file_map["image"].fileobj = body = io.BytesIO()
    image.to_file_map()
    return header.getvalue(), body.getvalue()


def mgh(data: np.ndarray | None = None) -> bytes:
    """A sound MGH as nibabel writes it."""
    stored = voxels() if data is None else data
    return bytes(nib.MGHImage(stored, AFFINE).to_bytes())


def patched(blob: bytes, position: int, form: str, *values: float) -> bytes:
    """A copy with packed values at a position."""
    out = bytearray(blob)
    struct.pack_into(form, out, position, *values)
    return bytes(out)


def with_nan(fraction: float) -> bytes:
    """A float image in which this fraction of the voxels is NaN."""
    data = voxels("f4")
    data.reshape(-1)[: round(fraction * data.size)] = np.nan
    return nifti(data)


def bomb() -> bytes:
    """0.1 MB that hold 105 MB of zeros, which the header calls an image of 1 byte a voxel."""
    header = patched(nifti(affine=np.diag([0.5, 0.5, 0.5, 1]))[:352], DIM, "<4h", 3, 640, 640, 256)
    header = patched(header, DATATYPE, "<2h", 2, 8)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    parts = [packer.compress(header)]
    parts += [packer.compress(bytes(640 * 640)) for _ in range(256)]
    return b"".join([*parts, packer.flush()])


def _header_cases() -> dict[str, Case]:
    base = nifti()
    big = nib.Nifti1Image(voxels().astype(">i2"), AFFINE, nib.Nifti1Header(endianness=">"))
    fine = nifti(affine=np.diag([0.2, 0.2, 0.2, 1]))
    nan, inf = float("nan"), float("inf")

    def one(position: int, form: str, *values: float, words: str, usable: bool = False) -> Case:
        return Case({"a.nii": patched(base, position, form, *values)}, words, usable)

    return {
        "sound": Case({"a.nii": base}, "field of view", True),
        "sound, big-endian": Case({"a.nii": bytes(big.to_bytes())}, "", True),
        "sound, NIfTI-2": Case({"a.nii": nifti(version=2)}, "", True),
        "no dimensions": one(DIM, "<h", 0, words="0 dimensions"),
        "nine dimensions": one(DIM, "<h", 9, words="9 dimensions"),
        "negative number of dimensions": one(DIM, "<h", -3, words="-3 dimensions"),
        "two dimensions": one(DIM, "<h", 2, words="slice"),
        "one dimension": one(DIM, "<h", 1, words="slice"),
        "axis of zero": one(DIM + 4, "<h", 0, words="7 x 0 x 9"),
        "axis below zero": one(DIM + 2, "<h", -7, words="-7 x 8"),
        "huge axes": one(DIM + 2, "<3h", 30000, 30000, 30000, words="30000"),
        "large axes": Case({"a.nii": patched(fine, DIM + 2, "<3h", 3900, 3900, 3900)}, "MB"),
        "axes longer than the data": one(DIM + 6, "<h", 10, words="bytes"),
        "axes shorter than the data": one(DIM + 6, "<h", 8, words="after the voxels"),
        "three slices": Case({"a.nii": nifti(voxels()[:, :, :3].copy())}, "slice"),
        "series of two": Case({"a.nii": nifti(np.stack([voxels()] * 2, 3))}, "series"),
        "series of one": Case({"a.nii": nifti(voxels()[..., None])}, "", True),
        "vectors": Case({"a.nii": nifti(np.stack([voxels("f4")] * 3, 3)[..., None, :])}, "series"),
        "RGB, longer than the data": one(DATATYPE, "<2h", 128, 24, words="bytes"),
        "RGBA, longer than the data": one(DATATYPE, "<2h", 2304, 32, words="bytes"),
        "RGB": Case({"a.nii": nifti(coloured("RGB"))}, "brightest channel", True),
        "RGBA": Case({"a.nii": nifti(coloured("RGBA"))}, "brightest channel", True),
        "complex": Case({"a.nii": nifti(voxels("c8"))}, "magnitude", True),
        "complex, 128 bits": Case({"a.nii": nifti(voxels("c16"))}, "magnitude", True),
        "complex, 256 bits": one(DATATYPE, "<2h", 2048, 256, words="128-bit"),
        "bits": one(DATATYPE, "<2h", 1, 1, words="bit"),
        "128-bit floats": one(DATATYPE, "<2h", 1536, 128, words="128-bit"),
        "unknown type": one(DATATYPE, "<h", 4711, words="4711"),
        "type zero": one(DATATYPE, "<h", 0, words="type 0"),
        "wider type than the data": one(DATATYPE, "<2h", 64, 64, words="bytes"),
        "narrower type than the data": one(DATATYPE, "<2h", 2, 8, words="after the voxels"),
        "wrong bitpix": one(BITPIX, "<h", 8, words="bitpix", usable=True),
        "slope NaN": one(SLOPE, "<f", nan, words="scl_slope", usable=True),
        "slope infinite": one(SLOPE, "<f", inf, words="scl_slope inf"),
        "intercept NaN": one(SLOPE, "<2f", 1, nan, words="scl_inter nan"),
        "slope beyond float32": one(SLOPE, "<2f", 3e38, 0, words="finite"),
        "slope that flattens": one(SLOPE, "<2f", 1e-45, 1.0, words="every voxel"),
        "vox_offset NaN": one(VOX_OFFSET, "<f", nan, words="vox_offset nan"),
        "vox_offset below zero": one(VOX_OFFSET, "<f", -352, words="vox_offset -352"),
        "vox_offset inside the header": one(VOX_OFFSET, "<f", 100, words="vox_offset 100"),
        "vox_offset broken": one(VOX_OFFSET, "<f", 352.5, words="vox_offset 352.5"),
        "vox_offset huge": one(VOX_OFFSET, "<f", 1e30, words="vox_offset 1e+30"),
        "vox_offset beyond the file": one(VOX_OFFSET, "<f", 65536, words="bytes"),
        "vox_offset zero": one(VOX_OFFSET, "<f", 0, words="vox_offset is 0", usable=True),
        "sform NaN": one(SROW, "<f", nan, words="sform: values that are not finite"),
        "sform infinite": one(SROW, "<f", inf, words="not finite"),
        "sform all zero": one(SROW, "<12f", *[0] * 12, words="voxel size"),
        "sform flat": one(SROW, "<12f", 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, words="one plane"),
        "voxels of 200 mm": one(SROW, "<f", 200, words="voxel size 200"),
        "voxels of 1 micrometre": one(SROW, "<f", 0.001, words="voxel size 0.001"),
        "a kilometre off": one(SROW + 12, "<f", 1e6, words="1e+06 mm"),
        "unit metre, sizes in mm": one(UNITS, "<b", 1, words="mm used", usable=True),
        "unit metre": Case(
            {"a.nii": patched(nifti(affine=np.diag([2e-3, 3e-3, 2.5e-3, 1])), UNITS, "<b", 1)},
            "converted to mm",
            True,
        ),
        "no orientation": Case(
            {"a.nii": patched(base, QFORM, "<2h", 0, 0)}, "orientation guessed", True
        ),
        "no orientation, no sizes": Case(
            {"a.nii": patched(patched(base, QFORM, "<2h", 0, 0), PIXDIM + 4, "<3f", 0, 0, 0)},
            "pixdim: voxel size 0",
        ),
        "broken sform, sound qform": Case(
            {"a.nii": patched(patched(base, QFORM, "<2h", 1, 1), SROW, "<f", nan)},
            "sform unusable",
            True,
        ),
        "broken qform, sound sform": Case(
            {"a.nii": patched(patched(base, QFORM, "<2h", 1, 1), QUATERN, "<f", 7.0)},
            "qform unusable",
            True,
        ),
        "sform and qform 30 mm apart": Case(
            {"a.nii": patched(patched(base, QFORM, "<2h", 1, 1), SROW + 12, "<f", 24)},
            "qform and sform differ by 30.0 mm: sform used",
            True,
        ),
        "wrong magic": one(MAGIC, "<4s", b"abcd", words="magic"),  # type: ignore[arg-type]
        "ANALYZE": one(MAGIC, "<4s", b"\0" * 4, words="ANALYZE"),  # type: ignore[arg-type]
        "NIfTI-2 magic in NIfTI-1": one(MAGIC, "<4s", b"n+2\0", words="magic"),  # type: ignore[arg-type]
        "pair magic in .nii": one(MAGIC, "<4s", b"ni1\0", words="pair"),  # type: ignore[arg-type]
        "header length wrong": one(0, "<i", 349, words="unknown format"),
    }


def _file_cases() -> dict[str, Case]:
    base = nifti()
    packed = gzip.compress(base, mtime=0)
    head, body = pair()
    half = len(packed) // 2
    flat = np.full(SHAPE, 5, dtype="i2")
    infinite = voxels("f4")
    infinite[1, 2, 3] = np.inf
    return {
        "empty": Case({"a.nii": b""}, "empty"),
        "empty .gz": Case({"a.nii.gz": b""}, "empty"),
        "three bytes": Case({"a.nii": b"\x5c\x01\0"}, "cut off"),
        "header cut off": Case({"a.nii": base[:200]}, "cut off"),
        "header only": Case({"a.nii": base[:348]}, "bytes"),
        "voxels cut off": Case({"a.nii": base[:-1]}, "cut off"),
        "text": Case({"a.nii": b"not an image\n" * 100}, "unknown format"),
        "picture": Case({"a.nii.gz": b"\x89PNG\r\n\x1a\n" + bytes(500)}, "unknown format"),
        "DICOM": Case({"a.nii": bytes(128) + b"DICM" + bytes(500)}, "unknown format"),
        "zeros": Case({"a.nii": bytes(4096)}, "unknown format"),
        "plain file named .gz": Case({"a.nii.gz": base}, "", True),
        "gzip file named .nii": Case({"a.nii": packed}, "", True),
        "gzip twice": Case({"a.nii.gz": gzip.compress(packed)}, "unknown format"),
        "gzip cut in the middle": Case({"a.nii.gz": packed[:half]}, "cut-off"),
        "gzip without its trailer": Case({"a.nii.gz": packed[:-8]}, "cut-off"),
        "gzip, last byte missing": Case({"a.nii.gz": packed[:-1]}, "cut-off"),
        "gzip, wrong checksum": Case(
            {"a.nii.gz": patched(packed, len(packed) - 8, "<I", 1)}, "data"
        ),
        "gzip, wrong length": Case(
            {"a.nii.gz": patched(packed, len(packed) - 4, "<I", 1)}, "length"
        ),
        "gzip, damaged in the middle": Case(
            {"a.nii.gz": packed[:half] + bytes(16) + packed[half + 16 :]}, "damaged"
        ),
        "gzip magic only": Case({"a.nii.gz": b"\x1f\x8b"}, "cut-off"),
        "gzip, unknown method": Case({"a.nii.gz": patched(packed, 2, "<B", 9)}, "damaged"),
        "gzip of nothing": Case({"a.nii.gz": gzip.compress(b"")}, "unknown format"),
        "gzip of 30,000 nothings": Case({"a.nii.gz": gzip.compress(b"") * 30000}, "members"),
        "gzip in two members": Case(
            {"a.nii.gz": gzip.compress(base[:500]) + gzip.compress(base[500:])}, "", True
        ),
        "gzip, second member cut off": Case(
            {"a.nii.gz": gzip.compress(base[:500]) + gzip.compress(base[500:])[:-3]}, "cut-off"
        ),
        "gzip, rubbish behind": Case({"a.nii.gz": packed + b"rubbish"}, "7 bytes after", True),
        "gzip bomb in the voxels": Case({"a.nii.gz": bomb()}, "expand"),
        "gzip bomb behind the voxels": Case(
            {"a.nii.gz": gzip.compress(base + bytes(200_000_000), 1)}, "after the end"
        ),
        "padding of zeros": Case({"a.nii": base + bytes(512)}, "512 zero bytes", True),
        "unknown data behind": Case({"a.nii": base + b"tail"}, "unknown data"),
        "all voxels equal": Case({"a.nii": nifti(flat)}, "every voxel is 5"),
        "all voxels zero": Case({"a.nii": nifti(0 * flat)}, "every voxel is 0"),
        "all voxels NaN": Case({"a.nii": with_nan(1.0)}, "100.0 %"),
        "a tenth of the voxels NaN": Case({"a.nii": with_nan(0.1)}, "% of the voxels"),
        "two voxels NaN": Case({"a.nii": with_nan(0.004)}, "2 voxels that were not", True),
        "a voxel infinite": Case({"a.nii": nifti(infinite)}, "1 voxels", True),
        "sound pair": Case({"a.hdr": head, "a.img": body}, "", True),
        "sound pair, by its .img": Case({"a.img": body, "a.hdr": head}, "", True),
        "sound pair, gzip": Case(
            {"a.hdr.gz": gzip.compress(head), "a.img.gz": gzip.compress(body)}, "", True
        ),
        "pair without .img": Case({"a.hdr": head}, "no .img"),
        "pair without .hdr": Case({"a.img": body}, "no .hdr"),
        "pair, .img cut off": Case({"a.hdr": head, "a.img": body[:-2]}, "cut off"),
        "pair, .img empty": Case({"a.hdr": head, "a.img": b""}, "empty"),
        "pair, .img too long": Case({"a.hdr": head, "a.img": body + b"x"}, "unknown data"),
        "pair, .hdr.gz damaged": Case(
            {"a.hdr.gz": gzip.compress(head)[:-5] + b"12345", "a.img": body}, "damaged"
        ),
    }


def _mgh_cases() -> dict[str, Case]:
    base = mgh(voxels("f4"))
    packed = gzip.compress(base, mtime=0)

    def one(position: int, form: str, *values: float, words: str, usable: bool = False) -> Case:
        return Case({"a.mgh": patched(base, position, form, *values)}, words, usable)

    return {
        "sound MGH": Case({"a.mgh": base}, "", True),
        "sound MGZ": Case({"a.mgz": packed}, "", True),
        "MGH version 2": one(0, ">i", 2, words="unknown format"),
        "MGH header cut off": Case({"a.mgh": base[:100]}, "header of 100 bytes"),
        "MGH axis of zero": one(4, ">i", 0, words="0 x 8"),
        "MGH huge": one(4, ">3i", 2**30, 2**30, 2**30, words="1073741824"),
        "MGH series": one(16, ">i", 5, words="series"),
        "MGH unknown type": one(20, ">i", 99, words="type 99"),
        "MGH voxels cut off": Case({"a.mgh": base[:1000]}, "cut off"),
        "MGH size NaN": one(30, ">f", float("nan"), words="not finite"),
        "MGH size zero": one(30, ">f", 0, words="voxel size 0"),
        "MGH directions zero": one(42, ">9f", *[0] * 9, words="voxel size"),
        "MGH without orientation": one(28, ">h", 0, words="no orientation", usable=True),
        "MGZ with a wrong checksum": Case(
            {"a.mgz": patched(packed, len(packed) - 8, "<I", 1)}, "data check"
        ),
    }


_MAKERS: tuple[Callable[[], dict[str, Case]], ...] = (_header_cases, _file_cases, _mgh_cases)
CASES: dict[str, Case] = {name: case for make in _MAKERS for name, case in make().items()}
