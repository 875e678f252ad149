"""Images whose faces are compared beside those whose brains are."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from headrisk.dataset.gather import Source
from headrisk.intake import images_beside, index, index_all, list_files, settled
from headrisk.job import Job

IMAGES = (
    "sub-1/ses-a/anat/sub-1_ses-a_T1w",
    "sub-1/ses-b/anat/sub-1_ses-b_T2w",
    "sub-1/ses-b/anat/sub-1_ses-b_FLAIR",
    "sub-1/ses-b/ct/sub-1_ses-b_ct",
    "sub-1/ses-b/pet/sub-1_ses-b_pet",
    "sub-1/ses-b/func/sub-1_ses-b_task-rest_bold",
    "sub-2/ses-a/anat/sub-2_ses-a_T1w",
    "sub-2/ses-b/anat/sub-2_ses-b_T2w",
)


def data_set(root: Path) -> Path:
    """A BIDS folder with small images of noise."""
    noise = np.random.default_rng(0).integers(0, 99, (5, 6, 7)).astype(np.int16)
    for number, name in enumerate(IMAGES):
        path = root / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(noise + number, np.eye(4)), path)
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    return root


def test_every_kind_that_shows_a_skin_takes_part_and_no_series(tmp_path: Path) -> None:
    job = Job((Source(data_set(tmp_path / "data")),), tmp_path / "out", modalities=("face-scans",))
    scans, _ = index(job)
    assert {scan.suffix for scan in scans} == {"T1w"}
    beside = images_beside(job, scans)
    told = {(scan.participant_id, scan.session_id, scan.suffix.lower()) for scan in beside}
    assert told == {
        ("1", "b", "t2w"),
        ("1", "b", "flair"),
        ("1", "b", "ct"),
        ("1", "b", "pet"),
        ("2", "b", "t2w"),
    }
    assert not {scan.path for scan in beside} & {scan.path for scan in scans}


def test_only_people_who_were_asked_for(tmp_path: Path) -> None:
    source = Source(data_set(tmp_path / "data"))
    job = Job((source,), tmp_path / "out", modalities=("face-scans",), participants=("2",))
    scans, _ = index(job)
    assert {scan.participant_id for scan in images_beside(job, scans)} == {"2"}


def test_an_image_of_a_manifest_takes_part_once(tmp_path: Path) -> None:
    root = data_set(tmp_path / "data")
    lines = [
        f"{Path(name).name.split('_')[0]}\t{name.split('ses-')[1][0]}\t{root / name}.nii.gz"
        for name in IMAGES
    ]
    table = tmp_path / "list.tsv"
    table.write_text("\n".join(["participant_id\tsession_id\tpath", *lines]) + "\n")
    job = Job((Source(table),), tmp_path / "out", modalities=("face-scans",))
    scans, series, _ = index_all(job)
    assert len(scans) + len(series) == len(IMAGES)
    beside = images_beside(job, scans, series)
    assert len(beside) == len({scan.path for scan in beside}) == 5


@pytest.mark.parametrize("form", ["folder", "manifest"])
def test_without_the_usual_contrast_brains_are_compared_by_what_most_people_have_twice(
    tmp_path: Path, form: str
) -> None:
    """Whoever holds the release would do so; kinds that one person has once come after."""
    root = tmp_path / "data"
    noise = np.random.default_rng(0).integers(0, 99, (5, 6, 7)).astype(np.int16)
    names = [
        *(f"sub-{k}_ses-{ses}_FLAIR" for k in "123" for ses in "ab"),
        *(f"sub-{k}_ses-a_T2w" for k in "12345"),
        "sub-1_ses-b_T2w",
        "sub-1_ses-b_task-rest_bold",
    ]
    lines = ["participant_id\tsession_id\tpath"]
    for number, name in enumerate(names):
        person, session = name.split("_")[:2]
        path = root / person / session / "anat" / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(noise + number, np.eye(4)), path)
        lines.append(f"{person}\t{session}\t{path}")
    table = tmp_path / "list.tsv"
    table.write_text("\n".join(lines) + "\n")
    source = Source(root if form == "folder" else table)
    job = Job((source,), tmp_path / "out", modalities=("brain",))
    scans, series, notes = index_all(job, list_files(job))
    assert [scan.suffix for scan in scans] == ["FLAIR"] * 6
    assert not set(scans) & set(series)
    assert settled(job, scans).settings.contrasts == ("FLAIR",)
    assert [note for note in notes if "no T1w image" in note] == list(notes)
    assert "brains are compared by FLAIR images" in notes[0]


def test_sessions_that_are_one_number_are_remarked_on(tmp_path: Path) -> None:
    """As people's labels are; the same label in two people is no matter."""
    noise = np.random.default_rng(0).integers(0, 99, (5, 6, 7)).astype(np.int16)
    visits = {
        "1": ("1", "01", "2"),
        "2": ("1", "001"),
        "3": ("01", "1"),
        "4": ("A", "a"),
        "5": ("1",),
    }
    number = 0
    for person, sessions in visits.items():
        for session in sessions:
            number += 1
            name = f"sub-{person}_ses-{session}_T1w.nii.gz"
            path = tmp_path / "data" / f"sub-{person}" / f"ses-{session}" / "anat" / name
            path.parent.mkdir(parents=True)
            nibabel.save(nibabel.Nifti1Image(noise + number, np.eye(4)), path)
    _, _, notes = index_all(Job((Source(tmp_path / "data"),), tmp_path / "out"))
    told = [note for note in notes if note.startswith("sessions")]
    assert [note.split(" are ")[0] for note in told] == [
        "sessions 001 and 1 of 1 person",
        "sessions 01 and 1 of 2 people",
        "sessions A and a of 1 person",
    ]
