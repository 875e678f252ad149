"""The command from a data set to a treated one, with scans that cannot be treated."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from headrisk.cli.main import main
from headrisk.deidentify import treat as treating
from headrisk.deidentify.deface import Treated
from headrisk.deidentify.head import Head
from headrisk.deidentify.outcome import TreatmentReport
from headrisk.deidentify.sidecar import dataset_files
from headrisk.deidentify.tools import tool_of
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume


@pytest.fixture
def dataset(head: Head, tmp_path: Path) -> Path:
    """A head stored the odd way, a 4-D series, and bytes that are no image."""
    root = tmp_path / "data"
    for person in ("01", "02", "03"):
        (root / f"sub-{person}" / "anat").mkdir(parents=True)
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    (root / "T1w.json").write_text('{"FlipAngle": 9, "OperatorsName": "Roe^Richard"}')
    make: Any = nib.Nifti1Image
    raw = np.ascontiguousarray(head.volume.data[::-1].transpose(2, 0, 1))
    affine = head.volume.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (head.volume.shape[0] - 1)
    affine[:3, 0] *= -1
    affine = affine[:, [2, 0, 1, 3]]
    image = make(np.round(raw).astype(np.int16), affine)
    image.header["descrip"] = b"DOE^JANE"
    image.to_filename(root / "sub-01/anat/sub-01_T1w.nii.gz")
    series = make(np.ones((7, 8, 9, 3), np.int16), np.eye(4))
    series.to_filename(root / "sub-02/anat/sub-02_T1w.nii.gz")
    (root / "sub-03/anat/sub-03_T1w.nii.gz").write_bytes(b"no image")
    return root


def test_a_data_set_is_treated_and_what_cannot_be_is_counted(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    argv = ["deface", str(dataset), str(out), "--tool", "template", "--nprocs", "1"]
    assert main(argv) == 4
    said = capsys.readouterr().out
    assert "1 of 3 scans de-identified with template" in said
    assert "2 could not be de-identified" in said
    images = sorted(
        p.relative_to(out).as_posix() for p in out.rglob("*") if "anat/" in p.as_posix()
    )
    anat = "sub-01/anat/sub-01"
    assert images == [
        f"{anat}_T1w.json",
        f"{anat}_T1w.nii.gz",
        f"{anat}_mod-T1w_defacemask.json",
        f"{anat}_mod-T1w_defacemask.nii.gz",
    ]
    sidecar = json.loads((out / images[0]).read_bytes())
    assert sidecar["FlipAngle"] == 9
    assert "OperatorsName" not in sidecar
    assert sidecar["DeidentificationMethodCodeSequence"][0]["CodeValue"] == "113102"
    load: Any = nib.load
    before, after = load(dataset / images[1]), load(out / images[1])
    mask = np.asarray(load(out / images[3]).dataobj)
    np.testing.assert_array_equal(after.affine, before.affine)
    old, new = np.asarray(before.dataobj), np.asarray(after.dataobj)
    assert new.dtype == old.dtype
    np.testing.assert_array_equal(new[mask == 0], old[mask == 0])
    assert np.mean(new[mask == 1] == 0) > 0.7  # the rest is the plate over the cut
    assert b"DOE" not in gzip.decompress((out / images[1]).read_bytes())
    table = out / "tables" / "treatment.tsv"
    assert table.stat().st_mode & 0o777 == 0o600, "scan by scan, with labels"
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["status"] for row in rows] == ["ok", "failed", "failed"]
    assert "series of images" in rows[1]["reason"]
    assert rows[0]["brain_voxels_cut"] == "0"
    assert float(rows[0]["mask_dice"]) > 0.99
    if find_spec("embreex"):
        assert (rows[0]["face_left"], rows[0]["skin"]) == ("gone", "removed")
        assert "A face is left in 0 of 1 scan, a part of one in 0, perhaps one in 0 more" in said
    assert not list(out.rglob("*.part"))
    assert main([*argv, "--participant-label", "02"]) == 4  # the same treatment goes on
    assert main([*argv[:4], "skullstrip"]) == 2  # another one: refused
    assert load_volume(out / images[1]).shape == load_volume(dataset / images[1]).shape


def test_a_treatment_that_fails_leaves_nothing_behind(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(treating, "treated_image", full)
    argv = ["deface", str(dataset), str(out), "--tool", "template", "--nprocs", "1"]
    assert main([*argv, "--participant-label", "01"]) == 4
    assert not [p for p in out.rglob("*") if "sub-" in p.name and p.is_file()]
    assert "No space left" in (out / "tables" / "treatment.tsv").read_text()


def test_a_tool_that_fails_takes_an_earlier_result_along(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of an earlier run beside a scan that now fails would pass for treated."""
    out = tmp_path / "out"
    argv = ["deface", str(dataset), str(out), "--tool", "template", "--nprocs", "1"]
    tool = tool_of("template")

    def fails(head: Head, subject: str, rng: np.random.Generator) -> Treated:
        raise ScanError(subject, found="no plane", expected="one", remedy="Use another tool.")

    monkeypatch.setattr(treating, "tool_of", lambda name: replace(tool, apply=fails))
    earlier = out / "sub-01/anat/sub-01_T1w.nii.gz"
    earlier.parent.mkdir(parents=True)
    for name, raw in dataset_files("template", "0").items():
        (out / name).write_bytes(raw)
    earlier.write_bytes(b"of an earlier run")
    earlier.with_name(".sub-01_T1w.nii.gz.part").write_bytes(b"half of it")
    assert main([*argv, "--participant-label", "01"]) == 4
    assert not [p for p in out.rglob("*") if "sub-" in p.name and p.is_file()]
    with (out / "tables" / "treatment.tsv").open(newline="") as stream:
        (row,) = csv.DictReader(stream, delimiter="\t")
    assert (row["status"], row["file"]) == ("failed", "")
    assert "no plane" in row["reason"]
    assert "1 could not be de-identified" in (out / "summary.txt").read_text()


def test_an_output_inside_the_data_set_or_with_other_things_is_refused(
    dataset: Path, tmp_path: Path
) -> None:
    assert main(["deface", str(dataset), str(dataset / "d"), "--tool", "template"]) == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("keep")
    assert main(["deface", str(dataset), str(other), "--tool", "template"]) == 2
    assert [p.name for p in other.iterdir()] == ["mine.txt"]
    empty = tmp_path / "empty"
    (empty / "sub-1" / "anat").mkdir(parents=True)
    assert main(["deface", str(empty), str(tmp_path / "o"), "--tool", "template"]) == 3


@pytest.mark.parametrize(
    ("behind", "options", "code"), [(0, (), 0), (2, (), 4), (2, ("--contrasts", "T1w"), 0)]
)
def test_images_left_behind_are_no_success_unless_they_were_left_out_by_choice(
    behind: int,
    options: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = TreatmentReport(tool_of("template"), (), (), images=5, left_behind=behind)
    monkeypatch.setattr("headrisk.commands.deface.deface", lambda *_: found)
    out = str(tmp_path / "o")
    assert main(["deface", str(tmp_path), out, "--tool", "template", *options]) == code
    assert ("2 of 5 images in the data set were not" in capsys.readouterr().out) == bool(behind)
