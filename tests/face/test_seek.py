"""Every image is accounted for: what was not looked at is never gone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.attacks import presence
from headrisk.attacks.presence import counted, seek, why_failed
from headrisk.brain.cohort import Cohort
from headrisk.cli.main import main
from headrisk.dataset.gather import Source
from headrisk.dataset.head_images import HeadImage
from headrisk.face.presence import VERDICTS, Sight
from headrisk.face.sight import SightResult
from headrisk.findings.records import FacesLeft
from headrisk.intake import Intake
from headrisk.job import Job
from headrisk.report.words.presence import faces_sentence
from headrisk.run.provenance import CostLog


def dataset(root: Path) -> Path:
    for name in ("sub-01/anat/sub-01_T1w.nii.gz", "sub-02/func/sub-02_task-x_bold.nii.gz"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"not an image")
    return root


def sought(root: Path, **more: tuple[str, ...]) -> presence.Sought:
    job = Job((Source(dataset(root / "data")),), root / "out", **more)  # type: ignore[arg-type]
    (root / "out").mkdir()
    return seek(Intake((), Cohort((), (), (), ()), ()), job, CostLog())


def test_without_the_extra_nothing_is_looked_at_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "missing_modules", lambda: ("dlib",))
    found = sought(tmp_path)
    assert not found.left.looked
    assert found.left.counts == {**dict.fromkeys(VERDICTS, 0), "failed": 2}
    assert "none of 2 images was looked at" in faces_sentence(found.left)


def test_what_cannot_be_read_failed(tmp_path: Path) -> None:
    found = sought(tmp_path)
    assert found.left.counts["failed"] == found.left.images == 2
    assert all(why_failed(one.sight) for one in found.results)
    assert {image.suffix for image in found.images} == {"T1w", "bold"}


def test_only_those_asked_for_are_looked_at(tmp_path: Path) -> None:
    found = sought(tmp_path, participants=("sub-02",))
    assert [image.participant_id for image in found.images] == ["02"]


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(["T1w", "pet", "doe"]))))
def test_counts_add_up_by_suffix_and_name_no_other(told: list[tuple[str, str]]) -> None:
    images = tuple(HeadImage(str(k), str(k), suffix=suffix) for k, (_, suffix) in enumerate(told))
    results = tuple(
        SightResult(Sight(verdict, "removed"), 0.0)  # type: ignore[arg-type]
        for verdict, _ in told
    )
    left = counted(images, results)
    assert sum(left.counts.values()) == left.images == len(told)
    for verdict in VERDICTS:
        assert left.counts[verdict] == sum(own[verdict] for own in left.by_suffix.values())
    assert "doe" not in left.by_suffix
    assert sum(left.codes.values()) == len(told)
    assert Counter(verdict for verdict, _ in told) == +Counter(left.counts)


def test_options_that_only_leaves_out_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", str(tmp_path), str(tmp_path / "out"), "--only", "brains", "--photos", "x.tsv"]
    assert main(words) == 2
    assert "--only without faces" in capsys.readouterr().err


def test_the_kinds_that_show_a_face_beside_others_are_named() -> None:
    none = dict.fromkeys(VERDICTS, 0)
    kinds = {"T1w": {**none, "gone": 3}, "T2starw": {**none, "face": 2}, "": {**none, "face": 1}}
    left = FacesLeft(True, 6, {**none, "gone": 3, "face": 3}, kinds)
    told = faces_sentence(left)
    assert "3 show a face (T2starw and without a known name)" in told
    assert "(" not in faces_sentence(replace(left, by_suffix={"T2starw": kinds["T2starw"]}))
