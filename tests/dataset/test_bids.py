from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from headrisk.dataset.index import index_dataset
from headrisk.dataset.scans import Scan, scan_rows, table_notes
from headrisk.errors import InputError


def image(root: Path, name: str, sidecar: dict[str, Any] | None = None) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    if sidecar is not None:
        stem = path.name.split(".", 1)[0]
        (path.parent / f"{stem}.json").write_text(json.dumps(sidecar))
    return path


def rows(root: Path, **options: Any) -> list[Scan]:
    return scan_rows(index_dataset(root, **options))


def test_sessions_runs_and_labels(tmp_path: Path) -> None:
    image(tmp_path, "sub-02/anat/sub-02_T1w.nii")
    image(tmp_path, "sub-01/ses-b/anat/sub-01_ses-b_acq-x_run-2_T1w.nii.gz")
    image(tmp_path, "sub-01/ses-b/anat/sub-01_ses-b_acq-x_run-1_T1w.nii.gz")
    image(tmp_path, "sub-01/ses-a/anat/sub-01_ses-a_T1w.mgz")
    image(tmp_path, "sub-01/ses-a/anat/sub-01_ses-a_T2w.nii.gz")
    image(tmp_path, "sub-01/ses-a/func/sub-01_ses-a_task-x_bold.nii.gz")
    found = rows(tmp_path)
    assert [(s.participant_id, s.session_id, Path(s.path).name) for s in found] == [
        ("01", "a", "sub-01_ses-a_T1w.mgz"),
        ("01", "b", "sub-01_ses-b_acq-x_run-1_T1w.nii.gz"),
        ("01", "b", "sub-01_ses-b_acq-x_run-2_T1w.nii.gz"),
        ("02", "", "sub-02_T1w.nii"),
    ]
    assert found[1].scan_id == "sub-01/ses-b/anat/sub-01_ses-b_acq-x_run-1_T1w"
    assert all(Path(s.path).is_absolute() and s.status == "ok" for s in found)
    both = rows(tmp_path, contrasts=("T1w", "T2w"), name="A")
    assert [s.suffix for s in both].count("T2w") == 1
    assert both[0].dataset == "A"
    assert both[0].scan_id.startswith("A/sub-01/")


