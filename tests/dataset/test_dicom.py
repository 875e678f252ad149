"""DICOM series written here, converted by the real dcm2niix, read by the guarded reader."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="pydicom writes the series of these tests")

from dicom_series import Series, write_series
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from headrisk.attacks.presence import asked_images, doubted, kind_of
from headrisk.cli.main import main
from headrisk.dataset.dcm2niix_run import convert
from headrisk.dataset.deidentified import list_deidentified
from headrisk.dataset.dicom import BESIDE
from headrisk.dataset.gather import Source
from headrisk.dataset.index import index_dataset
from headrisk.dataset.inventory import take_inventory
from headrisk.dataset.scans import Scan, scan_rows, table_notes
from headrisk.errors import InputError, UsageError
from headrisk.face.presence import Sight
from headrisk.face.sight import SightResult
from headrisk.intake import images_beside, index_all, take_in
from headrisk.io.nifti import load_volume
from headrisk.job import Job
from headrisk.run.provenance import CostLog


def voxels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1000, (14, 16, 18)).astype(np.int16)


def rows(folder: Path, work: Path, **options: object) -> list[Scan]:
    return scan_rows(index_dataset(folder, work_dir=work, **options))  # type: ignore[arg-type]


def test_voxels_arrive_in_place(tmp_path: Path) -> None:
    """DICOM counts to the left and to the back; RAS+ to the right and to the front."""
    data = voxels()
    write_series(tmp_path / "in" / "sub-01" / "x", data, Series())
    (scan,) = rows(tmp_path / "in", tmp_path / "work")
    volume = load_volume(Path(scan.path))
    np.testing.assert_array_equal(volume.data, data[::-1, ::-1])
    assert volume.voxel_mm == pytest.approx((2.0, 1.5, 3.0))
    # The first DICOM voxel (index 0, 0, 0) lies at LPS (-10, -20, -30), so RAS (10, 20, -30).
    np.testing.assert_allclose(volume.affine @ [13, 15, 0, 1], [10, 20, -30, 1], atol=1e-4)


def test_folders_tell_person_and_session(tmp_path: Path) -> None:
    source = tmp_path / "in"
    write_series(source / "sub-01" / "ses-a", voxels(), Series(patient="X"))
    write_series(source / "sub-01" / "ses-b", voxels(1), Series(patient="X", date="20210304"))
    write_series(source / "Anna" / "deep" / "er", voxels(2), Series(patient="X"))
    table = index_dataset(source, work_dir=tmp_path / "work")
    found = scan_rows(table)
    assert [(s.participant_id, s.session_id, s.acq_date) for s in found] == [
        ("01", "a", "2020-01-31"),
        ("01", "b", "2021-03-04"),
        ("Anna", "20200131", "2020-01-31"),
    ]
    assert (found[0].scanner, found[0].site) == ("Siemens Prisma", "Test Hospital")
    assert (found[0].age, found[0].sex) == (34.0, "F")
    assert "one patient id in the headers of participants 01, Anna" in table_notes(table)


def test_headers_tell_where_folders_do_not(tmp_path: Path) -> None:
    source = tmp_path / "in"
    write_series(source / "one", voxels(), Series(patient="P1"))
    write_series(source / "two", voxels(1), Series(patient="P2", date="20190102", number=2))
    for number, path in enumerate(sorted(source.glob("*/*.dcm"))):
        path.rename(source / f"{number}.dcm")
    found = rows(source, tmp_path / "work")
    assert [(s.participant_id, s.session_id) for s in found] == [
        ("P1", "20200131"),
        ("P2", "20190102"),
    ]


def test_contrasts(tmp_path: Path) -> None:
    source = tmp_path / "in" / "sub-1"
    write_series(source / "a", voxels(), Series("t1_mprage", number=1))
    write_series(source / "b", voxels(1), Series("t2_tse", number=2))
    write_series(source / "c", voxels(2), Series("localizer", number=3))
    write_series(source / "d", voxels(3), Series("abc", number=4, inversion_ms=None))
    table = index_dataset(tmp_path / "in", work_dir=tmp_path / "w", contrasts=("T1w", "T2w"))
    assert [s.suffix for s in scan_rows(table)] == ["T1w", "T2w"]
    notes = " / ".join(table_notes(table))
    assert "'localizer' not compared" in notes
    assert "'abc' not compared, contrast not recognised" in notes
    assert len(rows(tmp_path / "in", tmp_path / "w", contrasts=("T2w",))) == 1


def test_damaged_series_is_a_failed_row(tmp_path: Path) -> None:
    source = tmp_path / "in"
    write_series(source / "sub-1", voxels(), Series())
    broken = source / "sub-2"
    broken.mkdir()
    for number in range(3):
        (broken / f"{number}.dcm").write_bytes(bytes(128) + b"DICM" + bytes(100))
    good, bad = rows(source, tmp_path / "work")
    assert good.status == "ok"
    assert (bad.participant_id, bad.status) == ("2", "failed")
    assert bad.reason.startswith("dcm2niix:")


def test_folder_without_dicom_is_remarked_on(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "sub-1", voxels(), Series())
    (tmp_path / "in" / "notes").mkdir()
    (tmp_path / "in" / "notes" / "readme.txt").write_text("protocol")
    table = index_dataset(tmp_path / "in", work_dir=tmp_path / "work")
    assert [s.participant_id for s in scan_rows(table)] == ["1"]
    assert any("no DICOM file, left out" in note for note in table_notes(table))


def test_names_with_spaces_and_shell_characters(tmp_path: Path) -> None:
    label = "a b;$(touch x)'\""
    write_series(tmp_path / "in" / label / "ses-1", voxels(), Series())
    (scan,) = rows(tmp_path / "in", tmp_path / "work")
    assert scan.participant_id == label
    assert load_volume(Path(scan.path)).shape == (14, 16, 18)


def test_converting_again_gives_the_same_and_leaves_the_source_alone(tmp_path: Path) -> None:
    source, work = tmp_path / "in", tmp_path / "work"
    write_series(source / "sub-1", voxels(), Series())
    before = sorted(source.rglob("*"))
    assert rows(source, work) == rows(source, work)
    assert sorted(source.rglob("*")) == before
    assert stat.S_IMODE((work / "dicom").stat().st_mode) == 0o700


def test_only_chosen_participants_are_converted(tmp_path: Path) -> None:
    for label in ("1", "2"):
        write_series(tmp_path / "in" / f"sub-{label}", voxels(), Series())
    assert len(rows(tmp_path / "in", tmp_path / "w", participants=("sub-2",))) == 1
    assert len(list((tmp_path / "w").rglob("*.nii"))) == 1
    with pytest.raises(InputError, match="no image of participant 3"):
        rows(tmp_path / "in", tmp_path / "w", participants=("3",))


def test_work_folder_is_needed(tmp_path: Path) -> None:
    write_series(tmp_path / "sub-1", voxels(), Series())
    with pytest.raises(UsageError, match="--work-dir"):
        index_dataset(tmp_path)


def test_time_limit(tmp_path: Path) -> None:
    write_series(tmp_path / "in", voxels(), Series())
    result = convert(tmp_path / "in", tmp_path / "out", timeout_seconds=1e-4)
    assert "stopped after" in result.problem


def test_several_patients_below_one_folder(tmp_path: Path) -> None:
    """An exported medium: DICOM/PATIENT/STUDY/SERIES. One id with two names is two people."""
    source = tmp_path / "in" / "DICOM"
    for number, (patient, name) in enumerate([("P1", "A"), ("P2", "B"), ("P2", "C")], 1):
        for visit, date in enumerate(("20200131", "20210131")):
            series = Series(patient=patient, name=name, date=date, number=number)
            write_series(source / f"PA{number}" / f"ST{visit}", voxels(2 * number + visit), series)
    table = index_dataset(tmp_path / "in", work_dir=tmp_path / "work")
    found = [(s.participant_id, s.session_id) for s in scan_rows(table)]
    assert found == [(p, d) for p in ("P1", "P2", "P2-2") for d in ("20200131", "20210131")]
    assert "3 patients" in " ".join(table_notes(table))
    swapped = tmp_path / "swap" / "sub-01"
    write_series(swapped / "a", voxels(), Series(patient="P1"))
    write_series(swapped / "b", voxels(1), Series(patient="P2", number=2))
    table = index_dataset(tmp_path / "swap", work_dir=tmp_path / "work2")
    assert {s.participant_id for s in scan_rows(table)} == {"01"}
    assert "several patient ids" in " ".join(table_notes(table))


def test_two_patients_under_one_series_number_are_both_told(tmp_path: Path) -> None:
    """dcm2niix goes by series alone, and makes one image of both."""
    for patient in ("P1", "P2"):
        write_series(tmp_path / patient, voxels(), Series(patient=patient))
        for file in (tmp_path / patient).iterdir():
            header = dcmread(file)
            header.SeriesInstanceUID, header.StudyInstanceUID = "1.2.3.4", "1.2.3"
            (tmp_path / "data" / "scans").mkdir(parents=True, exist_ok=True)
            header.save_as(tmp_path / "data" / "scans" / f"{patient}{file.name}")
    found = rows(tmp_path / "data", tmp_path / "work")
    lost = {scan.participant_id for scan in found if "several patients" in scan.reason}
    assert lost == {"P1", "P2"}
    images = take_inventory(tmp_path / "data").images
    assert sorted(row.participant_id for row in images) == ["P1", "P2"]


@pytest.mark.parametrize(
    ("image_type", "says"),
    [
        (("ORIGINAL", "PRIMARY", "P", "ND"), "a phase image"),
        (("DERIVED", "PRIMARY", "MIP"), "a projection"),
        (("DERIVED", "SECONDARY", "MPR"), "made from another series"),
    ],
)
def test_the_image_type_decides(tmp_path: Path, image_type: tuple[str, ...], says: str) -> None:
    source = tmp_path / "in" / "sub-1"
    write_series(source / "a", voxels(), Series(number=1))
    write_series(source / "b", voxels(1), Series(number=2, image_type=image_type))
    table = index_dataset(tmp_path / "in", work_dir=tmp_path / "w")
    assert len(scan_rows(table)) == 1
    assert says in " ".join(table_notes(table))


def test_a_reformatted_series_alone_is_taken(tmp_path: Path) -> None:
    series = Series(image_type=("DERIVED", "SECONDARY", "MPR"))
    write_series(tmp_path / "in" / "sub-1" / "a", voxels(), series)
    assert [s.status for s in rows(tmp_path / "in", tmp_path / "w")] == ["ok"]


def test_missing_slices_are_told_and_the_equalised_volume_is_used(tmp_path: Path) -> None:
    series = Series(missing=(7, 8, 9, 10))
    write_series(tmp_path / "in" / "sub-1" / "a", voxels(), series)
    (scan,) = rows(tmp_path / "in", tmp_path / "w")
    assert scan.status == "ok"
    assert scan.reason.startswith("slices are missing")
    assert "_Eq" in Path(scan.path).name
    assert scan.participant_id == "1"


def test_a_series_that_gives_no_image_is_a_failed_row(tmp_path: Path) -> None:
    source = tmp_path / "in" / "sub-1"
    write_series(source / "a", voxels(), Series(number=1))
    write_series(source / "b", voxels(1), Series(number=2, patient="P1", date="20210131"))
    for path in (source / "b").iterdir():
        path.write_bytes(path.read_bytes()[:-400])  # cut off within the pixels
    found = rows(tmp_path / "in", tmp_path / "w")
    assert [s.status for s in found].count("failed") == 1
    assert all(s.participant_id == "1" for s in found)


def test_modality_is_recorded(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "sub-1" / "a", voxels(), Series("head t1", modality="CT"))
    (scan,) = rows(tmp_path / "in", tmp_path / "w", contrasts=("CT",))
    assert (scan.suffix, scan.status) == ("CT", "ok")
    assert scan.series


def test_without_preamble(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "sub-1" / "a", voxels(), Series(preamble=False))
    (scan,) = rows(tmp_path / "in", tmp_path / "w")
    assert scan.participant_id == "1"
    assert (scan.status, scan.reason) == ("ok", "")


def test_folders_of_series_that_are_named_like_people_hold_no_images_beside(tmp_path: Path) -> None:
    write_series(tmp_path / "data" / "sub-01" / "ses-1", np.ones((4, 5, 3), np.int16), Series())
    job = Job((Source(tmp_path / "data"),), tmp_path / "out", modalities=("face-scans",))
    assert images_beside(job, ()) == ()


def test_a_dry_run_counts_a_series_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for session in ("ses-1", "ses-2"):
        series = Series(date=f"2020013{session[-1]}")
        write_series(tmp_path / "data" / "sub-01" / session, voxels(), series)
    assert main(["audit", str(tmp_path / "data"), str(tmp_path / "out"), "--dry-run"]) == 0
    assert "2 images are in the data set: 2 to be looked at, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (Series("t1 head", modality="PT", units="BQML"), "pet"),
        (Series("t1 head", modality="OT", units="PROPCPS"), "pet"),
        (Series("t1 head", modality="OT", rescale_type="HU"), "CT"),
        (Series("head", modality="CT", rescale_type="US"), "CT"),
        (Series("t1 head", modality="MR", units="BQML"), "T1w"),
        (Series("t1 head", modality="OT", rescale_type="US"), "T1w"),
    ],
)
def test_modality_units_and_rescale_type_tell_the_kind(
    tmp_path: Path, series: Series, kind: str
) -> None:
    write_series(tmp_path / "in" / "sub-1" / "a", voxels(), series)
    found = rows(tmp_path / "in", tmp_path / "w", every=True, may_be_none=True)
    assert [(scan.suffix, scan.status) for scan in found] == [(kind, "ok")]
    (listed,) = take_inventory(tmp_path / "in").images
    assert listed.suffix == kind


def test_a_face_is_looked_for_in_every_series(tmp_path: Path) -> None:
    kinds = {
        "t1": Series("t1_mprage"),
        "t1 mpr": Series("t1_mprage", number=2, image_type=("DERIVED", "SECONDARY", "MPR")),
        "ct": Series("head", number=3, modality="CT", rescale_type="HU"),
        "pet": Series("wb", number=4, modality="PT", units="BQML"),
        "scout": Series("localizer", number=5),
        "no name": Series("x", number=6, echo_ms=40.0, repetition_ms=99.0, inversion_ms=None),
    }
    for number, (name, series) in enumerate(kinds.items()):
        write_series(tmp_path / "in" / "sub-1" / name, voxels(number), series)
    job = Job((Source(tmp_path / "in"),), tmp_path / "out", faces_left=True)
    scans, series, _ = index_all(job, take_inventory(tmp_path / "in"))
    assert [scan.suffix for scan in scans] == ["T1w"]
    images = asked_images(job, (*scans, *series))
    assert len(images) == len(kinds)
    assert sorted(map(kind_of, images)) == ["", "", "", "CT", "T1w", "pet"]
    assert {scan.series for scan in (*scans, *series)} == {
        row.series for row in take_inventory(tmp_path / "in").images
    }


def test_series_within_a_bids_data_set_are_looked_at_too(tmp_path: Path) -> None:
    """Localisers, echo-planar images and reformatted ones show faces, wherever they lie."""
    data = tmp_path / "data"
    kinds = {
        "1": Series("t1_mprage"),
        "2": Series("ep2d_bold_rest", number=2),
        "3": Series("t1_mpr", number=3, image_type=("DERIVED", "PRIMARY", "MPR")),
    }
    for number, series in kinds.items():
        write_series(data / "sourcedata/sub-7/ses-1" / number, voxels(int(number)), series)
    (data / "dataset_description.json").write_text("{}")
    (data / "sub-7" / "anat").mkdir(parents=True)
    (data / "sub-7" / "anat" / "sub-7_T2w.nii.gz").write_bytes(b"")
    job = Job((Source(data),), tmp_path / "out", faces_left=True)
    intake = take_in(job, CostLog())
    images = asked_images(job, intake.pictured)
    assert len(images) == len(kinds) + 1
    assert {(one.participant_id, one.session_id) for one in images[-3:]} == {("7", "1")}
    assert intake.inventory is not None
    there = {row.series for row in intake.inventory.images if row.form == "DICOM"}
    assert {scan.series for scan in intake.series} == there
    assert {scan.suffix for scan in intake.series} == {""}
    assert not [scan for scan in intake.scans if scan.series]


def test_a_list_of_files_is_no_image(tmp_path: Path) -> None:
    """A DICOMDIR, under this or another name, is no image that failed."""
    write_series(tmp_path / "in" / "sub-1", voxels(), Series())
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    listing = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    listing.DirectoryRecordSequence = []
    for name in ("DICOMDIR", "DIRFILE"):
        listing.save_as(tmp_path / "in" / "sub-1" / name)
    job = Job((Source(tmp_path / "in"),), tmp_path / "out", faces_left=True)
    intake = take_in(job, CostLog())
    assert intake.inventory is not None
    assert len(intake.inventory.images) == len(intake.pictured) == 1


def test_a_slice_that_is_cut_off_is_a_failed_image(tmp_path: Path) -> None:
    write_series(tmp_path / "sub-1" / "a", voxels(), Series())
    whole = (tmp_path / "sub-1" / "a" / "000.dcm").read_bytes()
    (tmp_path / "sub-1" / "cut.dcm").write_bytes(whole[:700])
    rows = {row.path: (row.kind, row.status, row.code) for row in take_inventory(tmp_path).rows}
    assert rows["sub-1/cut.dcm"] == ("image", "failed", "damaged")
    assert len(rows) == 2


@pytest.mark.parametrize("what", ["icon", "overlay", "empty", "small"])
def test_pictures_in_headers_are_told(tmp_path: Path, what: str) -> None:
    """A thumbnail or an overlay may show the face that was taken from the pixels."""
    folder = tmp_path / "in" / "sub-1"
    write_series(folder, voxels(), Series())
    for file in folder.iterdir():
        header = dcmread(file)
        if what in ("icon", "small"):
            size = 32 if what == "icon" else 4
            icon = Dataset()
            icon.Rows = icon.Columns = size
            icon.SamplesPerPixel, icon.PhotometricInterpretation = 1, "MONOCHROME2"
            icon.BitsAllocated = icon.BitsStored = 8
            icon.HighBit = 7
            icon.PixelRepresentation = 0
            icon.PixelData = np.random.default_rng(1).bytes(size * size)
            header.IconImageSequence = [icon]
        else:
            for tag, kind, value in (
                (0x60020010, "US", header.Rows),
                (0x60020011, "US", header.Columns),
                (0x60020040, "CS", "G"),
                (0x60020050, "SS", [1, 1]),
                (0x60020100, "US", 1),
                (0x60020102, "US", 0),
                (0x60023000, "OW", (b"\x0f" if what == "overlay" else b"\0") * 32),
            ):
                header.add_new(tag, kind, value)
        header.save_as(file)
    (scan,) = rows(tmp_path / "in", tmp_path / "work")
    assert scan.status == "ok"
    assert (BESIDE in scan.reason) is (what in ("icon", "overlay"))


def test_a_face_that_headers_may_show_is_not_gone() -> None:
    for verdict, answer in (("gone", "unclear"), ("outside", "unclear"), ("face", "face")):
        seen = SightResult(Sight(verdict, "removed"), 0.0)  # type: ignore[arg-type]
        assert doubted(seen, more=True).sight.verdict == answer
        assert doubted(seen, more=False) is seen


def test_a_data_set_beside_the_first_is_taken_in_by_the_same_rules(tmp_path: Path) -> None:
    """``--against`` and ``--deidentified`` as the first: patients, kinds, and what fails."""
    source = tmp_path / "in" / "scans"
    kinds = {
        "a": Series(patient="P1"),
        "b": Series(patient="P2", number=2, preamble=False),
        "phase": Series(patient="P1", number=3, image_type=("ORIGINAL", "PRIMARY", "P")),
        "mpr": Series(patient="P1", number=4, image_type=("DERIVED", "SECONDARY", "MPR")),
        "lost": Series(patient="P2", number=5, date="20210131"),
    }
    for number, (name, series) in enumerate(kinds.items()):
        write_series(source / name, voxels(number), series)
    for path in (source / "lost").iterdir():
        path.write_bytes(path.read_bytes()[:-400])

    def told(scans: Sequence[Scan]) -> list[tuple[str, str, str, bool]]:
        return sorted((s.participant_id, s.suffix, s.status, bool(s.reason)) for s in scans)

    first = rows(tmp_path / "in", tmp_path / "w1", name="A", every=True)
    wanted = told([scan for scan in first if scan.suffix == "T1w"])
    assert [row[0] for row in wanted] == ["P1", "P2", "P2"]
    assert told(rows(tmp_path / "in", tmp_path / "w2", name="B")) == wanted
    treated, _ = list_deidentified(Source(tmp_path / "in", "C"), ("T1w",), tmp_path / "w3")
    assert told(treated) == wanted
