"""Preparing the scans of a run: once each, from the store where it can, never all or nothing.

The heads are the shipped template written as bare brains at 3 mm, which need no network and align
in a fraction of a second.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from headrisk.brain import cohort as cohort_module
from headrisk.brain.cohort import Cohort, input_digest, prepare_scans
from headrisk.brain.prepare import PrepareTask
from headrisk.brain.template import load_template, template_grid
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError
from headrisk.run.events import Advanced, Event
from headrisk.run.store import Store, open_store
from headrisk.settings import Settings
from headrisk.types import ScanResult

SETTINGS = Settings()


def write_brain(path: Path, seed: int) -> Path:
    """A brain between 0 and 1000 at 3 mm, smoothly brighter here and darker there."""
    template = load_template()
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(template.t1.shape), 6)
    data = 900 * template.t1 * template.mask * (1 + 0.1 * field / field.std())
    coarse = ndimage.zoom(data, 2 / 3, order=1, grid_mode=True, mode="nearest")
    affine = template.affine @ np.diag([1.5, 1.5, 1.5, 1.0])
    nib.Nifti1Image(np.clip(coarse, 0, 1000).astype(np.int16), affine).to_filename(path)
    return path


def scan(name: str, path: Path, **fields: Any) -> Scan:
    return Scan(name, name[:2], str(path), **fields)


def run(
    scans: Sequence[Scan], store: Store, settings: Settings = SETTINGS, processes: int = 1
) -> tuple[Cohort, list[Event], list[StoreError]]:
    events: list[Event] = []
    damage: list[StoreError] = []
    found = prepare_scans(
        scans,
        settings,
        store,
        processes=processes,
        listen=events.append,
        on_damage=damage.append,
    )
    return found, events, damage


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Scan], Cohort, list[Event]]:
    """The folder, scans and outcome of a first run: two brains and four scans of no use."""
    folder = tmp_path_factory.mktemp("cohort")
    (folder / "noise.nii").write_bytes(b"no image at all")
    nib.Nifti1Image(np.zeros((9, 8, 7), np.int16), np.eye(4)).to_filename(folder / "empty.nii")
    scans = [
        scan("01/a", write_brain(folder / "one.nii", 1)),
        scan("02/a", folder / "noise.nii"),
        scan("03/a", folder / "absent.nii"),
        scan("04/a", folder / "two.nii", status="failed", reason="4-D image"),
        scan("05/a", folder / "empty.nii"),
        scan("06/a", write_brain(folder / "two.nii", 2)),
    ]
    found, events, _ = run(scans, open_store(folder / "store"))
    return folder, scans, found, events


@pytest.fixture
def store(first: tuple[Path, Any, Any, Any], tmp_path: Path) -> Store:
    """A copy of the store as the first run left it."""
    shutil.copytree(first[0] / "store", tmp_path / "store")
    return open_store(tmp_path / "store")


def refuse(task: PrepareTask) -> ScanResult:
    raise AssertionError(f"{task.scan_id} was prepared again")


def bare(result: ScanResult) -> ScanResult:
    return replace(result, vector=None, mosaic=None)


def test_every_scan_is_a_row_with_a_reason(first: tuple[Path, list[Scan], Cohort, Any]) -> None:
    _, scans, found, _ = first
    assert found.scans == tuple(scans)
    assert [result.scan_id for result in found.results] == [one.scan_id for one in scans]
    status = [result.status for result in found.results]
    assert status == ["ok", "failed", "failed", "failed", "failed", "ok"]
    reasons = [result.reason for result in found.results]
    assert "noise.nii" in reasons[1]
    assert "absent.nii" in reasons[2]
    assert reasons[3] == "4-D image"
    assert reasons[4]
    assert [bool(key) for key in found.keys] == [result == "ok" for result in status]
    assert [bool(digest) for digest in found.digests] == [True, True, False, False, True, True]


def test_usable_scans_give_a_matrix(first: tuple[Path, list[Scan], Cohort, Any]) -> None:
    usable = first[2].usable()
    assert [one.scan_id for one in usable.scans] == ["01/a", "06/a"]
    vectors = usable.vectors()
    assert vectors.shape == (2, template_grid(4).size)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[1], first[2].results[5].vector)  # type: ignore[arg-type]
    both = usable + usable
    assert both.keys == usable.keys * 2
    assert len(both.results) == len(both.scans) == len(both.digests) == 4


def test_progress_counts_what_is_done_and_what_failed(first: tuple[Path, Any, Any, Any]) -> None:
    told = [(event.done, event.failed) for event in first[3]]
    assert all(isinstance(event, Advanced) and event.stage == "prepare" for event in first[3])
    assert told == [(2, 2), (3, 2), (4, 3), (5, 4), (6, 4)]


def test_a_second_run_prepares_no_usable_scan_again(
    first: tuple[Path, list[Scan], Cohort, Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scans, found, _ = first
    monkeypatch.setattr(cohort_module, "prepare", refuse)
    usable = [scans[0], scans[5]]
    again, events, damage = run(usable, store)
    assert events == [Advanced("prepare", 2, 0)]
    assert damage == []
    for old, new in zip(found.usable().results, again.results, strict=True):
        assert bare(old) == bare(new)
        assert np.array_equal(old.vector, new.vector)  # type: ignore[arg-type]
        assert np.array_equal(old.mosaic, new.mosaic)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="05/a was prepared again"):
        run([scans[4]], store)


def test_the_store_knows_the_file_not_its_name(
    first: tuple[Path, list[Scan], Cohort, Any],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cohort_module, "prepare", refuse)
    moved = shutil.copy(first[0] / "one.nii", tmp_path / "moved.nii")
    again, _, _ = run([scan("99/z", Path(moved))], store)
    assert again.results[0].scan_id == "99/z"
    assert again.keys[0] == first[2].keys[0]


@pytest.mark.parametrize(
    "settings", [Settings(resolution_mm=3), Settings(alignment="rigid"), Settings(accurate=True)]
)
def test_other_settings_are_other_work(
    first: tuple[Path, list[Scan], Cohort, Any],
    store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cohort_module, "prepare", refuse)
    with pytest.raises(AssertionError, match="01/a was prepared again"):
        run(first[1][:1], store, settings)
    run(first[1][:1], store, Settings(seed=9, folds=3, bootstrap=200, measures=("mae",)))


def test_another_contrast_is_other_work_as_it_is_aligned_otherwise(
    first: tuple[Path, list[Scan], Cohort, Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort_module, "prepare", refuse)
    run([replace(first[1][0], suffix="MPRAGE")], store)
    with pytest.raises(AssertionError, match="prepared again"):
        run([replace(first[1][0], suffix="T2w")], store)


def test_a_damaged_entry_is_told_and_made_again(
    first: tuple[Path, list[Scan], Cohort, Any], store: Store
) -> None:
    _, scans, found, _ = first
    key = found.keys[0]
    vector = store.root / key[:2] / key / "vector.npy"
    content = bytearray(vector.read_bytes())
    content[-1] ^= 1
    vector.write_bytes(content)
    again, events, damage = run([scans[0], scans[5]], store)
    assert [event.done for event in events] == [1, 2]
    assert len(damage) == 1
    assert key in str(damage[0])
    assert np.array_equal(again.results[0].vector, found.results[0].vector)  # type: ignore[arg-type]
    assert store.read(key) is not None


def die(task: PrepareTask) -> ScanResult:
    """Prepare nothing; the process ends at the scan called 02."""
    if task.scan_id.startswith("02"):
        os.kill(os.getpid(), signal.SIGKILL)
    return ScanResult(task.scan_id, "failed", "not tried", 0.0, "failed", 0.0)


@pytest.mark.slow
def test_a_lost_worker_is_one_failed_scan(
    first: tuple[Path, list[Scan], Cohort, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort_module, "prepare", die)
    paths = [first[0] / name for name in ("one.nii", "two.nii", "empty.nii")]
    scans = [scan(f"0{k + 1}/a", path) for k, path in enumerate(paths)]
    found, events, _ = run(scans, open_store(tmp_path / "store"), processes=2)
    reasons = [result.reason for result in found.results]
    assert reasons[0] == reasons[2] == "not tried"
    assert "worker process ended" in reasons[1]
    assert found.results[1].status == found.results[1].verdict == "failed"
    assert found.keys == ("", "", "")
    assert events[-1] == Advanced("prepare", 3, 3)


def test_a_recalled_scan_with_a_failed_verdict_counts_as_failed(
    first: tuple[Path, list[Scan], Cohort, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poor(task: PrepareTask) -> ScanResult:
        blank = np.zeros((2, 2), np.uint8)
        vector = np.ones(3, np.float32)
        return ScanResult(
            task.scan_id, "failed", "too small", 1.0, "failed", 0.1, (), None, vector, blank
        )

    monkeypatch.setattr(cohort_module, "prepare", poor)
    store = open_store(tmp_path / "store")
    _, events, _ = run(first[1][:1], store)
    assert events[-1] == Advanced("prepare", 1, 1)
    monkeypatch.setattr(cohort_module, "prepare", refuse)
    again, events, _ = run(first[1][:1], store)
    assert events == [Advanced("prepare", 1, 1)]
    assert again.results[0].reason == "too small"
    assert again.usable().scans == ()


def test_no_scans_make_an_empty_cohort(tmp_path: Path) -> None:
    found, events, _ = run([], open_store(tmp_path / "store"))
    assert found == Cohort((), (), (), ())
    assert events == [Advanced("prepare", 0, 0)]


@pytest.mark.parametrize(
    "names", [("x.hdr", "x.img"), ("x.HDR", "x.img.gz"), ("x.img", "x.hdr.gz")]
)
def test_the_digest_of_a_pair_covers_both_files(tmp_path: Path, names: tuple[str, str]) -> None:
    store = open_store(tmp_path / "store")
    ours, theirs = (tmp_path / name for name in names)
    ours.write_bytes(b"header")
    theirs.write_bytes(b"voxels")
    both = input_digest(scan("01/a", ours), store, pytest.fail)
    assert both == input_digest(scan("other", ours), store, pytest.fail)
    theirs.write_bytes(b"Voxels")
    changed = input_digest(scan("01/a", ours), store, pytest.fail)
    ours.write_bytes(b"Header")
    assert len({both, changed, input_digest(scan("01/a", ours), store, pytest.fail)}) == 3
    theirs.unlink()
    assert input_digest(scan("01/a", ours), store, pytest.fail) not in (both, changed)


def test_a_single_file_has_no_partner(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    (tmp_path / "x.nii").write_bytes(b"image")
    alone = input_digest(scan("01/a", tmp_path / "x.nii"), store, pytest.fail)
    (tmp_path / "x.img").write_bytes(b"something else")
    assert input_digest(scan("01/a", tmp_path / "x.nii"), store, pytest.fail) == alone
