from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from headrisk.errors import ScanError
from headrisk.io.headers import header_summary, open_image
from headrisk.io.nifti import load_volume

AFFINE = np.array([[0, 0, 3.0, -9], [-1.5, 0, 0, 5], [0, 2.0, 0, -8], [0, 0, 0, 1]])


def blob() -> bytes:
    data = np.random.default_rng(0).integers(0, 99, (7, 8, 9)).astype("i2")
    return bytes(nib.Nifti1Image(data, AFFINE).to_bytes())


def test_summary_is_in_ras_order(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(blob())
    summary = header_summary(tmp_path / "a.nii")
    assert summary.shape == (9, 7, 8)
    assert summary.voxel_mm == pytest.approx((3.0, 1.5, 2.0))
    assert (summary.form, summary.dtype) == ("NIfTI-1 single file", "int16")


def test_summary_needs_no_voxels(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(blob(), mtime=0)[:400])
    assert header_summary(path).shape == (9, 7, 8)
    with pytest.raises(ScanError, match="cut-off"):
        load_volume(path)


def test_layout_says_where_the_voxels_are(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(blob())
    with open_image(path) as (layout, stream):
        stream.skip(layout.offset - stream.position)
        voxels = np.frombuffer(stream.read(layout.data_bytes), layout.dtype)
        assert stream.finish(most=0) == (0, True)
    expected = np.asarray(nib.load(path).dataobj)
    np.testing.assert_array_equal(voxels.reshape(layout.shape, order="F"), expected)
    np.testing.assert_array_equal(layout.affine, AFFINE)
