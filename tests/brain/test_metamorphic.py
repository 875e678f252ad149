"""One head stored, scaled, moved or cut in other ways has one fingerprint.

The tolerances are those of docs/trust.md: the correlation of the two fingerprints.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nibabel
import numpy as np
import pytest
from heads import REAL, head, needs_real, pose
from scipy import ndimage

from headrisk.brain.prepare import PrepareTask, prepare
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import Float32Array

VOXEL = (2.5, 2.8, 3.1)
ORIENTATIONS = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((1, -1), repeat=3)
]
QUICK = (ORIENTATIONS[26],)
STORED = 0.9999  # the same voxels, stored or scaled in another way
REORDERED = 0.999  # the same voxels along other axes, or from another origin
REAL_REORDERED = 0.93  # a real head: the network sees the axes in another order
OFFSET = 0.99  # a constant added everywhere
SHIFTED = 0.93  # interpolated onto a grid a fraction of a voxel away
CUT = 0.96  # without the neck
Change = Callable[[Volume], nibabel.Nifti1Image]


def fingerprint_of(path: Path) -> Float32Array:
    result = prepare(PrepareTask("x", str(path), "T1w", 4, "affine", accurate=False))
    assert (result.status, result.verdict) == ("ok", "ok"), result.reason
    assert result.vector is not None
    return result.vector


def image(volume: Volume) -> nibabel.Nifti1Image:
    return nibabel.Nifti1Image(volume.data, volume.affine)


@cache
def subject() -> Volume:
    """A head whose voxel edges and image sides all differ, with whole-numbered intensities."""
    made = head(pose((4, -3, 6)), VOXEL)
    return Volume(np.round(made.data), made.affine)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Float32Array:
    path = tmp_path_factory.mktemp("plain") / "a.nii.gz"
    nibabel.save(image(subject()), path)
    return fingerprint_of(path)


def agreement(changed: nibabel.Nifti1Image, plain: Float32Array, path: Path) -> float:
    nibabel.save(changed, path)
    return float(np.corrcoef(fingerprint_of(path), plain)[0, 1])


def reordered(
    volume: Volume, order: tuple[int, ...], flips: tuple[int, ...]
) -> nibabel.Nifti1Image:
    """The same anatomy with other voxel axes; the affine says so."""
    data = volume.data.transpose(order)
    affine = volume.affine[:, [*order, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip < 0:
            affine[:, 3] += affine[:, axis] * (data.shape[axis] - 1)
            affine[:, axis] *= -1
            data = np.flip(data, axis)
    return nibabel.Nifti1Image(np.ascontiguousarray(data), affine)


def typed(kind: type, slope: float = 1.0, offset: float = 0.0) -> Change:
    def change(volume: Volume) -> nibabel.Nifti1Image:
        return nibabel.Nifti1Image((volume.data * slope + offset).astype(kind), volume.affine)

    return change


def junk(volume: Volume) -> nibabel.Nifti1Image:
    """Text, codes, times and an extension that say nothing about the voxels."""
    made = image(volume)
    made.header["descrip"] = b"FSL5.0 \xff\x00 name"
    made.header["db_name"] = b"somebody"
    made.header["aux_file"] = b"../../etc/passwd"
    made.header["intent_name"] = b"mirror"
    made.header["toffset"] = 3.5
    made.header["cal_max"] = 12.0
    made.header["regular"] = b"x"
    made.header.set_xyzt_units("mm", "sec")
    made.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"\x00junk" * 50))
    return made


def far(volume: Volume) -> nibabel.Nifti1Image:
    """Another scanner origin: the head lies elsewhere, the voxels are the same."""
    affine = volume.affine.copy()
    affine[:3, 3] += (31.3, -77.1, 120.9)
    return nibabel.Nifti1Image(volume.data, affine)


def shifted(volume: Volume) -> nibabel.Nifti1Image:
    """Sampled on a grid that lies a fraction of a voxel away."""
    part = np.array([0.4, -0.3, 0.5])
    data = ndimage.shift(volume.data, -part, order=3, mode="nearest").astype(np.float32)
    affine = volume.affine.copy()
    affine[:3, 3] += volume.affine[:3, :3] @ part
    return nibabel.Nifti1Image(data, affine)


def without_neck(volume: Volume) -> nibabel.Nifti1Image:
    """The lowest slices cut away: 35 mm of neck."""
    slices = round(35 / VOXEL[2])
    affine = volume.affine.copy()
    affine[:3, 3] += slices * affine[:3, 2]
    return nibabel.Nifti1Image(np.ascontiguousarray(volume.data[:, :, slices:]), affine)


CHANGES: dict[str, tuple[Change, float]] = {
    "int16": (typed(np.int16), STORED),
    "float64": (typed(np.float64), STORED),
    "junk in the header": (junk, STORED),
    "37 times brighter": (typed(np.float32, 37.0), STORED),
    "thousandth": (typed(np.float32, 1e-3), STORED),
    "another origin": (far, REORDERED),
    "offset": (typed(np.float32, 1.0, 25.0), OFFSET),
    "CT numbers": (typed(np.float32, 1.0, -1024.0), OFFSET),
    "z-scores": (typed(np.float32, 0.01, -0.7), OFFSET),
    "turned round": (typed(np.float32, -2.0, 90.0), OFFSET),
    "part of a voxel": (shifted, SHIFTED),
    "neck cut": (without_neck, CUT),
}
IN_DEFAULT_RUN = ("turned round", "z-scores", "junk in the header", "part of a voxel", "neck cut")


@pytest.mark.parametrize(
    "name",
    [
        name if name in IN_DEFAULT_RUN else pytest.param(name, marks=pytest.mark.slow)
        for name in CHANGES
    ],
)
def test_other_storage_is_one_fingerprint(name: str, plain: Float32Array, tmp_path: Path) -> None:
    change, tolerance = CHANGES[name]
    assert agreement(change(subject()), plain, tmp_path / "a.nii.gz") >= tolerance


@pytest.mark.parametrize(
    "orientation",
    [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in ORIENTATIONS],
    ids=lambda one: "".join("xyz"[k] + ("+" if f > 0 else "-") for k, f in zip(*one, strict=True)),
)
def test_orientations_are_one_fingerprint(
    orientation: tuple[tuple[int, ...], tuple[int, ...]], plain: Float32Array, tmp_path: Path
) -> None:
    assert agreement(reordered(subject(), *orientation), plain, tmp_path / "a.nii") >= REORDERED


def test_gzip_level_and_resaving_change_no_voxel(tmp_path: Path) -> None:
    """Nothing after reading can see how the file was packed, or by whom it was saved again."""
    raw = tmp_path / "a.nii"
    nibabel.save(image(subject()), raw)
    first = load_volume(raw)
    for level in (0, 1, 9):
        packed = tmp_path / f"{level}.nii.gz"
        packed.write_bytes(gzip.compress(raw.read_bytes(), level))
        nibabel.save(nibabel.load(packed), tmp_path / "again.nii.gz")
        for path in (packed, tmp_path / "again.nii.gz"):
            found = load_volume(path)
            assert np.array_equal(found.data, first.data)
            assert np.array_equal(found.affine, first.affine)


@needs_real
@pytest.mark.realdata
@pytest.mark.slow
def test_a_real_head_in_all_orientations(tmp_path: Path) -> None:
    volume = load_volume(REAL / "ixi-2mm/nifti/IXI013-HH-1212-T1_ds.nii.gz")
    path = tmp_path / "a.nii"
    nibabel.save(image(volume), path)
    plain = fingerprint_of(path)
    worst = min(agreement(reordered(volume, *one), plain, path) for one in ORIENTATIONS)
    assert worst >= REAL_REORDERED
