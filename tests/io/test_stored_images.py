"""How files differ in form: orientation, voxel size, field of view."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from headrisk.io.headers import axis_codes, stored_change, stored_form


def write(path: Path, data: np.ndarray, affine: np.ndarray) -> Path:
    image: Any = nib.Nifti1Image(data.astype(np.float32), affine)
    nib.save(image, path)
    return path


def turned(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    out = np.diag([1.0, 1.5, 2.0, 1.0])
    out[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ out[:3, :3]
    return out


@pytest.mark.parametrize("angle", [0.0, 0.3, -0.5])
def test_axis_codes_are_nibabels(angle: float) -> None:
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            affine = turned(angle)
            affine[:3, :3] = affine[:3, list(order)] * signs
            assert axis_codes(affine) == "".join(nib.aff2axcodes(affine))


def test_a_reoriented_file_differs_in_nothing_else(tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(size=(7, 8, 9))
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    first = stored_form(write(tmp_path / "a.nii", data, affine))
    image: Any = nib.Nifti1Image(data.astype(np.float32), affine)
    other = image.as_reoriented(nib.orientations.axcodes2ornt("PSL"))
    nib.save(other, tmp_path / "b.nii")
    change = stored_change(first, stored_form(tmp_path / "b.nii"))
    assert change.reoriented
    assert (change.resampled, change.cropped, change.moved) == (False, False, False)
    stored = "".join(nib.aff2axcodes(other.affine))
    assert change.sentences == (f"axes stored as {stored}, not RAS",)


def test_voxels_field_of_view_and_place(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first = stored_form(write(tmp_path / "a.nii", rng.normal(size=(8, 8, 10)), np.eye(4) * 2))
    fine = np.diag([1.0, 1.0, 2.0, 1.0])
    fine[:3, 3] = -0.5, -0.5, 0.0
    same_place = stored_form(write(tmp_path / "b.nii", rng.normal(size=(16, 16, 10)), fine))
    change = stored_change(first, same_place)
    assert change.resampled
    assert (change.cropped, change.moved, change.reoriented) == (False, False, False)
    cut = stored_form(write(tmp_path / "c.nii", rng.normal(size=(8, 8, 5)), np.eye(4) * 2))
    change = stored_change(first, cut)
    assert change.cropped
    assert change.moved
    assert stored_change(first, first).sentences == ()
