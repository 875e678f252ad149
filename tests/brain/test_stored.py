"""Fingerprints of an earlier run: written, read back, and refused where they do not fit."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from headrisk.brain import stored
from headrisk.brain.cohort import Cohort
from headrisk.brain.stored import (
    INDEX,
    fingerprint_index,
    is_fingerprint_folder,
    read_fingerprints,
)
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.io.digests import entry_key
from headrisk.report.write import write_internal_table
from headrisk.run.store import Entry, open_store
from headrisk.settings import Settings
from headrisk.types import ScanResult

SETTINGS = Settings(resolution_mm=3)
META = {
    "status": "ok",
    "reason": "",
    "seconds": 1.5,
    "verdict": "doubtful",
    "quality": 0.75,
    "notes": ["low signal"],
    "voxel_mm": [1.0, 1.25, 3.0],
}


def result(scan_id: str, seed: int) -> ScanResult:
    rng = np.random.default_rng(seed)
    vector = rng.standard_normal(11).astype(np.float32)
    mosaic = rng.integers(0, 255, (3, 4), np.uint8)
    return ScanResult(
        scan_id, "ok", "", 1.5, "doubtful", 0.75, ("low signal",), (1.0, 1.25, 3.0), vector, mosaic
    )


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Cohort]:
    """The folder of a run on two usable scans and a broken one."""
    out = tmp_path / "run"
    (out / "internal").mkdir(parents=True)
    store = open_store(out / "store")
    scans = tuple(
        Scan(f"sub-0{k}/T1w", f"0{k}", f"/data/{k}.nii", session_id="a", age=30.5 + k, site="Z")
        for k in range(3)
    )
    results = [result(scan.scan_id, k) for k, scan in enumerate(scans)]
    keys = [entry_key("brain-fingerprint", 1, {}, [f"{k}"]) for k in range(3)]
    for one, key in zip(results[:2], keys[:2], strict=True):
        assert one.vector is not None
        assert one.mosaic is not None
        store.write(key, Entry({"vector": one.vector, "mosaic": one.mosaic}, META))
    results[2] = ScanResult(scans[2].scan_id, "failed", "noise", 0.0, "failed", 0.0)
    cohort = Cohort(scans, tuple(results), ("d0", "d1", "d2"), (keys[0], keys[1], ""))
    write_internal_table(fingerprint_index(cohort, SETTINGS), out, INDEX.name)
    return out, cohort


def test_what_was_written_is_read_back(run: tuple[Path, Cohort]) -> None:
    out, cohort = run
    assert is_fingerprint_folder(out)
    assert not is_fingerprint_folder(out / "internal")
    again = read_fingerprints(out, "", SETTINGS)
    assert again.scans == cohort.scans
    assert again.keys == cohort.keys
    assert again.digests == cohort.digests
    for old, new in zip(cohort.results[:2], again.results[:2], strict=True):
        assert np.array_equal(old.vector, new.vector)  # type: ignore[arg-type]
        assert np.array_equal(old.mosaic, new.mosaic)  # type: ignore[arg-type]
        bare = [replace(one, vector=None, mosaic=None) for one in (old, new)]
        assert bare[0] == bare[1]


def test_a_scan_that_failed_stays_failed(run: tuple[Path, Cohort]) -> None:
    failed = read_fingerprints(run[0], "", SETTINGS).results[2]
    assert failed.status == failed.verdict == "failed"
    assert failed.reason == "failed in the earlier run"
    assert failed.vector is None
    assert len(read_fingerprints(run[0], "", SETTINGS).usable().scans) == 2


def test_the_data_set_takes_its_name_in_this_run(run: tuple[Path, Cohort]) -> None:
    again = read_fingerprints(run[0], "held", SETTINGS)
    assert {scan.dataset for scan in again.scans} == {"held"}
    assert again.scans[0].scan_id == again.results[0].scan_id == "held/sub-00/T1w"
    assert again.results[2].scan_id == "held/sub-02/T1w"
    assert again.scans[0].participant_id == "00"


def test_the_index_is_for_this_user_only_even_where_one_was_open(run: tuple[Path, Cohort]) -> None:
    out, cohort = run
    index = out / "internal" / "fingerprints.parquet"
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    index.chmod(0o644)
    write_internal_table(fingerprint_index(cohort, SETTINGS), out, INDEX.name)
    assert stat.S_IMODE(index.stat().st_mode) == 0o600


def test_the_index_does_not_follow_a_link(run: tuple[Path, Cohort], tmp_path: Path) -> None:
    out, cohort = run
    index = out / "internal" / "fingerprints.parquet"
    index.unlink()
    (tmp_path / "victim").write_text("untouched")
    index.symlink_to(tmp_path / "victim")
    write_internal_table(fingerprint_index(cohort, SETTINGS), out, INDEX.name)
    assert (tmp_path / "victim").read_text() == "untouched"
    assert not index.is_symlink()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(resolution_mm=4), "made with resolution_mm 3; expected resolution_mm 4"),
        (
            replace(SETTINGS, alignment="rigid"),
            "made with alignment affine; expected alignment rig",
        ),
    ],
)
def test_other_settings_are_refused(
    run: tuple[Path, Cohort], settings: Settings, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read_fingerprints(run[0], "", settings)


def test_another_version_of_the_preparation_is_refused(
    run: tuple[Path, Cohort], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored.VERSION
    monkeypatch.setattr(stored, "VERSION", old + 1)
    with pytest.raises(InputError, match=rf"made with version {old}; expected version {old + 1}"):
        read_fingerprints(run[0], "", SETTINGS)


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "empty"])
def test_a_damaged_index_is_refused(run: tuple[Path, Cohort], damage: str) -> None:
    index = run[0] / "internal" / "fingerprints.parquet"
    content = index.read_bytes()
    flipped = content[:-9] + bytes([content[-9] ^ 255]) + content[-8:]
    kinds = {
        "cut": content[: len(content) // 2],
        "flipped": flipped,
        "text": b"x\ty\n",
        "empty": b"",
    }
    index.write_bytes(kinds[damage])
    with pytest.raises(InputError, match=r"fingerprints\.parquet: cannot be read"):
        read_fingerprints(run[0], "", SETTINGS)


def test_an_index_that_lacks_a_column_is_refused(run: tuple[Path, Cohort]) -> None:
    index = run[0] / "internal" / "fingerprints.parquet"
    parquet.write_table(parquet.read_table(index).drop_columns(["digest"]), index)
    with pytest.raises(InputError, match="no column digest"):
        read_fingerprints(run[0], "", SETTINGS)


def test_a_missing_fingerprint_is_refused(run: tuple[Path, Cohort]) -> None:
    open_store(run[0] / "store").discard(run[1].keys[1])
    with pytest.raises(InputError, match=r"no fingerprint for sub-01/T1w.*Run that audit again"):
        read_fingerprints(run[0], "", SETTINGS)


def test_a_damaged_fingerprint_is_refused(run: tuple[Path, Cohort]) -> None:
    key = run[1].keys[0]
    vector = run[0] / "store" / key[:2] / key / "vector.npy"
    content = bytearray(vector.read_bytes())
    content[-1] ^= 1
    vector.write_bytes(content)
    with pytest.raises(InputError, match="Run that audit again") as caught:
        read_fingerprints(run[0], "", SETTINGS)
    assert key in caught.value.subject
