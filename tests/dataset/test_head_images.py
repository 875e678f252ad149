"""All images are listed, whatever their folder and name; a series is read by its first volume."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from headrisk.dataset.head_images import list_head_images
from headrisk.dataset.inventory import take_inventory
from headrisk.dataset.scans import Scan
from headrisk.errors import ScanError
from headrisk.io.nifti import load_first_volume, load_volume

FILES = {
    "sub-01/anat/sub-01_T2w.nii.gz": ("anat", "T2w", "01"),
    "sub-01/ses-2/func/sub-01_ses-2_task-rest_bold.nii": ("func", "bold", "01"),
    "derivatives/x/sub-02/pet/sub-02_pet.nii.gz": ("pet", "pet", "02"),
    "backup/head copy.NII.GZ": ("", "", ""),
    ".hidden/sub-03_ct.mgz": ("", "ct", "03"),
}


def test_every_image_is_listed(tmp_path: Path) -> None:
    for name in (*FILES, "notes.txt", "sub-01/anat/sub-01_T2w.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    converted = Scan("series", "09", "/elsewhere/series.nii.gz")
    found = {one.name: one for one in list_head_images(tmp_path, [converted])}
    assert set(found) == {*FILES, "series"}
    for name, told in FILES.items():
        assert (found[name].datatype, found[name].suffix, found[name].participant_id) == told


def test_images_under_other_names_are_listed_by_their_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 99, (4, 5, 6)).astype(np.int16)
    head = nib.Nifti1Image(noise, np.eye(4))
    names = ("sub-01/anat/sub-01_T1w.nii.gz.bak", "sub-01/notes.json", "IMAGE", "gone.nii.gz")
    (tmp_path / "sub-01" / "anat").mkdir(parents=True)
    for name in names:
        nib.save(head, tmp_path / "x.nii.gz")
        (tmp_path / "x.nii.gz").rename(tmp_path / name)
    (tmp_path / "gone.nii.gz").write_bytes(b"")
    (tmp_path / "README").write_text("text")
    found = {one.name: one for one in list_head_images(tmp_path, [], take_inventory(tmp_path))}
    assert found.keys() == {*names}
    assert found[names[0]].participant_id == "01"
    for name in names[:3]:
        assert load_first_volume(Path(found[name].path)).shape == (4, 5, 6)


def test_of_a_series_the_first_volume_is_read(tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((6, 7, 8, 5)).astype(np.float32)
    path = tmp_path / "bold.nii.gz"
    nib.save(nib.Nifti1Image(data, np.eye(4) * 2), path)
    np.testing.assert_array_equal(load_first_volume(path).data, data[..., 0])
    with pytest.raises(ScanError, match="series"):
        load_volume(path)
