"""FreeSurfer's MGH format (.mgh, .mgz).

Layout after FreeSurfer's description of the format: big-endian, 284-byte header (version, size,
frames, type, degrees of freedom, "good RAS" flag, voxel sizes, direction cosines, centre), voxels,
then scan parameters and tags.
"""

from __future__ import annotations

import struct

import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import Shape, affine_problem
from headrisk.io.layout import ImageLayout, three_dimensions
from headrisk.types import FloatArray

HEADER_BYTES = 284
VERSION = b"\0\0\0\1"
_TAG_BYTES = 16 * 1024 * 1024
_TYPES = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2", 10: ">u2"}
_CORONAL = np.array([[-1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def parse_mgh(block: bytes, subject: str) -> ImageLayout:
    """Check an MGH header and say where its voxels are.

    Parameters
    ----------
    block
        The first 284 bytes of the (decompressed) file.
    subject
        The file's name, for messages.

    Raises
    ------
    ScanError
        The header is cut off, of another version, of an unknown type, not one 3-D volume, or its
        geometry is not that of a head image.
    """
    if len(block) < HEADER_BYTES:
        raise ScanError(
            subject,
            found=f"a header of {len(block)} bytes",
            expected=f"the {HEADER_BYTES} bytes of an MGH header",
            remedy="Copy the file again from its source.",
        )
    width, height, depth, frames, kind = struct.unpack(">5i", block[4:24])
    shape = three_dimensions((width, height, depth, frames), subject)
    if kind not in _TYPES:
        raise ScanError(
            subject,
            found=f"MGH voxel type {kind}",
            expected="uchar, short, ushort, int or float",
            remedy="Convert the image, for example with mri_convert.",
        )
    affine, notes = _affine(block, shape)
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
        dtype=np.dtype(_TYPES[kind]),
        offset=HEADER_BYTES,
        affine=affine,
        tail_bytes=_TAG_BYTES,
        notes=notes,
    )


def _affine(block: bytes, shape: Shape) -> tuple[FloatArray, tuple[str, ...]]:
    """Voxel to scanner RAS+ from sizes, direction cosines and the centre's coordinates."""
    (good,) = struct.unpack(">h", block[28:30])
    values = np.frombuffer(block, dtype=">f4", count=15, offset=30).astype(np.float64)
    notes: tuple[str, ...] = ()
    sizes, directions, centre = values[:3], values[3:12].reshape(3, 3).T, values[12:]
    if good <= 0:
        sizes, directions, centre = np.ones(3), _CORONAL, np.zeros(3)
        notes = ("the MGH header holds no orientation: coronal slices of 1 mm assumed",)
    affine = np.eye(4)
    with np.errstate(all="ignore"):
        affine[:3, :3] = directions * sizes
        affine[:3, 3] = centre - affine[:3, :3] @ (np.array(shape) / 2)
    return affine, notes
