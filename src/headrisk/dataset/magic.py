"""What a file is, told by its first bytes and its name; nothing is trusted but what both say.

Signatures: NIfTI-1 and -2 (nifti1.h, nifti2.h), ANALYZE 7.5 (a header of 348 bytes without magic),
MGH (version 1), MINC 1 (netCDF) and 2 (HDF5), NRRD, AFNI, MetaImage, MRtrix, Interfile, ECAT 7,
PAR/REC, BrainVoyager, Bruker, Varian, DICOM part 10 and without preamble, raw data of Siemens, GE
and ISMRMRD, NumPy arrays.
"""

from __future__ import annotations

import ast
import bz2
import lzma
import math
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from headrisk.io.gzip_members import GZIP_MAGIC

HEAD_BYTES = 4096
Kind = Literal[
    "image",
    "sidecar",
    "table",
    "document",
    "picture",
    "film",
    "sound",
    "surface",
    "recording",
    "archive",
    "container",
    "other",
    "folder",
    "link",
]

MAY_SHOW: tuple[Kind, ...] = (
    "archive",
    "container",
    "document",
    "film",
    "link",
    "picture",
    "recording",
    "sound",
    "surface",
)
"""Kinds beside images that may show a person and that no check looks at as images."""

IMAGE_NAMES = (
    ".nii",
    ".nii.gz",
    ".nii.bz2",
    ".nii.xz",
    ".nii.zst",
    ".hdr",
    ".img",
    ".hdr.gz",
    ".img.gz",
    ".mgh",
    ".mgz",
    ".mnc",
    ".mnc.gz",
    ".nrrd",
    ".nhdr",
    ".dcm",
    ".ima",
    ".dicom",
    ".par",
    ".rec",
    ".head",
    ".brik",
    ".brik.gz",
    ".mha",
    ".mhd",
    ".sdat",
    ".mri",
    ".mif",
    ".mif.gz",
    ".mih",
    ".vmr",
    ".v16",
    ".fdf",
)
_BODIES = {  # the file that holds the voxels of a header: listed with it
    ".img": ".hdr",
    ".img.gz": ".hdr",
    ".rec": ".par",
    ".brik": ".head",
    ".brik.gz": ".head",
}
_PACKED: tuple[tuple[bytes, str], ...] = (
    (GZIP_MAGIC, "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x1f\x9d", "compress"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x5d\x00\x00", "LZMA"),
)
_STREAMS = ("gzip", "bzip2", "xz", "Zstandard", "compress", "LZ4", "LZMA")  # that pack one file
_PACKED_NAME = re.compile(r"\.(nii|mgh|hdr|img|mnc|nrrd|mha|dcm)\.[a-z0-9]{1,6}$")
_INNER = {
    "nii": "NIfTI",
    "mgh": "MGH",
    "mnc": "MINC",
    "nrrd": "NRRD",
    "mha": "MetaImage",
    "dcm": "DICOM",
    "hdr": "ANALYZE or NIfTI",
    "img": "ANALYZE or NIfTI",
}
_ARRAYS = (b"SQLite format 3\0", b"\x93NUMPY")
_SMALL_BYTES = 16 * 1024  # of a container: a face does not fit into less
_MESHES = (b"\xff\xff\xfe", b"\xff\xff\xff", b"\xff\xff\xfd")  # of FreeSurfer, unpacked

_ARCHIVE_NAMES = (
    ".zip",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".tar.zst",
    ".7z",
    ".rar",
    ".iso",
    ".dmg",
    ".tar.lz4",
    ".tar.z",
    ".cab",
    ".lzh",
)
_BY_NAME: dict[str, Kind] = {
    **dict.fromkeys((".json", ".bval", ".bvec", ".spar", ".xml"), "sidecar"),
    **dict.fromkeys((".tsv", ".csv", ".tsv.gz", ".xls", ".xlsx", ".ods", ".parquet"), "table"),
    **dict.fromkeys(
        (".md", ".txt", ".rst", ".pdf", ".doc", ".docx", ".odt", ".html", ".htm", ".rtf", ".log"),
        "document",
    ),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".svg"), "picture"),
    **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".wmv", ".webm", ".m4v", ".mts"), "film"),
    **dict.fromkeys((".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".wma"), "sound"),
    # arrays of any kind, whole images among them, that only their own library can list
    **dict.fromkeys(
        (
            ".mat",
            ".h5",
            ".hdf5",
            ".hdf",
            ".npz",
            ".raw",
            ".zraw",
            ".pkl",
            ".pickle",
            ".pklz",
            ".pt",
            ".pth",
            ".rds",
            ".rda",
            ".rdata",
            ".tfrecord",
            ".zarr",
            ".nc",
            ".cdf",
        ),
        "container",
    ),
    **dict.fromkeys(
        (".gii", ".gii.gz", ".stl", ".obj", ".ply", ".vtk", ".vtp", ".pial", ".white", ".orig"),
        "surface",
    ),
    **dict.fromkeys(
        (
            ".fif",
            ".sqd",
            ".con",
            ".kdf",
            ".meg4",
            ".edf",
            ".bdf",
            ".vhdr",
            ".vmrk",
            ".eeg",
            ".set",
            ".fdt",
            ".snirf",
            ".nwb",
            ".mefd",
            ".ds",
            ".mff",
            ".pos",
            ".chn",
        ),
        "recording",
    ),
}
_DOUBLE = frozenset(
    ending for ending in (*IMAGE_NAMES, *_ARCHIVE_NAMES, *_BY_NAME) if ending.count(".") == 2
)
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_POINTERS = (
    (b"/annex/objects/", "git-annex"),
    (b".git/annex/objects/", "git-annex"),
    (b"version https://git-lfs", "Git LFS"),
)
_FETCH = "fetch the content (for example with `datalad get`) and run again"


@dataclass(frozen=True)
class Told:
    """What a file is.

    Attributes
    ----------
    kind
        See ``Kind``.
    form
        Format in words, such as ``NIfTI-1``; "" where only the name tells.
    problem
        Why an image cannot be looked at as far as its first bytes tell, or "".
    code
        The same as a word of a closed list, for what is public.
    """

    kind: Kind
    form: str = ""
    problem: str = ""
    code: str = ""


def ending_of(name: str) -> str:
    """The lower-case ending of a name, that of the packed file included (``.nii.gz``).

    >>> ending_of("sub-01_T1w.NII.GZ"), ending_of("notes.txt"), ending_of("IM0001")
    ('.nii.gz', '.txt', '')
    """
    lower = name.lower()
    last = lower.rfind(".")
    before = lower.rfind(".", 0, max(last, 0))
    if before > 0 and lower[before:] in _DOUBLE:
        return lower[before:]
    return lower[last:] if last > 0 else ""


def header_of_body(ending: str) -> str:
    """The ending of the header beside a file of voxels only (``.img`` has ``.hdr``), or ""."""
    return _BODIES.get(ending, "")


def tell(name: str, head: bytes, size: int) -> Told:
    """What a file is from its name, its first ``HEAD_BYTES`` bytes and its size."""
    ending = ending_of(name)
    named = _named(ending)
    pointer = _pointer(head)
    if pointer:
        return Told(named, "", f"a pointer of {pointer}, not the file itself: {_FETCH}", "pointer")
    form = _image_form(head, name, size)
    if form.startswith("ANALYZE") and ending not in (".hdr", ".hdr.gz", ".img", ".nii", ".nii.gz"):
        form = ""
    if form:
        return _image(form, head)
    if named == "image":
        return _damaged(ending, head, size)
    if _is_archive(head, ending):
        return Told("archive")
    if head.startswith(_PICTURES):
        return Told("picture")
    if named == "other" and _is_mesh(head, size):
        return Told("surface")
    if named == "other" and head.startswith(_ARRAYS) and size >= _SMALL_BYTES:
        return Told("container")
    return Told(named)


def is_image_name(name: str) -> bool:
    """Whether a name has the ending of an image format."""
    return ending_of(name) in IMAGE_NAMES


def _named(ending: str) -> Kind:
    if ending in IMAGE_NAMES:
        return "image"
    if ending in _ARCHIVE_NAMES:
        return "archive"
    return _BY_NAME.get(ending, "other")


def _image(form: str, head: bytes) -> Told:
    packing = packed_by(head)
    if packing in _STREAMS and not (packing == "gzip" and form.startswith(("NIfTI", "MGH"))):
        form = f"packed {form}"
    if form.startswith(("NIfTI", "MGH", "DICOM")):
        return Told("image", form)
    return Told("image", form, f"{form}: a format that is not read; convert it", "format")


def _damaged(ending: str, head: bytes, size: int) -> Told:
    """A file named like an image whose bytes are none."""
    if size == 0:
        return Told("image", "", "an empty file", "empty")
    if ending in _BODIES:
        return Told("image", "", "voxels without the header that belongs to them", "damaged")
    if _is_text(head):
        return Told("image", "", "text under the name of an image", "damaged")
    shown = head[:4].hex(" ")
    return Told("image", "", f"no image format known (first bytes {shown})", "damaged")


def _pointer(head: bytes) -> str:
    start = head[:200].lstrip()
    for mark, tool in _POINTERS:
        if mark in start[:120] and _is_text(start):
            return tool
    return ""


def _is_text(head: bytes) -> bool:
    start = head[:200]
    plain = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)
    return bool(start) and 0 not in start and plain >= 0.9 * len(start)


