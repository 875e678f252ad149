"""A messy release of synthetic people: audited, de-identified, cleaned, and audited again.

Usage: python examples/messy_release.py FOLDER [--people N] [--voxel MM]

Nobody in it exists: heads, names, dates and numbers are drawn by a program. FOLDER gets

    release/     as a laboratory might hand it over, with what goes wrong in practice
    before/      the audit of it
    metadata/    what the search for names and dates found, and clean/, the copy without them
    defaced/     clean/ without faces, with masks and tables of what was changed
    second/      what is handed on: images and sidecars of defaced/, participants.tsv of clean/
    after/       the audit of second/, and compare.html, both audits side by side
    summary.md   the figures of both audits that docs/worked-example.md quotes

What is wrong with release/, and why each of these happens:

- every T1w is called defaced, but those of half of the people are not, and nobody defaced a FLAIR;
- sidecars still hold names, dates of birth and of scanning;
- participants.tsv has a column of names, the notes beside it are about two people by name;
- derivatives/ holds an earlier, undefaced copy of one T1w, backup.zip one of another;
- one FLAIR bears a name that no BIDS reader knows, and no T1w of the last person's second visit is
  there, since the transfer broke off after a few bytes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from headrisk.cli.main import main
from headrisk.synthetic.people.cohort import PeopleSettings, write_people
from headrisk.synthetic.people.volume import PersonScanSettings

NAMES = ("Doe^Jane", "Roe^Richard", "Miller^Ada", "Baker^John", "Novak^Eva", "Silva^Rui")
SEED = 5


def write_release(release: Path, people: int, voxel_mm: float) -> None:
    """Make the release: scans of ``people`` synthetic people, and what is wrong with them."""
    settings = PeopleSettings(
        sessions=2,
        photos=0,
        contrasts=("T1w", "FLAIR"),
        scan=PersonScanSettings(voxel_mm=(voxel_mm, voxel_mm, voxel_mm)),
    )
    with tempfile.TemporaryDirectory() as place:
        write_people(release, Path(place), people, settings, np.random.default_rng(SEED))
    shutil.rmtree(release / "sourcedata")  # it says who is who
    _copies(release)
    _deface_half(release, people)
    _sidecars(release)
    _tables_and_notes(release, people)
    _wrong_names(release, people)


def _scan(release: Path, person: int, session: int, suffix: str) -> Path:
    name = f"sub-{person:03d}_ses-{session}_{suffix}.nii.gz"
    return release / f"sub-{person:03d}" / f"ses-{session}" / "anat" / name


def _copies(release: Path) -> None:
    """What was kept "just in case", from before the faces were removed."""
    kept = release / "derivatives" / "bias-corrected" / "sub-001" / "anat"
    kept.mkdir(parents=True)
    shutil.copy(_scan(release, 1, 1, "T1w"), kept / "sub-001_desc-n4_T1w.nii.gz")
    with zipfile.ZipFile(release / "backup.zip", "w") as archive:
        archive.write(_scan(release, 2, 1, "T1w"), "sub-002_ses-1_T1w.nii.gz")


def _deface_half(release: Path, people: int) -> None:
    """Deface the T1w of the first half of the people; the README claims it of all."""
    labels = [f"{k:03d}" for k in range(1, people // 2 + 1)]
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        _run(
            "deface",
            release,
            out,
            "--tool",
            "quickshear",
            "--contrasts",
            "T1w",
            "--participant-label",
            *labels,
            expected=(0, 4),
        )
        for path in out.rglob("*_T1w.nii.gz"):
            target = release / path.relative_to(out)
            if target.is_file() and any(f"sub-{label}" in path.name for label in labels):
                shutil.copy(path, target)
    (release / "README").write_text("Synthetic people. All structural scans were defaced.\n")


def _sidecars(release: Path) -> None:
    for path in sorted(release.glob("sub-*/ses-*/anat/*.nii.gz")):
        person = int(path.name[4:7])
        sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
        known = json.loads(sidecar.read_text()) if sidecar.is_file() else {}
        known |= {
            "PatientName": NAMES[(person - 1) % len(NAMES)],
            "PatientBirthDate": f"19{50 + 3 * person:02d}0{1 + person % 8}1{person % 9}",
            "AcquisitionDateTime": f"2021-0{1 + person % 9}-1{person % 9}T09:1{person % 6}:07",
            "InstitutionName": "Example Hospital",
        }
        if path.name.endswith("_T1w.nii.gz"):
            known["Defaced"] = True
        sidecar.write_text(json.dumps(known, indent=2) + "\n")


def _tables_and_notes(release: Path, people: int) -> None:
    rows = [
        f"sub-{k:03d}\t{NAMES[(k - 1) % len(NAMES)].replace('^', ', ')}\t{50 + k}\t{'FM'[k % 2]}"
        for k in range(1, people + 1)
    ]
    table = "participant_id\tname\tage\tsex\n" + "\n".join(rows) + "\n"
    (release / "participants.tsv").write_text(table)
    (release / "notes.txt").write_text(
        "Mrs. Jane Doe came late on 2021-02-11, tel. +44 20 7946 0958.\n"
        "Dr. Ada Miller asked for a copy: ada.miller@example.org\n"
    )


def _wrong_names(release: Path, people: int) -> None:
    flair = _scan(release, people, 1, "FLAIR")
    flair.rename(flair.with_name("Silva_flair_final2.nii.gz"))
    flair.with_name(flair.name.replace(".nii.gz", ".json")).unlink()
    broken = _scan(release, people, 2, "T1w")
    broken.write_bytes(broken.read_bytes()[:3000])


def _run(*words: object, expected: tuple[int, ...]) -> int:
    """Run a command of headrisk; end where it ends otherwise than expected."""
    print("$ headrisk " + " ".join(map(str, words)), flush=True)
    code = main([str(word) for word in words])
    if code not in expected:
        sys.exit(f"headrisk {words[0]} ended with {code}, expected {expected}")
    return code


def figures(out: Path) -> dict[str, str]:
    """The figures of an audit that the summary quotes, from its public report.json."""
    report = json.loads((out / "report.json").read_text("utf-8"))
    kept = report["inventory"]
    faces = report["faces_left"] or {}
    found = {
        "images in the data set": str(kept["images"]),
        "looked at": str(kept["looked_at"]),
        "failed": str(kept["failed"]),
        "left out": str(kept["left_out"]),
        "archives beside them": str(kept["other"].get("archive", 0)),
    }
    for answer, words in (
        ("face", "images with a face"),
        ("part", "images with a part of a face"),
        ("unclear", "images where it is unclear"),
        ("gone", "images whose face was removed"),
    ):
        found[words] = str(faces.get(answer, "not asked"))
    for name, section in sorted(report["modalities"].items()):
        found[f"linked by {name}"] = _rank1(section)
    return found


def _rank1(section: Mapping[str, Any]) -> str:
    rate = (section["headline"] or {}).get("rank1")
    if rate is None:
        return "too few people"
    return (
        f"{rate['fewest']} to {rate['most']} of {rate['n']} people "
        f"({100 * rate['low']:.0f} to {100 * rate['high']:.0f} %)"
    )


def write_summary(folder: Path) -> Path:
    """Both audits' figures as a table in Markdown."""
    before, after = figures(folder / "before"), figures(folder / "after")
    rows = [
        f"| {name} | {before.get(name, '–')} | {after.get(name, '–')} |"
        for name in dict.fromkeys((*before, *after))
    ]
    place = folder / "summary.md"
    place.write_text(
        "\n".join(["| figure | before | after |", "|---|---|---|", *rows]) + "\n", "utf-8"
    )
    return place


