"""What a data set says of faces, from sidecars, the description and file names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrisk.dataset.bids import index_bids
from headrisk.dataset.face_claims import claim_of, claims_replacement
from headrisk.dataset.manifest import index_manifest

PLAIN = "sub-01_T1w.nii.gz"


@pytest.mark.parametrize(
    ("name", "sidecar", "description"),
    [
        (PLAIN, {"DeidentificationMethod": ["header cleaned", "pydeface 2.0.2"]}, {}),
        (PLAIN, {"DeidentificationMethod": "facial features removed"}, {}),
        (PLAIN, {"Defaced": True}, {}),
        (PLAIN, {"defaced": 1}, {}),
        (PLAIN, {"DefaceMethod": "FSL"}, {}),
        (PLAIN, {"RecognizableVisualFeatures": "NO"}, {}),
        (PLAIN, {"DeidentificationMethodCodeSequence": [{"CodeValue": "113102"}]}, {}),
        (PLAIN, {}, {"GeneratedBy": [{"Name": "mri_reface", "Version": "0.3"}]}),
        ("sub-01_desc-defaced_T1w.nii.gz", {}, {}),
        ("sub-01_T1w_defaced.nii.gz", {}, {}),
    ],
)
def test_claims_are_found(name: str, sidecar: dict[str, Any], description: dict[str, Any]) -> None:
    assert claim_of(name, sidecar, description)


@pytest.mark.parametrize(
    ("name", "sidecar", "description"),
    [
        (PLAIN, {}, {}),
        (PLAIN, {"DeidentificationMethod": "RSNA DICOM ANONYMIZER"}, {}),
        (PLAIN, {"DeidentificationMethod": "not defaced"}, {}),
        (PLAIN, {"Defaced": False}, {"GeneratedBy": [{"Name": "pydeface"}]}),
        (PLAIN, {"DeidentificationMethodCodeSequence": [{"CodeValue": "113100"}]}, {}),
        (PLAIN, {"SeriesDescription": "T1 face coil"}, {"Name": "Defaced and other heads"}),
        ("sub-01_rec-undefaced_T1w.nii.gz", {}, {}),
    ],
)
def test_other_statements_are_no_claim(
    name: str, sidecar: dict[str, Any], description: dict[str, Any]
) -> None:
    assert claim_of(name, sidecar, description) == ""


def test_a_replaced_face_is_told_from_a_removed_one() -> None:
    assert claims_replacement(claim_of(PLAIN, {"DeidentificationMethod": "mri_reface"}, {}))
    assert not claims_replacement(claim_of(PLAIN, {"DeidentificationMethod": "pydeface"}, {}))


def test_claims_reach_the_scan_table(tmp_path: Path) -> None:
    """By inheritance from the root, overruled by the scan's own sidecar; and from a manifest."""
    for person in ("01", "02"):
        folder = tmp_path / f"sub-{person}" / "anat"
        folder.mkdir(parents=True)
        (folder / f"sub-{person}_T1w.nii.gz").write_bytes(b"")
    (tmp_path / "T1w.json").write_text(json.dumps({"DeidentificationMethod": "quickshear"}))
    (tmp_path / "sub-02" / "anat" / "sub-02_T1w.json").write_text(
        json.dumps({"DeidentificationMethod": "none"})
    )
    claims = [scan.face_claim for scan in index_bids(tmp_path, ("T1w",)).scans]
    assert claims == ["DeidentificationMethod: quickshear", ""]
    table = tmp_path / "m.tsv"
    table.write_text(
        "participant_id\tsession_id\tpath\tdefaced\n"
        "01\t\tsub-01/anat/sub-01_T1w.nii.gz\tyes\n02\t\tsub-02/anat/sub-02_T1w.nii.gz\tno\n"
    )
    assert [s.face_claim for s in index_manifest(table, ("T1w",))] == ["Defaced: yes", ""]