def _image_form(head: bytes, name: str, size: int) -> str:
    """The image format that the first bytes show, also below one layer of compression; or ""."""
    plain, packed = unpacked(head)
    if packed and plain[257:262] == b"ustar":
        return ""
    ending = ending_of(name)
    form = _nifti(plain, ending) or _mgh(plain, packed, ending, size)
    if form:
        return form
    inner = _PACKED_NAME.search(name.lower())
    if inner and packed_by(head) in _STREAMS and (not plain or plain is head):
        return _INNER[inner[1]]  # its first block cannot be unpacked from its first bytes alone
    if plain[128:132] == b"DICM" or _bare_dicom(plain):
        return "DICOM"
    if plain.startswith(b"NRRD000"):
        return "NRRD"
    if plain.startswith(b"mrtrix image"):
        return "MRtrix"
    if plain[:40].lstrip().startswith(b"!INTERFILE"):
        return "Interfile"
    if plain.startswith(b"#!/usr/local/fdf/startup"):
        return "Varian FDF"
    if ending in (".vmr", ".v16") and head[:1] and not _is_text(head):
        return "BrainVoyager"
    if plain.startswith(b"CDF") and ending.startswith(".mnc"):
        return "MINC"
    if plain.startswith(b"\x89HDF") and (ending == ".mnc" or b"minc-2.0" in plain):
        return "MINC"
    if plain.startswith(b"CTF_MRI_FORMAT"):
        return "CTF MRI"
    if plain.startswith(b"MATRIX7"):
        return "ECAT 7"
    if plain.startswith(b"# === DATA DESCRIPTION FILE") and ending == ".par":
        return "PAR/REC"
    if ending == ".head" and b"type" in plain[:200] and b"name" in plain[:200]:
        return "AFNI"
    if ending in (".mha", ".mhd") and b"NDims" in plain[:400]:
        return "MetaImage"
    if plain.startswith(b"\x93NUMPY"):
        return "NumPy array" if _is_volume(plain) else ""
    return _raw_data(plain, name)


