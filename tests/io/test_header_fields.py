"""One table of header fields: places as in the C headers, two readers that agree."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from headrisk.errors import ScanError
from headrisk.io.headers import MGH_FIELDS, mgh_header, mgh_voxels_end, parse_mgh
from headrisk.io.nifti_header import TEXT_PLACES, nifti_header, nifti_plan, parse_nifti


def test_texts_stand_where_the_c_headers_say() -> None:
    """Byte numbers from nifti1.h, nifti2.h and Analyze's dbh.h."""
    assert TEXT_PLACES["NIfTI-1"] == {
        "data_type": (4, 14),
        "db_name": (14, 32),
        "descrip": (148, 228),
        "aux_file": (228, 252),
        "intent_name": (328, 344),
    }
    assert TEXT_PLACES["NIfTI-2"] == {
        "descrip": (240, 320),
        "aux_file": (320, 344),
        "intent_name": (508, 524),
        "unused_str": (525, 540),
    }
    assert TEXT_PLACES["Analyze 7.5"]["patient_id"] == (283, 293)
    assert TEXT_PLACES["Analyze 7.5"]["exp_time"] == (303, 313)
    assert MGH_FIELDS == 90


@pytest.mark.parametrize("maker", [nib.Nifti1Header, nib.Nifti2Header])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_readers_find_the_same_voxels(maker: type, order: str) -> None:
    fields = maker(endianness=order)
    fields.set_data_dtype(np.int16)
    fields.set_data_shape((40, 50, 60))
    fields["pixdim"][1:4] = 4
    fields["vox_offset"] = 1024
    fields["magic"] = b"n+1" if len(fields.binaryblock) == 348 else b"n+2"
    fields["descrip"] = b"Jane Doe"
    block = bytes(fields.binaryblock)
    strict, pair = parse_nifti(block, "x")
    plan = nifti_plan(block)
    assert plan is not None
    assert not pair
    assert plan.single
    assert strict.offset == plan.voxels_at == 1024
    assert plan.voxels_end == 1024 + 40 * 50 * 60 * 2
    kept = plan.header.blank(None, {"descrip": b"Jane Doe"})
    assert kept == block
    blank = plan.header.blank(2048)
    assert b"Jane" not in blank
    assert parse_nifti(blank, "x")[0].offset == 2048


def test_a_header_cut_off_is_refused_or_told() -> None:
    block = bytes(nib.Nifti1Header().binaryblock)
    for length in (4, 100, 347):
        header = nifti_header(block[:length])
        assert header is not None
        assert not header.whole
        assert nifti_plan(block[:length]) is None
        with pytest.raises(ScanError, match="cut off"):
            parse_nifti(block[:length], "x")
    assert nifti_header(b"\0\0\0\1" + block) is None


def test_both_mgh_readers_find_the_same_voxels() -> None:
    image = nib.MGHImage(np.zeros((40, 50, 60), np.int16), np.diag([4.0, 4, 4, 1]))
    block = bytes(image.header.binaryblock).ljust(284, b"\0")
    strict = parse_mgh(block, "x")
    assert strict.shape == (40, 50, 60)
    assert mgh_voxels_end(block) == 284 + 40 * 50 * 60 * 2
    assert strict.dtype is not None
    cut = mgh_header(block[:24])
    assert cut is not None
    assert cut.size == (40, 50, 60, 1)
    assert mgh_voxels_end(block[:24]) is None
    with pytest.raises(ScanError):
        parse_mgh(block[:24], "x")
