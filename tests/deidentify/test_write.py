"""Treated images as files: what is not changed is the same bit for bit, whatever the storage."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from headrisk.deidentify.deface import Treated
from headrisk.deidentify.treat import changed_image, treated_image
from headrisk.io.nifti import load_volume, read_stored, to_volume
from headrisk.run.scratch import put_in_place

SHAPE = (7, 8, 9)
TURNED = np.array([[0, 0, 3.0, -9], [-1.5, 0, 0, 20], [0, -2.0, 0, 4], [0, 0, 0, 1]])


def stored_image(path: Path, dtype: str, slope: float, inter: float) -> np.ndarray[Any, Any]:
    """An image with odd axes, everything identifying a header can hold, and its raw voxels."""
    rng = np.random.default_rng(3)
    raw = (rng.random(SHAPE) * 200).astype(dtype)
    make: Any = nib.Nifti1Image
    image = make(raw, TURNED)
    header = image.header
    header["descrip"], header["aux_file"] = b"DOE^JANE", b"jane.aux"
    header["db_name"], header["intent_name"] = b"jane", b"doe"
    header.set_slope_inter(slope, inter)
    header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"Jane Doe 1960"))
    with gzip.GzipFile(path, "wb", mtime=1_500_000_000) as packed:
        content = image.to_bytes()
        packed.write(content)
    return raw


@pytest.mark.parametrize(
    ("dtype", "slope", "inter"),
    [
        ("<i2", 1, 0),
        ("<i2", 0.25, -10),
        ("<u1", 2, 0),
        ("<f4", 1, 0),
        ("<f4", 0.5, 3),
        ("<f8", 1, 0),
        ("<u2", 1, 0),
    ],
)
def test_voxels_that_stay_are_the_same_bits(
    dtype: str, slope: float, inter: float, tmp_path: Path
) -> None:
    path = tmp_path / "jane.nii.gz"
    raw = stored_image(path, dtype, slope, inter)
    stored = read_stored(path)
    volume = to_volume(stored, "x")
    changed = np.zeros(volume.shape, bool)
    changed[2:4, 1:5, 3:] = True
    data = volume.data.copy()
    data[changed] = 0
    target = tmp_path / "treated.nii.gz"
    target.write_bytes(treated_image(stored, Treated(type(volume)(data, volume.affine), changed)))
    load: Any = nib.load
    after = load(target)
    new = np.asarray(after.dataobj.get_unscaled())
    assert new.dtype == raw.dtype
    mask_path = tmp_path / "mask.nii.gz"
    mask_path.write_bytes(changed_image(stored, Treated(volume, changed)))
    mask = np.asarray(load(mask_path).dataobj)
    assert mask.sum() == changed.sum()
    np.testing.assert_array_equal(new[mask == 0], raw[mask == 0])
    values = np.asarray(after.dataobj)[mask == 1]
    least = 0 if inter <= 0 or dtype == "<f4" else inter
    np.testing.assert_allclose(values, max(least, inter if dtype == "<u1" else 0), atol=abs(slope))
    np.testing.assert_array_equal(after.affine, TURNED)
    np.testing.assert_array_equal(load(mask_path).affine, TURNED)
    again = load_volume(target)
    np.testing.assert_array_equal(again.data[~changed], volume.data[~changed])


def test_nothing_identifying_stays_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "jane.nii.gz"
    stored_image(path, "<i2", 1, 0)
    stored = read_stored(path)
    volume = to_volume(stored, "x")
    for packed in (
        treated_image(stored, Treated(volume, volume.data > 100)),
        changed_image(stored, Treated(volume, volume.data > 100)),
    ):
        assert packed[3] == 0  # no name, comment or extra field in the gzip header
        assert packed[4:8] == bytes(4)  # no time
        plain = gzip.decompress(packed).lower()
        assert b"jane" not in plain
        assert b"doe" not in plain


def test_a_big_endian_pair_and_an_mgh_image_become_single_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    raw = (rng.random(SHAPE) * 1000).astype(">i2")
    pair: Any = nib.Nifti1Pair(raw, TURNED, nib.Nifti1Header(endianness=">"))
    pair.set_data_dtype(">i2")
    pair.to_filename(tmp_path / "a.hdr")
    mgh: Any = nib.MGHImage(raw.astype(">f4"), TURNED)
    mgh.to_filename(tmp_path / "b.mgz")
    for name, dtype in (("a.hdr", "i2"), ("b.mgz", "f4")):
        stored = read_stored(tmp_path / name)
        volume = to_volume(stored, name)
        target = tmp_path / "out.nii.gz"
        target.write_bytes(treated_image(stored, Treated(volume, np.zeros(volume.shape, bool))))
        load: Any = nib.load
        after = load(target)
        np.testing.assert_array_equal(np.asarray(after.dataobj), raw)
        np.testing.assert_allclose(after.affine, TURNED, atol=1e-5)
        assert after.get_data_dtype().newbyteorder("=") == np.dtype(dtype)


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    good, bad = tmp_path / "a" / "one", tmp_path / "b" / "two"
    put_in_place({good: b"1", tmp_path / "a" / "three": b"3"}, tmp_path)
    assert good.read_bytes() == b"1"
    bad.mkdir(parents=True)  # a folder stands where the file should go
    (bad / "x").write_bytes(b"")
    with pytest.raises(OSError, match="two"):
        put_in_place({good: b"new", bad: b"2"}, tmp_path)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"three", "x"}
