"""Treated files and the scans they were made from, told by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.deidentified import list_deidentified, match_by_name, plain_stem
from headrisk.dataset.gather import Source, name_deidentified, name_sources
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, UsageError


def untreated(*names: str) -> list[Scan]:
    """Scans of a BIDS data set by their file names."""
    scans = []
    for name in names:
        parts = dict(p.split("-", 1) for p in name.split("_") if "-" in p)
        suffix = name.split(".")[0].rsplit("_", 1)[1]
        scans.append(
            Scan(
                name, parts["sub"], f"/data/{name}", session_id=parts.get("ses", ""), suffix=suffix
            )
        )
    return scans


def treated(tmp_path: Path, *names: str) -> list[Scan]:
    for name in names:
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return list(list_deidentified(Source(tmp_path / "out", "tool"), ("T1w",), tmp_path / "work")[0])


def told(own: list[Scan], files: list[Scan]) -> dict[str, tuple[str, str]]:
    found = match_by_name(own, files)
    return {Path(files[m.copy].path).name: (own[m.original].scan_id, m.how) for m in found.matches}


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_ses-1_T1w.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_T1w_defaced.nii.gz",
        "sub-01_ses-1_T1w_deFaced.nii",
        "sub-01_ses-1_desc-defaced_T1w.nii.gz",
        "sub-01_ses-1_rec-refaced_T1w.nii.gz",
        "sub-01_ses-1_T1w.reface_plus.nii.gz",
        "sub-01_ses-1_space-orig_desc-mideface_T1w.mgz",
        "defaced_sub-01_ses-1_T1w.nii.gz",
        "sub-01_ses-1_T1w_pydeface.nii.gz",
        "sub-01_ses-1_T1w_fsl_deface_brain.nii.gz",
        "quickshear/sub-01_ses-1_T1w_sheared.nii.gz",
    ],
)
def test_names_of_tools_are_matched_by_entities(name: str, tmp_path: Path) -> None:
    own = untreated("sub-01_ses-1_T1w.nii.gz", "sub-01_ses-2_T1w.nii.gz", "sub-02_ses-1_T1w.nii.gz")
    assert told(own, treated(tmp_path, name)) == {
        Path(name).name: ("sub-01_ses-1_T1w.nii.gz", "BIDS entities")
    }


def test_entities_that_tell_two_scans_apart_are_kept(tmp_path: Path) -> None:
    own = untreated("sub-01_run-1_T1w.nii.gz", "sub-01_run-2_T1w.nii.gz", "sub-01_rec-n_T1w.nii.gz")
    files = treated(
        tmp_path, "sub-01_run-2_T1w_defaced.nii.gz", "sub-01_rec-n_desc-defaced_T1w.nii.gz"
    )
    assert told(own, files) == {
        "sub-01_run-2_T1w_defaced.nii.gz": ("sub-01_run-2_T1w.nii.gz", "BIDS entities"),
        "sub-01_rec-n_desc-defaced_T1w.nii.gz": ("sub-01_rec-n_T1w.nii.gz", "BIDS entities"),
    }


def test_a_session_that_was_dropped_is_no_obstacle_where_there_is_one_only(tmp_path: Path) -> None:
    own = untreated("sub-01_ses-1_T1w.nii.gz", "sub-02_ses-1_T1w.nii.gz", "sub-02_ses-2_T1w.nii.gz")
    files = treated(tmp_path, "sub-01_T1w_defaced.nii.gz", "sub-02_T1w_defaced.nii.gz")
    assert told(own, files) == {
        "sub-01_T1w_defaced.nii.gz": ("sub-01_ses-1_T1w.nii.gz", "BIDS entities")
    }
    other = treated(tmp_path / "b", "sub-01_ses-9_T1w_defaced.nii.gz")
    assert told(own, other) == {}


def test_other_file_names(tmp_path: Path) -> None:
    """Names of a manifest, unique with their folders alone."""
    own = [
        Scan("a", "P1", "/raw/alpha/T1.nii.gz"),
        Scan("b", "P2", "/raw/beta/T1.nii.gz"),
        Scan("c", "P3", "/raw/IXI002-Guys-0828-T1.nii.gz"),
    ]
    files = treated(
        tmp_path,
        "beta/T1_defaced.nii.gz",
        "alpha_defaced/T1.nii.gz",
        "IXI002-Guys-0828-T1_deface.nii.gz",
        "gamma/T1_defaced.nii.gz",
    )
    found = match_by_name(own, files)
    pairs = {(files[m.copy].path.split("/out/")[1], m.how): m.original for m in found.matches}
    assert pairs == {
        ("beta/T1_defaced.nii.gz", "file name"): 1,
        ("alpha_defaced/T1.nii.gz", "file name"): 0,
        ("IXI002-Guys-0828-T1_deface.nii.gz", "file name"): 2,
    }
    assert [files[k].path.split("/out/")[1] for k in found.open] == ["gamma/T1_defaced.nii.gz"]


def test_nothing_is_lost(tmp_path: Path) -> None:
    """Masks, other contrasts, second files and strangers are each told of."""
    own = untreated("sub-01_T1w.nii.gz", "sub-02_T1w.nii.gz")
    names = (
        "sub-01_T1w.deface.nii.gz",
        "sub-01_T1w.reface.nii.gz",
        "sub-01_T2w_defaced.nii.gz",
        "sub-01_T1w_defacemask.nii.gz",
        "stranger.nii.gz",
        "sub-02_T1w_defaced.nii",
        "sub-02_T1w_defaced.nii.gz",
        ".hidden.nii.gz",
        "derivatives/sub-02_T1w.nii.gz",
    )
    for name in names:
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    files, notes = list_deidentified(Source(tmp_path / "out", "tool"), ("T1w",), tmp_path)
    assert [Path(f.path).name for f in files] == [
        "stranger.nii.gz",
        "sub-01_T1w.deface.nii.gz",
        "sub-01_T1w.reface.nii.gz",
        "sub-01_T2w_defaced.nii.gz",
        "sub-02_T1w_defaced.nii.gz",
    ]
    assert notes == (
        "tool: 1 masks left out",
        "tool: 1 files left out, stored in another format too",
    )
    found = match_by_name(own, files)
    assert {m.original for m in found.matches} == {0, 1}
    assert found.open == (0,)
    assert sorted(found.refused) == [2, 3]
    assert "data set of its own" in found.refused[2]
    assert "T2w" in found.refused[3]


@given(st.permutations(list(range(6))), st.sets(st.integers(0, 5)))
def test_order_and_missing_files_do_not_change_a_match(order: list[int], lost: set[int]) -> None:
    own = untreated(*(f"sub-0{k}_T1w.nii.gz" for k in range(6)))
    files = [
        Scan(f"t/{k}", f"0{k}", f"/t/sub-0{k}_T1w_defaced.nii.gz", suffix="")
        for k in order
        if k not in lost
    ]
    found = match_by_name(own, files)
    assert [m.original for m in found.matches] == sorted(set(range(6)) - lost)
    assert all(files[m.copy].scan_id == f"t/{m.original}" for m in found.matches)


def test_a_name_that_is_nothing_but_tool_words_stays() -> None:
    assert plain_stem("/x/defaced.nii.gz") == "defaced"
    assert plain_stem("/x/defaced_brain.nii.gz") != ""


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(InputError):
        list_deidentified(Source(tmp_path, "tool"), ("T1w",), tmp_path / "work")


def test_names_of_treatments_must_be_distinct(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    sources = name_sources([a])
    assert [s.name for s in name_deidentified([("x", b), ("y", tmp_path)], sources)] == ["x", "y"]
    for given_names in ([("x", b), ("X", tmp_path)], [("x", a)], [("x", b), ("y", b)]):
        with pytest.raises(UsageError):
            name_deidentified(given_names, sources)
    with pytest.raises(UsageError):
        name_deidentified([("b", tmp_path)], name_sources([a, b]))
