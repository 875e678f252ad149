"""The whole flow: same input gives the same bytes, work is done once, nobody is lost count of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from coarse_scanner import COARSE

from headrisk.brain.template import load_template
from headrisk.cli.main import main
from headrisk.synthetic.phantom import PhantomSettings, write_cohort


def brain(out: Path) -> dict[str, Any]:
    section: dict[str, Any] = json.loads((out / "report.json").read_text())["modalities"]["brain"]
    return section


def explode(*_: object) -> None:
    raise AssertionError("a scan was prepared again")


def part(cohort: Path, place: Path, pattern: str) -> Path:
    """The folders of a cohort that fit a pattern, as a data set of their own."""
    for folder in cohort.glob(pattern):
        shutil.copytree(folder, place / folder.relative_to(cohort))
    shutil.copy(cohort / "dataset_description.json", place)
    return place


@pytest.fixture
def sides(cohort: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """First sessions of four people; second sessions of three of them, and of the fourth."""
    return (
        part(cohort, tmp_path / "shared", "sub-00[1-4]/ses-1"),
        part(cohort, tmp_path / "held", "sub-00[1-3]/ses-2"),
        part(cohort, tmp_path / "also", "sub-004/ses-2"),
    )


def test_a_second_run_gives_the_same_bytes(cohort: Path, audited: Path, warm: Path) -> None:
    """From a warm store and in two processes. A cold run in two is in test_cli_linking.py."""
    assert main(["audit", str(cohort), str(warm), "--no-faces", "--nprocs", "2"]) == 0
    assert (warm / "report.json").read_bytes() == (audited / "report.json").read_bytes()
    tables = list(audited.glob("tables/brain-*.tsv"))
    assert len(tables) > 13
    for table in tables:
        assert (warm / "tables" / table.name).read_bytes() == table.read_bytes()


def test_a_damaged_result_is_told_and_made_again(
    cohort: Path, audited: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = next((warm / "store").glob("*/*/vector.npy"))
    content = bytearray(vector.read_bytes())
    content[-1] ^= 1
    vector.write_bytes(content)
    assert main(["audit", str(cohort), str(warm), "--no-faces", "--nprocs", "1"]) == 0
    assert "1 entry of the store was damaged and made anew" in capsys.readouterr().err
    assert (warm / "report.json").read_bytes() == (audited / "report.json").read_bytes()


def test_the_group_stage_prepares_nothing_again(
    cohort: Path, quick: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = part(cohort, tmp_path / "data", "sub-00[12]"), tmp_path / "out"
    words = ["audit", str(data), str(out)]
    options = ["--no-faces", "--settings", quick, "--nprocs", "1"]
    for label in ("001", "002"):
        assert main([*words, "participant", "--participant-label", label, *options]) == 0
        assert not (out / "report.json").exists()
    monkeypatch.setattr("headrisk.brain.cohort.prepare", explode)
    assert main([*words, "group", *options]) == 0
    assert brain(out)["counts"]["scans"] == 4


@pytest.mark.slow
def test_several_data_sets_as_images_and_as_earlier_runs(
    sides: tuple[Path, Path, Path],
    warm: Path,
    quick: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outputs of earlier runs stand for their data sets: the figures are the same."""
    shared, held, also = map(str, sides)
    options = ["--settings", quick, "--nprocs", "1"]
    assert (
        main(
            [
                "audit",
                "--no-faces",
                shared,
                str(warm),
                "--against",
                held,
                "--against",
                also,
                *options,
            ]
        )
        == 0
    )
    counts = brain(warm)["counts"]
    assert (counts["searched"], counts["gallery_size"], counts["mated_pairs"]) == (4, 4, 4)

    monkeypatch.setattr("headrisk.brain.cohort.prepare", explode)
    earlier = []
    for data in sides:
        out = tmp_path / "earlier" / data.name
        shutil.copytree(warm / "store", out / "store")
        assert main(["audit", "--no-faces", str(data), str(out), *options]) == 0
        earlier.append(str(out))
    again = tmp_path / "again"
    words = ["audit", earlier[0], str(again), "--against", earlier[1], "--against", earlier[2]]
    assert main([*words, *options]) == 0
    assert brain(again) == brain(warm)  # fingerprints carry no headers, so metadata stay apart

    linked = tmp_path / "linked"
    assert main(["link", earlier[0], held, str(linked), *options, "--dry-run"]) == 0
    assert main(["link", earlier[0], earlier[1], str(linked), *options]) == 0
    assert brain(linked)["counts"]["searched"] == 3
    only = ["--participant-label", "sub-002", "001"]
    assert main(["link", earlier[0], earlier[1], str(linked), *options, *only]) == 0
    counts = brain(linked)["counts"]
    assert (counts["searched"], counts["gallery_size"], counts["scans"]) == (2, 3, 5)
    assert main(["link", earlier[0], earlier[1], str(linked), "--participant-label", "7"]) == 3
    assert main(["link", earlier[0], earlier[1], str(linked), "--contrasts", "T2w"]) == 3
    assert main(["link", str(linked), earlier[2], str(tmp_path / "x")]) == 3  # has no own scans