def packed_by(head: bytes) -> str:
    """What packed a file, told by its first bytes; "" where nothing known did.

    >>> packed_by(b"BZh91AY&SY"), packed_by(b"sub-01")
    ('bzip2', '')
    """
    return next((name for start, name in _PACKED if head.startswith(start)), "")


def unpacked(head: bytes) -> tuple[bytes, bool]:
    """The first bytes without one layer of gzip, bzip2 or xz, and whether there was one."""
    packing = packed_by(head)
    try:
        if packing == "gzip":
            return zlib.decompressobj(31).decompress(head, HEAD_BYTES), True
        if packing == "bzip2":
            return bz2.BZ2Decompressor().decompress(head, HEAD_BYTES), True
        if packing == "xz":
            return lzma.LZMADecompressor().decompress(head, HEAD_BYTES), True
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return b"", True
    return head, False


def _nifti(head: bytes, ending: str) -> str:
    # Imported here: pages need this file's kinds alone, and readers of headers bring in nibabel.
    from headrisk.io.nifti_header import nifti_header

    header = nifti_header(head)
    if header is None or len(head) < 348:
        return ""
    if header.magic[:3] in ((b"n+1", b"ni1") if header.form == "NIfTI-1" else (b"n+2", b"ni2")):
        return header.form
    if header.form == "NIfTI-1" and ending and 1 <= header.fields["dim"][0] <= 7:
        return "ANALYZE 7.5"
    return ""


