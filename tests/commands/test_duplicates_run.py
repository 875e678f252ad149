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
from headrisk.synthetic.phantom import PhantomSettings, Plants, Scanner, write_cohort

pytestmark = pytest.mark.timeout(1200)  # one search serves several tests
SCANNERS = (
    Scanner("A", "Phantom Works", "Cohort 3T", "1001", (2.2, 2.2, 2.2), "PSR"),
    Scanner("B", "Phantom Works", "Ring 3T", "1002", (1.9, 2.2, 2.4), "RAS", 0.04),
)
PLANTS = Plants(two_ids=1, swapped=1, rewritten=1, resampled=1)
Row = dict[str, str]


@pytest.fixture(scope="module")
def planted(once: Once) -> Path:
    """Five people in 2 mm voxels with every mistake; costly, for slow tests alone."""
    settings, rng = PhantomSettings(scanners=SCANNERS), np.random.default_rng(5)
    made = once(
        "planted",
        lambda place: write_cohort(
            place / "cohort", 5, 2, settings, rng, load_template(), plants=PLANTS
        ),
    )
    return made / "cohort"


@pytest.fixture(scope="module")
def searched(planted: Path, once: Once) -> Path:
    def look(place: Path) -> None:
        assert main(["duplicates", str(planted), str(place / "found"), "--nprocs", "1"]) == 0

    return once("searched", look) / "found"


@pytest.fixture(scope="module")
def mislabelled(cohort: Path, audited: Path, once: Once) -> Path:
    """The search of six people whose scans are known already, three of them under wrong labels.

    a and b swapped their second scans, c and d are one person, e has a scan twice in two types.
    """

    def look(place: Path) -> None:
        source = nibabel.load(image(cohort, "004", "1"))
        copy = place / "copy.nii"
        nibabel.save(
            nibabel.Nifti1Image(np.asarray(source.dataobj).astype(np.float32), source.affine), copy
        )
        manifest = place / "scans.tsv"
        manifest.write_text("participant_id\tsession_id\tpath\n")
        labels = """a1 001-1, a2 002-2, b1 002-1, b2 001-2, c1 003-1, d1 003-2, e1 004-1, e2 004-2,
            f1 005-1, f2 005-2, g1 006-1, g2 006-2"""
        for label, scan in (one.split() for one in labels.split(",")):
            add(manifest, label[0], label[1], image(cohort, *scan.split("-")))
        add(manifest, "e", "3", copy)
        out = place / "found"
        shutil.copytree(audited / "store", out / "store")
        assert main(["duplicates", str(manifest), str(out), "--nprocs", "1"]) == 0

    return once("mislabelled", look) / "found"


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def people(row: Row) -> set[str]:
    return {*row["first_participants"].split("; "), *row["second_participants"].split("; ")}


def test_wrong_labels_and_a_copy_are_found(mislabelled: Path) -> None:
    """Scans in 4 mm voxels share a little noise: of those it says at most to look at them."""
    found = rows(mislabelled / "internal" / "duplicates.tsv")
    told = [row for row in found if row["verdict"] in ("certain", "likely")]
    assert [row["finding"] for row in told] == ["same-image", "two-ids", *["two-persons"] * 2]
    copy, again, *mixed = told
    assert (people(copy), copy["second_scans"], copy["verdict"]) == ({"e"}, "copy", "certain")
    assert people(again) == {"c", "d"}
    assert {row["first_participants"] for row in mixed} == {"a", "b"}
    for row in mixed:  # the folder of the cohort tells whose scan it is
        whose = {place.split("sub-")[1][:3] for place in (row["first_scans"], row["belongs_to"])}
        assert len(whose) == 1


@pytest.mark.slow
def test_every_planted_mistake_is_found_and_nothing_else(planted: Path, searched: Path) -> None:
    out = searched
    truth = rows(planted / "sourcedata" / "truth.tsv")
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