def hand_on(clean: Path, defaced: Path, second: Path) -> None:
    """Gather what is to be shared: no masks, which say where a face was, and no tables of it."""
    for path in sorted(defaced.glob("sub-*/**/*")):
        if path.is_file() and "defacemask" not in path.name:
            target = second / path.relative_to(defaced)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for name in ("dataset_description.json", "participants.tsv"):
        shutil.copy(clean / name, second / name)


def worked_example(folder: Path, people: int = 6, voxel_mm: float = 2.0) -> Path:
    """The whole story; returns the path of the summary."""
    release, clean, defaced, second = (
        folder / name for name in ("release", "clean", "defaced", "second")
    )
    write_release(release, people, voxel_mm)
    _run("audit", release, folder / "before", expected=(4,))
    _run("metadata", release, folder / "metadata", "--fix", clean, "--seed", 1, expected=(4,))
    _run("deface", clean, defaced, "--tool", "template", expected=(0, 4))
    hand_on(clean, defaced, second)
    _run("audit", second, folder / "after", expected=(0, 4))
    _run(
        "report", folder / "after", "--compare", folder / "before", folder / "after", expected=(0,)
    )
    return write_summary(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new folder for all of it")
    parser.add_argument("--people", type=int, default=6, help="how many people (default 6)")
    parser.add_argument("--voxel", type=float, default=2.0, help="voxel size in mm (default 2)")
    given = parser.parse_args()
    print(worked_example(given.folder, given.people, given.voxel).read_text("utf-8"))
