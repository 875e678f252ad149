"""Data sets and folders that cannot be used: one clear sentence, a fitting exit code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from headrisk.cli.main import main

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def audit(tmp_path: Path, quick: str, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Run an audit; gives the exit code and everything it said. Tracebacks fail the test."""

    def run(data: Path, *words: str, out: Path | None = None) -> tuple[int, str]:
        place = str(out or tmp_path / "out")
        code = main(
            ["audit", str(data), place, "--no-faces", "--settings", quick, "--nprocs", "1", *words]
        )
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        assert "internal error" not in shown.err
        return code, shown.out + shown.err

    return run


def brain(out: Path) -> dict[str, dict[str, object]]:
    section: dict[str, dict[str, object]] = json.loads((out / "report.json").read_text())
    return section["modalities"]["brain"]  # type: ignore[return-value]


def test_an_empty_folder(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, said = audit(tmp_path / "empty")
    assert code == 3
    assert "an empty folder; expected a BIDS folder" in said
    assert not (tmp_path / "out").exists()


def test_a_missing_data_set(audit: Audit, tmp_path: Path) -> None:
    code, said = audit(tmp_path / "nowhere")
    assert code == 3
    assert "no such file or folder" in said
    assert not (tmp_path / "out").exists()


def test_no_image_of_the_contrast(audit: Audit, broken: Path, tmp_path: Path) -> None:
    code, said = audit(broken, "--contrasts", "FLAIR")
    assert code == 3
    assert "no FLAIR image (found: 6 T1w)" in said
    assert not (tmp_path / "out").exists()


def test_all_scans_broken(audit: Audit, broken: Path, tmp_path: Path) -> None:
    code, said = audit(broken)
    assert code == 4
    assert "Too few people" in said
    assert (
        "6 of 6 images could be compared by no attack; internal/scans.tsv says which and why."
        in said
    )
    assert "sub-01" not in said  # logs travel
    out = tmp_path / "out"
    assert brain(out)["counts"]["failed"] == 6
    assert "Too few people" in (out / "report.html").read_text()
    assert (out / "internal" / "scans.tsv").read_text().count("unknown format") == 6


def test_verbose_names_the_failed_scans(audit: Audit, broken: Path) -> None:
    code, said = audit(broken, "-v")
    assert code == 4
    assert said.count("_T1w.nii.gz: unknown format") == 6


@pytest.mark.parametrize(
    "words", [("participant",), ("--seed", "1", "participant", "--one-to-one")]
)
def test_the_participant_stage_counts_failures(
    words: tuple[str, ...], audit: Audit, broken: Path
) -> None:
    code, said = audit(broken, *words)
    assert code == 4
    assert "0 of 6 scans prepared.\nThe group stage lists the failed ones" in said
    assert "sub-01" not in said


@pytest.mark.parametrize("kind", ["one person", "one scan each"])
def test_nobody_to_tell_apart(
    kind: str, audit: Audit, warm: Path, cohort: Path, tmp_path: Path
) -> None:
    """The report says too few people; no rate is quoted."""
    data = tmp_path / "few"
    shutil.copytree(cohort, data)
    gone = "sub-00[2-6]" if kind == "one person" else "sub-*/ses-2"
    for folder in data.glob(gone):
        shutil.rmtree(folder)
    code, said = audit(data, out=warm)
    assert code == 0
    assert said.count("Too few people") == 2  # brains and metadata
    section = brain(warm)
    assert section["too_little_data"]
    page = (warm / "report.html").read_text()
    assert "Too few people" in page
    assert "were linked" not in page


def test_too_little_data_cannot_pass_a_limit(audit: Audit, broken: Path) -> None:
    code, said = audit(broken, "--fail-above", "0.5")
    assert code == 3
    assert "--fail-above 0.5 cannot be checked: too little data" in said


def test_a_manifest_with_a_missing_path(audit: Audit, tmp_path: Path) -> None:
    manifest = tmp_path / "scans.tsv"
    manifest.write_text("participant_id\tsession_id\tpath\na\t1\tgone.nii.gz\n")
    code, said = audit(manifest)
    assert code == 4
    assert "1 of 1 images could be compared by no attack" in said
    scans = (tmp_path / "out" / "internal" / "scans.tsv").read_text()
    assert "no such file (line 2 of scans.tsv)" in scans


def test_labels_that_differ_in_case(audit: Audit, tmp_path: Path) -> None:
    manifest = tmp_path / "scans.tsv"
    manifest.write_text("participant_id\tsession_id\tpath\nab\t1\tx.nii\nAB\t2\ty.nii\n")
    for name in ("x.nii", "y.nii"):
        (tmp_path / name).write_bytes(b"no image")
    code, said = audit(manifest)
    assert code == 4
    assert "2 of 2 images could be compared by no attack" in said
    scans = (tmp_path / "out" / "internal" / "scans.tsv").read_text()
    assert "AB and ab differ only in case" in scans


def test_labels_that_differ_in_case_from_those_of_an_earlier_run(
    audit: Audit, audited: Path, tmp_path: Path
) -> None:
    """Two data sets are checked together, whatever their form."""
    manifest = tmp_path / "scans.tsv"
    manifest.write_text("participant_id\tsession_id\tpath\nX1\t1\tx.nii\n")
    other = tmp_path / "other.tsv"
    other.write_text("participant_id\tsession_id\tpath\nx1\t1\ty.nii\n")
    code, said = audit(manifest, "--against", str(other), "--against", str(audited))
    assert code == 4
    assert "2 of" in said


@pytest.mark.parametrize("words", [("--participant-label", "99"), ("--session-id", "A")])
def test_an_unknown_label(audit: Audit, broken: Path, words: tuple[str, str]) -> None:
    code, said = audit(broken, *words)
    assert code == 3
    assert words[1] in said
    assert "labels of this data set" in said


def test_an_unknown_measure_is_seen_before_any_work(
    audit: Audit, broken: Path, tmp_path: Path
) -> None:
    code, said = audit(broken, "--measures", "guess")
    assert code == 2
    assert "unknown measure 'guess'; expected one of correlation-ratio" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = 'x'", "seed = 'x'; expected a whole number"),
        ("sed = 1", "unknown setting 'sed'"),
        ("[[[", "expected a TOML file"),
        ("resolution_mm = 7", "expected 2, 3 or 4"),
        (None, "No such file"),
    ],
)
def test_settings_files(
    text: str | None, said: str, broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "settings.toml"
    if text is not None:
        path.write_text(text)
    assert (
        main(["audit", str(broken), str(tmp_path / "out"), "--no-faces", "--settings", str(path)])
        == 2
    )
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_a_data_set_linked_with_itself(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again"
    again.symlink_to(broken)
    assert main(["link", str(broken), str(again), str(tmp_path / "out")]) == 2
    assert "one data set; expected two. 'headrisk audit'" in capsys.readouterr().err
    assert main(["audit", str(broken), str(tmp_path / "out"), "--against", str(broken)]) == 2


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file", "a file; expected a folder"),
        ("file/below", "a file; expected a folder"),
        ("broken", "the data set itself; expected a folder outside"),
        ("broken/derivatives/headrisk", "inside a data set; expected a folder outside"),
        ("link/out", "inside a data set; expected a folder outside"),
        ("mine", "a folder with tables, but not an output of headrisk"),
    ],
)
def test_output_folders_that_are_refused(
    place: str, said: str, audit: Audit, broken: Path, tmp_path: Path
) -> None:
    """Refused before any work, and nothing in them is touched."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "mine" / "tables").mkdir(parents=True)
    (tmp_path / "link").symlink_to(broken)
    before = sorted(tmp_path.rglob("*"))
    code, text = audit(broken, out=tmp_path / place)
    assert code == 2
    assert said in text
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_made(audit: Audit, broken: Path) -> None:
    code, said = audit(broken, out=Path("/proc/headrisk-out"))
    assert code == 2
    assert "output folder /proc/headrisk-out" in said


def test_a_dry_run_makes_nothing(audit: Audit, broken: Path, tmp_path: Path) -> None:
    code, said = audit(broken, "--dry-run")
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith("sub-01/ses-a/anat/sub-01_ses-a_T1w\tT1w\tfailed\t")
    assert sum("\t" in line for line in lines) == 6
    assert "6 images are in the data set: 0 to be looked at, 6 failed, 0 left out." in lines
    assert not (tmp_path / "out").exists()


def test_what_failed_when_listed_is_not_promised_to_the_look_for_faces(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("embreex")
    (broken / "sub-01" / "ses-a" / "anat" / "sub-01_ses-a_T2w.nii.gz").write_bytes(b"")
    assert main(["faces", str(broken), str(tmp_path / "out"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "7 images are in the data set: 0 to be looked at, 7 failed, 0 left out." in said
