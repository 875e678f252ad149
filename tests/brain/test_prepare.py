"""From a file to a fingerprint, whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from heads import REAL, head, needs_real, place, pose, worst_mm

from headrisk.brain.prepare import PrepareTask, align_head, fingerprint, prepare
from headrisk.brain.template import load_template, template_grid
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume


def task(path: Path = Path(), suffix: str = "T1w", mm: int = 4) -> PrepareTask:
    return PrepareTask("x", str(path), suffix, mm, "affine", accurate=False)


def save(folder: Path, data: np.ndarray, affine: np.ndarray) -> Path:
    path = folder / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(data.astype(np.float32), affine), path)
    return path


def test_a_head_becomes_a_fingerprint(tmp_path: Path) -> None:
    volume = head(pose((5, -5, 10)))
    result = prepare(task(save(tmp_path, volume.data, volume.affine)))
    assert (result.status, result.verdict, result.reason) == ("ok", "ok", "")
    assert result.vector is not None
    assert result.vector.shape == (template_grid(4).size,)
    assert result.vector.std() == pytest.approx(1, abs=0.1)
    assert result.mosaic is not None
    assert result.seconds > 0
    assert result.voxel_mm == pytest.approx((2, 2, 2))


@pytest.mark.parametrize("turn", [(0, 0, 0), (180, 0, 0), (0, 90, 90)])
def test_wrong_axes_give_the_same_fingerprint(turn: tuple[float, float, float]) -> None:
    upright, turned = pose((0, 0, 0)), pose(turn, (0, 60, -40))
    first, second = (align_head(head(p), task()) for p in (upright, turned))
    assert worst_mm(upright, first.alignment.affine) < 2.5  # the mask is found, not given
    assert worst_mm(turned, second.alignment.affine) < 2.5
    vectors = [fingerprint(one, 4) for one in (first, second)]
    assert np.corrcoef(*vectors)[0, 1] > 0.9
    assert bool(second.notes) == any(turn)


def ball(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    offset = np.indices(shape) - np.array(shape)[:, None, None, None] / 2
    inside = (offset**2).sum(axis=0) < 23**2
    return inside * 100 + np.abs(rng.normal(0, 3, shape))


NOT_HEADS = {
    "ball": ball,
    "noise": lambda rng, shape: rng.random(shape),
    "negative": lambda rng, shape: -ball(rng, shape),
    "tiny": lambda rng, shape: rng.random((7, 8, 9)),
}


@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("ball", "noise")),
        "negative",
        "tiny",
    ],
)
def test_what_is_no_head_is_never_ok(name: str, tmp_path: Path) -> None:
    data = NOT_HEADS[name](np.random.default_rng(0), (60, 66, 54))
    result = prepare(task(save(tmp_path, data, np.diag([3.0, 3, 3, 1]))))
    assert result.verdict != "ok"
    assert result.reason


def test_missing_file_is_a_row(tmp_path: Path) -> None:
    result = prepare(task(tmp_path / "absent.nii.gz"))
    assert (result.status, result.verdict) == ("failed", "failed")
    assert "absent.nii.gz" in result.reason
    assert result.vector is None


def test_contrast_that_is_not_t1_is_noticed(tmp_path: Path) -> None:
    volume = head(pose((0, 0, 0)))
    mask, _ = place(load_template().mask.astype(np.float32), pose((0, 0, 0)), volume.voxel_mm)
    data = np.where(mask > 0.5, np.maximum(650 - volume.data, 0), volume.data)
    path = save(tmp_path, data, volume.affine)
    result = prepare(task(path))
    assert result.verdict == "doubtful"
    assert "not that of T1w" in result.reason
    assert "not that of T1w" not in prepare(task(path, "T2w")).reason


@needs_real
@pytest.mark.realdata
def test_real_head_upside_down() -> None:
    path = REAL / "ixi-2mm/nifti/IXI013-HH-1212-T1_ds.nii.gz"
    volume = load_volume(path)
    flipped = Volume(np.ascontiguousarray(volume.data[:, ::-1, ::-1]), volume.affine)
    first, second = (fingerprint(align_head(v, task(mm=2)), 4) for v in (volume, flipped))
    assert np.corrcoef(first, second)[0, 1] > 0.93
