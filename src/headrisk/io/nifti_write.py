"""NIfTI files from images that were read: the same grid and type, nothing else from the header."""

from __future__ import annotations

from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from headrisk.io.layout import ImageLayout
from headrisk.io.nifti_header import header_kind

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
