"""The shipped template: geometry, values, and refusal of an altered file."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from headrisk.brain.template import load_template, read_template
from headrisk.errors import StoreError


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    with resources.as_file(resources.files("headrisk.brain") / "data") as folder:
        for name in ("template.npz", "template.npz.sha256"):
            shutil.copy(folder / name, tmp_path / name)
    return tmp_path


def test_geometry_is_mni_at_two_millimetres() -> None:
    template = load_template()
    assert template.t1.shape == (81, 100, 87)
    assert np.array_equal(template.affine[:3, :3], 2 * np.eye(3))
    centre = np.linalg.inv(template.affine) @ [0, 0, 0, 1]
    assert np.array_equal(centre[:3], np.round(centre[:3]))  # a voxel centre lies on the origin


def test_values_are_a_brain() -> None:
    template = load_template()
    for volume in (template.t1, template.gm, template.wm):
        assert volume.dtype == np.float32
        assert volume.min() == 0
        assert 0.8 < volume.max() <= 1
    litres = template.mask.sum() * 8e-6
    assert 1.6 < litres < 2.1  # the average is about a fifth larger than an adult brain
    assert (template.gm + template.wm).max() < 1.02
    corpus_callosum = _at(template.affine, (0, 24, 6))
    ventricle = _at(template.affine, (6, 8, 14))
    assert template.wm[corpus_callosum] > 0.7
    assert template.t1[ventricle] < 0.5
    assert template.mask[ventricle]


def test_left_and_right_are_mirror_images() -> None:
    template = load_template()
    assert np.abs(template.t1 - template.t1[::-1]).max() < 0.02


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_template().t1[0, 0, 0] = 1


def test_altered_file_is_refused(copied: Path) -> None:
    content = bytearray((copied / "template.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (copied / "template.npz").write_bytes(content)
    with pytest.raises(StoreError, match="SHA-256"):
        read_template(copied)


def test_missing_file_is_refused(copied: Path) -> None:
    (copied / "template.npz").unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        read_template(copied)


def test_empty_digest_file_is_refused(copied: Path) -> None:
    (copied / "template.npz.sha256").write_text("")
    with pytest.raises(StoreError, match="recorded sum"):
        read_template(copied)


def _at(affine: np.ndarray, mm: tuple[float, float, float]) -> tuple[int, ...]:
    voxel = np.linalg.inv(affine) @ [*mm, 1]
    return tuple(round(v) for v in voxel[:3])
