"""One label of a person is the same wherever it is read: names, folders, tables, texts, rooms."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headrisk.dataset.bids_tables import person_facts
from headrisk.dataset.deidentified import list_deidentified
from headrisk.dataset.gather import Source
from headrisk.dataset.head_images import list_head_images
from headrisk.dataset.index import index_dataset
from headrisk.dataset.inventory import take_inventory
from headrisk.dataset.labels import (
    folder_label,
    name_label,
    one_spelling,
    path_label,
    plain_label,
    written_labels,
)
from headrisk.metadata.columns import judge_column
from headrisk.metadata.known import NOBODY
from headrisk.metadata.people import labelled_people
from headrisk.metadata.scan import scan_metadata
from headrisk.metadata.verify import labels_of

KNOWN = [
    *("01", "007", "1", "A01", "S01+02", "+", "x", "Zoë", "李", "Ωmega", "ｓ１２", "ﬁ2"),
    *("Nguyễn", "สมชาย", "हिन्दी", "Q\u0301", "e\u0301e", "i\u0307", "Å", "0" * 40),
]
signs = st.characters(categories=["Lu", "Ll", "Lo", "Nd"]) | st.sampled_from("+\u0301\u0308\u0e31")
labels = st.one_of(st.sampled_from(KNOWN), st.text(signs, min_size=1, max_size=8))
forms = st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"])


@given(labels, forms)
def test_names_folders_and_texts_tell_the_same_label(label: str, form: str) -> None:
    wanted = one_spelling(label)
    assume(wanted and set(wanted).isdisjoint("-_./ "))
    written = unicodedata.normalize(form, f"sub-{label}")  # type: ignore[arg-type]
    assume(one_spelling(written) == f"sub-{wanted}")  # a mark may join with what stands before it
    file = f"{written}_ses-2_T1w.nii.gz"
    assert plain_label(written, "sub") == plain_label(label, "sub") == wanted
    assert folder_label(written, "sub") == wanted
    assert name_label(file, "sub") == wanted
    assert path_label(f"derivatives/x/{written}/anat/{file}", "sub") == wanted
    assert path_label(file, "sub") == wanted
    for text in (written, file, f"a/{written}/b", f"Jane ({written}), 34", f'"{written}": 1'):
        assert list(written_labels(text, "sub")) == [wanted]
    assert labels_of([f"{written}/anat/{file}"]) == {wanted, f"sub-{wanted}"}
    assert labelled_people(f"Jane Quenberg ({written}) said so.\n")


@given(labels, forms)
def test_a_column_of_names_of_files_is_no_key(label: str, form: str) -> None:
    wanted = one_spelling(label)
    assume(wanted and one_spelling(f"sub-{label}") == f"sub-{wanted}")
    cells = [
        unicodedata.normalize(form, f"anat/sub-{label}{k}_T1w.nii.gz")  # type: ignore[arg-type]
        for k in range(6)
    ]
    assert judge_column("file_id", cells, "people").kind == ""


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_room_reads_the_same_people(tmp_path: Path, form: str) -> None:
    volume = np.random.default_rng(0).integers(0, 99, (4, 5, 6)).astype(np.int16)
    nib.save(nib.Nifti1Image(volume, np.eye(4)), tmp_path / "x.nii.gz")
    image = (tmp_path / "x.nii.gz").read_bytes()
    root = tmp_path / "data"
    root.mkdir()
    wanted = {one_spelling(label) for label in KNOWN}
    for label in KNOWN:
        name = unicodedata.normalize(form, f"sub-{label}")  # type: ignore[arg-type]
        folder = root / name / "anat"
        folder.mkdir(parents=True)
        (folder / f"{name}_T1w.nii.gz").write_bytes(image)
    listed = "".join(f"sub-{label}\t30\n" for label in KNOWN)
    (root / "participants.tsv").write_text("participant_id\tage\n" + listed)
    assert person_facts(root / "participants.tsv")[0].keys() == wanted

    scans = index_dataset(root)
    assert set(scans["participant_id"].to_pylist()) == wanted
    assert set(scans["status"].to_pylist()) == {"ok"}

    listed_files = take_inventory(root)
    assert {row.participant_id for row in listed_files.images} == wanted
    assert {row.where for row in listed_files.images} == {"raw"}
    assert not [row for row in listed_files.images if "the name says" in row.reason]
    assert {one.participant_id for one in list_head_images(root, [])} == wanted
    again, _ = list_deidentified(Source(root, "d"), ("T1w",), tmp_path)
    assert {scan.participant_id for scan in again} == wanted
    assert scan_metadata(root, NOBODY).people == len(wanted)


def test_a_label_of_several_words_is_one_name() -> None:
    assert list(written_labels("xsub-01 sub- sub-, sub-02sub-03", "sub")) == ["02sub"]
    assert list(written_labels("ses-1 sub-1", "ses")) == ["1"]
