"""``headrisk duplicates`` on synthetic heads with planted mistakes, through the command line."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from made_once import Once

from headrisk.brain.template import load_template
from headrisk.cli.main import main
from headrisk.imaging.phantom import PhantomSettings, Plants, Scanner, write_cohort

SCANNERS = (
    Scanner("A", "Phantom Works", "Cohort 3T", "1001", (2.2, 2.2, 2.2), "PSR"),
    Scanner("B", "Phantom Works", "Ring 3T", "1002", (1.9, 2.2, 2.4), "RAS", 0.04),
)
PLANTS = Plants(two_ids=1, swapped=1, rewritten=1, resampled=1)
Row = dict[str, str]


@pytest.fixture(scope="module")
def cohort(once: Once) -> Path:
    settings, rng = PhantomSettings(scanners=SCANNERS), np.random.default_rng(5)
    made = once(
        "planted",
        lambda place: write_cohort(
            place / "cohort", 5, 2, settings, rng, load_template(), plants=PLANTS
        ),
    )
    return made / "cohort"


@pytest.fixture(scope="module")
def audited(cohort: Path, once: Once) -> tuple[Path, int]:
    def look(place: Path) -> None:
        code = main(["duplicates", str(cohort), str(place / "found"), "--nprocs", "1"])
        (place / "code").write_text(str(code))

    made = once("duplicates", look)
    return made / "found", int((made / "code").read_text())


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def people(row: Row) -> set[str]:
    return {*row["first_participants"].split("; "), *row["second_participants"].split("; ")}


def test_every_planted_mistake_is_found_and_nothing_else(
    cohort: Path, audited: tuple[Path, int]
) -> None:
    out, code = audited
    assert code == 0
    truth = rows(cohort / "sourcedata" / "truth.tsv")
    found = rows(out / "internal" / "duplicates.tsv")
    label = {row["path"].removesuffix(".nii.gz"): row for row in truth}

    def person(row: Row) -> str:
        return row["participant_id"].removeprefix("sub-")

    copies = [row for row in found if row["finding"] == "same-image"]
    assert len(copies) == PLANTS.rewritten + PLANTS.resampled
    for row in copies:
        ends = label[row["first_scans"]], label[row["second_scans"]]
        assert {end["planted"][:4] for end in ends} == {"copy", "n/a"}
        assert ends[0]["person"] == ends[1]["person"]
        assert row["verdict"] == "certain"

    (again,) = [row for row in found if row["finding"] == "two-ids"]
    second = next(row for row in truth if row["planted"] == "two-ids")
    first = next(r for r in truth if r["person"] == second["person"] and r["planted"] != "two-ids")
    assert people(again) == {person(first), person(second)}
    assert float(again["probability"]) > 0.5

    mixed = [row for row in found if row["finding"] == "two-persons"]
    assert {row["first_participants"] for row in mixed} == {
        person(row) for row in truth if row["planted"] == "swapped"
    }
    for row in mixed:
        odd, match = label[row["first_scans"]], label[row["belongs_to"]]
        assert odd["person"] == match["person"]
        assert odd["participant_id"] != match["participant_id"]
    assert len(found) == len(copies) + 1 + 2 * PLANTS.swapped


def test_only_counts_are_public(audited: tuple[Path, int]) -> None:
    out, _ = audited
    text = (out / "duplicates.json").read_text()
    counts = json.loads(text)["findings"]
    assert {what: sum(kinds.values()) for what, kinds in counts.items()} == {
        "same-image": 2, "two-ids": 1, "two-persons": 2, "mirrored": 0,
    }  # fmt: skip
    assert "sub-" not in text
    assert str(out.parent) not in text
    public = {path.name for path in out.iterdir() if path.stat().st_mode & 0o077}
    assert public == {"duplicates.json"}


@pytest.mark.slow
def test_people_without_mistakes_give_nothing(
    cohort: Path, audited: tuple[Path, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "clean"
    shutil.copytree(audited[0] / "store", out / "store")
    code = main(
        ["duplicates", str(cohort), str(out), "--nprocs", "1",
         "--participant-label", "003", "004", "005", "--session-id", "1", "2"]
    )  # fmt: skip
    assert code == 0
    said = capsys.readouterr().out
    assert said.startswith("Nothing found: no duplicate and no wrong label seen among 6 usable")
    assert rows(out / "internal" / "duplicates.tsv") == []


@pytest.fixture
def few(cohort: Path, tmp_path: Path) -> Path:
    """A manifest that tests append to."""
    manifest = tmp_path / "scans.tsv"
    manifest.write_text("participant_id\tsession_id\tpath\n")
    return manifest


def image(cohort: Path, person: str, session: str) -> Path:
    stem = f"sub-{person}_ses-{session}_T1w.nii.gz"
    return cohort / f"sub-{person}" / f"ses-{session}" / "anat" / stem


def add(manifest: Path, person: str, session: str, path: Path) -> None:
    with manifest.open("a") as file:
        file.write(f"{person}\t{session}\t{path}\n")


def run(
    manifest: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, list[Row]]:
    out = manifest.parent / "out"
    shutil.copytree(store / "store", out / "store")
    code = main(["duplicates", str(manifest), str(out), "--nprocs", "1"])
    return code, capsys.readouterr().out, rows(out / "internal" / "duplicates.tsv")


def test_one_scan_is_too_little(
    cohort: Path, audited: tuple[Path, int], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(few, "a", "1", image(cohort, "003", "1"))
    code, said, found = run(few, audited[0], capsys)
    assert (code, found) == (0, [])
    assert said.startswith("Too little data: 1 usable scan under 1 ID")


def test_three_scans_with_one_wrong_label(
    cohort: Path, audited: tuple[Path, int], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(few, "a", "1", image(cohort, "003", "1"))
    add(few, "b", "1", image(cohort, "005", "1"))
    add(few, "c", "1", image(cohort, "003", "2"))
    code, _, found = run(few, audited[0], capsys)
    assert code == 0
    assert [(row["finding"], people(row)) for row in found] == [("two-ids", {"a", "c"})]


@pytest.mark.slow
def test_a_mirrored_scan_is_named_and_doubtful(
    cohort: Path, audited: tuple[Path, int], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The voxels are flipped under the same header: not two persons, but one mirrored scan."""
    straight = nibabel.load(image(cohort, "003", "2"))
    across = int(np.argmax(np.abs(straight.affine[0, :3])))
    flipped = np.flip(np.asarray(straight.dataobj), across)
    path = few.parent / "flipped.nii.gz"
    nibabel.save(nibabel.Nifti1Image(flipped, straight.affine), path)
    add(few, "a", "1", image(cohort, "003", "1"))
    add(few, "a", "2", path)
    add(few, "b", "1", image(cohort, "005", "1"))
    code, said, found = run(few, audited[0], capsys)
    assert code == 0
    assert [(row["finding"], people(row)) for row in found] == [("mirrored", {"a"})]
    assert found[0]["verdict"] in ("certain", "likely")
    assert "one of two scans mirrored left to right (1 case)" in said
    verdicts = {row["path"]: row["reason"] for row in rows(few.parent / "out/internal/scans.tsv")}
    assert sum("may be mirrored" in reason for reason in verdicts.values()) == 2
    out = few.parent / "out"
    assert main(["audit", str(few), str(out), "--nprocs", "1", "--measures", "ncc"]) == 0
    section = json.loads((out / "report.json").read_text())["modalities"]["brain"]
    assert section["counts"]["doubtful"] == 2
    assert "flipped" not in (out / "report.json").read_text()


def test_equal_bytes_are_told_even_of_scans_that_cannot_be_used(
    audited: tuple[Path, int], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "other"):
        path = few.parent / f"{name}.nii.gz"
        path.write_bytes(b"no image")
        add(few, name, "1", path)
    code, said, found = run(few, audited[0], capsys)
    assert code == 4
    assert [(row["finding"], row["measure"]) for row in found] == [
        ("same-image", "SHA-256 of the files")
    ]
    assert "2 of 2 scans could not be used" in said
    assert "one" not in said.split("Findings")[0].replace("one person", "").split()


def test_all_failed_without_copies(
    audited: tuple[Path, int], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = few.parent / "broken.nii.gz"
    path.write_bytes(os.urandom(64))
    add(few, "a", "1", path)
    code, said, found = run(few, audited[0], capsys)
    assert (code, found) == (4, [])
    assert said.startswith("Too little data")


def test_a_missing_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duplicates", str(tmp_path / "none"), str(tmp_path / "out")]) == 3
    assert "none" in capsys.readouterr().err