def test_only_raw_images_are_taken(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    for folder in ("derivatives/x", "sourcedata", ".git", "code"):
        image(tmp_path, f"{folder}/sub-09/anat/sub-09_T1w.nii.gz")
    image(tmp_path, "sub-01/anat/.sub-01_T1w.nii.gz")
    image(tmp_path, "sub-01/anat/sub-01_T1w.txt")
    image(tmp_path, "sub-01/anat/sub-01_part-phase_T1w.nii.gz")
    (tmp_path / "sub-01/anat/sub-01_acq-dir_T1w.nii.gz").mkdir()
    (tmp_path / "sub-03").write_text("a file, not a folder")
    table = index_dataset(tmp_path)
    rows = {Path(s.path).name: s.reason for s in scan_rows(table)}
    assert rows == {
        "sub-01_T1w.nii.gz": "",
        "sub-01_acq-dir_T1w.nii.gz": "a folder named like an image",
    }
    assert any("part-phase" in note for note in table_notes(table))


def test_participants_table(tmp_path: Path) -> None:
    for label in ("01", "02", "03"):
        image(tmp_path, f"sub-{label}/anat/sub-{label}_T1w.nii.gz")
    (tmp_path / "participants.tsv").write_bytes(
        b"\xef\xbb\xbfParticipant_ID\tAGE\tGender\tSite_ID\tFamily_ID\tManufacturer\tModel\r\n"
        b"sub-01\t34.5\tfemale\tOslo\tF1\tGE\tMR750\r\n"
        b"02\tn/a\tM\tn/a\tF1\tn/a\tn/a\r\n"
    )
    one, two, three = rows(tmp_path)
    assert (one.age, one.sex, one.site, one.family_id) == (34.5, "F", "Oslo", "F1")
    assert one.scanner == "GE MR750"
    assert (two.age, two.sex, two.site, two.scanner) == (None, "M", "", "")
    assert (three.age, three.sex, three.family_id) == (None, "", "")


def test_participants_twice_and_without_folder(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tage\n01\t60\n02\t50\n03\t50\n")
    assert table_notes(index_dataset(tmp_path)) == (
        "2 participants of participants.tsv have no folder",
    )
    table.write_text("participant_id\tage\tsex\n01\t60\tF\nsub-01\t61\tF\n")
    found = index_dataset(tmp_path)
    assert "participant_id '01' on lines 2 and 3" in table_notes(found)[0]
    assert [(s.age, s.sex) for s in scan_rows(found)] == [(None, "F")]
    table.write_text("participant_id\tsession_id\tage\n01\ta\t60\n01\tb\t61\n")
    assert rows(tmp_path)[0].age == 60


@pytest.mark.parametrize(
    ("content", "age", "says"),
    [
        (b"", None, "an empty table"),
        (b"subject\tage\n01\t60\n", None, "no column participant_id"),
        (b"participant_id\tage\n01\n01\t60\n", 60, "another number of cells"),
        (b"participant_id\tage\tage\n01\t60\t70\n", 60, "age more than once"),
        ("participant_id\tage\n01\t60\n".encode("utf-16"), 60, "UTF-16"),
        ("participant_id\tage\tw\n01\t60\tä\n".encode("latin-1"), 60, "Latin-1"),
        (b"participant_id,age\n01,60\n", 60, "no tab"),
        (b"\0\0\0", None, "binary"),
    ],
)
def test_damaged_tables_never_stop_the_images(
    tmp_path: Path, content: bytes, age: float | None, says: str
) -> None:
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    (tmp_path / "participants.tsv").write_bytes(content)
    (tmp_path / "sub-01" / "sub-01_scans.tsv").write_bytes(content)
    found = index_dataset(tmp_path)
    assert [s.age for s in scan_rows(found)] == [age]
    assert says in " ".join(table_notes(found))


def test_tables_that_are_links_to_nothing(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    for name in ("participants.tsv", "sub-01/sub-01_scans.tsv"):
        (tmp_path / name).symlink_to(".git/annex/objects/x")
    notes = table_notes(index_dataset(tmp_path))
    assert len(notes) == 2
    assert all("fetch it" in note for note in notes)


def test_other_datatypes_are_read_where_asked_for(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/ct/sub-01_CT.nii.gz")
    image(tmp_path, "sub-01/pet/sub-01_pet.nii.gz")
    assert [s.suffix for s in rows(tmp_path, contrasts=("CT", "pet"))] == ["CT", "pet"]


def test_pipes_do_not_block(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    os.mkfifo(tmp_path / "sub-01/anat/sub-01_T1w.json")
    assert "not a file" in table_notes(index_dataset(tmp_path))[0]
    os.mkfifo(tmp_path / "participants.tsv")
    assert "not a regular file" in " ".join(table_notes(index_dataset(tmp_path)))


def test_sidecars_inherit_from_the_root_down(tmp_path: Path) -> None:
    """The worked example of BIDS: nearer sidecars override, foreign entities do not apply."""
    (tmp_path / "T1w.json").write_text(
        json.dumps({"Manufacturer": "Siemens", "ManufacturersModelName": "Trio"})
    )
    (tmp_path / "acq-hires_T1w.json").write_text(json.dumps({"InstitutionName": "Bern"}))
    (tmp_path / "T2w.json").write_text(json.dumps({"Manufacturer": "WRONG"}))
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    image(
        tmp_path,
        "sub-01/ses-1/anat/sub-01_ses-1_acq-hires_T1w.nii.gz",
        {"ManufacturersModelName": "Prisma", "AcquisitionDateTime": "2019-05-06T07:08:09.5"},
    )
    (tmp_path / "sub-01/ses-1/sub-01_ses-1_T1w.json").write_text(
        json.dumps({"ManufacturersModelName": "Skyra", "InstitutionName": "Basel"})
    )
    plain, hires = sorted(rows(tmp_path), key=lambda scan: scan.session_id)
    assert (plain.scanner, plain.site, plain.acq_date) == ("Siemens Trio", "", "")
    assert hires.scanner == "Siemens Prisma"
    assert hires.site == "Basel"
    assert hires.acq_date == "2019-05-06"


@pytest.mark.parametrize("text", ["{", "[1]", "\0", "[" * 100_000, '"x"', "", "{'a': 1}"])
def test_damaged_sidecar_is_remarked_on(tmp_path: Path, text: str) -> None:
    path = image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    path.with_name("sub-01_T1w.json").write_text(text)
    table = index_dataset(tmp_path)
    assert scan_rows(table)[0].status == "ok"
    assert any("sub-01_T1w.json" in note for note in table_notes(table))


@pytest.mark.parametrize("value", [None, 5, [], {}, "n/a", "yesterday", True, 1e400])
def test_odd_sidecar_values_are_unknown(tmp_path: Path, value: object) -> None:
    keys = ("InstitutionName", "AcquisitionDate", "PatientAge", "PatientSex", "Manufacturer")
    image(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz", dict.fromkeys(keys, value))
    (scan,) = rows(tmp_path)
    assert scan.acq_date == ""
    assert scan.age in (None, 5.0)


def test_dates_and_ages_of_sessions(tmp_path: Path) -> None:
    first = image(tmp_path, "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz")
    image(tmp_path, "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz")
    (tmp_path / "participants.tsv").write_text("participant_id\tage\tsex\n01\t60\tF\n")
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text(
        "session_id\tage\tacq_time\nses-1\t60\t2020-01-01\nses-2\t62\t2022-02-03T10:00:00\n"
    )
    (tmp_path / "sub-01/ses-1/sub-01_ses-1_scans.tsv").write_text(
        f"filename\tacq_time\nanat/{first.name}\t2020-01-05T09:00:00\n"
    )
    one, two = rows(tmp_path)
    assert (one.acq_date, one.age, one.sex) == ("2020-01-05", 60.0, "F")
    assert (two.acq_date, two.age, two.sex) == ("2022-02-03", 62.0, "F")


def test_odd_labels(tmp_path: Path) -> None:
    for label in ("a-b", "a_b", "ä", "x y", "001", "1"):
        image(tmp_path, f"sub-{label}/anat/sub-{label}_run-1_T1w.nii.gz")
    found = rows(tmp_path)
    assert {s.participant_id for s in found} == {"a-b", "a_b", "ä", "x y", "001", "1"}
    assert all(s.suffix == "T1w" and s.status == "ok" for s in found)


def test_labels_that_differ_in_case_are_nobodys(tmp_path: Path) -> None:
    for label in ("ab", "AB", "c"):
        image(tmp_path, f"sub-{label}/anat/sub-{label}_T1w.nii.gz")
    found = {s.participant_id: s for s in rows(tmp_path)}
    assert [found[label].status for label in ("ab", "AB", "c")] == ["failed", "failed", "ok"]
    assert "AB and ab differ only in case" in found["ab"].reason
    assert len(rows(tmp_path, participants=("ab", "c"))) == 2


def test_file_of_another_person_is_a_failed_row(tmp_path: Path) -> None:
    image(tmp_path, "sub-01/anat/sub-02_T1w.nii.gz")
    image(tmp_path, "sub-01/ses-1/anat/sub-01_T1w.nii.gz")
    found = rows(tmp_path)
    assert [s.status for s in found] == ["failed", "failed"]
    assert "sub-01_" in found[0].reason
    assert "sub-01_ses-1_" in found[1].reason


def test_links(tmp_path: Path) -> None:
    store = image(tmp_path, ".annex/object")
    folder = tmp_path / "sub-01/anat"
    folder.mkdir(parents=True)
    (folder / "sub-01_run-1_T1w.nii.gz").symlink_to(store)
    (folder / "sub-01_run-2_T1w.nii.gz").symlink_to(tmp_path / ".annex/not-fetched")
    (folder / "sub-01_run-3_T1w.nii.gz").symlink_to(folder / "sub-01_run-3_T1w.nii.gz")
    (tmp_path / "sub-01/ses-loop").symlink_to(tmp_path / "sub-01")
    (tmp_path / "sub-02").symlink_to(tmp_path)
    (tmp_path / "sub-03").symlink_to(tmp_path / "sub-03")
    found = rows(tmp_path)
    of_first = [s for s in found if not s.session_id]
    assert [s.status for s in of_first] == ["ok", "failed", "failed"]
    assert "fetch" in of_first[1].reason


def test_one_image_in_two_formats_counts_once(tmp_path: Path) -> None:
    for ending in (".nii", ".nii.gz"):
        image(tmp_path, f"sub-01/anat/sub-01_T1w{ending}")
    for ending in (".img", ".hdr"):
        image(tmp_path, f"sub-02/anat/sub-02_T1w{ending}")
    table = index_dataset(tmp_path)
    assert [Path(s.path).name for s in scan_rows(table)] == ["sub-01_T1w.nii.gz", "sub-02_T1w.hdr"]
    assert [note for note in table_notes(table) if "also stored" in note]


def test_choice_of_participants_and_sessions(tmp_path: Path) -> None:
    for label in ("01", "02", "03"):
        for session in ("a", "b"):
            name = f"sub-{label}/ses-{session}/anat/sub-{label}_ses-{session}_T1w.nii.gz"
            image(tmp_path, name)
    found = rows(tmp_path, participants=("sub-01", "03"), sessions=("ses-b",))
    assert [(s.participant_id, s.session_id) for s in found] == [("01", "b"), ("03", "b")]
    with pytest.raises(InputError, match="no image of participant 9"):
        index_dataset(tmp_path, participants=("01", "9"))
    with pytest.raises(InputError, match=r"no image of session B; .* such as b\."):
        index_dataset(tmp_path, sessions=("B",))
    image(tmp_path, "sub-04/ses-c/anat/sub-04_ses-c_T1map.nii.gz")  # nothing that is compared
    for chosen in (("04",), ("01", "04")):
        table = index_dataset(tmp_path, participants=chosen, may_be_none=True)
        assert table.num_rows == 2 * ("01" in chosen)


def test_nothing_usable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty folder"):
        index_dataset(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        index_dataset(tmp_path / "nowhere")
    (tmp_path / "scan.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match="write a manifest"):
        index_dataset(tmp_path)
    image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    with pytest.raises(InputError, match=r"no T1w image \(found: 1 FLAIR\)"):
        index_dataset(tmp_path)
    assert InputError.exit_code == 3


def test_described_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text("{}")
    (tmp_path / "sub-01").mkdir()
    with pytest.raises(InputError, match="no image at all"):
        index_dataset(tmp_path)


def test_index_scales(tmp_path: Path) -> None:
    """1,000 scans with sidecars; 10,000 took 5 s of processor time when this was written."""
    sidecar = {"Manufacturer": "M", "AcquisitionDate": "20200101"}
    for number in range(1000):
        label = f"{number:04d}"
        image(tmp_path, f"sub-{label}/anat/sub-{label}_T1w.nii.gz", sidecar)
    before = time.process_time()
    table = index_dataset(tmp_path)
    assert time.process_time() - before < 3
    assert table.num_rows == 1000


def test_names_with_characters_that_nobody_sees_are_read(tmp_path: Path) -> None:
    """A folder and its files may be spelt differently where no eye can tell."""
    image(tmp_path, "sub-03\u200b/anat/sub-03_T1w.nii.gz")
    image(tmp_path, "sub-04/anat/sub-0\u200d4_T1w.nii.gz")
    image(tmp_path, "sub-\uff10\uff15/anat/sub-05_T1w.nii.gz")
    found = rows(tmp_path)
    assert {(s.participant_id, s.suffix, s.status) for s in found} == {
        (label, "T1w", "ok") for label in ("03", "04", "05")
    }


@pytest.mark.parametrize(
    ("name", "sidecar", "suffix", "status"),
    [
        ("sub-01/anat/sub-01_T1w", {"Modality": "MR"}, "T1w", "ok"),
        ("sub-01/anat/sub-01_T1w", {"Modality": "CT"}, "T1w", "failed"),
        ("sub-01/anat/sub-01_T1w", {"RescaleType": "HU"}, "T1w", "failed"),
        ("sub-01/anat/sub-01_T1w", {"Modality": "PT"}, "pet", "ok"),
        ("sub-01/anat/sub-01_T1w", {"Units": "Bq/mL"}, "pet", "ok"),
        ("sub-01/pet/sub-01_T1w", {}, "pet", "ok"),
        ("sub-01/ct/sub-01_T1w", {}, "T1w", "failed"),
        ("sub-01/pet/sub-01_T1w", {"Modality": "MR"}, "T1w", "ok"),  # the anatomy of a PET
        ("sub-01/pet/sub-01_pet", {"Modality": "PT"}, "pet", "ok"),
        ("sub-01/pet/sub-01_pet", {"Modality": "CT"}, "pet", "failed"),
    ],
)
def test_folder_and_sidecar_say_what_an_image_is(
    tmp_path: Path, name: str, sidecar: dict[str, Any], suffix: str, status: str
) -> None:
    image(tmp_path, f"{name}.nii.gz", sidecar)
    table = tmp_path / "list.tsv"
    table.write_text(f"participant_id\tsession_id\tpath\n01\t\t{name}.nii.gz\n")
    for place in (tmp_path, table) if sidecar else (tmp_path,):
        (found,) = rows(place, contrasts=("T1w", "pet"))
        assert (found.suffix, found.status) == (suffix, status)
        assert (status == "ok") is (found.reason == "")
        if status == "failed":
            assert "CT" in found.reason
