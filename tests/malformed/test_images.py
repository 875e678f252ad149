"""Every malformed image ends as a usable volume or as a ScanError, quickly."""

from __future__ import annotations

import gzip
import itertools
import pickle
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from images import CASES, mgh, nifti, pair, voxels

from headrisk.errors import ScanError
from headrisk.io.headers import header_summary
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume

SECONDS = 2.0
FUZZ = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def outcome(path: Path) -> Volume | ScanError:
    """The volume or the refusal; any other exception fails the test."""
    try:
        volume = load_volume(path)
    except ScanError as error:
        refusal = error
    else:
        check_usable(volume)
        return volume
    assert str(path.parent) in refusal.subject
    assert refusal.found
    return refusal


def check_usable(volume: Volume) -> None:
    assert volume.data.dtype == np.float32
    assert volume.data.flags.c_contiguous
    assert np.isfinite(volume.data).all()
    assert np.isfinite(volume.affine).all()
    assert volume.data.min() < volume.data.max()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, blob in files.items():
        (folder / name).write_bytes(blob)
    return folder / next(iter(files))


def test_there_are_many_kinds() -> None:
    assert len(CASES) >= 100
    assert sum(not case.usable for case in CASES.values()) >= 60


@pytest.mark.parametrize("name", CASES)
def test_kind(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = write(tmp_path, case.files)
    before = time.process_time()
    result = outcome(path)
    assert time.process_time() - before < SECONDS
    if case.usable:
        assert isinstance(result, Volume), result
        assert case.words in " / ".join(result.notes)
        assert header_summary(path).shape == result.shape
    else:
        assert isinstance(result, ScanError), result
        assert case.words in str(result)
        assert result.expected


def test_refusal_survives_the_way_between_processes(tmp_path: Path) -> None:
    error = outcome(write(tmp_path, CASES["empty"].files))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


@FUZZ
@given(st.binary(max_size=2000))
@example(b"\x5c\x01\0\0" + b"\xff" * 600)
@example(b"\0\0\0\1" + b"\x7f" * 400)
def test_any_bytes(tmp_path: Path, blob: bytes) -> None:
    outcome(write(tmp_path, {"a.nii": blob}))
    outcome(write(tmp_path, {"a.nii.gz": gzip.compress(blob, 1)}))


@FUZZ
@given(
    st.sampled_from([nifti(), nifti(version=2), mgh(), nifti(voxels("f8"))]),
    st.lists(
        st.tuples(st.integers(0, 539), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4
    ),
)
def test_any_header(tmp_path: Path, blob: bytes, changes: list[tuple[int, bytes]]) -> None:
    changed = bytearray(blob)
    for position, value in changes:
        changed[position : position + len(value)] = value
    outcome(write(tmp_path, {"a.nii": bytes(changed)}))


@FUZZ
@given(st.integers(0, 347), st.binary(min_size=1, max_size=4))
def test_any_pair_header(tmp_path: Path, position: int, value: bytes) -> None:
    head, body = pair()
    changed = head[:position] + value + head[position + len(value) :]
    outcome(write(tmp_path, {"a.hdr": changed, "a.img": body}))


@pytest.mark.parametrize(
    ("members", "step"), [(1, 1), (3, 3), pytest.param(3, 1, marks=pytest.mark.slow)]
)
def test_no_flipped_bit_changes_a_voxel_unseen(tmp_path: Path, members: int, step: int) -> None:
    """Single-bit flips of a small file: refused, or voxels and place as they were."""
    blob = nifti(voxels("u1"))
    cuts = np.linspace(0, len(blob), members + 1).astype(int)
    packed = b"".join(
        gzip.compress(blob[start:end], mtime=0) for start, end in itertools.pairwise(cuts)
    )
    path = tmp_path / "a.nii.gz"
    path.write_bytes(packed)
    sound = load_volume(path)
    refused = 0
    bits = range(0, 8 * len(packed), step)
    for bit in bits:
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(flipped)
        result = outcome(path)
        if isinstance(result, Volume):
            np.testing.assert_array_equal(result.data, sound.data)
            np.testing.assert_array_equal(result.affine, sound.affine)
        else:
            refused += 1
    assert refused > 0.9 * len(bits)


def test_every_cut_is_seen(tmp_path: Path) -> None:
    packed = gzip.compress(nifti(), mtime=0)
    path = tmp_path / "a.nii.gz"
    for length in range(len(packed)):
        path.write_bytes(packed[:length])
        assert isinstance(outcome(path), ScanError)