def _mgh(head: bytes, packed: bool, ending: str, size: int) -> str:
    """Version 1, then sizes and a voxel type that make sense; the name only where it says so."""
    from headrisk.io.headers import MGH_HEADER, mgh_header

    header = mgh_header(head)
    if header is None or len(head) < 28 or not header.sensible or max(header.size) >= 65536:
        return ""
    least = MGH_HEADER + math.prod(header.size)
    return "MGH" if ending in (".mgh", ".mgz") or packed or size >= least else ""


def _bare_dicom(head: bytes) -> bool:
    """A data set without preamble: it begins with an element of group 2 or 8, little endian."""
    if len(head) < 16 or head[:2] not in (b"\x02\0", b"\x08\0") or head[3] != 0 or head[2] > 0x70:
        return False
    if head[4:6] in (b"UL", b"UI", b"CS", b"DA", b"TM", b"SH", b"LO", b"PN", b"OB", b"AE"):
        return True
    length = int.from_bytes(head[4:8], "little")
    following = 8 + length
    return length <= 128 and head[following : following + 2] in (b"\x02\0", b"\x08\0")


def _is_volume(head: bytes) -> bool:
    """A NumPy array of three axes or more, each of at least 16: it may be an image."""
    match = re.search(rb"'shape': (\([0-9, ]*\))", head[:512])
    shape = ast.literal_eval(match[1].decode()) if match else ()
    return len(shape) >= 3 and sorted(shape)[-3] >= 16


def _raw_data(head: bytes, name: str) -> str:
    """Scanner's raw data, of which images can be made again."""
    lower = name.lower()
    if lower in ("2dseq", "rawdata.job0", "fid", "ser") and head and not _is_text(head):
        return "Bruker or Varian data"
    if lower.startswith("scanarchive_") and lower.endswith(".h5"):
        return "GE raw data"
    if head.startswith(b"\x89HDF") and b"ismrmrd" in head.lower():
        return "ISMRMRD raw data"
    if lower.endswith(".sdat"):
        return "Philips spectroscopy data"
    if re.fullmatch(r"p\d{5}\.7(\.gz)?", lower):
        return "GE raw data"
    if lower.endswith(".dat") and len(head) >= 8:
        first, second = struct.unpack("<2I", head[:8])
        if (first < 10_000 and 1 <= second <= 64) or b"<XProtocol>" in head:
            return "Siemens raw data"
    return ""


def _is_mesh(head: bytes, size: int) -> bool:
    """A surface as FreeSurfer writes it, without a name that tells: a scalp may be one.

    Curvature has the same first bytes as a mesh of quadrangles, and four bytes for each corner:
    a mesh has more.
    """
    if not head.startswith(_MESHES):
        return False
    if head.startswith(b"\xff\xff\xff") and len(head) >= 15:
        corners, _, values = struct.unpack(">3i", head[3:15])
        return not (values == 1 and size == 15 + 4 * corners)
    return True


def _is_archive(head: bytes, ending: str) -> bool:
    plain, _ = unpacked(head)
    packing = packed_by(head)
    if plain[257:262] == b"ustar" or packing in ("7-Zip", "RAR"):
        return True
    if packing == "zip":
        return ending not in (".docx", ".xlsx", ".odt", ".ods", ".npz", ".whl", ".pt", ".pth")
    return ending in _ARCHIVE_NAMES
