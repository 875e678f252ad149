"""Treated data sets from files on disk to the report: matching, effect, cost, nothing lost."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from headrisk.brain.cohort import Cohort
from headrisk.cli.main import main
from headrisk.dataset.deidentified import Match, NameMatches
from headrisk.dataset.scans import Scan
from headrisk.deidentify import matching as treated_match
from headrisk.duplicates.copies import PairLook
from headrisk.io.headers import StoredChange
from headrisk.job import Job
from headrisk.types import ScanResult


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def image(data: np.ndarray, affine: np.ndarray) -> Any:
    make: Any = nib.Nifti1Image
    return make(data, affine)


def cut_face(path: Path) -> Any:
    """Zero a box in front of and below the middle of the head."""
    source: Any = nib.load(path)
    data, affine = np.asarray(source.dataobj).copy(), source.affine
    index = np.stack(np.meshgrid(*map(np.arange, data.shape), indexing="ij"), -1)
    place = (index - np.array(data.shape) / 2) @ affine[:3, :3].T
    data[(place[..., 1] > 40) & (place[..., 2] < -5)] = 0
    return image(data, affine)


def thinner(source: Any) -> Any:
    """Every slice twice, half as thick."""
    affine = source.affine.copy()
    affine[:3, 3] -= affine[:3, 2] / 4
    affine[:3, 2] /= 2
    return image(np.repeat(np.asarray(source.dataobj), 2, axis=2), affine)


def treat(cohort: Path, out: Path) -> Path:
    """First sessions: one stored in another order, one renamed, one left as it is, one resampled.

    The sixth person's file is cut short. A file that is no head lies beside them, and one that is
    no image.
    """
    for person in range(1, 7):
        name = f"sub-00{person}_ses-1_T1w.nii.gz"
        source = cohort / f"sub-00{person}" / "ses-1" / "anat" / name
        made = cut_face(source)
        place = out / f"sub-00{person}" / "anat" / name.replace("_T1w", "_T1w_defaced")
        if person == 2:
            flip = nib.orientations.axcodes2ornt("LPS")
            start = nib.orientations.io_orientation(made.affine)
            made = made.as_reoriented(nib.orientations.ornt_transform(start, flip))
        if person == 3:
            place = out / "export" / "head-7.nii.gz"
        if person == 5:
            made = thinner(made)
        place.parent.mkdir(parents=True, exist_ok=True)
        if person == 4:
            shutil.copy(source, place)
        elif person == 6:
            place.write_bytes(source.read_bytes()[:-2000])
        else:
            nib.save(made, place)
    (out / "torn.nii.gz").write_bytes(b"no image")
    nib.save(image(np.ones((8, 8, 8), np.float32), np.eye(4)), out / "sub-009_T2w_defaced.nii")
    return out


def test_a_treated_data_set_from_end_to_end(
    cohort: Path, warm: Path, tmp_path: Path, quick: str, capsys: pytest.CaptureFixture[str]
) -> None:
    treated = treat(cohort, tmp_path / "treated")
    words = ["audit", str(cohort), str(warm), "--deidentified", f"cut={treated}", "--no-faces"]
    assert main([*words, "--settings", quick, "--nprocs", "1"]) == 4  # a treated scan failed
    assert "cut: " in capsys.readouterr().out
    listed = rows(warm / "internal" / "treated-cut.tsv")
    how = {row["scan"]: row for row in listed if row["match"].startswith("matched")}
    assert {name.split("/")[0]: row["match"] for name, row in how.items()} == {
        "sub-001": "matched by BIDS entities",
        "sub-002": "matched by BIDS entities",
        "sub-003": "matched by image",
        "sub-004": "matched by BIDS entities",
        "sub-005": "matched by BIDS entities",
        "sub-006": "matched by BIDS entities",
    }
    assert all("/ses-1/" in name for name in how)
    remark = next(row["remark"] for name, row in how.items() if "sub-002" in name)
    assert "axes stored as LPS, not RAS" in remark
    thin = next(row["remark"] for name, row in how.items() if "sub-005" in name)
    assert "voxels of" in thin
    assert "not 4 x 4 x 4 mm" in thin
    torn = next(row for name, row in how.items() if "sub-006" in name)
    assert torn["status"] == "failed"
    assert "sub-006" in torn["treated_file"]
    assert torn["remark"]
    left = {
        row["treated_file"].rsplit("/", 1)[-1]: row["remark"]
        for row in listed
        if row["match"] == "not matched"
    }
    assert left.keys() == {"torn.nii.gz", "sub-009_T2w_defaced.nii"}
    assert "another contrast" in left["sub-009_T2w_defaced.nii"]
    assert sum(row["match"] == "no de-identified file" for row in listed) == 6

    report = json.loads((warm / "report.json").read_text())["treatments"]["cut"]
    low, high = map(int, report["arrival"]["missing"].split(" to "))
    assert low <= 6 <= high
    assert all(" to " in report["arrival"][name] for name in ("unchanged", "resampled", "failed"))
    effect = report["effects"][0]
    assert (effect["people"], effect["failed"], effect["gallery"]) == (5, "0 to 2", 6)
    assert effect["rank1"]["before"]["value"] == effect["rank1"]["after"]["value"] == 1.0
    assert report["own_scan"]["found"]["value"] == 1.0
    costs = rows(warm / "internal" / "treated-cut-cost.tsv")
    assert [row["unchanged"] for row in costs].count("yes") == 1
    assert all(float(row["overlap_of_brain_masks"]) > 0.98 for row in costs if not row["problem"])
    assert sum(bool(row["problem"]) for row in costs) == 1
    for public in [*warm.glob("*.html"), *warm.glob("*.json"), *warm.glob("tables/*")]:
        text = public.read_text("utf-8")
        assert "sub-00" not in text
        assert str(treated) not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--deidentified", "nopath"], "not NAME=DATASET"),
        (["--treated", "a=X", "--treated", "A=Y"], "a name that is taken"),
        (["--treated", "a=COHORT"], "already named"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_any_work(
    options: list[str], said: str, cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [word.replace("COHORT", str(cohort)) for word in options]
    try:
        code = main(["audit", str(cohort), str(tmp_path / "out"), *asked, "--no-faces"])
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def scans(names: str, dataset: str) -> Cohort:
    rng = np.random.default_rng(1)
    rows = tuple(Scan(f"{dataset}/{n}", n, f"/{dataset}/{n}", dataset) for n in names)
    size = 27_000
    results = tuple(
        ScanResult(s.scan_id, "ok", "", 0.0, "ok", 1.0, vector=rng.normal(size=size)) for s in rows
    )
    return Cohort(rows, results, ("",) * len(rows), ("",) * len(rows))


def settle(
    score: np.ndarray,
    detail: float,
    names: NameMatches,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> treated_match.CopySet:
    """Matches of three treated files to three scans with given similarities of brains."""
    monkeypatch.setattr(treated_match, "_scores", lambda untreated, treated: score)
    monkeypatch.setattr(treated_match, "_form", lambda before, after: StoredChange())
    monkeypatch.setattr(
        treated_match,
        "run_tasks",
        lambda look, tasks, processes: [
            PairLook("", False, detail if t.first.path[-1] == t.second.path[-1] else 0.1, 0.1)
            for t in tasks
        ],
    )
    untreated, treated = scans("abc", "raw"), scans("abc", "cut")
    return treated_match.settle("cut", untreated, treated, names, (), Job((), tmp_path))


BY_NAME = NameMatches(tuple(Match(k, k, "BIDS entities") for k in range(3)), {}, ())


def test_swapped_names_are_put_right_by_the_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The names say that file a is scan b and the other way round; the noise says otherwise."""
    score = np.full((3, 3), 0.2) + 0.79 * np.eye(3)
    swapped = NameMatches(
        (Match(1, 0, "BIDS entities"), Match(0, 1, "BIDS entities"), Match(2, 2, "file name")),
        {},
        (),
    )
    found = settle(score, 0.95, swapped, monkeypatch, tmp_path)
    assert [(p.of, p.scan.path, p.how) for p in found.pairs] == [
        (0, "/cut/a", "image"),
        (1, "/cut/b", "image"),
        (2, "/cut/c", "file name"),
    ]
    assert [p.scan.participant_id for p in found.pairs] == ["a", "b", "c"]
    assert "its name says raw/b" in found.pairs[0].doubt
    assert not found.pairs[2].doubt


def test_names_stand_where_the_images_do_not_refute_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    same = settle(np.full((3, 3), 0.2) + 0.7 * np.eye(3), 0.95, BY_NAME, monkeypatch, tmp_path)
    assert [p.how for p in same.pairs] == ["BIDS entities"] * 3
    score = np.full((3, 3), 0.2)
    score[0, 2] = 0.8  # like another scan's, but without its noise
    doubtful = settle(score, 0.1, BY_NAME, monkeypatch, tmp_path)
    assert [(p.of, p.scan.path) for p in doubtful.pairs] == [
        (0, "/cut/a"),
        (1, "/cut/b"),
        (2, "/cut/c"),
    ]
    assert "more like another scan's" in doubtful.pairs[0].doubt


def test_a_file_without_a_name_is_matched_by_its_image_or_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = NameMatches((Match(0, 0, "file name"),), {}, (1, 2))
    score = np.full((3, 3), 0.2) + 0.6 * np.eye(3)
    score[2] = 0.3
    found = settle(score, 0.95, names, monkeypatch, tmp_path)
    assert [(p.of, p.how) for p in found.pairs] == [(0, "file name"), (1, "image")]
    assert [scan.path for scan, _ in found.extra] == ["/cut/c"]
    assert found.missing == (2,)
