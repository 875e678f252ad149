"""Several data sets at once: their names, their scans, labels that clash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.gather import Source, gather, name_sources
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, UsageError


def bids(root: Path, *people: str, suffix: str = "T1w") -> Path:
    for person in people:
        folder = root / f"sub-{person}" / "anat"
        folder.mkdir(parents=True)
        (folder / f"sub-{person}_{suffix}.nii.gz").write_bytes(b"")
    return root


def collect(sources: tuple[Source, ...], **options: Any) -> tuple[tuple[Scan, ...], Any]:
    plain: dict[str, Any] = {"contrasts": ("T1w",), "work_dir": None}
    return gather(sources, **{**plain, "participants": (), "sessions": (), **options})


def test_a_single_data_set_needs_no_name(tmp_path: Path) -> None:
    assert name_sources([tmp_path / "study"]) == (Source((tmp_path / "study").resolve(), ""),)


def test_folders_give_the_names(tmp_path: Path) -> None:
    paths = [tmp_path / "shared", tmp_path / "held.v2", tmp_path / "scans.tsv"]
    assert [source.name for source in name_sources(paths)] == ["shared", "held", "scans"]


def test_folders_of_one_name_are_numbered(tmp_path: Path) -> None:
    paths = [tmp_path / "x/bids", tmp_path / "y/bids", tmp_path / "other"]
    assert [source.name for source in name_sources(paths)] == ["bids-1", "bids-2", "other"]


def test_a_number_does_not_make_a_name_that_is_taken(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x/a", "y/a", "z/a-2", "w/a")]
    assert [source.name for source in name_sources(paths)] == ["a-1", "a-3", "a-2", "a-4"]


@given(st.lists(st.sampled_from(["a", "a-1", "a-2", "b", ".hidden"]), min_size=2, max_size=8))
def test_names_are_never_shared_or_empty(folders: list[str]) -> None:
    sources = name_sources([Path(f"/data/{k}/{name}") for k, name in enumerate(folders)])
    names = [source.name for source in sources]
    assert len(set(names)) == len(names)
    assert all(names)


def test_one_path_twice_is_refused_however_it_is_written(tmp_path: Path) -> None:
    first = bids(tmp_path / "study", "01")
    (tmp_path / "link").symlink_to(first)
    for second in (first, tmp_path / "other" / ".." / "study", tmp_path / "link"):
        with pytest.raises(UsageError, match=r"study: named twice.*--against"):
            name_sources([first, second])


def test_scans_of_all_data_sets_in_order(tmp_path: Path) -> None:
    first, second = bids(tmp_path / "B", "02", "01"), bids(tmp_path / "A", "01")
    scans, notes = collect(name_sources([first, second]))
    found = [(scan.dataset, scan.participant_id, scan.scan_id) for scan in scans]
    assert found == [
        ("B", "01", "B/sub-01/anat/sub-01_T1w"),
        ("B", "02", "B/sub-02/anat/sub-02_T1w"),
        ("A", "01", "A/sub-01/anat/sub-01_T1w"),
    ]
    assert notes == ()


def test_remarks_of_every_data_set_are_kept(tmp_path: Path) -> None:
    roots = [bids(tmp_path / name, "01") for name in ("A", "B")]
    for root in roots:
        (root / "participants.tsv").write_text("participant_id\tage\nsub-77\t30\n")
    _, notes = collect(name_sources(roots))
    assert sum("1 participant of participants.tsv has no folder" in note for note in notes) == 2


def test_labels_that_differ_in_case_over_two_data_sets(tmp_path: Path) -> None:
    roots = [bids(tmp_path / "A", "ab01"), bids(tmp_path / "B", "AB01")]
    scans, _ = collect(name_sources(roots))
    assert [scan.status for scan in scans] == ["failed", "failed"]
    assert all("AB01 and ab01" in scan.reason for scan in scans)
    scans, _ = collect(name_sources(roots[:1]))
    assert len(scans) == 1


def test_a_data_set_without_images_of_the_contrast_is_refused(tmp_path: Path) -> None:
    roots = [bids(tmp_path / "A", "01"), bids(tmp_path / "B", "01", suffix="T2w")]
    with pytest.raises(InputError, match="B"):
        collect(name_sources(roots))
    scans, _ = collect(name_sources(roots), contrasts=("T1w", "T2w"))
    assert [scan.suffix for scan in scans] == ["T1w", "T2w"]