def test_only_counts_are_public(mislabelled: Path) -> None:
    out = mislabelled
    text = (out / "duplicates.json").read_text()
    counts = json.loads(text)["findings"]
    told = {what: kinds["certain"] + kinds["likely"] for what, kinds in counts.items()}
    assert told == {"same-image": 1, "two-ids": 1, "two-persons": 2, "mirrored": 0}
    assert "sub-" not in text
    assert str(out.parent) not in text
    public = {path.name for path in out.iterdir() if path.stat().st_mode & 0o077}
    assert public == {"duplicates.json", "dataset_description.json"}


@pytest.mark.slow
def test_people_without_mistakes_give_nothing(
    planted: Path, searched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "clean"
    shutil.copytree(searched / "store", out / "store")
    code = main(
        [
            "duplicates",
            str(planted),
            str(out),
            "--nprocs",
            "1",
            "--participant-label",
            "003",
            "004",
            "005",
            "--session-id",
            "1",
            "2",
        ]
    )
    assert code == 0
    said = capsys.readouterr().out
    assert said.startswith("Nothing found: no duplicate and no wrong label seen among 6 usable")
    assert rows(out / "internal" / "duplicates.tsv") == []


@pytest.fixture
def few(tmp_path: Path) -> Path:
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
    cohort: Path, audited: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(few, "a", "1", image(cohort, "003", "1"))
    code, said, found = run(few, audited, capsys)
    assert (code, found) == (0, [])
    assert said.startswith("Too little data: 1 usable scan under 1 ID")


def test_three_scans_with_one_wrong_label(
    cohort: Path, audited: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(few, "a", "1", image(cohort, "003", "1"))
    add(few, "b", "1", image(cohort, "005", "1"))
    add(few, "c", "1", image(cohort, "003", "2"))
    code, _, found = run(few, audited, capsys)
    assert code == 0
    assert [(row["finding"], people(row)) for row in found] == [("two-ids", {"a", "c"})]


@pytest.mark.slow
def test_a_mirrored_scan_is_named_and_doubtful(
    planted: Path, searched: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The voxels are flipped under the same header: not two persons, but one mirrored scan."""
    straight = nibabel.load(image(planted, "003", "2"))
    across = int(np.argmax(np.abs(straight.affine[0, :3])))
    flipped = np.flip(np.asarray(straight.dataobj), across)
    path = few.parent / "flipped.nii.gz"
    nibabel.save(nibabel.Nifti1Image(flipped, straight.affine), path)
    add(few, "a", "1", image(planted, "003", "1"))
    add(few, "a", "2", path)
    add(few, "b", "1", image(planted, "005", "1"))
    code, said, found = run(few, searched, capsys)
    assert code == 0
    assert [(row["finding"], people(row)) for row in found] == [("mirrored", {"a"})]
    assert found[0]["verdict"] in ("certain", "likely")
    assert "one of two scans mirrored left to right (1 case)" in said
    verdicts = {row["path"]: row["reason"] for row in rows(few.parent / "out/internal/scans.tsv")}
    assert sum("may be mirrored" in reason for reason in verdicts.values()) == 2
    out = few.parent / "out"
    assert (
        main(["audit", str(few), str(out), "--no-faces", "--nprocs", "1", "--measures", "ncc"]) == 0
    )
    section = json.loads((out / "report.json").read_text())["modalities"]["brain"]
    assert section["counts"]["doubtful"] == 2
    assert "flipped" not in (out / "report.json").read_text()


def test_equal_bytes_are_told_even_of_scans_that_cannot_be_used(
    audited: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "other"):
        path = few.parent / f"{name}.nii.gz"
        path.write_bytes(b"no image")
        add(few, name, "1", path)
    code, said, found = run(few, audited, capsys)
    assert code == 4
    assert [(row["finding"], row["measure"]) for row in found] == [
        ("same-image", "SHA-256 of the files")
    ]
    assert "2 of 2 scans could not be used" in said
    assert "one" not in said.split("Findings")[0].replace("one person", "").split()


def test_all_failed_without_copies(
    audited: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = few.parent / "broken.nii.gz"
    path.write_bytes(os.urandom(64))
    add(few, "a", "1", path)
    code, said, found = run(few, audited, capsys)
    assert (code, found) == (4, [])
    assert said.startswith("Too little data")


def test_a_missing_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duplicates", str(tmp_path / "none"), str(tmp_path / "out")]) == 3
    assert "none" in capsys.readouterr().err
