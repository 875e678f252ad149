"""The brain is found in heads, kept where it stands alone, and refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from heads import REAL, head, needs_real, place, pose
from scipy import ndimage

from headrisk.brain.normalise import cut_brain
from headrisk.brain.strip import find_brain, upright_view
from headrisk.brain.template import load_template
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume

TRUTH = pose((5, 0, 10))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def true_mask(volume: Volume) -> np.ndarray:
    mask, _ = place(load_template().mask.astype(np.float32), TRUTH, volume.voxel_mm)
    return mask > 0.5


def on_grid(volume: Volume, **options: object) -> np.ndarray:
    """The mask found, on the whole grid of the image."""
    found = find_brain(volume, "x", **options)  # type: ignore[arg-type]
    brain = cut_brain(volume, found, 0.1, "x")
    start = np.round((np.linalg.inv(volume.affine) @ brain.affine)[:3, 3]).astype(int)
    out = np.zeros(volume.shape, bool)
    out[tuple(slice(a, a + n) for a, n in zip(start, brain.mask.shape, strict=True))] = brain.mask
    return out


def test_head_is_stripped_alike_in_either_view() -> None:
    volume = head(TRUTH)
    truth = true_mask(volume)
    plain = on_grid(volume)
    view = upright_view(TRUTH[:3, :3], TRUTH[:3, :3] @ np.array([0.0, -18.0, 8.0]))
    turned = on_grid(volume, view=view)
    assert dice(plain, truth) > 0.9
    assert dice(turned, truth) > 0.9


def test_what_is_far_from_the_brain_does_not_move_its_border() -> None:
    volume = head(TRUTH)
    mask = true_mask(volume)
    away = ndimage.distance_transform_edt(~mask, sampling=volume.voxel_mm)
    data = np.where(away > 24, np.float32(0.5) * np.flip(volume.data, 1), volume.data)
    assert np.count_nonzero(data != volume.data) > 0.2 * data.size
    assert dice(on_grid(volume), on_grid(Volume(data, volume.affine))) > 0.999


def test_bare_brain_is_kept_as_it_is() -> None:
    data, affine = place(load_template().t1, TRUTH, (2.0, 2.0, 2.0))
    volume = Volume(np.where(data > 0.05, 100 * data, np.float32(0)), affine)
    found = find_brain(volume, "x")
    assert found.already_stripped
    litres = np.count_nonzero(volume.data) * 8 / 1e6
    assert found.volume_ml == pytest.approx(1000 * litres, rel=0.06)  # holes are filled


def test_head_is_not_taken_for_a_bare_brain() -> None:
    assert not find_brain(head(TRUTH), "x").already_stripped


def test_no_brain_is_an_error_that_names_the_scan() -> None:
    data = np.random.default_rng(0).random((40, 42, 44), dtype=np.float32)
    with pytest.raises(ScanError, match="sub-7"):
        find_brain(Volume(data, np.diag([0.8, 0.8, 0.8, 1])), "sub-7")


@needs_real
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("path", "bare"),
    [
        ("aomic-defaced/sub-0001/orig.mgz", False),
        ("aomic-defaced/sub-0001/brain.mgz", True),
        ("ixi-2mm/nifti/IXI013-HH-1212-T1_ds.nii.gz", False),
    ],
)
def test_real_heads(path: str, bare: bool) -> None:
    found = find_brain(load_volume(Path(REAL / path)), path)
    assert found.already_stripped == bare
    assert 1200 < found.volume_ml < 1900
