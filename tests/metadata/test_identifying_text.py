"""An audit looks for identifying text in every file, beside asking whether metadata link people."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.attacks.identifying_text import _people
from headrisk.cli.main import main
from headrisk.metadata.anonymity import Anonymity

NAME, DAY = "Quillfeather^Ottoline", "20210304"


def _data_set(root: Path) -> Path:
    for person in ("01", "02", "03"):
        for session in ("1", "2"):
            folder = root / f"sub-{person}" / f"ses-{session}" / "anat"
            folder.mkdir(parents=True)
            stem = folder / f"sub-{person}_ses-{session}_T1w"
            nib.save(nib.Nifti1Image(np.zeros((7, 8, 9), np.int16), np.eye(4)), f"{stem}.nii.gz")
            fields = {"EchoTime": 0.003, "RepetitionTime": 2.3 + int(session) / 10}
            if (person, session) == ("02", "1"):
                fields |= {"PatientName": NAME, "AcquisitionDate": DAY}
            stem.with_suffix(".json").write_text(json.dumps(fields))
    (root / "dataset_description.json").write_text('{"Name": "phantoms", "BIDSVersion": "1.10.0"}')
    (root / "minutes.pdf").write_bytes(b"%PDF-1.4 \x00\x01")
    return root


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("text")
    _data_set(root / "data")
    main(["audit", str(root / "data"), str(root / "out"), "--only", "metadata", "-q"])
    return root / "out"


def test_what_follows_names_the_finding_and_the_file_that_was_not_read(audited: Path) -> None:
    report = json.loads((audited / "report.json").read_text())
    follows = {one["code"]: one["text"] for one in report["follows"]}
    assert {"metadata_direct", "metadata_quasi", "files_unread"} <= set(follows)
    assert "metadata_not_searched" not in follows
    panels = [one["name"] for one in report["modalities"]["metadata"]["panels"]]
    assert panels[0] == "kinds"


def test_the_custodian_has_the_list_and_the_public_has_not(audited: Path) -> None:
    listed = (audited / "internal" / "metadata.tsv").read_text()
    assert "PatientName" in listed
    assert "minutes.pdf" in (audited / "internal" / "unread.tsv").read_text()
    for path in audited.rglob("*"):
        if path.is_file() and "store" not in path.parts:
            content = path.read_bytes()
            assert b"Quillfeather" not in content
            if "internal" not in path.parts:
                assert b"minutes.pdf" not in content


def test_brains_alone_ask_nothing_of_the_text(tmp_path: Path) -> None:
    data = _data_set(tmp_path / "data")
    main(["audit", str(data), str(tmp_path / "out"), "--only", "brains", "-q"])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "metadata" in report["not_asked"]
    assert "metadata_not_searched" in {one["code"] for one in report["follows"]}


@given(
    people=st.integers(5, 60),
    shares=st.tuples(*[st.floats(0, 1)] * 4),
    told=st.floats(0, 1),
)
def test_no_public_count_of_people_is_exact(
    people: int, shares: tuple[float, ...], told: float
) -> None:
    """Counts of people who stand out are ranges that hold them, of more than one number."""
    left, unique = people, []
    for share in shares[:3]:
        unique.append(int(share * left))
        left -= unique[-1]
    alone = sum(unique) + int(shares[3] * left)
    one = Anonymity(
        ("age",),
        people,
        alone,
        alone,
        1,
        unique_by=(unique[0], unique[1], unique[2]),
        told=int(told * people),
    )
    ((_, table),) = _people((one,))
    rows = {str(what): str(value) for what, value in table.rows}
    assert "smallest class" not in rows
    exact = {
        "in classes of fewer than 5": alone,
        "alone with their details": alone,
        "unique by one column": unique[0],
        "unique by two columns, not by one": unique[1],
        "unique by three columns, not by two": unique[2],
        "whose class tells their diagnosis or group": one.told,
    }
    assert set(rows) == {"people in the table", "tables joined", *exact}
    for what, count in exact.items():
        fewest, most = map(int, rows[what].split(" to "))
        assert fewest <= count <= most
        assert most > fewest
