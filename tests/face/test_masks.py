"""Masks beside images: nothing can be told of them, which is no failure and no comfort."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from headrisk.face.examine import ImageTask, examine
from headrisk.face.head import SightTask
from headrisk.face.presence import Sight
from headrisk.face.sight import look_at_image


def _seen(values: np.ndarray, path: Path) -> tuple[Sight, Sight]:
    nib.save(nib.Nifti1Image(values, np.diag([6.0, 5.0, 4.0, 1.0])), path)
    task = SightTask("one", str(path), "defacemask")
    together = examine(ImageTask(str(path), sight=task)).sight
    assert together is not None
    return look_at_image(task).sight, together.sight


@pytest.mark.parametrize("values", [(0, 1), (0, 255), (-1, 3)])
def test_a_mask_without_a_head_is_no_failure_and_no_comfort(
    tmp_path: Path, values: tuple[int, int]
) -> None:
    mask = np.full((23, 31, 29), values[0], np.int16)
    mask[:, 20:, :8] = values[1]
    for sight in _seen(mask, tmp_path / "sub-1_defacemask.nii.gz"):
        assert (sight.verdict, sight.code) == ("unclear", "mask")


def test_an_image_with_intensities_but_no_head_stays_a_failure(tmp_path: Path) -> None:
    image = np.zeros((23, 31, 29), np.int16)
    image[:3, :3, :3], image[-2:, -2:, -2:] = 40, 900
    for sight in _seen(image, tmp_path / "sub-1_T1w.nii.gz"):
        assert sight.verdict not in ("gone", "outside")
