"""What became of the images of every data set of a run."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from headrisk.attacks.account import absent_people, account_others, inventory_of_scans
from headrisk.brain.cohort import Cohort
from headrisk.cli.linking import failures_line, inventory_lines
from headrisk.cli.main import main
from headrisk.dataset.gather import Source
from headrisk.dataset.inventory import InventoryCounts, OtherCounts, counted, take_inventory
from headrisk.dataset.scans import Scan
from headrisk.findings.codec import record, report_as_dict, report_from_dict
from headrisk.findings.records import Report, ScanRow
from headrisk.intake import Intake, index, list_others
from headrisk.job import Job
from headrisk.types import ScanResult

NONE = Cohort((), (), (), ())


def data_set(root: Path, names: tuple[str, ...]) -> Source:
    noise = np.random.default_rng(0).integers(0, 99, (5, 6, 7)).astype(np.int16)
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(noise + number, np.eye(4)), path)
    return Source(root, root.name)


def test_each_data_set_beside_the_first_is_counted(tmp_path: Path) -> None:
    first = data_set(tmp_path / "a", ("sub-1/anat/sub-1_T1w.nii.gz",))
    held = data_set(
        tmp_path / "b",
        (
            "sub-1/anat/sub-1_T1w.nii.gz",
            "sub-2/anat/sub-2_T1w.nii.gz",
            "sub-2/func/sub-2_task-x_bold.nii.gz",
        ),
    )
    copy = data_set(tmp_path / "c", ("sub-1/anat/sub-1_T1w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"))
    stored = Source(tmp_path / "earlier", "earlier")
    job = Job((first, held, stored), tmp_path / "out", deidentified=(copy,))
    scans, _ = index(Job((first, held), tmp_path / "out"))
    others = list_others(Job((first, held), tmp_path / "out", deidentified=(copy,)))
    rows = [
        ScanRow(s.scan_id, s.participant_id, "", s.path, "failed" if k == 1 else "ok", "damaged")
        for k, s in enumerate(scans)
    ]
    rows.append(ScanRow("x", "1", "", str(tmp_path / "c/sub-1/anat/sub-1_T1w.nii.gz"), "ok"))
    found = account_others(Intake(scans, NONE, (), others=others), rows, job)
    assert [(o.role, o.name, o.listed) for o in found] == [
        ("against", "", True),
        ("against", "", False),
        ("deidentified", "c", True),
    ]
    told = [(o.images, o.looked_at, o.failed, o.left_out) for o in found]
    assert told == [(3, 1, 1, 1), (0, 0, 0, 0), (2, 1, 0, 1)]
    counts = InventoryCounts(1, 1, 0, 0, (), others=found, unused={"table": {"empty": 2}})
    said = "\n".join(inventory_lines(counts))
    assert "Data set 2, searched in: 3 images, 1 looked at, 1 failed, 1 left out." in said
    assert "Data set 3 comes as fingerprints of an earlier run" in said
    assert "De-identified copy c, compared with: 2 images, 1 looked at" in said
    assert "Not used: 2 tables (2 empty)." in said
    report = Report((), {}, "1", inventory=counts)
    content = report_as_dict(report)
    assert report_from_dict(content, {}).inventory == counts
    assert record(OtherCounts, content["inventory"]["others"][0]) == found[0]
    del content["inventory"]["others"], content["inventory"]["unused"]  # as once written
    again = report_from_dict(content, {}).inventory
    assert again is not None
    assert (again.others, again.unused) == ((), {})


def test_an_image_that_fails_is_counted_once() -> None:
    def row(name: str, status: str, attack: str) -> ScanRow:
        return ScanRow(name, name, "", f"/{name}", status, modality=attack)  # type: ignore[arg-type]

    rows = [
        row(name, status, attack)
        for attack, states in (("brain", "ffk"), ("face-scans", "fkk"))
        for name, state in zip("abc", states, strict=True)
        for status in ({"f": "failed", "k": "ok"}[state],)
    ]
    assert failures_line(rows) == (
        "1 of 3 images could be compared by no attack, 1 more not by every attack; "
        "internal/scans.tsv says which and why."
    )


def test_reading_headers_alone_is_no_look_at_an_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_set(tmp_path / "a", ("sub-1/anat/sub-1_T1w.nii.gz", "sub-2/anat/sub-2_T2w.nii.gz"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "participants.tsv").write_text("participant_id\tage\nsub-01\t44\n")
    (tmp_path / "b" / "more").symlink_to(tmp_path / "a")  # not followed, so not read
    for name, images, code in (("a", 2, 0), ("b", 0, 4)):
        out = tmp_path / f"out-{name}"
        argv = ["audit", str(tmp_path / name), str(out), "--only", "metadata", "--nprocs", "1"]
        assert main([*argv, "-q"]) == code
        found = json.loads((out / "report.json").read_text())
        counts = [found["inventory"][key] for key in ("images", "looked_at", "failed", "left_out")]
        assert counts == [images, 0, 0, images]
        assert "metadata" in found["modalities"]
    assert "No image was found in the data set." in capsys.readouterr().out


def test_people_under_names_outside_bids_are_counted(tmp_path: Path) -> None:
    source = data_set(
        tmp_path / "a",
        (
            "sub-1/anat/sub-1_T1w.nii.gz",
            "sub-2/Anat/sub-2_T1w.nii.gz",
            "sub-3/anat/run1/sub-3_T1w.nii.gz",
            "backup/sub-1_T1w_old.nii.gz",
            "derivatives/x/sub-9/anat/sub-9_T1w.nii.gz",
        ),
    )
    scans, _ = index(Job((source,), tmp_path / "out"))
    assert [scan.participant_id for scan in scans] == ["1"]
    assert absent_people(take_inventory(source.path), scans) == 2


def test_a_data_set_that_comes_as_fingerprints_is_counted_as_far_as_they_tell(
    tmp_path: Path,
) -> None:
    scans = tuple(
        Scan(f"sub-{k}_T1w", str(k), f"/away/sub-{k}_T1w.nii.gz", "a", session_id="1")
        for k in range(3)
    )
    results = tuple(
        ScanResult(scan.scan_id, "failed" if k else "ok", "damaged" if k else "", 0.0, "ok", 1.0)
        for k, scan in enumerate(scans)
    )
    earlier = Cohort(scans, results, ("",) * 3, ("",) * 3)
    job = Job((Source(tmp_path, "a"),), tmp_path / "out")
    found = inventory_of_scans(Intake((), earlier, ()), scans, results, job)
    assert found is not None
    counts = counted(found)
    assert (counts.images, counts.looked_at, counts.failed, counts.listed) == (3, 1, 2, False)
    lines = list(inventory_lines(counts))
    assert "known by fingerprints" in lines[0]
    assert any("what else it holds was not looked at" in line for line in lines)
    assert inventory_of_scans(Intake((), NONE, ()), (), (), job) is None
