"""Seeded mutations of small images: refused by name, or no voxel differs from what is stored."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from images import nifti, voxels
from mutate import BASES, NEUTRAL, check, mutated, mutated_gzip

from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume

HEADERS, GZIPS = 1000, 400


def write_rest(folder: Path, files: dict[str, bytes]) -> Path:
    for name, blob in files.items():
        (folder / name).write_bytes(blob)
    return folder / next(iter(files))


@pytest.mark.timeout(120)
def test_headers(tmp_path: Path) -> None:
    usable = 0
    for number in range(HEADERS):
        base = BASES[number % len(BASES)]
        path = write_rest(tmp_path, base.files)
        rng = np.random.default_rng((1, number))
        changed = mutated(next(iter(base.files.values())), base.header, rng)
        usable += check(path, base, changed)
    assert 0.2 * HEADERS < usable < 0.8 * HEADERS  # both ends are exercised


@pytest.mark.timeout(120)
def test_gzip(tmp_path: Path) -> None:
    blob = nifti(voxels("u1"))
    packed = (
        gzip.compress(blob, mtime=0),
        gzip.compress(blob[:300], mtime=0) + gzip.compress(blob[300:], mtime=0),
    )
    path = tmp_path / "a.nii.gz"
    path.write_bytes(packed[0])
    sound = load_volume(path)
    refused = 0
    for number in range(GZIPS):
        path.write_bytes(mutated_gzip(packed[number % 2], np.random.default_rng((2, number))))
        try:
            volume = load_volume(path)
        except ScanError:
            refused += 1
            continue
        np.testing.assert_array_equal(volume.data, sound.data)
        np.testing.assert_array_equal(volume.affine, sound.affine)
    assert 0.5 * GZIPS < refused < GZIPS


def test_every_byte_without_meaning_may_change(tmp_path: Path) -> None:
    base = BASES[0]
    blob = base.files["a.nii"]
    for start, end in NEUTRAL:
        for place in range(start, end, 3):
            changed = bytearray(blob)
            changed[place] ^= 0xFF
            assert check(tmp_path / "a.nii", base, bytes(changed))


def test_the_check_sees_a_changed_voxel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that swaps two voxels, or forgets the intercept, does not pass."""
    import mutate

    path, base = tmp_path / "a.nii", BASES[1]
    real = mutate.to_volume

    def wrong(*given: object) -> object:
        volume = real(*given)  # type: ignore[arg-type]
        volume.data[0, 0, 0] += 1
        return volume

    monkeypatch.setattr(mutate, "to_volume", wrong)
    with pytest.raises(AssertionError):
        check(path, base, base.files["a.nii"])