def against_words(shared: str, held: str, out: Path, quick: str) -> list[str]:
    """A quick audit of one data set against another, on brains alone."""
    options = ["--no-faces", "--settings", quick, "--nprocs", "1"]
    return ["audit", shared, str(out), "--against", held, *options]


def test_labels_restrict_the_first_data_set_only(
    sides: tuple[Path, Path, Path], warm: Path, quick: str
) -> None:
    """Whoever attacks is not limited to the people that are looked at."""
    shared, held, _ = map(str, sides)
    words = against_words(shared, held, warm, quick)
    assert main([*words, "--participant-label", "001", "004"]) == 0
    counts = brain(warm)["counts"]
    assert (counts["scans"], counts["searched"], counts["gallery_size"]) == (5, 1, 3)


@pytest.mark.parametrize("side", [0, 1])
def test_people_whom_failed_scans_kept_out_are_counted(
    side: int, sides: tuple[Path, Path, Path], warm: Path, quick: str
) -> None:
    """Of four people three are in the other data set; of these one scan fails, on either side.

    A failed scan of somebody who is not in the other data set hides nobody.
    """
    next(sides[side].glob("sub-001/*/anat/*.nii.gz")).write_bytes(b"no image")
    next(sides[0].glob("sub-004/*/anat/*.nii.gz")).write_bytes(b"no image")
    shared, held, _ = map(str, sides)
    words = against_words(shared, held, warm, quick)
    assert main(words) == 4
    counts = brain(warm)["counts"]
    assert (counts["failed"], counts["searched"], counts["unsearched"]) == (2, 2, 1)


def test_one_file_twice_is_no_mate(cohort: Path, warm: Path, quick: str, tmp_path: Path) -> None:
    data = part(cohort, tmp_path / "data", "sub-00[1-4]")
    images = sorted(data.glob("sub-003/*/anat/*.nii.gz"))
    shutil.copy(images[0], images[1])
    assert (
        main(["audit", str(data), str(warm), "--no-faces", "--settings", quick, "--nprocs", "1"])
        == 0
    )
    section = brain(warm)
    assert "1 pair of identical files was left out." in section["compared"]
    assert section["counts"]["searched"] == 3
    pairs = pq.read_table(warm / "internal" / "pairs.parquet").to_pylist()
    names = {path.name.removesuffix(".nii.gz") for path in images}
    assert not [row for row in pairs if {row["probe"], row["gallery"]} <= names]


def contrast_counts(out: Path) -> tuple[int, int, int, int]:
    counts = brain(out)["counts"]
    return counts["scans"], counts["failed"], counts["mated_pairs"], counts["nonmated_pairs"]


