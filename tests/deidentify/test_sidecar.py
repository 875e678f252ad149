"""Names, sidecars and descriptions of a treated data set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headrisk.dataset.scans import Scan
from headrisk.deidentify.sidecar import (
    CODES,
    METHOD,
    VISUAL_FEATURES,
    bids_stem,
    dataset_files,
    source_sidecar,
    stems,
    treated_sidecar,
    written_by_deface,
)


def test_names_keep_their_entities_and_other_files_get_names_from_labels() -> None:
    bids = Scan("x", "01", "/d/sub-01/ses-a/anat/sub-01_ses-a_acq-hi_run-2_T1w.nii", session_id="a")
    assert bids_stem(bids, "01", "a") == "sub-01/ses-a/anat/sub-01_ses-a_acq-hi_run-2"
    free = Scan("y", "P_7", "/d/Jane Doe head.mgz")
    assert bids_stem(free, "P7", "") == "sub-P7/anat/sub-P7"
    assert stems([free, free, bids]) == [
        "sub-P7/anat/sub-P7",
        "sub-P7/anat/sub-P7_run-2",
        bids_stem(bids, "01", "a"),
    ]


@given(st.lists(st.text(max_size=6), unique=True, max_size=8))
@example(["\u00e9", "\u00fc", "\u5f20", "a-1", "a1", "A_1", "ex1"])
def test_no_two_people_are_written_under_one_label(labels: list[str]) -> None:
    people = [label for label in labels if label]
    scans = [Scan(label, label, "/d/x.nii", session_id="1") for label in people]
    folders = {stem.split("/")[0].lower() for stem in stems(scans)}
    assert len(folders) == len(people)
    assert all(re.fullmatch(r"sub-[a-z0-9]+", folder) for folder in folders)
    visits = [Scan(label, "p", "/d/x.nii", session_id=label) for label in people]
    assert len({stem.split("/")[1].lower() for stem in stems(visits)}) == len(people)


def test_a_sidecar_loses_names_and_gains_the_method() -> None:
    values = {
        "PatientName": "DOE^JANE",
        "AcquisitionDateTime": "2019-05-04T10:11:12",
        "FlipAngle": 8,
        METHOD: "burned-in text removed",
        "RepetitionTime": 2.3,
    }
    out, removed = treated_sidecar(values, "faces removed by x", stripped=False)
    assert removed == 2
    assert "DOE" not in json.dumps(out)
    assert (out["FlipAngle"], out["RepetitionTime"]) == (8, 2.3)
    assert out[METHOD] == ["burned-in text removed", "faces removed by x"]
    assert out[CODES] == [VISUAL_FEATURES]
    assert out["Defaced"] is True
    assert out["SkullStripped"] is False
    twice, _ = treated_sidecar(out, "again", stripped=True)
    assert twice[CODES] == [VISUAL_FEATURES]
    assert twice[METHOD][-1] == "again"


def test_sidecars_are_inherited_from_the_root_down(tmp_path: Path) -> None:
    anat = tmp_path / "sub-1" / "anat"
    anat.mkdir(parents=True)
    (tmp_path / "T1w.json").write_text('{"FlipAngle": 5, "EchoTime": 0.1}')
    (anat / "sub-1_T1w.json").write_text('{"FlipAngle": 9}')
    (anat / "sub-1_T2w.json").write_text('{"FlipAngle": 7}')
    values, notes = source_sidecar(anat / "sub-1_T1w.nii.gz", tmp_path)
    assert values == {"FlipAngle": 9, "EchoTime": 0.1}
    assert notes == []
    beside, _ = source_sidecar(anat / "sub-1_T1w.nii.gz", None)
    assert beside == {"FlipAngle": 9}
    (anat / "sub-1_T1w.json").write_text("{")
    _, notes = source_sidecar(anat / "sub-1_T1w.nii.gz", tmp_path)
    assert len(notes) == 1


def test_a_treated_data_set_is_known_again(tmp_path: Path) -> None:
    assert not written_by_deface(tmp_path)
    for name, content in dataset_files("template", "9").items():
        (tmp_path / name).write_bytes(content)
    assert written_by_deface(tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_bytes())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "headrisk"
    (tmp_path / "dataset_description.json").write_text('{"GeneratedBy": [{"Name": "other"}]}')
    assert not written_by_deface(tmp_path)


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("doi:10.18112/openneuro.ds005664.v1.0.0", "doi:10.18112/openneuro.ds005664.v1.0.0"),
        ("10.5281/zenodo.123", "doi:10.5281/zenodo.123"),
        ("https://doi.org/10.5281/zenodo.123", "doi:10.5281/zenodo.123"),
        ("/data/secret/10.nii", ""),
        ("", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_the_source_is_named_by_its_doi_alone(stated: object, told: str, tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text(json.dumps({"DatasetDOI": stated}))
    raw = dataset_files("template", "9", tmp_path)["dataset_description.json"]
    assert str(tmp_path) not in raw.decode()
    assert json.loads(raw).get("SourceDatasets", []) == ([{"DOI": told}] if told else [])
