"""Reading sound images, against nibabel's own reading."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headrisk.errors import ScanError
from headrisk.io.headers import header_summary
from headrisk.io.nifti import load_brightest, load_mean, load_volume

SHAPE = (7, 8, 9)
TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
REAL = Path(__file__).parents[3] / "shared" / "data"


def phantom(dtype: str = "i2") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 120, SHAPE).astype(dtype)


def oracle(path: Path) -> nib.Nifti1Image:
    return nib.as_closest_canonical(nib.load(path))


def assert_as_nibabel(path: Path, rtol: float = 1e-6) -> None:
    volume, expected = load_volume(path), oracle(path)
    values = expected.get_fdata(dtype=np.float64).reshape(expected.shape[:3])
    assert np.abs(volume.data - values).max() <= rtol * np.abs(values).max()
    np.testing.assert_allclose(volume.affine, expected.affine, atol=1e-4)
    summary = header_summary(path)
    assert summary.shape == volume.shape
    np.testing.assert_allclose(summary.voxel_mm, volume.voxel_mm)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image, nib.Nifti1Pair])
def test_every_type_and_byte_order(tmp_path: Path, kind: type, dtype: str, order: str) -> None:
    header = kind.header_class(endianness=order)
    image = kind(phantom(dtype), np.diag([-2.0, 3, 2.5, 1]), header, dtype=np.dtype(dtype))
    path = tmp_path / ("a.img" if kind is nib.Nifti1Pair else "a.nii.gz")
    nib.save(image, path)
    assert_as_nibabel(path)


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u4"])
def test_scaling(tmp_path: Path, dtype: str) -> None:
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_slope_inter(0.037, -1000.0)
    path = tmp_path / "a.nii"
    nib.Nifti1Image(phantom("f8") * 0.1 - 1000, np.eye(4), header).to_filename(path)
    assert_as_nibabel(path)


def test_wide_integers_keep_their_digits(tmp_path: Path) -> None:
    """Values near 2^31 with an intercept that cancels them: float32 arithmetic would lose all."""
    stored = (2**31 + phantom("u4")).astype("u4")
    header = nib.Nifti1Header()
    header.set_data_dtype("u4")
    image = nib.Nifti1Image(stored, np.eye(4), header)
    blob = bytearray(image.to_bytes())
    blob[112:120] = np.array([1.0, -(2.0**31)], dtype="<f4").tobytes()
    path = tmp_path / "a.nii"
    path.write_bytes(blob)
    np.testing.assert_array_equal(load_volume(path).data, phantom("f4"))


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4"])
@pytest.mark.parametrize("name", ["a.mgh", "a.mgz"])
def test_mgh(tmp_path: Path, dtype: str, name: str) -> None:
    affine = np.array([[0, 0, 1.5, -8], [-2.0, 0, 0, 9], [0, -1, 0, 4], [0, 0, 0, 1]])
    nib.MGHImage(phantom(dtype), affine).to_filename(tmp_path / name)
    assert_as_nibabel(tmp_path / name)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hnp.arrays(np.int16, st.tuples(*[st.integers(4, 40)] * 3), elements=st.integers(-9, 9)),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    st.tuples(*[st.floats(0.5, 5)] * 3),
)
def test_any_orientation(
    tmp_path: Path,
    data: np.ndarray,
    axes: list[int],
    signs: tuple[float, ...],
    sizes: tuple[float, ...],
) -> None:
    data[0, 0, 0], data[-1, -1, -1] = 10, -10
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[axes] * np.array(signs) * np.array(sizes)
    affine[:3, 3] = (3, -5, 7)
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(data, affine), path)
    assert_as_nibabel(path)


def test_voxels_keep_their_place(tmp_path: Path) -> None:
    """One bright voxel, under an oblique affine, stays at its place in mm."""
    data = phantom()
    data[5, 1, 7] = 1000
    turn = np.deg2rad(20)
    affine = np.eye(4)
    affine[:3, :3] = [
        [0, 2 * np.cos(turn), -np.sin(turn)],
        [0, 2 * np.sin(turn), np.cos(turn)],
        [3, 0, 0],
    ]
    affine[:3, 3] = (11, -4, 6)
    nib.save(nib.Nifti1Image(data, affine), tmp_path / "a.nii")
    volume = load_volume(tmp_path / "a.nii")
    peak = np.unravel_index(volume.data.argmax(), volume.shape)
    np.testing.assert_allclose(
        volume.affine @ [*peak, 1], affine @ [5, 1, 7, 1], rtol=1e-6, atol=1e-5
    )
    assert volume.shape == (8, 9, 7)
    assert (np.diag(volume.affine)[:3] > 0).all()


def test_sform_and_qform_conflict_is_measured(tmp_path: Path) -> None:
    image = nib.Nifti1Image(phantom(), np.diag([1.0, 1, 1, 1]))
    moved = np.eye(4)
    moved[:3, 3] = (0, 3, 4)
    image.set_qform(moved, code=1)
    nib.save(image, tmp_path / "a.nii")
    volume = load_volume(tmp_path / "a.nii")
    assert "qform and sform differ by 5.0 mm: sform used" in volume.notes
    np.testing.assert_array_equal(volume.affine, np.eye(4))


def test_agreeing_forms_give_no_note(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.tile(phantom(), (6, 6, 6)), np.diag([2.0, 2, 2, 1]))
    image.set_qform(image.affine, code=1)
    nib.save(image, tmp_path / "a.nii")
    assert load_volume(tmp_path / "a.nii").notes == ()


def test_qform_alone_is_read_as_nibabel_reads_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for number in range(20):
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        affine = np.eye(4)
        affine[:3, :3] = rotation * rng.uniform(0.5, 4, 3)
        affine[:3, 3] = rng.uniform(-90, 90, 3)
        image = nib.Nifti1Image(phantom(), None)
        image.set_qform(affine, code=1)
        image.set_sform(None, code=0)
        nib.save(image, tmp_path / f"{number}.nii")
        assert_as_nibabel(tmp_path / f"{number}.nii")


def test_size_limit_is_told_from_the_header(tmp_path: Path) -> None:
    """A file of a few kB that claims 0.5 GB is refused without taking the memory."""
    header = nib.Nifti1Header()
    header.set_data_shape((500, 500, 500))
    header.set_data_dtype("f4")
    header.set_sform(np.diag([0.5, 0.5, 0.5, 1]), 1)
    header["magic"], header["vox_offset"] = b"n+1", 352
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(header.binaryblock + bytes(4) + bytes(10_000_000)))
    tracemalloc.start()
    with pytest.raises(ScanError, match="bytes"):
        load_volume(path)
    with pytest.raises(ScanError, match="at most 100 MB"):
        load_volume(path, max_bytes=100_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_memory_is_one_raw_and_one_float_copy(tmp_path: Path) -> None:
    data = np.random.default_rng(0).integers(0, 50, (120, 130, 110)).astype("i2")
    path = tmp_path / "a.nii.gz"
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    tracemalloc.start()
    load_volume(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.15 * (data.nbytes + 4 * data.size) + 6_000_000


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_not_a_file(tmp_path: Path, make: object) -> None:
    path = tmp_path / "a.nii"
    make(path)  # type: ignore[operator]
    with pytest.raises(ScanError, match="not a regular file"):
        load_volume(path)


def test_links(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(phantom(), np.eye(4)), tmp_path / "a.nii")
    (tmp_path / "good.nii").symlink_to(tmp_path / "a.nii")
    (tmp_path / "gone.nii").symlink_to(tmp_path / "not-here.nii")
    (tmp_path / "loop.nii").symlink_to(tmp_path / "loop.nii")
    assert load_volume(tmp_path / "good.nii").shape == SHAPE
    with pytest.raises(ScanError, match="no such file"):
        load_volume(tmp_path / "gone.nii")
    with pytest.raises(ScanError, match="cannot be read"):
        load_volume(tmp_path / "loop.nii")


def test_capital_endings(tmp_path: Path) -> None:
    image = nib.Nifti1Pair(phantom(), np.eye(4))
    nib.save(image, tmp_path / "a.img")
    (tmp_path / "a.img").rename(tmp_path / "A.IMG")
    (tmp_path / "a.hdr").rename(tmp_path / "A.HDR")
    assert load_volume(tmp_path / "A.HDR").shape == SHAPE


def test_name_with_dots_and_no_ending(tmp_path: Path) -> None:
    path = tmp_path / "sub-1.2_ses-a.b"
    path.write_bytes(nib.Nifti1Image(phantom(), np.eye(4)).to_bytes())
    assert load_volume(path).shape == SHAPE


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name",
    [
        "aomic-defaced/sub-0001/orig.mgz",
        "brain-tumor-progression/01/Pre_Scan_T1.nii.gz",
        "ixi-2mm/nifti/IXI012-HH-1211-T1_ds.nii.gz",
        "open-ms/raw/patient01/study1_FLAIR.nii.gz",
    ],
)
def test_real_scans(name: str) -> None:
    path = REAL / name
    if not path.exists():
        pytest.skip("the real scans are not here")
    assert_as_nibabel(path)


@pytest.mark.parametrize("slope", [1.0, 0.25, -2.0])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_brightest_of_a_series_against_a_plain_maximum(
    tmp_path: Path, count: int, slope: float
) -> None:
    values = np.random.default_rng(count).integers(-90, 120, (*SHAPE, count)).astype("i2")
    header = nib.Nifti1Header()
    header.set_data_dtype("i2")
    path = tmp_path / "a.nii.gz"
    image = nib.Nifti1Image(values, np.diag([-2.0, 3, 2.5, 1]), header)
    image.header.set_slope_inter(slope, 7.0)
    nib.save(image, path)
    found, volumes = load_brightest(path)
    stored = nib.as_closest_canonical(nib.load(path)).get_fdata(dtype=np.float64)
    assert volumes == count
    np.testing.assert_allclose(found.data, stored.reshape(*SHAPE, count).max(axis=3), rtol=1e-6)


def test_a_series_that_ends_within_a_volume_is_an_error(tmp_path: Path) -> None:
    values = np.random.default_rng(3).integers(1, 120, (*SHAPE, 3)).astype("i2")
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    path.write_bytes(path.read_bytes()[:-11])
    with pytest.raises(ScanError, match="of volume 3"):
        load_brightest(path)


# ----------------------------------------------------------------------
# Complex numbers, colours, and the mean of a series.
# ----------------------------------------------------------------------


@given(
    voxels=hnp.arrays("c8", SHAPE, elements=st.complex_numbers(max_magnitude=100, width=64)),
    slope=st.sampled_from([1.0, -0.5, 3.0]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_complex_numbers_are_read_as_their_magnitude(
    tmp_path: Path, voxels: np.ndarray, slope: float
) -> None:
    voxels[0, 0, 0] = 120j  # no constant image
    voxels[1, 0, 0] = 0
    image = nib.Nifti1Image(voxels, np.diag([12, 18, 9, 1.0]))
    image.header.set_slope_inter(slope, 0)
    nib.save(image, tmp_path / "a.nii")
    found = load_volume(tmp_path / "a.nii")
    np.testing.assert_allclose(found.data, np.hypot(voxels.real, voxels.imag) * abs(slope), 1e-5)
    assert any("magnitude" in note for note in found.notes)


@pytest.mark.parametrize("names", ["RGB", "RGBA"])
@pytest.mark.parametrize("alone", "RGBA")
def test_what_any_channel_of_colours_shows_is_seen(tmp_path: Path, names: str, alone: str) -> None:
    grey = phantom("u1")
    voxels = np.zeros(SHAPE, [(name, "u1") for name in names])
    if alone in names:
        voxels[alone] = grey
    else:
        voxels["G"] = grey
    if "A" in names and alone != "A":
        voxels["A"] = 255  # opaque everywhere: no picture
    image = nib.Nifti1Image(voxels, np.diag([-12, 18, 9, 1.0]))
    nib.save(image, tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(load_volume(tmp_path / "a.nii.gz").data, grey[::-1])


@pytest.mark.parametrize("empty", [0.0, float("nan")])
@pytest.mark.parametrize("dtype", ["f4", "c8"])
def test_the_mean_of_a_series_whose_first_volume_is_empty(
    tmp_path: Path, empty: float, dtype: str
) -> None:
    rng = np.random.default_rng(2)
    series = np.stack([np.full(SHAPE, empty), *rng.random((3, *SHAPE))], axis=3).astype(dtype)
    nib.save(nib.Nifti1Image(series, np.diag([12, 18, 9, 1.0])), tmp_path / "a.nii.gz")
    volume, count = load_mean(tmp_path / "a.nii.gz")
    expected = np.abs(series[..., 1:]).sum(axis=3) / 4
    assert count == 4
    np.testing.assert_allclose(volume.data, expected, rtol=1e-5)
    nib.save(nib.Nifti1Image(series[..., 1], np.eye(4)), tmp_path / "b.nii")
    np.testing.assert_array_equal(
        load_mean(tmp_path / "b.nii")[0].data, load_volume(tmp_path / "b.nii").data
    )


def test_a_series_without_anything_has_no_mean(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((*SHAPE, 3), "f4"), np.eye(4)), tmp_path / "a.nii.gz")
    with pytest.raises(ScanError, match="every voxel"):
        load_mean(tmp_path / "a.nii.gz")