def test_contrasts_of_one_session_are_not_compared(
    cohort: Path, warm: Path, quick: str, tmp_path: Path
) -> None:
    """Of 12 scans each has 2 mates (both contrasts of the other session) and 8 non-mates."""
    images = sorted(cohort.glob("sub-*/ses-*/anat/*.nii.gz"))
    kinds = [(p, s, c) for p in "abc" for s in "12" for c in ("T1w", "MPRAGE")]
    manifest = tmp_path / "scans.tsv"
    lines = ["\t".join((*kind, str(path))) for kind, path in zip(kinds, images, strict=True)]
    manifest.write_text("\n".join(["participant_id\tsession_id\tsuffix\tpath", *lines]) + "\n")
    words = ["audit", str(manifest), str(warm), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert main([*words, "--contrasts", "T1w", "MPRAGE"]) == 0
    assert contrast_counts(warm) == (12, 0, 24, 96)
    assert brain(warm)["compared"].startswith("Every T1w and MPRAGE scan")


@pytest.mark.slow
def test_two_contrasts_from_images(quick: str, tmp_path: Path) -> None:
    phantom = PhantomSettings(scanners=(COARSE,), contrasts=("T1w", "T2w"))
    data = write_cohort(tmp_path / "data", 2, 2, phantom, np.random.default_rng(0), load_template())
    words = [
        "audit",
        str(data),
        str(tmp_path / "out"),
        "--no-faces",
        "--settings",
        quick,
        "--nprocs",
        "2",
    ]
    assert main([*words, "--contrasts", "T1w", "T2w"]) == 0
    assert contrast_counts(tmp_path / "out") == (8, 0, 16, 32)


def test_a_summary_of_pairs_gives_the_same_rates(
    cohort: Path, audited: Path, warm: Path, tmp_path: Path
) -> None:
    """With every score kept and with none: the same counts, rank rates, AUC and EER."""
    settings = tmp_path / "large.toml"
    settings.write_text(
        'measures = ["residual-correlation", "self-similarity", "ncc"]\nmost_pairs = 0\n'
    )
    words = [
        "audit",
        str(cohort),
        str(warm),
        "--no-faces",
        "--settings",
        str(settings),
        "--nprocs",
        "1",
    ]
    assert main(words) == 0
    large, full = brain(warm), brain(audited)
    assert large["counts"] == full["counts"]
    assert "scores were not kept" in large["compared"]
    for name, found in large["measures"].items():
        kept = full["measures"][name]
        assert found["rank1"] == kept["rank1"]
        assert found["rank5"] == kept["rank5"]
        for rate in ("auc", "eer"):
            assert found[rate] == pytest.approx(kept[rate], abs=1e-6)
    stored = pq.read_table(warm / "internal" / "pairs.parquet")
    assert set(stored["measure"].to_pylist()).isdisjoint(large["measures"])
    links = (warm / "internal" / "links.tsv").read_text().splitlines()[1:]
    assert sum(line.split("\t")[2] in large["measures"] for line in links) == 12 * 5 + 2 * 12
    assert not list((warm / "work").iterdir())


def test_search_lists_what_the_full_comparison_finds(
    sides: tuple[Path, Path, Path],
    warm: Path,
    quick: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The candidates of a search are the best scans of the matrix, with the same scores."""
    searched = tmp_path / "searched"
    shutil.copytree(warm / "store", searched / "store")
    data = [str(sides[0]), str(sides[1])]
    options = ["--settings", quick, "--nprocs", "1"]
    assert main(["link", *data, str(warm), *options]) == 0
    assert main(["link", *data, str(searched), *options, "--search", "2"]) == 0
    assert "4 scans were searched for among 3" in capsys.readouterr().out
    pairs = pq.read_table(warm / "internal" / "pairs.parquet").to_pylist()
    full = {
        (row["probe"], row["gallery"]): row["score"]
        for row in pairs
        if row["measure"] == "residual-correlation"
    }
    lines = (searched / "internal" / "candidates.tsv").read_text().splitlines()[1:]
    found = [tuple(line.split("\t")) for line in lines]
    assert len(found) == 4 * 2
    for probe, gallery, _, score, rank, *_ in found:
        assert float(score) == pytest.approx(full[probe, gallery], abs=1e-4)
        better = sum(value > full[probe, gallery] for (p, _), value in full.items() if p == probe)
        assert better == int(rank) - 1
    assert main(["link", *data, str(searched), "--search", "2", "--fail-above", "0.1"]) == 2
